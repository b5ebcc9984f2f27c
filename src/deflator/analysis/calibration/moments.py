"""Six numbers that tell one price process from another, of one history or of many simulated ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Names of the moments, in the order of `moments_of`.
MOMENTS = ("volatility", "ratio_3", "ratio_6", "autocorrelation", "evenness", "largest")
_FLOOR = 1e-3  # a price that never moves has a volatility all the same, too small to matter


def moments_of(log_price: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Return the moments of price histories.

    Parameters
    ----------
    log_price
        Log prices, [month, lane].
    seen
        In which months there is a price, [month]: a simulated history has the gaps of the one it is held against.

    Returns
    -------
    ndarray
        [lane, moment], of monthly changes less their mean: log of the standard deviation a month; log of the variance
        over three and over six months, over three and six times that over one (Lo and MacKinlay 1988: above 0 where
        changes go on, below 0 where they come back); autocorrelation at lag 1; mean absolute change over the standard
        deviation (0.8 for a normal law, little for rare steps); log of the largest absolute change over the standard
        deviation.

    Examples
    --------
    >>> stairs = np.log([[4.0], [4.0], [2.0], [2.0], [1.0], [1.0], [0.5], [0.5]])
    >>> found = moments_of(stairs, np.full(8, True))[0]
    >>> bool(found[3] < 0.0), round(float(np.exp(found[0])), 3)  # up and down about the mean fall
    (True, 0.343)
    """
    single, starts = _changes(log_price, seen, 1)
    mean = single.mean(axis=0)
    single = single - mean
    deviation = np.maximum(np.sqrt((single**2).mean(axis=0)), _FLOOR)
    columns = [np.log(deviation)]
    for months in (3, 6):
        longer = _changes(log_price, seen, months)[0] - months * mean
        variance = np.maximum((longer**2).mean(axis=0) if len(longer) else months * deviation**2, _FLOOR**2)
        columns.append(0.5 * np.log(variance / (months * deviation**2)))
    following = np.flatnonzero(np.diff(starts) == 1)
    product = (single[following] * single[following + 1]).mean(axis=0) if following.size else 0.0 * deviation
    columns.append(product / deviation**2)
    size = np.abs(single)
    columns.append(size.mean(axis=0) / deviation)
    columns.append(np.log(np.maximum(size.max(axis=0), _FLOOR) / deviation))
    return np.stack(columns, axis=1)


def _changes(log_price: Floats, seen: NDArray[np.bool_], months: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return changes over so many months where both ends have a price, and the months in which they start."""
    starts = np.flatnonzero(seen[:-months] & seen[months:])
    return log_price[starts + months] - log_price[starts], starts
