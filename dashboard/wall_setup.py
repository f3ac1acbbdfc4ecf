"""What the address of a display asks for: which pages in turn, how long each, how large, of which queues. Pure; it draws nothing.

Whatever an address holds, a wall comes of it: what cannot be used is left out, and said in a sentence on the screen.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dashboard import wording

Page = Literal["live", "map", "emergency"]
NAMES: dict[Page, str] = {"live": "Live", "map": "Map", "emergency": "Emergency"}
DEFAULT_EVERY_SECONDS, SHORTEST_SECONDS, LONGEST_SECONDS = 30, 5, 3600
SMALLEST, LARGEST = 0.5, 1.25  # beyond that a verdict and the queues do not fit beside each other
WALL_HEIGHT, MARGINS = 1080, 24  # px
THEMES = ("dark", "light")
KNOWN = ("wall", "every", "scale", "theme", "queue", "pin")
OF_OTHERS = ("embed", "embed_options")  # Streamlit's own
MOST_QUEUES = 50
MOST_LETTERS = 24  # of a value that is repeated in a sentence


@dataclass(frozen=True, slots=True)
class Setup:
    """One display.

    Attributes:
        pages: in the order in which they come, at least one.
        every_seconds: how long each stays.
        scale: 1 is as large as the window holds the whole wall; less leaves a margin, more leaves parts of the wall out.
        queues: the queues that Live shows, as they were asked for; none: all.
        pins: whether an incident, or a page that says Act, stops the turning.
        problems: what could not be used, a sentence each.
    """

    pages: tuple[Page, ...]
    every_seconds: int
    scale: float
    queues: tuple[str, ...]
    pins: bool
    problems: tuple[str, ...]

    @property
    def height(self) -> int:
        """The px that the panels of a page may take; an enlarged wall has fewer, and leaves whole parts out."""
        return int(WALL_HEIGHT / max(1.0, self.scale)) - MARGINS


def setup_of(params: Mapping[str, str]) -> Setup:
    """The display that an address describes.

    Args:
        params: of the address, as they were written.
    """
    problems: list[str] = []
    pages = _pages(params.get("wall", ""), problems)
    every = _number(params.get("every"), "every", DEFAULT_EVERY_SECONDS, (SHORTEST_SECONDS, LONGEST_SECONDS), "seconds", problems)
    scale = _number(params.get("scale"), "scale", 1.0, (SMALLEST, LARGEST), "times", problems)
    theme, pin = params.get("theme", ""), params.get("pin", "")
    if theme and theme not in THEMES:
        problems.append(f"theme={_short(theme)} is not known: write dark or light.")
    if pin and pin not in ("yes", "no"):
        problems.append(f"pin={_short(pin)} is not known: write yes or no.")
    for name in params:
        if name not in (*KNOWN, *OF_OTHERS):
            problems.append(f"{_short(name)}= is not known: a wall takes {wording.listed([f'{one}=' for one in KNOWN])}.")
    queues = tuple(dict.fromkeys(filter(None, (word.strip() for word in params.get("queue", "").split(",")))))[:MOST_QUEUES]
    return Setup(pages, round(every), scale, queues, pin != "no", tuple(problems))


def chosen_queues(asked: tuple[str, ...], known: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """The queues to show, in their fixed order, and what is wrong with those that were asked for.

    Args:
        asked: as the address names them.
        known: each queue with its name for people, in their order; while none is known, nothing is wrong.

    Returns:
        No queue means all of them; no sentence means that nothing is wrong.
    """
    chosen = tuple(queue for queue in known if queue in asked)
    strange = [_short(queue) for queue in asked if queue not in known]
    if not strange or not known:
        return chosen, ""
    shown = "Shown are the others." if chosen else "Shown are all queues."
    return chosen, f"There is no queue {wording.listed(strange[:2])}: there are {wording.listed(list(known)[:6])}. {shown}"


def _pages(words: str, problems: list[str]) -> tuple[Page, ...]:
    found: list[Page] = []
    for word in filter(None, (one.strip().lower() for one in words.split(","))):
        if word not in NAMES:
            problems.append(f"wall={_short(word)} is no page of a wall: write {wording.listed(list(NAMES))}, parted by commas.")
        elif word not in found:
            found.append(word)
    if not found and not problems:
        problems.append(f"wall= names no page: write {wording.listed(list(NAMES))}, parted by commas.")
    return tuple(found) or ("live",)


def _number(words: str | None, name: str, otherwise: float, between: tuple[float, float], unit: str, problems: list[str]) -> float:
    if not words:
        return otherwise
    try:
        number = float(words)
    except ValueError:
        number = math.nan
    if not between[0] <= number <= between[1]:
        problems.append(f"{name}={_short(words)} cannot be used: write {between[0]:g} to {between[1]:g} {unit}. It is {otherwise:g} now.")
        return otherwise
    return number


def _short(words: str) -> str:
    """A value as it is repeated on the screen: on one line, and not longer than there is room."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return line if len(line) <= MOST_LETTERS else f"{line[:MOST_LETTERS]} and so on"
