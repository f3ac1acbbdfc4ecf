"""Where Postgres lives: under an account that is not root's, in a folder that it can reach, with nobody else's permissions changed."""

import os
import pwd
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sql import unprivileged
from sql.embedded import running

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
needs_no_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")


@pytest.fixture
def closed_project(tmp_path) -> Iterator[Path]:
    """A folder of state below a private home, as a project in /root has it; what is put elsewhere for it is removed again."""
    home = tmp_path / "private home"
    home.mkdir(mode=0o700)
    state = home / "project" / ".city311"
    yield state
    pointer = state / "postgres.home"
    if pointer.exists():
        shutil.rmtree(pointer.read_text().strip())


@needs_root
def test_below_a_private_home_postgres_runs_elsewhere_and_keeps_its_data(closed_project):
    parents = [parent for parent in closed_project.parents if parent.exists()]
    before = [stat.S_IMODE(parent.stat().st_mode) for parent in parents]
    with running(closed_project) as server, psycopg.connect(server.url) as connection:
        assert Path("/var/tmp") in server.home.parents
        assert (server.home.stat().st_uid, stat.S_IMODE(server.home.stat().st_mode)) == (pwd.getpwnam("nobody").pw_uid, 0o700)
        connection.execute("CREATE TABLE kept ()")
    with running(closed_project) as server, psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    assert [stat.S_IMODE(parent.stat().st_mode) for parent in parents] == before


@needs_root
def test_a_folder_that_somebody_else_made_there_is_not_used(closed_project, tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir(mode=0o711)
    for parent in (tmp_path, *tmp_path.parents):  # these stand below pytest's own private folder
        if stat.S_IMODE(parent.stat().st_mode) & 0o011 != 0o011:
            monkeypatch.setattr(unprivileged, "_can_run", lambda account, programs, home: "private home" not in str(home))
    monkeypatch.setattr(unprivileged, "OUTSIDE", (first, second))
    programs = tmp_path / "programs"
    (programs / "bin").mkdir(parents=True)
    closed_project.parent.mkdir()
    name = unprivileged.place(closed_project, programs).home.name
    shutil.rmtree(first / name)
    (closed_project / "postgres.home").unlink()
    (first / name).mkdir(mode=0o777)
    assert unprivileged.place(closed_project, programs).home == second / name


@needs_root
def test_data_that_can_no_longer_be_reached_is_not_replaced_by_an_empty_database(closed_project):
    near = closed_project / "postgres"
    (near / "data").mkdir(parents=True)
    with pytest.raises(unprivileged.NoPlace, match="holds a database that nobody can no longer reach"):
        unprivileged.place(closed_project, closed_project)
    assert (near / "data").exists()


@needs_no_root
def test_an_ordinary_user_stays_who_they_are(tmp_path):
    place = unprivileged.place(tmp_path / "state", tmp_path)
    assert (place.home, place.account) == (tmp_path / "state" / "postgres", None)


@needs_no_root
def test_a_folder_of_another_user_is_named(tmp_path):
    (tmp_path / "postgres").mkdir(mode=0o000)
    with pytest.raises(unprivileged.NoPlace, match="belongs to another user"):
        unprivileged.place(tmp_path, tmp_path)
