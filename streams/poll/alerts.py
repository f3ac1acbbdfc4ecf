"""Polls api.weather.gov for the alerts of a city's zones and publishes every message once; the list of the state is asked too.

The service has answered 200 with lists of hours ago, so the feed is as old as the list of the zones says it is (`updated`), however lately
it was asked, and a list older than one already seen changes nothing. What was told is written down only after Kafka has it. It never
decides which alerts hold.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode

from sql.settings import settings, zone_codes
from streams import events
from streams.broker import bootstrap_servers
from streams.poll import checkpoint
from streams.poll.asking import Answer, InvalidAddress, MayPass, Server, ServerFailed
from streams.poll.checkpoint import AlertCheckpoint, Seen
from streams.poll.rounds import Rounds
from streams.poll.weather_service import NOT_MODIFIED, SERVICE, problem, weather_service
from streams.publisher import Publisher
from streams.sources import Unreadable, shown, utc_now
from streams.sources.nws_alerts import DEFAULT_NAME, NwsAlerts, features, instant, touches
from streams.sources.open311 import document

log = logging.getLogger(__name__)

PATH = "/alerts/active"
SERVICE_STEP_SECONDS = 60.0  # `updated` moves about once a minute, as somewhere in the country something is issued
AHEAD_TOLERATED = timedelta(seconds=60)  # as metric.freshness: what is further ahead of this clock is not to be believed
LATE_AFTER_CADENCES = 2


class _Told(NamedTuple):
    """An answer, read: the events of its features, and how new it is or why that is not to be believed."""

    events: list[events.Event]
    updated: datetime | None
    doubt: str | None


class Alerts(Rounds):
    """The alerts of some zones, one source, one process."""

    def __init__(
        self,
        server: Server,
        zones: tuple[str, ...],
        area: str | None,
        source: NwsAlerts,
        *,
        state_dir: Path,
        every_seconds: float,
        stop: threading.Event,
        clock: Callable[[], datetime] = utc_now,
        servers: Callable[[], str] = bootstrap_servers,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            server: whom to ask; its address is that of the service.
            zones: the codes of the city's zones and counties.
            area: the state whose list is asked too; None: it is not.
            source: how to read its answers.
            state_dir: where the checkpoint is kept.
            every_seconds: from the beginning of a round to that of the next.
            stop: ends `run` in an orderly way.
            clock: now.
            servers: where Kafka is, asked again for every round.
        """
        super().__init__(source.name, state_dir=state_dir, every_seconds=every_seconds, stop=stop, servers=servers)
        self._server = server
        self._zones = zones
        self._by_zone = ("zone", ",".join(zones))
        self._by_area = ("area", area) if area else None
        self._source = source
        self._clock = clock
        self.cadence_seconds = every_seconds + SERVICE_STEP_SECONDS
        self._checkpoint = AlertCheckpoint(server.shown_url)
        self._said: set[str] = set()  # what was complained of, once each

    def _begin(self) -> None:
        self._checkpoint = checkpoint.read(self._home, self._server.shown_url, AlertCheckpoint) or self._checkpoint

    def _round(self, publisher: Publisher) -> None:
        failures = []
        for question in filter(None, (self._by_zone, self._by_area)):
            try:
                self._read(publisher, question)
            except ServerFailed as error:
                failures.append(str(error))
        if failures:
            raise ServerFailed(" ".join(failures))

    def _read(self, publisher: Publisher, question: tuple[str, str]) -> None:
        """Ask for one list, and publish what is new in it; of the zones' list also how new it is.

        Raises:
            ServerFailed: there was no list, or none whose age can be believed; what could be read of it is published.
        """
        known = self._seen(question)
        answer = self._server.patiently(lambda: self._asked(question))
        told = None if answer.status == NOT_MODIFIED else self._told(answer)
        if told and known.updated and told.updated and told.updated < known.updated:
            self._say(f"older {question}", f"{self._shown(question)}: it is of {told.updated:%H:%M:%SZ}, older than one seen; left out.")
            told = None
        else:
            self._said.discard(f"older {question}")
        seen = known if told is None else self._taken(publisher, question, told, answer)
        if question == self._by_zone and seen.updated and not (told and told.doubt):
            publisher.heartbeat(
                source=self._source.name,
                topic=events.WEATHER,
                at=seen.updated,
                cadence_seconds=self.cadence_seconds,
                name=self._source.title,
            )
            self._complain(seen.updated)
        publisher.flush()
        self._keep(question, seen)
        if told and told.doubt:
            raise ServerFailed(f"{self._shown(question)}: {told.doubt}.")

    def _asked(self, question: tuple[str, str]) -> Answer:
        """One attempt."""
        known = self._seen(question)
        headers = {"Accept": "application/geo+json", "If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
        answer = self._server.get(PATH, params=dict([question]), headers={name: value for name, value in headers.items() if value})
        if answer.status == NOT_MODIFIED and known.updated is not None:
            return answer
        if answer.status != 200:
            raise ServerFailed(f"{self._shown(question)}: status {answer.status}{problem(answer.body)}.")
        if "html" in answer.kind.lower() or _listed(answer.body) is None:
            raise MayPass(f"the answer is no list of alerts but {answer.kind or 'of no kind'}, and begins with {shown(answer.body[:40])}")
        return answer

    def _told(self, answer: Answer) -> _Told:
        whole = document(answer.body)
        found = [self._source.event(one, "alerts/active") for one in features(whole) or ()]
        try:
            updated = instant(whole.get("updated"), "updated")
        except Unreadable as error:
            return _Told(found, None, str(error))
        if updated is None:
            return _Told(found, None, "updated is missing, so that nobody knows how old the list is")
        if updated > self._clock() + AHEAD_TOLERATED:
            return _Told(found, None, f"updated is {updated:%Y-%m-%dT%H:%M:%SZ}, ahead of this machine's clock")
        return _Told(found, updated, None)

    def _taken(self, publisher: Publisher, question: tuple[str, str], told: _Told, answer: Answer) -> Seen:
        """Publish what of a list is new and the city's, and what cannot be read."""
        before = {event_id for seen in self._checkpoint.lists.values() for event_id in seen.told}
        ours = [event for event in told.events if question == self._by_zone or self._is_ours(event)]
        for event in ours:
            if event.id in before:
                continue
            publisher.send(event, topic=events.WEATHER)
            before.add(event.id)
            self.events += 1
            self.unreadable += isinstance(event, events.SourceUnreadableEvent)
        known = self._seen(question)
        ids = tuple(event.data.alert_id for event in told.events if isinstance(event, events.WeatherAlertEvent))
        headers = answer.headers if told.updated else {}  # a list of unknown age is asked for again, whole
        return Seen(
            told.updated or known.updated, headers.get("ETag"), headers.get("Last-Modified"), ids, tuple(event.id for event in ours)
        )

    def _is_ours(self, event: events.Event) -> bool:
        """Whether to take an alert of the state's list: it names a zone of the city's. That their list lacks it is said once an alert."""
        if not isinstance(event, events.WeatherAlertEvent):
            return True
        if not event.data.zones or not touches(event.data.zones, self._zones):
            return False
        zones = self._seen(self._by_zone)
        if event.data.alert_id in zones.alerts:
            return True
        if zones.updated and event.time <= zones.updated:  # what was sent since may be in the next one
            self._say(
                event.data.alert_id,
                f"{self._server.shown_url}: {event.data.event} ({event.data.alert_id}) is in the list of {'='.join(self._by_area or ())} "
                f"and missing in that of {'='.join(self._by_zone)}; it is taken.",
            )
        return True

    def _seen(self, question: tuple[str, str]) -> Seen:
        return self._checkpoint.lists.get("=".join(question), Seen())

    def _keep(self, question: tuple[str, str], seen: Seen) -> None:
        if seen != self._seen(question):
            now = AlertCheckpoint(self._server.shown_url, self._checkpoint.lists | {"=".join(question): seen})
            checkpoint.write(self._home, now)
            self._checkpoint = now

    def _complain(self, updated: datetime) -> None:
        """Say once that the service has had no newer list for too long, until it has."""
        age = self._clock() - updated
        if age.total_seconds() <= LATE_AFTER_CADENCES * self.cadence_seconds:
            self._said.discard("old")
            return
        self._say(
            "old", f"{self._shown(self._by_zone)}: its newest list is {age.total_seconds() / 60:.0f} minutes old; the screens say so."
        )

    def _say(self, what: str, message: str) -> None:
        if what not in self._said:
            log.warning("%s", message)
            self._said.add(what)

    def _shown(self, question: tuple[str, str]) -> str:
        return f"{self._server.shown_url}{PATH}?{unquote(urlencode([question]))}"


def _listed(body: bytes) -> list[Any] | None:
    """The features of an answer, None if it is no list of them."""
    try:
        return features(document(body))
    except Unreadable:
        return None


def alerts(zones: str | None, area: str | None, *, url: str, every: float, name: str | None, stop: threading.Event) -> Alerts:
    """A poller with the settings of this process.

    Args:
        zones: codes of zones and counties, parted by commas; None: ALERT_ZONES.
        area: the state whose list is asked too; None: ALERT_AREA.
        url: the service's address.
        every: seconds from one round to the next.
        name: the CloudEvents source; by default `nws/alerts`.
        stop: ends it.

    Raises:
        InvalidAddress: the address, the zones or the area cannot be used.
    """
    chosen = settings()
    codes = _codes(chosen.alert_zones if zones is None else zones)
    state = (chosen.alert_area if area is None else area).strip().upper()
    if state and not (len(state) == 2 and state.isalpha() and state.isascii()):
        raise InvalidAddress(f"--area: {state!r} is no state; write its two letters, such as PA, or set ALERT_AREA")
    server = weather_service(url, stop)
    return Alerts(server, codes, state or None, NwsAlerts(name or DEFAULT_NAME), state_dir=chosen.state_dir, every_seconds=every, stop=stop)


def _codes(words: str) -> tuple[str, ...]:
    """The codes of zones, each once.

    Raises:
        InvalidAddress: there is none, or one is none.
    """
    try:
        found = zone_codes(words)
    except ValueError as error:
        raise InvalidAddress(f"--zones: {error}") from None
    if not found:
        raise InvalidAddress(
            f"--zones: none is given; write the codes of the city's zone and county, such as PAZ071,PAC101, or set ALERT_ZONES: "
            f"{SERVICE}/points/LAT,LONG tells them"
        )
    return found
