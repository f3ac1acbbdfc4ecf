"""The charts of an edition, drawn when somebody looks at them: once for all pages, and never in a palette that nobody uses."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping

from dashboard.charts import DayChart
from dashboard.tokens import MODES, Mode

log = logging.getLogger(__name__)


class ChartsOnDemand(Mapping[Mode, DayChart | None]):
    """One chart in each palette; None: it cannot be drawn."""

    def __init__(self, draw: Callable[[Mode], DayChart | None]) -> None:
        self._draw = draw
        self._drawn: dict[Mode, DayChart | None] = {}
        self._lock = threading.Lock()

    def __getitem__(self, mode: Mode) -> DayChart | None:
        """The chart in a palette; the first who asks waits until it is drawn."""
        if mode not in MODES:
            raise KeyError(mode)
        with self._lock:
            if mode not in self._drawn:
                self._drawn[mode] = self._made(mode)
            return self._drawn[mode]

    def _made(self, mode: Mode) -> DayChart | None:
        try:
            return self._draw(mode)
        except Exception:  # the rest of the screen must stand
            log.exception("a chart could not be drawn")
            return None

    def __iter__(self) -> Iterator[Mode]:
        """The palettes."""
        return iter(MODES)

    def __len__(self) -> int:
        """How many there are."""
        return len(MODES)
