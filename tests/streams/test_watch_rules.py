"""The rule file: what comes with the project is right and documented, and a file with a fault is refused whole, with the lines."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, strategies as st

from sql.settings import PROJECT
from streams.__main__ import main
from streams.watch.metrics import METRICS, in_words
from streams.watch.quiet_hours import quiet_hours
from streams.watch.rule_keys import RECEIVER, RULE
from streams.watch.rules import SHIPPED, InvalidRules, RuleFile, read
from streams.watch.runbook import anchors

SUBJECTS = {"queue": {"general", "spanish"}, "department": {"Streets"}, "feed": {"sim/phone"}, "topic": {"311.contacts"}}
PLAIN = """\
[[receiver]]
name = "night"
url_env = "NIGHT_URL"
quiet_hours = "22:00-06:00"

[[rule]]
name = "long-wait"
metric = "longest_wait_now_seconds"
subjects = ["general", "spanish"]
above = 600
clear_at = 300
for_minutes = 5
severity = "act"
send_to = ["night"]
text = "{subject}: {value}"
runbook = "known"

[[rule]]
name = "overdue"
metric = "overdue_share"
above = 0.4
for_minutes = 60
severity = "watch"
text = '''{subject}'''
runbook = "known"
"""


def checked(path: Path, text: str, *, subjects: dict[str, set[str]] | None = SUBJECTS) -> RuleFile:
    path.write_text(text)
    return read(path, anchors=["known", "other"], subjects=subjects)


def faults(path: Path, text: str) -> list[str]:
    """The lines of the refusal, without the first."""
    with pytest.raises(InvalidRules) as refused:
        checked(path, text)
    first, *lines = str(refused.value).split("\n  ")
    assert first.startswith(f"{path} is not used; {len(lines)} fault")
    return lines


def test_a_plain_file_is_read_whole(tmp_path: Path) -> None:
    file = checked(tmp_path / "r.toml", PLAIN)
    long_wait, overdue = file.rules
    assert (long_wait.subjects, long_wait.above, long_wait.threshold, long_wait.clear_at) == (("general", "spanish"), True, 600, 300)
    assert (overdue.subjects, overdue.clear_at, overdue.clear_minutes, overdue.no_data, overdue.send_to) == (("*",), 0.4, 0, "ignore", ())
    assert (file.receivers[0].url_env, file.receivers[0].quiet_hours_except) == ("NIGHT_URL", ("act",))


FAULTS = {
    "no TOML": ("above = 600", "above = ", "line 10: this is not TOML: Invalid value (at line 10, column 9)"),
    "no number": ("above = 600", 'above = "ten"', "line 10: above is 'ten'; write a number"),
    "true is no number": ("above = 600", "above = true", "line 10: above is True; write a number"),
    "too large a number": ("above = 600", f"above = {10**400}", "line 10: above is 1000"),
    "no end of numbers": ("above = 600", "above = inf", "line 10: above is inf; write a number"),
    "an unknown key": ("above = 600", "abov = 600", "line 10: abov is not known; there are name, metric"),
    "an unknown metric": ('"overdue_share"', '"overdo"', "line 20: metric is 'overdo'; it is one of waiting_now, "),
    "an unknown queue": ('"spanish"]', '"spansh"]', "line 9: subjects names 'spansh', which is no queue that is known; there are general, spanish"),
    "an unknown receiver": ('["night"]', '["day"]', "line 14: send_to names 'day', which is no receiver; there are night"),
    "an unknown paragraph": ("text = '''{subject}'''\nrunbook = \"known\"", "text = '''{subject}'''\nrunbook = \"no\"", "line 25: runbook is 'no', which is no paragraph of docs/runbook.md; there are known, other"),
    "neither side": ("above = 0.4\n", "", "line 18: the rule 'overdue' has neither above and below: write one of them"),
    "both sides": ("above = 600", "above = 600\nbelow = 3", "line 10: the rule 'long-wait' has both above and below: write one of them"),
    "no share": ("above = 0.4", "above = 40", "line 21: above is 40; overdue_share is a share, between 0 and 1"),
    "hysteresis on the wrong side": ("clear_at = 300", "clear_at = 900", "line 11: clear_at is 900; with above = 600 it is at most that"),
    "minutes below 0": ("for_minutes = 5", "for_minutes = -5", "line 12: for_minutes is -5; write minutes from 0 to 10,080"),
    "a severity that is not there": ('"act"', '"red"', "line 13: severity is 'red'; it is one of watch, act"),
    "a place that is not there": ("{value}", "{worth}", "line 15: text is '{subject}: {worth}'; the places are {subject}, {value}, {threshold}, {minutes}"),
    "a place that reaches into the program": ("{value}", "{value.__class__}", "line 15: text is "),
    "a brace that is not closed": ("{value}", "{value", "line 15: text is '{subject}: {value'; a brace is not closed"),
    "hours that are none": ("22:00-06:00", "22-6", "line 4: quiet_hours is '22-6'; write HH:MM-HH:MM of the city's clock"),
    "hours that end when they begin": ("22:00-06:00", "22:00-22:00", "line 4: quiet_hours is '22:00-22:00'; write HH:MM"),
    "an address in the file": ("NIGHT_URL", "mailto://u:p@x", "line 3: url_env is 'mailto://u:p@x'; write the NAME of the environment variable"),
    "a missing key": ('severity = "watch"\n', "", "line 18: the rule 'overdue' has no severity"),
    "one name twice": ('"overdue"', '"long-wait"', "line 19: the rule 'long-wait' stands in line 7 already: use another name"),
    "the topic's name": ('name = "night"', 'name = "311.alerts"', "line 2: name is '311.alerts', which is the topic's"),
    "a total that is not there": ('"overdue_share"\nabove = 0.4', '"feed_age_cadences"\nabove = 5\nsubjects = "all"', 'line 22: feed_age_cadences has no total: write "*" for each feed, or names'),
    "subjects of a total": ('"overdue_share"\nabove = 0.4', '"forecast_age_minutes"\nabove = 5\nsubjects = "*"', 'line 22: forecast_age_minutes has only a total: write "all"'),
    "cases that nobody counts": ('"overdue_share"\nabove = 0.4', '"waiting_now"\nabove = 5\nleast_cases = 3', "line 22: least_cases is 3, but waiting_now counts no cases"),
    "missing data without words": ("above = 0.4", 'above = 0.4\nno_data = "fire"', 'line 22: no_data = "fire" and no_data_text belong together'),
    "quiet hours without effect": ('severity = "act"', 'severity = "act"\nquiet_hours = "22:00-06:00"', "line 14: quiet_hours put off nothing of severity 'act'"),
    "another table": ("[[receiver]]", "[other]\nx = 1\n[[receiver]]", "line 1: other is not known; there are [[receiver]] and [[rule]]"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_with_its_line(case: str, tmp_path: Path) -> None:
    right, wrong, said = FAULTS[case]
    assert right in PLAIN
    lines = faults(tmp_path / "r.toml", PLAIN.replace(right, wrong, 1))
    assert any(line.startswith(said) for line in lines), lines


def test_every_fault_is_told_at_once_in_order_and_nothing_is_used(tmp_path: Path) -> None:
    wrong = PLAIN.replace("22:00-06:00", "night").replace("above = 600", "above = []").replace("for_minutes = 60", "for_minutes = 1e9")
    assert [line.split(":")[0] for line in faults(tmp_path / "r.toml", wrong)] == ["line 4", "line 10", "line 22"]


def test_lines_are_right_behind_a_long_text_that_looks_like_rules(tmp_path: Path) -> None:
    long_text = '# a note\n[[rule]]\nname = "first"\nmetric = "waiting_now"\nabove = 1\nfor_minutes = 0\nseverity = "act"\nrunbook = "known"\ntext = \'\'\'\\u2014\n[[rule]]\nabove = 7\n\'\'\'\n'
    lines = faults(tmp_path / "r.toml", long_text + PLAIN.replace("above = 600", "above = 'x'"))
    assert [line.split(":")[0] for line in lines] == ["line 9", "line 22"]


def test_a_file_without_rules_or_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path / "r.toml", "") == ["line 1: there is no [[rule]]: write one for each alert"]
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    for name in ("b.toml", "none.toml"):
        with pytest.raises(InvalidRules, match="cannot be read"):
            read(tmp_path / name, anchors=[], subjects=None)


@given(place=st.integers(0, len(PLAIN)), put=st.text(max_size=12), gone=st.integers(0, 12))
def test_any_file_is_read_or_refused_with_lines(place: int, put: str, gone: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes((PLAIN[:place] + put + PLAIN[place + gone :]).encode("utf-8", "surrogatepass"))
    try:
        said = "" if read(path, anchors=["known"], subjects=SUBJECTS).rules else "read, but empty"
    except InvalidRules as error:
        said = "" if "cannot be read" in str(error) or re.search(r"\n  line \d+: ", str(error)) else str(error)
    assert said == ""


def test_the_rules_that_come_with_it_are_right_and_each_has_its_paragraph() -> None:
    rules = read(SHIPPED, anchors=anchors(), subjects={}).rules
    assert sorted(rule.runbook for rule in rules) == sorted(anchors())
    paragraphs = re.split(r"^## .*$", (PROJECT / "docs" / "runbook.md").read_text(), flags=re.MULTILINE)[1:]
    for paragraph, anchor in zip(paragraphs, anchors(), strict=True):
        rule = next(rule for rule in rules if rule.runbook == anchor)
        assert f"Rule `{rule.name}`." in paragraph
        for part in ("**It means**", "**Look at**", "**Do**", "**Who:**"):
            assert part in paragraph, (rule.name, part)


def test_every_metric_and_every_key_is_documented() -> None:
    page = (PROJECT / "docs" / "watch.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z0-9_]+)` \| (.*) \|$", page, re.MULTILINE))
    for metric in METRICS.values():
        unit, subjects, query, *_ = rows[metric.name].split(" | ")
        assert (unit, subjects, query) == (metric.unit, metric.subjects, f"`{metric.query}`"), metric.name
    assert {*RULE, *RECEIVER} <= set(rows)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (277.9, "seconds", "4:37"),
        (3900, "seconds", "1 h 05 min"),
        (0.996, "share", "99%"),
        (0.001, "share", "1%"),
        (1042, "contacts", "1,042"),
        (7.25, "cadences", "7.2"),
        (130.4, "minutes", "130 min"),
        (None, "share", "no data"),
    ],
)
def test_values_read_as_on_the_screens(value: float | None, unit: str, words: str) -> None:
    assert in_words(value, unit) == words  # type: ignore[arg-type]


def test_quiet_hours_are_read() -> None:
    hours = quiet_hours("22:30-06:00")
    assert hours is not None
    assert (hours.starts.hour, hours.starts.minute, hours.ends.hour) == (22, 30, 6)
    assert [quiet_hours(words) for words in ("", "24:00-06:00", "22:00-6:00", "22:00", "22:60-06:00")] == [None] * 5


def test_the_command_says_what_is_wrong_without_a_database(database_away: str, tmp_path: Path) -> None:
    assert database_away
    (tmp_path / "wrong.toml").write_text(PLAIN.replace("above = 600", "above = 'x'"))
    refused = CliRunner().invoke(main, ["watch", "--check", str(tmp_path / "wrong.toml")])
    assert refused.exit_code == 1
    assert "line 10: above is 'x'; write a number" in refused.output
    right = CliRunner().invoke(main, ["watch", "--check", str(SHIPPED)])
    assert right.exit_code == 0
    assert "are not checked: there is no database" in right.output
    assert "11 rules, 1 receiver, no fault" in right.output
    assert CliRunner().invoke(main, ["watch", "--check", str(SHIPPED), "--once"]).exit_code == 2
