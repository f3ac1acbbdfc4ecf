"""Who wrote a post, as a keyed hash: names go in, none comes out. Which accounts are verified or the city's own is asked here too.

The hash is HMAC-SHA-256, shortened to 80 bits: without the key nobody can try out names. It keeps no list of whom it saw.
"""

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from pathlib import Path
from typing import Self

from sql.settings import InvalidSetting, Settings

HASH_DIGITS = 20
KEY_FILE = "social_hash.key"
KEY_BYTES = 32
LEAST_KEY_CHARACTERS = 16


class Authors:
    """The accounts of one process, under one key."""

    def __init__(self, key: bytes | Callable[[], bytes], *, verified: Iterable[str] = (), own: Iterable[str] = ()) -> None:
        """Prepare.

        Args:
            key: of the hash, or what gives it when it is needed first.
            verified: accounts whose posts count as verified.
            own: the city's accounts.
        """
        self._given = key
        self._listed_verified, self._listed_own = tuple(verified), tuple(own)

    @classmethod
    def of(cls, chosen: Settings) -> Self:
        """The authors under the settings. A key that is kept is read when the first name is hashed, which may raise InvalidSetting."""
        key = chosen.social_hash_key.encode() if chosen.social_hash_key else partial(kept_key, chosen.state_dir)
        return cls(key, verified=accounts(chosen.social_verified_accounts), own=accounts(chosen.social_own_accounts))

    @cached_property
    def _key(self) -> bytes:
        return self._given if isinstance(self._given, bytes) else self._given()

    @cached_property
    def _verified(self) -> frozenset[str]:
        return frozenset(map(self.hashed, self._listed_verified))

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(map(self.hashed, self._listed_own))

    def hashed(self, name: str) -> str:
        """An account's name as it is stored: the same for the same account, however its case."""
        return hmac.new(self._key, _folded(name).encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:HASH_DIGITS]

    def mark(self, *told: str) -> str:
        """A name for something that may itself name somebody: always the same for the same, and nobody can try it out."""
        joined = "\0".join(("mark", *told)).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, joined, hashlib.sha256).hexdigest()[:HASH_DIGITS]

    def is_verified(self, author_hash: str | None) -> bool:
        """Whether the settings list the account as verified, or as the city's own."""
        return author_hash in self._verified or author_hash in self._own

    def is_own(self, author_hash: str | None) -> bool:
        """Whether it is an account of the city."""
        return author_hash in self._own


def accounts(listed: str) -> tuple[str, ...]:
    """The accounts of a setting."""
    return tuple(filter(None, map(str.strip, listed.split(","))))


def kept_key(state_dir: Path) -> bytes:
    """The key that is kept in the folder of state; made, for its owner alone to read, when there is none.

    Raises:
        InvalidSetting: it cannot be read or written, or is too short.
    """
    file = state_dir / KEY_FILE
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make(file)
        key = file.read_bytes().strip()
    except OSError as error:
        raise InvalidSetting(f"{file}: {error.strerror or error}. Set SOCIAL_HASH_KEY, or let this account read and write it.") from None
    if len(key) < LEAST_KEY_CHARACTERS:
        raise InvalidSetting(f"{file} holds no key: delete it and another one is made, with which everybody is somebody else.")
    return key


def _make(file: Path) -> None:
    """Write a new key whole, or leave the one that another process made meanwhile."""
    part = file.with_name(f"{file.name}.{os.getpid()}")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:  # noqa: PTH123 - private from the first byte on
        opened.write(secrets.token_hex(KEY_BYTES).encode())
        opened.flush()
        os.fsync(opened.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(part, file)
    finally:
        part.unlink()


def _folded(name: str) -> str:
    return name.strip().removeprefix("@").casefold()
