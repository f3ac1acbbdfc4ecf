"""The contact centre as a discrete-event simulation: contacts arrive, wait in queues, are answered by agents or leave.

The agent who has been free the longest takes the contact that has waited the longest in one of that agent's own queues, and where
there is none, in a queue that the agent helps. It knows seconds since the beginning only: no dates, no random numbers, no events of ours.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Any, Literal, NamedTuple

from streams.events import AgentState, LeftReason


@dataclass(slots=True, eq=False)
class Contact:
    """One wait in one queue, with everything about it that chance decides, drawn beforehand."""

    queue: str
    talk_seconds: float
    leaves_after_seconds: float = inf  # unless an agent was found before
    leaves_as: LeftReason = "abandoned"
    ring_seconds: float = 0.0  # between finding the agent and the first word; still a wait
    hold_seconds: float = 0.0
    wrap_up_seconds: float = 0.0
    language: str | None = None
    contact_id: str = ""
    passed_on_to: "Contact | None" = None  # the second wait, after the talk
    overflows_to: "Contact | None" = None  # the second wait, when it leaves as `transferred`
    queued_at: float = 0.0
    answered_at: float = 0.0
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """One agent's working day: seconds since the beginning, the pauses and the absences as (when, how long).

    In a pause an agent is away, in an absence offline.
    """

    agent_id: str
    queues: tuple[str, ...]
    helps: tuple[str, ...] = ()
    starts_at: float = 0.0
    ends_at: float = inf
    pauses: tuple[tuple[float, float], ...] = ()
    absences: tuple[tuple[float, float], ...] = ()


class ContactHappened(NamedTuple):
    """Something happened to a contact; the agent is told with `answered`, `queued_at` and `answered_at` stand in the contact."""

    at: float
    what: Literal["queued", "answered", "left", "ended"]
    contact: Contact
    agent_id: str | None


class AgentHappened(NamedTuple):
    """An agent went into a state."""

    at: float
    state: AgentState
    shift: Shift


Happening = ContactHappened | AgentHappened


@dataclass(slots=True, eq=False)
class _Agent:
    shift: Shift
    present: bool = False
    busy: bool = False
    away: bool = False
    leaving: bool = False
    owed_pauses: list[tuple[float, AgentState]] = field(default_factory=list)


_Later = tuple[float, int, Callable[[float, Any], None], Any]


class Centre:
    """One run: make it, `run` it once."""

    def __init__(self, shifts: Iterable[Shift], *, closings: Iterable[tuple[float, str]] = ()) -> None:
        """Plan the day.

        Args:
            shifts: the agents' days; an agent stands in one of them.
            closings: when those who still wait in a queue are sent away.
        """
        self._happened: list[Happening] = []
        self._order = count()
        self._heap: list[_Later] = []
        self._idle: dict[_Agent, None] = {}  # in the order in which they became free
        self._waiting: dict[str, deque[Contact]] = {}
        for shift in shifts:
            agent = _Agent(shift)
            self._plan(shift.starts_at, self._arrives_for_work, agent)
            pauses: list[tuple[float, float, AgentState]] = [(*pause, "away") for pause in shift.pauses]
            for at, seconds, state in (*pauses, *((*absence, "offline") for absence in shift.absences)):
                self._plan(at, self._wants_pause, (agent, (seconds, state)))
            if shift.ends_at < inf:
                self._plan(shift.ends_at, self._goes_home, agent)
        for at, queue in closings:
            self._plan(at, self._closes, queue)

    def run(self, arrivals: Iterable[tuple[float, Contact]]) -> list[Happening]:
        """Let everybody who arrives be served or leave, and every shift end.

        Args:
            arrivals: when each contact is queued, in any order.

        Returns:
            What happened, in order of time.
        """
        for at, contact in arrivals:
            self._plan(at, self._is_queued, contact)
        heap = self._heap
        heapify(heap)
        while heap:
            at, _, handle, subject = heappop(heap)
            handle(at, subject)
        return self._happened

    def _plan(self, at: float, handle: Callable[[float, Any], None], subject: Any) -> None:
        self._heap.append((at, next(self._order), handle, subject))

    def _later(self, at: float, handle: Callable[[float, Any], None], subject: Any) -> None:
        heappush(self._heap, (at, next(self._order), handle, subject))

    def _is_queued(self, now: float, contact: Contact) -> None:
        contact.queued_at = now
        self._happened.append(ContactHappened(now, "queued", contact, None))
        agent = self._free_agent_for(contact.queue)
        if agent is not None:
            del self._idle[agent]
            self._takes(now, agent, contact)
            return
        contact.waiting = True
        self._waiting.setdefault(contact.queue, deque()).append(contact)
        if contact.leaves_after_seconds < inf:
            self._later(now + contact.leaves_after_seconds, self._leaves, contact)

    def _free_agent_for(self, queue: str) -> _Agent | None:
        helper = None
        for agent in self._idle:
            if queue in agent.shift.queues:
                return agent
            if helper is None and queue in agent.shift.helps:
                helper = agent
        return helper

    def _leaves(self, now: float, contact: Contact) -> None:
        if not contact.waiting:  # an agent was found before
            return
        contact.waiting = False
        self._happened.append(ContactHappened(now, "left", contact, None))
        if contact.leaves_as == "transferred" and contact.overflows_to is not None:
            self._is_queued(now, contact.overflows_to)

    def _closes(self, now: float, queue: str) -> None:
        for contact in self._waiting.pop(queue, ()):
            if contact.waiting:
                contact.leaves_as = "closed"
                self._leaves(now, contact)

    def _takes(self, now: float, agent: _Agent, contact: Contact) -> None:
        contact.waiting = False
        agent.busy = True
        self._state(now, agent, "on_contact")
        if contact.ring_seconds:
            self._later(now + contact.ring_seconds, self._is_answered, (agent, contact))
        else:
            self._is_answered(now, (agent, contact))

    def _is_answered(self, now: float, both: tuple[_Agent, Contact]) -> None:
        agent, contact = both
        contact.answered_at = now
        self._happened.append(ContactHappened(now, "answered", contact, agent.shift.agent_id))
        self._later(now + contact.talk_seconds + contact.hold_seconds, self._hangs_up, both)

    def _hangs_up(self, now: float, both: tuple[_Agent, Contact]) -> None:
        agent, contact = both
        if contact.passed_on_to is not None:
            self._is_queued(now, contact.passed_on_to)
        if contact.wrap_up_seconds:
            self._state(now, agent, "wrap_up")
            self._later(now + contact.wrap_up_seconds, self._is_done, both)
        else:
            self._is_done(now, both)

    def _is_done(self, now: float, both: tuple[_Agent, Contact]) -> None:
        agent, contact = both
        self._happened.append(ContactHappened(now, "ended", contact, None))
        agent.busy = False
        self._is_free(now, agent)

    def _is_free(self, now: float, agent: _Agent) -> None:
        if agent.leaving:
            agent.present = False
            self._state(now, agent, "offline")
        elif agent.owed_pauses:
            self._pauses(now, agent, agent.owed_pauses.pop(0))
        elif (contact := self._next_for(agent)) is not None:
            self._takes(now, agent, contact)
        else:
            self._state(now, agent, "available")
            self._idle[agent] = None

    def _next_for(self, agent: _Agent) -> Contact | None:
        for queues in (agent.shift.queues, agent.shift.helps):
            longest: Contact | None = None
            for queue in queues:
                first = self._first_in(queue)
                if first is not None and (longest is None or first.queued_at < longest.queued_at):
                    longest = first
            if longest is not None:
                self._waiting[longest.queue].popleft()
                return longest
        return None

    def _first_in(self, queue: str) -> Contact | None:
        line = self._waiting.get(queue)
        while line:
            if line[0].waiting:
                return line[0]
            line.popleft()  # left long ago
        return None

    def _arrives_for_work(self, now: float, agent: _Agent) -> None:
        agent.present = True
        self._is_free(now, agent)

    def _wants_pause(self, now: float, wish: tuple[_Agent, tuple[float, AgentState]]) -> None:
        agent, pause = wish
        if not agent.present or agent.leaving:
            return
        if agent.busy or agent.away:
            agent.owed_pauses.append(pause)
            return
        del self._idle[agent]
        self._pauses(now, agent, pause)

    def _pauses(self, now: float, agent: _Agent, pause: tuple[float, AgentState]) -> None:
        seconds, state = pause
        agent.away = True
        self._state(now, agent, state)
        self._later(now + seconds, self._returns, agent)

    def _returns(self, now: float, agent: _Agent) -> None:
        agent.away = False
        self._is_free(now, agent)

    def _goes_home(self, now: float, agent: _Agent) -> None:
        agent.leaving = True
        if not agent.busy and not agent.away:
            del self._idle[agent]
            self._is_free(now, agent)

    def _state(self, now: float, agent: _Agent, state: AgentState) -> None:
        self._happened.append(AgentHappened(now, state, agent.shift))
