"""The simulator's clock: the real time, or from its start on a slower or faster one. It is the only thing that sleeps."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LEAST_SLEEP_SECONDS = 0.0005  # less than that may not move the real time at all


class Clock:
    """A clock that goes on from the real time with a speed of its own."""

    def __init__(self, *, speed: float = 1.0, real: Callable[[], float] = time.time, sleep: Callable[[float], None] = time.sleep) -> None:
        """Start it.

        Args:
            speed: simulated seconds in one real second, above 0.
            real: the real time as seconds since 1970.
            sleep: waits for that many real seconds.
        """
        if not speed > 0:
            raise ValueError(f"speed is {speed!r}; simulated seconds in one real second, above 0")
        self._speed, self._real, self._sleep = speed, real, sleep
        self._started_at = real()

    def now(self) -> datetime:
        """The simulated time, in UTC."""
        return datetime.fromtimestamp(self._started_at, UTC) + timedelta(seconds=(self._real() - self._started_at) * self._speed)

    def real_seconds(self) -> float:
        """The real time, as seconds since 1970; it may jump when the machine slept or its clock was set."""
        return self._real()

    def sleep_until(self, at: datetime, *, at_most_seconds: float) -> None:
        """Wait until the simulated time `at`, but no more than so many real seconds."""
        seconds = (at - self.now()).total_seconds() / self._speed
        if seconds > 0:
            self._sleep(max(LEAST_SLEEP_SECONDS, min(seconds, at_most_seconds)))
