"""What needs attention among departments or types, and why, in words. Pure: the rule is here, and in docs/screens.md.

Under target: fewer of the due were closed on time than promised, with at least 30 due. The backlog grows: more open at each of the last
four week ends than at the one before, by a tenth in all and by at least 10. Much is overdue: more than a quarter of at least 30 open ones.
Two of the three are Act, one is Watch.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from dashboard.departments_rows import Standing
from dashboard.wording import bold

FEWEST_CASES = 30
GROWING_WEEKS, GROWN_SHARE, GROWN_LEAST = 4, 0.1, 10
OVERDUE_SHARE = 0.25

Status = Literal["ok", "watch", "act", "none"]
_RANK: dict[Status, int] = {"act": 0, "watch": 1, "ok": 2, "none": 2}


@dataclass(frozen=True, slots=True)
class Judged:
    """A standing, its status, and the reason in a few words."""

    standing: Standing
    status: Status
    words: str


def judge(standing: Standing) -> Judged:
    """What there is to say of one."""
    reasons = [
        reason
        for holds, reason in (
            (is_under_target(standing), "under target"),
            (is_growing(standing), "backlog grows"),
            (is_overdue(standing), f"{standing.overdue / standing.open:.0%} overdue" if standing.open else ""),
        )
        if holds
    ]
    if reasons:
        words = " and ".join([", ".join(reasons[:-1]), reasons[-1]] if len(reasons) > 1 else reasons)
        return Judged(standing, "act" if len(reasons) > 1 else "watch", words[0].upper() + words[1:])
    if not standing.due:
        return Judged(standing, "none", "Nothing was due")
    if standing.due < FEWEST_CASES:
        return Judged(standing, "none", f"Too few to judge: {standing.due} due")
    if standing.on_time_target is None:
        return Judged(standing, "none", "No target")
    return Judged(standing, "ok", "As promised")


def is_under_target(standing: Standing) -> bool:
    """Fewer on time than promised, of enough to say so."""
    known = standing.on_time is not None and standing.on_time_target is not None
    return known and standing.due >= FEWEST_CASES and standing.on_time < standing.on_time_target  # type: ignore[operator]


def is_growing(standing: Standing) -> bool:
    """More open at the end of each of the last weeks than of the one before."""
    ends = standing.open_by_week[-GROWING_WEEKS - 1 :]
    if len(ends) <= GROWING_WEEKS:
        return False
    grown = ends[-1] - ends[0]
    return all(later > earlier for earlier, later in pairwise(ends)) and grown >= max(GROWN_LEAST, GROWN_SHARE * ends[0])


def is_overdue(standing: Standing) -> bool:
    """More than a quarter of the open ones are overdue."""
    return standing.open >= FEWEST_CASES and standing.overdue > OVERDUE_SHARE * standing.open


def ranked(standings: tuple[Standing, ...]) -> list[Judged]:
    """What needs attention first: by status, then by how many are overdue, then by how many are open; else in their fixed order."""
    return sorted(map(judge, standings), key=lambda one: (_RANK[one.status], -one.standing.overdue, -one.standing.open))


def sentence(whole: Standing, parts: list[Judged], noun: str) -> str:
    """The answer in one line; **bold** is what to read first.

    Args:
        whole: the city or the department.
        parts: its departments or types, ranked.
        noun: what they are, in the plural.
    """
    troubled = [one for one in parts if one.status in ("act", "watch")]
    overdue = f"{whole.overdue:,} of {whole.open:,} open requests are overdue"
    if not troubled:
        overall = judge(whole)
        if overall.status in ("act", "watch"):  # parts that are each too small to judge can add up to trouble
            return f"{bold(overall.words)} in all, though no {noun.removesuffix('s')} stands out by itself: {overdue}."
        return f"**No {noun} need attention**: {overdue}."
    first = troubled[0]
    others = len(troubled) - 1
    more = f", and {others} more {noun if others > 1 else noun.removesuffix('s')} to look at" if others else ""
    return (
        f"**{first.standing.name.replace('*', '')}**: {first.words[0].lower()}{first.words[1:]}{more}. {overdue[0].upper()}{overdue[1:]}."
    )


def of_type(one: Judged | None) -> str:
    """The answer for a single type, in the same words."""
    if one is None:
        return "Nothing of this type is known."
    return f"{bold(one.words)}: {one.standing.overdue:,} of {one.standing.open:,} open requests are overdue."
