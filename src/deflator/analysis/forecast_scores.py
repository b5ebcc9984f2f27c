"""How good a density forecast was: continuous ranked probability score, and how often intervals held."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


def crps_normal(mean: ArrayLike, deviation: ArrayLike, outcome: ArrayLike) -> Any:
    """Score a normal forecast; less is better, 0 is a certain hit.

    Parameters
    ----------
    mean, deviation
        Of the forecast, the deviation above 0.
    outcome
        What came.

    Returns
    -------
    float or ndarray
        In the unit of the outcome.

    References
    ----------
    Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation, Journal of the American
    Statistical Association 102, 359-378, equation (21) and the closed form for the normal law below it.

    Examples
    --------
    >>> round(float(crps_normal(0.0, 1.0, 0.0)), 4)
    0.2337
    """
    deviation = np.asarray(deviation, dtype=np.float64)
    gap = (np.asarray(outcome, dtype=np.float64) - np.asarray(mean, dtype=np.float64)) / deviation
    inside = gap * (2.0 * stats.norm.cdf(gap) - 1.0) + 2.0 * stats.norm.pdf(gap) - 1.0 / math.sqrt(math.pi)
    return (deviation * inside)[()]


def crps_sample(sample: ArrayLike, outcome: float) -> float:
    """Score a forecast that is given by equally likely values.

    Parameters
    ----------
    sample
        Values of the forecast.
    outcome
        What came.

    Notes
    -----
    The mean distance from the outcome, less half of the mean distance of two values of the sample (Gneiting and Raftery
    2007), by sorting.

    Examples
    --------
    >>> crps_sample([1.0], 3.0), crps_sample([0.0, 2.0], 1.0)
    (2.0, 0.5)
    """
    values = np.sort(np.asarray(sample, dtype=np.float64))
    count = values.size
    ranks = 2.0 * np.arange(1, count + 1) - count - 1.0
    return float(np.abs(values - outcome).mean() - (ranks * values).sum() / count**2)


def inside(low: ArrayLike, high: ArrayLike, outcome: ArrayLike) -> NDArray[np.bool_]:
    """Return whether outcomes lie in closed intervals.

    Examples
    --------
    >>> inside([0.0, 0.0], [1.0, 1.0], [1.0, 1.1]).tolist()
    [True, False]
    """
    values = np.asarray(outcome)
    return (np.asarray(low) <= values) & (values <= np.asarray(high))
