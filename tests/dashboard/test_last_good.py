"""The last good figures: kept without names, read back as they were, left aside when they are not ours; and a start without a database."""

import logging
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from dashboard import data, last_good
from dashboard.by_hand import ByHand
from dashboard.edition import first
from dashboard.emergency_page import Reader
from dashboard.loader import Loader, empty
from sql.settings import settings
from tests.dashboard import sample
from tests.e2e import city

SNAPSHOT = replace(sample.snapshot(sample.BUSY), by_hand=(ByHand("1", "chat", 3, None, None, sample.NOW, "Ann"),))
FRAMES = ("hours", "weather", "alerts", "shapes", "bars", "types", "districts", "cells", "topics", "searches")


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder of state of this test."""
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    settings.cache_clear()
    yield tmp_path / "state"
    monkeypatch.undo()
    settings.cache_clear()


def test_what_is_kept_comes_back_and_nobody_else_reads_it(state: Path) -> None:
    last_good.Keeper().keep(SNAPSHOT)
    assert stat.S_IMODE((state / last_good.FILE).stat().st_mode) == 0o600
    kept = last_good.read(SNAPSHOT)
    assert kept is not None
    assert SNAPSHOT.live is not None
    assert SNAPSHOT.history is not None
    assert kept.history is not None
    assert kept.live == replace(SNAPSHOT.live, agents=kept.live.agents)
    assert kept.by_hand == SNAPSHOT.by_hand
    pd.testing.assert_frame_equal(kept.history.intervals, SNAPSHOT.history.intervals)


def test_no_agent_is_named_in_the_file(state: Path) -> None:
    last_good.Keeper().keep(SNAPSHOT)
    assert SNAPSHOT.live is not None
    content = (state / last_good.FILE).read_bytes()
    assert not [agent.agent_id for agent in SNAPSHOT.live.agents if agent.agent_id.encode() in content]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: b"", "another version"),
        (lambda content: b"x" + content[1:], "another version"),
        (lambda content: content[:-9], "damaged"),
        (lambda content: content[:32] + b"\xc1" * 50, "damaged"),
    ],
    ids=["empty", "another version", "cut off", "garbage"],
)
def test_a_file_that_is_not_ours_is_left_aside(state: Path, caplog: pytest.LogCaptureFixture, spoil, said: str) -> None:
    last_good.Keeper().keep(SNAPSHOT)
    file = state / last_good.FILE
    file.write_bytes(spoil(file.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert last_good.read(SNAPSHOT) is None
    assert said in caplog.text


def test_another_city_does_not_begin_with_our_figures(state: Path) -> None:
    last_good.Keeper().keep(SNAPSHOT)
    assert last_good.read(replace(SNAPSHOT, city="Elsewhere")) is None


def test_figures_of_a_database_that_is_away_are_not_kept_again(state: Path) -> None:
    last_good.Keeper().keep(replace(SNAPSHOT, trouble="It is away."))
    assert not (state / last_good.FILE).exists()


@pytest.mark.usefixtures("in_process")
def test_the_whole_of_a_real_reading_comes_back(database: str) -> None:
    with psycopg.connect(database) as connection:
        city.fill(connection, data.now(), settings().zone)
    read = {"live": data.ask(data.live), "emergency": data.ask(Reader()), "definitions": data.ask(data.definitions)}
    snapshot = replace(empty(), **read)
    settings().state_dir.mkdir(parents=True)
    (settings().state_dir / last_good.FILE).write_bytes(last_good.packed(snapshot))
    kept = last_good.read(snapshot)
    assert kept is not None
    assert kept.emergency is not None
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(kept.emergency, name), getattr(snapshot.emergency, name))
    assert kept.definitions == snapshot.definitions


@pytest.mark.usefixtures("database_away")
def test_a_start_without_a_database_begins_with_them(state: Path) -> None:
    here = replace(SNAPSHOT, city=settings().city_name, zone=settings().zone)
    last_good.Keeper().keep(here)
    loader = Loader()
    loader.start()
    try:
        deadline = time.monotonic() + 15
        while loader.edition.snapshot.trouble is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert loader.edition.snapshot.trouble is not None
        assert loader.edition.figures["waiting"]["value"] == first(here).figures["waiting"]["value"] != "0"
        assert loader.edition.figures["display"]["read_at"] == sample.NOW.timestamp()
    finally:
        loader.stop()
