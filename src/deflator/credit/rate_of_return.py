"""The yearly rate that a set of dated payments earns, or the reason why there is no such single rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deflator.credit.faults import Arguments

# Two roots closer than this in log rate are told apart by nobody: they count as one that touches zero.
_NARROWEST = 1e-7
_BISECTIONS = 60
_ROUNDING = 1e-14
_MOST_CELLS = 20_000


class RateStatus(Enum):
    """Whether a set of payments has one rate of return; the value is the sentence that says so."""

    SOLVED = "One rate makes the present value zero."
    NO_SIGN_CHANGE = "Netted by day, all payments go one way, so that no rate makes the present value zero."
    OUT_OF_RANGE = "No rate in the range makes the present value zero."
    SEVERAL_ROOTS = "Several rates make the present value zero, so that none of them is the return."
    NOT_SEPARATED = "The payments change sign so often that their rates cannot be told apart."


@dataclass(frozen=True)
class InternalRate:
    """The rate of return of dated payments, or why there is none.

    Parameters
    ----------
    status
        Why `rate` is there or is not; its value is a sentence.
    rate
        Effective annual rate, a decimal; None unless the status is `SOLVED`.
    roots
        Every rate in the range at which the present value is zero, rising.
    reason
        The sentence of the status with the figures of this case.
    """

    status: RateStatus
    rate: float | None
    roots: tuple[float, ...]
    reason: str


def xirr(
    dates: Sequence[date | str],
    amounts: ArrayLike,
    *,
    lowest_rate: float = -0.999,
    highest_rate: float = 1000.0,
) -> InternalRate:
    """Find the effective annual rate at which dated payments have a present value of zero.

    Years are actual days over 365 from the first date. Every root in the range is enclosed by interval bounds
    on the present value and on its slope, so that none is missed; two roots or more are refused, not chosen
    from.

    Parameters
    ----------
    dates
        Day of each payment in any order, as dates or ISO texts, [payment].
    amounts
        Payments received, with those made negative, any currency unit, [payment].
    lowest_rate, highest_rate
        Range of annual rates that is searched.

    Returns
    -------
    InternalRate
        The rate, or a status and a reason.

    Raises
    ------
    CreditError
        For dates and amounts that do not pair up, and a range that is none.

    References
    ----------
    Excel's XIRR convention, Σ a_i (1 + r)^(−days_i / 365) = 0. Roots are enclosed by interval bisection:
    Moore (1966), Interval Analysis.

    Examples
    --------
    >>> round(xirr(["2023-01-01", "2024-01-01"], [-100, 108]).rate, 6)
    0.08
    >>> both = xirr(["2023-01-01", "2024-01-01", "2024-12-31"], [-100, 230, -132])
    >>> both.status.name, [round(root, 6) for root in both.roots]
    ('SEVERAL_ROOTS', [0.1, 0.2])
    """
    given = Arguments("xirr")
    days = given.dates("dates", dates, at_least=2)
    received = given.series("amounts", amounts, len(dates) if isinstance(dates, Sequence) else None)
    low = given.number("lowest_rate", lowest_rate, above=-1)
    high = given.number("highest_rate", highest_rate, above=-1)
    if low >= high:
        given.refuse("highest_rate", f"{high} is not above the lowest rate {low}", "use a wider range")
    given.check()
    ordinals, day_ix = np.unique([day.toordinal() for day in days], return_inverse=True)
    net = np.bincount(day_ix, weights=received).astype(np.float64)
    if not (net > 0).any() or not (net < 0).any():
        return _refused(RateStatus.NO_SIGN_CHANGE, ())
    years = (ordinals - ordinals[0]) / 365
    roots = _all_roots(years, net, math.log1p(low), math.log1p(high))
    if roots is None:
        return _refused(RateStatus.NOT_SEPARATED, ())
    if not roots:
        return _refused(RateStatus.OUT_OF_RANGE, (), f"The range is {low:g} to {high:g}.")
    if len(roots) > 1:
        listed = ", ".join(f"{round(root, 6) + 0.0:g}" for root in roots)
        return _refused(RateStatus.SEVERAL_ROOTS, roots, f"They are {listed}.")
    return InternalRate(RateStatus.SOLVED, roots[0], roots, RateStatus.SOLVED.value)


def _refused(status: RateStatus, roots: tuple[float, ...], figures: str = "") -> InternalRate:
    return InternalRate(status, None, roots, f"{status.value} {figures}".strip())


def _all_roots(
    years: NDArray[np.float64], amounts: NDArray[np.float64], low: float, high: float
) -> tuple[float, ...] | None:
    """Find every root between two log rates; one that touches zero without crossing counts twice."""
    found: list[float] = []
    touching: list[tuple[float, float]] = []
    noise = _ROUNDING * float(np.abs(amounts).sum())
    cells = [(low, high)] if low >= 0 or high <= 0 else [(0.0, high), (low, 0.0)]
    for _ in range(_MOST_CELLS):
        if not cells:
            doubled = 2 * [(left + right) / 2 for left, right in touching]
            return tuple(sorted(math.expm1(root) for root in found + doubled))
        left, right = cells.pop()
        middle, half = (left + right) / 2, (right - left) / 2
        # Time runs from the first payment for positive rates and from the last for negative ones: a positive
        # factor moves no root, and no discount factor exceeds one.
        since = years if left >= 0 else years - years[-1]
        lowest_slope, highest_slope = _slope_bounds(since, amounts, left, right)
        if lowest_slope > 0 or highest_slope < 0:
            positive = _value(since, amounts, left) >= 0
            if positive != (_value(since, amounts, right) >= 0):
                found.append(_bisect(since, amounts, left, right, positive))
        elif abs(_value(since, amounts, middle)) > half * max(-lowest_slope, highest_slope) + noise:
            continue
        elif half < _NARROWEST:
            if touching and touching[-1][1] == left:
                left = touching.pop()[0]
            touching.append((left, right))
        else:
            cells += [(middle, right), (left, middle)]
    return None


def _value(years: NDArray[np.float64], amounts: NDArray[np.float64], log_rate: float) -> float:
    return float(amounts @ np.exp(-years * log_rate))


def _slope_bounds(
    years: NDArray[np.float64], amounts: NDArray[np.float64], left: float, right: float
) -> tuple[float, float]:
    """Bound the slope of the present value in an interval, each of its terms by its ends."""
    at_left = -years * amounts * np.exp(-years * left)
    at_right = -years * amounts * np.exp(-years * right)
    slack = _ROUNDING * float(np.maximum(np.abs(at_left), np.abs(at_right)).sum())
    lowest, highest = np.minimum(at_left, at_right).sum(), np.maximum(at_left, at_right).sum()
    return float(lowest) - slack, float(highest) + slack


def _bisect(
    years: NDArray[np.float64], amounts: NDArray[np.float64], left: float, right: float, positive: bool
) -> float:
    for _ in range(_BISECTIONS):
        middle = (left + right) / 2
        if (_value(years, amounts, middle) >= 0) == positive:
            left = middle
        else:
            right = middle
    return (left + right) / 2
