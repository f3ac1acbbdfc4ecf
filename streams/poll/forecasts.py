"""Polls api.weather.gov for the forecast of one grid square and publishes every issue of it once.

The feed is as old as the newest issue by the service's own clock, however lately it was asked: the service has served forecasts of days
ago as if they were new. Which issue was told is written down only after Kafka has it.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sql.settings import settings
from streams import events
from streams.broker import bootstrap_servers
from streams.poll import checkpoint
from streams.poll.asking import Answer, InvalidAddress, MayPass, Server, ServerFailed
from streams.poll.checkpoint import ForecastCheckpoint
from streams.poll.rounds import Rounds
from streams.poll.weather_service import NOT_MODIFIED, SERVICE, problem, weather_service
from streams.publisher import Publisher
from streams.sources import shown, utc_now
from streams.sources.nws_forecast import CADENCE_SECONDS, GRID, NwsForecast

log = logging.getLogger(__name__)

LATE_AFTER = timedelta(seconds=2 * CADENCE_SECONDS)


class Forecasts(Rounds):
    """One grid square, one source, one process."""

    def __init__(
        self,
        server: Server,
        grid: str,
        source: NwsForecast,
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
            grid: `OFFICE/X,Y`.
            source: how to read its answers.
            state_dir: where the checkpoint is kept.
            every_seconds: from the beginning of a round to that of the next.
            stop: ends `run` in an orderly way.
            clock: now.
            servers: where Kafka is, asked again for every round.
        """
        super().__init__(source.name, state_dir=state_dir, every_seconds=every_seconds, stop=stop, servers=servers)
        self._server = server
        self._grid = grid
        self._path = f"/gridpoints/{grid}"
        self._shown_url = server.shown_url + self._path
        self._source = source
        self._clock = clock
        self._checkpoint: ForecastCheckpoint | None = None
        self._told: set[str] = set()  # ids of events that Kafka has
        self._complained_of: datetime | None = None

    def _begin(self) -> None:
        self._checkpoint = checkpoint.read(self._home, self._shown_url, ForecastCheckpoint)

    def _round(self, publisher: Publisher) -> None:
        answer = self._server.patiently(self._asked)
        now = self._checkpoint if answer.status == NOT_MODIFIED else self._taken(publisher, answer)
        assert now is not None, "the server is asked for changes only where there is a checkpoint"
        publisher.heartbeat(
            source=self._source.name, topic=events.WEATHER, at=now.issued_at, cadence_seconds=CADENCE_SECONDS, name=self._source.title
        )
        publisher.flush()
        if now != self._checkpoint:
            checkpoint.write(self._home, now)
            self._checkpoint = now
        self._complain(now.issued_at)

    def _asked(self) -> Answer:
        """One attempt."""
        known = self._checkpoint
        headers = {
            "Accept": "application/geo+json",
            "If-None-Match": known and known.etag,
            "If-Modified-Since": known and known.last_modified,
        }
        answer = self._server.get(self._path, headers={name: value for name, value in headers.items() if value})
        if answer.status == NOT_MODIFIED and known is not None:
            return answer
        if answer.status != 200:
            raise ServerFailed(f"{self._shown_url}: status {answer.status}{problem(answer.body)}.")
        if "html" in answer.kind.lower() or not self._source.recognises(answer.body):
            raise MayPass(
                f"the answer is no gridpoint forecast but {answer.kind or 'of no kind'}, and begins with {shown(answer.body[:40])}"
            )
        return answer

    def _taken(self, publisher: Publisher, answer: Answer) -> ForecastCheckpoint:
        """Publish what an answer tells, if it is new."""
        (event,) = self._source.read(answer.body, self._shown_url)
        if isinstance(event, events.SourceUnreadableEvent):
            self._publish(publisher, event)
            raise ServerFailed(f"{self._shown_url}: {event.data.reason}.")
        if isinstance(event, events.WeatherForecastEvent) and event.data.grid != self._grid:
            raise ServerFailed(f"{self._shown_url}: the answer is of {event.data.grid}.")
        if self._checkpoint is None or event.time != self._checkpoint.issued_at:
            self._publish(publisher, event)
        headers = answer.headers
        return ForecastCheckpoint(self._shown_url, event.time, headers.get("ETag"), headers.get("Last-Modified"))

    def _publish(self, publisher: Publisher, event: events.Event) -> None:
        if event.id in self._told:
            return
        publisher.send(event, topic=events.WEATHER)
        publisher.flush()
        self._told.add(event.id)
        self.events += 1
        self.unreadable += isinstance(event, events.SourceUnreadableEvent)

    def _complain(self, issued_at: datetime) -> None:
        """Say once of each issue that the service has had no newer one for too long."""
        age = self._clock() - issued_at
        if age > LATE_AFTER and issued_at != self._complained_of:
            log.warning("%s: its newest forecast is %.0f hours old; the screens say so.", self._shown_url, age.total_seconds() / 3600)
            self._complained_of = issued_at


def forecasts(grid: str | None, *, url: str, every: float, name: str | None, stop: threading.Event) -> Forecasts:
    """A poller with the settings of this process.

    Args:
        grid: the grid square; None: WEATHER_GRID.
        url: the service's address.
        every: seconds from one round to the next.
        name: the CloudEvents source; by default `nws/` and the grid.
        stop: ends it.

    Raises:
        InvalidAddress: the address or the grid cannot be used.
    """
    chosen = settings()
    square = (grid or chosen.weather_grid).strip().upper()
    if not GRID.fullmatch(square):
        raise InvalidAddress(
            f"--grid: {square!r} is no grid square; write OFFICE/X,Y, such as PHI/49,75, or set WEATHER_GRID: "
            f"{SERVICE}/points/LAT,LONG tells it"
        )
    server = weather_service(url, stop)
    source = NwsForecast(name or f"nws/{square}")
    return Forecasts(server, square, source, state_dir=chosen.state_dir, every_seconds=every, stop=stop)
