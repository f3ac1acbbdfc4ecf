"""The small server of health and metrics: what it answers, to whom, and that it ends; and the list of metrics."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sql.health import Pulse, served
from sql.settings import InvalidSetting, settings
from sql.telemetry import Group, may_read
from tests.e2e.server import free_port

TOKEN = "a-token-of-the-operator"


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets settings until the test ends."""

    def choose(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name.upper(), str(value))
        settings.cache_clear()

    yield choose
    monkeypatch.undo()
    settings.cache_clear()


def asked(port: int, path: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_nothing_is_served_unless_a_port_is_set() -> None:
    with served("test", (), lambda: None) as port:
        assert port is None


def test_it_says_how_the_work_is_and_ends_with_it(chosen: Callable[..., None]) -> None:
    chosen(metrics_port=free_port())
    reasons: list[str | None] = ["The database has been away\nfor 31 s.", None]
    group = Group("a test")
    group.counter("city311_test_total", "Tests.", "kind").labels('a "b"\n').inc(3)
    with served("test", (group,), lambda: reasons.pop(0)) as port:
        assert port is not None
        assert asked(port, "/health/live") == (200, '{"status": "live"}\n')
        status, body = asked(port, "/health/ready")
        assert (status, json.loads(body)) == (503, {"status": "not ready", "reason": "The database has been away\nfor 31 s."})
        assert asked(port, "/health/ready?x=1") == (200, '{"status": "ready"}\n')
        assert asked(port, "/")[0] == 404
        status, body = asked(port, "/metrics")
        families = {family.name: family for family in text_string_to_metric_families(body)}
        assert families["city311_test"].samples[0].value == 3
        assert families["city311_process_info"].samples[0].labels == {"process": "test"}
        assert {"process_resident_memory_bytes", "python_info"} <= families.keys()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_port_that_is_taken_is_one_sentence(chosen: Callable[..., None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        chosen(metrics_port=taken.getsockname()[1])
        with (
            pytest.raises(
                InvalidSetting, match=r"^METRICS_PORT: port \d+ of 127\.0\.0\.1 cannot be used .* Give each process a port of its own\.$"
            ),
            served("test", (), lambda: None),
        ):
            pass


def test_an_address_of_nobody_is_one_sentence(chosen: Callable[..., None]) -> None:
    chosen(metrics_port=free_port(), metrics_address="no.such.host.invalid")
    with pytest.raises(InvalidSetting, match=r"of no\.such\.host\.invalid cannot be used"), served("test", (), lambda: None):
        pass


def test_with_a_token_the_metrics_are_for_its_bearer_alone(chosen: Callable[..., None]) -> None:
    chosen(metrics_port=free_port(), metrics_token=TOKEN)
    with served("test", (), lambda: None) as port:
        assert port is not None
        assert asked(port, "/metrics")[0] == 403
        assert asked(port, "/metrics", Authorization="Bearer wrong")[0] == 403
        assert asked(port, "/metrics", Authorization=f"Bearer {TOKEN}")[0] == 200
        assert asked(port, "/health/ready")[0] == 200


@pytest.mark.parametrize(
    ("headers", "client", "token", "may"),
    [
        ({}, "127.0.0.1", None, True),
        ({}, "127.8.0.1", None, True),
        ({}, "::1", None, True),
        ({}, "::ffff:127.0.0.1", None, True),
        ({}, "10.0.0.5", None, False),
        ({}, "::ffff:10.0.0.5", None, False),
        ({}, "testclient", None, False),
        ({}, None, None, False),
        ({"x-forwarded-for": "10.0.0.5"}, "127.0.0.1", None, False),
        ({"forwarded": "for=10.0.0.5"}, "127.0.0.1", None, False),
        ({"authorization": f"Bearer {TOKEN}"}, "10.0.0.5", TOKEN, True),
        ({"authorization": f"bearer  {TOKEN}"}, "10.0.0.5", TOKEN, True),
        ({"authorization": f"Basic {TOKEN}"}, "10.0.0.5", TOKEN, False),
        ({"authorization": "Bearer "}, "10.0.0.5", TOKEN, False),
        ({"authorization": "Bearer ü"}, "10.0.0.5", TOKEN, False),
        ({}, "127.0.0.1", TOKEN, False),
    ],
    ids=str,
)
def test_who_may_read_the_metrics(headers: dict[str, str], client: str | None, token: str | None, may: bool) -> None:
    assert may_read(headers, client, token) is may


def test_a_pulse_counts_from_its_beginning_and_from_each_beat() -> None:
    now = [10.0]
    pulse = Pulse(lambda: now[0])
    now[0] = 15.0
    assert (pulse.silent_seconds, pulse.has_beaten) == (5.0, False)
    pulse.beat()
    now[0] = 17.0
    assert (pulse.silent_seconds, pulse.has_beaten) == (2.0, True)
