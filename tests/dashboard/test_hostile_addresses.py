"""Whatever stands behind the question mark of a page's address, the page draws itself: a figure or a sentence, never an error box."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import loader as loader_module
from streams import events
from tests import hostile, request_samples

PAGE = Path(loader_module.__file__).parent / "page.py"
NAMES = {
    "emergency": ("incident", "hour", "play", "speed", "areas"),
    "incident": ("incident",),
    "map": ("period", "from", "to", "type", "mode", "cell", "area", "kind", "tall", "show"),
    "departments": ("at", "department", "type", "state"),
    "staffing": ("queue", "day", "from", "scenario", "weather", "week"),
    "weekly": ("week",),
    "definitions": ("metric",),
}
VALUES = {
    **{name: hostile.EVERYTHING[name] for name in ("script", "sql", "nul")},
    "minus one": "-1",
    "digits without end": "9" * 5_000,
    "no number": "nan",
    "the first day": "0001-01-01",
    "the last day": "9999-12-31",
    "the last instant": "9999-12-31T23:59:59-15:59",
    "the last week": "9999-W52",
}


@pytest.fixture
def filled(database: str, in_process: None) -> Iterator[None]:
    """A few requests and an incident, so that the pages have something to draw."""
    st.cache_data.clear()
    now = datetime.now(UTC).replace(microsecond=0)
    with psycopg.connect(database, autocommit=True) as connection:
        told = [
            events.RequestSnapshot(
                f"r{n}", "open", now - timedelta(days=n), service_name="Pothole", department="Streets", lat=39.9, long=-75.1
            )
            for n in range(20)
        ]
        request_samples.write(connection, told)
        connection.execute(
            "INSERT INTO incident (name, kind, onset_at, opened_at) VALUES ('Hale', 'snow', now() - interval '9 hours', now() - interval '8 hours')"
        )
    yield
    st.cache_data.clear()


@pytest.mark.parametrize("page", NAMES)
def test_any_question_is_answered(filled: None, page: str) -> None:
    app = AppTest.from_file(str(PAGE), default_timeout=120)
    app.run()
    app.switch_page(f"views/{page}.py")
    failed: dict[str, Any] = {}
    for case, value in VALUES.items():
        for together in (NAMES[page], *((name,) for name in NAMES[page])) if case == "the last day" else (NAMES[page],):
            _asked(app, page, together, value)
            if app.exception:
                failed[f"{case} in {'&'.join(together)}"] = app.exception[0].message
    assert not failed


def _asked(app: AppTest, page: str, names: tuple[str, ...], value: str) -> None:
    for name in list(app.query_params):
        del app.query_params[name]
    for name in names:
        app.query_params[name] = "range" if (page, name, len(names) > 1) == ("map", "period", True) and value[:1].isdecimal() else value
    app.run()
