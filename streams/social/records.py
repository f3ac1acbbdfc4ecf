"""Reads Bluesky's posts as Jetstream sends them: one message, a JSON object, becomes at most one event. No I/O.

Of the posts of the whole network those are told that have one of the words or tags; of reposts and of the city's answers, those that
belong to a post that was told lately. An account is a `did:…`, which is in none of our ids.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from streams import events
from streams.social.authors import Authors
from streams.social.posts import PostSource, Told, instant, name_of
from streams.social.recent import Recent
from streams.social.words import Phrases, plain, words
from streams.sources import Unreadable, utc_now

POSTS, REPOSTS = "app.bsky.feed.post", "app.bsky.feed.repost"
MOST_AHEAD = timedelta(minutes=5)
MOST_BEHIND = timedelta(days=1)
MOST_POSTS_KNOWN = 20_000


class Records(PostSource):
    """The posts of Bluesky that have one of the words or tags.

    It remembers which posts it told lately, for their reposts and answers, and which messages, as they come again after a gap.
    """

    def __init__(
        self, name: str, authors: Authors, *, wanted: Sequence[str], tags: Sequence[str], clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            authors: whose hash stands for whom; accounts are `did:…`.
            wanted: words and phrases, as `streams.social.words` reads them.
            tags: hashtags without `#`.
            clock: now; a post more than a day ahead of it is unreadable.

        Raises:
            InvalidPhrase: one of the words cannot be used.
        """
        super().__init__(name, authors, clock=clock)
        self.title = f"Bluesky {name.removeprefix('bluesky/')}"[:100]
        self._wanted = Phrases((written, number) for number, written in enumerate(wanted))
        self._tags = frozenset(tag.removeprefix("#").casefold() for tag in tags)
        self._told = Recent()
        self._posts = Recent(MOST_POSTS_KNOWN)

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The event of a message that belongs here and was not told lately."""
        told = []
        for event in super().read(line, position):
            if self._told.is_new(event.id):
                told.append(event)
                if isinstance(event, events.SocialPostedEvent) and event.data.repost_of is None:
                    self._posts.is_new(event.data.post_id)
        return told

    def state(self) -> bytes:
        """What was told lately."""
        return msgspec.json.encode({"told": msgspec.Raw(self._told.state()), "posts": msgspec.Raw(self._posts.state())})

    def restore(self, state: bytes) -> None:
        """Go on from an earlier `state`.

        Raises:
            ValueError: it is none.
        """
        try:
            parts = msgspec.json.decode(state, type=dict[str, msgspec.Raw])
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        for name, held in (("told", self._told), ("posts", self._posts)):
            if name in parts:
                held.restore(bytes(parts[name]))

    def _understood(self, told: dict[str, Any]) -> Told | None:
        commit = told.get("commit")
        kind, operation, collection = (
            (told.get("kind"), commit.get("operation"), commit.get("collection"))
            if isinstance(commit, dict)
            else (told.get("kind"), None, None)
        )
        if kind != "commit" or operation not in ("create", "update") or collection not in (POSTS, REPOSTS):
            self.ignored["another kind of message"] += 1
            return None
        assert isinstance(commit, dict)
        did, record = told.get("did"), commit.get("record")
        if not isinstance(did, str) or not did.startswith("did:"):
            raise Unreadable("did is missing")
        if not isinstance(record, dict):
            raise Unreadable("commit.record is missing")
        uri = f"at://{did}/{collection}/{commit.get('rkey')}"
        at = _at(record.get("createdAt"), told.get("time_us"))
        if collection == REPOSTS:
            return self._repost(uri, did, at, record)
        return self._post(uri, did, at, record, str(commit.get("cid") or ""))

    def _repost(self, uri: str, did: str, at: datetime, record: dict[str, Any]) -> Told | None:
        subject = _uri(record.get("subject"))
        if subject is None:
            raise Unreadable("commit.record.subject.uri is missing")
        repeated = self._post_id(subject)
        if repeated not in self._posts:
            self.ignored["repost of another post"] += 1
            return None
        return Told(self._post_id(uri), at, author_hash=self._authors.hashed(did), repost_of=repeated)

    def _post(self, uri: str, did: str, at: datetime, record: dict[str, Any], wording: str) -> Told | None:
        text, reply = record.get("text"), record.get("reply")
        if not isinstance(text, str):
            raise Unreadable("commit.record.text is missing")
        parent = _uri(reply.get("parent")) if isinstance(reply, dict) else None
        answered = self._post_id(parent) if parent else None
        author = self._authors.hashed(did)
        if not ((answered or "") in self._posts if self._authors.is_own(author) else self._is_wanted(text, record)):
            self.ignored["without our words"] += 1
            return None
        languages = record.get("langs")
        return Told(
            self._post_id(uri),
            at,
            author_hash=author,
            text=text,
            language=name_of(languages[0]) if isinstance(languages, list) and languages else None,
            in_reply_to=answered,
            answers_itself=parent is not None and parent.startswith(f"at://{did}/"),
            edited=wording,
        )

    def _is_wanted(self, text: str, record: dict[str, Any]) -> bool:
        if self._tags and not self._tags.isdisjoint(_tags(text, record)):
            return True
        return bool(self._wanted.found(words(plain(text))))

    def _looks_right(self, told: dict[str, Any]) -> bool:
        return "did" in told and "time_us" in told

    def _post_id(self, uri: str) -> str:
        return f"bluesky/{self._authors.mark(uri)}"


def _uri(told: Any) -> str | None:
    uri = told.get("uri") if isinstance(told, dict) else None
    return uri if isinstance(uri, str) and uri.startswith("at://") else None


def _at(created_at: Any, time_us: Any) -> datetime:
    """When it was posted: as its author's program says, where that is near the time at which the network got it; else the latter."""
    try:
        seen = datetime.fromtimestamp(time_us / 1e6, UTC) if isinstance(time_us, int) and not isinstance(time_us, bool) else None
    except (ValueError, OverflowError, OSError):
        seen = None
    try:
        claimed = instant(created_at, "createdAt")
    except Unreadable:
        if seen is None:
            raise
        return seen
    return claimed if seen is None or seen - MOST_BEHIND <= claimed <= seen + MOST_AHEAD else seen


def _tags(text: str, record: dict[str, Any]) -> set[str]:
    """Its hashtags, as written in the text and as marked."""
    found = {word.removeprefix("#").rstrip(".,;:!?)").casefold() for word in text.split() if word.startswith("#")}
    if isinstance(marked := record.get("tags"), list):
        found |= {one.casefold() for one in marked if isinstance(one, str)}
    for facet in facets if isinstance(facets := record.get("facets"), list) else ():
        features = facet.get("features") if isinstance(facet, dict) else None
        for feature in features if isinstance(features, list) else ():
            if isinstance(feature, dict) and isinstance(tag := feature.get("tag"), str):
                found.add(tag.casefold())
    return found
