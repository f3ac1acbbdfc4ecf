"""The rule file: read, checked as a whole, and refused as a whole, with a line for each fault. It asks no database and sends nothing."""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sql.toml_files import parsed
from streams.watch import rule_keys
from streams.watch.line_index import LineIndex, line_index
from streams.watch.metrics import METRICS, TOTAL, Metric
from streams.watch.quiet_hours import QuietHours, quiet_hours

SHIPPED = Path(__file__).with_name("rules.toml")
TOPIC_RECEIVER = "311.alerts"  # always told, whatever the file says
EACH = "*"

NoData = Literal["ignore", "hold", "fire"]
Severity = Literal["watch", "act"]


class InvalidRules(Exception):
    """A rule file cannot be used; the message has a line for each fault, with the line of the file."""


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Who is told.

    Attributes:
        name: what rules and the database call it.
        url_env: the environment variable that holds the address; the address itself is in no file.
        quiet_hours: when it is not written to.
        quiet_hours_except: the severities that it is told all the same.
    """

    name: str
    url_env: str
    quiet_hours: QuietHours | None
    quiet_hours_except: tuple[Severity, ...]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule; the meaning of each attribute stands in `docs/watch.md`. Exactly one side of `threshold` is a breach."""

    name: str
    metric: Metric
    subjects: tuple[str, ...]
    above: bool
    threshold: float
    clear_at: float
    for_minutes: float
    clear_minutes: float
    least_cases: int
    no_data: NoData
    severity: Severity
    quiet_hours: QuietHours | None
    quiet_hours_except: tuple[Severity, ...]
    send_to: tuple[str, ...]
    text: str
    no_data_text: str
    runbook: str


@dataclass(frozen=True)
class RuleFile:
    """A file without a fault."""

    receivers: tuple[Receiver, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, order=True)
class _Fault:
    line: int
    what: str


def read(path: Path, *, anchors: Collection[str], subjects: Mapping[str, Collection[str]] | None) -> RuleFile:
    """Read a rule file.

    Args:
        path: The file.
        anchors: The paragraphs of the runbook.
        subjects: The names that are known, by kind (`queue`, `feed`, …); None: they cannot be checked now.

    Raises:
        InvalidRules: it cannot be read, or something in it is wrong; then nothing of it is used.
    """
    try:
        text = path.read_text(encoding="utf-8")
        found = parsed(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRules(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = int(line[1]) if line else len(text.splitlines())
        raise _refused(path, [_Fault(where, f"this is not TOML: {error}")]) from None
    check = _Check(line_index(text), anchors=anchors, subjects=subjects)
    checked = check.file(found)
    if check.faults:
        raise _refused(path, check.faults)
    return checked


def _refused(path: Path, faults: list[_Fault]) -> InvalidRules:
    lines = "".join(f"\n  line {fault.line}: {fault.what}" for fault in sorted(set(faults)))
    return InvalidRules(f"{path} is not used; {len(set(faults))} {'fault' if len(set(faults)) == 1 else 'faults'}:{lines}")


class _Check:
    """One pass over a file; it collects every fault before anything is built."""

    def __init__(self, lines: LineIndex, *, anchors: Collection[str], subjects: Mapping[str, Collection[str]] | None) -> None:
        self.faults: list[_Fault] = []
        self._lines, self._anchors, self._subjects = lines, anchors, subjects
        self._receivers: set[str] = set()

    def file(self, found: dict[str, Any]) -> RuleFile:
        """The whole file; only of use while `faults` is empty."""
        for name in found.keys() - {"rule", "receiver"}:
            self._fault(self._lines.of("", 0, name), f"{name} is not known; there are [[receiver]] and [[rule]]")
        self._receivers = {str(one["name"]) for one in self._tables(found, "receiver") if "name" in one}
        receivers = [self._receiver(number, one) for number, one in enumerate(self._tables(found, "receiver"))]
        rules = [self._rule(number, one) for number, one in enumerate(self._tables(found, "rule"))]
        if not found.get("rule"):
            self._fault(1, "there is no [[rule]]: write one for each alert")
        for kind in ("receiver", "rule"):
            self._names_twice(kind, self._tables(found, kind))
        return RuleFile(tuple(one for one in receivers if one), tuple(one for one in rules if one))

    def _fault(self, line: int, what: str) -> None:
        self.faults.append(_Fault(line, what))

    def _tables(self, found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        tables = found.get(kind, [])
        if isinstance(tables, list) and all(isinstance(one, dict) for one in tables):
            return tables
        self._fault(self._lines.of(kind, 0), f"{kind} is no table: write [[{kind}]] above each")
        return []

    def _names_twice(self, kind: str, tables: list[dict[str, Any]]) -> None:
        first: dict[Any, int] = {}
        for number, one in enumerate(tables):
            name = one.get("name")
            if isinstance(name, str) and first.setdefault(name, number) != number:
                earlier = self._lines.of(kind, first[name], "name")
                self._fault(self._lines.of(kind, number, "name"), f"the {kind} {name!r} stands in line {earlier} already: use another name")

    def _keys(self, kind: str, number: int, one: dict[str, Any], keys: rule_keys.Keys, required: Collection[str]) -> bool:
        """Whether each key is known and its value of the right kind, and none is missing."""
        before = len(self.faults)
        for key, value in one.items():
            said = f"{key} is not known; there are {', '.join(keys)}" if key not in keys else keys[key](value)
            if said:
                self._fault(self._lines.of(kind, number, key), said if key not in keys else f"{key} is {value!r}; {said}")
        for key in required:
            if key not in one:
                self._fault(self._lines.of(kind, number), f"the {kind} {one.get('name', number + 1)!r} has no {key}")
        return len(self.faults) == before

    def _receiver(self, number: int, one: dict[str, Any]) -> Receiver | None:
        if not self._keys("receiver", number, one, rule_keys.RECEIVER, ("name", "url_env")):
            return None
        if one["name"] == TOPIC_RECEIVER:
            self._fault(self._lines.of("receiver", number, "name"), f"name is {TOPIC_RECEIVER!r}, which is the topic's: use another name")
        return Receiver(
            name=one["name"],
            url_env=one["url_env"],
            quiet_hours=quiet_hours(one["quiet_hours"]) if "quiet_hours" in one else None,
            quiet_hours_except=tuple(one.get("quiet_hours_except", ("act",))),
        )

    def _rule(self, number: int, one: dict[str, Any]) -> Rule | None:
        if not self._keys("rule", number, one, rule_keys.RULE, rule_keys.REQUIRED):
            return None
        before = len(self.faults)
        metric = METRICS[one["metric"]]

        def fault(key: str, what: str) -> None:
            self._fault(self._lines.of("rule", number, key), what)

        for key, what in (*_threshold_faults(one, metric), *self._reference_faults(one, metric), *_contradictions(one, metric)):
            fault(key, what)
        return _built(one, metric) if len(self.faults) == before else None

    def _reference_faults(self, one: dict[str, Any], metric: Metric) -> list[tuple[str, str]]:
        """Names in a rule of what stands elsewhere: subjects, receivers, the runbook."""
        found = [("subjects", what) for name in _subjects(one, metric) if (what := self._subject_fault(name, metric))]
        for name in one.get("send_to", []):
            if name not in self._receivers:
                there = ", ".join(sorted(self._receivers)) or "none: write a [[receiver]]"
                found.append(("send_to", f"send_to names {name!r}, which is no receiver; there are {there}"))
        if one["runbook"] not in self._anchors:
            there = ", ".join(self._anchors) or "none"
            found.append(("runbook", f"runbook is {one['runbook']!r}, which is no paragraph of docs/runbook.md; there are {there}"))
        return found

    def _subject_fault(self, name: str, metric: Metric) -> str | None:
        if name == TOTAL:
            return None if metric.total else f'{metric.name} has no total: write "*" for each {metric.subjects}, or names'
        if metric.subjects == "none":
            return f'{metric.name} has only a total: write "all"'
        if name == EACH or self._subjects is None or name in self._subjects.get(metric.subjects, ()):
            return None
        there = ", ".join(sorted(self._subjects.get(metric.subjects, ()))) or "none yet"
        return f"subjects names {name!r}, which is no {metric.subjects} that is known; there are {there}"


def _subjects(one: dict[str, Any], metric: Metric) -> tuple[str, ...]:
    given = one.get("subjects", TOTAL if metric.subjects == "none" else EACH)
    return (given,) if isinstance(given, str) else tuple(given)


def _threshold_faults(one: dict[str, Any], metric: Metric) -> list[tuple[str, str]]:
    if ("above" in one) == ("below" in one):
        return [("above", f"the rule {one['name']!r} has {'both' if 'above' in one else 'neither'} above and below: write one of them")]
    side = "above" if "above" in one else "below"
    found = []
    for key in (side, "clear_at"):
        if metric.unit == "share" and not 0 <= one.get(key, 0) <= 1:
            found.append((key, f"{key} is {one[key]!r}; {metric.name} is a share, between 0 and 1"))
    clear_at = one.get("clear_at", one[side])
    if clear_at > one[side] if side == "above" else clear_at < one[side]:
        right = "at most" if side == "above" else "at least"
        found.append(("clear_at", f"clear_at is {clear_at!r}; with {side} = {one[side]!r} it is {right} that"))
    return found


def _contradictions(one: dict[str, Any], metric: Metric) -> list[tuple[str, str]]:
    """Keys that would do nothing, or that need another."""
    found = []
    if one.get("least_cases") and not metric.cases:
        counted = ", ".join(name for name, other in METRICS.items() if other.cases)
        found.append(("least_cases", f"least_cases is {one['least_cases']!r}, but {metric.name} counts no cases; these do: {counted}"))
    if (one.get("no_data") == "fire") != ("no_data_text" in one):
        found.append(("no_data", 'no_data = "fire" and no_data_text belong together: write both or neither'))
    if "quiet_hours" in one and one["severity"] in one.get("quiet_hours_except", ("act",)):
        found.append(
            (
                "quiet_hours",
                f"quiet_hours put off nothing of severity {one['severity']!r}: leave them out, or write quiet_hours_except = []",
            )
        )
    return found


def _built(one: dict[str, Any], metric: Metric) -> Rule:
    threshold = one["above"] if "above" in one else one["below"]
    return Rule(
        name=one["name"],
        metric=metric,
        subjects=_subjects(one, metric),
        above="above" in one,
        threshold=float(threshold),
        clear_at=float(one.get("clear_at", threshold)),
        for_minutes=float(one["for_minutes"]),
        clear_minutes=float(one.get("clear_minutes", 0)),
        least_cases=one.get("least_cases", 0),
        no_data=one.get("no_data", "ignore"),
        severity=one["severity"],
        quiet_hours=quiet_hours(one["quiet_hours"]) if "quiet_hours" in one else None,
        quiet_hours_except=tuple(one.get("quiet_hours_except", ("act",))),
        send_to=tuple(dict.fromkeys(one.get("send_to", ()))),
        text=one["text"],
        no_data_text=one.get("no_data_text", ""),
        runbook=one["runbook"],
    )
