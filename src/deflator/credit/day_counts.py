"""How loan contracts count the days, and the share of a year, over which interest runs."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from deflator.credit.faults import Arguments


class DayCount(StrEnum):
    """A day-count convention, by the name that a loan contract gives it."""

    ACT_360 = "Act/360"
    ACT_365F = "Act/365F"
    THIRTY_360 = "30/360"
    THIRTY_E_360 = "30E/360"
    ACT_ACT_ISDA = "Act/Act ISDA"


def days_between(convention: DayCount | str, start: date | str, end: date | str) -> int:
    """Count the days on which interest runs, from one date up to but without another.

    Parameters
    ----------
    convention
        A `DayCount` or its name: `Act/360`, `Act/365F`, `30/360` (bond basis), `30E/360`, `Act/Act ISDA`.
    start, end
        First day of interest and the day it is paid, as dates or ISO texts; `end` is not before `start`.

    Returns
    -------
    int
        Days; under the 30/360 rules each month has 30 of them.

    Raises
    ------
    CreditError
        For a convention or a date that is not one, or an end before the start.

    References
    ----------
    2006 ISDA Definitions, section 4.16(d) to (g).

    Examples
    --------
    >>> days_between("30/360", "2006-08-31", "2007-02-28")
    178
    """
    convention, start, end = _period("days_between", convention, start, end)
    return _days(convention, start, end)


def year_fraction(convention: DayCount | str, start: date | str, end: date | str) -> float:
    """Give the share of a year on which interest runs, from one date up to but without another.

    Parameters
    ----------
    convention
        A `DayCount` or its name; see `days_between`.
    start, end
        First day of interest and the day it is paid, as dates or ISO texts; `end` is not before `start`.

    Returns
    -------
    float
        Years; interest is principal times annual rate times this.

    Raises
    ------
    CreditError
        For a convention or a date that is not one, or an end before the start.

    References
    ----------
    2006 ISDA Definitions, section 4.16(b) Act/Act ISDA, (d) Act/365F, (e) Act/360, (f) 30/360, (g) 30E/360.

    Examples
    --------
    >>> year_fraction("Act/360", "2026-01-01", "2026-07-01")
    0.5027777777777778
    >>> round(year_fraction("Act/Act ISDA", "2023-07-01", "2024-07-01"), 9)
    1.001377349
    """
    convention, start, end = _period("year_fraction", convention, start, end)
    return elapsed_years(convention, start, end)


def elapsed_years(convention: DayCount, start: date, end: date) -> float:
    """Give the share of a year for arguments that were checked before; see `year_fraction`."""
    if convention is DayCount.ACT_ACT_ISDA:
        years = range(start.year, end.year + 1)
        return sum(_days_within(year, start, end) / _days_of(year) for year in years)
    basis = 365 if convention is DayCount.ACT_365F else 360
    return _days(convention, start, end) / basis


def _days(convention: DayCount, start: date, end: date) -> int:
    if convention not in (DayCount.THIRTY_360, DayCount.THIRTY_E_360):
        return (end - start).days
    first = min(start.day, 30)
    # Bond basis shortens a 31st at the end only where the period also starts on the last days of a month.
    shorten = convention is DayCount.THIRTY_E_360 or first == 30
    last = min(end.day, 30) if shorten else end.day
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def _days_of(year: int) -> int:
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def _days_within(year: int, start: date, end: date) -> int:
    return (min(end, date(year + 1, 1, 1)) - max(start, date(year, 1, 1))).days


def _period(call: str, convention: Any, start: Any, end: Any) -> tuple[DayCount, date, date]:
    given = Arguments(call)
    kind = given.choice("convention", convention, DayCount)
    first = given.dates("start", [start], at_least=1)
    last = given.dates("end", [end], at_least=1)
    if first and last and last < first:
        given.refuse("end", f"{last[0]} lies before the start {first[0]}", "use an end on or after the start")
    given.check()
    return kind, first[0], last[0]
