"""One fingerprint of everything that a run found, the same for any cut of its paths into chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


class Checksum:
    """SHA-256 over named arrays that arrive path by path.

    Each array is hashed on its own in the order of paths, so where one chunk ends and the next begins
    leaves no trace; the fingerprint is the hash of these hashes, with the names.

    Parameters
    ----------
    header
        What else the fingerprint should change with, such as the names of the entities.

    Examples
    --------
    >>> whole, halves = Checksum(["a firm"]), Checksum(["a firm"])
    >>> whole.add({"rent": np.array([[1.0, 2.0], [3.0, 4.0]])})
    >>> halves.add({"rent": np.array([[1.0], [3.0]])})
    >>> halves.add({"rent": np.array([[2.0], [4.0]])})
    >>> whole.hexdigest() == halves.hexdigest()
    True
    """

    def __init__(self, header: Sequence[str]) -> None:
        self._header = "\n".join(header)
        self._digests: dict[str, hashlib._Hash] = {}

    def add(self, arrays: Mapping[str, NDArray]) -> None:
        """Take the next paths; paths are the last axis of every array."""
        for name, array in arrays.items():
            by_path = np.ascontiguousarray(np.moveaxis(array, -1, 0))
            self._digests.setdefault(name, hashlib.sha256()).update(by_path.data)

    def hexdigest(self) -> str:
        """Return the fingerprint of all paths so far."""
        lines = [f"{name} {digest.hexdigest()}" for name, digest in sorted(self._digests.items())]
        return hashlib.sha256("\n".join([self._header, *lines]).encode()).hexdigest()
