"""How tokens of displays are made and revoked: checked, then written with who did it. It draws nothing."""

import secrets
from datetime import datetime, timedelta

from dashboard import data
from dashboard.access.changes import written
from dashboard.access.displays import hash_of
from dashboard.writing import NotKept, words

NAME, WHO, LONGEST_DAYS = 60, 60, 3650  # characters, characters, days


def add(name: str, days: int, who: str) -> tuple[str, datetime]:
    """Make a token for a display; it is known only now.

    Returns:
        The token, and when it expires.

    Raises:
        NotKept: the name or the days cannot be kept.
        NoAnswer: the database is away.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise NotKept(f"Not kept: {days} days. Choose 1 to {LONGEST_DAYS}.")
    token, expires_at = secrets.token_urlsafe(32), data.now() + timedelta(days=days)
    params = {"name": words(name, "where the display hangs", NAME), "who": words(who, "your name", WHO)}
    written("write-display", params | {"token_sha256": hash_of(token), "expires_at": expires_at})
    return token, expires_at


def revoke(display_id: int, who: str) -> None:
    """End a display's token.

    Raises:
        NotKept: it was ended already, or there is none.
        NoAnswer: the database is away.
    """
    if written("write-display-revoked", {"display_id": display_id, "who": words(who, "your name", WHO)}) is None:
        raise NotKept("Not kept: this display's token was revoked already, or there is none.")
