"""A quarter of real requests through the broker into the database: every figure equals the reference, for every department and instant."""

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, create_engine

from sql import reports
from sql.settings import PROJECT

pytestmark = pytest.mark.reference
FILE, TRUTH = "requests/boston_2011_q3.csv.gz", "requests/boston_2011_q3.truth.json"
QUARTER = {"starts_at": "2011-07-01", "ends_at": "2011-10-01"}
ZONE = ZoneInfo("America/New_York")


class City:
    """One test's database and topics: events come in by the command line, and reports are asked as it asks them."""

    def __init__(self, environment: dict[str, str], connection: Connection) -> None:
        self._environment = environment
        self._connection = connection

    def run(self, *command: str) -> str:
        done = subprocess.run([sys.executable, "-m", *command], env=self._environment, cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def bring_in(self, kind: str, *files: Path, options: tuple[str, ...] = ()) -> None:
        for file in files:
            self.run("streams", "replay", kind, str(file), *options)
        self.run("streams", "consume", "--until-idle", "1")

    def report(self, name: str, **asked: str) -> list[dict[str, Any]]:
        request = reports.Request(**{key: reports.instant(words, ZONE) for key, words in asked.items()})
        found: list[dict[str, Any]] = json.loads(reports.FORMATS["json"](reports.report(name, self._connection, request)))
        return found

    def departments(self, name: str, **asked: str) -> dict[str, dict[str, Any]]:
        return {row["department"]: row for row in self.report(name, **asked)}


@pytest.fixture
def city(environment: dict[str, str]) -> Iterator[City]:
    engine = create_engine(environment["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield City(environment, connection)
    engine.dispose()


@pytest.fixture
def truth(reference_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((reference_data / TRUTH).read_text())
    return found


def close(value: Any, digits: int = 4) -> Any:
    return None if value is None else pytest.approx(value, abs=0.51 * 10**-digits)


def test_the_quarter_equals_the_reference(city: City, truth: dict[str, Any], reference_data: Path, tmp_path: Path) -> None:
    with gzip.open(reference_data / FILE, "rt") as packed:
        header, *lines = packed.readlines()
    random.Random(311).shuffle(lines)
    (tmp_path / "shuffled.csv").write_text("".join([header, *lines]))
    city.bring_in("requests", tmp_path / "shuffled.csv", reference_data / FILE, options=("--mapping", "boston"))

    for week in truth["1_weekly_flow"]["city"]["weeks"]:
        shown = city.departments("flow", starts_at=week["week_start"], ends_at=week["week_start"] + "T00:00:01")
        for department, found in shown.items():
            wanted = next(row for row in truth["1_weekly_flow"][department]["weeks"] if row["week"] == week["week"])
            assert {key: found[key] for key in ("week", "week_start", "opened", "closed", "net_flow")} == {
                key: wanted[key] for key in ("week", "week_start", "opened", "closed", "net_flow")
            }, department

    for at, departments in truth["2_backlog"].items():
        instant = at.replace(" ", "T")
        backlog, clear, took = (city.departments(name, as_of=instant) for name in ("backlog", "weeks-to-clear", "time-to-close"))
        for department, wanted in departments.items():
            found = backlog[department]
            for key in ("open", "overdue", "due_next_7_days", "due_later", "no_target"):
                assert found[key] == wanted[key], (at, department, key)
            bands = [found[key] for key in ("age_0_7_days", "age_8_30_days", "age_31_90_days", "age_over_90_days")]
            assert bands == list(wanted["age_bands_days"].values()), (at, department)
            assert found["oldest_age_hours"] == close(wanted["oldest_age_hours"], 2)
            pace = truth["5_weeks_to_clear"][at][department]
            assert (clear[department]["open"], clear[department]["closed_28_days"]) == (pace["backlog"], pace["closures_trailing_28_days"])
            assert clear[department]["weeks_to_clear"] == close(pace["weeks_to_clear"])
            time = truth["4_time_to_close"][at][department]
            found = took[department]
            assert (found["n"], found["closed"], found["censored"]) == (time["n"], time["closed_before_T"], time["censored_at_T"])
            assert found["time_to_close_median_hours"] == close(time["km_median_hours"], 2), (at, department)
            assert found["time_to_close_p90_hours"] == close(time["km_p90_hours"], 2), (at, department)

    quarter = city.departments("due-cohort", **QUARTER)
    for department, found in quarter.items():
        wanted = truth["3_on_time"][department]["whole_quarter"]
        for key in ("due", "due_closed_on_time", "closed", "closed_with_target", "closed_on_time"):
            assert found[key] == wanted[key], (department, key)
        assert found["due_cohort_on_time"] == close(wanted["due_cohort_on_time"])
        assert found["closed_cohort_on_time"] == close(wanted["naive_closed_cohort_on_time"])

    again = city.departments("reopened", starts_at="2011-07-01", ends_at="2011-09-01")
    for department, wanted in ((key, row) for key, row in truth["6_reopen_proxy"]["same_type_same_address_text"].items() if key in again):
        found = again[department]
        assert (found["closed"], found["eligible"]) == (wanted["closures"], wanted["closures_eligible"])
        assert found["reopened"] == wanted["closures_followed_within_30_days"]
        assert found["reopen_share"] == close(wanted["reopen_rate"])

    for name, as_of in (
        ("primary_iso_week_2011_W34", "2011-08-29"),
        ("variant_sunday_week_2011_08_28", "2011-09-04"),
        ("variant_W35_baseline_contains_storm", "2011-09-05"),
    ):
        wanted = truth["7_rising_types"][name]
        found = city.report("rising-types", as_of=as_of)
        assert len(found) == wanted["types_tested"]
        assert [row["service_name"] for row in found if row["rising"]] == [row["type"] for row in wanted["flagged"]]
        by_type = {row["service_name"]: row for row in found}
        for row in [*wanted["flagged"], *wanted["next_10_not_flagged"]]:
            assert (by_type[row["type"]]["requests"], by_type[row["type"]]["baseline_requests"]) == (row["count"], row["baseline_total"])
            assert by_type[row["type"]]["p"] == pytest.approx(row["p"], rel=2e-3)
            assert by_type[row["type"]]["p_adjusted"] == pytest.approx(row["p_bh"], rel=2e-3)

    heat = truth["8_heat_map"]
    spots = city.report("hot-spots", starts_at="2011-08-28", ends_at="2011-08-29")
    wanted_cells = {row["cell"]: row["count"] for row in heat["without_city_hall"]["top_10"]}
    assert {row["cell"]: row["requests"] for row in spots if row["cell"] in wanted_cells} == wanted_cells
    assert spots[0]["requests"] == max(wanted_cells.values())
    assert sum(row["requests"] for row in spots if row["cell"]) == heat["without_city_hall"]["rows"]
    assert [row["requests"] for row in spots if row["location_defect"] == "default_geocode"] == [heat["at_city_hall_default_point"]]

    defects = {row["defect"]: row["requests"] for row in city.report("data-quality")}
    known = truth["0_data_defects"]
    assert defects["closed_at_once"] == known["closed_same_second_as_opened"]
    assert defects["no_target"] == known["no_target_dt"]
    assert defects["due_before_requested"] == known["target_before_opened"]
    assert defects["default_geocode"] == known["at_city_hall_default_point"]
    suspects = city.report("geocode-suspects")
    assert [(row["lat"], row["long"], row["requests"]) for row in suspects] == [(42.3594, -71.0587, known["at_city_hall_default_point"])]


def test_three_files_of_open311_twice_and_shuffled_are_every_request_once(city: City, reference_data: Path, tmp_path: Path) -> None:
    records = [json.loads(file.read_text()) for file in sorted((reference_data / "requests").glob("open311_*.json"))]
    dice = random.Random(311)
    files = []
    for number, many in enumerate([*records, *records]):
        dice.shuffle(many)
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(many))
    city.bring_in("open311", *files)
    newest: dict[str, dict[str, Any]] = {}
    told = [record for many in records for record in many]
    for record in (record for record in told if "service_request_id" in record):
        before = newest.get(record["service_request_id"])
        if before is None or record["updated_datetime"] > before["updated_datetime"]:
            newest[record["service_request_id"]] = record
    quality = city.report("data-quality")
    assert quality[0]["of_requests"] == len(newest) <= 3_000
    nameless = [record for record in told if "service_request_id" not in record]
    assert sum(row["refused"] for row in city.report("refusals")) == len(nameless) == 2
    assert json.loads(city.run("sql", "report", "backlog", "--as-of", "2020-01-01", "--format", "json")) == city.report(
        "backlog", as_of="2020-01-01"
    )
    assert city.departments("backlog")["city"]["open"] == sum(record["status"] == "open" for record in newest.values())
