"""A made-up city that publishes its contacts, requests, surveys, searches and weather as a real one's feeds would: `run`.

It reads no event and draws no screen.
"""

import logging
from datetime import date, datetime, timedelta

from sql.settings import settings
from streams.broker import BrokerUnavailable, bootstrap_servers
from streams.publisher import Publisher
from streams.simulator.city import DEFAULT_CITY, City, load_city
from streams.simulator.city_file import InvalidCity
from streams.simulator.clock import Clock
from streams.simulator.days import Day, day_of
from streams.simulator.left_off import left_off_at
from streams.simulator.pace import Pace
from streams.simulator.whole_city import Spoken, Starts, contact_feeds, request_feeds, weather_feeds

__all__ = ["InvalidCity", "begins_at", "run"]

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=2)  # told again at a restart: longer than an event is ever told late or twice
RETRY_REAL_SECONDS = 2.0


def run(*, seed: int, history_weeks: float, speed: float = 1.0, until: datetime | None = None, storms: tuple[date, ...] = ()) -> None:
    """Publish the city's events: what is missing of the past at once, then each in its moment.

    It goes on where the feeds in the database left off; what it tells a second time is the same, byte for byte. Once it has begun, it
    waits for a broker that goes away.

    Args:
        seed: the same seed gives the same city.
        history_weeks: how much of the past is told, when it is not in the database yet; it begins with a whole day.
        speed: simulated seconds in one real second, once the past is told; above 1 the events lie in the future.
        until: end at this instant (timezone-aware); None: never.
        storms: days that get a storm beside those that the weather has of itself.

    Raises:
        InvalidCity: the city's file cannot be used.
        BrokerUnavailable: there is no broker.
        DatabaseUnavailable: there is no database, or no schema in it.
    """
    city = load_city(settings().simulator_city or DEFAULT_CITY, timezone=settings().city_timezone, storms=storms)
    clock = Clock(speed=speed)
    starts = begins_at(city, now=clock.now(), history_weeks=history_weeks)
    begun = False
    while True:
        pace: Pace | None = None
        try:
            with Publisher(bootstrap_servers()) as publisher:
                pace = Pace(city, seed, clock, publisher)
                pace.tell(starts, until)
            return
        except BrokerUnavailable as error:
            begun = begun or (pace is not None and pace.settled_at is not None)
            if not begun:
                raise
            if pace is not None and pace.settled_at is not None:
                starts = starts.after(pace.settled_at - OVERLAP)
            log.warning("%s Going on from %s when it is back.", error, starts.earliest.isoformat())
            clock.sleep_until(clock.now() + timedelta(hours=1), at_most_seconds=RETRY_REAL_SECONDS)


def begins_at(city: City, *, now: datetime, history_weeks: float) -> Starts:
    """Where the telling begins: a little before where the feeds left off, or at the beginning of a day so many weeks ago.

    The contact centre, the requests and the weather each go on from where their own feeds are: what is new since an older database is told
    from its beginning, and what is there is not told again. Requests begin some weeks earlier, as the city's file says.

    Raises:
        DatabaseUnavailable: there is no database, or no schema in it.
    """
    contacts, requests, weather = (_known_until(feeds(city), now) for feeds in (contact_feeds, request_feeds, weather_feeds))
    window = Day(city, day_of(city, now - timedelta(weeks=history_weeks))).begins
    earlier = timedelta(weeks=city.requests.begins_weeks_earlier if city.requests is not None else 0)
    longer_window = Day(city, day_of(city, now - timedelta(weeks=history_weeks) - earlier)).begins
    return Starts(
        contacts=max(window, contacts or window),
        requests=max(longer_window, requests or longer_window),
        requests_known_until=requests,
        weather=max(window, weather or window),
    )


def _known_until(feeds: list[Spoken], now: datetime) -> datetime | None:
    """Until when everything of these feeds is in the database for sure; None: of one of them nothing is."""
    left_off = left_off_at([spoken.feed.source for spoken in feeds]) if feeds else None
    return None if left_off is None else min(left_off, now) - OVERLAP
