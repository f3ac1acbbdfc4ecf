"""What the demo shows: a simulated city where it is day, its names and promises, storms, and years of past to learn from.

`launch` decides when each of these begins. Nothing here waits.
"""

import contextlib
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from zoneinfo import ZoneInfo

from sql import child
from sql.engine import connect, database_url, engine
from sql.settings import DEMO_SETTINGS, PROJECT, settings

DEMO_FILES = PROJECT / "streams" / "simulator"
CITY_HALL = "39.9526,-75.1652"  # where the simulated CRM puts what it knows no place of
WEATHER_STATION, WEATHER_GRID = "sim/airport", "SIM/1,1"  # of the simulated weather
NAMES = (
    ("queues", "queues.toml"),
    ("departments", "departments.toml"),
    ("targets", "targets.toml"),
    ("answers", "answers.toml"),
    ("lifelines", "lifelines.toml"),
)
DISTRICTS, DISTRICT = "districts.geojson", "district"
PAST_YEARS = 3
STORMS_DAYS_AGO = (26, 12)  # they and the days after them are none with which today is compared
STORM_DAYS_AHEAD, STORM_LOOKED_FOR_DAYS = 4, 7
SEED = 311  # of `simulate`, unless it gets another one
SCENARIO_BEGINS_AFTER = timedelta(seconds=60)  # when the Live screen can be seen
SCENARIO_LASTS = timedelta(minutes=20)
INCIDENT_NAMES = {"snow": "Snow storm", "hurricane": "Tropical storm"}
WEEKS_STEP, PAST_SAID = ("streams", "simulate"), "the city's past: "
OUT_OF_THE_WAY = ("nice", "-n", "10")  # what nobody looks at yet must not slow down what somebody does

# Where the simulated city may lie, so that somewhere it is always mid-morning; the first is the one of the story.
ZONES = (
    "America/New_York", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu", "Pacific/Auckland", "Australia/Sydney", "Asia/Tokyo",
    "Asia/Bangkok", "Asia/Karachi", "Asia/Dubai", "Europe/Athens", "Europe/Paris", "Europe/London", "Atlantic/Azores", "America/Sao_Paulo",
)  # fmt: skip
BUSY_FROM, BUSY_UNTIL = 9, 12  # hours of the day
SATURDAY = 5


def settle_city(say: Callable[[str], None], undo: contextlib.ExitStack) -> None:
    """Let the simulated city lie where it is day, so that a first look shows a centre at work; the choice is kept with the data.

    Who sets CITY_TIMEZONE has chosen already. While the demo runs, every other command reads the same settings.
    """
    kept, told = (settings().state_dir / name for name in ("demo-timezone", DEMO_SETTINGS))
    told.unlink(missing_ok=True)  # of a demo that was killed
    settings.cache_clear()
    chosen = settings().model_fields_set
    ours = {"DEFAULT_GEOCODES": CITY_HALL, "WEATHER_STATION": WEATHER_STATION, "WEATHER_GRID": WEATHER_GRID}
    ours = {name: value for name, value in ours.items() if name.lower() not in chosen}
    if "city_timezone" not in chosen:
        zone = kept.read_text().strip() if kept.exists() else busy_zone(datetime.now(UTC))
        kept.write_text(zone + "\n")
        ours["CITY_TIMEZONE"] = zone
        local = datetime.now(ZoneInfo(zone))
        say(f"The simulated city keeps the time of {zone}, where it is {local:%H:%M}; CITY_TIMEZONE sets another.")
    undo.callback(told.unlink, missing_ok=True)
    told.write_text("".join(f"{name}={value}\n" for name, value in ours.items()))
    settings.cache_clear()


def busy_zone(now: datetime) -> str:
    """The first of some time zones in which it is mid-morning of a working day, else mid-morning, else the first."""
    hours = {zone: now.astimezone(ZoneInfo(zone)) for zone in ZONES}
    morning = [zone for zone, local in hours.items() if BUSY_FROM <= local.hour < BUSY_UNTIL]
    working = [zone for zone in morning if hours[zone].weekday() < SATURDAY]
    return (working or morning or list(ZONES))[0]


def settle_storms(file: Path, today: date) -> list[date]:
    """The days that get a storm: two before the first start, those of earlier starts and, unless one is soon, one a few days ahead.

    Args:
        file: keeps them, because the past that was told has them.
        today: by the city's clock.
    """
    known = [date.fromisoformat(line) for line in file.read_text().split()] if file.exists() else []
    settled = list(known) or [today - timedelta(days=days) for days in STORMS_DAYS_AGO]
    if not any(today <= storm < today + timedelta(days=STORM_LOOKED_FOR_DAYS) for storm in settled):
        settled.append(today + timedelta(days=STORM_DAYS_AHEAD))
    if settled != known:
        file.write_text("".join(f"{storm}\n" for storm in settled))
    return settled


def settle_scenarios(file: Path, wanted: str, now: datetime) -> list[str]:
    """The storms that were begun to be seen within minutes, as `simulate --scenario` takes them; with a wish, a new one unless one goes on.

    Args:
        file: keeps them, because what was told has them.
        wanted: the kind, or nothing.
        now: timezone-aware.
    """
    known = file.read_text().split() if file.exists() else []
    goes_on = any(now < datetime.fromisoformat(scenario.partition("@")[2]) + SCENARIO_LASTS for scenario in known)
    if wanted and not goes_on:
        known.append(f"{wanted}@{(now + SCENARIO_BEGINS_AFTER).astimezone(UTC).isoformat(timespec='seconds')}")
        file.write_text("".join(f"{scenario}\n" for scenario in known))
    return known


def past_incidents(storms: list[date], now: datetime) -> str:
    """A file of incidents: the storms of the weeks that are told which are over.

    Args:
        storms: the days that got one beside those that the weather has of itself.
        now: timezone-aware.
    """
    from streams.simulator.city import DEFAULT_CITY, load_city
    from streams.simulator.storms import storms_around

    chosen = settings()
    city = load_city(chosen.simulator_city or DEFAULT_CITY, timezone=chosen.city_timezone, storms=tuple(storms))
    first, entries = min([now.date(), *storms]), ""
    for storm in storms_around(city, SEED, first, now.date()):
        onset, ended = (at.astimezone(city.zone) for at in (storm.onset, storm.ends))
        if first <= onset.date() and storm.ends < now:
            name = f"{INCIDENT_NAMES[storm.kind]} of {onset:%B} {onset.day}, {onset.year}"
            at = f"onset_at = {onset:%Y-%m-%dT%H:%M:%S}\nended_at = {ended:%Y-%m-%dT%H:%M:%S}"
            entries += f'[[incident]]\nname = "{name}"\nkind = "{storm.kind}"\n{at}\n\n'
    return entries


def make_tables() -> None:
    """Bring the database to the newest schema."""
    from sql.migrate import migrate

    migrate(database_url())


def load_names(storms: list[date]) -> None:
    """Load the city's names, promises, districts, answers and past incidents; requests that are in the tables already get them too."""
    from sql import areas, reference
    from sql.reapply import reapply

    with engine().begin() as connection:
        for kind, file in NAMES:
            reference.load(kind, DEMO_FILES / file, connection, settings().zone)
        areas.load(DEMO_FILES / DISTRICTS, connection, kind=DISTRICT)
        incidents, text = settings().state_dir / "demo-incidents.toml", past_incidents(storms, datetime.now(UTC))
        if text and not (incidents.exists() and incidents.read_text() == text):  # what people changed on the screen stays
            incidents.write_text(text)
            reference.load("incidents", incidents, connection, settings().zone)
    with connect(autocommit=True) as plain:
        reapply(plain)


def python_part(name: str, *command: str, out_of_the_way: bool = False) -> child.Kept:
    """A part that is kept running, with a log of its own."""
    log = settings().state_dir / "logs" / f"{name.split()[-1]}.log"
    return child.Kept(name, _python(*command, out_of_the_way=out_of_the_way), directory=PROJECT, log=log)


def _python(*command: str, out_of_the_way: bool) -> tuple[str, ...]:
    polite = OUT_OF_THE_WAY if out_of_the_way and shutil.which(OUT_OF_THE_WAY[0]) else ()
    return (*polite, sys.executable, "-m", *command)


class Past:
    """The city's past, step by step and out of the way; then the forecasting, kept running.

    First come the weeks before today, which the screens compare with, then years of counts and weather, which forecasts learn from.
    """

    def __init__(self, planted: list[str], *, history_weeks: float) -> None:
        state = settings().state_dir
        files = state / "demo-past"
        self._log = state / "logs" / "past.log"
        self._log_begins = 0
        self._steps = [
            ("streams", "simulate", "--tell=past", f"--history-weeks={history_weeks:g}", *planted),
            ("streams", "simulate-history", f"--output={files}", f"--years={PAST_YEARS}", *planted),
            ("sql", "load", "observations", str(files / "observations.csv"), f"--station={WEATHER_STATION}"),
            ("forecasting", "import-volume", str(files / "volume.csv"), "--queue-column=queue"),
            ("dashboard", "load-schedule", str(files / "schedule.csv"), "--by=The simulated city"),
        ]
        self._running: Popen[bytes] | None = None
        self._serving = python_part("The forecasting", "forecasting", "serve", out_of_the_way=True)
        self._begun = False

    def doing(self) -> str | None:
        """What it is at, in a few words; None: nothing that ends."""
        if self._running is None:
            return None
        if self._steps[0][:2] != WEEKS_STEP:
            return "years of past for the forecasts"
        with contextlib.suppress(OSError):
            lines = self._log.read_bytes()[self._log_begins :].decode(errors="replace").split("\n")[:-1]
            return next((line for line in reversed(lines) if line.startswith(PAST_SAID)), None)
        return None

    def tend(self) -> str | None:
        """Go on with what comes next; what there is to say, if anything."""
        if self._begun:
            return self._serving.tend()
        if self._running is not None:
            if self._running.poll() is None:
                return None
            status, self._running = self._running.returncode, None
            return self._ended(self._steps.pop(0), status)
        if self._steps:
            self._log_begins = self._log.stat().st_size if self._log.exists() else 0
            self._running = child.start(_python(*self._steps[0], out_of_the_way=True), directory=PROJECT, log=self._log)
        else:
            self._begin()
        return None

    def stop(self) -> None:
        """End whatever of it is running."""
        if self._running is not None:
            child.end(self._running, (signal.SIGTERM, 5.0))
        self._serving.stop()

    def _ended(self, step: tuple[str, ...], status: int) -> str | None:
        command, weeks = f"`python -m {' '.join(step)}`", step[:2] == WEEKS_STEP
        if not status:
            return "The city's past is told; the forecasts come next." if weeks else None
        words = child.last_words(self._log)
        if weeks:
            return f"The weeks before today are not all told, and the next start goes on with them: {command} failed: {words}"
        self._steps.clear()
        self._begin()
        return f"Forecasts know less of the past: {command} failed: {words}"

    def _begin(self) -> None:
        self._begun = True
        self._serving.start()
