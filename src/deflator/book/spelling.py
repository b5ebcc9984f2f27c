"""How a fault shows what was typed and what was perhaps meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from deflator.messages import text

_LONGEST_SHOWN = 60
_MOST_LISTED = 8


def quoted(given: object) -> str:
    """Return what was typed in quotes, cut where it is long.

    Examples
    --------
    >>> quoted("-5")
    "'-5'"
    """
    shown = str(given)
    return repr(shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…")


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """Return a hint that names what was perhaps meant, or else what there is.

    Examples
    --------
    >>> did_you_mean("nebuis", ["coreweave", "nebius"])
    "did you mean 'nebius'?"
    >>> did_you_mean("aws", ["coreweave", "nebius"])
    'use coreweave or nebius'
    """
    names = list(known)
    close = get_close_matches(typed[:_LONGEST_SHOWN], names, n=1, cutoff=0.7)
    if close:
        return text("faults.meant", name=repr(close[0]))
    return text("faults.use", names=one_of(names)) if 0 < len(names) <= _MOST_LISTED else ""


def one_of(names: Iterable[str]) -> str:
    """Return the names as a choice in words.

    Examples
    --------
    >>> one_of(["a", "b", "c"])
    'a, b or c'
    """
    *first, last = names
    return text("faults.either", first=", ".join(first), last=last) if first else last
