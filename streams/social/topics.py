"""What a post is about, by rules: words and phrases with weights, for and against, from one TOML file. No learning, no network.

A post gets a topic where what speaks for it, less what speaks against it, is at least 1. A question or a rumor is marked only in
a post that has a topic or speaks of what is public: everything else asks the city for nothing.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from sql.settings import InvalidSetting, settings
from sql.toml_files import parsed
from streams.social.languages import UNKNOWN, code, detect
from streams.social.words import InvalidPhrase, Phrases, phrase, plain, words

SHIPPED = Path(__file__).parent / "topics.toml"
ENOUGH = 1.0
_SLACK = 1e-9
EVERY_LANGUAGE = "any"
_QUESTION_MARKS = frozenset("?？؟")

Weights = dict[str, float]


class InvalidTopics(InvalidSetting):
    """The file of topics cannot be used; the message names it and says why."""


class _Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One topic of the file: by language, what speaks for it and what against, each with its weight."""

    title: str
    words: dict[str, Weights]
    against: dict[str, Weights] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topics: dict[str, _Topic]
    question: dict[str, Weights] = {}
    rumor: dict[str, Weights] = {}
    public: dict[str, Weights] = {}


class Reading(NamedTuple):
    """What the rules read in a post.

    Attributes:
        language: a code of ISO 639, or `unknown`.
        topics: in the order of their names; none: nothing that the city answers for.
        question: it asks something of the city.
        rumor: it tells something that a person should check.
    """

    language: str
    topics: tuple[str, ...]
    question: bool
    rumor: bool


class Rules:
    """One file of topics, ready to be applied.

    Attributes:
        titles: the name of a topic on the screens, by topic.
    """

    def __init__(self, told: _File) -> None:
        """Prepare.

        Raises:
            InvalidPhrase: a phrase cannot be used.
        """
        self.titles: Mapping[str, str] = {name: topic.title for name, topic in told.topics.items()}
        self._weights: list[tuple[str, float]] = []
        entries: dict[str, list[tuple[str, int]]] = {}
        listed = [(name, by_language, 1) for name, topic in told.topics.items() for by_language in (topic.words,)]
        listed += [(name, topic.against, -1) for name, topic in told.topics.items()]
        listed += [("?", told.question, 1), ("!", told.rumor, 1), ("", told.public, 1)]
        for name, by_language, sign in listed:
            for language, weights in by_language.items():
                for written, weight in weights.items():
                    entries.setdefault(language, []).append((written, len(self._weights)))
                    self._weights.append((name, sign * weight))
        everywhere = entries.pop(EVERY_LANGUAGE, [])
        english = entries.get("en", [])
        self._of = {language: Phrases(everywhere + english * (language != "en") + own) for language, own in entries.items()}
        self._any = Phrases(everywhere + [entry for own in entries.values() for entry in own])

    def read(self, text: str, language: str | None = None) -> Reading:
        """What a post says.

        Args:
            text: of the post.
            language: as the service tells it, where it does.
        """
        spoken = code(language) or detect(text)
        bare = plain(text)
        found = self._of.get(spoken, self._any).found(words(bare))
        scores: dict[str, float] = {}
        for number in found:
            name, weight = self._weights[number]
            scores[name] = scores.get(name, 0.0) + weight
        enough = {name for name, score in scores.items() if score >= ENOUGH - _SLACK}
        topics = tuple(sorted(enough - {"?", "!", ""}))
        public = bool(topics) or "" in enough
        asks = "?" in enough or not _QUESTION_MARKS.isdisjoint(bare)
        return Reading(spoken, topics, public and asks, public and "!" in enough)


def load(path: Path) -> Rules:
    """The rules of a file.

    Raises:
        InvalidTopics: it cannot be read, is no such TOML, or one of its phrases cannot be used.
    """
    try:
        told = msgspec.convert(parsed(path.read_text(encoding="utf-8")), _File)
        _check(told)
        return Rules(told)
    except OSError as error:
        raise InvalidTopics(f"SOCIAL_TOPICS: {path} cannot be read: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError, InvalidPhrase) as error:
        raise InvalidTopics(f"SOCIAL_TOPICS: {path}: {error}. Compare it with {SHIPPED.name} of streams/social.") from None


def _check(told: _File) -> None:
    for name, topic in told.topics.items():
        if not name.isidentifier() or not name.islower():
            raise InvalidPhrase(f"the topic {name!r} is no name: small letters, digits and _ are expected")
        for weights in (*topic.words.values(), *topic.against.values()):
            for written, weight in weights.items():
                phrase(written)
                if not 0 < weight <= 100:
                    raise InvalidPhrase(f"{name}: {written!r} weighs {weight}: more than 0 and at most 100 is expected")


@cache
def _loaded(path: Path) -> Rules:
    return load(path)


def rules() -> Rules:
    """The rules that hold in this process: of SOCIAL_TOPICS, else those that come with the project.

    Raises:
        InvalidTopics: the file cannot be used.
    """
    return _loaded(settings().social_topics or SHIPPED)


__all__ = ["SHIPPED", "UNKNOWN", "InvalidTopics", "Reading", "Rules", "load", "rules"]
