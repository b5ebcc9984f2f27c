import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster
from made_paths import ENTITIES, made_paths

import deflator
from deflator.engine import Paths
from deflator.ensemble.chunks import Job
from deflator.ensemble.cluster import Cluster, connected
from deflator.ensemble.gathering import Outcome, Told, run_chunks
from deflator.ensemble.workers import Threads, Workers
from deflator.errors import RunError

TINY = Path(__file__).parents[1] / "books" / "tiny"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


class Slowly:
    """Made paths, of which some chunks take longer, so that a worker can be hit while it simulates."""

    def __call__(self, first: int, count: int) -> Paths:
        time.sleep(0.05)
        return made_paths()(first, count)


class WithFault:
    """Made paths, on one of which the simulation raises."""

    def __call__(self, first: int, count: int) -> Paths:
        if first <= 70 < first + count:
            raise ZeroDivisionError("no revenue at all")
        return made_paths()(first, count)


def job_of(simulate: Callable[[int, int], Paths], paths: int) -> Job:
    return Job(simulate, ENTITIES, paths, draws=10, chunk=32)


def outcome(folder: Path, job: Job, workers: Workers, told: Told | None = None) -> Outcome:
    folder.mkdir()
    return run_chunks(job, folder, folder / "chunks", workers, told)


def cluster_of(client: Client, job: Job) -> Cluster:
    return Cluster(client, partial(job_of, job.simulate, job.paths), processes=2)


def kill_a_worker(client: Client, chance: random.Random) -> None:
    """Kill the process of a worker with a signal that it cannot see coming."""
    nannies: list[Any] = [nanny for nanny in client.cluster.workers.values() if nanny.pid]
    if nannies:
        os.kill(chance.choice(nannies).pid, signal.SIGKILL)


def test_a_cluster_gives_the_same_bits_as_threads_and_a_given_client_stays_open(client: Client, tmp_path: Path) -> None:
    book, scenario = deflator.load_book(TINY), deflator.load_scenario("base", ["rent.level=0.6"])
    here = deflator.run(book, scenario, paths=1_500, ignorance=5, out=tmp_path / "here", threads=2)
    there = deflator.run(book, scenario, paths=1_500, ignorance=5, out=tmp_path / "there", cluster=client)

    assert there.raw.manifest.checksum == here.raw.manifest.checksum
    for table in ("paths", "breaks", "losses", "series_quantiles", "summary_entities", "summary_losses"):
        assert there.raw.table(table).equals(here.raw.table(table))
    assert client.status == "running"


def test_a_killed_worker_loses_nothing(client: Client, tmp_path: Path) -> None:
    job = job_of(Slowly(), 1_600)
    kills: list[int] = []

    def kill_once(done: int, total: int) -> None:
        if done > 300 and not kills:
            kills.append(done)
            kill_a_worker(client, random.Random(1))

    found = outcome(tmp_path / "there", job, cluster_of(client, job), Told(kill_once))

    assert kills
    assert found == outcome(tmp_path / "here", job, Threads(2))
    assert found.paths_failed == 0


@pytest.mark.slow
def test_ten_killed_workers_lose_nothing(client: Client, tmp_path: Path) -> None:
    job = job_of(Slowly(), 60_000)
    chance, kills = random.Random(2), []

    def kill_now_and_then(done: int, total: int) -> None:
        if len(kills) < 10 and done > 1_200 * (len(kills) + 1) and client.nthreads():
            kills.append(done)
            kill_a_worker(client, chance)

    found = outcome(tmp_path / "there", job, cluster_of(client, job), Told(kill_now_and_then))

    assert len(kills) == 10
    assert found == outcome(tmp_path / "here", job, Threads(2))


def test_a_chunk_that_raises_on_a_cluster_is_a_failure_as_it_is_here(client: Client, tmp_path: Path) -> None:
    job = job_of(WithFault(), 200)
    there = outcome(tmp_path / "there", job, cluster_of(client, job))

    assert there == outcome(tmp_path / "here", job, Threads(1))
    assert there.paths_failed == 32
    failures = [(tmp_path / place / "failures.parquet").read_bytes() for place in ("there", "here")]
    assert failures[0] == failures[1]


def test_a_worker_with_another_engine_fails_its_chunks_instead_of_giving_other_bits(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deflator.ensemble.cluster.source_hash", lambda: "another")
    job = job_of(made_paths(), 64)

    with pytest.raises(RunError, match="a worker has another engine than deflator"):
        outcome(tmp_path / "there", job, cluster_of(client, job))


def test_stopping_early_cancels_what_is_under_way(client: Client) -> None:
    job = job_of(Slowly(), 3_200)
    results = cluster_of(client, job).simulate(job, job.firsts)
    next(results)
    results.close()  # type: ignore[attr-defined]

    deadline = time.monotonic() + 20
    while any(client.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(client.processing().values())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(RunError, match=r"pip install 'deflator\[cluster\]'"), connected("local:2"):
        pass


@pytest.mark.parametrize("given", ["", "local:0", "local", "10.0.0.1:8786", "local:two"])
def test_what_is_no_cluster_is_refused_with_what_is(given: str) -> None:
    with pytest.raises(RunError, match="use the address of a scheduler"), connected(given):
        pass
