"""How the credit library refuses: all wrong arguments at once, each with its value and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from deflator.errors import DeflatorError, Fault

Choice = TypeVar("Choice", bound=StrEnum)


class CreditError(DeflatorError):
    """A credit figure that cannot be computed from what was given."""


class Arguments:
    """The arguments of one call, read one by one; `check` raises for all that are wrong.

    Each reader returns the value in the type that the computation needs. What a reader returns for a wrong
    value is not meant to be used: call `check` before computing.

    Parameters
    ----------
    call
        Name of the function that was called; it stands where a fault of a file names the file.

    Examples
    --------
    >>> given = Arguments("annuity")
    >>> rate = given.number("rate", -2.0, above=-1.0)
    >>> months = given.whole("months", 2.5, minimum=1)
    >>> given.check()
    Traceback (most recent call last):
    deflator.credit.faults.CreditError: annuity:months: 2.5 was given; use a whole number of at least 1
    annuity:rate: -2.0 was given; use a number above -1
    """

    def __init__(self, call: str) -> None:
        self._call = call
        self._faults: list[Fault] = []

    def refuse(self, argument: str, message: str, hint: str, row: int = 0) -> None:
        """Note one thing that is wrong; `row` is the one-based place in a series, 0 for the whole."""
        self._faults.append(Fault(self._call, row, argument, message, hint))

    def refused(self, argument: str) -> bool:
        """Say whether an argument is wrong, so that others are not measured against it."""
        return any(fault.column == argument for fault in self._faults)

    def check(self) -> None:
        """Raise for all that is wrong, if anything is."""
        if self._faults:
            raise CreditError(self._faults)

    def numbers(
        self,
        argument: str,
        values: Any,
        *,
        above: float = -math.inf,
        minimum: float = -math.inf,
        maximum: float = math.inf,
    ) -> NDArray[np.float64]:
        """Read finite numbers of any shape within bounds."""
        hint = _allowed("a number", above, minimum, maximum)
        try:
            found = np.array(values, dtype=np.float64)
        except (TypeError, ValueError):
            self.refuse(argument, f"{values!r} was given", hint)
            return np.array(math.nan)
        allowed = np.isfinite(found) & (found > above) & (found >= minimum) & (found <= maximum)
        for place in np.flatnonzero(~allowed):
            self.refuse(argument, f"{found.flat[place]} was given", hint, int(place) + 1 if found.ndim else 0)
        return found

    def number(
        self,
        argument: str,
        value: Any,
        *,
        above: float = -math.inf,
        minimum: float = -math.inf,
        maximum: float = math.inf,
    ) -> float:
        """Read one finite number within bounds."""
        if np.ndim(value):
            self.refuse(argument, f"{value!r} was given", _allowed("one number", above, minimum, maximum))
            return math.nan
        return float(self.numbers(argument, value, above=above, minimum=minimum, maximum=maximum))

    def series(
        self,
        argument: str,
        values: Any,
        length: int | None = None,
        *,
        above: float = -math.inf,
        minimum: float = -math.inf,
    ) -> NDArray[np.float64]:
        """Read a list of finite numbers, of a given length or of at least one."""
        found = self.numbers(argument, values, above=above, minimum=minimum)
        if found.ndim != 1 or not found.size or length not in (None, found.size):
            count = f"{found.size} values" if found.ndim == 1 else "no list"
            self.refuse(argument, f"{count} given", f"use a list of {length or 'at least one'}")
            return np.full(length or 1, math.nan)
        return found

    def whole(self, argument: str, value: Any, *, minimum: int, maximum: float = math.inf) -> int:
        """Read one whole number within bounds."""
        is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not is_whole or not minimum <= value <= maximum:
            hint = _allowed("a whole number", -math.inf, minimum, maximum)
            self.refuse(argument, f"{value!r} was given", hint)
            return minimum
        return int(value)

    def choice(self, argument: str, value: Any, kinds: type[Choice]) -> Choice:
        """Read one word of a list."""
        try:
            return kinds(value)
        except ValueError:
            self.refuse(argument, f"{value!r} was given", "use one of " + ", ".join(kinds))
            return next(iter(kinds))

    def dates(self, argument: str, values: Any, *, at_least: int) -> list[date]:
        """Read calendar dates; a date is a `datetime.date` or its ISO form."""
        found: list[date] = []
        if isinstance(values, str) or not isinstance(values, Sequence):
            self.refuse(argument, f"{values!r} was given", "use a list of dates")
            return found
        for place, value in enumerate(values, start=1):
            try:
                found.append(date.fromisoformat(value) if isinstance(value, str) else _only_date(value))
            except ValueError:
                hint = "use a datetime.date, or a text such as 2026-02-28"
                self.refuse(argument, f"{value!r} was given", hint, place)
        if len(values) < at_least:
            self.refuse(argument, f"{len(values)} given", f"use at least {at_least} dates")
        return found


def _only_date(value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError(value)
    return date(value.year, value.month, value.day)


def _allowed(noun: str, above: float, minimum: float, maximum: float) -> str:
    if above > -math.inf:
        low = f" above {above:g}"
    elif minimum > -math.inf:
        low = f" of at least {minimum:g}" if maximum == math.inf else f" from {minimum:g}"
    else:
        low = ""
    high = "" if maximum == math.inf else (f" to {maximum:g}" if low else f" of at most {maximum:g}")
    return f"use {noun}{low}{high}" if low or high else f"use {noun} that is finite"
