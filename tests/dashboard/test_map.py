"""The map without a browser: what an address means, how cells are coloured, what the words say, and that nothing is asked of the internet."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from dashboard import map_cells, map_deck, map_figures
from dashboard.map_deck import Base
from dashboard.map_view import LONGEST_RANGE, Incident, view_of
from dashboard.tokens import COUNTS, MODES, RATIO
from tests.dashboard import sample

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 24, 19, 32, 17, tzinfo=UTC)
IRENE = Incident("Irene", NOW - timedelta(days=3), NOW - timedelta(days=1))
CELLS = ["882a306633fffff", "882a3066c1fffff", "882a306639fffff", "882a3066b1fffff"]


def view(**query: str) -> Any:
    return view_of(query, NOW, ZONE, {"Irene": IRENE})


@pytest.mark.parametrize(
    ("query", "hours", "ends_at", "problem"),
    [
        pytest.param({}, 24, "2026-11-24T19:32:00+00:00", "", id="nothing: the last 24 hours, to the half minute"),
        pytest.param({"period": "1h"}, 1, "2026-11-24T19:32:00+00:00", "", id="the last hour"),
        pytest.param({"period": "7d", "at": "2011-08-29T00:00"}, 168, "2011-08-29T04:00:00+00:00", "", id="a week until a past instant"),
        pytest.param({"period": "incident:Irene"}, 48, "2026-11-23T19:32:17+00:00", "", id="an incident"),
        pytest.param(
            {"period": "range", "from": "2026-10-31", "to": "2026-11-02"},
            49,
            "2026-11-02T05:00:00+00:00",
            "",
            id="two days when the clocks go back",
        ),
        pytest.param(
            {"period": "range", "from": "2026-11-02", "to": "2026-11-01"},
            24,
            "2026-11-01T04:00:00+00:00",
            "The period is empty",
            id="backwards",
        ),
        pytest.param(
            {"period": "range", "from": "2020-01-01", "to": "2026-11-01"},
            92 * 24,
            "2026-11-01T04:00:00+00:00",
            "longer than 92 days",
            id="too long",
        ),
        pytest.param({"period": "forever"}, 24, "2026-11-24T19:32:00+00:00", "no period 'forever'", id="no period"),
        pytest.param({"at": "<script>"}, 24, "2026-11-24T19:32:00+00:00", "is not an ISO 8601 time", id="no instant"),
    ],
)
def test_what_an_address_means(query: dict[str, str], hours: int, ends_at: str, problem: str) -> None:
    shown = view(**query)
    assert (shown.ends_at - shown.starts_at) / timedelta(hours=1) == hours
    assert shown.ends_at.astimezone(UTC).isoformat() == ends_at
    assert problem in shown.problem
    assert bool(problem) == bool(shown.problem)


@given(
    st.dictionaries(st.sampled_from(["period", "at", "from", "to", "state", "show", "department", "cell", "areas"]), st.text(max_size=30))
)
def test_any_address_is_a_view(query: dict[str, str]) -> None:
    shown = view_of(query, NOW, ZONE, {"Irene": IRENE})
    assert shown.starts_at < shown.ends_at
    assert shown.ends_at - shown.starts_at <= LONGEST_RANGE + timedelta(hours=1)
    assert (shown.state in ("all", "open", "overdue"), shown.shown in ("counts", "ratio")) == (True, True)


def hot_spots(*rows: tuple[str | None, str | None, int, float | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["cell", "location_defect", "requests", "usual"])
    frame["usual"] = frame["usual"].astype("float64")
    return frame.assign(ratio=(frame["requests"] + 2) / (frame["usual"] + 2))


FOUND = hot_spots(
    (CELLS[0], None, 40, 5.0), (CELLS[1], None, 5, 5.0), (CELLS[2], None, 2, 1.0), (CELLS[3], None, 0, 9.0),
    (None, "default_geocode", 38, 4.0), (None, "no_location", 12, 4.0), (None, "outside_city", 0, 1.0),
)  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_counts_are_coloured_by_quantile_the_most_furthest_from_the_ground(mode: Any) -> None:
    cells = map_cells.cells_of(FOUND, mode, "counts")
    assert cells.rows["cell"].tolist() == CELLS[:3]
    assert cells.rows["fill"].tolist() == [map_cells.rgb(COUNTS[mode][step], map_cells.CELL_ALPHA) for step in (9, 4, 0)]
    assert map_cells.legend(cells, mode, "counts")["marks"] == ["2", "5", "40"]


@pytest.mark.parametrize("mode", MODES)
def test_a_ratio_of_too_few_has_no_colour_and_a_loud_one_an_outline(mode: Any) -> None:
    cells = map_cells.cells_of(FOUND, mode, "ratio")
    fill = dict(zip(cells.rows["cell"], cells.rows["fill"], strict=True))
    assert fill[CELLS[0]] == map_cells.rgb(RATIO[mode][9], map_cells.CELL_ALPHA)
    assert fill[CELLS[1]] == map_cells.rgb(RATIO[mode][5], map_cells.CELL_ALPHA)
    assert fill[CELLS[2]][3] == map_cells.THIN_ALPHA
    assert fill[CELLS[3]] == map_cells.rgb(RATIO[mode][0], map_cells.CELL_ALPHA)
    assert cells.rows[cells.rows["loud"]]["cell"].tolist() == [CELLS[0]]


def test_what_is_on_no_map_is_said_in_words() -> None:
    words = map_cells.located_words(map_cells.cells_of(FOUND, "dark", "counts"))
    assert words == "97 requests: 47 on the map, 38 at a default geocode, 12 without a place (52% have no usable place)"
    assert map_cells.located_words(map_cells.cells_of(FOUND.head(0), "dark", "counts")) == "No requests in this period"


@given(st.lists(st.integers(1, 500), min_size=1, max_size=80))
def test_every_count_has_a_class(counts: list[int]) -> None:
    bounds = map_cells.quantiles(counts)
    assert bounds == sorted(set(bounds))
    assert bounds[-1] == max(counts)
    assert len(bounds) <= 10


@pytest.mark.parametrize("extruded", [False, True])
def test_a_map_asks_nothing_of_the_internet_and_holds_no_words_of_residents(extruded: bool) -> None:
    base = Base("/api/areas/district.geojson?key=k", ((-71.06, 42.36, "<b>District 1</b>"),), (42.3, -71.1, 11.0))
    deck = json.loads(map_deck.deck(map_cells.cells_of(FOUND, "dark", "counts"), base, "dark", extruded=extruded).to_json())
    assert deck.get("mapProvider") is None
    assert re.findall(r"https?://[^\"']+", json.dumps(deck)) == []
    assert [layer["id"] for layer in deck["layers"]] == ["water", "land", "cells-0", *([] if extruded else ["loud"]), "borders", "names"]


@pytest.mark.parametrize("extruded", [False, True])
def test_the_chosen_cell_is_marked_and_a_click_makes_a_new_layer(extruded: bool) -> None:
    cells, base = map_cells.cells_of(FOUND, "dark", "counts"), Base(None, (), (42.3, -71.1, 11.0))
    deck = json.loads(map_deck.deck(cells, base, "dark", extruded=extruded, chosen=CELLS[1], clicks=3).to_json())
    by_id = {layer["id"]: layer for layer in deck["layers"]}
    assert map_deck.cells_layer(3) in by_id
    assert by_id["chosen"]["data"][0].get("cell" if not extruded else "name") == (CELLS[1] if not extruded else "5 requests, usually 5.0")
    none = json.loads(map_deck.deck(cells, base, "dark", extruded=extruded, chosen="no cell").to_json())
    assert "chosen" not in {layer["id"] for layer in none["layers"]}


def test_the_camera_shows_the_whole_city_and_stays_within_its_limits() -> None:
    camera = map_cells.camera(39.88, -75.27, 40.13, -74.97)
    assert (camera["latitude"], camera["longitude"]) == (pytest.approx(40.005), pytest.approx(-75.12))
    assert 9.5 < camera["zoom"] < 11.5
    assert map_cells.centre_of([CELLS[0]])["zoom"] == 13.0
    assert map_cells.centre_of(["no cell"])["zoom"] == 1.0


def groups(*rows: tuple[str, int, float | None, float | None, bool]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["name", "requests", "usual", "p", "stands_out"])
    frame[["usual", "p"]] = frame[["usual", "p"]].astype("float64")
    return frame.assign(ratio=(frame["requests"] + 2) / (frame["usual"] + 2))


def test_what_stands_out_comes_first_in_words() -> None:
    found = groups(
        ("Tree <b>", 752, 2.25, 0.0, True), ("Pothole", 90, 88.0, 0.4, False), ("Rare", 2, 0.1, 0.001, False), ("Light", 7, 0.75, 1e-4, True),
        ("New", 9, None, None, False), ("Gone", 0, 5.0, 1.0, False),
    )  # fmt: skip
    board = map_figures.board(found, "Types", sample.NOW, {"Pothole": "/map?type=Pothole"})
    assert [(row["name"], row["status"], row["verdict"]) for row in board["rows"]] == [
        ("Tree <b>", "watch", "Yes: under 1 in a million"),
        ("Light", "watch", "Yes: 1 in 10,000"),
        ("Pothole", "ok", "No"),
        ("New", "ok", "No usual yet"),
        ("Rare", "ok", "Too few to say"),
    ]
    assert board["title"] == "Types: **2 stand out**"
    assert [row["href"] for row in board["rows"]][:3] == [None, None, "/map?type=Pothole"]


QUIET = groups(("Pothole", 90, 88.0, 0.4, False))
STORM = groups(("Tree *", 752, 2.25, 0.0, True), ("Light", 7, 0.75, 1e-4, True), ("Pothole", 90, 88.0, 0.4, False))
NORTH = groups(("North", 400, 100.0, 0.0, True), ("South", 100, 100.0, 0.5, False))


@pytest.mark.parametrize(
    ("types", "areas", "says"),
    [
        pytest.param(QUIET, QUIET, "**Nothing stands out**: no type and no area has more requests than chance allows", id="nothing"),
        pytest.param(QUIET, NORTH, "**North stands out**: 400, usually 100", id="an area alone"),
        pytest.param(STORM, None, "**Tree  stands out**: 752, usually 2; also 1 more type", id="no areas, and a name with a mark in it"),
        pytest.param(STORM, NORTH, "**Tree  stands out**: 752, usually 2; also 1 more type and 1 area", id="types and an area"),
        pytest.param(groups(("New", 9, None, None, False)), None, "**No usual yet** to compare with", id="no weeks before"),
        pytest.param(QUIET.head(0), None, "**No usual yet** to compare with", id="no requests"),
    ],
)
def test_the_first_sentence_says_what_stands_out(types: pd.DataFrame, areas: pd.DataFrame | None, says: str) -> None:
    assert map_figures.verdict(types, areas) == says


def test_a_link_carries_the_whole_view_but_the_chosen_cell() -> None:
    query = {"period": "7d", "cell": CELLS[0], "department": "A & B"}
    assert map_figures.address(query, type="Pothole #1") == "/map?period=7d&department=A+%26+B&type=Pothole+%231"
    assert map_figures.address(query, department=None) == "/map?period=7d"
