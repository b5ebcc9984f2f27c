"""Answers as what JSON knows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any


def plain(value: Any, digits: int | None = None) -> Any:
    """Return the value as what JSON knows: dictionaries, lists, text, numbers, true, false and null.

    Parameters
    ----------
    value
        Data classes, arrays, frames' rows, mappings and sequences of them.
    digits
        Significant digits that are kept of numbers that are not whole; all when None.

    Examples
    --------
    >>> plain({1: (0.123456, math.nan, dt.date(2026, 2, 1))}, digits=3)
    {'1': [0.123, None, '2026-02-01']}
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if digits is None else float(f"{value:.{digits}g}")
    if isinstance(value, Mapping):
        return {str(key): plain(item, digits) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), digits) for field in dataclasses.fields(value)}
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if hasattr(value, "tolist"):  # a NumPy number or array
        return plain(value.tolist(), digits)
    return [plain(item, digits) for item in value]
