"""A made-up city that publishes its contacts, requests, surveys, searches and weather as a real one's feeds would: `run`.

It reads no event and draws no screen.
"""

import logging
from datetime import date, datetime, timedelta

from sql.settings import settings
from streams.broker import BrokerUnavailable, bootstrap_servers
from streams.publisher import Publisher
from streams.simulator import present
from streams.simulator.city import DEFAULT_CITY, City, Scenario, load_city
from streams.simulator.city_file import InvalidCity
from streams.simulator.clock import Clock
from streams.simulator.days import Day, day_of
from streams.simulator.left_off import left_off_at
from streams.simulator.pace import Pace
from streams.simulator.whole_city import Spoken, Starts, contact_feeds, emergency_feeds, request_feeds, weather_feeds

__all__ = ["InvalidCity", "begins_at", "begins_with_the_present", "run"]

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=2)  # told again at a restart: longer than an event is ever told late or twice
RETRY_REAL_SECONDS = 2.0
FEEDS = (contact_feeds, request_feeds, weather_feeds, emergency_feeds)


def run(
    *,
    seed: int,
    history_weeks: float,
    speed: float = 1.0,
    until: datetime | None = None,
    storms: tuple[date, ...] = (),
    scenarios: tuple[Scenario, ...] = (),
    present_first: bool = False,
) -> None:
    """Publish the city's events: what is missing of the past at once, then each in its moment.

    It goes on where the feeds in the database left off; what it tells a second time is the same, byte for byte. Once it has begun, it
    waits for a broker that goes away.

    Args:
        seed: the same seed gives the same city.
        history_weeks: how much of the past is told, when it is not in the database yet; it begins with a whole day.
        speed: simulated seconds in one real second, once the past is told; above 1 the events lie in the future.
        until: end at this instant (timezone-aware); None: never.
        storms: days that get a storm beside those that the weather has of itself.
        scenarios: storms that are pressed into minutes.
        present_first: begin with the city's midnight, whatever `history_weeks` says; `streams.simulator.past` tells what lies before.

    Raises:
        InvalidCity: the city's file cannot be used.
        BrokerUnavailable: there is no broker.
        DatabaseUnavailable: there is no database, or no schema in it.
    """
    chosen = settings()
    city = load_city(chosen.simulator_city or DEFAULT_CITY, timezone=chosen.city_timezone, storms=storms, scenarios=scenarios)
    clock = Clock(speed=speed)
    if present_first:
        starts = begins_with_the_present(city, seed, now=clock.now())
    else:
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

    The contact centre, the requests, the weather and the emergencies each go on from where their own feeds are: what is new since an older
    database is told from its beginning, and what is there is not told again. Requests begin some weeks earlier, as the city's file says.

    Raises:
        DatabaseUnavailable: there is no database, or no schema in it.
    """
    contacts, requests, weather, emergency = (_known_until(feeds(city), now) for feeds in FEEDS)
    window = Day(city, day_of(city, now - timedelta(weeks=history_weeks))).begins
    earlier = timedelta(weeks=city.requests.begins_weeks_earlier if city.requests is not None else 0)
    longer_window = Day(city, day_of(city, now - timedelta(weeks=history_weeks) - earlier)).begins
    return Starts(
        contacts=max(window, contacts or window),
        requests=max(longer_window, requests or longer_window),
        requests_known_until=requests,
        weather=max(window, weather or window),
        emergency=max(window, emergency or window),
    )


def begins_with_the_present(city: City, seed: int, *, now: datetime) -> Starts:
    """Where the telling begins that tells the present first; what lies before is written down for whoever tells it.

    Raises:
        DatabaseUnavailable: there is no database, or no schema in it.
        OSError: it cannot be written down.
    """
    contacts, requests, weather, emergency = (_known_until(feeds(city), now) for feeds in FEEDS)
    known = present.Known(contacts, requests, weather, emergency)
    return present.begin(city, seed, now, known, file=present.note_file())


def _known_until(feeds: list[Spoken], now: datetime) -> datetime | None:
    """Until when everything of these feeds is in the database for sure; None: of one of them nothing is."""
    left_off = left_off_at([spoken.feed.source for spoken in feeds]) if feeds else None
    return None if left_off is None else min(left_off, now) - OVERLAP
