"""Polls in rounds, for ever or once: one process a feed, a round that fails told in one line, the broker's absence waited for.

What a round asks and publishes is for those who build on it (`Rounds._begin`, `Rounds._round`).
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sql.child import only_one
from sql.health import Pulse
from streams import telemetry
from streams.broker import BrokerUnavailable
from streams.poll import checkpoint
from streams.poll.asking import ServerFailed, Stopped
from streams.publisher import Publisher

log = logging.getLogger(__name__)

LATE_AFTER_ROUNDS, LATE_AFTER_SECONDS = 2, 30.0  # together: a round takes its time


class Rounds:
    """One feed, one process.

    Attributes:
        events: events published since the start.
        unreadable: records that could not be read since the start.
        rounds: complete rounds since the start.
        failure: why the last round was not complete.
    """

    def __init__(self, feed: str, *, state_dir: Path, every_seconds: float, stop: threading.Event, servers: Callable[[], str]) -> None:
        """Prepare; nothing is asked yet.

        Args:
            feed: the CloudEvents source.
            state_dir: where the checkpoint is kept.
            every_seconds: from the beginning of a round to that of the next.
            stop: ends `run` in an orderly way.
            servers: where Kafka is, asked again for every round.
        """
        self._feed = feed
        self._home = checkpoint.home_of(state_dir, feed)
        self._every_seconds = every_seconds
        self._stop = stop
        self._servers = servers
        self._had_broker = False
        self._complete = Pulse()
        self.events = self.unreadable = self.rounds = 0
        self.failure: str | None = None

    def run(self, *, once: bool = False) -> bool:
        """Poll until `stop` is set, or for one round. True: the last round was complete.

        Raises:
            BrokerUnavailable: Kafka is not there at the start, or for the one round; later it is waited for.
            AlreadyRunning: another process polls for this source.
            InvalidCheckpoint: the checkpoint is damaged, or of another server.
            OSError: the checkpoint cannot be read or written.
        """
        self._home.mkdir(parents=True, exist_ok=True)
        with only_one(self._home, what=f"`poll` of {self._feed}"):
            self._begin()
            while True:
                began = time.monotonic()
                complete = self._try_round(once)
                self._tell(complete, time.monotonic() - began)
                if once or self._stop.wait(max(0.0, self._every_seconds - (time.monotonic() - began))):
                    return complete

    def unready(self) -> str | None:
        """Why it is not ready: no round was complete for more than two of its intervals, or none was yet."""
        silent = self._complete.silent_seconds
        if self._complete.has_beaten and silent <= LATE_AFTER_ROUNDS * self._every_seconds + LATE_AFTER_SECONDS:
            return None
        if not self._complete.has_beaten:
            return "No round is complete yet."
        return f"The last complete round was {silent:.0f} s ago; there is one every {self._every_seconds:.0f} s."

    def _tell(self, complete: bool, seconds: float) -> None:
        telemetry.ROUND_SECONDS.labels(self._feed).observe(seconds)
        (telemetry.ROUNDS if complete else telemetry.ROUND_FAILURES).labels(self._feed).inc()
        if complete:
            telemetry.LAST_ROUND.labels(self._feed).set_to_current_time()
            self._complete.beat()

    def _begin(self) -> None:
        """Go on from the checkpoint in `_home`, if there is one."""
        raise NotImplementedError

    def _round(self, publisher: Publisher) -> None:
        """One round.

        Raises:
            ServerFailed, Stopped, BrokerUnavailable: it is not complete.
        """
        raise NotImplementedError

    def _try_round(self, once: bool) -> bool:
        try:
            with Publisher(self._servers()) as publisher:
                self._had_broker = True
                self._round(publisher)
        except Stopped:
            self.failure = "it was stopped"
            return False
        except ServerFailed as error:
            self.failure = str(error)
            log.warning("%s The round is not complete; the next one begins where this one stood.", error)
            return False
        except BrokerUnavailable as error:
            if once or not self._had_broker:
                raise
            log.warning("%s The next round begins where this one stood.", error)
            return False
        self.rounds += 1
        self.failure = None
        return True
