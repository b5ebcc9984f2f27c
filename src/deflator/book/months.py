"""Months as text (`2026-02`) and as whole numbers after the as-of month."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

_MONTH = re.compile(r"([12]\d{3})-(0[1-9]|1[0-2])", re.ASCII)
_DAY = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)


def is_month(text: str) -> bool:
    """Tell whether the text is a calendar month written YYYY-MM.

    Examples
    --------
    >>> is_month("2026-02"), is_month("2026-13"), is_month("2026-2")
    (True, False, False)
    """
    return _MONTH.fullmatch(text) is not None


def month_index(month: str, as_of: str) -> int:
    """Count the months from the as-of month to another: 0 is the as-of month itself.

    Parameters
    ----------
    month
        Calendar month, YYYY-MM.
    as_of
        Month in which everything in the book is known, YYYY-MM.

    Returns
    -------
    int
        Months after `as_of`; negative before it.

    Raises
    ------
    ValueError
        When either text is not a month.

    Examples
    --------
    >>> month_index("2026-03", "2026-02"), month_index("2025-12", "2026-02")
    (1, -2)
    """
    return _ordinal(month) - _ordinal(as_of)


def month_at(index: int, as_of: str) -> str:
    """Return the calendar month that lies `index` months after the as-of month.

    Examples
    --------
    >>> month_at(11, "2026-02"), month_at(-2, "2026-02")
    ('2027-01', '2025-12')
    """
    year, month = divmod(_ordinal(as_of) + index, 12)
    return f"{year:04d}-{month + 1:02d}"


def earliest_day(text: str) -> date:
    """Return the first day that a date of any precision (YYYY, YYYY-MM or YYYY-MM-DD) can mean.

    Raises
    ------
    ValueError
        When the text is no such date.

    Examples
    --------
    >>> earliest_day("2025-03"), earliest_day("2025-03-28")
    (datetime.date(2025, 3, 1), datetime.date(2025, 3, 28))
    """
    if not _DAY.fullmatch(text):
        raise ValueError(f"{text!r} is not a date")
    return date.fromisoformat((text + "-01-01")[:10])


def last_day(month: str, days_after: int = 0) -> date:
    """Return the last day of a month, or the day some days after it.

    Examples
    --------
    >>> last_day("2026-02"), last_day("2026-02", days_after=10)
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 10))
    """
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, monthrange(year, number)[1]) + timedelta(days_after)


def _ordinal(month: str) -> int:
    """Return the number of the month on a line of months without years."""
    found = _MONTH.fullmatch(month)
    if not found:
        raise ValueError(f"{month!r} is not a month; write YYYY-MM")
    return int(found[1]) * 12 + int(found[2]) - 1
