"""What posts are about, by the shipped rules: how well, measured on real and on written posts, and what the rules never do."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

from streams.social import languages
from streams.social.topics import SHIPPED, InvalidTopics, Reading, load
from streams.social.words import InvalidPhrase, Phrases, phrase, plain, words
from tests.streams.social_posts import WRITTEN

RULES = load(SHIPPED)
LABELS = Path(__file__).parent / "social_labels.txt"
QUESTION, RUMOR = "?", "!"


class Share(NamedTuple):
    """Hits among so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 1.0


class Label(NamedTuple):
    """What a person read in a real post."""

    part: str
    digest: str
    topics: frozenset[str]
    asks: bool


def labels() -> list[Label]:
    found = []
    for line in LABELS.read_text().splitlines():
        if not line.startswith("#"):
            part, digest, topics, *asks = line.split()
            found.append(Label(part, digest, frozenset(topics.split(",")) - {"-"}, asks == ["?"]))
    return found


def scored(pairs: Iterable[tuple[frozenset[str], frozenset[str]]]) -> dict[str, tuple[Share, Share]]:
    """Precision and recall of each topic, from pairs of what was wanted and what was found."""
    wanted, found, both = Counter[str](), Counter[str](), Counter[str]()
    for want, got in pairs:
        wanted.update(want)
        found.update(got)
        both.update(want & got)
    return {topic: (Share(both[topic], found[topic]), Share(both[topic], wanted[topic])) for topic in sorted(wanted | found)}


def marks(reading: Reading) -> frozenset[str]:
    return frozenset(reading.topics) | ({QUESTION} if reading.question else set()) | ({RUMOR} if reading.rumor else set())


@pytest.fixture(scope="module")
def real(reference_data: Path) -> dict[str, list[tuple[Label, Reading]]]:
    """Of each part of the labelled posts the labels, and what the rules read."""
    lines = (reference_data / "social" / "storm_posts_2014-11.jsonl").read_text().splitlines()
    texts = {hashlib.sha256(text.encode()).hexdigest()[:12]: text for text in (json.loads(line)["text"] for line in lines)}
    found: dict[str, list[tuple[Label, Reading]]] = {}
    for label in labels():
        found.setdefault(label.part, []).append((label, RULES.read(texts[label.digest])))
    return found


FLOORS = {  # of the posts that were kept back: precision, recall
    "closures": (0.85, 0.8),
    "flooding": (0.95, 0.9),
    "plowing": (0.8, 0.85),
}


@pytest.mark.reference
@pytest.mark.parametrize("topic", FLOORS)
def test_topics_of_real_posts_that_were_kept_back(real: dict[str, list[tuple[Label, Reading]]], topic: str) -> None:
    precision, recall = scored((label.topics, frozenset(reading.topics)) for label, reading in real["h"])[topic]
    assert precision.of >= 30
    assert recall.of >= 30
    assert precision.value >= FLOORS[topic][0], precision
    assert recall.value >= FLOORS[topic][1], recall


@pytest.mark.reference
def test_what_the_rules_found_among_posts_that_nobody_had_read(real: dict[str, list[tuple[Label, Reading]]]) -> None:
    told = [(bool(label.topics), bool(reading.topics)) for label, reading in real["n"] if reading.topics]
    right = Share(sum(want for want, _ in told), len(told))
    assert right.of >= 25
    assert right.value >= 0.8, right


@pytest.mark.reference
def test_most_posts_of_a_storm_ask_the_city_for_nothing(real: dict[str, list[tuple[Label, Reading]]]) -> None:
    """Drawn evenly from all of them: none of those in which a person read no topic gets one."""
    none = [(label, reading) for label, reading in real["u"] if not label.topics]
    assert len(none) >= 135
    wrong = [label.digest for label, reading in none if reading.topics or reading.question or reading.rumor]
    assert len(wrong) <= 1, wrong


@pytest.mark.reference
def test_questions_of_real_posts(real: dict[str, list[tuple[Label, Reading]]]) -> None:
    pairs = [(label, reading) for part in real.values() for label, reading in part if label.topics]
    precision, recall = scored(
        (frozenset({QUESTION} if label.asks else ()), frozenset({QUESTION} if reading.question else ())) for label, reading in pairs
    )[QUESTION]
    assert recall.of >= 30
    assert precision.value >= 0.7, precision
    assert recall.value >= 0.7, recall


@pytest.mark.reference
def test_as_many_posts_were_labelled_as_is_said(real: dict[str, list[tuple[Label, Reading]]]) -> None:
    assert {part: len(many) for part, many in real.items()} == {"d": 446, "h": 304, "u": 149, "n": 29}


@pytest.mark.parametrize("kept_back", [False, True], ids=["with which the rules were made", "kept back"])
def test_written_posts(kept_back: bool) -> None:
    """Every topic in English and Spanish, and those that only sound like one."""
    pairs = [
        (post.topics | ({QUESTION} if post.question else set()) | ({RUMOR} if post.rumor else set()), marks(RULES.read(post.text)))
        for post in WRITTEN[int(kept_back) :: 2]
    ]
    measured = scored(pairs)
    assert set(measured) >= {*RULES.titles, QUESTION, RUMOR}
    low = {topic: both for topic, both in measured.items() if min(both[0].value, both[1].value) < 0.8}
    assert low == {}


def test_every_topic_is_there_with_a_title() -> None:
    assert set(RULES.titles) == {
        *("parking", "street_cleaning", "trash", "plowing", "power", "flooding", "trees", "shelter", "transit", "closures")
    }
    assert all(title and title[0].isupper() for title in RULES.titles.values())


@given(st.text(max_size=300), st.none() | st.text(max_size=8))
def test_any_text_is_read(text: str, language: str | None) -> None:
    reading = RULES.read(text, language)
    assert set(reading.topics) <= set(RULES.titles)
    assert RULES.read(text, language) == reading


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("no power", {"power"}),
        ("NO POWER!!!", {"power"}),
        ("#NoPower since six", {"power"}),
        ("No hay LUZ en mi casa", {"power"}),
        ("knowledge is power", set()),
        ("piano powerhouse", set()),
        ("see https://example.org/no-power-outage", set()),
        ("@no_power_outage hello", set()),
        ("two things: power outage, and a fallen tree", {"power", "trees"}),
        ("", set()),
    ],
)
def test_whole_words_without_addresses_and_accounts(text: str, topics: set[str]) -> None:
    assert set(RULES.read(text).topics) == topics


@pytest.mark.parametrize(
    ("text", "question", "rumor"),
    [
        ("Who wants pizza?", False, False),
        ("When will you plow our street?", True, False),
        ("Anyone know the number for 311", True, False),
        ("Heard a rumor about my neighbors", False, False),
        ("Rumor: the mayor orders everybody to evacuate", False, True),
        ("look at https://example.org/?a=b the plow", False, False),
    ],
)
def test_a_question_or_a_rumor_counts_where_it_concerns_the_city(text: str, question: bool, rumor: bool) -> None:
    reading = RULES.read(text)
    assert (reading.question, reading.rumor) == (question, rumor)


LANGUAGES = {
    "en": "When will the trash be picked up on our street?",
    "es": "No han recogido la basura en nuestra calle desde el martes",
    "zh": "什么时候收垃圾？",
    "vi": "Khu phố của tôi bị mất điện từ sáng nay",
    "ru": "У нас нет света уже три часа, когда включат электричество?",
    "uk": "Коли приберуть сніг на нашій вулиці? Дуже слизько",
    "ar": "متى سيتم إزالة الثلج من شارعنا؟",
    "fr": "Quand est-ce que les ordures sont ramassées dans notre rue ?",
    "pt": "Não há luz na minha rua desde ontem à noite",
    "ht": "Nou pa gen kouran depi yè swa, kilè li ap tounen?",
    "ko": "우리 동네 언제 제설하나요?",
    "km": "តើនៅពេលណាពួកគេនឹងប្រមូលសំរាម?",
    "it": "Quando passano a raccogliere la spazzatura nella nostra strada?",
    "pl": "Kiedy odśnieżą naszą ulicę? Nie ma prądu od rana",
    "hi": "हमारी गली में बिजली कब आएगी?",
    "bn": "আমাদের রাস্তায় কখন ময়লা নেবে?",
    "sq": "Kur do të pastrohet rruga jonë nga bora? Nuk kemi drita që dje",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_languages_of_the_city(language: str) -> None:
    assert languages.detect(LANGUAGES[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "❄️⛄️",
        "Wow!",
        "https://example.org/",
        "@someone",
        "Wann wird bei uns endlich der Schnee geräumt?",
        "いつ雪かきしますか",
        "چه زمانی برف پارو می کنند؟",
    ],
    ids=["nothing", "pictures", "a word", "an address", "an account", "German", "Japanese", "Persian"],
)
def test_what_is_not_sure_is_unknown(text: str) -> None:
    assert languages.detect(text) == languages.UNKNOWN


@pytest.mark.parametrize(
    ("told", "expected"),
    [("en", "en"), ("en-US", "en"), ("EN_us", "en"), ("zho", "zh"), ("und", None), ("", None), (None, None), ("!", None)],
)
def test_a_language_as_a_service_tells_it(told: str | None, expected: str | None) -> None:
    assert languages.code(told) == expected


def test_what_the_service_says_goes_before_the_words() -> None:
    assert RULES.read("No power here and the kids are cold", "es").language == "es"


@pytest.mark.parametrize(
    ("written", "text", "stands"),
    [
        ("plow*", "the plows came", True),
        ("plow", "the plows came", False),
        ("no power", "no more power", False),
        ("tree ~ street", "the street is blocked by a tree", True),
        ("tree ~ street", "a tree " + "very " * 9 + "far from the street", False),
        ("停电", "我们这里停电了", True),
        ("arbol ~ caido", "Un ÁRBOL enorme caído", True),
        ("don't plow", "They don’t plow", True),
    ],
)
def test_a_phrase(written: str, text: str, stands: bool) -> None:
    assert (Phrases([(written, 7)]).found(words(plain(text))) == {7}) is stands


@pytest.mark.parametrize("written", ["", "*", "a ~", "pl*ow", "!!!", "a ~ ~ b"])
def test_a_phrase_that_cannot_be_used(written: str) -> None:
    with pytest.raises(InvalidPhrase):
        phrase(written)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("topics = 3", "topics", id="no topics"),
        pytest.param("[topics.a\n", "", id="no TOML"),
        pytest.param('[topics.a]\ntitle = "A"\nword = {}', "word", id="another name"),
        pytest.param('[topics.a]\ntitle = "A"\n[topics.a.words.en]\n"x" = "much"', "float", id="no number"),
        pytest.param('[topics.a]\ntitle = "A"\n[topics.a.words.en]\n"x ~" = 1', "both sides of ~", id="no phrase"),
        pytest.param('[topics.a]\ntitle = "A"\n[topics.a.words.en]\n"x" = -1', "weighs", id="a weight below 0"),
        pytest.param('[topics."a b"]\ntitle = "A"\n[topics."a b".words.en]\n"x" = 1', "is no name", id="no name"),
    ],
)
def test_a_file_of_topics_that_cannot_be_used_is_said(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "topics.toml"
    file.write_text(content)
    with pytest.raises(InvalidTopics, match=r"SOCIAL_TOPICS: .*topics\.toml") as caught:
        load(file)
    assert says in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidTopics, match="cannot be read: No such file"):
        load(tmp_path / "none.toml")


def test_a_citys_own_topics(tmp_path: Path) -> None:
    file = tmp_path / "topics.toml"
    file.write_text('[topics.ferry]\ntitle = "Ferry"\n[topics.ferry.words.any]\n"ferry" = 1\n[topics.ferry.against.en]\n"ferry tale" = 1\n')
    own = load(file)
    assert own.read("The ferry is late").topics == ("ferry",)
    assert own.read("A ferry tale").topics == ()
    assert own.read("No power").topics == ()
