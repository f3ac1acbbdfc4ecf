"""A real broker that asks for TLS, a password or a certificate: what the settings say is done, and what is wrong is said in one sentence."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from kafka.admin import KafkaAdminClient, ScramMechanism, UserScramCredentialUpsertion

from sql import child
from sql.settings import PROJECT, InvalidSetting, settings
from streams import broker, dead_letters, events
from streams.embedded import EmbeddedKafka
from streams.publisher import Publisher
from streams.simulator.backlog import Backlog
from tests.certificates import Authority, authority
from tests.contact_samples import contacts
from tests.servers import without_settings

NAME, PASSWORD = "city", "very secret = 311"


class SecuredKafka(EmbeddedKafka):
    """The embedded broker with two more listeners: one that asks for a password over TLS, one that asks for a certificate."""

    def __init__(self, state_dir: Path, trusted: Authority) -> None:
        super().__init__(state_dir)
        self.with_password, self.with_certificate = (f"{child.LOCALHOST}:{child.free_port()}" for _ in range(2))
        certificate, key = trusted.signed("broker")
        self._store = trusted.folder / "broker.store.pem"
        self._store.write_bytes(key.read_bytes() + certificate.read_bytes())
        self._trust = trusted.ca

    def _write_configuration(self, data: Path) -> None:
        super()._write_configuration(data)
        controller = f"{child.LOCALHOST}:{(self.state_dir / 'kafka.controller.port').read_text()}"
        ours = f"PLAINTEXT://{self.address},PASSWORD://{self.with_password},CERTIFICATE://{self.with_certificate}"
        plain = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{NAME}="{PASSWORD}";'
        chosen = {
            "listeners": f"{ours},CONTROLLER://{controller}",
            "advertised.listeners": ours,
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PASSWORD:SASL_SSL,CERTIFICATE:SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.password.plain.sasl.jaas.config": plain,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._store),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._trust),
            "listener.name.certificate.ssl.client.auth": "required",
        }
        for mechanism in ("256", "512"):
            module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            chosen[f"listener.name.password.scram-sha-{mechanism}.sasl.jaas.config"] = module
        with self._configuration.open("a") as file:  # of two lines with one name Java takes the last
            file.writelines(f"{name}={value}\n" for name, value in chosen.items())


@dataclass(frozen=True)
class Secured:
    kafka: SecuredKafka
    trusted: Authority
    stranger: Authority

    @property
    def with_password(self) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.with_password,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": NAME,
            "KAFKA_SASL_PASSWORD": PASSWORD,
            "KAFKA_SSL_CAFILE": str(self.trusted.ca),
        }


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    with tempfile.TemporaryDirectory(prefix="city311-tls-") as folder:
        trusted, stranger = authority(Path(folder) / "trusted"), authority(Path(folder) / "stranger", "a stranger")
        kafka = SecuredKafka(Path(folder), trusted)
        kafka.start()
        try:
            kafka.wait_ready()
            with closing(KafkaAdminClient(bootstrap_servers=kafka.address)) as client:
                made = [
                    UserScramCredentialUpsertion(NAME, mechanism, PASSWORD, iterations=4096)
                    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512)
                ]
                for one in made:
                    assert client.alter_user_scram_credentials([one]) == {NAME: None}
            yield Secured(kafka, trusted, stranger)
        finally:
            kafka.stop()


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The settings may be changed, and are as before afterwards; no `.env` of a person counts."""
    for name in [name for name in os.environ if name.startswith("KAFKA_")]:
        monkeypatch.delenv(name)
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


def choose(chosen: pytest.MonkeyPatch, wanted: dict[str, str]) -> str:
    for name, value in wanted.items():
        chosen.setenv(name, value)
    settings.cache_clear()
    return wanted["KAFKA_BOOTSTRAP_SERVERS"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_each_mechanism_over_tls(mechanism: str, secured: Secured, chosen: pytest.MonkeyPatch) -> None:
    wanted = secured.with_password | {"KAFKA_SASL_MECHANISM": mechanism, "TOPIC_PREFIX": f"{mechanism}."}
    with Publisher(choose(chosen, wanted)) as publisher:
        publisher.heartbeat(source="s", topic=events.CONTACTS, at=datetime(2026, 11, 23, tzinfo=UTC), cadence_seconds=60)
    with Backlog(secured.kafka.with_password) as backlog:
        assert sum(backlog.ends().values()) == settings().topic_partitions


def test_a_certificate_of_ours(secured: Secured, chosen: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate, key = secured.trusted.signed("us")
    wanted = {
        "KAFKA_BOOTSTRAP_SERVERS": secured.kafka.with_certificate,
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CAFILE": str(secured.trusted.ca),
        "TOPIC_PREFIX": "certificate.",
    }
    assert broker.ensure_topics(choose(chosen, wanted | {"KAFKA_SSL_CERTFILE": str(certificate), "KAFKA_SSL_KEYFILE": str(key)}))
    without = streams(elsewhere(tmp_path) | wanted, "consume", "--until-idle", "1")
    assert without.returncode == 1
    assert "cannot be used" in without.stderr
    assert without.stderr.count("\n") == 1, without.stderr


def test_events_go_through_a_secured_broker_into_the_tables(
    secured: Secured, environment: dict[str, str], database: str, chosen: pytest.MonkeyPatch
) -> None:
    wanted = secured.with_password | {"TOPIC_PREFIX": environment["TOPIC_PREFIX"]}
    with Publisher(choose(chosen, wanted)) as publisher:
        for event in contacts(200):
            publisher.send(event)
    done = streams(environment | wanted, "consume", "--until-idle", "1")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM contact").fetchone() == (200,)


def test_a_refused_event_is_sent_again_through_a_secured_broker(secured: Secured, chosen: pytest.MonkeyPatch) -> None:
    servers = choose(chosen, secured.with_password | {"TOPIC_PREFIX": "again."})
    broker.ensure_topics(servers)
    dead_letters._send([dead_letters.DeadLetter(1, "again." + events.CONTACTS, 0, 0, b"k", b"v", "no event", None)])
    with Backlog(servers) as backlog:
        assert sum(backlog.ends().values()) == 1


def streams(environment: dict[str, str], *command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "streams", *command], env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=90
    )


# In processes of their own: the client leaves the sockets of refused connections to the garbage collector.
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        pytest.param({"KAFKA_SASL_PASSWORD": "guessed-wrong"}, "authentication failed", id="a wrong password"),
        pytest.param({"KAFKA_SSL_CAFILE": "stranger"}, "certificate verify failed", id="an authority that did not sign"),
    ],
)
def test_what_the_broker_refuses_is_one_sentence_without_the_password(
    wrong: dict[str, str], says: str, secured: Secured, tmp_path: Path
) -> None:
    wanted = secured.with_password | {name: str(secured.stranger.ca) if value == "stranger" else value for name, value in wrong.items()}
    done = streams(elsewhere(tmp_path) | wanted, "consume", "--until-idle", "1")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert says in said
    assert done.stderr.count("\n") == 1, said
    assert PASSWORD not in said
    assert "guessed-wrong" not in said


@pytest.mark.parametrize(
    "words",
    [
        "SaslAuthenticationFailedError: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512",
        "KafkaConnectionError: socket disconnected",
    ],
)
def test_a_refused_password_is_told_alike_whether_the_broker_answers_or_closes(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "settings", lambda: SimpleNamespace(kafka_security_protocol="SASL_SSL"))
    assert broker._why(words).startswith("it closed the connection when it was shown the password: authentication failed. See KAFKA_SASL")


def elsewhere(state: Path) -> dict[str, str]:
    """An environment without a database: what is refused before it is needed."""
    return without_settings(os.environ) | {"STATE_DIR": str(state), "PYTHONPATH": str(PROJECT)}


PROTOCOLS = [
    ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL is 'TLS'"),
    ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"),
    ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_PASSWORD": PASSWORD}, "needs KAFKA_SASL_USERNAME"),
    ({"KAFKA_SASL_USERNAME": "city", "KAFKA_SASL_PASSWORD": PASSWORD}, "take SASL_SSL"),
    ({"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SASL_PASSWORD": PASSWORD}, "take SASL_SSL"),
    ({"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": "/no/such/file"}, "KAFKA_SSL_CAFILE is '/no/such/file'"),
    ({"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CERTFILE": __file__}, "only one is set"),
    ({"KAFKA_SSL_CAFILE": __file__}, "which knows no KAFKA_SSL_CAFILE"),
    (
        {
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": "PLAIN",
            "KAFKA_SASL_USERNAME": "a",
            "KAFKA_SASL_PASSWORD": PASSWORD,
        },
        "would show the password",
    ),
    ({"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_BOOTSTRAP_SERVERS": ""}, "KAFKA_BOOTSTRAP_SERVERS is not set"),
]


@pytest.mark.parametrize(("wanted", "says"), PROTOCOLS, ids=[says for _, says in PROTOCOLS])
def test_settings_that_do_not_go_together(wanted: dict[str, str], says: str, chosen: pytest.MonkeyPatch) -> None:
    choose(chosen, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"} | wanted)
    with pytest.raises(InvalidSetting) as caught:
        broker.client_options("127.0.0.1:1")
    assert says in str(caught.value)
    assert PASSWORD not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_password_is_in_no_repr(chosen: pytest.MonkeyPatch) -> None:
    choose(chosen, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_SASL_PASSWORD": PASSWORD})
    assert PASSWORD not in repr(settings()) + str(settings())
