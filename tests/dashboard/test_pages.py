"""Each page draws from a snapshot alone: with everything, with nothing read yet, and with a database that is away."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import loader as loader_module
from dashboard.edition import Edition, first
from dashboard.loader import loader
from dashboard.snapshot import Snapshot
from tests.dashboard import sample

PAGE = Path(loader_module.__file__).parent / "page.py"
NOTHING = Snapshot(at=sample.NOW, city="City 311", zone=sample.ZONE, trouble="No database: start `make demo`.")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[Snapshot], Edition]:
    """Put a snapshot on the screens."""

    def show(snapshot: Snapshot) -> Edition:
        edition = first(snapshot)
        monkeypatch.setattr(loader(), "_edition", edition)
        return edition

    return show


def run(page: str = "", **query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=20)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page:
        app.switch_page(f"views/{page}.py").run()
    assert not app.exception, app.exception[0].message
    return app


def figures(app: AppTest) -> dict[str, Any]:
    """What each component on the page was given."""
    import json

    given = [json.loads(node.proto.json or "{}") for node in app.get("bidi_component")]
    return {data["part"]: data["message"]["figures"][data["part"]] for data in given}


@pytest.mark.parametrize(
    "snapshot", [sample.snapshot(sample.BUSY), sample.snapshot(weeks=0), NOTHING], ids=["busy", "no usual", "nothing read"]
)
@pytest.mark.parametrize("page", ["", "system", "definitions"])
def test_every_page_draws(shown: Any, page: str, snapshot: Snapshot) -> None:
    shown(snapshot)
    run(page)


def test_live_shows_every_part_and_the_chart(shown: Any) -> None:
    shown(sample.snapshot(sample.BUSY))
    app = run()
    given = figures(app)
    assert given["strip"]["headline"] == "Falling behind"
    assert given["longest"]["value"] == "4:37"
    assert set(given) == {
        "strip",
        "waiting",
        "longest",
        "level",
        "free",
        "offered",
        "answer",
        "abandoned",
        "languages",
        "queues",
        "next",
        "ahead",
        "agents",
    }
    assert len(app.get("vega_lite_chart")) == 1


def test_live_without_a_database_is_a_whole_wall_that_knows_nothing(shown: Any) -> None:
    shown(NOTHING)
    given = figures(run())
    assert given["strip"]["headline"] == "Not known"
    assert "No database" in given["strip"]["why"]
    assert given["waiting"]["as_of"] is None


def test_system_shows_its_boards(shown: Any) -> None:
    shown(sample.snapshot())
    assert {"feeds", "consumers", "refusals", "migrations", "snapshot", "lag"} <= set(figures(run("system")))


def test_definitions_put_the_wanted_one_first_and_take_no_word_for_markup(shown: Any) -> None:
    shown(sample.snapshot())
    app = run("definitions")
    assert [heading.value for heading in app.subheader] == ["Waiting now", "Service level"]
    app.query_params["metric"] = "service_level"
    app.run()
    assert [heading.value for heading in app.subheader] == ["Service level", "Waiting now"]
    assert "*all* <answered>" in app.text[0].value


def test_definitions_that_are_not_there_say_why(shown: Any) -> None:
    shown(NOTHING)
    assert "No database" in run("definitions").text[0].value


def test_a_page_is_not_stopped_by_an_unknown_metric(shown: Any) -> None:
    shown(replace(sample.snapshot()))
    app = run("definitions")
    app.query_params["metric"] = "<script>"
    app.run()
    assert not app.exception


@pytest.mark.parametrize(("wall", "part"), [("live", "waiting"), ("map", "wm_types"), ("emergency", "em_contacts")])
@pytest.mark.parametrize("scale", ["1", "1.25"])
def test_a_display_draws_the_page_that_its_address_names(shown: Any, wall: str, part: str, scale: str) -> None:
    shown(sample.snapshot())
    given = figures(run(wall=wall, scale=scale))
    assert {"display", part} <= given.keys()
    assert ("agents" in given) == (wall == "live" and scale == "1")


def test_a_display_of_some_queues_shows_these_alone(shown: Any) -> None:
    shown(sample.snapshot(sample.BUSY))
    given = figures(run(wall="live", queue="spanish,gone"))
    assert [row["name"] for row in given["queues"]["rows"]] == ["Spanish"]
    assert "languages" not in given
