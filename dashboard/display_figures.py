"""What a display must know beside its figures: whether the database answers, and when it was last read. Pure.

From this, and from the head of the page that is up, the browser tells by itself that nothing comes any more (components/display.js).
"""

from dashboard.figure import Figure
from dashboard.snapshot import Snapshot


def display(snapshot: Snapshot) -> Figure:
    """The state of the figures; instants are seconds since 1970, None is never."""
    offset = snapshot.local.utcoffset()
    return {
        "trouble_since": None if snapshot.trouble_since is None else snapshot.trouble_since.timestamp(),
        "read_at": None if snapshot.live is None else snapshot.live.at.timestamp(),
        "utc_offset_seconds": offset.total_seconds() if offset else 0,
    }
