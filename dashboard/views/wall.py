"""A display that its address sets up: the pages of a wall in turn, in one place, with no page load between them. Layout only.

`/?wall=live,map,emergency&every=30&scale=1.25&theme=dark&queue=…`: see docs/screens.md.
"""

import streamlit as st

from dashboard import data, emergency_wall, live_wall, map_wall, wording
from dashboard.emergency_wall import Drawn
from dashboard.loader import current
from dashboard.parts import HEARTBEAT_SECONDS, Shown, display, palette
from dashboard.wall_setup import NAMES, chosen_queues, setup_of
from dashboard.wall_turn import Turn, acting_pages, running_incident, turn

PAGE = "wall"


@st.fragment(run_every=HEARTBEAT_SECONDS)
def body() -> None:
    """The page that is due, and what the display says of itself."""
    setup = setup_of(st.query_params.to_dict())
    live = current().snapshot.live
    known = {row.queue: row.name for row in live.queues} if live else {}
    queues, problem = chosen_queues(setup.queues, known)
    shown = Shown(PAGE, queues)
    edition = shown.edition
    due = turn(setup, data.now(), running_incident(edition), acting_pages(edition))
    alone = f"Live: {wording.listed([known[queue] for queue in queues])} only" if queues else ""
    said = [words for words in (due.why, alone, *setup.problems, problem) if words]
    # Each page has a place of its own, one behind the other; which one is seen is told last, when the whole of it is there.
    for page in NAMES:
        with st.container(key=f"wall_{page}", gap="small"):
            if page == due.page:
                draw(due, shown, setup.height)
    display(shown, {"scale": setup.scale, "said": said, "place": due.place, "ends_at": due.ends_at, "page": due.page})


def draw(due: Turn, shown: Shown, height: int) -> None:
    """One page of the wall: the whole of it, or what of it fits into that height (px)."""
    edition, enlarged = shown.edition, height < live_wall.WHOLE
    known = edition.snapshot.emergency
    if due.page == "map":
        map_wall.draw(Drawn(page=shown), known, height)
    elif due.page == "live" and enlarged:
        live_wall.draw_enlarged(shown, height)
    elif due.page == "live":
        live_wall.draw(shown)
    elif enlarged:
        emergency_wall.wall_enlarged(Drawn(page=shown), known, height)
    else:
        emergency_wall.wall(Drawn(page=shown), known, edition.storm_charts.get(palette()))


with st.container(key="wall", gap=None):
    body()
