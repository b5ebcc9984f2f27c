"""What other packages add: scenarios, mechanisms, sources of figures, reports. A package names them as entry points.

========================= ==========================================================================================
group of entry points     what the entry point leads to
========================= ==========================================================================================
`deflator.scenarios`      a package with scenario files (`.yaml`), which are then known by their names
`deflator.mechanisms`     a `Mechanism`, which a scenario switches on: `mechanisms: {name: on}`
`deflator.sources`        a `Feed`, which `deflator data from NAME` asks
`deflator.reports`        a `Report`, which `deflator export RUN --with NAME` writes
========================= ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from deflator.errors import DeflatorError, Fault

GROUPS = ("scenarios", "mechanisms", "sources", "reports")
_OFFERED: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}


class PluginError(DeflatorError):
    """A plug-in that cannot be loaded, or is not what its group asks for."""


@dataclass(frozen=True)
class Mechanism:
    """Something that happens in the economy before each month, on every path.

    Parameters
    ----------
    description
        One line for a reader: what it does.
    step
        Compiled function (`numba.njit`) of the month and the block of paths: `step(t, block)`. It changes arrays of
        the block in place, lane by lane, and must not create money: what it takes from one account it gives to
        another. A run whose accounts do not add up fails, as with any other mechanism.
    """

    description: str
    step: Callable[[int, Any], None]


@dataclass(frozen=True)
class Feed:
    """A service that proposes figures for a book.

    Parameters
    ----------
    description
        One line for a reader: where the figures come from.
    propose
        Takes a `deflator.book.Book` and whether to stay offline, and returns a `deflator.data.Proposal`.
    """

    description: str
    propose: Callable[[Any, bool], Any]


@dataclass(frozen=True)
class Report:
    """Another form of the answer of a run.

    Parameters
    ----------
    description
        One line for a reader: what is written.
    write
        Takes a `deflator.Result` and the path of a file that does not exist yet, and writes it.
    """

    description: str
    write: Callable[[Any, Path], None]


_KINDS: dict[str, type] = {"mechanisms": Mechanism, "sources": Feed, "reports": Report}


def offer(group: str, name: str, thing: Any) -> None:
    """Add something for this process only, as a notebook does that tries out a mechanism.

    Parameters
    ----------
    group
        One of `GROUPS`, other than `scenarios`, whose files are named by their paths.
    name
        Under which it is asked for; it comes before a plug-in of the same name.
    thing
        A `Mechanism`, a `Feed` or a `Report`.

    Raises
    ------
    PluginError
        When it is not what the group asks for.
    """
    _OFFERED[group][name] = _checked(group, name, thing, "what was offered")


def names(group: str) -> tuple[str, ...]:
    """Return the names of what plug-ins and this process add to a group, sorted.

    Examples
    --------
    >>> names("mechanisms")
    ()
    """
    return tuple(sorted({*_OFFERED[group], *(found.name for found in _entries(group))}))


def load(group: str, name: str) -> Any:
    """Return what a name of a group stands for.

    Raises
    ------
    PluginError
        When nothing has the name, its package cannot be loaded, or it is not what the group asks for.
    """
    if name in _OFFERED[group]:
        return _OFFERED[group][name]
    found = next((entry for entry in _entries(group) if entry.name == name), None)
    if found is None:
        there = ", ".join(names(group)) or "none"
        hint = f"install the package that brings it; installed: {there}"
        raise PluginError([Fault("", 0, group, f"no plug-in brings {name!r}", hint)])
    try:
        thing = found.load()
    except Exception as error:  # a package of somebody else may fail in any way
        hint = "mend or remove the package"
        message = f"{_package(found)} cannot be loaded for {name!r}: {type(error).__name__}: {error}"
        raise PluginError([Fault("", 0, group, message, hint)]) from None
    return _checked(group, name, thing, _package(found))


def _checked(group: str, name: str, thing: Any, origin: str) -> Any:
    kind = _KINDS.get(group)
    if kind and not isinstance(thing, kind):
        message = f"{origin} gives {name!r} as {type(thing).__name__}, and {group} are of {kind.__name__}"
        raise PluginError([Fault("", 0, group, message, f"make it a deflator.plugins.{kind.__name__}")])
    return thing


def _entries(group: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=f"deflator.{group}"))


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value
