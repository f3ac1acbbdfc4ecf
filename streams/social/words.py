"""Cuts a post into words, and finds words and phrases in them, whole words only. It knows no topic and no language.

A phrase is written as its words with blanks between (they follow one another), with `~` between parts that stand near one another in
either order, and with `*` after the beginning of a word of which any ending counts: `no power`, `street* ~ not plowed`.
"""

import html
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

NEAR_WORDS = 5  # how many other words may stand between two parts of a phrase
_LEFT_OUT = re.compile(r"https?://\S+|www\.\S+|(?<![\w/])@[\w.-]+(?:@[\w.-]+)?")
_HASHTAG = re.compile(r"#(\w+)")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z])(?=[0-9])")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_HAN}]|(?:(?![{_HAN}])[^\W_])+(?:['’](?:(?![{_HAN}])[^\W_])+)*")


class InvalidPhrase(Exception):
    """A phrase cannot be used; the message says why."""


def plain(text: str) -> str:
    """The text without addresses and names of accounts, its hashtags as words too (`#NoPower` is `NoPower No Power`)."""
    return _HASHTAG.sub(_parted, _LEFT_OUT.sub(" ", html.unescape(text)))


def _parted(hashtag: re.Match[str]) -> str:
    tag, parted = hashtag[1], _HUMPS.sub(" ", hashtag[1])
    return f" {tag} " if parted == tag else f" {tag} {parted} "


def words(text: str) -> list[str]:
    """The words of a text without case and accents; of Chinese each character is one."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in folded if not unicodedata.combining(character))
    return [found.replace("’", "'") for found in _WORD.findall(bare)]


class Phrase(NamedTuple):
    """A phrase as it is looked for: parts that stand near one another, each of words that follow one another."""

    parts: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=4096)
def phrase(written: str) -> Phrase:
    """A phrase from how it is written.

    Raises:
        InvalidPhrase: a part of it has no word, or `*` stands elsewhere than after a word's beginning.
    """
    parts = []
    for part in written.split("~"):
        looked_for: list[str] = []
        for word in part.split():
            found = words(word.rstrip("*"))
            if not found or "*" in word.rstrip("*"):
                raise InvalidPhrase(f"{written!r}: {word!r} is no word; * stands at its end alone")
            looked_for += found
            if word.endswith("*"):
                looked_for[-1] += "*"
        if not looked_for:
            raise InvalidPhrase(f"{written!r}: a word is expected on both sides of ~")
        parts.append(tuple(looked_for))
    return Phrase(tuple(parts))


class Phrases:
    """Many phrases with what each stands for, found together."""

    def __init__(self, entries: Iterable[tuple[str, int]]) -> None:
        """Prepare.

        Args:
            entries: phrases as they are written, each with a number of the caller's.

        Raises:
            InvalidPhrase: one cannot be used.
        """
        self._exact: dict[str, list[tuple[Phrase, int]]] = {}
        self._beginnings: dict[str, list[tuple[Phrase, int]]] = {}
        for written, number in entries:
            parsed = phrase(written)
            anchor = parsed.parts[0][0]
            where = self._beginnings if anchor.endswith("*") else self._exact
            where.setdefault(anchor.rstrip("*"), []).append((parsed, number))
        self._lengths = sorted({len(anchor) for anchor in self._beginnings})

    def found(self, text: list[str]) -> set[int]:
        """The numbers of those that stand in the words of a text."""
        numbers: set[int] = set()
        for place, word in enumerate(text):
            for entries in self._anchored(word):
                for (parts), number in entries:
                    if number not in numbers and _stands(parts.parts, text, place):
                        numbers.add(number)
        return numbers

    def _anchored(self, word: str) -> Iterable[list[tuple[Phrase, int]]]:
        if entries := self._exact.get(word):
            yield entries
        for length in self._lengths:
            if length > len(word):
                return
            if entries := self._beginnings.get(word[:length]):
                yield entries


def _stands(parts: tuple[tuple[str, ...], ...], text: list[str], place: int) -> bool:
    """Whether a phrase whose first word may be at `place` stands there, its other parts near the one before."""
    if not _follows(parts[0], text, place):
        return False
    first, last = place, place + len(parts[0])  # what is taken up so far
    for part in parts[1:]:
        for start in range(max(0, first - NEAR_WORDS - len(part)), min(len(text), last + NEAR_WORDS + 1)):
            if (start >= last or start + len(part) <= first) and _follows(part, text, start):
                first, last = min(first, start), max(last, start + len(part))
                break
        else:
            return False
    return True


def _follows(part: tuple[str, ...], text: list[str], place: int) -> bool:
    return place + len(part) <= len(text) and all(
        word.startswith(wanted[:-1]) if wanted.endswith("*") else word == wanted
        for wanted, word in zip(part, text[place : place + len(part)], strict=True)
    )
