"""Posts of files, of Mastodon and of Bluesky become events; of nobody's name is anything left, in events, refusals or messages."""

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, strategies as st

from sql.settings import InvalidSetting, Settings, settings
from streams import events
from streams.social.authors import KEY_FILE, Authors, accounts, kept_key
from streams.social.plain_text import text_of
from streams.social.posts import PostSource, safe_url, text_id
from streams.social.recent import Recent
from streams.social.records import Records
from streams.social.sse import LONGEST_EVENT_BYTES, Events, ServerEvent
from streams.social.statuses import Statuses
from streams.sources.social_posts import SocialPosts

NOON = datetime(2026, 1, 25, 17, 0, tzinfo=UTC)
NAME = "nightowl_jenny"
KEY = b"0123456789abcdef"
DID = "did:plc:nightowljenny"


def authors(**more: Any) -> Authors:
    return Authors(KEY, **more)


def file_source(**more: Any) -> SocialPosts:
    return SocialPosts("social/test", authors(**more), zone=ZoneInfo("America/New_York"), clock=lambda: NOON)


def mastodon_source(**more: Any) -> Statuses:
    return Statuses("mastodon/m.example", authors(**more), server="m.example", clock=lambda: NOON)


def bluesky_source(**more: Any) -> Records:
    return Records("bluesky/test", authors(**more), wanted=["plow*", "no power"], tags=["PhillySnow"], clock=lambda: NOON)


SOURCES: dict[str, Callable[..., PostSource]] = {"file": file_source, "mastodon": mastodon_source, "bluesky": bluesky_source}


def line(**told: Any) -> bytes:
    whole = {"text": "No plow yet", "posted_at": "2026-01-25T16:00:00Z", "author": NAME, "latitude": 39.95, "longitude": -75.16}
    return json.dumps({name: value for name, value in (whole | told).items() if value is not ...}).encode()


def status(**told: Any) -> bytes:
    account = {"id": "7", "acct": NAME, "username": NAME, "display_name": NAME, "url": f"https://m.example/@{NAME}"}
    whole = {
        "id": "115000000000000001",
        "created_at": "2026-01-25T16:00:00.000Z",
        "content": "<p>No plow yet<br>on <a href='https://m.example/tags/x'>#<span>PhillySnow</span></a></p><p>Day 3 &amp; counting</p>",
        "account": account,
        "language": "en",
        "visibility": "public",
        "reblogs_count": 4,
        "in_reply_to_id": None,
        "url": f"https://m.example/@{NAME}/115000000000000001",
        "uri": f"https://m.example/users/{NAME}/statuses/115000000000000001",
    }
    return json.dumps(whole | told).encode()


def message(
    record: dict[str, Any] | None = None, *, collection: str = "app.bsky.feed.post", rkey: str = "3k", did: str = DID, **told: Any
) -> bytes:
    whole = {"text": "no plow on our block", "createdAt": "2026-01-25T16:00:00.000Z", "langs": ["en"]}
    commit = {
        "rev": "1",
        "operation": "create",
        "collection": collection,
        "rkey": rkey,
        "record": whole if record is None else record,
        "cid": "c1",
    }
    return json.dumps({"did": did, "time_us": 1769356800000000, "kind": "commit", "commit": commit} | told).encode()


def posted(many: list[events.Event]) -> events.SocialPosted:
    (event,) = many
    assert isinstance(event, events.SocialPostedEvent), event
    return event.data


def reason(many: list[events.Event]) -> str:
    (event,) = many
    assert isinstance(event, events.SourceUnreadableEvent), event
    return event.data.reason


def test_a_post_of_a_file() -> None:
    (event,) = file_source().read(line(language="en", reposts=3, url="https://example.org/x/1"))
    assert isinstance(event, events.SocialPostedEvent)
    assert (event.time, event.source, event.data.text) == (NOON - timedelta(hours=1), "social/test", "No plow yet")
    assert (event.data.latitude, event.data.longitude, event.data.reposts) == (39.95, -75.16, 3)
    assert (event.data.language, event.data.url, event.data.verified) == ("en", "https://example.org/x/1", False)
    assert event.data.author_hash == authors().hashed(NAME)
    assert event.data.post_id.startswith("post-")


def test_without_an_id_author_time_and_text_are_one() -> None:
    source = file_source()
    same = {posted(source.read(line())).post_id for _ in range(2)}
    others = {posted(source.read(line(**told))).post_id for told in ({"text": "x"}, {"author": "b"}, {"posted_at": "2026-01-25T15:00:00Z"})}
    assert len(same) == 1
    assert len(same | others) == 4


def test_an_id_and_an_answer_to_it_stay_together_whatever_they_look_like() -> None:
    source = file_source()
    for raw in (123456, "123456", f"https://x.example/{NAME}/status/9", f"at://{DID}/app.bsky.feed.post/3k", NAME):
        assert posted(source.read(line(id=raw))).post_id == posted(source.read(line(in_reply_to=raw, author="b"))).in_reply_to


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"text": ...}, "text is missing"),
        ({"text": 5}, "text is no text"),
        ({"posted_at": ...}, "posted_at is of the kind NoneType: an ISO 8601 time"),
        ({"posted_at": "yesterday"}, "posted_at is no time"),
        ({"posted_at": "2026-99-01"}, "posted_at is '2026-99-01'"),
        ({"posted_at": "2027-01-25T16:00:00Z"}, "a time more than a day ahead cannot be right"),
        ({"latitude": 91}, "latitude is no number of degrees from -90 to 90"),
        ({"longitude": "west"}, "longitude is no number of degrees"),
    ],
)
def test_a_broken_post_of_a_file_is_kept_with_its_reason(told: dict[str, Any], says: str) -> None:
    assert says in reason(file_source().read(line(**told), "file:1"))


def test_a_time_without_an_offset_is_the_citys() -> None:
    (event,) = file_source().read(line(posted_at="2026-01-25T11:00:00"))
    assert event.time == NOON - timedelta(hours=1)


def test_a_repetition_without_structure_is_a_repost_and_nothing_of_it_is_repeated() -> None:
    data = posted(file_source().read(line(text="RT @someone: No  plow\nyet")))
    assert (data.repost_of, data.text) == (text_id("No plow yet"), "")
    assert posted(file_source().read(line(text="I said RT @someone: no"))).repost_of is None


def test_the_citys_own_answers_and_posts() -> None:
    source = file_source(own=[f"@{NAME.upper()}"])
    (event,) = source.read(line(id="12", in_reply_to="11"))
    assert isinstance(event, events.SocialRepliedEvent)
    assert (event.data.post_id, event.data.reply_id, event.time) == ("11", "12", NOON - timedelta(hours=1))
    assert source.read(line(id="13")) == []
    assert source.ignored == {"post of the city itself": 1}


def test_only_listed_accounts_are_verified() -> None:
    assert posted(file_source(verified=[NAME]).read(line())).verified
    assert not posted(file_source(verified=["somebody"]).read(line())).verified


def test_a_status_of_mastodon() -> None:
    (event,) = mastodon_source().read(status())
    assert isinstance(event, events.SocialPostedEvent)
    assert event.data.text == "No plow yet\non #PhillySnow\n\nDay 3 & counting"
    assert (event.data.post_id, event.data.reposts) == ("m.example/115000000000000001", 4)
    assert event.data.url == "https://m.example/statuses/115000000000000001"
    assert event.data.author_hash == authors().hashed(f"{NAME}@m.example")


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"account": None}, "account.acct is missing"),
        ({"id": f"{NAME}!"}, "id is none"),
        ({"content": None}, "content is missing"),
        ({"created_at": 5}, "created_at is of the kind int"),
        ({"reblog": {"id": []}}, "reblog.id is none"),
    ],
)
def test_a_broken_status_is_kept_with_its_reason(told: dict[str, Any], says: str) -> None:
    assert says in reason(mastodon_source().read(status(**told)))


def test_a_reblog_is_a_repost_a_private_status_nothing_and_an_edit_a_second_telling() -> None:
    source = mastodon_source()
    reblog = posted(source.read(status(id="2", reblog={"id": "1", "content": "<p>x</p>"})))
    assert (reblog.post_id, reblog.repost_of, reblog.text) == ("m.example/2", "m.example/1", "")
    assert source.read(status(id="3", visibility="private")) == []
    assert len(source.read(status())) == 1
    assert source.read(status(reblogs_count=9)) == []
    assert len(source.read(status(edited_at="2026-01-25T16:30:00Z"))) == 1


def test_answers_of_the_city_on_mastodon_but_not_to_itself() -> None:
    source = mastodon_source(own=[f"{NAME}@m.example"])
    (event,) = source.read(status(id="5", in_reply_to_id="4", in_reply_to_account_id="9"))
    assert isinstance(event, events.SocialRepliedEvent)
    assert event.data == events.SocialReplied("m.example/4", "m.example/5")
    assert source.read(status(id="6", in_reply_to_id="5", in_reply_to_account_id="7")) == []


def test_posts_of_bluesky_with_our_words_or_tags() -> None:
    source = bluesky_source()
    assert posted(source.read(message())).language == "en"
    assert len(source.read(message({"text": "hello #phillysnow!", "createdAt": "2026-01-25T16:00:00Z"}, rkey="b"))) == 1
    tagged = {"text": "hello", "createdAt": "2026-01-25T16:00:00Z", "facets": [{"features": [{"tag": "PHILLYSNOW"}]}]}
    assert len(source.read(message(tagged, rkey="c"))) == 1
    assert source.read(message({"text": "hello", "createdAt": "2026-01-25T16:00:00Z"}, rkey="d")) == []
    assert source.read(message()) == [], "told before"
    assert source.ignored == {"without our words": 1}


def test_reposts_and_answers_on_bluesky_belong_to_posts_that_were_told() -> None:
    source = bluesky_source(own=["did:plc:city"])
    post = posted(source.read(message()))
    uri = {"uri": f"at://{DID}/app.bsky.feed.post/3k"}
    repost = posted(
        source.read(message({"subject": uri, "createdAt": "2026-01-25T16:10:00Z"}, collection="app.bsky.feed.repost", did="did:plc:b"))
    )
    assert (repost.repost_of, repost.text) == (post.post_id, "")
    other = {"subject": {"uri": "at://did:plc:x/app.bsky.feed.post/1"}, "createdAt": "2026-01-25T16:10:00Z"}
    assert source.read(message(other, collection="app.bsky.feed.repost", did="did:plc:b")) == []
    answer = {"text": "Crews are on the way.", "createdAt": "2026-01-25T16:20:00Z", "reply": {"parent": uri, "root": uri}}
    (event,) = source.read(message(answer, did="did:plc:city", rkey="r"))
    assert isinstance(event, events.SocialRepliedEvent)
    assert event.data.post_id == post.post_id
    again = bluesky_source(own=["did:plc:city"])
    again.restore(source.state())
    assert again.read(message(answer, did="did:plc:city", rkey="r")) == []
    assert len(again.read(message(answer, did="did:plc:city", rkey="s"))) == 1


@pytest.mark.parametrize("kind", ["identity", "account", "something new", None, 5, []])
def test_unknown_messages_of_bluesky_are_read_over(kind: Any) -> None:
    source = bluesky_source()
    assert source.read(message(kind=kind)) == []
    assert source.read(json.dumps({"did": DID, "time_us": 1, "kind": "commit", "commit": {"operation": "delete"}}).encode()) == []
    assert source.ignored.total() == 2


@pytest.mark.parametrize(
    ("created_at", "expected"),
    [
        ("2026-01-25T15:00:00Z", NOON - timedelta(hours=2)),
        ("2020-01-01T00:00:00Z", None),
        ("2026-01-25T19:00:00Z", None),
        ("noon", None),
        (None, None),
    ],
)
def test_a_time_that_its_author_made_up_is_not_believed(created_at: Any, expected: datetime | None) -> None:
    (event,) = bluesky_source().read(message({"text": "no power", "createdAt": created_at}))
    assert event.time == (expected or datetime(2026, 1, 25, 16, 0, tzinfo=UTC))


WITH_NAMES = {
    "file": [
        line(),
        line(url=f"https://m.example/@{NAME}/1"),
        line(url=f"https://x.com/{NAME}/status/77"),
        line(id=f"https://x.com/{NAME}/status/77", in_reply_to=NAME),
        line(posted_at="never"),
        line(text={"author": NAME}),
        line(text=...),
        line(latitude=NAME),
        line(posted_at=NAME, language=NAME),
        line(**{NAME: 1, "text": ...}),
        line()[:-9],
        f'"{NAME}"'.encode(),
        b"[" * 100_000,
    ],
    "mastodon": [
        status(),
        status(created_at=None),
        status(id={"a": NAME}),
        status(content=None),
        status()[:-4],
        status(reblog={"id": None}),
    ],
    "bluesky": [
        message(),
        message(did=NAME),
        message({"text": None, "createdAt": None, "by": DID}),
        message(record={"langs": [{"a": NAME}], "text": 5, "createdAt": 5}),
        message()[:-7],
    ],
}


@pytest.mark.parametrize("kind", WITH_NAMES)
def test_no_name_is_in_anything_that_is_published(kind: str) -> None:
    for told in WITH_NAMES[kind]:
        source = SOURCES[kind]()
        found = source.read(told, "file:1")
        assert found, told[:80]
        for event in found:
            published = events.encode(event).decode() + repr(event)
            if isinstance(event, events.SourceUnreadableEvent):
                published += event.data.line.decode()
            assert NAME not in published.casefold()
            assert DID not in published


def test_what_is_kept_of_a_broken_line() -> None:
    (event,) = file_source().read(line(posted_at="2026-99-01"))
    assert isinstance(event, events.SourceUnreadableEvent)
    kept = json.loads(event.data.line)
    assert (kept["text"], kept["posted_at"], kept["author"]) == ("No plow yet", "2026-99-01", "(withheld)")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a/1", "https://example.org/a/1"),
        ("https://x.com/jenny/status/12", "https://x.com/i/status/12"),
        ("https://www.twitter.com/jenny/status/12/", "https://x.com/i/status/12"),
        ("https://x.com/jenny", None),
        ("https://m.example/@jenny/1", None),
        ("https://m.example/users/j/statuses/1", None),
        ("https://bsky.app/profile/jenny.example/post/3k", None),
        ("https://example.org/p?by=Jenny", None),
        ("https://a:b@example.org/", None),
        ("javascript:alert(1)", None),
        ("https://[", None),
        ("https://example.org/\n", None),
        (5, None),
    ],
)
def test_an_address_that_names_its_author_is_left_out(url: Any, expected: str | None) -> None:
    assert safe_url(url, "@jenny") == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def check(source: PostSource, told: bytes) -> None:
    source.recognises(told)
    for event in source.read(told, "x:1"):
        assert events.decode(events.encode(event)) == event, "what is published can be read"
    source.restore(source.state())


@pytest.mark.parametrize("kind", SOURCES)
@given(told=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_line_gives_events_or_is_kept(kind: str, told: bytes) -> None:
    check(SOURCES[kind](), told)


GOOD: dict[str, dict[str, Any]] = {
    "file": json.loads(line(id="1", url="x", reposts=1)),
    "mastodon": json.loads(status()),
    "bluesky": json.loads(message()),
}


@pytest.mark.parametrize("kind", SOURCES)
@given(data=st.data())
def test_any_field_may_be_anything(kind: str, data: st.DataObject) -> None:
    """A good post in which some fields, also inner ones, are replaced or left out."""
    told = json.loads(json.dumps(GOOD[kind]))
    places = [told]
    places += [inner for inner in (told.get("account"), told.get("commit"), (told.get("commit") or {}).get("record")) if inner]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places))
        name = data.draw(st.sampled_from(sorted(place)))
        place[name] = data.draw(json_values)
    check(SOURCES[kind](), json.dumps(told).encode())


@given(st.text(max_size=300))
def test_any_html_is_read(content: str) -> None:
    assert text_of(content) == text_of(content).strip()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br/>b", "a\nb"),
        ("<script>alert(1)</script>hello <b>there</b>", "hello there"),
        ("&lt;b&gt; 5 &gt; 3", "<b> 5 > 3"),
        ("<p>  many   blanks\n here </p>", "many blanks here"),
        ("a <!-- hidden --> b", "a b"),
        ("a <![CDATA[ b ]]> c", "a c"),
        ("a <![x> b", "a b"),
        ("a <![", "a <!["),
    ],
)
def test_html_becomes_words(content: str, text: str) -> None:
    assert text_of(content).replace("  ", " ") == text


STREAM = (
    b'\xef\xbb\xbf:thump\n\nevent: update\ndata: {"a":1}\n\n: a comment\r\nevent: delete\rdata: 1\r\rdata: one\r\ndata: two\r\n\r\nid: 7\n\n'
    b"data\n\nevent: nothing\n\n"
)
TAKEN = [
    ServerEvent(":", b"thump"),
    ServerEvent("update", b'{"a":1}'),
    ServerEvent(":", b"a comment"),
    ServerEvent("delete", b"1"),
    ServerEvent("message", b"one\ntwo"),
    ServerEvent("message", b""),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12).map(sorted))
def test_server_sent_events_however_they_are_cut(cuts: list[int]) -> None:
    parser, found = Events(), []
    for start, end in zip([0, *cuts], [*cuts, len(STREAM)], strict=True):
        found += parser.take(STREAM[start:end])
    assert found == TAKEN


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_any_bytes_are_taken_apart(chunks: list[bytes]) -> None:
    parser = Events()
    apart = [event for chunk in chunks for event in parser.take(chunk)]
    assert apart == Events().take(b"".join(chunks))


def test_an_event_that_is_too_long_is_dropped_and_the_next_one_taken() -> None:
    parser = Events()
    found = parser.take(b"data: ")
    for _ in range(3):
        found += parser.take(b"x" * LONGEST_EVENT_BYTES)
    found += parser.take(b"\n\ndata: y\n\n")
    assert (found, parser.dropped) == ([ServerEvent("message", b"y")], 1)


def test_what_was_told_lately_is_remembered_up_to_a_number() -> None:
    recent = Recent(2)
    assert [recent.is_new(one) for one in "aabcab"] == [True, False, True, True, True, True]
    other = Recent(2)
    other.restore(recent.state())
    assert ("a" in other, "b" in other, "c" in other) == (True, True, False)


def test_the_hash_depends_on_the_key_and_not_on_case() -> None:
    assert authors().hashed("@Jenny") == authors().hashed("jenny ")
    assert authors().hashed("jenny") != Authors(b"another key, as long").hashed("jenny")
    assert len(authors().hashed("jenny")) == 20


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = kept_key(tmp_path / "state")
    assert kept_key(tmp_path / "state") == key
    assert len(key) == 64
    assert stat.S_IMODE((tmp_path / "state" / KEY_FILE).stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "state").iterdir()] == [KEY_FILE]


def test_a_key_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(InvalidSetting, match="holds no key: delete it"):
        kept_key(tmp_path)


def test_a_secret_is_not_in_the_message_of_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOCIAL_HASH_KEY", "tooshort")
    settings.cache_clear()
    with pytest.raises(InvalidSetting, match="SOCIAL_HASH_KEY") as caught:
        settings()
    settings.cache_clear()
    assert "tooshort" not in str(caught.value)


def test_accounts_of_the_settings() -> None:
    assert accounts(" city@m.example, did:plc:abc ,,") == ("city@m.example", "did:plc:abc")
    chosen = Settings(social_hash_key="0123456789abcdef", social_own_accounts="City@m.example")
    assert Authors.of(chosen).is_own(Authors.of(chosen).hashed("city@M.example"))


def test_states_that_are_none_are_refused() -> None:
    for state in (b"{", b'{"told": 3}', b'{"posts": {}}'):
        with pytest.raises(ValueError, match=r"."):
            bluesky_source().restore(state)
    with pytest.raises(msgspec.DecodeError):
        mastodon_source().restore(b"[1]")
