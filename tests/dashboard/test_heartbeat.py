"""When a wall is drawn anew, and when its figures alone are brought."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import emergency_wall, live_wall
from dashboard.ahead import Ahead
from dashboard.edition import first
from dashboard.loader import loader
from dashboard.parts import Shown
from tests.dashboard import sample
from tests.dashboard.test_emergency_figures import known
from tests.dashboard.test_staffing_ahead import half


def page() -> None:
    """A page whose layout is what the test says; it counts."""
    from functools import partial

    import streamlit as st

    from dashboard.heartbeat import Due, heartbeat

    def count(what: str) -> None:
        st.session_state[what] = st.session_state.get(what, 0) + 1

    def due() -> Due:
        layouts = st.session_state["layouts"]
        return Due(layouts.pop(0) if len(layouts) > 1 else layouts[0], partial(count, "brought"))

    drawn = due().layout
    count("drawn")
    heartbeat(drawn, due)


@pytest.mark.parametrize(
    ("layouts", "drawn"),
    [(["calm"], 1), (["calm", "storm"], 2), (["calm", "storm", "storm", "night"], 3)],
    ids=["the same", "another while it was drawn", "another twice"],
)
def test_a_page_whose_layout_is_another_is_drawn_anew_before_figures_are_brought(layouts: list[str], drawn: int) -> None:
    app = AppTest.from_function(page)
    app.session_state["layouts"] = layouts
    app.run()
    assert not app.exception
    assert app.session_state["drawn"] == drawn
    assert app.session_state["brought"] == 1


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a snapshot on the screens."""
    return lambda snapshot: monkeypatch.setattr(loader(), "_edition", first(snapshot))


def test_live_is_another_when_there_is_a_plan_and_not_when_figures_move(shown: Any) -> None:
    shown(sample.snapshot(sample.BUSY))
    without = live_wall.layout(Shown("live"))
    shown(replace(sample.snapshot(), at=sample.NOW + timedelta(seconds=5)))
    assert live_wall.layout(Shown("live")) == without
    shown(replace(sample.snapshot(sample.BUSY), ahead=Ahead(at=sample.NOW, halves=(half(0), half(1)))))
    assert live_wall.layout(Shown("live")) != without


def test_emergency_is_another_with_each_reading_for_its_map_and_with_each_turn_of_its_corner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emergency_wall.time, "time", lambda: 1000.0)
    read = known()
    edition = first(replace(sample.snapshot(), emergency=read))
    before = emergency_wall.layout(edition)
    assert emergency_wall.layout(replace(edition, number=2)) == before
    assert emergency_wall.layout(first(replace(sample.snapshot(), emergency=replace(read, at=read.at + timedelta(seconds=10))))) != before
    monkeypatch.setattr(emergency_wall.time, "time", lambda: 1000.0 + emergency_wall.ROTATE_SECONDS)
    assert emergency_wall.layout(edition) != before
