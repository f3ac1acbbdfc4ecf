"""Which approved answer answers what a resident looked up or asked, by words alone. Pure.

It would rather say that an answer is missing than that there is one: a person sees what is listed, and never what is not.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboard.incident_rows import Answer, Search, Topic, parted

_SILENT = (
    "a an and are at be can could do does for from get give has have how i if in is it many me much must my near no not of on or our "
    "please somebody that the there this to today was we what when where which who whom why will with you your"
)
SILENT = frozenset(_SILENT.split())  # they say nothing about what is asked
LEAST_WORDS_OF_QUESTION = 2  # one word of a question alone, as "street", would answer nearly everything
LEAST_LETTERS_OF_PLURAL = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What residents ask: words of searches, or a topic of posts, and how often."""

    words: str
    searches: int
    posts: int

    @property
    def times(self) -> int:
        """How often altogether."""
        return self.searches + self.posts


def _words(text: str) -> list[str]:
    """The words of a text without case, accents and signs."""
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return "".join(sign if sign.isalnum() else "" if sign in "'\N{RIGHT SINGLE QUOTATION MARK}" else " " for sign in bare).split()


def folded(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents and signs; a plural is its singular."""
    return tuple(map(_singular, _words(text)))


def _singular(word: str) -> str:
    """A word as it and its plural both become: bus of buses, hous of houses and of house."""
    if len(word) < LEAST_LETTERS_OF_PLURAL:
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return word[:-1] if word.endswith(("se", "xe", "che", "she")) else word


def telling(text: str) -> frozenset[str]:
    """The words of a text that say what it is about."""
    return frozenset(_singular(word) for word in _words(text) if word not in SILENT)


def answering(asked: str, answers: Iterable[Answer]) -> Answer | None:
    """The approved answer to what was asked; None: there is none.

    An answer fits where the asked words hold all words of one of its search words, or are, with two words or more that say something, all
    of them in its question, or are its topic.
    """
    words = telling(asked)
    return next((answer for answer in answers if _fits(words, answer)), None) if words else None


def _fits(words: frozenset[str], answer: Answer) -> bool:
    if any(searched and searched <= words for searched in map(telling, parted(answer.search_words))):
        return True
    return words == telling(answer.topic) or (len(words) >= LEAST_WORDS_OF_QUESTION and words <= telling(answer.question))


def unanswered(searches: Sequence[Search], topics: Sequence[Topic], answers: Sequence[Answer]) -> tuple[Asked, ...]:
    """What residents ask that has no approved answer, the most frequent first.

    Args:
        searches: terms that found nothing at least once.
        topics: what posts ask about.
        answers: those that hold.
    """
    asked = [Asked(one.term, one.without_answer, 0) for one in searches]
    asked += [Asked(one.topic, 0, one.questions) for one in topics if one.questions]
    missing = [one for one in asked if answering(one.words.replace("_", " "), answers) is None]
    return tuple(sorted(missing, key=lambda one: (-one.times, one.words)))


def found(answers: Sequence[Answer], typed: str) -> tuple[Answer, ...]:
    """The answers in which every word that was typed stands, as a whole or as a part of a word."""
    words = folded(typed)
    return tuple(answer for answer in answers if all(any(word in held for held in _held(answer)) for word in words))


def _held(answer: Answer) -> tuple[str, ...]:
    """Every word of an answer."""
    return folded(" ".join((answer.topic, answer.question, answer.answer, answer.search_words)))
