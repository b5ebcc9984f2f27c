"""Stress tests for the compute economy.

When GPU-hours get cheap or dear: who breaks first, when, through which channel, and who pays?

    book = deflator.load_book("ai-2026-02")
    scenario = deflator.load_scenario("essay")
    result = deflator.run(book, scenario)
    result.layers()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deflator.analysis import Result as Result
    from deflator.analysis import resume as resume
    from deflator.analysis import run as run
    from deflator.book import load_book as load_book
    from deflator.scenario import load_scenario as load_scenario

__version__ = "0.1.0"

_HOMES = {
    "load_book": "deflator.book",
    "load_scenario": "deflator.scenario",
    "run": "deflator.analysis",
    "resume": "deflator.analysis",
    "Result": "deflator.analysis",
}
__all__ = ["Result", "__version__", "load_book", "load_scenario", "resume", "run"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that nothing heavy is loaded early."""
    if name not in _HOMES:
        raise AttributeError(f"module 'deflator' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
