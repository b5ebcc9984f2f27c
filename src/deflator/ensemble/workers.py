"""Where chunks are simulated: threads of this process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from deflator.ensemble.chunks import Failure, Job, simulate_chunk
from deflator.errors import RunError

Outcome = tuple[int, bytes | Failure]


class StoppedError(RunError):
    """A run that could not go on, and can be resumed when the reason is gone."""


class Workers(Protocol):
    """Whoever simulates chunks."""

    @property
    def threads(self) -> int:
        """Chunks at a time."""

    def simulate(self, job: Job, firsts: Sequence[int]) -> Iterator[Outcome]:
        """Yield chunks as they come, in any order; closing the generator stops the work."""


class Threads:
    """Threads of this process.

    Parameters
    ----------
    threads
        How many; all processors when None. They change no result.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or os.cpu_count() or 1

    def simulate(self, job: Job, firsts: Sequence[int]) -> Iterator[Outcome]:
        """Yield chunks in order, with few under way so that memory stays small."""

        def work(first: int) -> bytes | Failure:
            try:
                return simulate_chunk(job, first)
            except Exception as error:  # whatever it is, the other chunks of a long run still count
                return Failure(reason_of(error))

        under_way: deque[tuple[int, Future[bytes | Failure]]] = deque()
        with ThreadPoolExecutor(self.threads) as pool:
            try:
                for first in firsts:
                    under_way.append((first, pool.submit(work, first)))
                    if len(under_way) > 2 * self.threads:
                        done, future = under_way.popleft()
                        yield done, future.result()
                while under_way:
                    done, future = under_way.popleft()
                    yield done, future.result()
            finally:
                pool.shutdown(cancel_futures=True)


def reason_of(error: BaseException) -> str:
    """Return an error in one line, with its kind.

    Examples
    --------
    >>> reason_of(ValueError("too large"))
    'ValueError: too large'
    >>> reason_of(MemoryError())
    'MemoryError'
    """
    told = " ".join(str(error).split())
    return f"{type(error).__name__}: {told}" if told else type(error).__name__
