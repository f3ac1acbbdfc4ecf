"""Reads Mastodon's statuses: one status, a JSON object, becomes one event. No I/O.

Ids are those of the server that is followed, with its name before them. What is not public is read over, whoever let us see it.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from streams import events
from streams.social.authors import Authors
from streams.social.plain_text import text_of
from streams.social.posts import PostSource, Told, count, instant, name_of
from streams.social.recent import Recent
from streams.sources import Unreadable, utc_now

PUBLIC = ("public", "unlisted")
LONGEST_ID_CHARACTERS = 60


class Statuses(PostSource):
    """The statuses of one server. It remembers which it told lately: each comes by several tags, and again after a gap."""

    def __init__(self, name: str, authors: Authors, *, server: str, clock: Callable[[], datetime] = utc_now) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            authors: whose hash stands for whom; accounts are `name@server`.
            server: its host's name, for ids and for accounts of its own.
            clock: now; a post more than a day ahead of it is unreadable.
        """
        super().__init__(name, authors, clock=clock)
        self.title = f"Mastodon {server}"[:100]
        self._server = server
        self._told = Recent()

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The event of a status that was not told lately; one that was edited is told again."""
        found = super().read(line, position)
        return [event for event in found if self._told.is_new(event.id)]

    def state(self) -> bytes:
        """Which were told lately."""
        return self._told.state()

    def restore(self, state: bytes) -> None:
        """Go on from an earlier `state`.

        Raises:
            ValueError: it is none.
        """
        self._told.restore(state)

    def _understood(self, told: dict[str, Any]) -> Told | None:
        account = told.get("account")
        acct = account.get("acct") if isinstance(account, dict) else None
        if not isinstance(account, dict) or not isinstance(acct, str) or not acct:
            raise Unreadable("account.acct is missing")
        if told.get("visibility", "public") not in PUBLIC:
            self.ignored["not public"] += 1
            return None
        reblog, reply = told.get("reblog"), told.get("in_reply_to_id")
        text = "" if reblog else _text(told)
        name = acct if "@" in acct else f"{acct}@{self._server}"
        raw = _id(told.get("id"), "id")
        return Told(
            self._post_id(raw),
            instant(told.get("created_at"), "created_at"),
            author_hash=self._authors.hashed(name),
            text=text,
            language=name_of(told.get("language")),
            in_reply_to=self._post_id(_id(reply, "in_reply_to_id")) if reply is not None else None,
            repost_of=self._post_id(_id(reblog.get("id"), "reblog.id")) if isinstance(reblog, dict) else None,
            reposts=count(told.get("reblogs_count")),
            url=f"https://{self._server}/statuses/{raw}",  # its own address has the author's name in it
            answers_itself=reply is not None and told.get("in_reply_to_account_id") == account.get("id"),
            edited=edited if isinstance(edited := told.get("edited_at"), str) else "",
        )

    def _looks_right(self, told: dict[str, Any]) -> bool:
        return "content" in told and "account" in told

    def _post_id(self, raw: str) -> str:
        return f"{self._server}/{raw}"


def _id(value: Any, field: str) -> str:
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not text or len(text) > LONGEST_ID_CHARACTERS or not text.isascii() or not text.isalnum():
        raise Unreadable(f"{field} is none: digits or letters are expected")
    return text


def _text(told: dict[str, Any]) -> str:
    content, warning = told.get("content"), told.get("spoiler_text")
    if not isinstance(content, str):
        raise Unreadable("content is missing" if content is None else "content is no text")
    parts = [warning.strip()] if isinstance(warning, str) and warning.strip() else []
    return "\n\n".join([*parts, text_of(content)])


def statuses_of(body: bytes) -> list[tuple[str, bytes]]:
    """The statuses of an answer of a timeline, each with its id, as they stand in it.

    Raises:
        ValueError: it is no list of objects.
    """
    try:
        found = msgspec.json.decode(body, type=list[msgspec.Raw])
        heads = [msgspec.json.decode(one, type=dict[str, Any]) for one in found]
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return [(str(head.get("id") or ""), bytes(one)) for head, one in zip(heads, found, strict=True)]
