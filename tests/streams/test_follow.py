"""A growing log, read through rotation and restarts: every line once, in order. Real files, no broker."""

import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from streams import tail as tail_module
from streams.tail import Place, Tail


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotated file is given up at once: nothing writes to it any more."""
    monkeypatch.setattr(tail_module, "ROTATED_QUIET_SECONDS", 0.0)


class Log:
    """A log and whoever rotates it. Files get ages of a minute each, so that the order of rotations shows in them."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "queue_log"
        self._minutes = 0
        self.path.write_bytes(b"")
        self._age(self.path)

    def write(self, text: str) -> None:
        with self.path.open("ab") as opened:
            opened.write(text.encode())
        self._age(self.path)

    def rename(self) -> None:
        self._make_room()
        self.path.rename(self._numbered(1))
        self.path.write_bytes(b"")
        self._age(self.path)

    def copy_and_cut(self) -> None:
        self._make_room()
        shutil.copyfile(self.path, self._numbered(1))
        self._age(self._numbered(1))
        os.truncate(self.path, 0)

    def compress(self) -> None:
        plain = self._numbered(1)
        if plain.exists():
            packed = plain.with_name(plain.name + ".gz")
            packed.write_bytes(gzip.compress(plain.read_bytes()))
            shutil.copystat(plain, packed)
            plain.unlink()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"queue_log.{number}")

    def _make_room(self) -> None:
        for number in range(50, 0, -1):
            for suffix in ("", ".gz"):
                old = self.path.with_name(f"queue_log.{number}{suffix}")
                if old.exists():
                    old.rename(self.path.with_name(f"queue_log.{number + 1}{suffix}"))

    def _age(self, path: Path) -> None:
        self._minutes += 1
        os.utime(path, (1_700_000_000 + 60 * self._minutes,) * 2)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def all_of(tail: Tail) -> list[str]:
    """What is to be read now, to the end of the newest file."""
    found: list[str] = []
    quiet = 0
    while quiet < 30:
        lines = tail.read()
        found += [text.decode() for _, text in lines]
        quiet = 0 if lines else quiet + 1
    return found


def test_lines_come_as_they_are_written(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail:
        assert (all_of(tail), tail.at_end) == ([], True)
        log.write("one\ntwo\n")
        assert tail.read() == [("queue_log@0", b"one"), ("queue_log@4", b"two")]
        assert not tail.at_end
        assert (all_of(tail), tail.at_end) == ([], True)


def test_half_a_line_is_left_until_its_end_is_written(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\ntw")
        assert all_of(tail) == ["one"]
        log.write("o\r\n")
        assert all_of(tail) == ["two"]


def test_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    with closing(Tail(tmp_path / "later", None, from_end=True)) as tail:
        assert (tail.read(), tail.at_end, tail.place) == ([], False, None)
        (tmp_path / "later").write_bytes(b"one\n")
        assert all_of(tail) == ["one"]


@pytest.mark.parametrize(
    ("already", "expected"), [("old\n", ["new"]), ("old\nhal", ["halnew"]), ("", ["new"])], ids=["lines", "half a line", "nothing"]
)
def test_from_the_end(log: Log, already: str, expected: list[str]) -> None:
    log.write(already)
    with closing(Tail(log.path, None, from_end=True)) as tail:
        log.write("new\n")
        assert all_of(tail) == expected


def test_a_renamed_log_is_read_to_its_end_first(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\n")
        assert all_of(tail) == ["one"]
        log.write("two\n")
        log.rename()
        log.write("three\n")
        assert all_of(tail) == ["two", "three"]


def test_a_writer_that_still_holds_the_renamed_log(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail, log.path.open("ab", buffering=0) as writer:
        writer.write(b"one\n")
        log.path.rename(log.path.with_name("queue_log.1"))
        assert all_of(tail) == ["one"]
        writer.write(b"two\n")
        assert (all_of(tail), tail.at_end) == (["two"], True)


def test_the_renamed_log_is_not_given_up_at_once(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "ROTATED_QUIET_SECONDS", 60.0)
    with closing(Tail(log.path, None)) as tail, log.path.open("ab", buffering=0) as writer:
        writer.write(b"one\n")
        log.rename()
        assert all_of(tail) == ["one"]
        assert not tail.at_end
        writer.write(b"two\n")
        log.write("three\n")
        assert all_of(tail) == ["two"]
        monkeypatch.setattr(tail_module, "ROTATED_QUIET_SECONDS", 0.0)
        assert all_of(tail) == ["three"]


def test_the_last_half_line_of_a_renamed_log_is_not_lost(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\ntw")
        assert all_of(tail) == ["one"]
        log.rename()
        log.write("three\n")
        assert all_of(tail) == ["tw", "three"]


def test_a_log_that_was_cut_is_read_from_its_copy_first(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\n")
        assert all_of(tail) == ["one"]
        log.write("two\n")
        log.copy_and_cut()
        log.write("three\n")
        assert all_of(tail) == ["two", "three"]


def test_a_log_that_was_cut_and_grew_longer_than_before(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\n")
        assert all_of(tail) == ["one"]
        log.copy_and_cut()
        log.write("two and much more\n")
        assert all_of(tail) == ["two and much more"]


def test_a_log_that_was_cut_without_a_copy(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\n")
        assert all_of(tail) == ["one"]
        log.path.write_bytes(b"2\n")
        assert all_of(tail) == ["2"]
    assert "was cut and has no copy" in caplog.text


def test_a_line_without_end_comes_in_pieces(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "LONGEST_LINE_BYTES", 1000)
    monkeypatch.setattr(tail_module, "CHUNK_BYTES", 700)
    with closing(Tail(log.path, None)) as tail:
        log.write("x" * 1800)
        assert [len(text) for text in all_of(tail)] == [1400]
        log.write("\nok\n")
        assert [len(text) for text in all_of(tail)] == [400, 2]


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_a_restart_finds_its_place_after_several_rotations(log: Log, compressed: bool) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\n")
        assert all_of(tail) == ["one"]
        place = tail.place
    log.write("two\n")
    for number in range(3, 6):
        log.rename()
        if compressed:
            log.compress()
        log.write(f"{number}\n")
    with closing(Tail(log.path, place)) as tail:
        assert all_of(tail) == ["two", "3", "4", "5"]


def test_a_restart_after_an_empty_log_was_written_and_compressed(log: Log) -> None:
    log.write("before\n")
    log.rename()
    with closing(Tail(log.path, None)) as tail:
        assert all_of(tail) == []
        place = tail.place
    log.write("one\n")
    log.rename()
    log.compress()
    log.write("two\n")
    with closing(Tail(log.path, place)) as tail:
        assert all_of(tail) == ["one", "two"]


def test_a_restart_after_the_log_was_copied_and_cut(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\n")
        assert all_of(tail) == ["one"]
        place = tail.place
    log.write("two\n")
    log.copy_and_cut()
    log.write("three, longer than before\n")
    with closing(Tail(log.path, place)) as tail:
        assert all_of(tail) == ["two", "three, longer than before"]


def test_a_restart_whose_file_is_gone(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    log.write("new\n")
    with closing(Tail(log.path, Place(1, 2, 300, "0" * 64, 256, 0))) as tail:
        assert all_of(tail) == ["new"]
    assert "the file that was read last is gone" in caplog.text


def test_other_files_beside_the_log_are_left_alone(log: Log) -> None:
    log.write("one\n")
    with closing(Tail(log.path, None)) as tail:
        assert all_of(tail) == ["one"]
        place = tail.place
    log.rename()
    log.write("two\n")
    for name in ("queue_log.bak", "queue_log.swp", "queue_log_old", "other_queue_log.1"):
        log.path.with_name(name).write_bytes(b"never\n")
    log.path.with_name("queue_log.7").mkdir()
    log.path.with_name("queue_log.3.gz").write_bytes(b"half compressed")
    os.utime(log.path.with_name("queue_log.3.gz"), (1, 1))
    with closing(Tail(log.path, place)) as tail:
        assert all_of(tail) == ["two"]


def test_a_restart_between_the_rename_and_the_new_log(log: Log) -> None:
    with closing(Tail(log.path, None)) as tail:
        log.write("one\n")
        assert all_of(tail) == ["one"]
        place = tail.place
    log.rename()
    log.write("two\n")
    log.rename()
    log.path.unlink()
    with closing(Tail(log.path, place)) as tail:
        assert all_of(tail) == ["two"]
        log.write("three\n")
        assert all_of(tail) == ["three"]


def test_a_damaged_rotated_file_is_said_and_passed_over(log: Log, caplog: pytest.LogCaptureFixture) -> None:
    log.write("one\n")
    with closing(Tail(log.path, None)) as tail:
        assert all_of(tail) == ["one"]
        place = tail.place
    log.rename()
    log.write("two\n" * 20_000)
    log.rename()
    log.compress()
    packed = log.path.with_name("queue_log.1.gz")
    times = (packed.stat().st_atime_ns, packed.stat().st_mtime_ns)
    packed.write_bytes(packed.read_bytes()[:-9])
    os.utime(packed, ns=times)
    log.write("three\n")
    with closing(Tail(log.path, place)) as tail:
        assert all_of(tail)[-1] == "three"
    assert "queue_log.1.gz is damaged behind byte" in caplog.text


STEPS = st.lists(st.sampled_from(["write", "write", "write half", "end half", "rename", "cut", "compress", "read", "restart"]), max_size=25)


@given(STEPS)
def test_every_line_comes_once_and_in_order_whatever_happens(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """Not cut where nothing of the file was read before: an empty file that is written and cut between two looks shows no trace."""
    log, written, read = Log(tmp_path_factory.mktemp("log")), numbers(), []
    half, expected = "", []
    with ExitStack() as opened:
        tail = opened.enter_context(closing(Tail(log.path, None)))
        for step in steps:
            seen = tail.place is not None and tail.place.offset > 0
            if step == "write" and not half:
                expected.append(next(written))
                log.write(expected[-1] + "\n")
            elif step == "write half" and not half:
                half = next(written)
                log.write(half[:3])
            elif step == "end half" and half:
                log.write(half[3:] + "\n")
                expected.append(half)
                half = ""
            elif step == "rename" and not half:
                log.rename()
            elif step == "cut" and not half and seen:
                log.copy_and_cut()
            elif step == "compress":
                log.compress()
            elif step == "read":
                read += all_of(tail)
                assert read == expected
            elif step == "restart":
                place = tail.place
                opened.close()
                tail = opened.enter_context(closing(Tail(log.path, place)))
        read += all_of(tail)
    assert read == expected


def numbers() -> Iterator[str]:
    """Lines that are all different, long enough to be told apart by their first bytes."""
    number = 0
    while True:
        number += 1
        yield f"{number:06d} line"
