"""What `docs/monitoring.md` says of the metrics is what the code declares, in both directions, and the example rules ask for nothing else."""

import re

import pytest

import dashboard.telemetry
import forecasting.telemetry
import streams.telemetry
from sql.settings import PROJECT
from sql.telemetry import PROCESS, Metric

GROUPS = (PROCESS, *streams.telemetry.GROUPS, *forecasting.telemetry.GROUPS, *dashboard.telemetry.GROUPS)
DECLARED = [metric for group in GROUPS for metric in group.metrics]
ROW = re.compile(r"^\| `(city311_\w+)` \| (\w+) \| (.*?) ?\| (.+) \|$", re.MULTILINE)
UNITS = ("_seconds", "_events", "_total", "_info", "_partitions", "_firing", "_working", "_queues", "_trouble", "_sessions", "_streams")


def documented() -> list[Metric]:
    rows = ROW.findall((PROJECT / "docs" / "monitoring.md").read_text())
    return [Metric(name, kind, tuple(re.findall(r"`(\w+)`", labels)), meaning) for name, kind, labels, meaning in rows]


def test_the_list_of_metrics_is_the_declared_one() -> None:
    assert documented() == DECLARED


@pytest.mark.parametrize("metric", DECLARED, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_names_them(metric: Metric) -> None:
    assert re.fullmatch(r"city311_[a-z_]+", metric.name)
    assert metric.name.endswith(UNITS)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert not metric.name.endswith("_timestamp") or metric.name.endswith("_timestamp_seconds")
    assert metric.meaning[0].isupper() or metric.meaning[0].isdigit()
    assert metric.meaning.endswith(".")


def test_no_name_is_declared_twice() -> None:
    names = [metric.name for metric in DECLARED]
    assert len(set(names)) == len(names)


def test_the_example_rules_ask_for_metrics_that_there_are() -> None:
    rules = (PROJECT / "docs" / "prometheus-rules.yml").read_text()
    asked = set(re.findall(r"city311_\w+", rules))
    there = {metric.name for metric in DECLARED} | {f"{metric.name}_bucket" for metric in DECLARED if metric.kind == "histogram"}
    assert asked
    assert asked <= there
    names = re.findall(r"- alert: (\w+)", rules)
    assert len(set(names)) == len(names) == rules.count("expr: ") == rules.count("severity: ")
