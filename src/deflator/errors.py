"""What can be wrong with what a user gave, said so that the user knows what to type next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong, and where.

    Parameters
    ----------
    file
        The file or sheet in which it stands, as the user named it.
    row
        One-based line of a text file or row of a sheet; 0 when the fault is of the whole file.
    column
        Name of the column or dotted field; empty when the fault is of the whole row.
    message
        What is wrong, with both values.
    hint
        What is allowed, or what to type next.

    Examples
    --------
    >>> print(Fault("fleets.csv", 7, "units", "'-5' is negative", "use a number of at least 0"))
    fleets.csv:7:units: '-5' is negative; use a number of at least 0
    """

    file: str
    row: int
    column: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = ":".join(part for part in (self.file, str(self.row or ""), self.column) if part)
        what = f"{self.message}; {self.hint}" if self.hint else self.message
        return f"{where}: {what}" if where else what


class DeflatorError(Exception):
    """A request that cannot be met, with every reason at once; the command line exits with code 2.

    Parameters
    ----------
    faults
        All that is wrong, in the order of file, row and column.

    Examples
    --------
    >>> raise DeflatorError([Fault("a.csv", 1, "units", "missing")])
    Traceback (most recent call last):
    deflator.errors.DeflatorError: a.csv:1:units: missing
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class BookError(DeflatorError):
    """A book that cannot be loaded or written."""


class ScenarioError(DeflatorError):
    """A scenario that cannot be loaded, composed or applied to a book."""


class RunError(DeflatorError):
    """A run, or a question to a run, that cannot be started or answered."""
