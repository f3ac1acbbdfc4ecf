"""Where fits run: in this process, in others, or over a Dask cluster."""

import os
import sys

import pytest

from forecasting import workers
from forecasting.workers import ClusterUnavailable, spread

TASKS = [-3, 1, -2]


def process_of(_: int) -> int:
    return os.getpid()


def threads_of(_: int) -> str | None:
    return os.environ.get("OMP_NUM_THREADS")


def test_over_processes_in_order():
    assert list(spread(abs, TASKS, scheduler=None)) == [3, 1, 2]


def test_each_process_keeps_to_one_thread(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    assert list(spread(threads_of, TASKS, scheduler=None)) == ["1"] * 3


def test_with_one_cpu_in_this_process(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert set(spread(process_of, TASKS, scheduler=None)) == {os.getpid()}


def test_nothing_to_do():
    assert list(spread(abs, [], scheduler=None)) == []


def test_over_a_dask_cluster():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp", host="127.0.0.1", dashboard_address=None
    ) as cluster:
        assert list(spread(abs, TASKS, scheduler=cluster.scheduler_address)) == [3, 1, 2]


def test_a_cluster_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_WITHIN", "300ms")
    with pytest.raises(ClusterUnavailable, match=r"DASK_SCHEDULER=tcp://127\.0\.0\.1:1 does not answer .*unset"):
        list(spread(abs, TASKS, scheduler="tcp://127.0.0.1:1"))


def test_an_address_that_is_none(monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_WITHIN", "300ms")
    with pytest.raises(ClusterUnavailable, match="DASK_SCHEDULER=nonsense"):
        list(spread(abs, TASKS, scheduler="nonsense"))


def test_dask_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterUnavailable, match="pip install distributed"):
        list(spread(abs, TASKS, scheduler="tcp://127.0.0.1:8786"))
