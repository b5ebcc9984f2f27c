"""What can be wrong with the figures of a network, each named by its place in the argument."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from deflator.errors import DeflatorError, Fault

LISTED = 50  # faults of one argument that are spelled out; the rest are counted


class ClearingError(DeflatorError):
    """A network that cannot be cleared, with every figure that is wrong.

    Examples
    --------
    >>> from deflator.clearing import clear
    >>> clear([[0, -2], [1, 0]], [1, float("nan")])
    Traceback (most recent call last):
    deflator.clearing.faults.ClearingError: external_assets[1]: nan is not finite; use a number of at least 0
    liabilities[0,1]: -2.0 is negative; use a number of at least 0
    """


def refuse(faults: Iterable[Fault]) -> None:
    """Raise `ClearingError` with all the faults, if there are any."""
    found = tuple(faults)
    if found:
        raise ClearingError(found)


def range_faults(
    name: str,
    values: NDArray[np.float64],
    *,
    low: float = 0.0,
    high: float = np.inf,
    places: Sequence[NDArray[np.integer]] | None = None,
) -> list[Fault]:
    """Return a fault for every value that is not finite or not within [low, high].

    Parameters
    ----------
    name
        Name of the argument.
    values
        The figures.
    low, high
        What is allowed.
    places
        Index arrays, one per axis of the argument, where `values` lists only some of its figures.
    """
    with np.errstate(invalid="ignore"):
        wrong = ~(np.isfinite(values) & (values >= low) & (values <= high))
    if not wrong.any():
        return []
    allowed = f"of at least {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
    found = []
    for place in np.argwhere(wrong)[:LISTED]:
        value = float(values[tuple(place)])
        index = place if places is None else [axis[place[0]] for axis in places]
        where = f"{name}[{','.join(str(int(part)) for part in index)}]" if len(index) else name
        found.append(Fault("", 0, where, f"{value!r} {_what_is_wrong(value, low)}", f"use a number {allowed}"))
    return found + _uncounted(name, int(wrong.sum()))


def self_dealing_faults(name: str, diagonal: NDArray[np.float64]) -> list[Fault]:
    """Return a fault for every node with an entry to itself."""
    own = np.flatnonzero(diagonal)
    found = [
        Fault("", 0, f"{name}[{node},{node}]", f"{float(diagonal[node])!r} is of a node to itself", "use 0")
        for node in own[:LISTED].tolist()
    ]
    return found + _uncounted(name, own.size)


def choice_faults(name: str, value: object, allowed: Sequence[str]) -> list[Fault]:
    """Return a fault when a word is none of those allowed."""
    if value in allowed:
        return []
    return [Fault("", 0, name, f"{value!r} is none of the choices", f"use one of {', '.join(allowed)}")]


def shape_fault(name: str, shape: tuple[int, ...], allowed: str) -> Fault:
    """Return the fault of an array whose shape does not fit."""
    return Fault("", 0, name, f"shape {list(shape)} does not fit", f"use {allowed}")


def _what_is_wrong(value: float, low: float) -> str:
    if not np.isfinite(value):
        return "is not finite"
    if value < 0.0 <= low:
        return "is negative"
    return "is below the least allowed" if value < low else "is above the most allowed"


def _uncounted(name: str, total: int) -> list[Fault]:
    if total <= LISTED:
        return []
    return [Fault("", 0, name, f"{total - LISTED} more figures are wrong in the same way")]
