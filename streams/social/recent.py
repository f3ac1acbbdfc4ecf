"""Remembers the newest few thousand of something, so that what comes twice is told once. It forgets the oldest first."""

from collections import OrderedDict

import msgspec

MOST = 5_000


class Recent:
    """A set that holds so many at most."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, one: str) -> bool:
        return one in self._held

    def is_new(self, one: str) -> bool:
        """Whether it was not held; now it is."""
        if one in self._held:
            return False
        self._held[one] = None
        if len(self._held) > self._most:
            self._held.popitem(last=False)
        return True

    def state(self) -> bytes:
        """What is held, oldest first."""
        return msgspec.json.encode(list(self._held))

    def restore(self, state: bytes) -> None:
        """Hold what an earlier `state` says.

        Raises:
            ValueError: it is none.
        """
        try:
            held = msgspec.json.decode(state, type=list[str])
        except RecursionError:
            raise ValueError("it is nested too deep") from None
        self._held = OrderedDict.fromkeys(held[-self._most :])
