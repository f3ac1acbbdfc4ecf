"""Reads Asterisk's queue_log: each line becomes events of contacts and agents, or an unreadable line with its reason. No I/O.

The number of the caller is personal: it is read over, and never published. Every written rule is in docs/connectors.md.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

import msgspec

from streams import events
from streams.sources import LONG_AGO, Envelopes, Horizon, Unreadable, shown, utc_now
from streams.sources.agents import Agent, Agents
from streams.sources.mapping import NO_MAPPING, Mapping
from streams.sources.queue_log import LONGEST_SECONDS, Line, parse, seconds, without_caller_id
from streams.sources.waits import Call, Calls, Wait

# Verbs that Asterisk (or a common add-on) writes, and that change neither a contact nor an agent.
IGNORED_VERBS = frozenset(
    b"AGENTDUMP CALLSTATUS CONFIGRELOAD DID HOTDESK INFO JOINEMPTY PAUSEREASON PENALTY RINGCANCELED RINGNOANSWER SYSCOMPAT".split()
)
TRANSFER_WITH_TALK_FIELDS = 4  # EXTENSION|CONTEXT|HOLDTIME|CALLTIME…; before Asterisk 1.4 the first two alone

Told = list[tuple[events.Data, datetime]]


class _State(msgspec.Struct):
    calls: dict[str, Call]
    agents: dict[str, Agent]
    last_at: datetime


class QueueLog:
    """A queue_log of one Asterisk."""

    def __init__(
        self,
        name: str,
        *,
        zone: tzinfo = UTC,
        callback_keys: str = "",
        mapping: Mapping = NO_MAPPING,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Begin with no calls.

        Args:
            name: the CloudEvents source.
            zone: the zone of wall-clock times in the log; epoch times need none.
            callback_keys: the keys by which a caller books a callback; any other key is a transfer.
            mapping: the site's names.
            clock: now; a line more than a day ahead of it is unreadable.
        """
        self.name = name
        self.title = f"Asterisk {name.removeprefix('asterisk/')}"[:100]
        self.ignored: Counter[str] = Counter()
        self.zone = zone
        self._callback_keys = frozenset(callback_keys)
        self._mapping = mapping
        self._horizon = Horizon(clock)
        self._envelopes = Envelopes(name)
        self._calls = Calls()
        self._agents = Agents()
        self._last_at = LONG_AGO
        self._ignored_verbs = IGNORED_VERBS | {verb.encode() for verb in mapping.ignored_verbs}
        self._verbs: dict[bytes, Callable[[Line], Told]] = {
            b"ENTERQUEUE": self._entered,
            b"CONNECT": self._connected,
            b"COMPLETEAGENT": self._completed,
            b"COMPLETECALLER": self._completed,
            b"ABANDON": lambda line: self._left(line, "abandoned", seconds(line.data, 2, "wait")),
            b"EXITWITHTIMEOUT": lambda line: self._left(line, "timeout", _optional_wait(line, 2)),
            b"EXITEMPTY": lambda line: self._left(line, "closed", _optional_wait(line, 2)),
            b"EXITWITHKEY": self._exited_with_key,
            b"WITHDRAW": lambda line: self._left(line, "transferred", _optional_wait(line, 2)),
            b"TRANSFER": self._transferred,
            b"BLINDTRANSFER": self._transferred,
            b"ATTENDEDTRANSFER": self._transferred,
            b"QUEUESTART": self._restarted,
            b"ADDMEMBER": self._member_added,
            b"REMOVEMEMBER": self._member_removed,
            b"AGENTLOGIN": self._logged_in,
            b"AGENTCALLBACKLOGIN": self._logged_in,
            b"AGENTLOGOFF": self._logged_off,
            b"AGENTCALLBACKLOGOFF": self._logged_off,
            b"PAUSE": lambda line: self._paused(line, line.queue, paused=True),
            b"UNPAUSE": lambda line: self._paused(line, line.queue, paused=False),
            b"PAUSEALL": lambda line: self._paused(line, None, paused=True),
            b"UNPAUSEALL": lambda line: self._paused(line, None, paused=False),
        }

    def read(self, line: bytes, position: str | None = None) -> list[events.Event]:
        """The events of one line; an empty line has none."""
        line = line.rstrip(b"\r\n")
        if not line.strip():
            return []
        try:
            parsed = parse(line, self.zone)
            self._horizon.check(parsed.at, "time")
            self._last_at = parsed.at
            told = self._meaning(self._with_own_names(parsed))
        except Unreadable as error:
            return self._envelopes.refuse(line, str(error), position=position, at=self._last_at, kept=without_caller_id(line))
        return self._envelopes.seal(line, told)

    def recognises(self, line: bytes) -> bool:
        """Whether it has a time and the five fields that every line has."""
        try:
            parse(line.rstrip(b"\r\n"), self.zone)
        except Unreadable:
            return False
        return True

    def state(self) -> bytes:
        """The open calls and the agents, as JSON."""
        return msgspec.json.encode(_State(self._calls.calls, self._agents.agents, self._last_at))

    def restore(self, state: bytes) -> None:
        """Go on from an earlier `state`.

        Raises:
            ValueError: it is not one.
        """
        try:
            restored = msgspec.json.decode(state, type=_State)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(f"not a state of a queue_log: {error}") from None
        self._calls, self._agents, self._last_at = Calls(restored.calls), Agents(restored.agents), restored.last_at

    def _with_own_names(self, line: Line) -> Line:
        if not (self._mapping.queues or self._mapping.agents):
            return line
        return line._replace(
            queue=line.queue and self._mapping.queues.get(line.queue, line.queue),
            agent=line.agent and self._mapping.agents.get(line.agent, line.agent),
        )

    def _meaning(self, line: Line) -> Told:
        meaning = self._verbs.get(line.verb)
        if meaning is not None:
            told = meaning(line)
        elif line.verb in self._ignored_verbs:
            self.ignored[line.verb.decode()] += 1
            told = []
        else:
            raise Unreadable(f"verb is {shown(line.verb)}: not a verb of queue_log that is known here")
        for call, wait in self._calls.forget(line.epoch):
            self._release(told, call, wait, line.at)
        return told

    def _entered(self, line: Line) -> Told:
        queue = _needed(line.queue, "queue")
        wait, over = self._calls.entered(line.call, queue, line.epoch)
        told = self._over(line.call, over)
        channel, language = self._mapping.channels.get(queue, "phone"), self._mapping.languages.get(queue)
        told.append((events.ContactQueued(_contact_id(line.call, wait), queue, channel, language), line.at))
        return told

    def _connected(self, line: Line) -> Told:
        queue, agent, waited = _needed(line.queue, "queue"), _needed(line.agent, "agent"), seconds(line.data, 0, "hold time")
        wait, over = self._calls.find(
            line.call,
            queue,
            line.epoch,
            began_at=line.epoch - waited,
            fits=lambda wait: wait.waiting,
            told_at=lambda wait: wait.answered_at,
        )
        told = self._over(line.call, over)
        told.append((events.ContactAnswered(_contact_id(line.call, wait), agent, queue, waited), line.at))
        if wait.answered_at is None:
            wait.answered_at, wait.agent = line.epoch, agent
        if wait.talking and wait.agent == agent:
            self._agents.took(agent, line.call, queue)
            self._tell_agent(told, agent, line.at)
        return told

    def _completed(self, line: Line) -> Told:
        waited, talked = seconds(line.data, 0, "hold time"), seconds(line.data, 1, "call time")
        return self._end(line, *self._find_end(line, waited, talked), waited, talked)

    def _transferred(self, line: Line) -> Told:
        waited = talked = None
        if len(line.data) >= TRANSFER_WITH_TALK_FIELDS:
            # An attended transfer names one or two things before its times, and always ends with the position.
            first = len(line.data) - 3 if line.verb == b"ATTENDEDTRANSFER" else 2
            waited, talked = seconds(line.data, first, "hold time"), seconds(line.data, first + 1, "call time")
        # Only a call of which nothing was read may have been answered unseen: then the line itself tells of the talk.
        answered_unseen = talked is not None and line.agent is not None and not self._calls.known(line.call)
        wait, over = self._find_end(line, waited, talked)
        if wait.answered_at is None and not answered_unseen:
            return self._leave(line, wait, over, "transferred", waited)
        return self._end(line, wait, over, waited, talked)

    def _find_end(self, line: Line, waited: float | None, talked: float | None) -> tuple[Wait, list[Wait]]:
        return self._calls.find(
            line.call,
            _needed(line.queue, "queue"),
            line.epoch,
            began_at=None if waited is None or talked is None else line.epoch - waited - talked,
            fits=lambda wait: wait.end_untold or wait.waiting,
            told_at=lambda wait: wait.ended_at,
        )

    def _end(self, line: Line, wait: Wait, over: list[Wait], waited: float | None, talked: float | None) -> Told:
        told = self._over(line.call, over)
        contact_id = _contact_id(line.call, wait)
        if wait.answered_at is None and talked is not None:
            # The line of the answer was never read; this one tells of it too.
            wait.answered_at, wait.agent = line.epoch - talked, line.agent
            answered = events.ContactAnswered(contact_id, line.agent, line.queue, waited)
            told.append((answered, datetime.fromtimestamp(wait.answered_at, UTC)))
        elif wait.answered_at is not None and talked is None:
            since = max(0.0, line.epoch - wait.answered_at)
            talked = since if since <= LONGEST_SECONDS else None  # a clock jumped: nobody talks for a year
        told.append((events.ContactEnded(contact_id, line.queue, talked), line.at))
        wait.ended_at = line.epoch if wait.ended_at is None else max(wait.ended_at, line.epoch)
        for agent in dict.fromkeys((wait.agent, line.agent)):
            if agent is not None:
                self._agents.released(agent, line.call, line.queue)
                self._tell_agent(told, agent, line.at)
        return told

    def _left(self, line: Line, reason: events.LeftReason, waited: float | None) -> Told:
        wait, over = self._calls.find(
            line.call,
            _needed(line.queue, "queue"),
            line.epoch,
            began_at=None if waited is None else line.epoch - waited,
            fits=lambda wait: wait.waiting,
            told_at=lambda wait: wait.left_at,
        )
        return self._leave(line, wait, over, reason, waited)

    def _leave(self, line: Line, wait: Wait, over: list[Wait], reason: events.LeftReason, waited: float | None) -> Told:
        told = self._over(line.call, over)
        told.append((events.ContactLeftQueue(_contact_id(line.call, wait), reason, line.queue, waited), line.at))
        wait.left_at = line.epoch if wait.left_at is None else min(wait.left_at, line.epoch)
        return told

    def _exited_with_key(self, line: Line) -> Told:
        if not line.data or not line.data[0]:
            raise Unreadable("key is '': the key that the caller pressed is expected")
        key = line.data[0].decode("utf-8", "replace")
        return self._left(line, "callback" if key in self._callback_keys else "transferred", _optional_wait(line, 3))

    def _restarted(self, line: Line) -> Told:
        told = self._over_at(list(self._calls.restarted(line.epoch)), line.at, "closed")
        for agent in self._agents.restarted():
            self._tell_agent(told, agent, line.at)
        return told

    def _member_added(self, line: Line) -> Told:
        agent = _needed(line.agent, "agent")
        self._agents.joined(agent, _needed(line.queue, "queue"), paused=bool(line.data) and line.data[0] == b"PAUSED")
        return self._agent_told(agent, line.at)

    def _member_removed(self, line: Line) -> Told:
        agent = _needed(line.agent, "agent")
        self._agents.removed(agent, _needed(line.queue, "queue"))
        return self._agent_told(agent, line.at)

    def _logged_in(self, line: Line) -> Told:
        agent = _needed(line.agent, "agent")
        self._agents.logged_in(agent)
        return self._agent_told(agent, line.at)

    def _logged_off(self, line: Line) -> Told:
        agent = _needed(line.agent, "agent")
        self._agents.logged_off(agent)
        return self._agent_told(agent, line.at)

    def _paused(self, line: Line, queue: str | None, *, paused: bool) -> Told:
        agent = _needed(line.agent, "agent")
        self._agents.paused(agent, queue, paused=paused)
        return self._agent_told(agent, line.at)

    def _over(self, call: str, over: list[Wait]) -> Told:
        """The call was seen in another queue: what it was in before is over."""
        told: Told = []
        for wait in over:
            told += self._over_at([(call, wait)], datetime.fromtimestamp(wait.presumed or 0, UTC), "transferred")
        return told

    def _over_at(self, over: list[tuple[str, Wait]], at: datetime, reason: events.LeftReason) -> Told:
        told: Told = []
        for call, wait in over:
            contact_id = _contact_id(call, wait)
            if wait.answered_at is None:
                told.append((events.ContactLeftQueue(contact_id, reason, wait.queue), at))
            else:
                told.append((events.ContactEnded(contact_id, wait.queue), at))
                self._release(told, call, wait, at)
        return told

    def _release(self, told: Told, call: str, wait: Wait, at: datetime) -> None:
        if wait.agent is not None:
            self._agents.released(wait.agent, call)
            self._tell_agent(told, wait.agent, at)

    def _agent_told(self, agent: str, at: datetime) -> Told:
        told: Told = []
        self._tell_agent(told, agent, at)
        return told

    def _tell_agent(self, told: Told, agent: str, at: datetime) -> None:
        change = self._agents.change(agent)
        if change is not None:
            told.append((change, at))


def _contact_id(call: str, wait: Wait) -> str:
    return call if wait.number == 1 else f"{call}/{wait.number}"


def _needed(value: str | None, field: str) -> str:
    if value is None:
        raise Unreadable(f"{field} is 'NONE': this verb needs one")
    return value


def _optional_wait(line: Line, index: int) -> float | None:
    """Before Asterisk 1.6 these lines ended before the wait."""
    return seconds(line.data, index, "wait") if len(line.data) > index else None
