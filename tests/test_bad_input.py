"""Whatever is given to anything that reads, it is read or refused as documented: the targets of `python -m tests.bench bad_input`, in small."""

import random

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from tests.bench.bad_input import TARGETS, Target, give
from tests.bench.bad_input_feeds import KEPT_UNREAD
from tests.bench.mutations import HUGE, Mutations

EXAMPLES = 60


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bytes_are_read_or_refused(target: Target, data: st.DataObject) -> None:
    value = data.draw(
        st.binary(max_size=200) | st.integers(0, 2**63).map(lambda seed: Mutations(target.samples, random.Random(seed)).next())
    )
    _give(target, value)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_is_deep_or_huge_is_read_or_refused(target: Target) -> None:
    sample = target.samples[0]
    for huge in HUGE:
        for at in (0, len(sample) // 2, len(sample)):
            _give(target, sample[:at] + huge + sample[at:])


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_samples_are_valid(target: Target) -> None:
    """Else the mutations would all be refused for the same reason, and prove nothing."""
    read = target.begin()
    assert any(read(sample) is not KEPT_UNREAD for sample in target.samples)


def test_the_same_seed_gives_the_same_inputs() -> None:
    one, other = (Mutations([b'{"a":1}'], random.Random("7 x 0")) for _ in range(2))
    assert [one.next() for _ in range(500)] == [other.next() for _ in range(500)]


def test_a_reader_that_fails_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(value: bytes) -> None:
        if b"9" in value:
            raise KeyError(value[:1])

    monkeypatch.setattr("tests.bench.bad_input.TARGETS", (Target("made up", (b"[1, 9]",), lambda: read),))
    found = give(("made up", 1, 0, 500))
    assert found.inputs == 500
    assert found.crashes
    assert all("KeyError" in what for what in found.crashes)


def test_a_reader_that_takes_too_long_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(value: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr("tests.bench.bad_input.TARGETS", (Target("made up", (b"x",), lambda: read),))
    monkeypatch.setattr("tests.bench.bad_input.LONGEST_SECONDS", 0.05)
    found = give(("made up", 1, 0, 2))
    assert sum(count for count, _ in found.crashes.values()) == 2
    assert all("TooSlow" in what for what in found.crashes)


def _give(target: Target, value: bytes) -> None:
    try:
        target.begin()(value)
    except target.refusals:
        return
