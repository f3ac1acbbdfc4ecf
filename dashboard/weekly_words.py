"""How the weekly review writes its figures: percent with one decimal, usual ranges, small numbers as words. Pure."""

from dashboard import wording

FEWEST_WEEKS = 8  # weeks before there is a usual range, as in metric.limits
_NUMBERS = ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def percent(share: float) -> str:
    """84.1 for 0.8413. Only a full share is 100.0, only none at all is 0.0."""
    tenths = round(1000 * share)
    if tenths == 1000 and share < 1:
        tenths = 999
    if tenths == 0 and share > 0:
        tenths = 1
    return f"{tenths / 10:.1f}"


def maybe_percent(share: float | None) -> str:
    """The same with its sign, or a dash."""
    return wording.NOTHING if share is None else f"{percent(share)}%"


def whole_percent(share: float) -> str:
    """A target: 85, or 87.5."""
    return f"{100 * share:.4g}"


def usual_percent(lower: float | None, upper: float | None) -> str:
    """Usual 78.0 to 90.1%; nothing while there is none."""
    return "" if lower is None or upper is None else f"usual {percent(lower)} to {percent(upper)}%"


def usual_count(lower: float | None, upper: float | None, *, signed: bool = False) -> str:
    """Usual 120 to 340, or usual −150 to +200 for a change."""
    if lower is None or upper is None:
        return ""
    write = wording.change if signed else wording.count
    return f"usual {write(lower)} to {write(upper)}"


def no_usual_yet(weeks: int | None) -> str:
    """How far it is to a usual range."""
    return f"{weeks or 0} of the {FEWEST_WEEKS} weeks it takes"


def ratio(value: float) -> str:
    """27 ×, 3.1 ×."""
    return f"{value:,.0f} ×" if value >= 10 else f"{value:.1f} ×"


def usual(value: float) -> str:
    """A usual count: 29, 3.4, 0.3."""
    return wording.count(value) if value >= 10 else f"{value:.1f}"


def number(value: int) -> str:
    """Five, at the head of a sentence; 14 in figures."""
    return _NUMBERS[value] if value < len(_NUMBERS) else wording.count(value)
