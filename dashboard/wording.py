"""Numbers as words: how every screen writes counts, waits, ages, shares and times. Pure; the browser's ages use the same forms."""

from collections.abc import Sequence
from datetime import datetime

MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


def count(value: float) -> str:
    """1,042; a negative one with a true minus."""
    whole = round(value)
    return f"{MINUS if whole < 0 else ''}{abs(whole):,}"


def change(value: float) -> str:
    """+612, −25, 0: signed, for a difference only."""
    whole = round(value)
    return f"+{whole:,}" if whole > 0 else count(whole)


def percent(share: float) -> str:
    """71 for 0.712: the sign stands beside it, smaller. Only a full share is 100, only none at all is 0."""
    whole = round(100 * share)
    if whole == 100 and share < 1:
        whole = 99
    return str(1 if whole == 0 and share > 0 else whole)


def wait(seconds: float) -> str:
    """0:14, 4:37, from an hour on 1 h 05 min."""
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def age(seconds: float) -> str:
    """6 s, 2:05, 1 h 06 min, 3 d."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    return wait(whole) if whole < 172_800 else f"{whole // 86_400} d"


def weeks(value: float) -> str:
    """3.1; from a hundred on without tenths: 1,134."""
    return f"{value:.1f}" if value < 99.95 else count(value)


def seconds(value: float) -> str:
    """A limit in words: 20 s, 2:00."""
    return f"{value:g} s" if value < 60 else wait(value)


def clock(at: datetime) -> str:
    """14:32 of a local time."""
    return f"{at:%H:%M}"


def day(at: datetime) -> str:
    """Tue, Nov 24 of a local time."""
    return f"{at:%a}, {at:%b} {at.day}"


def both(lower: float, upper: float) -> str:
    """11 to 15; 11 when both are the same."""
    first, last = count(lower), count(upper)
    return first if first == last else f"{first} to {last}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """1 agent, 2 agents."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """A, B and C."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def bold(text: str) -> str:
    """Marked as the part to read first; stars of the text itself are taken out, for they would end the mark."""
    return f"**{text.replace('*', '')}**"


def plainly(text: str) -> str:
    """A text for where stars would make words bold, or would be seen: without them."""
    return text.replace("*", "")
