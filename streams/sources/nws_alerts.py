"""Reads the alerts of api.weather.gov: one GeoJSON feature, a message of the Common Alerting Protocol, becomes one event. No I/O.

Words are kept as they come. What decides whether an alert holds (id, times, status, type, references) must be readable, or the message is
refused with its reason; a broken shape or parameter is left out, because a warning without them is still a warning. Which messages hold is
not decided here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from streams import events
from streams.sources import LONG_AGO, Envelopes, Horizon, Unreadable, shown, utc_now
from streams.sources.open311 import document
from streams.sources.request_fields import cut, words
from streams.sources.same_codes import county_of

DEFAULT_NAME = "nws/alerts"
LONGEST_ID = 180  # leaves room for the mark of a replay
LONGEST_NAME = 100
LONGEST_TEXT = 20_000
LONGEST_GEOMETRY = 400_000  # characters: more than Kafka takes in one message would stop the feed
LONGEST_PARAMETERS = 100_000  # characters, all together
MOST_PARAMETERS, MOST_ZONES, MOST_REFERENCES = 200, 2_000, 500

_encode = msgspec.json.Encoder(order="deterministic").encode


class _Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: list[list[list[float]]]


class _MultiPolygon(msgspec.Struct, tag_field="type", tag="MultiPolygon"):
    coordinates: list[list[list[list[float]]]]


class NwsAlerts:
    """The alerts of api.weather.gov. It remembers nothing from one message to the next."""

    def __init__(self, name: str = DEFAULT_NAME, *, clock: Callable[[], datetime] = utc_now) -> None:
        """Begin.

        Args:
            name: the CloudEvents source.
            clock: now; a message sent more than a day ahead of it is unreadable.
        """
        self.name = name
        self.title = "Weather alerts" if name == DEFAULT_NAME else f"Weather alerts {name.removeprefix('nws/')}"[:100]
        self.ignored: Counter[str] = Counter()
        self._horizon = Horizon(clock)
        self._envelopes = Envelopes(name)
        self._last_at = LONG_AGO

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The events of one feature, or of every feature of a collection; blanks have none."""
        line = line.strip()
        if not line:
            return []
        try:
            whole = document(line)
        except Unreadable as error:
            return self._envelopes.refuse(line, str(error), position=position, at=self._last_at)
        found = features(whole)
        return [self.event(one, position) for one in ([whole] if found is None else found)]

    def event(self, feature: Any, position: str | None = None) -> events.Event:
        """The event of one feature; how it is laid out, and what else stands in it, does not change the event's id."""
        try:
            alert, sent_at = self._alert(feature)
        except Unreadable as error:
            (refused,) = self._envelopes.refuse(_encode(feature), str(error), position=position, at=self._last_at)
            return refused
        self._last_at = max(self._last_at, sent_at)
        (told,) = self._envelopes.seal(_encode((sent_at, alert)), [(alert, sent_at)])
        return told

    def recognises(self, line: bytes) -> bool:
        """Whether it is a collection of features, or has an event and a time at which it was sent."""
        try:
            whole = document(line.strip())
        except Unreadable:
            return False
        return features(whole) is not None or {"event", "sent"} <= _properties(whole).keys()

    def state(self) -> bytes:
        """Nothing."""
        return b"{}"

    def restore(self, state: bytes) -> None:
        """Nothing to go on from."""

    def _alert(self, feature: Any) -> tuple[events.WeatherAlert, datetime]:
        """What a feature tells, and when it was sent.

        Raises:
            Unreadable: a field that decides whether the alert holds is missing or broken.
        """
        if not isinstance(feature, dict):
            raise Unreadable(f"a feature is {_quoted(feature)}: a JSON object is expected")
        told = _properties(feature)
        sent_at = instant(told.get("sent"), "sent")
        if sent_at is None:
            raise Unreadable("sent is missing: an ISO 8601 time with an offset is expected")
        parameters = _parameters(told.get("parameters"))
        alert = events.WeatherAlert(
            alert_id=_identifier(told.get("id"), "id"),
            event=_needed(told.get("event"), "event", 500),
            status=_needed(told.get("status"), "status", LONGEST_NAME),
            message_type=_needed(told.get("messageType"), "messageType", LONGEST_NAME),
            headline=words(told.get("headline")),
            description=words(told.get("description"), LONGEST_TEXT),
            instruction=words(told.get("instruction"), LONGEST_TEXT),
            sender_name=words(told.get("senderName")),
            area_desc=words(told.get("areaDesc"), LONGEST_TEXT),
            zones=_zones(told),
            refers_to=_references(told.get("references"), parameters),
            geometry=_geometry(feature.get("geometry")),
            parameters=parameters,
            effective_at=instant(told.get("effective"), "effective"),
            onset_at=instant(told.get("onset"), "onset"),
            expires_at=instant(told.get("expires"), "expires"),
            ends_at=instant(told.get("ends"), "ends"),
            severity=_name(told.get("severity")),
            certainty=_name(told.get("certainty")),
            urgency=_name(told.get("urgency")),
            response=_name(told.get("response")),
        )
        return alert, self._horizon.check(sent_at, "sent")


def features(whole: dict[str, Any]) -> list[Any] | None:
    """The features of a collection, None if it is none."""
    found = whole.get("features")
    return found if isinstance(found, list) else None


def parted(whole: bytes) -> list[bytes]:
    """The features of a stored answer, each as a document of its own; anything else as it is."""
    try:
        found = features(document(whole))
    except Unreadable:
        found = None
    return [whole] if found is None else [_encode(one) for one in found]


def instant(value: Any, field: str) -> datetime | None:
    """An instant in UTC, None when it is missing, or after the year 9998: that is until further notice.

    Raises:
        Unreadable: it is no time with an offset, or lies before 1970.
    """
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None and at.tzinfo is not None and (at := at.astimezone(UTC)) > LONG_AGO:
            return at if at <= events.LATEST else None
    except (ValueError, OverflowError):
        pass
    raise Unreadable(f"{field} is {_quoted(value)}: an ISO 8601 time with an offset, after 1970, is expected")


def touches(zones: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether an alert for `zones` concerns one of those wanted: it names it, or its whole state, or no zone at all (as metric.touches)."""
    named = set(zones)
    return not named or any(zone in named or f"{zone[:2]}C000" in named for zone in wanted)


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    inner = feature.get("properties")
    return inner if isinstance(inner, dict) else feature


def _identifier(value: Any, field: str) -> str:
    if isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable():
        return value
    raise Unreadable(f"{field} is {_quoted(value)}: 1 to {LONGEST_ID} printable characters are expected")


def _needed(value: Any, field: str, longest: int) -> str:
    found = _name(value, longest) if isinstance(value, str) else None
    if found is None:
        raise Unreadable(f"{field} is {_quoted(value)}: a word is expected")
    return found


def _name(value: Any, longest: int = LONGEST_NAME) -> str | None:
    """A word or a few, on one line."""
    found = words(value, LONGEST_TEXT)
    return found and cut("".join(letter for letter in " ".join(found.split()) if letter.isprintable()), longest)


def _zones(told: dict[str, Any]) -> tuple[str, ...]:
    """The zones and counties that a message names; where it names none by the weather service's codes, the counties of its SAME codes.

    Local authorities' own warnings come with SAME codes alone.
    """
    geocode = told.get("geocode")
    codes = geocode if isinstance(geocode, dict) else {}
    affected = (zone.rpartition("/")[2] for zone in _texts(told.get("affectedZones")))
    found = [name for zone in (*_texts(codes.get("UGC")), *affected) if (name := _name(zone.upper()))]
    if not found:
        found = [zone for code in _texts(codes.get("SAME")) if (zone := county_of(code))]
    return tuple(dict.fromkeys(found))[:MOST_ZONES]


def _references(told: Any, parameters: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The identifiers of the messages that one replaces: those that had not expired are its references, the others a parameter of it.

    Raises:
        Unreadable: they are no list of objects with an identifier: what it replaces would go on to hold.
    """
    if told is not None and not isinstance(told, list):
        raise Unreadable(f"references is {_quoted(told)}: a list is expected")
    named = [_identifier(one.get("identifier") if isinstance(one, dict) else one, "references.identifier") for one in told or ()]
    return tuple(dict.fromkeys([*named, *_expired(parameters.get("expiredReferences", ()))]))[:MOST_REFERENCES]


def _expired(told: Iterable[str]) -> Iterator[str]:
    """The identifiers in texts of SENDER,IDENTIFIER,TIME with blanks between them, as CAP writes references."""
    for reference in " ".join(told).split():
        parts = reference.split(",")
        if len(parts) == 3 and 0 < len(parts[1]) <= LONGEST_ID and parts[1].isprintable():
            yield parts[1]


def _parameters(told: Any) -> dict[str, tuple[str, ...]]:
    """What else the sender gave; what is too much is left out."""
    found: dict[str, tuple[str, ...]] = {}
    room = LONGEST_PARAMETERS
    for key, value in told.items() if isinstance(told, dict) else ():
        name, values = _name(key), tuple(text for one in _listed(value) if (text := words(one, LONGEST_TEXT)))
        room -= len(key) + sum(map(len, values))
        if room < 0 or len(found) == MOST_PARAMETERS:
            break
        if name and values:
            found[name] = values
    return found


def _geometry(told: Any) -> str | None:
    """A polygon or several as JSON, None where there is none that can be drawn: the zones' shapes stand in."""
    try:
        found = _encode(msgspec.convert(told, type=_Polygon | _MultiPolygon))
    except (msgspec.ValidationError, OverflowError, RecursionError):
        return None
    return found.decode() if len(found) <= LONGEST_GEOMETRY else None


def _texts(value: Any) -> Iterator[str]:
    return (one for one in _listed(value) if isinstance(one, str))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _quoted(value: Any) -> str:
    """A value as it is quoted in a reason."""
    return shown(value) if isinstance(value, str) else shown(_encode(value))
