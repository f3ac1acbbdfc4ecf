"""Who asks: a person who signed in, a display with its token, or anybody at this machine while sign-in is off. Pure."""

import math
from dataclasses import dataclass
from typing import Literal

from dashboard.access.roles import ACTIONS, ALL, PAGES, SEES_AGENTS, WALL_PAGES, Role


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and until when that holds.

    Attributes:
        kind: a display sees the pages of a wall and does nothing; at this machine one may all, and is asked for a name.
        name: for the record; of a display, what it is called.
        roles: none for a display.
        until: seconds since 1970.
        display_id: of a display.
    """

    kind: Literal["person", "display", "machine"]
    name: str
    roles: frozenset[Role]
    until: float
    display_id: int | None = None

    def may_see(self, page: str) -> bool:
        """Whether a page is open to the visitor."""
        if self.kind == "display":
            return page in WALL_PAGES
        return bool(self.roles & PAGES.get(page, frozenset()))

    def may_do(self, action: str) -> bool:
        """Whether the visitor may make a change."""
        return bool(self.roles & ACTIONS.get(action, frozenset()))

    @property
    def sees_agents(self) -> bool:
        """Whether agents are told apart, or only counted."""
        return bool(self.roles & SEES_AGENTS)


AT_THIS_MACHINE = Visitor("machine", "", ALL, math.inf)
