"""Where fits run: in the machine's processes, or over a Dask cluster where one is named. It knows nothing of what is fitted."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from sql import logs

Task = TypeVar("Task")
Answer = TypeVar("Answer")

CONNECT_WITHIN = "10s"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class ClusterUnavailable(Exception):
    """The Dask cluster cannot be used: the message says why, and what to do."""


def spread(function: Callable[[Task], Answer], tasks: Sequence[Task], *, scheduler: str | None) -> Iterator[Answer]:
    """Call a function with each task, many at once.

    Args:
        function: One that a process can find by its name.
        tasks: What it is called with.
        scheduler: Address of a Dask scheduler, such as `tcp://127.0.0.1:8786`; None: a process for each CPU that this one may use.

    Returns:
        The answers in the order of the tasks, each as soon as it and those before it are there.

    Raises:
        ClusterUnavailable: the scheduler does not answer, or Dask is not installed.
    """
    count = min(len(os.sched_getaffinity(0)), len(tasks))
    if scheduler:
        yield from _over_cluster(function, tasks, scheduler)
    elif count <= 1:
        yield from map(function, tasks)
    else:
        with processes(count) as pool:
            yield from pool.map(function, tasks)


def processes(count: int | None = None) -> ProcessPoolExecutor:
    """A pool of so many processes with one thread each; None: one for each CPU."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_one_thread)


def _over_cluster(function: Callable[[Task], Answer], tasks: Sequence[Task], scheduler: str) -> Iterator[Answer]:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ClusterUnavailable("DASK_SCHEDULER is set, and Dask is not installed: `pip install distributed`, or unset it") from None
    try:
        client = Client(scheduler, timeout=CONNECT_WITHIN, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ClusterUnavailable(f"DASK_SCHEDULER={scheduler} does not answer ({error}): start it, or unset DASK_SCHEDULER") from None
    with client:
        for future in client.map(function, tasks, pure=False):
            yield future.result()


def _one_thread() -> None:
    """Each process is one of as many as there are CPUs: more threads in it would only wait for each other. Its end is its parent's wish."""
    os.environ |= ONE_THREAD
    for number in (signal.SIGINT, signal.SIGTERM):  # they may reach all processes of a service at once
        signal.signal(number, signal.SIG_IGN)
    logs.configure("forecasting worker")
