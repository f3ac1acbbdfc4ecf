"""The weather alerts of the simulated city's storms as CAP messages: a watch, what it becomes, how it is extended, and its end.

A message depends on the city, the seed and the storm alone. It sends nothing.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime

from streams import events
from streams.events import WeatherAlert
from streams.simulator.city import City
from streams.simulator.emergency_city import AlertStep, Emergency
from streams.simulator.storms import StormClock, district_of, hit_by
from streams.simulator.telling import Told

LITTLE_OFF = 0.25  # a forecast amount is a range: so far below and above what falls
MOST_WORDS = 500


def alert_tellings(city: City, emergency: Emergency, seed: int, storm: StormClock) -> Iterator[Told]:
    """The messages of a storm, in the order in which they are sent."""
    sent: dict[str, list[str]] = {}
    where = _district(city, emergency, seed, storm)
    for number, step in enumerate(emergency.kinds[storm.kind].alerts):
        at = storm.at(step.hour)
        earlier = sent.setdefault(step.chain, [])
        name = f"{city.emergency_fingerprint(seed)}/{storm.name}/{number}"
        alert_id = f"urn:oid:2.49.0.1.840.0.{hashlib.sha256(name.encode()).hexdigest()[:40]}.001.1"
        alert = _alert(city, emergency, storm, step, alert_id, tuple(earlier), where)
        yield Told(at, events.event(alert, source=emergency.feeds.alerts.source, event_id=alert_id, at=at))
        earlier.append(alert_id)


def _alert(
    city: City, emergency: Emergency, storm: StormClock, step: AlertStep, alert_id: str, earlier: tuple[str, ...], where: str
) -> WeatherAlert:
    in_district = step.place == "district"
    area = f"{where} of {city.name}" if in_district else city.name
    onset, until = max(storm.at(0), storm.at(step.hour)), max(storm.at(step.until), storm.at(step.hour))
    words = {
        "amount": _amount(storm),
        "gust": f"{round(storm.storm.gust_mph / 5) * 5}",
        "where": area,
        "onset": _clock(city, onset),
        "until": _clock(city, until),
    }
    headline = f"{step.event} issued {_clock(city, storm.at(step.hour))} until {words['until']} by {emergency.sender}"
    severity, certainty, urgency, response = step.levels
    shape = {"type": "Polygon", "coordinates": [[list(point) for point in emergency.districts[where]]]}
    return WeatherAlert(
        alert_id,
        step.event,
        "Actual",
        step.message,
        effective_at=storm.at(step.hour),
        onset_at=onset,
        expires_at=max(storm.at(step.expires), storm.at(step.hour)),
        ends_at=until,
        severity=severity,
        certainty=certainty,
        urgency=urgency,
        response=response,
        headline=headline[:MOST_WORDS],
        description=step.description.format_map(words),
        instruction=step.instruction or None,
        sender_name=emergency.sender,
        area_desc=area,
        zones=(emergency.zone,),
        refers_to=earlier,
        geometry=json.dumps(shape) if in_district else None,
        parameters={
            "NWSheadline": (step.headline.format_map(words).upper(),),
            "VTEC": (f"/O.{step.phenomenon}.{storm.onset:%m%d}.{_vtec(onset)}-{_vtec(until)}/",),
        },
    )


def _district(city: City, emergency: Emergency, seed: int, storm: StormClock) -> str:
    """The one that is hit worst."""
    if city.requests is None:
        return next(iter(emergency.districts))
    worst = hit_by(storm, emergency.kinds[storm.kind], city.requests, seed)[0]
    return district_of(emergency, *city.requests.neighborhoods[worst].point)


def _amount(storm: StormClock) -> str:
    """What is forecast to fall, as a range of whole inches."""
    falls = storm.storm.snow_in or storm.storm.rain_in
    low, high = max(1, round(falls * (1 - LITTLE_OFF))), max(2, round(falls * (1 + LITTLE_OFF)))
    return f"{low} to {high} inches"


def _clock(city: City, at: datetime) -> str:
    local = at.astimezone(city.zone)
    return f"{local:%B} {local.day} at {local.hour % 12 or 12}:{local:%M%p %Z}"


def _vtec(at: datetime) -> str:
    return f"{at:%y%m%dT%H%MZ}"
