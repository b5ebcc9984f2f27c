"""Payment clearing and contagion on networks of obligations: a library of its own, compiled throughout.

Import a public name from here: `from deflator.clearing import clear`. Its file is loaded when it is first
used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Clearing": "payments",
    "ClearingError": "faults",
    "ClearingStatus": "status",
    "clear": "payments",
    "clear_lanes": "lanes",
    "lane_workspace": "lanes",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
