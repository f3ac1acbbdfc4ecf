"""The orderly end of a process that runs until it is stopped: SIGTERM and Ctrl-C are a wish, and the end comes within 10 seconds.

What is on its way is finished. Where something outside never answers, the process ends anyway: everything here survives a kill, so
nothing is lost by it. It decides nothing about what an end is; that is for whoever is told of the wish.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

END_WITHIN_SECONDS = 7.0  # then there is time left within the 10 that are promised
NUMBERS = (signal.SIGTERM, signal.SIGINT)


def on_signal(stop: Callable[[], object], *, within_seconds: float = END_WITHIN_SECONDS) -> None:
    """Call `stop` at SIGTERM or Ctrl-C, and end the process with status 0 if it has not ended by itself in time.

    Args:
        stop: called in the main thread, within a signal handler: it sets a flag, or raises.
        within_seconds: from the signal on.
    """

    def asked(*_: object) -> None:
        stop()

    for number in NUMBERS:
        signal.signal(number, asked)
    # A handler of Python's has to wait while the main thread is at a long sum; what is written here comes at once.
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_end_after_signal, args=(reading, asked, within_seconds), name="stopping", daemon=True).start()


def _end_after_signal(reading: int, asked: Callable[..., None], within_seconds: float) -> None:
    while True:
        number = os.read(reading, 1)[0]
        if number in NUMBERS and signal.getsignal(number) is asked:
            time.sleep(within_seconds)
            _end(within_seconds)


def ended_by_signal() -> threading.Event:
    """An event that SIGTERM or Ctrl-C sets; see `on_signal`."""
    stop = threading.Event()
    on_signal(stop.set)
    return stop


def end_within(seconds: float) -> None:
    """End the process with status 0 after so many seconds, if it is still there then."""
    timer = threading.Timer(seconds, _end, (seconds,))
    timer.daemon = True
    timer.start()


def _end(seconds: float) -> None:
    log.warning("still busy %.0f s after it was asked to end: ended now; what was not committed is done again the next time", seconds)
    for child in multiprocessing.active_children():
        child.kill()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)
