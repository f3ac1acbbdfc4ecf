"""Which approved answer answers what residents look up: by its search words, its question or its topic, and rather none than a wrong one."""

from datetime import UTC, datetime

import pytest

from dashboard.approved_matching import Asked, answering, folded, found, unanswered
from dashboard.incident_rows import Answer, Search, Topic, parted

AT = datetime(2026, 1, 25, tzinfo=UTC)


def answer(number: int, question: str, search_words: str = "", topic: str = "Streets and roads", said: str = "Soon.") -> Answer:
    return Answer(number, number, topic, question, said, search_words, "Streets", "plan", AT, AT, AT, "Ann", overdue=False)


PLOWED = answer(1, "When is my street plowed?", "plow; snow plow map; Cuándo limpian", "plowing")
TRASH = answer(2, "Is trash collected during the storm?", "trash delay", "trash")
ANSWERS = (PLOWED, TRASH)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        pytest.param("plow", PLOWED, id="a search word"),
        pytest.param("Snow  PLOW map?", PLOWED, id="in any case of letters"),
        pytest.param("plows on 5th st", PLOWED, id="a search word among others, a plural"),
        pytest.param("cuando limpian", PLOWED, id="without its accents"),
        pytest.param("street plowed", PLOWED, id="two words of the question"),
        pytest.param("plowing", PLOWED, id="the topic"),
        pytest.param("trash delays", TRASH, id="a plural of a search word"),
        pytest.param("trash", TRASH, id="the topic in one word"),
        pytest.param("storm", None, id="one word of a question alone"),
        pytest.param("delay", None, id="a part of a search word"),
        pytest.param("street parking", None, id="a word that no question has"),
        pytest.param("when is my", None, id="words that say nothing"),
        pytest.param("", None, id="nothing"),
        pytest.param("!!! ***", None, id="signs"),
        pytest.param("map", None, id="the last word of a search word"),
    ],
)
def test_what_answers(asked: str, wanted: Answer | None) -> None:
    assert answering(asked, ANSWERS) is wanted


def test_an_answer_without_search_words_answers_by_its_question_alone() -> None:
    bare = answer(3, "Are schools open?")
    assert answering("schools open", (bare,)) is bare
    assert answering("schools", (bare,)) is None


def test_what_has_no_answer_stands_by_how_often_it_was_asked() -> None:
    searches = [Search("bulk pickup", 90, 9), Search("plow", 50, 40), Search("<b>salt</b>", 12, 12), Search("atlas", 9, 9)]
    topics = [Topic("trash", 30), Topic("street_cleaning", 20), Topic("trees", 0)]
    assert unanswered(searches, topics, ANSWERS) == (
        Asked("street_cleaning", 0, 20),
        Asked("<b>salt</b>", 12, 0),
        Asked("atlas", 9, 0),
        Asked("bulk pickup", 9, 0),
    )
    assert [one.words for one in unanswered(searches, topics, ())][:2] == ["plow", "trash"]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        pytest.param("", ANSWERS, id="nothing shows all"),
        pytest.param("plow", (PLOWED,), id="a word"),
        pytest.param("tras stor", (TRASH,), id="parts of words, all of them"),
        pytest.param("soon", ANSWERS, id="in the answer itself"),
        pytest.param("plow trash", (), id="not both"),
    ],
)
def test_a_search_finds_the_answers_with_all_its_words(typed: str, wanted: tuple[Answer, ...]) -> None:
    assert found(ANSWERS, typed) == wanted


def test_words_are_folded_alike_and_plurals_are_singulars() -> None:
    assert folded("Companies' BUSES — glass, Straße") == ("company", "bus", "glass", "strass")
    assert folded("this bus is us") == ("this", "bus", "is", "us")
    assert folded("houses boxes trees closures") == folded("house box tree closure")


def test_a_list_is_parted_by_its_signs_and_lines() -> None:
    assert parted(" North ;;South\nNorth; East  Side") == ["North", "South", "East Side"]
    assert parted("a,b;c", ";,") == ["a", "b", "c"]
    assert parted("a,b;c") == ["a,b", "c"]
