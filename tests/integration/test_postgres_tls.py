"""TLS to Postgres by what stands in DATABASE_URL: verified, kept by every way to connect, and a sentence where it fails."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from sql import engine as database_engine
from sql.engine import DatabaseUnavailable, connect, engine
from sql.migrate import migrate
from sql.settings import settings
from tests.certificates import Authority, authority
from tests.tls_front import TlsFront


@pytest.fixture
def trusted(tmp_path: Path) -> Authority:
    return authority(tmp_path / "trusted")


@pytest.fixture
def front(database: str, trusted: Authority) -> Iterator[TlsFront]:
    certificate, key = trusted.signed("postgres")
    parts = urlsplit(database)
    assert parts.hostname
    assert parts.port
    with TlsFront(parts.hostname, parts.port, certificate=certificate, key=key) as opened:
        yield opened


def test_every_way_to_connect_keeps_what_the_url_says(
    front: TlsFront, trusted: Authority, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = front.url(database, "sslmode=verify-full", f"sslrootcert={trusted.ca}")
    with connect(url=url) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
    assert migrate(url) == []
    monkeypatch.setenv("DATABASE_URL", url)
    settings.cache_clear()
    database_engine.close()
    try:
        for read in (False, True):
            with engine(read=read).connect() as pooled:
                driver = pooled.connection.driver_connection
                assert driver is not None
                assert driver.pgconn.ssl_in_use
                assert pooled.scalar(text("SELECT 1")) == 1
    finally:
        database_engine.close()
        monkeypatch.undo()
        settings.cache_clear()
    assert front.encrypted >= 4


def test_an_authority_that_did_not_sign_is_a_sentence_without_the_password(front: TlsFront, database: str, tmp_path: Path) -> None:
    stranger = authority(tmp_path / "stranger", "a stranger")
    url = front.url(database, "sslmode=verify-full", f"sslrootcert={stranger.ca}")
    with pytest.raises(DatabaseUnavailable, match="certificate verify failed") as caught:
        connect(url=url)
    assert "\n" not in str(caught.value)
    assert str(urlsplit(database).password) not in str(caught.value)
    assert front.encrypted == 0


def test_a_server_without_tls_is_not_used_where_it_is_asked_for(database: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="server does not support SSL"):
        connect(url=f"{database}?sslmode=require")
