"""Chunks on a cluster: tasks that any worker can run again, with nothing shared but the network.

What all tasks need is made once, by a task of its own: the book and the scenario travel in it, and whichever worker
runs it draws the figures and packs the economy; the others fetch that. If the workers that hold it die, the scheduler
has it made again. A task returns its chunk as bytes; so no worker has to see the caller's disk.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from secrets import token_hex
from typing import Any

from deflator import __version__
from deflator.engine.compiled import source_hash
from deflator.ensemble.chunks import Failure, Job, simulate_chunk
from deflator.ensemble.workers import Outcome, reason_of
from deflator.errors import Fault, RunError

#: Times that an exception of a task is answered by another try, and the loss of its workers by another task.
_RETRIES, _TASKS = 2, 5
_ADDRESS = re.compile(r"(tcp|tls|ws|wss|ucx)://\S+")
_LOCAL = re.compile(r"local:([1-9]\d*)")
_PATIENCE_SECONDS = 15


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
    """

    def __init__(self, client: Any, make: Callable[[], Job]) -> None:
        self._client, self._make = client, make

    @property
    def threads(self) -> int:
        """Threads of all workers now."""
        return max(1, sum(self._client.nthreads().values()))

    def simulate(self, job: Job, firsts: Sequence[int]) -> Iterator[Outcome]:
        """Yield chunks as they come, in any order."""
        distributed = import_module("distributed")
        mark = token_hex(4)
        made = self._made(mark)
        waiting, under_way, tries = iter(firsts), {}, dict.fromkeys(firsts, 0)
        ready = distributed.as_completed([], loop=self._client.loop, raise_errors=False)

        def submit(first: int) -> None:
            tries[first] += 1
            key = f"deflator-chunk-{mark}-{first}-{tries[first]}"
            future = self._client.submit(
                _chunk, made, first, job.chunk, source_hash(), key=key, pure=False, retries=_RETRIES
            )
            under_way[future.key] = (first, future)
            ready.add(future)

        try:
            for first in self._next(waiting, under_way):
                submit(first)
            while under_way:
                future = next(ready)
                first, _ = under_way.pop(future.key)
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
            self._client.cancel([future for _, future in under_way.values()] + [made])

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
def connected(cluster: Any) -> Iterator[Any]:
    """Give a client of a cluster.

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
        yield cluster
        return
    local = _LOCAL.fullmatch(str(cluster))
    if not local and not _ADDRESS.fullmatch(str(cluster)):
        hint = "use the address of a scheduler, such as tcp://10.0.0.1:8786, or local:4 for four processes here"
        raise RunError([Fault("", 0, "--cluster", f"{str(cluster)!r} is not a cluster", hint)])
    if local:
        with _local(distributed, int(local[1])) as client:
            yield client
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
        yield client


@contextmanager
def _local(distributed: Any, processes: int) -> Iterator[Any]:
    """Give a client of some processes of this machine, one thread each; memory is theirs to use."""
    with (
        distributed.LocalCluster(
            n_workers=processes, threads_per_worker=1, processes=True, memory_limit=None, dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):  # fmt: skip
        yield client
