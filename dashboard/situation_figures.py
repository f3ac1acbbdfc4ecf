"""The figures of a situation report: the headline ones in the wall's words, and each count against the forecast and the usual. Pure."""

import pandas as pd

from dashboard import emergency_figures, wording
from dashboard.emergency_rows import NOT_OPEN, StormNow
from dashboard.freshness import Source
from dashboard.ics_period import full_moment, moment, period_words
from dashboard.incident_figures import storm_clock
from dashboard.incident_rows import KINDS
from dashboard.paper_blocks import MARK_WORDS, Cell, Column, Marked, Section, Tile, clipped
from dashboard.situation_rows import Situation
from dashboard.verdict import FEWEST_WEEKS, Status

TILES = ("em_contacts", "em_give_up", "em_wait", "em_open")
LONGEST_NAME = 60
SECONDS_AN_HOUR = 3600.0
COUNTED = (("contacts", "Contacts"), ("requests", "Requests opened"), ("posts", "Posts"), ("searches", "Searches"))
NUMBERS = (
    Column("", share=1.6, strong=True),
    Column("Seen", "right"),
    Column("Expected", "right"),
    Column("Without storm", "right"),
    Column("Usual", "right"),
    Column("Judged", share=1),
)


def facts(found: Situation) -> tuple[tuple[str, str], ...]:
    """The head of the report."""
    incident, zone = found.incident, found.zone
    ended = "" if incident.ended_at is None else f", ended {moment(incident.ended_at, zone)}"
    hour = storm_clock(incident.onset_at, incident.ended_at or found.at)
    told = [
        ("As of", full_moment(found.at, zone)),
        (
            "Storm clock",
            f"{hour} from onset {moment(incident.onset_at, zone)}{ended}",
        ),
        ("Level", level_words(found)),
        ("Operational period", period_words(found.period, zone)),
        ("Where", clipped(found.areas, LONGEST_NAME) or "not told"),
        ("Prepared from", f"{found.city_name}, metrics version {found.metrics_version}"),
    ]
    return tuple(told)


def subject(found: Situation) -> str:
    """The incident with its kind."""
    return f"{clipped(found.incident.name, LONGEST_NAME)} ({KINDS.get(found.incident.kind, found.incident.kind).lower()})"


def level_words(found: Situation) -> str:
    """The level and since when it holds."""
    if found.incident.level == NOT_OPEN:
        return f"{NOT_OPEN} at that time"
    since = None
    for one in found.changes:
        if since is None or one.level != since[0]:
            since = one.level, one.changed_at
    level = clipped(found.incident.level, LONGEST_NAME // 2)
    return level if since is None else f"{level}, since {moment(since[1], found.zone)}"


def tiles(found: Situation) -> tuple[Tile, ...]:
    """The four headline figures, as the Emergency wall has them."""
    shown = emergency_figures.emergency_figures(found.known, found.verdict, found.zone, Source(found.at, SECONDS_AN_HOUR))
    made = []
    for key in TILES:
        figure = shown[key]
        words = MARK_WORDS | figure.get("words", {})
        value, status = figure["value"], str(figure["status"])
        made.append(
            Tile(
                label=str(figure["label"]) + (", last hour" if key in TILES[:2] else ""),
                value=None if value is None else f"{value}{figure.get('unit', '')}",
                status="nodata" if value is None and status == "none" else status,
                word=str(words.get(status, "")),
                against=str(figure.get("empty", "")) if value is None else str(figure.get("compare", "")),
                beside=(str(figure["compare"]),) if value is None and key == "em_give_up" else (),
            )
        )
    return tuple(made)


def numbers(found: Situation) -> Section:
    """What was counted in the last hour and since the onset, against the forecast, the forecast without a storm, and the usual."""
    rows = [_last_hour(found, kind, name) for kind, name in COUNTED]
    whole = len(found.hours)
    if whole:
        rows += [_since(found, kind, name) for kind, name in COUNTED]
    heading = "How much, and is it what was expected?"
    return Section(heading, NUMBERS, tuple(rows), note=_note(found.known.now))


def _note(now: StormNow) -> str:
    """The sums up to now, and what is open; of a kind of which nothing was ever told there is no sum."""
    since = [wording.plural(now.contacts_since, "contact"), f"{wording.count(now.abandoned_since)} gave up"]
    if now.requests_since is not None:
        since.append(f"{wording.plural(now.requests_since, 'request')} opened")
    said = [f"Since the onset, up to now: {', '.join(since)}."]
    if now.open_requests is not None:
        earlier = wording.count(now.open_requests_hour_ago)
        said.append(f"Open requests: {wording.count(now.open_requests)}, an hour ago {earlier}; no usual is kept of them.")
    if now.searches_hour is not None:
        said.append(f"{wording.plural(now.searches_without_answer_since, 'search', 'searches')} found nothing.")
    return " ".join(said)


def _last_hour(found: Situation, kind: str, name: str) -> tuple[Cell, ...]:
    now, expected = found.known.now, found.known.expected
    usual = found.known.usual.get(kind)
    known_usual = usual is not None and usual.weeks >= FEWEST_WEEKS
    status: Status = getattr(found.verdict, kind)
    told = kind == "contacts" and expected.expected is not None
    count = getattr(now, f"{kind}_hour")
    band = f" ({wording.both(expected.expected_low or 0, expected.expected_high or 0)})" if told else ""
    return (
        f"{name}, last hour",
        wording.NOTHING if count is None else wording.count(count),
        f"{wording.count(expected.expected or 0)}{band}" if told else wording.NOTHING,
        wording.count(expected.no_storm) if kind == "contacts" and expected.no_storm is not None else wording.NOTHING,
        f"{wording.count(usual.usual)} ({wording.both(usual.usual_low, usual.usual_high)})" if usual and known_usual else wording.NOTHING,
        Marked("nodata", "None are told") if count is None else _judged(status, held=told or known_usual),
    )


def _judged(status: Status, *, held: bool) -> Cell:
    if status in MARK_WORDS:
        return Marked(status, MARK_WORDS[status])
    return Marked("none", "Too few to judge" if held else "Nothing to hold it against")


def _since(found: Situation, kind: str, name: str) -> tuple[Cell, ...]:
    hours = found.hours
    seen = hours[kind]
    column = "usual" if kind == "contacts" else f"{kind}_usual"
    expected = hours["expected"] if kind == "contacts" else None
    usual = _sum(hours[column])
    judged = _times(seen, expected if expected is not None and expected.notna().any() else hours[column])
    than = "expected" if expected is not None and expected.notna().any() else "usual"
    return (
        f"{name}, {wording.plural(len(hours), 'whole hour')}",
        _sum(seen),
        wording.NOTHING if expected is None else _sum(expected),
        _sum(hours["no_storm"]) if kind == "contacts" else wording.NOTHING,
        usual,
        "" if judged is None else f"{judged:.1f} × {than}",
    )


def _sum(hours: "pd.Series[float]") -> str:
    """The sum; of how many hours, where not all are known."""
    known = int(hours.notna().sum())
    if not known:
        return wording.NOTHING
    return wording.count(hours.sum()) + ("" if known == len(hours) else f" ({known} h)")


def _times(seen: "pd.Series[float]", held: "pd.Series[float]") -> float | None:
    """How many times what it is held against, in the hours of which both are known."""
    both = seen.notna() & held.notna()
    total = float(held[both].sum())
    return float(seen[both].sum()) / total if total >= 1 else None
