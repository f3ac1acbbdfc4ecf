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
from dashboard.wall_setup import NAMES, Setup, chosen_queues, setup_of
from dashboard.wall_turn import Turn, acting_pages, running_incident, turn

PAGE = "wall"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to stand on the display: the page whose turn it is, of which queues, and what the display says of itself."""

    setup: Setup
    shown: Shown
    turn: Turn
    said: tuple[str, ...]

    def due(self) -> Due:
        """Its layout, and how its figures come."""
        of_page = live_wall.layout(self.shown) if self.turn.page == "live" else emergency_wall.layout(self.shown.edition)
        return Due((self.turn.page, self.shown.queues, of_page), self._bring)

    def _bring(self) -> None:
        """Which page is seen is told with the figures: by then the whole of it is there."""
        now = self.turn
        setup = {"scale": self.setup.scale, "said": self.said, "place": now.place, "ends_at": now.ends_at, "page": now.page}
        figures("display", "display", shown=self.shown, page=now.page, more={"setup": setup}, on={"on_turn_change": lambda: None})


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


def draw(wall: Wanted) -> None:
    """One page of the wall: the whole of it, or what of it fits if the wall is enlarged."""
    shown, height, page = wall.shown, wall.setup.height, wall.turn.page
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
    # Each page has a place of its own, one behind the other.
    for name in NAMES:
        with st.container(key=f"wall_{name}", gap="small"):
            if name == first.turn.page:
                draw(first)
    heartbeat(first.due().layout, lambda: wanted().due())
