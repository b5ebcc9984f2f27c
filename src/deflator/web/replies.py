"""JSON as every browser reads it: pure ASCII, and null for what is no number."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse


class Reply(JSONResponse):
    """A JSON answer; halves of characters and numbers that are not finite cannot break it."""

    def render(self, content: Any) -> bytes:
        """Return the bytes of the answer."""
        return json_bytes(content)


def json_bytes(content: Any) -> bytes:
    """Return a value as JSON.

    Examples
    --------
    >>> json_bytes({"rents": (2.2, float("nan"))})
    b'{"rents": [2.2, null]}'
    """
    try:
        told = json.dumps(content, allow_nan=False)
    except (ValueError, TypeError):  # a number that is not finite, or one of NumPy
        told = json.dumps(_plain(content), allow_nan=False)
    return told.encode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # a NumPy number or array
        return _plain(value.tolist())
    return value
