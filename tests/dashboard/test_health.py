"""When a dashboard says that it is ready, in words for anybody; and how old it says each part is."""

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard import telemetry
from dashboard.health import PARTS, READY_WITHIN_SECONDS, tell_ages, unready
from dashboard.snapshot import Live, Plant, Snapshot

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
AT = NOW.timestamp()


def snapshot(age_seconds: float | None, **parts: object) -> Snapshot:
    live = None if age_seconds is None else Live(NOW - timedelta(seconds=age_seconds), (), None, (), (), (), 0.01)
    return Snapshot(at=NOW, city="A", zone=ZoneInfo("America/New_York"), live=live, **parts)  # type: ignore[arg-type]


def test_it_is_ready_while_the_live_figures_are_recent() -> None:
    assert unready(snapshot(0), AT) is None
    assert unready(snapshot(READY_WITHIN_SECONDS), AT) is None
    assert unready(snapshot(None), AT) == "The live figures have not been read yet."
    assert unready(snapshot(90), AT) == "The live figures were last read 90 s ago."


def test_it_says_since_when_the_database_is_away_and_not_where_it_is() -> None:
    away = snapshot(60, trouble="Postgres at db.city.example:5432/city cannot be used", trouble_since=NOW - timedelta(seconds=59))
    assert unready(away, AT) == "The database has not answered since 2026-03-01T11:59:01Z; the screens show the last good figures."


def test_each_part_has_an_age_or_none() -> None:
    tell_ages(snapshot(3, plant=Plant(NOW - timedelta(seconds=8), (), (), (), 0.1)), AT)
    ages = {sample.labels["part"]: sample.value for family in telemetry.PART_AGE_SECONDS.collect() for sample in family.samples}
    assert set(ages) == set(PARTS)
    assert (ages["live"], ages["plant"]) == (3, 8)
    assert math.isnan(ages["history"])
