"""The address of a display: whatever it holds a wall comes of it, and each thing that cannot be used is one sentence."""

import pytest
from hypothesis import given, strategies as st

from dashboard.wall_setup import KNOWN, Setup, chosen_queues, setup_of

QUEUES = {"general": "General", "spanish": "Spanish", "trash": "Trash & recycling"}


def test_an_address_sets_up_the_whole_display() -> None:
    setup = setup_of(
        {"wall": "live, map,emergency,live", "every": "45", "scale": "1.25", "theme": "dark", "queue": "spanish,general", "pin": "no"}
    )
    assert setup == Setup(("live", "map", "emergency"), 45, 1.25, ("spanish", "general"), pins=False, problems=())


def test_what_is_not_said_is_as_it_usually_is() -> None:
    assert setup_of({"wall": "map", "embed_options": "dark_theme"}) == Setup(("map",), 30, 1.0, (), pins=True, problems=())


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"wall": "live,weekly"}, "wall=weekly is no page of a wall: write live, map and emergency, parted by commas."),
        ({"wall": ""}, "wall= names no page: write live, map and emergency, parted by commas."),
        ({"wall": "live", "every": "2"}, "every=2 cannot be used: write 5 to 3600 seconds. It is 30 now."),
        ({"wall": "live", "every": "soon"}, "every=soon cannot be used: write 5 to 3600 seconds. It is 30 now."),
        ({"wall": "live", "every": "nan"}, "every=nan cannot be used: write 5 to 3600 seconds. It is 30 now."),
        ({"wall": "live", "scale": "9"}, "scale=9 cannot be used: write 0.5 to 1.25 times. It is 1 now."),
        ({"wall": "live", "theme": "pink"}, "theme=pink is not known: write dark or light."),
        ({"wall": "live", "pin": "maybe"}, "pin=maybe is not known: write yes or no."),
        ({"wall": "live", "evry": "5"}, "evry= is not known: a wall takes wall=, every=, scale=, theme=, queue= and pin=."),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_cannot_be_used_is_said_and_the_rest_is_used(params: dict[str, str], sentence: str) -> None:
    setup = setup_of(params)
    assert setup.problems == (sentence,)
    assert setup.pages == ("live",)
    assert (setup.every_seconds, setup.scale) == (30, 1.0)


@given(st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=5), st.text(max_size=60), max_size=8))
def test_any_address_gives_a_wall(params: dict[str, str]) -> None:
    setup = setup_of(params)
    assert setup.pages
    assert 5 <= setup.every_seconds <= 3600
    assert 0.5 <= setup.scale <= 1.25
    assert all(len(sentence) < 250 and sentence.isprintable() for sentence in setup.problems)


@pytest.mark.parametrize(("scale", "height"), [(0.5, 1056), (1.0, 1056), (1.25, 840)])
def test_an_enlarged_wall_has_less_room(scale: float, height: int) -> None:
    assert setup_of({"wall": "live", "scale": str(scale)}).height == height


def test_queues_stand_in_their_own_order() -> None:
    assert chosen_queues(("spanish", "general"), QUEUES) == (("general", "spanish"), "")


def test_an_unknown_queue_is_named_and_the_others_are_shown() -> None:
    chosen, sentence = chosen_queues(("spanish", "gone"), QUEUES)
    assert chosen == ("spanish",)
    assert sentence == "There is no queue gone: there are general, spanish and trash. Shown are the others."
    assert chosen_queues(("gone",), QUEUES)[0] == ()
    assert chosen_queues(("gone",), QUEUES)[1].endswith("Shown are all queues.")


def test_before_any_queue_is_known_nothing_is_wrong() -> None:
    assert chosen_queues(("gone",), {}) == ((), "")
