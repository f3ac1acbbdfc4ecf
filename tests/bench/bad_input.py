"""Gives millions of bad inputs to everything that reads, on every core, and keeps what is neither read nor refused as documented.

An input that takes longer than `LONGEST_SECONDS`, or memory beyond `MOST_MEMORY_BYTES`, is a finding as much as a traceback. The same
seed gives the same inputs. It ends by itself.
"""

import multiprocessing
import os
import random
import resource
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import click

from tests.bench.bad_input_feeds import KEPT_UNREAD, TARGETS as FEEDS, Target
from tests.bench.bad_input_files import TARGETS as FILES
from tests.bench.mutations import Mutations

DEFAULT_INPUTS = 1_000_000  # of each target with a whole share
BATCH_INPUTS = 5_000  # a reader is begun anew for each batch
LONGEST_SECONDS = 5.0
MOST_MEMORY_BYTES = 2 * 1024**3  # beyond what the process has when it begins
FINDINGS_KEPT = 20
SHOWN_BYTES = 200
TARGETS: tuple[Target, ...] = (*FEEDS, *FILES)


class TooSlow(BaseException):
    """An input took longer than `LONGEST_SECONDS`: no `except Exception` of a reader takes it for its own."""


@dataclass
class Findings:
    """What became of the inputs of one target.

    Attributes:
        inputs: how many were given.
        refused: how many were refused as documented, or kept as unreadable with a reason.
        slowest_seconds: the longest that one took.
        seconds: of work, of all processes together.
        crashes: what was raised and where → how often, and the first input that did it.
    """

    inputs: int = 0
    refused: int = 0
    slowest_seconds: float = 0.0
    seconds: float = 0.0
    crashes: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, other: "Findings") -> None:
        """Take in those of another batch."""
        self.inputs += other.inputs
        self.refused += other.refused
        self.slowest_seconds = max(self.slowest_seconds, other.slowest_seconds)
        self.seconds += other.seconds
        for what, (count, value) in other.crashes.items():
            known = self.crashes.get(what, (0, value))
            self.crashes[what] = (known[0] + count, known[1])


def measure(*, inputs: int, seed: int, only: Sequence[str] = ()) -> Iterator[tuple[str, Findings]]:
    """Each target with its findings, as each is done.

    Args:
        inputs: of each target with a whole share.
        seed: what the inputs are drawn from.
        only: beginnings of the names of targets; none: all.
    """
    chosen = [target for target in TARGETS if not only or target.name.lower().startswith(tuple(one.lower() for one in only))]
    with multiprocessing.get_context("fork").Pool(os.cpu_count(), _limit, maxtasksperchild=50) as pool:
        for target in chosen:
            total = max(1, int(inputs * target.share))
            batches = [(target.name, seed, first, min(BATCH_INPUTS, total - first)) for first in range(0, total, BATCH_INPUTS)]
            found = Findings()
            with click.progressbar(length=total, label=f"  {target.name:32}", hidden=not click.get_text_stream("stderr").isatty()) as bar:
                for part in pool.imap_unordered(give, batches):
                    found.add(part)
                    bar.update(part.inputs)
            yield target.name, found


def _limit() -> None:
    """Bound this process's memory."""
    with open("/proc/self/statm", encoding="ascii") as told:  # noqa: PTH123
        now = int(told.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MOST_MEMORY_BYTES,) * 2)


def _too_slow(signum: int, frame: object) -> None:
    raise TooSlow(f"longer than {LONGEST_SECONDS:g} s")


def give(what: tuple[str, int, int, int]) -> Findings:
    """One batch: the target's name, the seed, the number of the first input and how many. The clock of this process interrupts it."""
    name, seed, first, count = what
    signal.signal(signal.SIGALRM, _too_slow)
    target = next(one for one in TARGETS if one.name == name)
    mutations = Mutations(target.samples, random.Random(f"{seed} {name} {first}"))
    read, found, began = target.begin(), Findings(), time.perf_counter()
    for _ in range(count):
        value = mutations.next()
        given = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, LONGEST_SECONDS)
        try:
            found.refused += read(value) is KEPT_UNREAD
        except target.refusals:
            found.refused += 1
        except (Exception, TooSlow) as error:
            where = _where(error)
            known = found.crashes.get(where, (0, value[:100_000]))
            if where in found.crashes or len(found.crashes) < FINDINGS_KEPT:
                found.crashes[where] = (known[0] + 1, known[1])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        found.slowest_seconds = max(found.slowest_seconds, time.perf_counter() - given)
    found.inputs, found.seconds = count, time.perf_counter() - began
    return found


def _where(error: BaseException) -> str:
    """What was raised, and the last place in our own code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame for frame in frames if not any(part in frame.filename for part in ("site-packages", "/lib/python", "/bench/bad_input.py"))
    ]
    last = (ours or frames)[-1]
    return f"{type(error).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno} ({last.name}): {str(error)[:120]!r}"


def report(inputs: int, seed: int, only: Sequence[str] = ()) -> int:
    """Measure, print a line a target and what was found; returns the number of different findings."""
    different = 0
    click.echo(f"  seed {seed}; each input within {LONGEST_SECONDS:g} s and {MOST_MEMORY_BYTES // 1024**2:,} MB")
    for name, found in measure(inputs=inputs, seed=seed, only=only):
        crashed = sum(count for count, _ in found.crashes.values())
        click.echo(
            f"  {name:32} {found.inputs:>10,} inputs, {found.refused / found.inputs:4.0%} refused, {found.inputs / found.seconds:>8,.0f}/s a core, "
            f"slowest {found.slowest_seconds * 1000:5.0f} ms, {crashed} crashes"
        )
        for what, (count, value) in found.crashes.items():
            click.echo(f"      {count} × {what}\n        {value[:SHOWN_BYTES]!r}")
        different += len(found.crashes)
    return different
