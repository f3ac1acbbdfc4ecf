"""Tokens of displays: a screen on a wall opens its pages with one, so that it never holds a person's login.

A token is shown once, when it is made; kept is its hash. Which tokens hold is read with the snapshot, so a revoked one is closed
within seconds and none needs the database.
"""

import hashlib
import secrets
from collections.abc import Mapping

from dashboard.access.visitor import Visitor
from dashboard.rows import Display

COOKIE, PARAMETER = "city311_display", "display"


def visitor(cookies: Mapping[str, str], now: float) -> Visitor | None:
    """The display whose token a browser holds; None: none, or not any more."""
    held = holding(cookies.get(COOKIE), now)
    return None if held is None else Visitor("display", held.name, frozenset(), held.expires_at.timestamp(), held.display_id)


def holding(token: str | None, now: float) -> Display | None:
    """The display that a token stands for now."""
    if not token:
        return None
    hashed = hash_of(token)
    found = next((one for one in known() or () if secrets.compare_digest(one.token_sha256, hashed)), None)
    return found if found is not None and found.revoked_at is None and now < found.expires_at.timestamp() else None


def known() -> tuple[Display, ...] | None:
    """All displays as last read; None: never read yet."""
    from dashboard.loader import current  # it brings most of the screens along, which a command of the console can do without

    return current().snapshot.displays


def still_holds(one: Visitor, now: float) -> bool:
    """Whether a visitor of a moment ago is one still: not expired, and not revoked."""
    if now >= one.until:
        return False
    if one.display_id is None:
        return True
    return any(display.display_id == one.display_id and display.revoked_at is None for display in known() or ())


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
