"""A display that its address sets up: the pages of a wall in turn, in one place, with no page load between them. Layout only.

`/?wall=live,map,emergency&every=30&scale=1.25&theme=dark&queue=…`: see docs/screens.md.
"""

from dataclasses import dataclass

import streamlit as st

from dashboard import data, emergency_wall, live_wall, map_wall, wording
from dashboard.emergency_wall import Drawn
from dashboard.heartbeat import Due, heartbeat
from dashboard.loader import current
from dashboard.parts import Shown, figures, palette
from dashboard.wall_setup import NAMES, Page, Setup, chosen_queues, setup_of
from dashboard.wall_turn import Turn, acting_pages, running_incident, turn

PAGE = "wall"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to stand on the display: its pages, the one whose turn it is, of which queues, and what the display says of itself."""

    setup: Setup
    shown: Shown
    turn: Turn
    said: tuple[str, ...]

    @property
    def pages(self) -> tuple[Page, ...]:
        """All of them are there from the beginning, one behind the other: a map that goes away at each turn never gives back its memory."""
        return tuple(page for page in NAMES if page in (*self.setup.pages, self.turn.page))

    def due(self) -> Due:
        """Its layout, and how its figures come."""
        live = live_wall.layout(self.shown) if "live" in self.pages else None
        storm = emergency_wall.layout(self.shown.edition) if "emergency" in self.pages else None
        city = emergency_wall.pictures(self.shown.edition) if "map" in self.pages else None
        return Due((self.pages, self.shown.queues, live, storm, city), self._bring)

    def _bring(self) -> None:
        """Which page is seen is told with the figures: by then the whole of it is there."""
        now = self.turn
        setup = {"scale": self.setup.scale, "said": self.said, "place": now.place, "ends_at": now.ends_at, "page": now.page}
        figures("display", "display", shown=self.shown, pages=self.pages, more={"setup": setup}, on={"on_turn_change": lambda: None})


def wanted() -> Wanted:
    """What the address, the clock and the newest edition ask for."""
    setup = setup_of(st.query_params.to_dict())
    live = current().snapshot.live
    known = {row.queue: row.name for row in live.queues} if live else {}
    queues, problem = chosen_queues(setup.queues, known)
    shown = Shown(PAGE, queues)
    edition = shown.edition
    now = turn(setup, data.now(), running_incident(edition), acting_pages(edition))
    alone = f"Live: {wording.listed([known[queue] for queue in queues])} only" if queues else ""
    return Wanted(setup, shown, now, tuple(words for words in (now.why, alone, *setup.problems, problem) if words))


def draw(page: Page, shown: Shown, height: int) -> None:
    """One page of the wall: the whole of it, or what of it fits into that height (px)."""
    edition, enlarged = shown.edition, height < live_wall.WHOLE
    known = edition.snapshot.emergency
    if page == "map":
        map_wall.draw(Drawn(page=shown), known, height)
    elif page == "live" and enlarged:
        live_wall.draw_enlarged(shown, height)
    elif page == "live":
        live_wall.draw(shown)
    elif enlarged:
        emergency_wall.wall_enlarged(Drawn(page=shown), known, height)
    else:
        emergency_wall.wall(Drawn(page=shown), known, edition.storm_charts.get(palette()))


with st.container(key="wall", gap=None):
    first = wanted()
    for name in first.pages:
        with st.container(key=f"wall_{name}", gap="small"):
            draw(name, first.shown, first.setup.height)
    heartbeat(first.due().layout, lambda: wanted().due())
