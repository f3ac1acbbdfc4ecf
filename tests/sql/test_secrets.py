"""No secret is ever shown: not in a setting's refusal, not in the settings as text, not in what a failure says or logs."""

import logging
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st

from sql import engine
from sql.engine import DatabaseUnavailable
from sql.settings import PROJECT, InvalidSetting, Settings, settings
from tests import servers

SECRET = "Kirschbaum7"
SECRETS = sorted(name for name, field in Settings.model_fields.items() if not field.repr)
ODD = ("%", "%zz", "@", "/", "#", "?", " ", ":", "[", "]", "&", "=", "'", '"', "\\", "é", "%00")
DATABASES = {
    "a password that is one": "postgresql://ann:{secret}@127.0.0.1:1/b",
    "psycopg named": "postgresql+psycopg://ann:{secret}@127.0.0.1:1/b",
    "no host that there is": "postgresql://ann:{secret}@nobody.invalid:5432/b",
    "no address of version 6": "postgresql://ann:{secret}@[::1/b",
    "no port": "postgresql://ann:{secret}@127.0.0.1:port/b",
    "an unknown parameter": "postgresql://ann:{secret}@127.0.0.1:1/b?nosuch={secret}",
    "of another database": "mysql://ann:{secret}@127.0.0.1/b",
    "as a parameter": "postgresql://127.0.0.1:1/b?user=ann&password={secret}",
    **{f"{odd!r} in the password": "postgresql://ann:" + odd + "{secret}" + odd + "{secret}@127.0.0.1:1/b" for odd in ODD},
}


@pytest.fixture(autouse=True)
def begun_anew() -> object:
    yield
    settings.cache_clear()
    engine.close()


def with_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name.upper(), value)
    settings.cache_clear()
    engine.close()


OPEN_ADDRESSES = {"public_url", "sign_in_metadata_url"}  # anybody may read them


def test_what_is_a_secret_is_known() -> None:
    assert {"database_url", "database_read_url", "social_hash_key"} <= set(SECRETS)
    told = [name for name in Settings.model_fields if name.endswith(("_url", "_key", "_password", "_token", "_secret"))]
    assert set(told) - OPEN_ADDRESSES <= set(SECRETS), "a setting that sounds like a secret is shown: give its field repr=False"


@pytest.mark.parametrize("name", SECRETS)
def test_settings_as_text_hold_no_secret(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value = f"postgresql://ann:{SECRET}@127.0.0.1:1/b" if name.endswith("_url") else f"{SECRET}-{SECRET}-{SECRET}"
    with_setting(monkeypatch, name, value)
    chosen = settings()
    assert SECRET in str(getattr(chosen, name))
    assert SECRET not in repr(chosen) + str(chosen) + f"{chosen}"


@pytest.mark.parametrize("case", DATABASES)
def test_an_address_of_the_database_never_shows_its_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with_setting(monkeypatch, "database_url", DATABASES[case].format(secret=SECRET))
    with pytest.raises((InvalidSetting, DatabaseUnavailable)) as failed:
        engine.connect()
    said = str(failed.value)
    assert SECRET not in said + caplog.text
    assert said.startswith(("DATABASE_URL: use postgresql://", "Postgres at "))


@hypothesis_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.text(max_size=6), after=st.text(max_size=6))
def test_no_password_is_shown_when_its_address_is_refused(monkeypatch: pytest.MonkeyPatch, before: str, after: str) -> None:
    password = (before + SECRET + after).encode("utf-8", "ignore").decode().replace("\0", "")
    with_setting(monkeypatch, "database_url", f"postgresql://ann:{password}@127.0.0.1:1/b")
    with pytest.raises((InvalidSetting, DatabaseUnavailable)) as failed:
        engine.connect()
    assert SECRET not in str(failed.value)


def test_a_key_that_is_too_short_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with_setting(monkeypatch, "social_hash_key", SECRET)
    with pytest.raises(InvalidSetting, match="SOCIAL_HASH_KEY: ") as failed:
        settings()
    assert SECRET not in str(failed.value)


def test_another_wrong_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with_setting(monkeypatch, "city_timezone", "Mars/Olympus")
    with pytest.raises(InvalidSetting, match="CITY_TIMEZONE is 'Mars/Olympus': "):
        settings()


@pytest.mark.parametrize("command", [("sql", "migrate"), ("streams", "dead-letters", "list")])
def test_a_command_that_fails_shows_no_secret(command: tuple[str, ...]) -> None:
    ours = {
        "DATABASE_URL": DATABASES["'%zz' in the password"].format(secret=SECRET),
        "SOCIAL_HASH_KEY": f"{SECRET}-{SECRET}",
        "PYTHONPATH": str(PROJECT),
    }
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=servers.without_settings(os.environ) | ours,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (1, 2), done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
