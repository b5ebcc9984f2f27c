"""Chunks on a cluster: tasks that any worker can run again, with nothing shared but the network.

What all tasks need is made once, by a task of its own: the book and the scenario travel in it, and whichever worker
runs it draws the figures and packs the economy; the others fetch that. If the workers that hold it die, the scheduler
has it made again. A task returns its chunk as bytes; so no worker has to see the caller's disk.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from queue import Empty, SimpleQueue
from secrets import token_hex
from typing import Any

from deflator import __version__
from deflator.engine.compiled import source_hash
from deflator.ensemble.chunks import Failure, Job, simulate_chunk
from deflator.ensemble.workers import Outcome, StoppedError, reason_of
from deflator.errors import Fault, RunError

#: Times that an exception of a task is answered by another try, and the loss of its workers by another task.
_RETRIES, _TASKS = 2, 5
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://\S+")
_LOCAL = re.compile(r"local:([1-9]\d*)")
_PATIENCE_SECONDS = 15
_LOOK_SECONDS, _ALONE_SECONDS = 5.0, 600.0


class OtherVersionError(RuntimeError):
    """A worker whose engine differs from the caller's: its paths would not be the caller's."""


class Cluster:
    """Workers of a Dask cluster.

    Parameters
    ----------
    client
        A `distributed.Client`; whoever opened it closes it.
    make
        Makes what is to be simulated; called on a worker, and again if that is lost.
    processes
        Workers that the client's own cluster is to have; those that die for good are started again. 0 leaves that to
        whoever runs the cluster.
    """

    def __init__(self, client: Any, make: Callable[[], Job], processes: int = 0) -> None:
        self._client, self._make, self._processes = client, make, processes

    @property
    def threads(self) -> int:
        """Threads of all workers now."""
        return max(1, sum(self._client.nthreads().values()))

    def simulate(self, job: Job, firsts: Sequence[int]) -> Iterator[Outcome]:
        """Yield chunks as they come, in any order.

        Raises
        ------
        StoppedError
            When the scheduler or all workers are gone.
        """
        mark = token_hex(4)
        made = self._made(mark)
        waiting, tries = iter(firsts), dict.fromkeys(firsts, 0)
        under_way: dict[str, tuple[int, Any]] = {}
        ready: SimpleQueue[str] = SimpleQueue()

        def submit(first: int) -> None:
            tries[first] += 1
            key = f"deflator-chunk-{mark}-{first}-{tries[first]}"
            given = (made, first, job.chunk, source_hash())
            future = self._client.submit(_chunk, *given, key=key, pure=False, retries=_RETRIES)
            under_way[key] = (first, future)
            future.add_done_callback(lambda future: ready.put(future.key))

        try:
            for first in self._next(waiting, under_way):
                submit(first)
            while under_way:
                first, future = under_way.pop(self._one_of(ready))
                found = _found(future)
                if found is None and tries[first] < _TASKS:
                    if made.status in ("error", "cancelled", "lost"):
                        made = self._made(mark + token_hex(2))
                    submit(first)
                else:
                    yield first, found or Failure(f"its workers were lost {_TASKS} times")
                for further in self._next(waiting, under_way):
                    submit(further)
        finally:
            if self._client.status == "running":
                self._client.cancel([future for _, future in under_way.values()] + [made])

    def _one_of(self, ready: SimpleQueue[str]) -> str:
        """Wait for a task, and see meanwhile that somebody is there to run it."""
        alone_since = time.monotonic()
        while True:
            if self._client.status != "running":
                raise _stopped("the scheduler of the cluster is gone")
            with suppress(Empty):
                return ready.get(timeout=_LOOK_SECONDS)
            workers = len(self._client.nthreads())
            if workers:
                alone_since = time.monotonic()
            if workers < self._processes:
                self._client.cluster.scale(self._processes)  # whatever killed them may be over
            if time.monotonic() - alone_since > _ALONE_SECONDS:
                raise _stopped(f"the cluster has had no worker for {_ALONE_SECONDS / 60:g} minutes")

    def _made(self, mark: str) -> Any:
        return self._client.submit(_make, self._make, key=f"deflator-job-{mark}", pure=False, retries=_RETRIES)

    def _next(self, waiting: Iterator[int], under_way: dict) -> Iterator[int]:
        """Yield as many chunks as keep all threads busy, so that results do not pile up here."""
        for _ in range(2 * self.threads - len(under_way)):
            first = next(waiting, None)
            if first is None:
                return
            yield first


def _make(make: Callable[[], Job]) -> Job:
    return make()


def _chunk(job: Job, first: int, chunk: int, engine: str) -> bytes:
    """Simulate a chunk on a worker whose engine is the caller's."""
    if source_hash() != engine:
        raise OtherVersionError(f"a worker has another engine than deflator {__version__} of the caller")
    return simulate_chunk(job._replace(chunk=chunk), first)


def _stopped(message: str) -> StoppedError:
    return StoppedError([Fault("", 0, "--cluster", message, "type `deflator resume` when it is back, or without it")])


def _found(future: Any) -> bytes | Failure | None:
    """Return what came of a task: its chunk, why it failed, or None when only its workers did."""
    distributed = import_module("distributed")
    try:
        return future.result()
    except (distributed.KilledWorker, distributed.CancelledError):
        return None
    except Exception as error:  # whatever it is, the other chunks of a long run still count
        return Failure(reason_of(error))


@contextmanager
def connected(cluster: Any) -> Iterator[tuple[Any, int]]:
    """Give a client of a cluster, and how many processes of its own it has.

    Parameters
    ----------
    cluster
        `tcp://HOST:PORT` of a scheduler, `local:N` for N processes on this machine, or a `distributed.Client`, which
        stays open.

    Raises
    ------
    RunError
        When the extra is not installed, the text is neither, or nobody answers.
    """
    try:
        distributed = import_module("distributed")
    except ImportError:
        hint = "type `pip install 'deflator[cluster]'`"
        raise RunError([Fault("", 0, "--cluster", "distributed is not installed", hint)]) from None
    if isinstance(cluster, distributed.Client):
        yield cluster, 0
        return
    local = _LOCAL.fullmatch(str(cluster))
    if not local and not _ADDRESS.fullmatch(str(cluster)):
        hint = "use the address of a scheduler, such as tcp://10.0.0.1:8786, or local:4 for four processes here"
        raise RunError([Fault("", 0, "--cluster", f"{str(cluster)!r} is not a cluster", hint)])
    if local:
        with _local(distributed, int(local[1])) as client:
            yield client, int(local[1])
        return
    try:
        client = distributed.Client(str(cluster), timeout=_PATIENCE_SECONDS, set_as_default=False)
    except (OSError, TimeoutError) as error:
        message = f"no scheduler answers at {cluster}: {error}"
        raise RunError([Fault("", 0, "--cluster", message, "start one with `dask scheduler`")]) from None
    with client:
        if not client.nthreads():
            hint = f"start some with `dask worker {cluster}`"
            raise RunError([Fault("", 0, "--cluster", f"the scheduler at {cluster} has no workers", hint)])
        yield client, 0


@contextmanager
def _local(distributed: Any, processes: int) -> Iterator[Any]:
    """Give a client of some processes of this machine, one thread each; memory is theirs to use."""
    with (
        distributed.LocalCluster(
            n_workers=processes, threads_per_worker=1, processes=True, memory_limit=None, dashboard_address=None,
            silence_logs=logging.CRITICAL, preload=["deflator.ensemble.cluster_process"],
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        yield client
