"""Real, or noise: limits and signals of a series, against figures worked out by hand."""

import pytest
from sqlalchemy import Connection, text

CALM = [10, 12, 10, 12, 10, 12, 10, 12]  # mean 11, mean moving range 2: 11 ± 5.32
WIDE = [0, 20, 0, 20, 0, 20, 0, 20]


def floats(series: list[float | None]) -> list[float | None]:
    return [None if value is None else float(value) for value in series]


def limits(connection: Connection, series: list[float | None], *cut: float | None) -> tuple[float, ...]:
    least, most = (*cut, None, None)[:2]
    statement = "SELECT weeks, mean, lower, upper FROM metric.limits(cast(:s AS double precision[]), cast(:l AS double precision), cast(:m AS double precision))"
    return tuple(connection.execute(text(statement), {"s": floats(series), "l": least, "m": most}).one())


def signal(connection: Connection, series: list[float | None]) -> str:
    return str(connection.scalar(text("SELECT metric.signal(cast(:s AS double precision[]))"), {"s": floats(series)}))


def test_limits_are_of_the_weeks_before(connection: Connection) -> None:
    assert limits(connection, [*CALM, 999]) == pytest.approx((8, 11, 5.68, 16.32))


def test_limits_of_a_share_are_cut_off_where_a_share_ends(connection: Connection) -> None:
    shares = [0.9, 1.0, 0.9, 1.0, 0.9, 1.0, 0.9, 1.0]  # 0.95 ± 0.266
    assert limits(connection, [*shares, 0.5], 0, 1) == pytest.approx((8, 0.95, 0.684, 1))
    assert limits(connection, [*(1 - share for share in shares), 0.5], 0, 1) == pytest.approx((8, 0.05, 0, 0.316))


def test_weeks_without_data_are_left_out(connection: Connection) -> None:
    holes = [value for pair in zip(CALM, [None] * 8, strict=True) for value in pair]
    assert limits(connection, [*holes, 3]) == pytest.approx((8, 11, 5.68, 16.32))


def test_of_long_series_the_last_26_weeks_before_count(connection: Connection) -> None:
    assert limits(connection, [9999.0] * 5 + [10, 12] * 13 + [3]) == pytest.approx((26, 11, 5.68, 16.32))


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        pytest.param([], "no_data", id="nothing"),
        pytest.param([*CALM, None], "no_data", id="no value this week"),
        pytest.param([*CALM[1:], 50], "too_few", id="seven weeks before"),
        pytest.param([*CALM, 13], "none", id="noise"),
        pytest.param([*CALM, 16.33], "above", id="above the limits"),
        pytest.param([*CALM, 16.32], "none", id="on the limit is within it"),
        pytest.param([*CALM, 5.67], "below", id="below the limits"),
        pytest.param([*WIDE, 11, 12, 11, 12, 11, 12, 11, 12], "run_above", id="eighth in a row above the mean"),
        pytest.param([*WIDE[::-1], 12, 11, 12, 11, 12, 11, 12], "none", id="the seventh in a row"),
        pytest.param([*WIDE, 9, 8, 9, 8, 9, 8, 9, 8], "run_below", id="eighth in a row below the mean"),
        pytest.param([*CALM, 15, 15, 9, 15], "near_above", id="three of four near the upper limit"),
        pytest.param([*CALM, 15, 15, 15, 9], "none", id="three of four, and this week is not one of them"),
        pytest.param([*CALM, 7, 7, 13, 7], "near_below", id="three of four near the lower limit"),
        pytest.param([0.1] * 9, "none", id="always the same"),
        pytest.param([0.1] * 8 + [0.2], "above", id="always the same, and then not"),
    ],
)
def test_signal(connection: Connection, series: list[float | None], expected: str) -> None:
    assert signal(connection, series) == expected


@pytest.mark.parametrize(
    ("score", "scale", "satisfied"), [(5, 5, True), (4, 5, True), (3, 5, False), (9, 10, True), (2, 3, False), (3, 3, True), (1, 2, False)]
)
def test_who_is_satisfied(connection: Connection, score: int, scale: int, satisfied: bool) -> None:
    assert connection.scalar(text("SELECT metric.is_satisfied(:score, :scale)"), {"score": score, "scale": scale}) is satisfied


def test_a_search_is_folded(connection: Connection) -> None:
    assert connection.scalar(text("SELECT metric.folded(:term)"), {"term": "  Snow\t Emergency  ROUTES "}) == "snow emergency routes"
