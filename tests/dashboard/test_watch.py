"""Alerts of our own on the screens: how many, the gravest, and that nobody judges the rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.watch import Watch, WatchAlert, WatchNow
from dashboard.watch_figures import alarm, desk_board, table

AT = datetime(2026, 1, 24, 15, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/New_York")
LONG = WatchAlert(
    "long-wait", "general", "act", "general: somebody has waited 21:40.", AT - timedelta(minutes=9), None, "somebody-waits-too-long"
)
LOW = replace(LONG, rule="low-service-level", subject="all", severity="watch", text="<b>All</b>: 41%", fired_at=AT - timedelta(minutes=2))
OVER = replace(LONG, rule="silent-feed", cleared_at=AT - timedelta(hours=1), fired_at=AT - timedelta(hours=2))


def watch(*alerts: WatchAlert, judged: timedelta | None = timedelta(seconds=10)) -> Watch:
    judged_at = None if judged is None else AT - judged
    return Watch(AT, alerts, WatchNow(judged_at, 11, sum(one.cleared_at is None for one in alerts), 0))


def test_a_wall_says_how_many_fire_and_the_gravest_first() -> None:
    assert alarm(watch(LOW, LONG, OVER), AT) == {"status": "act", "text": "2 alerts: long wait, general"}
    assert alarm(watch(LOW, OVER), AT) == {"status": "watch", "text": "1 alert: low service level"}


def test_nothing_fires_nothing_is_said() -> None:
    assert alarm(watch(OVER), AT) is None
    assert alarm(None, AT) is None
    assert alarm(watch(judged=None), AT) is None  # nobody ever started the watcher: the page System says so
    assert desk_board(watch(OVER), AT, ZONE) is None


def test_rules_that_are_judged_no_more_are_said_before_old_alerts() -> None:
    told = alarm(watch(LONG, judged=timedelta(minutes=3)), AT)
    assert told == {"status": "unknown", "text": "Alert rules are not judged"}
    board = desk_board(watch(LONG, judged=timedelta(minutes=3)), AT, ZONE)
    assert board is not None
    assert [row["status"] for row in board["rows"]] == ["unknown", "act"]


def test_a_desk_lists_three_and_counts_the_others() -> None:
    board = desk_board(watch(LOW, LONG, replace(LOW, rule="a"), replace(LOW, rule="b"), replace(LOW, rule="c")), AT, ZONE)
    assert board is not None
    assert board["rows"][0]["name"] == "general: somebody has waited 21:40."
    assert board["rows"][0]["since"] == "Sat 09:51"
    assert (len(board["rows"]), board["note"]) == (3, "2 more alerts on the page System")


def test_the_page_system_lists_the_last_day_with_its_paragraph_of_the_runbook() -> None:
    shown = table(watch(LONG, OVER), ZONE)
    assert [row["cells"][1:] for row in shown["rows"]] == [
        ["Act", "Sat 09:51", "somebody-waits-too-long"],
        ["Cleared", "Sat 08:00 to 09:00", "somebody-waits-too-long"],
    ]
    assert shown["title"] == "Alerts of the last day, by 11 rules"
    assert "never judged" in table(watch(judged=None), ZONE)["title"]
