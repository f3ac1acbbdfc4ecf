"""Hypothesis strategies: the events of a few contacts and agents, as a feed might send them: any order, more than once, or never."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from streams import events
from streams.fold import Batch, Position, Record

EPOCH = datetime(2026, 3, 8, 5, 0, tzinfo=UTC)  # the night of the change to summer time in New York
instants = st.integers(0, 7200).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
seconds = st.none() | st.integers(0, 900).map(float)
contact_ids = st.sampled_from(["a", "b", "b/2", "c\\x"])
queues = st.sampled_from(["general", "spanish"])
agents = st.sampled_from(["ann", "bob"])
CONTACT_DATA = (
    st.builds(events.ContactQueued, contact_ids, queues, st.just("phone"), st.none() | st.sampled_from(["en", "es"]))
    | st.builds(events.ContactAnswered, contact_ids, st.none() | agents, st.none() | queues, seconds)
    | st.builds(
        events.ContactLeftQueue, contact_ids, st.sampled_from(["abandoned", "transferred", "callback"]), st.none() | queues, seconds
    )
    | st.builds(events.ContactEnded, contact_ids, st.none() | queues, seconds, seconds, seconds)
)
AGENT_DATA = st.builds(
    events.AgentStateChanged,
    agents,
    st.sampled_from(["on_contact", "wrap_up", "away", "available", "offline"]),
    st.none() | st.tuples(queues),
)
REQUEST_DATA = st.builds(
    events.RequestSnapshot,
    st.sampled_from(["r1", "r2"]),
    st.sampled_from(["open", "closed"]),
    st.sampled_from([EPOCH, EPOCH + timedelta(seconds=30), EPOCH + timedelta(hours=1)]),
    st.none() | instants,
    st.none() | instants,
    service_name=st.none() | st.sampled_from(["Pothole", "Graffiti\\t"]),
    department=st.none() | st.just("Streets"),
    lat=st.none() | st.just(39.95),
    long=st.none() | st.just(-75.16),
    closed_datetime=st.none() | instants,
)
HOURS = st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True).flatmap(
    lambda numbers: st.tuples(
        *(
            st.builds(events.ForecastHour, st.just(EPOCH + timedelta(hours=n)), st.none() | st.just(-1.5), st.none() | st.just(2.0))
            for n in sorted(numbers)
        )
    )
)
WEATHER_DATA = st.builds(events.WeatherForecast, st.sampled_from(["PHI/49,75", "OKX/33,37"]), HOURS) | st.builds(
    events.WeatherObserved,
    st.sampled_from(["KPHL", "airport\\t"]),
    st.sampled_from([EPOCH.date(), EPOCH.date() - timedelta(days=1)]),
    snow_mm=st.none() | st.sampled_from([0.0, 254.0]),
    temperature_max_celsius=st.none() | st.just(-3.9),
)
EVENTS = st.builds(
    lambda data, at, source: events.event(data, source=source, event_id="e", at=at),
    CONTACT_DATA | AGENT_DATA | REQUEST_DATA,
    instants,
    st.sampled_from(["s1", "s2"]),
)

WEATHER_EVENTS = st.builds(
    lambda data, at, source: events.event(data, source=source, event_id="e", at=at), WEATHER_DATA, instants, st.sampled_from(["s1", "s2"])
)

ALERT_DATA = st.builds(
    events.WeatherAlert,
    st.sampled_from(["a", "b", "c/1", "d\\t"]),
    st.sampled_from(["Winter Storm Warning", "Flood\\tWatch"]),
    st.sampled_from(["Actual", "Test"]),
    st.sampled_from(["Alert", "Update", "Cancel"]),
    expires_at=st.none() | instants,
    ends_at=st.none() | instants,
    severity=st.none() | st.just("Severe"),
    zones=st.sampled_from([(), ("PAC101",), ("PAZ071", 'a"b\\')]),
    refers_to=st.sampled_from([(), ("a",), ("b", "c/1")]),
    geometry=st.none() | st.just('{"type":"Polygon","coordinates":[]}'),
    parameters=st.sampled_from([{}, {"VTEC": ("/O.NEW.KPHI.WS.W.0001/",)}]),
)
ALERT_EVENTS = st.builds(
    lambda data, at, source: events.event(data, source=source, event_id="e", at=at), ALERT_DATA, instants, st.sampled_from(["s1", "s2"])
)

SOCIAL_DATA = (
    st.builds(
        events.SocialPosted,
        st.sampled_from(["p1", "p2", "p\\t"]),
        text=st.sampled_from(["No power on our street", "When will you plow?", "a\tb\n\\N \x00", ""]),
        author_hash=st.none() | st.sampled_from(["h1", "h2"]),
        verified=st.booleans(),
        in_reply_to=st.none() | st.just("p1"),
        language=st.none() | st.just("es"),
        reposts=st.integers(0, 3),
        latitude=st.none() | st.just(39.95),
    )
    | st.builds(events.SocialPosted, st.sampled_from(["x1", "x2"]), repost_of=st.sampled_from(["p1", "text-1"]))
    | st.builds(events.SocialReplied, st.sampled_from(["p1", "p2"]), st.sampled_from(["r1", "r2"]))
)
SOCIAL_EVENTS = st.builds(
    lambda data, at, source: events.event(data, source=source, event_id="e", at=at), SOCIAL_DATA, instants, st.sampled_from(["s1", "s2"])
)


def records(many: list[events.Event], first: int = 0) -> list[Record]:
    """Records of one partition, from offset `first` on."""
    return [Record("t", 0, first + number, None, events.encode(event)) for number, event in enumerate(many)]


def batches(many: list[events.Event], sizes: list[int]) -> list[Batch]:
    """The events cut into batches of these sizes; what is left over is the last."""
    found, at = [], 0
    for size in [*sizes, len(many)]:
        part = records(many[at : at + size], at)
        if part:
            batch = Batch({Position("t", 0): at})
            batch.add(Position("t", 0), part)
            found.append(batch)
        at += size
    return found
