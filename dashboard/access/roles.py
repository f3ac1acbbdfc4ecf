"""Which role may see which page and do what: the only tables of it. Pure.

A page is named by its address, an action by the statement of `sql/queries` that writes it. What stands in neither table nobody may.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

Role = Literal["viewer", "supervisor", "emergency", "planner", "director", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
ALL: Final[frozenset[Role]] = frozenset(ROLES)


def _only(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


PAGES: Final[Mapping[str, frozenset[Role]]] = {
    "live": ALL,
    "emergency": ALL,
    "map": ALL,
    "departments": ALL,
    "definitions": ALL,
    "plain": ALL,
    "wall": ALL,
    "incident": _only("emergency", "supervisor", "director", "admin"),
    "staffing": _only("planner", "supervisor", "director", "admin"),
    "weekly": _only("director", "supervisor", "planner", "admin"),
    "system": _only("supervisor", "admin"),
    "displays": _only("admin"),
}

WALL_PAGES: Final = frozenset({"live", "emergency", "map", "plain", "wall"})  # all that a display's token opens

ACTIONS: Final[Mapping[str, frozenset[Role]]] = {
    "write-queue-by-hand": _only("supervisor", "admin"),
    "write-incident-opened": _only("emergency", "admin"),
    "write-incident-change": _only("emergency", "admin"),
    "write-lifeline": _only("emergency", "admin"),
    "write-alert": _only("emergency", "admin"),
    "write-log-entry": _only("emergency", "supervisor", "director", "admin"),
    "write-answer": _only("emergency", "supervisor", "admin"),
    "write-schedule": _only("planner", "admin"),
    "write-override": _only("planner", "admin"),
    "write-override-withdrawal": _only("planner", "admin"),
    "write-scenario": _only("planner", "supervisor", "director", "admin"),
    "write-action": _only("director", "admin"),
    "write-action-change": _only("director", "admin"),
    "write-display": _only("admin"),
    "write-display-revoked": _only("admin"),
}

SEES_AGENTS: Final = _only("supervisor")  # which agent it is, not only how many


def named(roles: frozenset[Role]) -> str:
    """The roles in their usual order, in words."""
    return ", ".join(role for role in ROLES if role in roles)
