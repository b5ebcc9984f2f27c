"""Inverse distribution functions of what is not known, between its lowest and highest plausible value.

Each takes uniform numbers in (0, 1) and the bounds and central value of the figures, broadcast together, and
returns values that lie within the bounds and rise with the uniform number. A range of no width gives its
value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TAIL = 0.05
_NORMAL_AT_95_PERCENT = 1.6448536269514722


def fixed(uniforms: Floats, low: Floats, value: Floats, high: Floats) -> Floats:
    """Take the central value whatever the draw.

    Examples
    --------
    >>> fixed(np.array([0.1, 0.9]), np.array(1.0), np.array(2.0), np.array(3.0))
    array([2., 2.])
    """
    return np.broadcast_to(value, np.broadcast_shapes(uniforms.shape, value.shape)).copy()


def uniform(uniforms: Floats, low: Floats, value: Floats, high: Floats) -> Floats:
    """Take every value between the bounds to be as likely as another.

    Examples
    --------
    >>> uniform(np.array([0.25, 0.5]), np.array(1.0), np.array(1.0), np.array(3.0))
    array([1.5, 2. ])
    """
    return np.clip(low + uniforms * (high - low), low, high)


def triangular(uniforms: Floats, low: Floats, value: Floats, high: Floats) -> Floats:
    """Take the central value to be the likeliest, with likelihood falling straight to the bounds.

    This is the least that a range and a best guess say. Where the range is lopsided so is the draw: its mean,
    (low + value + high) / 3, then differs from the central value.

    Examples
    --------
    >>> triangular(np.array([0.125, 0.5, 0.875]), np.array(0.0), np.array(1.0), np.array(2.0))
    array([0.5, 1. , 1.5])
    """
    width, rise = high - low, value - low
    below = low + np.sqrt(uniforms * width * rise)
    above = high - np.sqrt((1 - uniforms) * width * (high - value))
    return np.clip(np.where(uniforms * width < rise, below, above), low, high)


def whole(uniforms: Floats, low: Floats, value: Floats, high: Floats) -> Floats:
    """Draw months, counts and flags from the whole numbers between the bounds.

    Each whole number has the likelihood of the triangle over its own cell of width one, the end cells
    included, so the ends are not drawn half as often as they should be.

    Examples
    --------
    >>> whole(np.array([0.05, 0.5, 0.95]), np.array(2.1), np.array(3.0), np.array(4.9))
    array([3., 3., 4.])
    """
    first, last = np.ceil(low), np.floor(high)
    cell = triangular(uniforms, first - 0.5, value, last + 0.5)
    return np.clip(np.floor(cell + 0.5), first, last)


def lognormal(uniforms: Floats, low: Floats, value: Floats, high: Floats) -> Floats:
    """Take the central value to be the median, and ratios to it to be normal in logs on either side.

    Each side has a standard deviation of its own, so that the bounds are the 5th and 95th percentiles; the
    tails beyond them are left out, and what remains is spread in proportion. Bounds must be above zero.

    Examples
    --------
    >>> lognormal(np.array([1e-9, 0.5, 1 - 1e-9]), np.array(0.1), np.array(0.25), np.array(0.6)).round(6)
    array([0.1 , 0.25, 0.6 ])
    """
    from scipy.special import ndtri

    score = ndtri(_TAIL + (1 - 2 * _TAIL) * uniforms) / _NORMAL_AT_95_PERCENT
    reach = np.where(score < 0, value / low, high / value)
    return np.clip(value * reach**score, low, high)


def beta(uniforms: Floats, low: Floats, value: Floats, high: Floats) -> Floats:
    """Take the central value to be the mode of a beta distribution between the bounds, as PERT does.

    References
    ----------
    Malcolm, Roseboom, Clark and Fazar (1959), Application of a technique for research and development program
    evaluation, Operations Research 7(5): mean = (low + 4 mode + high) / 6.

    Examples
    --------
    >>> beta(np.array([0.5]), np.array(0.0), np.array(0.5), np.array(1.0)).round(6)
    array([0.5])
    """
    from scipy.special import betaincinv

    width = high - low
    rise = (value - low) / np.where(width > 0, width, 1.0)
    return np.clip(low + width * betaincinv(1 + 4 * rise, 1 + 4 * (1 - rise), uniforms), low, high)


QUANTILES: Mapping[str, Callable[[Floats, Floats, Floats, Floats], Floats]] = {
    "fixed": fixed,
    "uniform": uniform,
    "triangular": triangular,
    "lognormal": lognormal,
    "beta": beta,
    "whole": whole,
}
"""By the word in the column ``distribution`` of the parameters; ``whole`` serves months, counts and flags."""
