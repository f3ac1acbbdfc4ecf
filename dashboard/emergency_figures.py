"""From what is known of a storm at an instant to what each part of the Emergency wall shows, small and JSON-ready. Pure."""

from zoneinfo import ZoneInfo

from dashboard import emergency_boards, wording
from dashboard.emergency_boards import aged
from dashboard.emergency_clock import storm_clock
from dashboard.emergency_rows import Emergency, Usual
from dashboard.emergency_verdict import StormVerdict, judge
from dashboard.figure import Figure, definition_of, stamp
from dashboard.figures import strip
from dashboard.freshness import Source
from dashboard.map_cells import Cells
from dashboard.snapshot import Snapshot, contacts_source
from dashboard.verdict import FEWEST_WEEKS, Status

NEVER_SEEN: Figure = {"as_of": None, "cadence": 10.0}
TITLES = {  # of each part, also before anything was read
    "em_clock": "",
    "em_contacts": "Contacts an hour",
    "em_give_up": "Gave up waiting",
    "em_open": "Open requests",
    "em_wait": "Longest wait",
    "em_requests": "Requests, 1 h",
    "em_posts": "Posts, 1 h",
    "em_searches": "Searches, 1 h",
    "em_calls": "Contacts an hour",
    "em_asked": "",
    "em_said": "Said and done",
    "em_lifelines": "Community lifelines",
    "em_staff": "People, next 12 h",
    "em_map": "Requests, times the usual",
}
KEYS = tuple(TITLES)
DEFINED_AS = {
    "em_contacts": "storm_contacts_expected",
    "em_calls": "storm_contacts_expected",
    "em_give_up": "storm_give_up_share",
    "em_open": "open",
    "em_wait": "longest_wait_now_seconds",
    "em_map": "hot_spots",
    "em_requests": "storm_usual",
    "em_posts": "storm_usual",
    "em_searches": "storm_usual",
}
TOPIC_OF = {
    **dict.fromkeys(("em_open", "em_requests", "em_map", "em_asked"), "311.requests"),
    "em_posts": "311.social",
    "em_searches": "311.searches",
}
_PLAIN: Figure = {"value": None, "status": "none", "rows": [], "columns": [], "line": "", "others": "", "empty": "Nothing is known yet"}
_CLOCK: Figure = {"is_storm": False, "zero_at": None, "stopped_at": None, "since": "", "from": -24, "to": 24, "ticks": []}
_ALERTS: Figure = {"alerts": None, "unheard": ""}
_WEATHER: Figure = {"said": [], "measure": "", "seen": [], "ahead": [], "points": [], "top": 1.0}
NOTHING: Figure = _PLAIN | _CLOCK | _ALERTS | _WEATHER  # what every component can draw before anything was read


def wall_figures(snapshot: Snapshot) -> dict[str, Figure]:
    """Every part of the wall as of now, with its head; all unknown before the first reading."""
    known, source = snapshot.emergency, contacts_source(snapshot.live, snapshot.at)
    if known is None:
        nothing = StormVerdict("No incident", "ok", "Nothing is known yet", *(["none"] * 6))  # type: ignore[arg-type]
        head = strip(snapshot, nothing, "Emergency") | NEVER_SEEN | {"headline": "Not known", "status": "unknown"}
        parts = {key: NOTHING | NEVER_SEEN | {"label": title, "title": title, "subject": title} for key, title in TITLES.items()}
        return {"em_strip": head} | parts
    verdict = judge(known)
    # No figure is younger than the reading that it comes from.
    read = Source(None if source.as_of is None else min(source.as_of, known.at), source.cadence_seconds)
    head = strip(snapshot, verdict, "Emergency") | stamp(read)
    figures = emergency_figures(known, verdict, snapshot.zone, read)
    return {"em_strip": head} | {
        key: figure | _defined(snapshot, key) | _as_fresh_as_its_feed(snapshot, known, key) for key, figure in figures.items()
    }


def _as_fresh_as_its_feed(snapshot: Snapshot, known: Emergency, key: str) -> Figure:
    """What a figure of requests, posts or searches counts its age from: the freshest feed that brings them, and the reading."""
    topic = TOPIC_OF.get(key)
    feeds = [one for one in (snapshot.live.feeds if snapshot.live else ()) if topic and (one.topic or "").endswith(topic) and one.as_of]
    if not feeds:
        return {}
    best = min(feeds, key=lambda one: (snapshot.at - (one.as_of or snapshot.at)).total_seconds() / one.cadence_seconds)
    return stamp(Source(min(best.as_of or known.at, known.at), best.cadence_seconds))


def _defined(snapshot: Snapshot, key: str) -> Figure:
    return definition_of(snapshot, DEFINED_AS[key]) if key in DEFINED_AS else {}


def emergency_figures(known: Emergency, verdict: StormVerdict, zone: ZoneInfo, contacts: Source) -> dict[str, Figure]:
    """Every part of the wall by its key, but the strip.

    Args:
        known: what is known.
        verdict: on it.
        zone: the city's.
        contacts: what figures of contacts are as fresh as; in a replay the instant itself.
    """
    return {
        "em_clock": storm_clock(known, zone, contacts),
        "em_contacts": _contacts(known, verdict, contacts),
        "em_give_up": _give_up(known, verdict, contacts),
        "em_open": _open(known),
        "em_wait": _wait(known, verdict, contacts),
        "em_requests": _against_usual(known, "requests", known.now.requests_hour, verdict.requests),
        "em_posts": _against_usual(known, "posts", known.now.posts_hour, verdict.posts),
        "em_searches": _against_usual(known, "searches", known.now.searches_hour, verdict.searches),
        "em_calls": {
            "subject": TITLES["em_calls"],
            "label": "**Contacts an hour**, hours from the onset" if known.clock.is_storm else "**Contacts an hour**",
            **stamp(contacts),
        },
        "em_asked": emergency_boards.asked(known),
        "em_said": emergency_boards.said(known, zone),
        "em_lifelines": emergency_boards.lifelines(known),
        "em_staff": emergency_boards.staff(known, zone),
        "em_map": {
            "subject": TITLES["em_map"],
            "label": f"**Requests since {'onset' if known.clock.is_storm else 'yesterday'}**, times the usual",
            **aged(known),
        },
    }


def _tile(label: str, value: str | None, status: Status, source: Figure, **more: object) -> Figure:
    return {"label": label, "value": value, "status": status, **more, **source}


def _contacts(known: Emergency, verdict: StormVerdict, source: Source) -> Figure:
    now, expected = known.now, known.expected
    if expected.expected is not None and expected.expected >= 1:
        times = f"{now.contacts_hour / expected.expected:.1f} ×"
        compare = f"expected {wording.both(expected.expected_low or 0.0, expected.expected_high or expected.expected)}"
    else:
        times, compare = _beside_usual(now.contacts_hour, known.usual.get("contacts"))
    value = wording.count(now.contacts_hour)
    return _tile(TITLES["em_contacts"], value, verdict.contacts, stamp(source), of=times, compare=compare, words={"none": "No forecast"})


def _give_up(known: Emergency, verdict: StormVerdict, source: Source) -> Figure:
    now = known.now
    value = None if now.abandon_share_hour is None else wording.percent(now.abandon_share_hour)
    few = {"none": "Too few"}
    since = f"{wording.count(now.abandoned_since)} since {'onset' if known.clock.is_storm else 'yesterday'}"
    since = since if verdict.give_up != "none" else f"{wording.count(now.abandoned_since)} in all"  # beside "Too few" there is less room
    return _tile(
        TITLES["em_give_up"],
        value,
        verdict.give_up,
        stamp(source),
        unit="%",
        compare=since,
        empty="Nobody called in 1 h" if not now.contacts_hour else "Not told",
        words=few,
    )


def _open(known: Emergency) -> Figure:
    now = known.now
    value = None if now.open_requests is None else wording.count(now.open_requests)
    change = wording.change((now.open_requests or 0) - now.open_requests_hour_ago)
    return _tile(TITLES["em_open"], value, "none", aged(known), compare=f"{change} in 1 h", empty="None are told", words={"none": ""})


def _wait(known: Emergency, verdict: StormVerdict, source: Source) -> Figure:
    now = known.now
    longest = now.longest_wait_now_seconds
    value = None if longest is None else wording.wait(longest)
    waiting = f"{wording.count(now.waiting_now)} waiting"
    told = now.answered_hour + now.abandoned_hour + now.waiting_now > 0 or not now.contacts_hour
    empty = "Nobody waits" if told else "Not told"
    return _tile(TITLES["em_wait"], value, verdict.wait, stamp(source), compare=waiting, empty=empty)


def _beside_usual(count: int, usual: Usual | None) -> tuple[str, str]:
    """How many times the usual, and the usual range."""
    if usual is None or usual.weeks < FEWEST_WEEKS:
        return "", "no usual yet"
    times = "" if usual.usual < 1 else f"{count / usual.usual:.1f} ×"
    return times, f"usual {wording.both(usual.usual_low, usual.usual_high)}"


def _against_usual(known: Emergency, kind: str, count: int | None, status: Status) -> Figure:
    value = None if count is None else wording.count(count)
    times, compare = ("", "") if count is None else _beside_usual(count, known.usual.get(kind))
    words = {"none": "", "ok": ""}
    return _tile(TITLES[f"em_{kind}"], value, status, aged(known), of=times, compare=compare, empty="None are told", words=words)


def placed_words(cells: Cells) -> str:
    """How many requests there are, and how many of them are on no map."""
    missing = sum(cells.left_out.values())
    total = cells.located + missing
    if not total:
        return "No requests yet"
    return f"{wording.plural(total, 'request')}" + (f", {wording.percent(missing / total)}% without a place" if missing else "")


def replay_strip(snapshot: Snapshot, known: Emergency, verdict: StormVerdict) -> Figure:
    """The head of a replay: the verdict of then, and that it is one."""
    offset = known.at.astimezone(snapshot.zone).utcoffset()
    return {
        "headline": verdict.headline,
        "status": verdict.status,
        "why": verdict.why,
        "away": "",
        "place": "As it was known then",
        "utc_offset_seconds": offset.total_seconds() if offset else 0,
        "feeds": None,
        "carrier": "the past",
        **stamp(Source(known.at, 3600.0)),
    }
