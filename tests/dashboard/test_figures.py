"""What the tiles and boards say: values with their comparison, no figure made of nothing, nothing cut."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dashboard.figures import COMPARE_LENGTH, live_figures
from dashboard.figures_boards import NOTE_LENGTH, QUEUES_SHOWN
from dashboard.figures_system import system_figures
from dashboard.rows import AgentNow, LanguageNow
from dashboard.snapshot import Snapshot
from dashboard.verdict import judge
from tests.dashboard import sample


def figures(snapshot: Snapshot) -> dict[str, Any]:
    return live_figures(snapshot, judge(snapshot)) | system_figures(snapshot, judge(snapshot))


def test_the_four_tiles_say_value_status_and_one_comparison() -> None:
    shown = figures(sample.snapshot(sample.BUSY, service_level_30m=0.78, service_level_today=0.83))
    told = {key: (shown[key]["value"], shown[key]["status"], shown[key]["compare"]) for key in ("waiting", "longest", "level", "free")}
    assert told == {
        "waiting": ("20", "watch", "usual 6 to 14"),
        "longest": ("4:37", "act", "limit 2:00, Spanish"),
        "level": ("78", "watch", "target 80%"),
        "free": ("7", "ok", "none for Spanish"),
    }
    assert shown["level"]["over"] == "last\n30 min\ntoday 83%"
    assert shown["free"]["of"] == "of 35"
    assert shown["longest"]["spark"][-1] == 277


def test_queues_with_thresholds_of_their_own_are_answered_in_time() -> None:
    rows = [*sample.CALM, sample.queue_row("walkin", "Walk-in center", answer_threshold_seconds=600.0)]
    shown = figures(sample.snapshot(rows))
    assert shown["level"]["label"] == "Answered in time"
    assert shown["queues"]["titles"][3] == "In time"
    assert figures(sample.snapshot())["level"]["label"] == "Answered within 20 s"


def test_today_stands_beside_the_usual_weekday() -> None:
    shown = figures(sample.snapshot(offered_today=1204, answered_today=1050, abandoned_today=48))
    assert shown["offered"]["value"] == "1,204"
    assert shown["offered"]["words"] == {"ok": "As usual 1,130"}
    assert shown["offered"]["compare"] == "usual 1,010 to 1,260"
    assert shown["offered"]["aside"] == "beside 8 Tuesdays"
    assert shown["answer"]["compare"] == "mean of 1,050"
    assert (shown["abandoned"]["value"], shown["abandoned"]["compare"]) == ("4", "48 of 1,204")


def test_before_there_is_a_usual_none_is_invented() -> None:
    shown = figures(sample.snapshot(weeks=2))
    assert shown["offered"]["words"] == {"none": "No usual yet"}
    assert shown["offered"]["compare"] == "2 Tuesdays so far"
    assert shown["waiting"]["compare"] == "no usual yet"
    assert "no usual yet" in shown["next"]["label"]


def test_an_idle_city_has_no_data_and_never_a_share_made_of_nothing() -> None:
    rows = [sample.idle_row("a", "A"), sample.idle_row("b", "B")]
    nothing: dict[str, Any] = dict.fromkeys(
        ("service_level_30m", "service_level_today", "abandon_share_today", "average_speed_of_answer_today_seconds"), sample.NAN
    )
    shown = figures(sample.snapshot(rows, **nothing))
    empty = {key: (shown[key]["value"], shown[key]["empty"]) for key in ("longest", "level", "answer", "abandoned")}
    assert empty == {
        "longest": (None, "Nobody is waiting"),
        "level": (None, "No contacts in 30 min"),
        "answer": (None, "Nobody answered yet"),
        "abandoned": (None, "Nobody has called yet"),
    }
    row = shown["queues"]["rows"][0]
    assert (row["status"], row["note"]) == ("nodata", "nobody yet today")
    assert [cell["text"] for cell in row["cells"]] == ["0", None, None, "2"]


def test_few_cases_are_counted_and_not_made_a_percentage() -> None:
    row = next(row for row in figures(sample.snapshot(sample.BUSY))["queues"]["rows"] if row["key"] == "trash")
    assert row["cells"][2] == {"text": "16 of 18", "few": True}
    level = figures(sample.snapshot(answered_30m=10, abandoned_30m=1, service_level_30m=0.9))["level"]
    assert (level["words"], level["compare"]) == ({"none": "Too few"}, "11 contacts only")


def test_more_than_seven_queues_show_the_worst_in_their_fixed_order() -> None:
    rows = [sample.queue_row(f"q{i}", f"Queue {i}", position=i) for i in range(11)]
    rows[9] = sample.queue_row("q9", "Queue 9", longest_wait_now_seconds=300.0)
    rows[10] = sample.queue_row("q10", "Queue 10", feed="gone", cadence_seconds=10.0)
    board = figures(sample.snapshot(rows))["queues"]
    assert [row["key"] for row in board["rows"]] == ["q0", "q1", "q2", "q3", "q4", "q9", "q10"]
    assert len(board["rows"]) == QUEUES_SHOWN
    assert board["more"] == "4 more: all OK, 4 waiting"


def test_hidden_trouble_is_told() -> None:
    rows = [sample.queue_row(f"q{i}", f"Queue {i}", longest_wait_now_seconds=300.0) for i in range(9)]
    assert figures(sample.snapshot(rows))["queues"]["more"] == "2 more: 2 act, 2 waiting"


def test_wrap_up_too_long_is_counted_with_the_longest_first_and_fits() -> None:
    shown = figures(sample.snapshot())["agents_named"]
    assert shown["groups"] == [["On contact", 21], ["Wrap-up", 4], ["Free", 7], ["Away", 3]]
    assert shown["status"] == "watch"
    assert shown["note"] == "2 in wrap-up over 2:00: wr03 2:33 and wr01 2:31"
    snapshot = sample.snapshot()
    assert snapshot.live is not None
    many = tuple(
        AgentNow(agent_id=f"Agent/{'x' * 30}{i}", state="wrap_up", since=sample.seconds_ago(900 + i), source="sim/agents")
        for i in range(40)
    )
    note = figures(replace(snapshot, live=replace(snapshot.live, agents=many)))["agents_named"]["note"]
    assert note == "40 in wrap-up over 2:00: xxxxxxxx39 15:39 and 39 more"[: len(note)]
    assert len(note) <= NOTE_LENGTH + 8


def test_who_it_is_stays_with_the_supervisors() -> None:
    shown = figures(sample.snapshot())
    assert shown["agents"]["note"] == "2 in wrap-up over 2:00"
    others = {key: figure for key, figure in shown.items() if key != "agents_named"}
    assert "wr03" not in str(others)


def test_long_queue_names_never_push_a_tile_over_its_edge() -> None:
    rows = [sample.queue_row("a", "Parks, recreation and libraries", longest_wait_now_seconds=100.0, agents_available=0)]
    shown = figures(sample.snapshot(rows))
    assert shown["longest"]["compare"] == "limit 2:00"
    assert shown["free"]["compare"] == "none for 1 queue"
    assert all(
        len(figure.get("compare", "")) <= COMPARE_LENGTH for key, figure in shown.items() if key in ("waiting", "longest", "level", "free")
    )


def test_many_languages_are_added_up() -> None:
    snapshot = sample.snapshot()
    assert snapshot.live is not None
    rows = tuple(LanguageNow(language=name, waiting_now=9 - i, longest_wait_now_seconds=10.0 * i) for i, name in enumerate("ABCDEF"))
    cells = figures(replace(snapshot, live=replace(snapshot.live, languages=rows)))["languages"]["cells"]
    assert [(cell["word"], cell["value"], cell["note"]) for cell in cells] == [
        ("A", "9", "0:00"),
        ("B", "8", "0:10"),
        ("C", "7", "0:20"),
        ("others", "15", "0:50"),
    ]


def test_each_tile_has_the_age_of_its_own_feed() -> None:
    shown = figures(sample.snapshot())
    assert shown["waiting"]["as_of"] == sample.seconds_ago(2).timestamp()
    assert (shown["free"]["as_of"], shown["free"]["cadence"]) == (sample.seconds_ago(4).timestamp(), 15)
    assert shown["queues"]["rows"][2]["cadence"] == 60
    assert shown["strip"]["carrier"] == "Calls"


def test_a_silent_feeds_longest_wait_stays_what_it_last_was() -> None:
    later = sample.NOW + timedelta(seconds=80)
    rows = [row | {"longest_wait_now_seconds": row["longest_wait_now_seconds"] + 80} for row in sample.BUSY]
    shown = figures(replace(sample.snapshot(rows), at=later))
    assert shown["longest"]["value"] == "4:35"  # 4:37, and the feed was 2 s old
    assert shown["agents"]["note"].startswith("2 in wrap-up")


def test_each_tile_links_to_its_definition() -> None:
    shown = figures(sample.snapshot())
    assert shown["level"]["href"] == "/definitions?metric=service_level"
    assert shown["level"]["definition"].startswith("Answered within")


@pytest.mark.parametrize(
    "snapshot",
    [sample.snapshot(), sample.snapshot(weeks=0), Snapshot(at=sample.NOW, city="C", zone=sample.ZONE)],
    ids=["full", "no usual", "nothing read"],
)
def test_every_figure_is_plain_json_with_an_age(snapshot: Snapshot) -> None:
    shown = figures(snapshot)
    json.dumps(shown, allow_nan=False)
    boards = ("queues", "feeds", "consumers", "refusals", "migrations")
    assert all("as_of" in figure and "cadence" in figure for key, figure in shown.items() if key not in boards)


def test_while_the_database_is_away_the_strip_says_so_and_since_when() -> None:
    snapshot = replace(sample.snapshot(), trouble="Postgres at HOST cannot be used: refused.")
    assert figures(snapshot)["strip"]["away"] == "Postgres at HOST cannot be used: refused. Figures are from 14:32"


def test_system_adds_partitions_up_and_names_the_worst() -> None:
    shown = figures(sample.snapshot())
    contacts = next(row for row in shown["consumers"]["rows"] if row["key"] == "311.contacts")
    assert contacts["cells"][:5] == ["311.contacts", "2", "45", "45 s", "partition 1: 45 events, 45 s"]
    assert contacts["status"] == "watch"
    assert (shown["lag"]["value"], shown["lag"]["unit"]) == ("45", "s")
    assert shown["refusals"]["rows"][0]["cells"] == ["<b>bad</b> JSON", "311.contacts", "7", "Nov 23 13:32", "14:31:08"]
    assert shown["snapshot"]["value"] == "18"
