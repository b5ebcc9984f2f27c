"""The bytes of one answer on the WebSocket: a JSON header, then the figures as they lie in memory.

::

    uint32, little-endian   length of the header
    UTF-8                   the header, JSON
    zeros                   up to a multiple of four
    float32, little-endian  the arrays that the header names, one after another
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.web.replies import json_bytes


def frame(header: Mapping[str, Any], arrays: Mapping[str, NDArray[np.float64]]) -> bytes:
    """Return an answer as bytes.

    Parameters
    ----------
    header
        What stands in front; `arrays` is added to it.
    arrays
        Figures by name.

    Examples
    --------
    >>> whole = frame({"id": 1}, {"rents": np.array([[2.0, 1.5]])})
    >>> header, arrays = read_frame(whole)
    >>> header["arrays"], arrays["rents"].tolist()
    ([{'name': 'rents', 'shape': [1, 2]}], [[2.0, 1.5]])
    """
    named = [{"name": name, "shape": list(values.shape)} for name, values in arrays.items()]
    head = json_bytes({**header, "arrays": named})
    padding = bytes(-(4 + len(head)) % 4)
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite there
        parts = [np.ascontiguousarray(values, dtype="<f4").tobytes() for values in arrays.values()]
    return b"".join([struct.pack("<I", len(head)), head, padding, *parts])


def read_frame(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[np.float32]]]:
    """Return header and arrays of an answer."""
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    at = -(-(4 + length) // 4) * 4
    arrays = {}
    for one in header["arrays"]:
        size = int(np.prod(one["shape"], dtype=np.int64))
        arrays[one["name"]] = np.frombuffer(data, "<f4", size, at).reshape(one["shape"])
        at += 4 * size
    return header, arrays
