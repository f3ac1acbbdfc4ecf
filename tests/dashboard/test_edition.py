"""Editions are numbered, carry what changed, and keep what did not."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard.charts import DayChart
from dashboard.charts_on_demand import ChartsOnDemand
from dashboard.edition import AGENTS_NAMED, DISPLAY_KEYS, EMERGENCY_KEYS, LIVE_KEYS, PAGES, SYSTEM_KEYS, first, follow, message
from dashboard.tokens import Mode
from tests.dashboard import sample


def test_every_figure_belongs_to_one_page() -> None:
    pages = (LIVE_KEYS, EMERGENCY_KEYS, SYSTEM_KEYS, DISPLAY_KEYS, AGENTS_NAMED)
    every = frozenset().union(*pages)
    assert first(sample.snapshot()).figures.keys() == every
    assert sum(map(len, pages)) == len(every)
    assert PAGES["wall"] == every - SYSTEM_KEYS - AGENTS_NAMED


def test_a_chart_is_drawn_when_somebody_looks_and_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    drawn: list[str] = []

    def draw(mode: Mode) -> DayChart | None:
        drawn.append(mode)
        if mode == "light":
            raise ValueError("no such thing")
        return None

    charts = ChartsOnDemand(draw)
    assert list(charts) == ["dark", "light"]
    assert drawn == []
    assert [charts["dark"], charts["dark"], charts["light"], charts["light"]] == [None] * 4
    assert drawn == ["dark", "light"]
    assert "a chart could not be drawn" in caplog.text
    with pytest.raises(KeyError):
        charts["sepia"]  # type: ignore[index]


def test_only_what_changed_is_sent() -> None:
    before = first(sample.snapshot())
    after = follow(before, sample.snapshot(waiting_now=9))
    sent = json.loads(message(after, 1.0, since=before.number, keys=PAGES["live"]))
    assert after.number == before.number + 1
    assert "waiting" in sent["figures"]
    assert "offered" not in sent["figures"]
    assert sent["figures"].keys() <= LIVE_KEYS


def test_a_page_that_missed_editions_gets_all_it_missed() -> None:
    one = first(sample.snapshot())
    two = follow(one, sample.snapshot(waiting_now=9))
    three = follow(two, sample.snapshot(waiting_now=9, offered_today=4000))
    assert {"waiting", "offered"} <= three.since(one.number).keys()
    assert "waiting" not in three.since(two.number)


def test_an_edition_never_changes() -> None:
    one = first(sample.snapshot())
    kept = json.dumps(one.figures, sort_keys=True)
    follow(one, sample.snapshot(sample.BUSY))
    assert json.dumps(one.figures, sort_keys=True) == kept


def test_charts_are_drawn_again_only_when_the_day_was_read_again() -> None:
    snapshot = sample.snapshot()
    one = first(snapshot)
    same = follow(one, replace(snapshot, at=sample.NOW + timedelta(seconds=1)))
    assert same.charts is one.charts
    assert follow(one, sample.snapshot()).charts is not one.charts


def test_within_a_minute_a_chart_has_the_same_data() -> None:
    begins = sample.NOW.replace(second=5)
    early, late, next_minute = (first(replace(sample.snapshot(), at=begins + timedelta(seconds=n))).charts["dark"] for n in (0, 50, 60))
    assert early is not None
    assert late is not None
    assert next_minute is not None
    assert early.data.equals(late.data)
    assert not early.data.equals(next_minute.data)


def test_the_verdict_before_is_the_hysteresis_of_the_next() -> None:
    rows = [sample.queue_row("general", "General", longest_wait_now_seconds=130.0), *sample.CALM[1:]]
    easing = [sample.queue_row("general", "General", longest_wait_now_seconds=100.0), *sample.CALM[1:]]
    assert follow(first(sample.snapshot(rows)), sample.snapshot(easing)).verdict.queues["general"].status == "act"
    assert first(sample.snapshot(easing)).verdict.queues["general"].status == "watch"
