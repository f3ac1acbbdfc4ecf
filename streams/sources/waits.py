"""The waits of each call in a queue_log: which line belongs to which wait of a call that queues more than once. No I/O, no events.

A line that ends or answers a wait also says how long the wait was, and so when it began. That instant, not the order of
the lines, decides to which wait the line belongs; the order only decides when the line does not say.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

SAME_WAIT_SECONDS = 2.0  # queue_log counts waits in whole seconds, so an instant computed from one may be a second off
CALL_KEPT_SECONDS = 6 * 3600.0  # after a call's last line; by then its wait is lost track of, and nobody talks so long
SWEEP_EVERY_SECONDS = 600.0
CALLS_KEPT = 200_000
WAITS_OF_A_CALL_KEPT = 200


class Wait(Struct):
    """One wait in one queue. Instants are seconds since 1970.

    Attributes:
        number: 1 for the call's first wait.
        began_at: when it began, as told by its own line or counted back from a later one.
        queued: its own line was read.
        presumed: the instant at which the call was seen elsewhere, so that the wait (or the talk) must have been over.
    """

    number: int
    queue: str
    began_at: float | None
    queued: bool = False
    answered_at: float | None = None
    left_at: float | None = None
    ended_at: float | None = None
    presumed: float | None = None
    agent: str | None = None

    @property
    def waiting(self) -> bool:
        """Neither answered nor gone."""
        return self.answered_at is None and self.left_at is None and self.ended_at is None and self.presumed is None

    @property
    def talking(self) -> bool:
        """Answered and, as far as is known, not over."""
        return self.answered_at is not None and self.ended_at is None and self.presumed is None

    @property
    def end_untold(self) -> bool:
        """Answered, and no line has told of its end."""
        return self.answered_at is not None and self.ended_at is None


class Call(Struct):
    """The waits of one call, and when its last line was written."""

    waits: list[Wait]
    touched_at: float


class Calls:
    """The calls of one telephone system, kept for some hours after their last line."""

    def __init__(self, calls: dict[str, Call] | None = None) -> None:
        self.calls: dict[str, Call] = calls or {}
        self._swept_at = 0.0
        self._last_at = 0.0

    def known(self, call: str) -> bool:
        """Whether a line of the call was read before."""
        return call in self.calls

    def entered(self, call: str, queue: str, at: float) -> tuple[Wait, list[Wait]]:
        """The call begins to wait. Returns its wait, and the earlier waits that must be over by now."""
        waits = self._waits(call, at)
        for wait in waits:
            if wait.queue != queue:
                continue
            if wait.queued and wait.began_at == at:
                return wait, []
            if not wait.queued and (wait.began_at is None or abs(wait.began_at - at) <= SAME_WAIT_SECONDS):
                wait.queued, wait.began_at = True, at
                return wait, []
        return self._next(waits, Wait(number=0, queue=queue, began_at=at, queued=True), at)

    def find(
        self,
        call: str,
        queue: str,
        at: float,
        *,
        began_at: float | None,
        fits: Callable[[Wait], bool],
        told_at: Callable[[Wait], float | None],
    ) -> tuple[Wait, list[Wait]]:
        """The wait that a later line tells of; a new one if no line of it was read.

        Args:
            call: the call's id.
            queue: the queue in which it waited.
            at: when the line was written.
            began_at: when the wait began by this line's own account, if it says.
            fits: which waits have yet to hear such a line.
            told_at: when a wait was told of the same thing before.

        Returns:
            The wait, and the earlier waits that must be over by now.
        """
        waits = self._waits(call, at)
        here = [wait for wait in waits if wait.queue == queue]
        for wait in here:
            if told_at(wait) == at and _near(wait, began_at):
                return wait, []
        for candidates in (
            [wait for wait in here if fits(wait) and began_at is not None and _near(wait, began_at)],
            [wait for wait in here if wait.began_at is not None and began_at is not None and _near(wait, began_at)],
            [wait for wait in here if fits(wait)],
        ):
            if candidates:
                return candidates[-1], []
        return self._next(waits, Wait(number=0, queue=queue, began_at=began_at), at if began_at is None else began_at)

    def restarted(self, at: float) -> Iterator[tuple[str, Wait]]:
        """The telephone system was restarted: every call that was still going on, with its wait. They are over now."""
        for call, state in self.calls.items():
            for wait in state.waits:
                if wait.waiting or wait.talking:
                    yield call, wait
                    wait.presumed = at

    def forget(self, at: float) -> list[tuple[str, Wait]]:
        """Forget calls of which nothing was heard for hours; returns those that were still talking.

        The instant counts as reached when two lines in a row say so: one line with a broken time must not clear the table.
        """
        reached, self._last_at = min(at, self._last_at), at
        if reached - self._swept_at < SWEEP_EVERY_SECONDS and len(self.calls) <= CALLS_KEPT:
            return []
        self._swept_at = reached
        old = [call for call, state in self.calls.items() if reached - state.touched_at > CALL_KEPT_SECONDS]
        surplus = len(self.calls) - len(old) - CALLS_KEPT
        if surplus > 0:
            old = sorted(self.calls, key=lambda call: self.calls[call].touched_at)[: len(old) + surplus + CALLS_KEPT // 10]
        return [(call, wait) for call in old for wait in self.calls.pop(call).waits if wait.talking]

    def _waits(self, call: str, at: float) -> list[Wait]:
        state = self.calls.get(call)
        if state is None:
            state = self.calls[call] = Call(waits=[], touched_at=at)
        state.touched_at = max(state.touched_at, at)
        return state.waits

    @staticmethod
    def _next(waits: list[Wait], new: Wait, at: float) -> tuple[Wait, list[Wait]]:
        over = [wait for wait in waits if (wait.waiting or wait.talking) and (wait.began_at is None or wait.began_at <= at)]
        for wait in over:
            wait.presumed = at
        new.number = waits[-1].number + 1 if waits else 1
        waits.append(new)
        del waits[:-WAITS_OF_A_CALL_KEPT]
        return new, over


def _near(wait: Wait, began_at: float | None) -> bool:
    return began_at is None or wait.began_at is None or abs(wait.began_at - began_at) <= SAME_WAIT_SECONDS
