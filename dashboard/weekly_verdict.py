"""What a week's figures say: per department whether a change is real or noise, and for the whole city one sentence. Pure.

The signals come from the database (`metric.signal`); here they become a status and words. Fewer than 30 cases give no verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard import wording
from dashboard.verdict import FEWEST_CASES, Status
from dashboard.weekly_rows import RequestWeek, Review, TypeTested
from dashboard.weekly_words import FEWEST_WEEKS, number, percent, usual, usual_percent, whole_percent

WORSE_LOW = {
    "below": "Real fall: below its limits",
    "run_below": "Real fall: 8th week under its mean",
    "near_below": "Real fall: 3 of 4 weeks near its low limit",
}
BETTER_HIGH = {
    "above": "Real rise: above its limits",
    "run_above": "Real rise: 8th week above its mean",
    "near_above": "Real rise: 3 of 4 weeks near its high limit",
}
UNKNOWN_SIGNALS = (None, "too_few", "no_data")
SEVERITY: dict[Status, int] = {"act": 0, "watch": 1, "ok": 2, "none": 3}
NAMED_AT_MOST = 2


@dataclass(frozen=True, slots=True)
class Judged:
    """A department's newest week, its status, and why."""

    row: RequestWeek
    weeks: tuple[RequestWeek, ...]
    status: Status
    words: str

    @property
    def is_known(self) -> bool:
        """Whether its usual range is known and it had enough cases."""
        return self.row.due >= FEWEST_CASES and self.row.on_time_signal not in UNKNOWN_SIGNALS

    @property
    def is_usual(self) -> bool:
        """Whether it is within its usual range."""
        return self.is_known and self.row.on_time_signal == "none"

    @property
    def grew(self) -> bool:
        """Whether its backlog grew more than it usually changes."""
        return (self.row.open_change or 0) > 0 and (self.row.open or 0) >= FEWEST_CASES and self.row.open_change_signal in BETTER_HIGH

    @property
    def fell(self) -> bool:
        """Whether it kept its promises less than before, and that is no noise."""
        return self.is_known and self.row.on_time_signal in WORSE_LOW


@dataclass(frozen=True, slots=True)
class WeekVerdict:
    """The week in a few words, and the sentences that say why."""

    headline: str
    why: str


def judge(weeks: tuple[RequestWeek, ...]) -> Judged:
    """A department's newest week beside its weeks before (oldest first)."""
    row = weeks[-1]
    status, words = _on_time(weeks)
    further = []
    if Judged(row, weeks, status, words).grew:
        further.append("backlog grew more than usual")
    if row.reopen_signal in BETTER_HIGH and row.reopen_eligible >= FEWEST_CASES:
        further.append("more reopened than usual")
    if further and SEVERITY[status] > SEVERITY["watch"]:
        status = "watch"
    said = "; ".join([words, *further])
    return Judged(row, weeks, status, said[0].upper() + said[1:])


def _on_time(weeks: Sequence[RequestWeek]) -> tuple[Status, str]:
    row = weeks[-1]
    share, target, signal = row.due_cohort_on_time, row.on_time_target, row.on_time_signal
    promised = "" if target is not None else "no target, "
    if share is None:
        return "none", "No target, nothing due" if target is None else "Nothing due"
    if row.due < FEWEST_CASES:
        return "none", f"{promised}too few to judge: {row.due} due"
    if signal in WORSE_LOW:
        return ("act" if signal == "below" else "watch"), WORSE_LOW[signal]
    if target is not None and share < target:
        under = weeks_under_target(weeks)
        running = f", {wording.plural(under, 'week')} {'or more' if under == len(weeks) else 'running'}" if under > 1 else ""
        return "watch", f"Under target {whole_percent(target)}%{running}"
    quiet: Status = "ok" if target is not None else "none"
    if signal in BETTER_HIGH:
        return quiet, promised + BETTER_HIGH[signal][0].lower() + BETTER_HIGH[signal][1:]
    if signal in UNKNOWN_SIGNALS:
        return quiet, f"{promised}no usual yet ({row.usual_weeks or 0} of {FEWEST_WEEKS} weeks)"
    return quiet, f"{promised}within usual"


def weeks_under_target(weeks: Sequence[RequestWeek]) -> int:
    """How many weeks up to the newest were under their target, without a break."""
    count = 0
    for row in reversed(weeks):
        if row.due_cohort_on_time is None or row.on_time_target is None or row.due_cohort_on_time >= row.on_time_target:
            break
        count += 1
    return count


def ranked(review: Review) -> list[Judged]:
    """The departments that have anything to show: worst first, of the same status the one with most due, then most open."""
    judged = [judge(weeks) for weeks in review.departments]
    shown = [one for one in judged if one.row.due or one.row.opened or one.row.closed or one.row.open]
    return sorted(shown, key=lambda one: (SEVERITY[one.status], -one.row.due, -(one.row.open or 0), one.row.name))


def verdict(review: Review, departments: Sequence[Judged]) -> WeekVerdict:
    """What fell, what grew, and how many departments are within their usual range."""
    fell = [one for one in departments if one.fell]
    grew = [one for one in departments if one.grew]
    under = [one for one in departments if one.words.startswith("Under target")]
    leading = next(iter(fell or grew or under), None)
    sentences = [] if leading is None else [_detail(leading)]
    if review.rising:
        sentences.append(_risen(review.rising))
    sentences.append(_how_many(departments))
    return WeekVerdict(_headline(review, departments, fell, grew, under), " ".join(sentences))


def _headline(
    review: Review, departments: Sequence[Judged], fell: Sequence[Judged], grew: Sequence[Judged], under: Sequence[Judged]
) -> str:
    if not departments:
        return "Nothing is known of this week"
    if fell:
        if all(one.row.on_time_signal == "below" for one in fell):
            return f"{_names(fell)} fell below {'its own' if len(fell) == 1 else 'their own'} limits"
        return f"{_names(fell)} kept fewer promises, a real change"
    if grew:
        return f"{'Backlog' if len(grew) == 1 else 'Backlogs'} grew more than usual: {_names(grew)}"
    if under:
        return f"{_names(under)} {'is' if len(under) == 1 else 'are'} under target; no other real change"
    risen = f"{review.rising[0].service_name} rose" if review.rising else ""
    if not any(one.is_known for one in departments):
        return risen or "No usual range yet to judge by"
    if risen:
        return f"{risen}; no department changed"
    return "No real change"


def _names(judged: Sequence[Judged]) -> str:
    names = [one.row.name for one in judged[:NAMED_AT_MOST]]
    rest = len(judged) - len(names)
    return wording.listed([*names, *([wording.plural(rest, "other")] if rest else [])])


def _detail(one: Judged) -> str:
    row = one.row
    if row.due_cohort_on_time is None or row.due < FEWEST_CASES:
        start = f"{row.name} has {wording.count(row.open or 0)} open"
    else:
        band = usual_percent(row.on_time_lower, row.on_time_upper).removeprefix("usual ")
        start = f"{row.name} closed {percent(row.due_cohort_on_time)}% of its {wording.count(row.due)} due requests in time"
        start += f", against {band} usually" if band else ""
    if not row.open_change:
        return f"{start}."
    moved = "grew" if row.open_change > 0 else "shrank"
    return f"{start}, and its backlog {moved} by {wording.count(abs(row.open_change))}."


def _risen(rising: Sequence[TypeTested]) -> str:
    first = rising[0]
    others = len(rising) - 1
    more = f", and {wording.plural(others, 'other type')} rose" if others else ""
    return f"{first.service_name} rose to {wording.count(first.requests)} against {usually(first)} usually{more}."


def usually(tested: TypeTested) -> str:
    """What a type usually brings in a week; none, where there was none in all earlier weeks."""
    return usual(tested.usual) if tested.baseline_requests else "none"


def _how_many(departments: Sequence[Judged]) -> str:
    known = [one for one in departments if one.is_known]
    if not known:
        weeks = max((one.row.usual_weeks or 0 for one in departments), default=0)
        if weeks < FEWEST_WEEKS:
            return f"No department has a usual range yet: {weeks} of the {FEWEST_WEEKS} weeks that it takes are known."
        return "No department had enough requests due to be judged."
    usual_ones = sum(one.is_usual for one in known)
    of = number(len(known)).lower()
    if len(known) == 1:
        return f"The one department that can be judged is {'within' if usual_ones else 'outside'} its usual range."
    if usual_ones == len(known):
        return f"All {of} departments that can be judged are within their usual range."
    verb = "is" if usual_ones == 1 else "are"
    return f"{number(usual_ones)} of {of} departments that can be judged {verb} within {'its' if usual_ones == 1 else 'their'} usual range."
