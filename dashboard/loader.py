"""Keeps the newest edition: one loader a process reads the database when a commit rings, at most every 200 ms and at least every second.

Pages and streams take `current()` and never wait for the database. While it is away the last good figures stay, with their age.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from dashboard import by_hand_store, data, last_good, telemetry
from dashboard.by_hand import newest
from dashboard.edition import Edition, first, follow
from dashboard.emergency_page import Reader
from dashboard.snapshot import Snapshot
from sql.settings import settings

log = logging.getLogger(__name__)

SHORTEST_GAP_SECONDS = 0.2  # between two readings, however often commits ring
LONGEST_GAP_SECONDS = 1.0
GAP_PER_LOAD = 2.0  # a reading that takes 150 ms is followed by a gap of 300 ms: never more than a third of the time
LONGEST_REST_SECONDS = 1.0  # after a reading that hung with the database, the next one must not wait as long again
HISTORY_EVERY_SECONDS, PLANT_EVERY_SECONDS, QUALITY_EVERY_SECONDS, DEFINITIONS_EVERY_SECONDS = 10.0, 2.0, 60.0, 300.0
AHEAD_EVERY_SECONDS, EMERGENCY_EVERY_SECONDS, WATCH_EVERY_SECONDS = 20.0, 5.0, 5.0
BY_HAND_EVERY_SECONDS, DISPLAYS_EVERY_SECONDS = 2.0, 2.0


def empty() -> Snapshot:
    """Nothing read yet."""
    return Snapshot(at=data.now(), city=settings().city_name, zone=settings().zone)


def rest_after(took_seconds: float) -> float:
    """Seconds to leave the database alone after a reading that took so long."""
    return min(max(SHORTEST_GAP_SECONDS, GAP_PER_LOAD * took_seconds) - took_seconds, LONGEST_REST_SECONDS)


class Loader:
    """Two threads: one for what moves with every event, one for what moves with the clock, so that the slow never delays the fast."""

    def __init__(self) -> None:
        self._edition = first(empty())
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listeners: list[Callable[[], None]] = []

    @property
    def edition(self) -> Edition:
        """The newest edition; reading it never waits."""
        return self._edition

    def publish(self, **parts: Any) -> None:
        """Make the next edition with these parts of the snapshot replaced, and tell the listeners."""
        with self._lock:
            self._edition = follow(self._edition, replace(self._edition.snapshot, at=data.now(), **parts))
            listeners = list(self._listeners)
        telemetry.EDITIONS.inc()
        telemetry.DATABASE_TROUBLE.set(self._edition.snapshot.trouble is not None)
        for listener in listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after each edition (from a thread of the loader); returns how to end that."""
        with self._lock:
            self._listeners.append(listener)

        def end() -> None:
            with self._lock:
                self._listeners.remove(listener)

        return end

    def start(self) -> None:
        """Start reading; until the database has answered, the last good figures of before stand."""
        self._stopping.clear()
        self._begin_with_the_last_good()
        self._threads = [
            threading.Thread(target=target, name=f"loader {name}", daemon=True)
            for name, target in (("live", self._live), ("clock", self._clock))
        ]
        for thread in self._threads:
            thread.start()

    def _begin_with_the_last_good(self) -> None:
        snapshot = self._edition.snapshot
        kept = last_good.read(snapshot) if snapshot.live is None else None
        parts = kept.parts() if kept else {}
        entries = newest(parts.get("by_hand", ()), tuple(entry for _, entry in by_hand_store.waiting()))
        if parts or entries:
            self.publish(**parts | {"by_hand": entries})

    def stop(self) -> None:
        """End both threads; a reading that is under way is waited for, but not for long."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout=2 * LONGEST_GAP_SECONDS)

    def _live(self) -> None:
        bell = data.Bell()
        while not self._stopping.is_set():
            started = time.monotonic()
            self._read_live()
            took = time.monotonic() - started
            self._stopping.wait(rest_after(took))
            bell.wait(max(0.0, LONGEST_GAP_SECONDS - (time.monotonic() - started)))
        bell.close()

    def _read_live(self) -> None:
        try:
            self.publish(live=_timed("live", data.live), trouble=None, trouble_since=None)
        except data.NoAnswer as error:
            since = self._edition.snapshot.trouble_since
            if since is None:
                log.warning("%s", error)
            self.publish(trouble=str(error), trouble_since=since or data.now())
        except Exception:  # whatever it is, the next reading must come
            log.exception("the live figures could not be made")

    def _clock(self) -> None:
        parts: list[tuple[str, Callable[[Any], Any], float]] = [
            ("displays", data.displays, DISPLAYS_EVERY_SECONDS),
            ("definitions", data.definitions, DEFINITIONS_EVERY_SECONDS),
            ("history", data.history, HISTORY_EVERY_SECONDS),
            ("ahead", data.ahead, AHEAD_EVERY_SECONDS),
            ("watch", data.watch, WATCH_EVERY_SECONDS),
            ("emergency", Reader(), EMERGENCY_EVERY_SECONDS),
            ("plant", data.plant, PLANT_EVERY_SECONDS),
            ("by_hand", by_hand_store.known, BY_HAND_EVERY_SECONDS),
            ("quality", data.quality, QUALITY_EVERY_SECONDS),
        ]
        due = dict.fromkeys((name for name, _, _ in parts), 0.0)
        keeper = last_good.Keeper()
        while not self._stopping.wait(0.25):
            for name, part, every in parts:
                if time.monotonic() < due[name] or self._stopping.is_set():
                    continue
                due[name] = time.monotonic() + (every if self._read(name, part) else LONGEST_GAP_SECONDS)
            keeper.keep(self._edition.snapshot)

    def _read(self, name: str, part: Callable[[Any], Any]) -> bool:
        try:
            found = _timed(name, part)
            if not (isinstance(found, tuple) and found == getattr(self._edition.snapshot, name)):  # rows without an instant, as they were
                self.publish(**{name: found})
            return True
        except data.NoAnswer as error:
            log.debug("%s not read: %s", name, error)
        except Exception:
            log.exception("the %s could not be made", name)
        return False


def _timed(name: str, part: Callable[[Any], Any]) -> Any:
    with telemetry.PART_FAILURES.labels(name).count_exceptions(), telemetry.PART_LOAD_SECONDS.labels(name).time():
        return data.ask(part)


@cache
def loader() -> Loader:
    """The loader of this process."""
    return Loader()


def current() -> Edition:
    """What the screens show now."""
    return loader().edition
