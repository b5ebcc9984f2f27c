"""Every bound of the service in one place: what one client may ask for, so that it harms no other."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one service allows.

    Parameters
    ----------
    body_bytes, upload_bytes
        Largest body of a request; of an upload of a book.
    body_seconds
        Longest wait for the next piece of a body.
    unpacked_bytes, unpacked_ratio, entries
        Largest sum of the files of an archive, that over the size of the archive, and number of files.
    message_bytes
        Largest message over a WebSocket.
    messages_per_second, messages_at_once
        Messages of one connection.
    faulty_messages
        Messages without sense after which a connection is closed.
    requests_per_second, requests_at_once
        Requests of one address.
    connections
        Live connections at a time.
    send_seconds
        Longest wait for a client to take a frame.
    idle_seconds
        Longest silence of a live connection that asks nothing.
    refining
        Sessions that are refined at a time; the others have their preview and wait.
    live_paths, most_paths
        Most paths of a live run and of an answer.
    uploads, upload_seconds
        Uploaded books that are held, and for how long after they were last used.
    jobs, answers, answer_bytes
        Jobs that wait; answers that are kept, and how large all of them may be.
    """

    body_bytes: int = 1 * MEGABYTE
    upload_bytes: int = 10 * MEGABYTE
    body_seconds: float = 20.0
    unpacked_bytes: int = 60 * MEGABYTE
    unpacked_ratio: float = 100.0
    entries: int = 200
    message_bytes: int = 256_000
    messages_per_second: float = 200.0
    messages_at_once: float = 400.0
    faulty_messages: int = 20
    requests_per_second: float = 100.0
    requests_at_once: float = 400.0
    connections: int = 100
    send_seconds: float = 10.0
    idle_seconds: float = 3_600.0
    refining: int = 4
    live_paths: int = 20_000
    most_paths: int = 100_000
    uploads: int = 8
    upload_seconds: float = 6 * 3_600.0
    jobs: int = 32
    answers: int = 64
    answer_bytes: int = 128 * MEGABYTE


@dataclass
class Bucket:
    """A bucket that fills at a steady rate and from which each request takes one.

    Parameters
    ----------
    per_second, at_once
        How fast it fills and how much it holds.
    clock
        Seconds.

    Examples
    --------
    >>> bucket = Bucket(1.0, 2.0, clock=lambda: 0.0)
    >>> [bucket.take() for _ in range(3)]
    [True, True, False]
    """

    per_second: float
    at_once: float
    clock: Callable[[], float] = time.monotonic
    _held: float = field(init=False)
    _seen: float = field(init=False)

    def __post_init__(self) -> None:
        self._held, self._seen = self.at_once, self.clock()

    def take(self) -> bool:
        """Take one, if there is one."""
        now = self.clock()
        self._held = min(self.at_once, self._held + (now - self._seen) * self.per_second)
        self._seen = now
        if self._held < 1.0:
            return False
        self._held -= 1.0
        return True


class Rates:
    """A bucket for each address, of which the last thousand are remembered."""

    def __init__(self, per_second: float, at_once: float, most: int = 1_000) -> None:
        self._per_second, self._at_once, self._most = per_second, at_once, most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str) -> bool:
        """Tell whether an address may ask now."""
        bucket = self._buckets.pop(address, None) or Bucket(self._per_second, self._at_once)
        self._buckets[address] = bucket
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket.take()
