"""Hours in which nobody is written to: of the city's clock, over midnight if wanted, right also on days when the clock is changed. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class QuietHours:
    """From `starts` on, until before `ends`."""

    starts: time
    ends: time

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours end in which `now` lies, in UTC; None: it lies in none."""
        local = now.astimezone(zone)
        clock = local.time()
        over_midnight = self.starts > self.ends
        quiet = (clock >= self.starts or clock < self.ends) if over_midnight else self.starts <= clock < self.ends
        if not quiet:
            return None
        tomorrow = over_midnight and clock >= self.starts
        end = datetime.combine(local.date() + timedelta(days=int(tomorrow)), self.ends, zone)
        # an hour that comes twice: its first time may be over already
        return next(at for fold in (0, 1) if (at := end.replace(fold=fold).astimezone(UTC)) > now or fold == 1)


def quiet_hours(words: str) -> QuietHours | None:
    """`22:00-06:00`; None: the words are no such thing."""
    found = _FORM.fullmatch(words)
    if found is None:
        return None
    first, second, third, fourth = map(int, found.groups())
    starts, ends = time(first, second), time(third, fourth)
    return None if starts == ends else QuietHours(starts, ends)
