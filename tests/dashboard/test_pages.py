"""Each page draws from a snapshot alone: with everything, with nothing read yet, and with a database that is away."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import desk, loader as loader_module
from dashboard.access import session
from dashboard.access.roles import PAGES, ROLES, Role
from dashboard.access.visitor import Visitor
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


def given(app: AppTest) -> list[dict[str, Any]]:
    """What each component on the page was given."""
    return [json.loads(node.proto.json or "{}") for node in app.get("bidi_component")]


def figures(app: AppTest) -> dict[str, Any]:
    """What each component on the page shows."""
    return {data["part"]: data["message"]["figures"][data["part"]] for data in given(app) if data["part"] != "pulse"}


def of_editions(app: AppTest) -> dict[str, Any]:
    """Those that an edition has: what a map means the page makes itself."""
    return {key: figure for key, figure in figures(app).items() if not key.endswith("_legend")}


def brought(app: AppTest, by: str = "pulse") -> dict[str, Any]:
    """What the heartbeat of a page brings."""
    return next(dict(data["message"]["figures"]) for data in given(app) if data["part"] == by)


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
        "agents_named",
    }
    assert len(app.get("vega_lite_chart")) == 1


@pytest.mark.parametrize("page", ["", "emergency", "system"])
def test_a_heartbeat_brings_every_figure_that_stands_on_the_page(shown: Any, page: str) -> None:
    shown(sample.snapshot(sample.BUSY))
    app = run(page)
    standing = of_editions(app)
    assert len(standing) > 4
    assert standing.items() <= brought(app).items()


@pytest.mark.parametrize("wall", ["live", "map", "emergency"])
@pytest.mark.parametrize("queue", ["", "spanish"])
def test_a_heartbeat_of_a_display_brings_every_figure_of_the_page_that_is_up(shown: Any, wall: str, queue: str) -> None:
    shown(sample.snapshot(sample.BUSY))
    app = run(wall=wall, queue=queue)
    standing = of_editions(app)
    assert len(standing) > 4
    assert standing.items() <= brought(app, "display").items()


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


@pytest.fixture
def asked_by(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Somebody with these roles has signed in; nobody: whose sign-in has ended."""

    def ask(*roles: Role, nobody: bool = False) -> None:
        visitor = None if nobody else Visitor("person", "Dana Cole (dana@example.gov)", frozenset(roles), 1e11)
        monkeypatch.setattr(session, "present", lambda: visitor)

    return ask


@pytest.mark.parametrize("page", desk.PAGES)
def test_a_page_opens_for_its_roles_alone(shown: Any, asked_by: Any, database_away: str, page: str) -> None:
    shown(sample.snapshot())
    allowed = [role for role in ROLES if role in PAGES[page]]
    asked_by(allowed[-1])
    run_as(page)
    for role in ROLES:
        if role not in allowed:
            asked_by(role)
            app = run_as(page)
            assert any(f"This page is not for your roles ({role})" in one.value for one in app.text)
            assert figures(app).keys() <= {"signed", "watch"}
    asked_by(nobody=True)
    app = run_as(page)
    assert [one.value for one in app.title] == ["Your sign-in has ended"]
    assert not figures(app)


def run_as(page: str) -> AppTest:
    """Open a page by its address, as a browser does."""
    app = AppTest.from_file(str(PAGE), default_timeout=20)
    app.switch_page(f"views/{page}.py")
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def test_the_live_wall_tells_agents_apart_for_supervisors_only(shown: Any, asked_by: Any) -> None:
    shown(sample.snapshot())
    for role in ROLES:
        asked_by(role)
        assert {"agents", "agents_named"} & set(figures(run())) == {"agents_named" if role == "supervisor" else "agents"}


def test_the_links_lead_where_one_may_go_and_say_who_is_signed_in(shown: Any, asked_by: Any) -> None:
    shown(sample.snapshot())
    asked_by("viewer")
    app = run_as("definitions")
    assert [link.proto.label for link in app.get("page_link")] == ["Live", "Emergency", "Map", "Departments", "Definitions"]
    assert figures(app)["signed"]["name"] == "Dana Cole (dana@example.gov)"


@pytest.mark.parametrize(("wall", "part"), [("live", "waiting"), ("map", "wm_types"), ("emergency", "em_contacts")])
@pytest.mark.parametrize("scale", ["1", "1.25"])
def test_a_display_draws_the_page_that_its_address_names(shown: Any, wall: str, part: str, scale: str) -> None:
    shown(sample.snapshot())
    given = figures(run(wall=wall, scale=scale))
    assert {"display", part} <= given.keys()
    assert ("agents_named" in given) == (wall == "live" and scale == "1")


def test_all_pages_of_a_display_stand_there_from_the_beginning(shown: Any) -> None:
    shown(sample.snapshot())
    app = run(wall="live,map,emergency")
    standing = of_editions(app)
    assert {"waiting", "wm_types", "em_contacts"} <= standing.keys()
    assert standing.items() <= brought(app, "display").items()


def test_a_display_of_some_queues_shows_these_alone(shown: Any) -> None:
    shown(sample.snapshot(sample.BUSY))
    given = figures(run(wall="live", queue="spanish,gone"))
    assert [row["name"] for row in given["queues"]["rows"]] == ["Spanish"]
    assert "languages" not in given
