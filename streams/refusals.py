"""How large a share of the newest events was refused, and when that is too much: a feed must be looked at then. It refuses nothing."""

from collections import deque

REFUSED_WINDOW_EVENTS = 5_000
REFUSED_LEAST_EVENTS = 1_000  # too few to judge a feed by


class TooManyRefused(Exception):
    """So large a share of the events was refused that the feed must be looked at before more of it is taken away."""


class RefusedShare:
    """The share of refusals among the newest events of one consumer."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._outcomes: deque[tuple[int, int]] = deque()

    def add(self, events: int, refused: int) -> None:
        """Take one batch.

        Raises:
            TooManyRefused: the share is above the limit; the message says what to do.
        """
        self._outcomes.append((events, refused))
        while sum(n for n, _ in self._outcomes) - self._outcomes[0][0] >= REFUSED_WINDOW_EVENTS:
            self._outcomes.popleft()
        seen, bad = sum(n for n, _ in self._outcomes), sum(r for _, r in self._outcomes)
        if seen >= REFUSED_LEAST_EVENTS and bad > self._limit * seen:
            raise TooManyRefused(
                f"{bad} of the last {seen} events were refused, more than the limit of {self._limit:.0%}: they are kept, "
                "`python -m streams dead-letters list` says why. Mend the source, or raise REFUSED_SHARE_LIMIT, and start again."
            )
