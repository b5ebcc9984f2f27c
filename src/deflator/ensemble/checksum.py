"""One fingerprint of everything that a run found, the same for any cut of its paths into chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

DIGEST_BYTES = 16


def path_digests(arrays: Mapping[str, NDArray]) -> bytes:
    """Return `DIGEST_BYTES` bytes for each path: a hash of all that happened on it.

    A worker sends these instead of what they stand for, and they can be put together in any place and at any time.

    Parameters
    ----------
    arrays
        By name; paths are the last axis of every array.

    Examples
    --------
    >>> len(path_digests({"rent": np.array([[1.0, 2.0], [3.0, 4.0]])}))
    32
    """
    by_path = [np.ascontiguousarray(np.moveaxis(array, -1, 0)) for _, array in sorted(arrays.items())]
    rows = np.concatenate([array.reshape(len(array), -1).view(np.uint8) for array in by_path], axis=1)
    return b"".join(hashlib.blake2b(row.data, digest_size=DIGEST_BYTES).digest() for row in rows)


class Checksum:
    """SHA-256 over the digests of paths in their order, so where one chunk ends and the next begins leaves no trace.

    Parameters
    ----------
    header
        What else the fingerprint should change with, such as the names of the entities.

    Examples
    --------
    >>> whole, halves = Checksum(["a firm"]), Checksum(["a firm"])
    >>> whole.add(path_digests({"rent": np.array([[1.0, 2.0], [3.0, 4.0]])}))
    >>> halves.add(path_digests({"rent": np.array([[1.0], [3.0]])}))
    >>> halves.add(path_digests({"rent": np.array([[2.0], [4.0]])}))
    >>> whole.hexdigest() == halves.hexdigest()
    True
    """

    def __init__(self, header: Sequence[str]) -> None:
        self._digest = hashlib.sha256("\n".join([*header, ""]).encode())

    def add(self, digests: bytes) -> None:
        """Take the next paths."""
        self._digest.update(digests)

    def hexdigest(self) -> str:
        """Return the fingerprint of all paths so far."""
        return self._digest.hexdigest()
