"""Returns of many streams of payments at once: one annual rate for each path, or the reason why there is none.

The rates are those of `deflator.credit.xirr`. Almost every stream here has one root that can be proved to be the only
one, so it is found for all paths together; the others are handed to `xirr`, which searches for every root.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Floats
from deflator.credit import RateStatus, xirr

Codes = NDArray[np.int8]

#: Range of annual rates that is searched, as in `xirr`.
LOWEST, HIGHEST = -0.999, 1000.0
_BISECTIONS = 60
_ROUNDING = 1e-9


class Outcome(IntEnum):
    """What came of an investment on a path."""

    RETURN = 0
    TOTAL_LOSS = 1
    NOTHING_TO_BUY = 2
    SEVERAL_RATES = 3
    ABOVE_RANGE = 4
    NEXT_TO_NOTHING = 5


def rates_of_return(dates: Sequence[dt.date], payments: Floats) -> tuple[Floats, Codes]:
    """Find the annual rate of return of one investment on every path.

    A rate r is the only one where, at r, what is still invested never turns negative before the last payment: with
    B_t the balance at r, the present value at any other rate q is (a sum of −B_t ≥ 0 terms) times (r − q), so that it
    has the sign of r − q. Otherwise `xirr` looks for all roots, and several are refused.

    Parameters
    ----------
    dates
        Day of each payment, rising, [payment].
    payments
        Received, with those made negative; the first is the price, [payment, path].

    Returns
    -------
    tuple
        Annual rate by path, a decimal: −1 for a total loss, NaN where there is no single rate; and `Outcome` by path.
        Nothing to buy is a price of zero. A total loss is an investment from which nothing is received, or whose
        rate lies below −99.9 %.

    References
    ----------
    Pure investments: Teichroew, Robichek and Montalbano (1965), Management Science 11; Gronchi (1986), Review of
    Economic Studies 53.

    Examples
    --------
    >>> days = [dt.date(2023, 1, 1), dt.date(2024, 1, 1)]
    >>> rates, outcomes = rates_of_return(days, np.array([[-100.0, -100.0, 0.0], [108.0, 0.0, 5.0]]))
    >>> rates.round(6).tolist(), [Outcome(code).name for code in outcomes]
    ([0.08, -1.0, nan], ['RETURN', 'TOTAL_LOSS', 'NOTHING_TO_BUY'])
    """
    years = np.array([(day - dates[0]).days / 365.0 for day in dates])
    bought = payments[0] < 0.0
    received = bought & (payments[1:] > 0.0).any(axis=0)
    outcomes = np.where(bought, Outcome.TOTAL_LOSS, Outcome.NOTHING_TO_BUY).astype(np.int8)
    rates = np.where(bought, -1.0, np.nan)
    at = np.flatnonzero(received)
    found, proved = _only_rates(years, payments[:, at])
    rates[at[proved]] = found[proved]
    outcomes[at[proved]] = Outcome.RETURN
    for path in at[~proved]:
        rates[path], outcomes[path] = _searched(dates, payments[:, path])
    return rates, outcomes


def _only_rates(years: Floats, payments: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return a root for every path, and whether it is proved to be the only one in the range."""
    low = np.full(payments.shape[1], np.log1p(LOWEST))
    high = np.full(payments.shape[1], np.log1p(HIGHEST))
    # Time runs back from the last payment for the low end, which keeps every factor at most one.
    bracketed = (_worth(years - years[-1], payments, low) > 0.0) & (_worth(years, payments, high) < 0.0)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        since = np.where(middle >= 0.0, years[:, None], years[:, None] - years[-1])
        positive = (payments * np.exp(-since * middle)).sum(axis=0) > 0.0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    rate = 0.5 * (low + high)
    balance = payments[0].copy()
    invested = np.ones(len(rate), dtype=np.bool_)
    size = np.abs(payments).sum(axis=0)
    for place in range(1, len(years) - 1):
        balance = balance * np.exp((years[place] - years[place - 1]) * rate) + payments[place]
        invested &= balance <= _ROUNDING * size * np.exp(np.maximum(years[place] * rate, 0.0))
    return np.expm1(rate), bracketed & invested


def _worth(since: Floats, payments: Floats, log_rate: Floats) -> Floats:
    worth: Floats = (payments * np.exp(-since[:, None] * log_rate)).sum(axis=0)
    return worth


def _searched(dates: Sequence[dt.date], payments: Floats) -> tuple[float, int]:
    """Return what `xirr` says of one path."""
    found = xirr(dates, payments, lowest_rate=LOWEST, highest_rate=HIGHEST)
    if found.rate is not None:
        return found.rate, Outcome.RETURN
    if found.status in (RateStatus.NO_SIGN_CHANGE, RateStatus.OUT_OF_RANGE):
        lost = payments.sum() < 0.0
        return (-1.0, Outcome.TOTAL_LOSS) if lost else (np.nan, Outcome.ABOVE_RANGE)
    return np.nan, Outcome.SEVERAL_RATES
