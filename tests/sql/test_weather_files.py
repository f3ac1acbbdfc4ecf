"""A weather station's table, however its columns are called and in whichever units: metric columns, or one sentence with the lines."""

import gzip
import math
from pathlib import Path

import pandas as pd
import pytest

from sql.reference import InvalidFile
from sql.weather_columns import MEASURES, NAMES, Units
from sql.weather_files import read

WARM = "2026-07-04"


def written(tmp_path: Path, content: str | bytes, name: str = "station.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_there_is_one_row_a_day_in_order_with_the_columns_of_the_table(tmp_path: Path) -> None:
    frame = read(written(tmp_path, "date,requests,tmax_f,snow_in\n2026-01-26,7,32,1\n\n2026-01-25,9,,0\n"))
    assert list(frame.columns) == ["day", *MEASURES]
    assert frame["day"].tolist() == [pd.Timestamp(2026, 1, 25), pd.Timestamp(2026, 1, 26)]
    assert frame["snow_mm"].tolist() == [0.0, 25.4]
    assert frame["temperature_max_celsius"].tolist()[1] == 0.0
    assert math.isnan(frame["temperature_max_celsius"].iloc[0])
    assert frame["gust_kmh"].isna().all()
    assert frame.dtypes.astype(str).tolist() == ["datetime64[ns]", *["float64"] * 7]
    assert frame.attrs["recognised"] == {"snow_mm": "snow_in", "temperature_max_celsius": "tmax_f"}
    assert frame.attrs["missing"] == ["snow_depth_mm", "precipitation_mm", "temperature_min_celsius", "wind_kmh", "gust_kmh"]


@pytest.mark.parametrize(
    ("header", "value", "measure", "expected"),
    [
        ("snow_in", "10", "snow_mm", 254.0),
        ("Snowfall (inches)", "1", "snow_mm", 25.4),
        ("snow_mm", "10", "snow_mm", 10.0),
        ("SNOW_CM", "2.5", "snow_mm", 25.0),
        ("snowfall_sum (cm)", "2", "snow_mm", 20.0),
        ("snwd_in", "2", "snow_depth_mm", 50.8),
        ("Snow depth (in)", "2", "snow_depth_mm", 50.8),
        ("prcp_in", "0.5", "precipitation_mm", 12.7),
        ("precip mm", "3", "precipitation_mm", 3.0),
        ("Rain_Inches", "1", "precipitation_mm", 25.4),
        ("tmax_f", "50", "temperature_max_celsius", 10.0),
        ("temperature_2m_max (°C)", "21", "temperature_max_celsius", 21.0),
        ("TMIN (Degrees Fahrenheit)", "14", "temperature_min_celsius", -10.0),
        ("temp_min_c", "-3", "temperature_min_celsius", -3.0),
        ("awnd_mph", "10", "wind_kmh", 16.0934),
        ("wind m/s", "10", "wind_kmh", 36.0),
        ("wind_speed_kmh", "12", "wind_kmh", 12.0),
        ("wsf5_mph", "50", "gust_kmh", 80.4672),
        ("wind_gusts_10m_max (km/h)", "90", "gust_kmh", 90.0),
        ("gust_kt", "40", "gust_kmh", 74.08),
        ("temperature_max_celsius", "7", "temperature_max_celsius", 7.0),
    ],
    ids=lambda value: str(value),
)
def test_a_column_is_known_by_its_name_and_unit(tmp_path: Path, header: str, value: str, measure: str, expected: float) -> None:
    assert read(written(tmp_path, f"date,{header}\n2026-01-25,{value}\n"))[measure].tolist() == [expected]


@pytest.mark.parametrize("measure", MEASURES)
def test_what_is_written_is_read_again(tmp_path: Path, measure: str) -> None:
    written(tmp_path, f"day,{measure}\n{WARM},12.5\n")
    assert read(tmp_path / "station.csv")[measure].tolist() == [12.5]


NOAA = "STATION,DATE,AWND,PRCP,SNOW,SNWD,TMAX,TMIN,WSF2,WSF5\nX,2026-01-25,10,1,2,3,20,10,30,40\n"


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        pytest.param("us", [50.8, 76.2, 25.4, -6.6667, -12.2222, 16.0934, 64.3738], id="us"),
        pytest.param("metric", [2.0, 3.0, 1.0, 20.0, 10.0, 36.0, 144.0], id="metric, wind in m/s"),
    ],
)
def test_noaas_own_names_in_the_units_that_are_said(tmp_path: Path, units: Units, expected: list[float]) -> None:
    assert read(written(tmp_path, NOAA), units=units).loc[0, list(MEASURES)].tolist() == expected


def test_names_without_units_are_in_those_of_the_others(tmp_path: Path) -> None:
    frame = read(written(tmp_path, "ds,tmax_f,max_wind_spd,avg_wind_spd\n2026-01-25,30,40,10\n"))
    assert frame[["wind_kmh", "gust_kmh"]].to_numpy().tolist() == [[16.0934, 64.3738]]


def test_a_year_of_temperatures_tells_the_units(tmp_path: Path) -> None:
    us = "date,snow,tmax\n2026-01-25,10,20\n2026-07-04,0,88\n"
    assert read(written(tmp_path, us))["snow_mm"].tolist() == [254.0, 0.0]
    metric = "date,snow,tmax\n" + "".join(f"{day:%Y-%m-%d},10,{day.month}\n" for day in pd.date_range("2025-01-01", periods=365))
    assert read(written(tmp_path, metric))["snow_mm"].tolist()[:2] == [10.0, 10.0]
    winter = "date,snow,tmax\n2026-01-25,10,20\n"
    with pytest.raises(InvalidFile, match=r"in which units are snow, tmax\? Say it with --units us or metric"):
        read(written(tmp_path, winter))
    assert read(written(tmp_path, winter), units="us")["snow_mm"].tolist() == [254.0]


def test_of_two_columns_of_one_measure_the_better_one_that_has_values_counts(tmp_path: Path) -> None:
    file = written(tmp_path, "date,WSF2_mph,WSF5_mph,WSFG_mph\n2026-01-25,30,40,\n2026-01-26,20,,\n")
    frame = read(file)
    assert frame.attrs["recognised"]["gust_kmh"] == "WSF5_mph"
    assert frame["gust_kmh"].isna().tolist() == [False, True]


@pytest.mark.parametrize("missing", ["", " ", "NA", "M", "NaN", "-9999", "null"])
def test_what_means_missing_is_missing(tmp_path: Path, missing: str) -> None:
    assert math.isnan(read(written(tmp_path, f"date,snow_in\n2026-01-25,{missing}\n2026-01-26,1\n"))["snow_mm"].iloc[0])


def test_a_trace_of_snow_is_none_that_can_be_measured(tmp_path: Path) -> None:
    assert read(written(tmp_path, "date,snow_in,prcp_in\n2026-01-25,T,T\n"))[["snow_mm", "precipitation_mm"]].to_numpy().tolist() == [
        [0.0, 0.0]
    ]
    with pytest.raises(InvalidFile, match="line 2: tmax_f is 'T'; a number is expected"):
        read(written(tmp_path, "date,tmax_f\n2026-01-25,T\n"))


@pytest.mark.parametrize("day", ["2026-01-25", "2026-01-25T00:00:00", "2026-01-25 00:00", "1/25/2026", "01/25/26", "20260125"])
def test_a_day_as_people_write_it(tmp_path: Path, day: str) -> None:
    assert read(written(tmp_path, f"date,snow_in\n{day},1\n"))["day"].tolist() == [pd.Timestamp(2026, 1, 25)]


def test_a_packed_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    packed = gzip.compress(b"\xef\xbb\xbfdate,snow_in\r\n2026-01-25,1\r\n")
    assert read(written(tmp_path, packed, "station.csv.gz"))["snow_mm"].tolist() == [25.4]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(
            "when,snow_in\n2026-01-25,1\n",
            r"Recognised: snow_in as snow_mm\. Missing: the day \(date, day, ds\), snow_depth_mm",
            id="no day",
        ),
        pytest.param(
            "date,requests\n2026-01-25,1\n",
            r"Recognised: date as the day\. Missing: snow_mm \(snow, snowfall, snow_fall, …\).*The file has date, requests",
            id="no weather",
        ),
        pytest.param(
            "date,snow_in\n2026-01-25,1\n2026-01-25,2\n", r"line 3: a second row of 2026-01-25 \(the first is line 2\)", id="a day twice"
        ),
        pytest.param("date,snow_in\nsoon,1\n", r"line 2: date is 'soon'; a day such as", id="no date"),
        pytest.param("date,snow_in\n2026-02-30,1\n", r"line 2: date is '2026-02-30'", id="an impossible date"),
        pytest.param(
            "date,snow_in\n2026-01-25,-1\n",
            r"line 2: snow_in is -1 in; that cannot be snow_mm: is the unit another\?",
            id="less than nothing",
        ),
        pytest.param("date,tmax_f\n2026-01-25,256\n", r"tmax_f is 256 °F; that cannot be", id="tenths of a degree"),
        pytest.param("date,snow_in\n2026-01-25,inf\n", r"snow_in is 'inf'; a number is expected", id="infinity"),
        pytest.param("date,snow_in\n2026-01-25\n", r"line 2: 1 columns, and the header has 2", id="a short row"),
        pytest.param("date,snow_in\n" + "2026-01-25,x\n" * 9, r"; and 4 more\. Nothing was loaded", id="many wrong rows"),
        pytest.param("date,snow_in\n", "has no rows", id="no rows"),
        pytest.param("", "has no rows", id="nothing"),
        pytest.param(b"date,snow_in\n2026-01-25,\xff\n", "is no text in UTF-8", id="no UTF-8"),
        pytest.param('date,snow_in\n2026-01-25,"1\n', "is no CSV", id="a quote that stays open"),
        pytest.param(b"\x1f\x8bnot packed", "cannot be read", id="no gzip"),
        pytest.param(gzip.compress(b"date,snow_in\n")[:10] + b"\xff" * 20, "cannot be read", id="damaged gzip"),
        pytest.param("date,snow_in\n0001-01-01,1\n", r"line 2: date is '0001-01-01'", id="a day before anybody measured"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(InvalidFile, match=says) as caught:
        read(written(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_no_name_stands_for_two_measures() -> None:
    names = [name for many in NAMES.values() for name in many]
    assert len(names) == len(set(names))


@pytest.mark.reference
@pytest.mark.parametrize(
    ("file", "days", "snow", "missing"),
    [
        ("weather/new_york_daily.csv", 5538, 693.42, ["gust_kmh"]),
        ("weather/philadelphia_daily.csv", 6257, 571.5, []),
        ("volume/nyc_311_daily_weather.csv", 1096, 693.42, ["gust_kmh"]),
        ("volume/philadelphia_illegal_dumping_daily_weather.csv", 3540, 492.76, []),
    ],
)
def test_real_files(reference_data: Path, file: str, days: int, snow: float, missing: list[str]) -> None:
    frame = read(reference_data / file)
    assert (len(frame), frame["snow_mm"].max(), frame.attrs["missing"]) == (days, snow, missing)
    assert frame["temperature_max_celsius"].between(-12, 41).all()
