"""How far a number may plausibly move: its prior, and the joint prior of several.

Every number has a normal score: 0 is its median, 1 one standard deviation up. Scores may be correlated. Independent
standard normal numbers give correlated scores (Cholesky), and each score gives its number, whatever its distribution
(a Gaussian copula, as in Nataf's model). The distance of a point is then the same in either space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.errors import Fault, RunError
from deflator.scenario.quantiles import QUANTILES

Floats = NDArray[np.float64]

_ROUNDING = 1e-10


@dataclass(frozen=True)
class Margin:
    """The prior of one number.

    Parameters
    ----------
    name, unit
        What it is, and its unit.
    shape
        `normal`, or a distribution of the book's parameters.
    low, value, high
        Bounds and central value. Of a normal number `value` is the mean, and the bounds are one standard deviation
        below and above it.
    """

    name: str
    unit: str
    shape: str
    low: float
    value: float
    high: float

    def at(self, score: float) -> float:
        """Return the number at a normal score.

        Examples
        --------
        >>> Margin("rent", "log", "normal", -0.35, 0.0, 0.35).at(-2.0)
        -0.7
        >>> round(Margin("share", "share", "uniform", 0.0, 0.5, 1.0).at(1.6449), 3)
        0.95
        """
        if self.shape == "normal":
            return self.value + score * (self.high - self.low) / 2.0
        from scipy.special import ndtr

        bounds = (np.array([number]) for number in (self.low, self.value, self.high))
        return float(QUANTILES[self.shape](np.array([ndtr(score)]), *bounds)[0])


@dataclass(frozen=True, eq=False)
class Prior:
    """The joint prior of several numbers.

    Parameters
    ----------
    margins
        The prior of each.
    correlation
        Of their normal scores, shape [number, number].

    Raises
    ------
    RunError
        When no numbers can be correlated in that way.
    """

    margins: tuple[Margin, ...]
    correlation: Floats

    def __post_init__(self) -> None:
        if np.linalg.eigvalsh(self.correlation).min() < _ROUNDING:
            message = "the correlations contradict each other: no numbers can have all of them"
            raise RunError([Fault("", 0, "--correlation", message, "move some of them towards 0")])

    @property
    def mixing(self) -> Floats:
        """Lower triangular matrix that turns independent standard normal numbers into scores."""
        return np.asarray(np.linalg.cholesky(self.correlation), dtype=np.float64)

    def scores(self, independent: Floats) -> Floats:
        """Return normal scores from independent standard normal numbers."""
        return self.mixing @ independent

    def numbers(self, independent: Floats) -> Floats:
        """Return the numbers themselves from independent standard normal numbers.

        Examples
        --------
        >>> two = (Margin("a", "", "normal", -2.0, 0.0, 2.0), Margin("b", "", "normal", 0.0, 1.0, 2.0))
        >>> Prior(two, np.array([[1.0, 0.6], [0.6, 1.0]])).numbers(np.array([1.0, 1.0])).round(9).tolist()
        [2.0, 2.4]
        """
        scores = self.scores(independent)
        return np.array([margin.at(score) for margin, score in zip(self.margins, scores, strict=True)])


def tail_of_distance(distance: float, dimensions: int) -> float:
    """Return how likely a move lies at this distance or farther, in any direction.

    Parameters
    ----------
    distance
        Mahalanobis distance.
    dimensions
        Numbers that can move.

    References
    ----------
    The distance of a standard normal vector has a chi distribution.

    Examples
    --------
    >>> round(tail_of_distance(1.959964, 1), 4), round(tail_of_distance(3.0, 10), 3)
    (0.05, 0.532)
    """
    from scipy.special import chdtrc

    return float(chdtrc(dimensions, distance**2))


def tail_beyond_plane(distance: float) -> float:
    """Return how likely a move lies beyond the plane that touches the design point: Φ(-distance).

    References
    ----------
    First-order reliability method: Ditlevsen and Madsen (1996), Structural Reliability Methods, section 5.1.

    Examples
    --------
    >>> round(tail_beyond_plane(3.0), 6)
    0.00135
    """
    from scipy.special import ndtr

    return float(ndtr(-distance))
