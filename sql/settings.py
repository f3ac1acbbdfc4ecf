"""Every setting of every part, read from the environment and `.env`; a wrong value stops the start with a clear sentence.

It never opens a connection. What an embedded server writes down about itself is read by `sql.engine` and `streams.broker`.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import SettingsConfigDict

from sql.kafka_settings import KafkaSettings
from sql.retention_settings import RetentionSettings
from sql.sign_in_settings import SignInSettings

PROJECT = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("STATE_DIR") or PROJECT / ".city311")
LONGEST_LEVEL = 40  # characters
DEMO_SETTINGS = "demo.env"  # in the folder of state while `make demo` runs: where its city lies


class InvalidSetting(Exception):
    """A setting has a value that cannot be used."""


def _known_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("use a name of the IANA time zone database, such as America/New_York")
    return name


def _postgres_url(url: str | None) -> str | None:
    if not url:
        return None
    if not url.startswith(("postgresql://", "postgresql+psycopg://")):
        raise ValueError("use postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    try:
        parts = conninfo_to_dict(url.replace("postgresql+psycopg://", "postgresql://", 1))
    except psycopg.ProgrammingError:  # its words quote the password
        parts = {"host": "@"}
    # A password with such a character moves the parts: what is shown of the address, or of an error, would hold half of it.
    port = str(parts.get("port") or "5432")
    if any("@" in str(parts.get(name) or "") for name in ("host", "dbname", "user")) or not port.isdecimal():
        raise ValueError(
            "use postgresql://USER:PASSWORD@HOST:PORT/DATABASE, and write %40 for an @ in the password, %2F for /, %25 for %: "
            "whatever is no letter or digit has such a code"
        )
    return url


def _numbers(words: str, count: int) -> tuple[float, ...]:
    try:
        found = tuple(float(word) for word in words.split(","))
    except ValueError:
        found = ()
    if len(found) != count or not all(-180 <= number <= 180 for number in found):
        raise ValueError(f"{words.strip()!r} is not {count} numbers of degrees, parted by commas")
    return found


def _points(words: str) -> str:
    for point in filter(str.strip, words.split(";")):
        _numbers(point, 2)
    return words


def _bounds(words: str) -> str:
    if words:
        south, west, north, east = _numbers(words, 4)
        if south >= north or west >= east:
            raise ValueError("write SOUTH,WEST,NORTH,EAST: south is less than north, and west less than east")
    return words


def _grid(words: str) -> str:
    if words and not re.fullmatch(r"[A-Z]{3}/\d{1,4},\d{1,4}", words):
        raise ValueError("write OFFICE/X,Y, such as PHI/49,75: https://api.weather.gov/points/LAT,LONG tells it")
    return words


def zone_codes(words: str) -> tuple[str, ...]:
    """The weather service's codes of zones and counties, which commas part, each once.

    Raises:
        ValueError: one is none.
    """
    found = [zone.strip().upper() for zone in words.split(",") if zone.strip()]
    for zone in found:
        if not re.fullmatch(r"[A-Z]{2}[CZ][0-9]{3}", zone):
            raise ValueError(f"{zone!r} is no zone or county of the weather service; write their codes, such as PAZ071,PAC101")
    return tuple(dict.fromkeys(found))


def _zones(words: str) -> str:
    return ",".join(zone_codes(words))


def _accounts(words: str) -> str:
    for account in filter(None, map(str.strip, words.split(","))):
        if not account.isprintable() or " " in account or len(account) > 200:
            raise ValueError("write accounts parted by commas, such as city@mastodon.example, did:plc:abc")
    return words


def levels(words: str) -> tuple[str, ...]:
    """The activation levels that commas part, the lowest first.

    Raises:
        ValueError: there is none, one stands twice, or one is too long for a screen.
    """
    found = tuple(" ".join(level.split()) for level in words.split(",") if level.strip())
    if not found or len(set(found)) < len(found) or any(len(level) > LONGEST_LEVEL or not level.isprintable() for level in found):
        raise ValueError(f"write one level or more parted by commas, the lowest first, each once and of at most {LONGEST_LEVEL} characters")
    return found


def _levels(words: str) -> str:
    return ", ".join(levels(words))


class Settings(KafkaSettings, RetentionSettings, SignInSettings):
    """One field a setting; its description is the text of the README's row."""

    model_config = SettingsConfigDict(
        env_file=(STATE_DIR / DEMO_SETTINGS, PROJECT / ".env"), extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: Annotated[str | None, AfterValidator(_postgres_url)] = Field(
        None, description="Postgres 18 or newer. Unset: the embedded one that `make demo` or `make services` runs.", repr=False
    )
    database_read_url: Annotated[str | None, AfterValidator(_postgres_url)] = Field(
        None, description="Where the dashboard reads, for example a replica. Unset: DATABASE_URL.", repr=False
    )
    kafka_bootstrap_servers: str | None = Field(
        None, description="Comma-separated HOST:PORT of the brokers. Unset: the embedded one that `make demo` or `make services` runs."
    )
    state_dir: Path = Field(STATE_DIR, description="Where the embedded servers keep their data and every process its checkpoints.")
    city_name: str = Field("City 311", min_length=1, max_length=40, description="The name on the screens.")
    city_timezone: Annotated[str, AfterValidator(_known_time_zone)] = Field(
        "America/New_York", description="The city's time zone, an IANA name: days, weeks and clocks on the screens are in it."
    )
    consumer_group: str = Field("city311", min_length=1, description="The Kafka consumer group that brings events into Postgres.")
    consumer_batch_events: int = Field(10_000, ge=1, le=200_000, description="Most events in one transaction.")
    topic_partitions: int = Field(
        6,
        ge=1,
        le=512,
        description="Partitions of the topics of contacts, agents and requests that a process creates because they are missing; "
        "the quiet topics (surveys, searches, weather) get 1.",
    )
    topic_prefix: str = Field(
        "",
        max_length=100,
        pattern=r"^[a-zA-Z0-9._-]*$",
        description="Put before the name of every topic, when several dashboards share one Kafka.",
    )
    refused_share_limit: float = Field(
        0.5, gt=0, le=1, description="A consumer stops when more than this share of its last 5,000 events was refused."
    )
    contact_given_up_after_seconds: int = Field(
        3600,
        ge=60,
        description="A contact that has waited so long without an answer or an end counts as lost track of, not as waiting. "
        "Set it above the longest real wait.",
    )
    agent_lost_after_seconds: int = Field(12 * 3600, ge=60, description="An agent of whom nothing was heard for so long counts as offline.")
    asterisk_callback_keys: str = Field(
        "", description="The keys by which a caller books a callback (EXITWITHKEY), for example `19`; any other key is a transfer."
    )
    default_geocodes: Annotated[str, AfterValidator(_points)] = Field(
        "",
        description="Points that stand for no known place, such as a city hall: `LAT,LONG; LAT,LONG`. Requests there are on no map.",
    )
    city_bounds: Annotated[str, AfterValidator(_bounds)] = Field(
        "",
        description="`SOUTH,WEST,NORTH,EAST` in degrees: what lies outside is not in the city. Used while no areas are loaded.",
    )
    holidays: str = Field(
        "US",
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        description="Whose holidays are no business days: a country, or country and state, such as `US-PA`.",
    )
    dask_scheduler: str | None = Field(
        None,
        description="Address of a Dask scheduler, such as `tcp://10.0.0.5:8786`, over which a backtest spreads. "
        "Unset: this machine's processes.",
    )
    weather_station: str = Field(
        "", max_length=100, description="The weather station whose days stand for the city's, as `load observations` named it."
    )
    weather_grid: Annotated[str, AfterValidator(_grid)] = Field(
        "", description="The grid square of the National Weather Service in which the city lies, `OFFICE/X,Y`, such as `PHI/49,75`."
    )
    alert_zones: Annotated[str, AfterValidator(_zones)] = Field(
        "",
        description="The city's zones and counties in the weather service's codes, parted by commas, such as `PAZ071,PAC101`: "
        "alerts for them are the city's. Unset: all that are stored.",
    )
    alert_area: str = Field(
        "",
        pattern=r"^([A-Z]{2})?$",
        description="The state or sea area of the zones, such as `PA`: its list of alerts is asked too, so that none is missed.",
    )
    activation_levels: Annotated[str, AfterValidator(_levels)] = Field(
        "Monitoring, Partial activation, Full activation",
        description="The levels at which the emergency operations centre works, parted by commas, the lowest first; "
        "an incident is at one of them.",
    )
    operator_contact: str = Field(
        "",
        max_length=200,
        pattern=r"^[\x20-\x7e]*$",
        description="An e-mail or web address of whoever runs this. api.weather.gov asks every program to tell one; nobody else gets it.",
    )
    forecast_every_minutes: int = Field(360, ge=15, le=1440, description="How often `python -m forecasting serve` fits and forecasts anew.")
    forecast_change_share: float = Field(
        0.05, gt=0, le=1, description="A new weather forecast that changes a day's contacts by this share makes a new forecast at once."
    )
    social_hash_key: str | None = Field(
        None,
        min_length=16,
        description="The key with which authors of posts become a hash, at least 16 characters. "
        "Unset: one that is made once and kept in STATE_DIR. With another key everybody is somebody else.",
        repr=False,
    )
    social_verified_accounts: Annotated[str, AfterValidator(_accounts)] = Field(
        "",
        description="Accounts whose posts count as verified, parted by commas: `name@server` (Mastodon), `did:plc:…` (Bluesky), "
        "or as a file names its authors.",
    )
    social_own_accounts: Annotated[str, AfterValidator(_accounts)] = Field(
        "", description="The city's own accounts, written likewise: their replies count as answers, and their posts are left out."
    )
    social_topics: Path | None = Field(
        None, description="The TOML file of words by which posts get their topics. Unset: the one that comes with it."
    )
    scenario: Literal["", "snow", "hurricane"] = Field(
        "",
        description="A storm that `make demo` begins a minute after its start: `snow` or `hurricane`, five days of it within 20 minutes.",
    )
    simulator_city: Path | None = Field(
        None, description="The TOML file of the city that `python -m streams simulate` plays. Unset: the one that comes with it."
    )
    watch_rules: Path | None = Field(
        None, description="The TOML file of rules that `python -m streams watch` judges. Unset: the one that comes with it."
    )
    watch_every_seconds: int = Field(
        15,
        ge=5,
        le=300,
        description="How often `python -m streams watch` judges its rules; after four rounds left out, minutes count anew.",
    )
    dashboard_port: int = Field(
        8311, ge=1, le=65535, description="The port of the dashboard on 127.0.0.1; `make demo` takes the next free one."
    )
    log_format: Literal["text", "json"] = Field(
        "text",
        description="How each process writes its log to stderr: `text`, or `json` with one object a line for machines that collect it.",
    )
    log_level: Literal["", "debug", "info", "warning", "error"] = Field(
        "",
        description="From which level on our own messages are written: `debug`, `info`, `warning` or `error`. "
        "Unset: `warning`, and of `python -m forecasting serve` `info`.",
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="The port at which a process that runs until it is stopped tells `/health/live`, `/health/ready` and `/metrics`; "
        "each needs its own. Unset: none. The dashboard has them at its own port, always.",
    )
    metrics_address: str = Field(
        "127.0.0.1", min_length=1, description="The address of METRICS_PORT; `0.0.0.0` in a container, with METRICS_TOKEN."
    )
    metrics_token: str | None = Field(
        None,
        min_length=16,
        description="Whoever asks for `/metrics` must bear it (`Authorization: Bearer …`), at least 16 characters. "
        "Unset: only this machine may ask.",
        repr=False,
    )

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.city_timezone)

    @property
    def alert_zone_codes(self) -> tuple[str, ...]:
        """ALERT_ZONES, one by one."""
        return zone_codes(self.alert_zones)

    @property
    def levels(self) -> tuple[str, ...]:
        """ACTIVATION_LEVELS, one by one, the lowest first."""
        return levels(self.activation_levels)

    @property
    def default_points(self) -> tuple[tuple[float, float], ...]:
        """DEFAULT_GEOCODES as (latitude, longitude)."""
        return tuple((lat, long) for lat, long in (_numbers(point, 2) for point in self.default_geocodes.split(";") if point.strip()))

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """CITY_BOUNDS as (south, west, north, east)."""
        if not self.city_bounds:
            return None
        south, west, north, east = _numbers(self.city_bounds, 4)
        return south, west, north, east


@cache
def settings() -> Settings:
    """The settings of this process.

    Raises:
        InvalidSetting: a value cannot be used; the message names the setting, and what would be right, but never the value of a secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=True)[0]
        field = str(first["loc"][0]) if first["loc"] else "settings"
        name, known = field.upper(), Settings.model_fields.get(field)
        value = f" is {first['input']!r}" if known is not None and known.repr else ""  # what is not shown is a secret
        message = first["msg"].removeprefix("Value error, ")
        raise InvalidSetting(f"{name}{value}: {message}. Mend it in the environment or in .env.") from None
