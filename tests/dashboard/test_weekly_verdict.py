"""From signals to a status and words: what is real, what is noise, what is too little to say."""

from dataclasses import replace
from typing import Any

import pytest

from dashboard.weekly_verdict import judge, ranked, verdict
from tests.dashboard.weekly_rows_sample import RISING, named, review, weeks


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        pytest.param({}, "ok", "Within usual", id="within usual"),
        pytest.param({"on_time_signal": "below", "due_cohort_on_time": 0.6}, "act", "Real fall: below its limits", id="below its limits"),
        pytest.param({"on_time_signal": "run_below"}, "watch", "Real fall: 8th week under its mean", id="a run"),
        pytest.param({"on_time_signal": "above"}, "ok", "Real rise: above its limits", id="better is no trouble"),
        pytest.param({"on_time_target": 0.9}, "watch", "Under target 90%", id="under target, for the first week"),
        pytest.param({"on_time_target": None}, "none", "No target, within usual", id="no target is its own state"),
        pytest.param(
            {"on_time_target": None, "on_time_signal": "below"}, "act", "Real fall: below its limits", id="no target, and a real fall"
        ),
        pytest.param({"due": 29, "on_time_signal": "below"}, "none", "Too few to judge: 29 due", id="too few to judge"),
        pytest.param({"due": 0, "due_cohort_on_time": None, "on_time_signal": "no_data"}, "none", "Nothing due", id="nothing due"),
        pytest.param({"on_time_signal": "too_few", "usual_weeks": 5}, "ok", "No usual yet (5 of 8 weeks)", id="no usual yet"),
        pytest.param(
            {"open_change_signal": "above", "open_change": 90.0}, "watch", "Within usual; backlog grew more than usual", id="backlog"
        ),
        pytest.param({"open_change_signal": "above", "open_change": 3.0, "open": 8.0}, "ok", "Within usual", id="a tiny backlog"),
        pytest.param({"reopen_signal": "above"}, "watch", "Within usual; more reopened than usual", id="hasty closing"),
        pytest.param({"reopen_signal": "above", "reopen_eligible": 12}, "ok", "Within usual", id="few closings"),
    ],
)
def test_a_department_is_judged(changes: dict[str, Any], status: str, words: str) -> None:
    judged = judge(weeks(**changes))
    assert (judged.status, judged.words) == (status, words)


def test_under_target_counts_the_weeks_without_a_break() -> None:
    rows = tuple(replace(row, due_cohort_on_time=0.7) if number >= 24 else row for number, row in enumerate(weeks()))
    assert judge(rows).words == "Under target 80%, 3 weeks running"
    assert judge(tuple(replace(row, due_cohort_on_time=0.7) for row in rows)).words == "Under target 80%, 27 weeks or more"


def test_departments_are_ranked_worst_first_and_the_empty_ones_left_out() -> None:
    empty = {"due": 0, "due_cohort_on_time": None, "on_time_signal": "no_data", "opened": 0, "closed": 0, "open": 0.0}
    found = ranked(
        review(
            named("Calm", due=300),
            named("Calmer", due=100),
            named("Empty", **empty),
            named("No target", on_time_target=None),
            named("Fell", on_time_signal="below"),
            named("Watched", reopen_signal="above"),
        )
    )
    assert [one.row.name for one in found] == ["Fell", "Watched", "Calm", "Calmer", "No target"]


def said(*departments: Any, **changes: Any) -> tuple[str, str]:
    shown = review(*departments, **changes)
    found = verdict(shown, ranked(shown))
    return found.headline, found.why


def test_the_week_of_a_fall() -> None:
    fallen = named("Streets", on_time_signal="below", due_cohort_on_time=0.71, due=1840, open_change=612.0, open_change_signal="above")
    headline, why = said(fallen, named("Water"), named("Parks"), rising=(RISING, RISING))
    assert headline == "Streets fell below its own limits"
    assert why == (
        "Streets closed 71.0% of its 1,840 due requests in time, against 78.0 to 90.0% usually, and its backlog grew by 612. "
        "Tree emergencies rose to 780 against 29 usually, and 1 other type rose. "
        "Two of three departments that can be judged are within their usual range."
    )


@pytest.mark.parametrize(
    ("departments", "headline"),
    [
        pytest.param([named("Water")], "No real change", id="calm"),
        pytest.param(
            [named(name, on_time_signal="below") for name in "ABCD"], "A, B and 2 others fell below their own limits", id="four fell"
        ),
        pytest.param(
            [named("Water", open_change_signal="above", open_change=99.0)], "Backlog grew more than usual: Water", id="a backlog grew"
        ),
        pytest.param([named("Water", on_time_target=0.9)], "Water is under target; no other real change", id="under target"),
        pytest.param([named("Water", on_time_signal="too_few", usual_weeks=3)], "No usual range yet to judge by", id="no usual yet"),
        pytest.param(
            [named("Water", due=0, opened=0, closed=0, open=0.0, due_cohort_on_time=None)], "Nothing is known of this week", id="nothing"
        ),
    ],
)
def test_the_headline(departments: Any, headline: str) -> None:
    assert said(*departments)[0] == headline


def test_a_week_without_a_usual_range_says_how_many_weeks_it_takes_and_claims_no_calm() -> None:
    headline, why = said(named("Water", on_time_signal="too_few", usual_weeks=3), rising=(RISING,))
    assert headline == "Tree emergencies rose"
    assert "3 of the 8 weeks" in why
    assert said(named("Water"), rising=(RISING,))[0] == "Tree emergencies rose; no department changed"
