"""The embedded servers and the fixtures that stand on them: found, isolated, refused when too old or absent, and back after a cut."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg
import pytest
from kafka import KafkaProducer
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from sql import engine as database_engine
from sql.engine import DatabaseUnavailable, connect, database_url, engine
from sql.settings import settings
from streams import broker, events
from tests.tcp_proxy import TcpProxy


def test_a_test_has_a_migrated_database_of_its_own(services, database):
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM contact").fetchone() == (0,)
        assert connection.execute("SELECT current_database() <> 'city311'").fetchone() == (True,)


@pytest.mark.parametrize(("read", "timeout", "read_only"), [(False, "0", "off"), (True, "5s", "on")], ids=["for writing", "for reading"])
def test_sessions_are_in_utc_and_readers_are_bounded(in_process, read, timeout, read_only):
    with engine(read=read).connect() as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in ("TimeZone", "statement_timeout", "default_transaction_read_only")]
    assert shown == ["UTC", timeout, read_only]


def test_nothing_configured_and_nothing_running_is_one_sentence(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    settings.cache_clear()
    with pytest.raises(DatabaseUnavailable, match="make services"):
        database_url()
    with pytest.raises(broker.BrokerUnavailable, match="make services"):
        broker.bootstrap_servers()
    settings.cache_clear()


def test_servers_that_run_are_found_through_their_files(services, monkeypatch):
    monkeypatch.setenv("STATE_DIR", str(services.state_dir))
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")
    settings.cache_clear()
    assert database_url() == services.postgres.url
    assert broker.bootstrap_servers() == services.kafka.address
    settings.cache_clear()


def test_the_password_is_asked_for_and_only_we_can_read_it(services):
    url_file = services.state_dir / "postgres.url"
    assert url_file.stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(services.postgres.url, password="guessed")


def test_the_servers_listen_on_this_machine_only(services):
    with psycopg.connect(services.postgres.url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
    configuration = (services.kafka.home / "server.properties").read_text()
    assert f"listeners=PLAINTEXT://{services.kafka.address}," in configuration


def test_an_absent_postgres_is_named_without_its_password(services):
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/city311 cannot be used: .*refused") as caught:
        connect(url="postgresql://city311:very-secret@127.0.0.1:1/city311")
    assert "very-secret" not in str(caught.value)


def test_an_older_postgres_is_refused(services, monkeypatch):
    monkeypatch.setattr(database_engine, "MINIMUM_MAJOR_VERSION", 99)
    with pytest.raises(DatabaseUnavailable, match="is version 18: 99 or newer is needed"):
        connect(url=services.postgres.url)


def test_an_absent_broker_is_noticed_in_time():
    began = time.monotonic()
    with pytest.raises(broker.BrokerUnavailable, match=r"127\.0\.0\.1:1 cannot be reached"):
        broker.ensure_topics("127.0.0.1:1")
    assert time.monotonic() - began < 5


def test_missing_topics_are_made_and_present_ones_left(services, in_process, monkeypatch):
    monkeypatch.setenv("TOPIC_PREFIX", "test-made.")
    monkeypatch.setenv("TOPIC_PARTITIONS", "3")
    settings.cache_clear()
    wanted = [f"test-made.{topic}" for topic in events.TOPICS]
    assert sorted(broker.ensure_topics(services.kafka.address)) == sorted(wanted)
    assert broker.ensure_topics(services.kafka.address) == []
    client = broker.admin(services.kafka.address)
    try:
        made = {topic["name"]: len(topic["partitions"]) for topic in client.describe_topics(wanted)}
        assert made == {f"test-made.{topic}": 1 if topic in events.QUIET_TOPICS else 3 for topic in events.TOPICS}
    finally:
        client.delete_topics(wanted)
        client.close()


def test_an_old_record_is_kept_by_when_it_came(services, topics):
    """Weeks of past are published at once; were they kept by their own time, the broker would delete them before they are read."""
    producer = KafkaProducer(bootstrap_servers=services.kafka.address)
    sent = producer.send(topics + events.CONTACTS, b"{}", timestamp_ms=915_148_800_000).get(timeout=10)
    producer.close()
    assert abs(sent.timestamp / 1000 - time.time()) < 60


def test_a_cut_and_restored_database_is_used_again(database, in_process, tcp_proxy: Callable[[str, int], TcpProxy], services, monkeypatch):
    host, port = services.postgres.url.split("@")[1].split("/")[0].split(":")
    proxy = tcp_proxy(host, int(port))
    monkeypatch.setenv("DATABASE_URL", proxy.url(database))
    settings.cache_clear()
    with engine().connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
        proxy.cut()
        with pytest.raises(OperationalError):
            connection.scalar(text("SELECT 1"))
    with pytest.raises(DatabaseUnavailable):
        engine().connect()
    proxy.restore()
    with engine().connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_the_proxy_holds_bytes_back_and_gives_them_later(tcp_proxy: Callable[[str, int], TcpProxy]):
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = tcp_proxy("127.0.0.1", server.getsockname()[1])
        client = socket.create_connection(("127.0.0.1", proxy.port))
        behind, _ = server.accept()
        behind.settimeout(0.3)
        proxy.hang()
        client.sendall(b"late")
        with pytest.raises(TimeoutError):
            behind.recv(10)
        proxy.restore()
        assert behind.recv(10) == b"late"
        proxy.cut()
        assert client.recv(10) == b""
        client.close()
        behind.close()


def test_a_subprocess_works_on_the_database_of_the_test(environment, database):
    code = "from sql.engine import connect; print(connect().execute('SELECT current_database()').fetchone()[0])"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == database.rsplit("/", 1)[1]
