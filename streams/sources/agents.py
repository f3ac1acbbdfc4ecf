"""What each agent of a telephone system is doing, from lines that each tell a part of it. No I/O, no times: the caller dates the changes.

Of several states that would hold at once the first of on_contact, away, available, offline is told. queue_log says nothing
of wrap-up, so none is told.
"""

from msgspec import Struct, field

from streams import events

AGENTS_KEPT = 20_000
QUEUES_TOLD = 200


class Agent(Struct):
    """What is known of one agent.

    Attributes:
        calls: the calls that the agent is in.
        queues: the queues that the agent serves → paused there.
        paused_everywhere: paused by one line for all queues, also those not known here.
        present: logged in, or a member of a queue.
        told: the state and the queues that were last told.
    """

    calls: list[str] = field(default_factory=list)
    queues: dict[str, bool] = field(default_factory=dict)
    paused_everywhere: bool = False
    present: bool = True
    told: tuple[events.AgentState, tuple[str, ...]] | None = None

    @property
    def state(self) -> events.AgentState:
        """The one state that holds."""
        if self.calls:
            return "on_contact"
        if not self.present:
            return "offline"
        if self.paused_everywhere or (self.queues and all(self.queues.values())):
            return "away"
        return "available"

    @property
    def serves(self) -> tuple[str, ...]:
        """The queues in which the agent is not paused; paused in all of them, all of them."""
        return tuple(sorted([queue for queue, paused in self.queues.items() if not paused] or self.queues)[:QUEUES_TOLD])


class Agents:
    """The agents of one telephone system."""

    def __init__(self, agents: dict[str, Agent] | None = None) -> None:
        self.agents: dict[str, Agent] = agents or {}

    def took(self, agent: str, call: str, queue: str) -> None:
        """The agent is connected to a call."""
        known = self._agent(agent)
        known.present = True
        known.queues.setdefault(queue, False)
        if call not in known.calls:
            known.calls.append(call)

    def released(self, agent: str, call: str, queue: str | None = None) -> None:
        """The agent is out of a call."""
        known = self._agent(agent)
        if queue is not None and known.present:
            known.queues.setdefault(queue, False)
        if call in known.calls:
            known.calls.remove(call)

    def joined(self, agent: str, queue: str, *, paused: bool) -> None:
        """The agent became a member of a queue."""
        known = self._agent(agent)
        known.present = True
        known.queues[queue] = paused
        if not paused:
            known.paused_everywhere = False

    def removed(self, agent: str, queue: str) -> None:
        """The agent is no longer a member of a queue; a member of none is offline."""
        known = self._agent(agent)
        known.queues.pop(queue, None)
        if not known.queues:
            known.present, known.paused_everywhere = False, False

    def logged_in(self, agent: str) -> None:
        """The agent logged in."""
        self._agent(agent).present = True

    def logged_off(self, agent: str) -> None:
        """The agent logged off: its line is gone, and any call on it."""
        known = self._agent(agent)
        known.present = False
        known.calls.clear()

    def paused(self, agent: str, queue: str | None, *, paused: bool) -> None:
        """The agent paused, or came back, in one queue (None: in all)."""
        known = self._agent(agent)
        if queue is None:
            known.paused_everywhere = paused
            known.queues = dict.fromkeys(known.queues, paused)
            return
        known.queues[queue] = paused
        if not paused:
            known.paused_everywhere = False

    def restarted(self) -> list[str]:
        """The telephone system was restarted: nobody is in a call. Returns those who were."""
        freed = [agent for agent, known in self.agents.items() if known.calls]
        for agent in freed:
            self.agents[agent].calls.clear()
        return freed

    def change(self, agent: str) -> events.AgentStateChanged | None:
        """What to tell of the agent, or None when that was told before."""
        known = self._agent(agent)
        now = (known.state, known.serves)
        if now == known.told:
            return None
        known.told = now
        return events.AgentStateChanged(agent_id=agent, state=now[0], queues=now[1])

    def _agent(self, agent: str) -> Agent:
        known = self.agents.pop(agent, None)
        if known is None:
            known = Agent()
            if len(self.agents) >= AGENTS_KEPT:
                self.agents.pop(next(iter(self.agents)))
        self.agents[agent] = known  # the one longest unheard of stands first
        return known
