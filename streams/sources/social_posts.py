"""Reads public posts of a file: JSON lines with text, posted_at, author, latitude and longitude, as exports and collections have them.

Optional are id, language, in_reply_to, reposts and url. A post without an id is known by its author, time and text. No I/O.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from streams.social.authors import Authors
from streams.social.posts import PostSource, Told, count, instant, name_of, safe_id, safe_url
from streams.sources import Unreadable, utc_now


class SocialPosts(PostSource):
    """The posts of a file. It remembers nothing from one line to the next."""

    def __init__(self, name: str, authors: Authors, *, zone: ZoneInfo, clock: Callable[[], datetime] = utc_now) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            authors: whose hash stands for whom.
            zone: of times without an offset.
            clock: now; a post more than a day ahead of it is unreadable.
        """
        super().__init__(name, authors, clock=clock)
        self._zone = zone

    def _understood(self, told: dict[str, Any]) -> Told:
        text, author = told.get("text"), _word(told.get("author"))
        if not isinstance(text, str):
            raise Unreadable("text is missing" if text is None else "text is no text")
        at = instant(told.get("posted_at"), "posted_at", self._zone)
        raw = _word(told.get("id"))
        latitude, longitude = _degrees(told.get("latitude"), "latitude", 90), _degrees(told.get("longitude"), "longitude", 180)
        known = latitude is not None and longitude is not None
        reply = _word(told.get("in_reply_to"))
        return Told(
            safe_id(raw, self._authors) if raw else f"post-{self._authors.mark(author or '', at.isoformat(), text)}",
            at,
            author_hash=self._authors.hashed(author) if author else None,
            text=text,
            language=name_of(told.get("language")),
            in_reply_to=safe_id(reply, self._authors) if reply else None,
            reposts=count(told.get("reposts")),
            url=safe_url(told.get("url"), author),
            latitude=latitude if known else None,
            longitude=longitude if known else None,
        )

    def _looks_right(self, told: dict[str, Any]) -> bool:
        return "text" in told and "posted_at" in told


def _word(value: Any) -> str | None:
    """A name or an id, which some exports write as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def _degrees(value: Any, field: str, largest: int) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -largest <= value <= largest:
        raise Unreadable(f"{field} is no number of degrees from -{largest} to {largest}")
    return float(value)
