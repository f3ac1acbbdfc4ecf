"""The launch itself, as a person meets it: started, ended, killed and started again, with the data kept and nothing left running."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import psycopg
import pytest

import launch
import launch_demo
from sql import child
from sql.embedded import running
from sql.settings import PROJECT, settings
from streams import broker
from streams.simulator.city import DEFAULT_CITY, load_city

pytestmark = pytest.mark.alone

READY_WITHIN_SECONDS = 60.0
GONE_WITHIN_SECONDS = 30.0
NOBODY_THERE = "postgresql://a:secret@127.0.0.1:1/b"


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder of state that Postgres's account can reach (pytest's own it cannot)."""
    with tempfile.TemporaryDirectory(prefix="city311-launch-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        state = Path(folder)
        yield state
        for process in Launch.started:
            process.kill()
            process.wait()
        Launch.started.clear()
        for home in (state / "kafka", data_of(state)):
            child.end_orphans(home)
        shutil.rmtree(data_of(state).parent, ignore_errors=True)


def data_of(state: Path) -> Path:
    """Where Postgres's data is: below a private home, it is elsewhere."""
    pointer = state / "postgres.home"
    return (Path(pointer.read_text().strip()) if pointer.exists() else state / "postgres") / "data"


class Launch:
    """One `python launch.py …` and what it says."""

    started: ClassVar[list[subprocess.Popen[bytes]]] = []

    def __init__(self, state: Path, *command: str, **settings_: str) -> None:
        names = {name.upper() for name in type(settings()).model_fields}
        environment = {name: value for name, value in os.environ.items() if name.upper() not in names}
        # Set but empty is unset; so a developer's `.env` does not change what is tested.
        environment |= {"DATABASE_URL": "", "DATABASE_READ_URL": "", "KAFKA_BOOTSTRAP_SERVERS": "", "STATE_DIR": str(state)} | settings_
        self.out = state / "said"
        with self.out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "launch.py", *command],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.started.append(self.process)

    @property
    def said(self) -> str:
        return self.out.read_text()

    def wait_for(self, pattern: str, within_seconds: float = READY_WITHIN_SECONDS) -> re.Match[str]:
        until = time.monotonic() + within_seconds
        while time.monotonic() < until:
            if found := re.search(pattern, self.said):
                return found
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.said}"
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r} within {within_seconds:.0f} s: {self.said}")

    def ended(self, number: signal.Signals | None = None) -> int:
        """Send a signal, if any; the exit status."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(GONE_WITHIN_SECONDS)


def eventually(condition: Callable[[], bool], within_seconds: float = GONE_WITHIN_SECONDS) -> bool:
    until = time.monotonic() + within_seconds
    while not (done := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return done


def servers_of(state: Path) -> list[int]:
    return child.running_in(state / "kafka") + child.running_in(data_of(state))


def test_services_keep_their_data_through_a_kill_and_leave_nothing_behind(state):
    first = Launch(state, "services")
    first.wait_for("Ctrl-C ends it")
    url, address = (state / "postgres.url").read_text().strip(), (state / "kafka.address").read_text().strip()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 311 AS number")
    client = broker.admin(address)
    client.create_topics(["kept"], wait_for_metadata=True)
    client.close()

    first.ended(signal.SIGKILL)
    assert eventually(lambda: servers_of(state) == []), "the servers outlived their killed launcher"

    (state / "said").unlink()
    second = Launch(state, "services")
    second.wait_for("Ctrl-C ends it")
    assert (state / "postgres.url").read_text().strip() == url
    assert (state / "kafka.address").read_text().strip() == address
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (311,)
    client = broker.admin(address)
    assert "kept" in client.list_topics()
    client.close()

    assert second.ended(signal.SIGTERM) == 0, second.said
    assert servers_of(state) == []
    assert [name for name in ("postgres.url", "kafka.address") if (state / name).exists()] == []


def test_a_server_that_dies_is_brought_back_and_said_so(services, state):
    launched = Launch(state, "services", KAFKA_BOOTSTRAP_SERVERS=services.kafka.address)
    launched.wait_for("Ctrl-C ends it")
    url = (state / "postgres.url").read_text().strip()
    postmaster = int((data_of(state) / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    launched.wait_for(r"Postgres ended with status -9 .*; it starts again")

    def answers() -> bool:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    assert eventually(answers)
    assert launched.ended(signal.SIGINT) == 0, launched.said
    assert servers_of(state) == []


def test_a_second_launch_is_one_sentence(services):
    second = Launch(services.state_dir, "services")
    assert second.ended() == 1
    assert "Error: The embedded Postgres is already running" in second.said
    assert "Traceback" not in second.said


def test_with_servers_of_ones_own_nothing_embedded_starts(services, state):
    launched = Launch(state, "services", DATABASE_URL=services.postgres.url, KAFKA_BOOTSTRAP_SERVERS=services.kafka.address)
    assert launched.ended() == 0
    assert launched.said.count("from the settings: nothing was started") == 2
    assert [path.name for path in state.iterdir()] == ["said"]


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        ({"DATABASE_URL": "mysql://x"}, "Error: DATABASE_URL: use postgresql://"),
        (
            {"DATABASE_URL": "postgresql://a:secret@127.0.0.1:1/b", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
            "Error: Postgres at 127.0.0.1:1/b cannot",
        ),
        ({"DASHBOARD_PORT": "none"}, "Error: DASHBOARD_PORT is 'none'"),
    ],
    ids=["malformed", "absent", "not a number"],
)
def test_a_wrong_setting_is_one_sentence(state, settings_, sentence):
    launched = Launch(state, "services", **settings_)
    assert launched.ended() == 1
    assert sentence in launched.said
    assert "Traceback" not in launched.said
    assert "secret" not in launched.said


def processes_of(state: Path) -> list[str]:
    """The commands of the processes that were started with this folder of state."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"STATE_DIR={state}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


CONTACT_CENTRE = """
SELECT metric.freshness(extract(epoch FROM now() - as_of), cadence_seconds)
FROM metric.feeds JOIN feed USING (feed) WHERE topic IN ('311.contacts', '311.agents')
"""


def forgetful_city(state: Path) -> str:
    """The demo's city with a few weeks of requests only: their past takes the longest."""
    files = shutil.copytree(
        DEFAULT_CITY.parent, state / "city", ignore=lambda folder, names: {n for n in names if not n.endswith((".toml", ".geojson"))}
    )
    requests = files / "requests.toml"
    words = (
        requests.read_text()
        .replace("remembered_days = 91", "remembered_days = 9")
        .replace("begins_weeks_earlier = 3", "begins_weeks_earlier = 0")
    )
    assert words != requests.read_text()
    requests.write_text(words)
    return str(files / DEFAULT_CITY.name)


@pytest.mark.timeout(420)
def test_a_demo_is_moving_and_leaves_nothing_behind_and_goes_on_after_a_kill(state):
    city = forgetful_city(state)
    first = Launch(state, "demo", "--history-weeks=0.2", SIMULATOR_CITY=city)
    address = first.wait_for(r"The dashboard is at (http://127\.0\.0\.1:\d+)", within_seconds=90)[1]
    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as response:
        assert response.status == 200
    assert "starts again" not in first.said
    url = (state / "postgres.url").read_text().strip()
    with psycopg.connect(url) as connection:
        before = connection.execute("SELECT count(*) FROM contact").fetchone()[0]
        assert before > 0
        assert connection.execute("SELECT count(*) FROM weather_forecast WHERE grid = 'SIM/1,1'").fetchone()[0] > 0
    storms = (state / "demo-storms").read_text().split()
    assert len(storms) == 3

    first.wait_for("The city's past is told", within_seconds=120)
    assert first.said.index("The dashboard is at") < first.said.index("the city's past: ") < first.said.index("The city's past is told")
    with psycopg.connect(url) as connection:
        days = "SELECT count(DISTINCT (queued_at AT TIME ZONE %s)::date) FROM contact"
        zone = (state / "demo-timezone").read_text().strip()
        assert connection.execute(days, (zone,)).fetchone()[0] >= 2  # today, and the whole day before
        assert {state for (state,) in connection.execute(CONTACT_CENTRE)} == {"live"}

    def learned() -> bool:
        """Whether the years of past are there; they come after the weeks."""
        with psycopg.connect(url) as connection:
            days = connection.execute("SELECT count(*) FROM weather_day WHERE station = 'sim/airport'").fetchone()[0]
            return days > 1_000 and connection.execute("SELECT count(*) FROM volume").fetchone()[0] > 200_000

    assert eventually(learned, within_seconds=120), first.said
    assert eventually(lambda: any("forecasting serve" in command for command in processes_of(state))), first.said
    assert "Forecasts know less" not in first.said

    second = Launch(state, "demo")
    assert second.ended() == 1
    assert "Error: The demo is already running" in second.said

    first.ended(signal.SIGKILL)
    assert eventually(lambda: processes_of(state) == []), processes_of(state)

    (state / "said").unlink()
    third = Launch(state, "demo", "--history-weeks=0.2", SIMULATOR_CITY=city)
    third.wait_for("The dashboard is at", within_seconds=90)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM contact").fetchone()[0] >= before
    assert (state / "demo-storms").read_text().split() == storms
    assert third.ended(signal.SIGTERM) == 0, third.said
    assert "Ended; the data is kept." in third.said
    assert processes_of(state) == []


def test_an_interrupted_initdb_is_made_again(state):
    code = f"from pathlib import Path; from sql.embedded import EmbeddedPostgres; EmbeddedPostgres(Path({str(state)!r})).start()"
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT) as making:
        assert eventually(lambda: (data_of(state).with_name("data.part") / "PG_VERSION").exists())
        making.kill()
    assert not data_of(state).exists()
    with running(state) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not data_of(state).with_name("data.part").exists()


def test_an_orphaned_postgres_is_ended_before_the_next_starts(state):
    """Where the kernel ends no orphans (and after a kill of the kind that leaves some), the next start does."""
    code = f"""
import os
from pathlib import Path
from sql import child
from sql.embedded import EmbeddedPostgres
child._ends_with_parent = lambda parent, signal_number: None
server = EmbeddedPostgres(Path({str(state)!r}))
server.start()
server.wait_ready()
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
    orphan = int((data_of(state) / "postmaster.pid").read_text().split()[0])
    assert orphan in servers_of(state)
    with running(state) as server:
        assert orphan not in servers_of(state)
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_stale_pid_file_that_names_a_living_process_does_not_stop_the_start(state):
    with running(state) as server:
        data = server.data
    (data / "postmaster.pid").write_text(f"{os.getppid()}\n{data}\n0\n5432\n\n127.0.0.1\n\n")
    with running(state) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_port_that_was_taken_meanwhile_is_changed(state):
    with running(state) as server:
        port = int(server.url.rsplit(":", 1)[1].split("/")[0])
    with socket.create_server((child.LOCALHOST, port)), running(state) as server:
        assert f":{port}/" not in server.url


def test_the_dashboard_takes_the_next_free_port(monkeypatch, capsys):
    with socket.create_server((child.LOCALHOST, 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("DASHBOARD_PORT", str(port))
        settings.cache_clear()
        found = launch.free_dashboard_port(launch.Progress())
    settings.cache_clear()
    assert port < found < port + launch.PORTS_TRIED
    assert f"Port {port} is in use, so the dashboard takes {found}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("watched", "shown"),
    [
        (True, "\r\x1b[K? waiting for the past, 0 events (0 s)\r\x1b[K? waiting for the past, 9 events (0 s)\r\x1b[KThere it is.\n"),
        (False, "waiting for the past, 0 events\nThere it is.\n"),
    ],
    ids=["while a person watches", "into a file"],
)
def test_one_progress_line_says_what_is_waited_for(monkeypatch, capsys, watched, shown):
    monkeypatch.setattr("sys.stdout.isatty", lambda: watched)
    progress = launch.Progress()
    for events in (0, 9):
        progress.waiting_for(f"the past, {events} events")
    progress.say("There it is.")
    assert re.sub(r"[-|/\\] waiting", "? waiting", capsys.readouterr().out) == shown


@pytest.mark.parametrize("hour", range(0, 24 * 7, 1), ids=str)
def test_somewhere_it_is_always_mid_morning(hour: int) -> None:
    now = datetime(2026, 7, 6, tzinfo=UTC) + timedelta(hours=hour)
    for at in (now, now + timedelta(days=183)):
        local = at.astimezone(ZoneInfo(launch_demo.busy_zone(at)))
        assert launch_demo.BUSY_FROM <= local.hour < launch_demo.BUSY_UNTIL


def test_two_storms_are_past_one_lies_ahead_and_those_of_earlier_starts_are_kept(tmp_path):
    file = tmp_path / "demo-storms"
    first, later = date(2026, 11, 24), date(2026, 12, 20)
    settled = [date(2026, 10, 29), date(2026, 11, 12), date(2026, 11, 28)]
    assert launch_demo.settle_storms(file, first) == settled
    assert launch_demo.settle_storms(file, first + timedelta(days=3)) == settled
    assert launch_demo.settle_storms(file, later) == [*settled, date(2026, 12, 24)]
    assert launch_demo.settle_storms(file, later) == [*settled, date(2026, 12, 24)]


def test_a_scenario_begins_soon_and_only_one_at_a_time(tmp_path):
    file, now = tmp_path / "demo-scenarios", datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    assert launch_demo.settle_scenarios(file, "", now) == []
    begun = launch_demo.settle_scenarios(file, "snow", now)
    assert begun == ["snow@2026-11-24T15:01:00+00:00"]
    assert launch_demo.settle_scenarios(file, "hurricane", now + timedelta(minutes=15)) == begun
    assert launch_demo.settle_scenarios(file, "", now + timedelta(days=1)) == begun
    later = launch_demo.settle_scenarios(file, "hurricane", now + timedelta(minutes=30))
    assert later == [*begun, "hurricane@2026-11-24T15:31:00+00:00"]


def test_the_storms_that_are_over_are_incidents(tmp_path):
    storms = [date(2026, 10, 15), date(2026, 11, 12), date(2026, 11, 23)]
    text = launch_demo.past_incidents(storms, datetime(2026, 11, 24, 15, 0, tzinfo=UTC))
    found = tomllib.loads(text)["incident"]
    assert [(one["name"], one["kind"]) for one in found] == [
        ("Tropical storm of October 15, 2026", "hurricane"),
        ("Snow storm of November 12, 2026", "snow"),
    ]
    assert all(timedelta(days=2) < one["ended_at"] - one["onset_at"] < timedelta(days=4) for one in found)


def test_the_demo_speaks_of_the_weather_that_its_city_has():
    weather = load_city().weather
    assert weather is not None
    assert (weather.station, weather.grid) == (launch_demo.WEATHER_STATION, launch_demo.WEATHER_GRID)


@pytest.fixture
def past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[launch_demo.Past]:
    """The telling of the past, whose forecasting does nothing, with logs of its own."""
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    settings.cache_clear()
    past = launch_demo.Past([], history_weeks=1)
    settings.cache_clear()
    past._serving.command = (sys.executable, "-c", "import time; time.sleep(60)")
    yield past
    past.stop()
    assert past._serving.process is None


def said_by(past: launch_demo.Past, *, until: Callable[[], bool]) -> list[str]:
    said: list[str | None] = []
    assert eventually(lambda: bool(said.append(past.tend()) or until()))
    return [message for message in said if message]


def test_a_step_of_the_years_of_past_that_fails_is_said_and_forecasting_begins_without_it(past):
    past._steps = [("sql", "no-such-command"), ("sql", "never")]
    (message,) = said_by(past, until=lambda: past._serving.process is not None)
    assert past._steps == []
    assert message.startswith("Forecasts know less of the past: `python -m sql no-such-command` failed: ")
    assert past._serving.process.poll() is None


def test_weeks_that_are_not_all_told_are_said_and_the_years_come_all_the_same(past):
    past._steps = [("streams", "simulate", "--no-such-option"), ("sql", "--help")]
    (message,) = said_by(past, until=lambda: past._serving.process is not None)
    assert message.startswith("The weeks before today are not all told, and the next start goes on with them: ")


def test_the_weeks_come_first_and_what_they_say_is_shown(past):
    assert past._steps[0][:3] == ("streams", "simulate", "--tell=past")
    log = past._log
    log.parent.mkdir()
    log.write_text("the city's past: week 5 of 5\n")  # of an earlier start
    assert past.doing() is None
    past._running = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    past._log_begins = log.stat().st_size
    assert past.doing() is None
    with log.open("a") as more:
        more.write("the city's past: week 1 of 5\na warning\nthe city's past: week 2")
    assert past.doing() == "the city's past: week 1 of 5"
    past._steps.pop(0)
    assert past.doing() == "years of past for the forecasts"


@pytest.mark.parametrize(
    ("watched", "shown"),
    [(True, "\r\x1b[Kweek 1\r\x1b[Kweek 1\r\x1b[Kweek 2\r\x1b[KDone.\n"), (False, "week 1\nweek 2\nDone.\n")],
    ids=["while a person watches", "into a file"],
)
def test_what_goes_on_beside_is_one_line(monkeypatch, capsys, watched, shown):
    monkeypatch.setattr("sys.stdout.isatty", lambda: watched)
    progress = launch.Progress()
    for words in ("week 1", "week 1", "week 2"):
        progress.going_on(words)
    progress.say("Done.")
    assert capsys.readouterr().out == shown


def test_a_wish_to_end_that_came_at_a_bad_moment_is_not_lost():
    progress = launch.Progress()
    progress.end_wished = True
    with pytest.raises(launch.Stopped):
        launch.look_after([], [], progress)
    with pytest.raises(launch.Stopped):
        launch.wait_until(lambda: "anything", [], progress, 60)
