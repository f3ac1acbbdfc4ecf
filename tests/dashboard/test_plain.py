"""The plain page: everything on it, nothing unescaped, and a form that takes only what comes from itself."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette

from dashboard import by_hand_store, data, plain, plain_page
from dashboard.access import session
from dashboard.access.gate import Gate
from dashboard.access.visitor import Visitor
from dashboard.edition import first
from dashboard.loader import loader
from dashboard.snapshot import Snapshot
from dashboard.tokens import MODES, colours
from tests.dashboard import asgi, sample, test_emergency_figures
from tests.dashboard.asgi import Client
from tests.dashboard.test_by_hand import ENTRY, LOST, TYPED, lost

EVIL = '"><img src=x onerror=alert(1)><script>x</script>**b**'
NOTHING = Snapshot(at=sample.NOW, city="City 311", zone=sample.ZONE, trouble="No database: start `make demo`.")
HOME = {"Origin": asgi.HOME}


class Tags(HTMLParser):
    """The tags and attributes of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def words(document: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", document, flags=re.DOTALL))


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    """The routes on the city whose chat's feed is lost; what is kept stays in this process."""
    monkeypatch.setattr(loader(), "_edition", first(lost()))
    monkeypatch.setattr(data, "now", lambda: LOST)
    monkeypatch.setattr(by_hand_store, "keep", lambda entry: True)
    return Client(Gate(Starlette(routes=list(plain.ROUTES))))


def test_everything_is_on_it() -> None:
    edition = first(sample.snapshot(sample.BUSY))
    said = words(plain_page.page(edition, sample.NOW))
    for part in ("Falling behind", "Spanish", "■ Act", "4:37", "Chat &amp; text", "Calls", "every 10 s", "Emergency", "14:32:08"):
        assert part in said
    assert '<meta http-equiv="refresh" content="5">' in plain_page.page(edition, sample.NOW)


def test_without_anything_it_says_what_is_wrong() -> None:
    said = words(plain_page.page(first(NOTHING), sample.NOW))
    assert "? Not known" in said
    assert "No answer from the database: No database: start `make demo`." in said
    assert "No queue has been seen yet." in said


def test_what_is_old_says_how_old_and_is_not_withdrawn() -> None:
    said = words(plain_page.page(first(lost(sample.NOW + timedelta(hours=3))), sample.NOW + timedelta(hours=3)))
    assert re.search(r"Chat &amp; text \? Unknown 1 0:00 93% 2 \? Unknown 3 h 00 min", said), said


@pytest.mark.parametrize(("age", "says"), [(59, "○ No incident"), (301, "Stale 5:01"), (10_800, "3 h 00 min")])
def test_what_is_known_of_an_emergency_has_its_age_and_no_status_once_it_is_old(age: float, says: str) -> None:
    known = test_emergency_figures.known(incident=None, running=0)
    edition = first(replace(sample.snapshot(), emergency=replace(known, at=sample.NOW)))
    said = words(plain_page.page(edition, sample.NOW + timedelta(seconds=age))).partition("Emergency ")[2].partition("Feeds")[0]
    assert says in said, said
    assert (age < 120) is ("○" in said)


def test_words_from_outside_are_words() -> None:
    live = sample.snapshot(sample.BUSY).live
    assert live is not None
    queues = tuple(replace(row, name=EVIL, queue=EVIL) for row in live.queues)
    feeds = tuple(replace(feed, name=EVIL) for feed in live.feeds)
    hurt = replace(sample.snapshot(sample.BUSY), city=EVIL, trouble=EVIL, live=replace(live, queues=queues, feeds=feeds))
    for document in (
        plain_page.page(first(hurt), sample.NOW),
        plain.plain_entry_page.form(first(hurt), sample.NOW, dict.fromkeys(TYPED, EVIL), EVIL),
    ):
        found = Tags(document)
        assert not {"img", "script"} & set(found.tags)
        assert not [name for name in found.attributes if name.startswith("on")]


def test_its_words_can_be_read() -> None:
    """At least 7 to 1 on the page and on its tables, dark and light."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for mode in MODES:
        tones = colours(mode)
        for words_ in ("text", "text2", "watch", "act", "age"):
            for ground in ("ground", "panel"):
                light, dark = sorted((luminance(tones[words_]), luminance(tones[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 7, (mode, words_, ground)


def test_an_entry_is_shown_at_once(client: Client) -> None:
    answer = client.post("/plain/entry", data=TYPED, headers=HOME)
    assert (answer.status_code, answer.headers["location"]) == (303, "/plain")
    assert "✎ by hand, 14:37, Ann Lee" in words(client.get("/plain").text)


def test_what_is_refused_stays_in_the_form(client: Client) -> None:
    answer = client.post("/plain/entry", data=TYPED | {"waiting": "many", "who": '"Ann'}, headers=HOME)
    assert answer.status_code == 422
    assert "Not kept: how many wait is &#x27;many&#x27;." in answer.text
    assert 'value="&quot;Ann"' in answer.text
    assert "http-equiv" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": asgi.HOME, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_of_another_site_is_refused(client: Client, headers: dict[str, str]) -> None:
    answer = client.post("/plain/entry", data=TYPED, headers=headers)
    assert answer.status_code == 403
    assert loader().edition.snapshot.by_hand == ()


@pytest.mark.parametrize(
    "sent",
    [
        {"content": b"x" * 5000, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"queue=\xff\xfe", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"content": b"&".join([b"a=b"] * 500), "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"json": TYPED},
        {"files": {"queue": b"chat"}},
    ],
    ids=["long", "no text", "many fields", "json", "upload"],
)
def test_what_is_no_form_is_refused(client: Client, sent: dict) -> None:
    answer = client.post("/plain/entry", **sent | {"headers": sent.get("headers", {}) | HOME})
    assert answer.status_code in (413, 422)
    assert "Not kept" in answer.text


def test_who_may_not_gets_a_sentence(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "visitor_of", lambda _: Visitor("person", "Dana", frozenset({"viewer"}), 1e11))
    assert client.get("/plain").status_code == 200
    assert client.get("/plain/entry").status_code == 403
    assert client.post("/plain/entry", data=TYPED, headers=HOME).status_code == 403


def test_the_record_has_the_name_that_was_signed_in_with(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "visitor_of", lambda _: Visitor("person", "Dana <b>", frozenset({"supervisor"}), 1e11))
    assert "For the record: Dana &lt;b&gt;" in client.get("/plain/entry").text
    assert client.post("/plain/entry", data=TYPED | {"who": "Somebody else"}, headers=HOME).status_code == 303
    assert [entry.entered_by for entry in loader().edition.snapshot.by_hand] == ["Dana <b>"]


def test_no_answer_can_be_kept_or_framed(client: Client) -> None:
    headers = client.get("/plain").headers
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert ENTRY.queue == TYPED["queue"]
