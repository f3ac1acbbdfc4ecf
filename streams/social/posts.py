"""What every source of public posts has in common: a post as it was told becomes our events, without the name of whoever wrote it.

Also of what cannot be read no name is kept. It opens no connection. The same post is always the same event, so telling it twice changes
nothing; a repetition of somebody's post is a repost, and the city's own answers are answers.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from streams import events
from streams.social.authors import Authors
from streams.sources import LONG_AGO, Envelopes, Horizon, Unreadable, shown, utc_now

LONGEST_TEXT_CHARACTERS = 5_000
MOST_REPOSTS = 2_000_000_000
LONGEST_URL_CHARACTERS = 2_000
WITHHELD = "(withheld)"
TEXT_ID = "text-"
_TIMES = frozenset(("posted_at", "created_at", "createdAt", "edited_at"))
_NUMBERS = frozenset(("time_us", "latitude", "longitude", "reposts", "reblogs_count"))
_NAMED_AS_THEY_ARE = frozenset(("id", "author", "url", "account", "did", "content", "language", "in_reply_to", *_TIMES, *_NUMBERS))
_HOLDS_MORE = frozenset(("commit", "record"))
_SAFE_ID = re.compile(r"(?=[^0-9]*[0-9])[0-9a-fA-F-]{1,64}")
_REPEATED = re.compile(r"\s*RT @[\w.-]+(?:@[\w.-]+)?\s*:?\s*(.*)", re.DOTALL)
_LIKE_A_TIME = re.compile(r"[0-9TZ:+. /-]{0,40}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_X_POST = re.compile(r"/[^/]+/status/(\d+)/?")


class Told(NamedTuple):
    """A post as a source understood it; who wrote it is a hash already.

    Attributes:
        post_id: ours: it names nobody.
        repost_of: ours, of the post that this one repeats.
        answers_itself: it goes on with a post of the same author.
        edited: tells one wording of it from another.
    """

    post_id: str
    at: datetime
    author_hash: str | None = None
    text: str = ""
    language: str | None = None
    in_reply_to: str | None = None
    repost_of: str | None = None
    reposts: int = 0
    url: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    answers_itself: bool = False
    edited: str = ""


class PostSource:
    """One feed of posts. Heirs say what a line means (`_understood`)."""

    def __init__(self, name: str, authors: Authors, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            authors: whose hash stands for whom.
            clock: now; a post more than a day ahead of it is unreadable.
        """
        self.name = name
        self.title = f"Posts {name}"[:100]
        self.ignored: Counter[str] = Counter()
        self._authors = authors
        self._horizon = Horizon(clock)
        self._envelopes = Envelopes(name)
        self._last_at = LONG_AGO

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The event of one post; blanks and what is no post have none."""
        line = line.strip()
        if not line:
            return []
        try:
            told = self._understood(whole(line))
            if told is None:
                return []
            self._horizon.check(told.at, "the time of the post")
        except Unreadable as error:
            mark = self._authors.mark(line.decode("utf-8", "replace")).encode()
            return self._envelopes.refuse(mark, str(error), position=position, at=self._last_at, kept=withheld(line))
        self._last_at = max(self._last_at, told.at)
        return self._sealed(told)

    def recognises(self, line: bytes) -> bool:
        """Whether it is a JSON object that looks like a post."""
        try:
            return self._looks_right(whole(line.strip()))
        except Unreadable:
            return False

    def state(self) -> bytes:
        """Nothing."""
        return b"{}"

    def restore(self, state: bytes) -> None:
        """Nothing to go on from."""

    def _understood(self, told: dict[str, Any]) -> Told | None:
        """The post of a JSON object; None (and counted in `ignored`) if it is none that belongs here.

        Raises:
            Unreadable: it is broken; the message quotes nothing that may name somebody.
        """
        raise NotImplementedError

    def _looks_right(self, told: dict[str, Any]) -> bool:
        raise NotImplementedError

    def _sealed(self, told: Told) -> list[events.Event]:
        data = self._data(told)
        if data is None:
            return []
        mark = f"{type(data).__name__} {told.post_id} {told.edited}".encode()
        return self._envelopes.seal(mark, [(data, told.at)])

    def _data(self, told: Told) -> events.SocialPosted | events.SocialReplied | None:
        repeated = _REPEATED.fullmatch(told.text) if told.repost_of is None else None
        repost_of = text_id(repeated[1]) if repeated else told.repost_of
        if repost_of is None and self._authors.is_own(told.author_hash):
            if told.in_reply_to is None or told.answers_itself:
                self.ignored["post of the city itself"] += 1
                return None
            return events.SocialReplied(told.in_reply_to, told.post_id)
        return events.SocialPosted(
            told.post_id,
            text="" if repost_of else _clipped(told.text),
            author_hash=told.author_hash,
            verified=self._authors.is_verified(told.author_hash),
            repost_of=repost_of,
            in_reply_to=told.in_reply_to,
            language=told.language,
            reposts=told.reposts,
            url=told.url,
            latitude=told.latitude,
            longitude=told.longitude,
        )


def whole(line: bytes) -> dict[str, Any]:
    """The JSON object of a line.

    Raises:
        Unreadable: it is none.
    """
    try:
        found = msgspec.json.decode(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise Unreadable("a JSON object is expected")
    return found


def withheld(line: bytes) -> bytes:
    """What is kept of a line that cannot be read: of an object its text, times and numbers, else only its length."""
    try:
        return msgspec.json.encode(_without_names(whole(line)))
    except Unreadable:
        return f"({len(line):,} bytes withheld)".encode()


def _without_names(told: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for number, (name, value) in enumerate(told.items()):
        if name in _HOLDS_MORE and isinstance(value, dict):
            kept[name] = _without_names(value)
        elif _is_harmless(name, value):
            kept[name] = value
        else:
            kept[name if name in _NAMED_AS_THEY_ARE or name == "text" else f"field {number}"] = WITHHELD
    return kept


def _is_harmless(name: str, value: Any) -> bool:
    """Whether it is the text, or a time or a number in a field of that."""
    if name == "text":
        return isinstance(value, str)
    if name in _TIMES:
        return value is None or (isinstance(value, str) and _LIKE_A_TIME.fullmatch(value) is not None)
    return name in _NUMBERS and (value is None or isinstance(value, (int, float)))


def text_id(text: str) -> str:
    """The id by which a repetition without structure (`RT @…`) finds the posts that it repeats: of their words alone.

    `metric.social_text_id` is the same in SQL.
    """
    return TEXT_ID + hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:20]


def safe_id(raw: str, authors: Authors) -> str:
    """An id as it may be stored: a number as it is, anything that may hold a name as a hash."""
    return raw if _SAFE_ID.fullmatch(raw) else f"post-{authors.mark(raw)}"


def instant(value: Any, field: str, zone: Any = UTC) -> datetime:
    """A time of ISO 8601; one without an offset is in `zone`.

    Raises:
        Unreadable: it is none, or before 1970.
    """
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None and (at := (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)) > LONG_AGO:
            return at
    except (ValueError, OverflowError):
        pass
    if isinstance(value, str):
        quoted = shown(value) if _LIKE_A_TIME.fullmatch(value) else "no time"  # a field that slipped may hold a name
    else:
        quoted = f"of the kind {type(value).__name__}"
    raise Unreadable(f"{field} is {quoted}: an ISO 8601 time after 1970 is expected")


def count(value: Any) -> int:
    """A number of reposts; what is none is 0."""
    return min(max(value, 0), MOST_REPOSTS) if isinstance(value, int) and not isinstance(value, bool) else 0


def name_of(value: Any) -> str | None:
    """A short word such as a language; None if it is none."""
    return value if isinstance(value, str) and 0 < len(value) <= 35 and not _CONTROL.search(value) and "\t" not in value else None


def safe_url(url: Any, author: str | None) -> str | None:
    """An address as it may be stored, None where it names its author (https://server/@name/1, …/profile/did:plc:…)."""
    if not isinstance(url, str) or len(url) > LONGEST_URL_CHARACTERS or _CONTROL.search(url) or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    if parts.hostname.removeprefix("www.").removeprefix("mobile.") in ("x.com", "twitter.com"):
        found = _X_POST.fullmatch(parts.path)
        return f"https://x.com/i/status/{found[1]}" if found else None
    path = url.partition(parts.netloc)[2].casefold()
    names = ("@", "%40", "did:", "did%3a", "/users/", "/user/", "/profile/", "/u/")
    if any(name in path for name in names) or (author and author.strip().removeprefix("@").casefold() in url.casefold()):
        return None
    return url


def _clipped(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT_CHARACTERS else text[: LONGEST_TEXT_CHARACTERS - 1] + "…"
