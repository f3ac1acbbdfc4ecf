"""Tellings of public posts folded into one row a post, a repost and an answer, and the lines that are copied into the database.

Like the other folds it depends neither on order nor on number. Here posts get their topics; it talks to nobody, and
`sql/queries/sink.sql` goes on with it.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from streams.events import SocialPosted, SocialPostedEvent, SocialReplied, SocialRepliedEvent
from streams.social.topics import Reading, rules

_encode = msgspec.json.Encoder().encode


class Telling(NamedTuple):
    """One telling of a post; of two the one with the greater version holds."""

    version: str
    posted_at: datetime
    source: str
    data: SocialPosted
    reading: Reading


class Moment(NamedTuple):
    """A repost or an answer: of two tellings of one the lesser holds."""

    at: datetime
    post_id: str
    source: str


class Social:
    """What the events of a batch tell of public posts."""

    def __init__(self) -> None:
        self.posts: dict[str, Telling] = {}
        self.reposts: dict[str, Moment] = {}
        self.replies: dict[str, Moment] = {}

    def __len__(self) -> int:
        return len(self.posts) + len(self.reposts) + len(self.replies)

    def add(self, event: SocialPostedEvent | SocialRepliedEvent) -> None:
        """Fold one event."""
        data = event.data
        if isinstance(data, SocialReplied):
            _least(self.replies, data.reply_id, Moment(event.time, data.post_id, event.source))
        elif data.repost_of is not None:
            _least(self.reposts, data.post_id, Moment(event.time, data.repost_of, event.source))
        else:
            version = _version(event.time, event.source, data)
            if data.post_id not in self.posts or version > self.posts[data.post_id].version:
                # Read here and not when it is written: the transaction of a batch is short.
                self.posts[data.post_id] = Telling(version, event.time, event.source, data, rules().read(data.text, data.language))

    def clear(self) -> None:
        """Forget all of it."""
        self.posts.clear()
        self.reposts.clear()
        self.replies.clear()


def _least(rows: dict[str, Moment], key: str, row: Moment) -> None:
    if key not in rows or row < rows[key]:
        rows[key] = row


def _version(at: datetime, source: str, data: SocialPosted) -> str:
    """What decides between two tellings: the one that knows of more reposts is the later one; else any rule that stays the same."""
    digest = blake2b(f"{at.isoformat()}\0{source}\0".encode() + _encode(data), digest_size=8).hexdigest()
    return f"{data.reposts:010d}{digest}"


def post_rows(posts: Iterable[Telling]) -> Iterator[tuple[Any, ...]]:
    """One row a post, in the columns of `social_post_batch`."""
    for version, posted_at, source, told, reading in posts:
        yield (
            told.post_id, source, posted_at, told.author_hash, told.text, reading.language, "{" + ",".join(reading.topics) + "}",
            reading.question, reading.rumor, told.verified, told.reposts, told.in_reply_to, told.url, told.latitude, told.longitude,
            version,
        )  # fmt: skip


def repost_rows(reposts: dict[str, Moment]) -> Iterator[tuple[Any, ...]]:
    """One row a repost, in the columns of `social_repost_batch`."""
    for repost_id, (at, post_id, _) in reposts.items():
        yield repost_id, post_id, at


def reply_rows(replies: dict[str, Moment]) -> Iterator[tuple[Any, ...]]:
    """One row an answer, in the columns of `social_reply_batch`."""
    for reply_id, (at, post_id, source) in replies.items():
        yield reply_id, post_id, at, source
