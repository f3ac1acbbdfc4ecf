"""What a person changes in the approved answers: a new one, a new version, the end of one. It checks and writes, and draws nothing.

Each version is a row, and it and its line in the audit are one statement. An answer keeps its lines; every other word stands on one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dashboard.access.changes import written
from dashboard.incident_rows import Answer, parted
from dashboard.writing import NotKept, words

TOPIC, QUESTION, ANSWER, OWNER, SOURCE, WHO, SEARCH_WORDS = 60, 200, 2_000, 60, 200, 60, 60  # characters
MOST_SEARCH_WORDS = 50
FURTHEST_REVIEW = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTyped:
    """What a person typed; `search_words` are parted by commas, semicolons or lines."""

    topic: str
    question: str
    answer: str
    search_words: str
    owner: str
    source: str
    verified_at: datetime
    review_by: datetime
    who: str


def lines(typed: str, what: str, longest: int) -> str:
    """What a person typed on several lines, each without what cannot be seen; lines without words part, and none stands at the ends.

    Raises:
        NotKept: nothing was typed, or too much.
    """
    words(typed, what, len(typed) + 1)
    kept = "\n".join(words(line, what, len(line) + 1) if line.strip() else "" for line in typed.strip().splitlines())
    if len(kept) > longest:
        raise NotKept(f"Not kept: {what} has {len(kept)} characters. Write at most {longest}.")
    return kept


def save(seen: Answer | None, typed: AnswerTyped, now: datetime) -> None:
    """Keep a new answer, or a new version of one that still is as it was seen.

    Args:
        seen: as the person saw it; None: it is new.
        typed: as it is to be.
        now: the instant.

    Raises:
        NotKept: something is missing or cannot be, or somebody else changed it meanwhile.
        NoAnswer: the database is away.
    """
    searched = [words(one, "what residents look up", SEARCH_WORDS) for one in parted(typed.search_words, ";,")]
    if len(searched) > MOST_SEARCH_WORDS:
        raise NotKept(f"Not kept: {len(searched)} search words. Write at most {MOST_SEARCH_WORDS}.")
    is_new_review = seen is None or typed.review_by != seen.review_by
    if is_new_review and typed.review_by <= now:
        raise NotKept("Not kept: its next review does not lie ahead. Choose a later day.")
    if typed.review_by <= typed.verified_at:
        raise NotKept("Not kept: its next review is not after its verification. Choose a later day.")
    if typed.review_by > now + FURTHEST_REVIEW and is_new_review:
        raise NotKept("Not kept: its next review lies more than three years ahead. Choose an earlier day.")
    params = {
        "topic": words(typed.topic, "the topic", TOPIC),
        "question": words(typed.question, "the question", QUESTION),
        "answer": lines(typed.answer, "the answer", ANSWER),
        "search_words": searched,
        "owner": words(typed.owner, "the owner", OWNER),
        "source": words(typed.source, "the source", SOURCE),
        "verified_at": typed.verified_at.astimezone(UTC),
        "review_by": typed.review_by.astimezone(UTC),
    }
    _write(seen, params, typed.who, retired=False)


def retire(seen: Answer, who: str) -> None:
    """End an answer that still is as it was seen: nobody is to say it any more.

    Raises:
        NotKept: the name is missing, or somebody else changed it meanwhile.
        NoAnswer: the database is away.
    """
    params = {name: getattr(seen, name) for name in ("topic", "question", "answer", "owner", "source", "verified_at", "review_by")}
    _write(seen, params | {"search_words": parted(seen.search_words)}, who, retired=True)


def _write(seen: Answer | None, params: dict[str, object], who: str, *, retired: bool) -> None:
    about = {"answer_id": seen.answer_id if seen else None, "seen_version_id": seen.version_id if seen else None}
    row = written("write-answer", params | about | {"retired": retired, "who": words(who, "your name", WHO)})
    if row is None and seen is not None:
        raise NotKept(f"Not kept: somebody else changed {seen.question!r} meanwhile. Look at it as it is now, then change it.")
