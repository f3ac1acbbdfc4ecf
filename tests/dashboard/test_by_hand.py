"""Figures by hand: what is refused and why, when they stand in a lost feed's place, and that none is lost while the database is away."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from dashboard import by_hand_store, data
from dashboard.by_hand import CADENCE_SECONDS, ByHand, holds, newest
from dashboard.by_hand_form import checked
from dashboard.edition import first
from dashboard.freshness import Source
from dashboard.writing import NotKept
from sql import engine as database_engine
from sql.settings import settings
from tests.dashboard import sample

SNAPSHOT = sample.snapshot()
TYPED = {"queue": "chat", "waiting": "12", "longest": "6:05", "free": "2", "who": " Ann\tLee "}
LOST = sample.NOW + timedelta(seconds=60 * 5 + 30)  # the chat's feed is expected every 60 s and spoke 20 s before NOW
ENTRY = ByHand("7b0c9d3e-5a51-4a86-9f0e-0d7a3a0f6f11", "chat", 12, 365.0, 2, LOST, "Ann Lee")


def lost(at: datetime = LOST):
    """The city when the chat's feed is lost, and the other feeds are not."""
    assert SNAPSHOT.live is not None
    rows = tuple(row if row.queue == "chat" else replace(row, feed_as_of=at) for row in SNAPSHOT.live.queues)
    return replace(SNAPSHOT, at=at, live=replace(SNAPSHOT.live, queues=rows))


def test_what_is_typed_is_taken_as_it_is_meant() -> None:
    entry = checked(TYPED, lost().live, LOST)
    assert replace(entry, entry_id=ENTRY.entry_id) == ENTRY
    assert checked(TYPED | {"waiting": "0", "longest": "", "free": ""}, lost().live, LOST).agents_available is None
    assert checked(TYPED | {"longest": "1:02:03"}, lost().live, LOST).longest_wait_seconds == 3723.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"queue": ""}, "the queue is missing. Choose one of"),
        ({"queue": "<script>"}, "there is no queue '<script>'. Choose one of"),
        ({"queue": "general"}, "the feed of General is not lost, it spoke 0 s ago."),
        ({"waiting": ""}, "how many wait is missing. Write 0 if nobody does."),
        ({"waiting": "-1"}, "how many wait is '-1'. Write a whole number, 0 to 9,999."),
        ({"waiting": "1e3"}, "how many wait is '1e3'."),
        ({"waiting": "٣"}, "how many wait is '٣'."),
        ({"waiting": "9" * 5000}, "how many wait is '9999"),
        ({"longest": "6"}, "the longest wait is '6'. Write minutes and seconds, such as 4:37"),
        ({"longest": "6:75"}, "the longest wait is '6:75'."),
        ({"longest": "9999:00"}, "the longest wait is '9999:00'."),
        ({"waiting": "0"}, "nobody waits, and yet the longest wait is 6:05."),
        ({"free": "two"}, "how many agents are free is 'two'."),
        ({"who": " \n "}, "your name is missing."),
        ({"who": "A" * 61}, "your name has 61 characters. Write at most 60."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(change: dict[str, str], sentence: str) -> None:
    with pytest.raises(NotKept) as refused:
        checked(TYPED | change, lost().live, LOST)
    assert str(refused.value).startswith(f"Not kept: {sentence}")
    assert len(str(refused.value)) < 300


def test_an_entry_stands_only_while_the_feed_is_lost_and_says_nothing_newer() -> None:
    feed = Source(sample.NOW, 60)
    assert holds(ENTRY, feed, LOST + timedelta(minutes=1))
    assert not holds(ENTRY, feed, sample.NOW + timedelta(minutes=4))  # late is not lost
    assert not holds(replace(ENTRY, entered_at=sample.NOW - timedelta(minutes=1)), feed, LOST)
    assert not holds(ENTRY, Source(LOST + timedelta(seconds=90), 60), LOST + timedelta(hours=1))  # it spoke again, and is lost again
    assert holds(ENTRY, Source(None, 60), LOST)
    assert holds(ENTRY, Source(LOST + timedelta(hours=3), 60), LOST)  # a clock that is ahead tells nothing
    assert not holds(ENTRY, feed, LOST + timedelta(days=1))


def test_the_board_shows_it_marked_and_aging_by_itself_and_no_sum_counts_it() -> None:
    without = first(lost())
    shown = first(replace(lost(), by_hand=(ENTRY,)))
    row = next(row for row in shown.figures["queues"]["rows"] if row["key"] == "chat")
    assert [cell["text"] for cell in row["cells"]] == ["12", "6:05", None, "2"]
    assert row["by_hand"] == "by hand, 14:37, Ann Lee"
    assert (row["as_of"], row["cadence"], row["status"]) == (LOST.timestamp(), CADENCE_SECONDS, "act")
    assert shown.verdict == without.verdict
    changed = {key for key in shown.figures if shown.figures[key] != without.figures[key]}
    assert changed == {"queues"}


def test_of_each_queue_the_newest_counts() -> None:
    later = replace(ENTRY, waiting=3, entered_at=LOST + timedelta(minutes=1))
    other = replace(ENTRY, queue="spanish")
    assert newest((later, other), (ENTRY,)) == (later, other)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process told before."""
    monkeypatch.setattr(by_hand_store, "_told_here", {})


@pytest.mark.usefixtures("in_process")
def test_the_database_keeps_it_once_and_notes_who(database: str) -> None:
    entry = replace(ENTRY, entered_at=datetime.now(UTC))
    assert by_hand_store.keep(entry)
    assert by_hand_store.keep(entry)
    assert data.ask(by_hand_store.known) == (entry,)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT who, what, subject FROM audit").fetchall() == [("Ann Lee", "queue_by_hand", "chat")]
        with pytest.raises(psycopg.Error, match="only ever added"):
            connection.execute("UPDATE queue_by_hand SET waiting = 0")


@pytest.mark.usefixtures("in_process")
def test_while_the_database_is_away_it_waits_and_comes_later(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = replace(ENTRY, entered_at=datetime.now(UTC))
    folder = settings().state_dir / by_hand_store.FOLDER
    with monkeypatch.context() as away:
        away.setenv("DATABASE_URL", "postgresql://a:secret@127.0.0.1:1/b")
        settings.cache_clear()
        database_engine.close()
        assert not by_hand_store.keep(entry)
        (folder / "broken.json").write_text("{")
        assert [one for _, one in by_hand_store.waiting()] == [entry]
    settings.cache_clear()
    database_engine.close()
    assert data.ask(by_hand_store.known) == (entry,)
    assert [file.name for file in folder.iterdir()] == ["broken.json"]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM queue_by_hand").fetchone() == (1,)


@pytest.mark.usefixtures("database_away")
def test_where_it_can_be_kept_nowhere_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, no folder")
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    settings.cache_clear()
    with pytest.raises(by_hand_store.NoRoom, match=r"Not kept: Postgres at .* cannot be used.* Nor can it wait in .*by_hand"):
        by_hand_store.keep(ENTRY)
    assert by_hand_store.waiting() == []
