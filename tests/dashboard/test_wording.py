"""Numbers as the screens write them."""

import pytest

from dashboard import wording
from tests.dashboard import sample


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (wording.count(1042), "1,042"),
        (wording.count(-4), "\N{MINUS SIGN}4"),
        (wording.change(612), "+612"),
        (wording.change(-25), "\N{MINUS SIGN}25"),
        (wording.percent(0.712), "71"),
        (wording.percent(0.999), "99"),
        (wording.percent(1.0), "100"),
        (wording.percent(0.001), "1"),
        (wording.percent(0.0), "0"),
        (wording.wait(14.9), "0:14"),
        (wording.wait(277), "4:37"),
        (wording.wait(3900), "1 h 05 min"),
        (wording.age(6), "6 s"),
        (wording.age(125), "2:05"),
        (wording.weeks(3.14), "3.1"),
        (wording.weeks(1134.3), "1,134"),
        (wording.age(3960), "1 h 06 min"),
        (wording.age(86400 * 3), "3 d"),
        (wording.seconds(20), "20 s"),
        (wording.seconds(120), "2:00"),
        (wording.both(11, 15), "11 to 15"),
        (wording.both(0.2, 0.4), "0"),
        (wording.plural(1, "agent"), "1 agent"),
        (wording.plural(2000, "agent"), "2,000 agents"),
        (wording.listed(["A", "B", "C"]), "A, B and C"),
        (wording.listed(["A"]), "A"),
        (wording.listed([]), ""),
        (wording.bold("a**b"), "**ab**"),
        (wording.day(sample.NOW.astimezone(sample.ZONE)), "Tue, Nov 24"),
        (wording.clock(sample.NOW.astimezone(sample.ZONE)), "14:32"),
    ],
)
def test_written(said: str, written: str) -> None:
    assert said == written
