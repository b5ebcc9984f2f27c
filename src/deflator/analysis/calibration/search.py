"""Simulated moments: find the parameters whose histories look like the one observed, and how well that tells them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]
#: Log parameters -> simulated moments of each history, [lane, moment].
Simulate = Callable[[Floats], list[Floats]]

_NORMAL_95 = 1.645
_TOO_FAR = 4.0  # log units beyond the prior's middle at which a search is turned back
_RIDGE = 1e-3  # of a moment's variance: what keeps nearly equal moments from ruling alone
_PROFILE = (-1.0, -2 / 3, -1 / 3, 0.0, 1 / 3, 2 / 3, 1.0)
#: A profile that rises by less over the prior's 90 % range does not tell the parameter (chi-squared, 1 degree, 90 %).
FLAT = 2.706


@dataclass(frozen=True)
class Prior:
    """What is taken for possible before any data: lognormal, by its 5 % and 95 % quantiles.

    Parameters
    ----------
    low, high
        Quantiles by name of the parameter, both above 0.

    Examples
    --------
    >>> prior = Prior({"price_adjust_speed_lambda": (0.04, 0.25)})
    >>> np.exp(prior.mean).round(3).tolist()
    [0.1]
    """

    bounds: Mapping[str, tuple[float, float]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, in the order of every array."""
        return tuple(self.bounds)

    @property
    def mean(self) -> Floats:
        """Mean of the logs."""
        return np.array([0.5 * math.log(low * high) for low, high in self.bounds.values()])

    @property
    def deviation(self) -> Floats:
        """Standard deviation of the logs."""
        return np.array([math.log(high / low) / (2.0 * _NORMAL_95) for low, high in self.bounds.values()])

    def values(self, logs: Floats) -> dict[str, float]:
        """Return the parameters by name."""
        return dict(zip(self.names, np.exp(logs).tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Evidence:
    """The moments of one history, and how far they may be off.

    Parameters
    ----------
    label
        Which history.
    moments
        As observed.
    weight
        Inverse of the covariance of the moments over histories of this length, [moment, moment].
    root
        Its covariance's root, with which a bootstrap draws other observed moments.
    """

    label: str
    moments: Floats
    weight: Floats
    root: Floats

    def distance(self, simulated: Floats) -> float:
        """Return the squared distance between the observed moments and the mean of simulated ones."""
        gap = self.moments - simulated.mean(axis=0)
        return float(gap @ self.weight @ gap)

    def redrawn(self, generator: np.random.Generator) -> Evidence:
        """Return the history as it might as well have been."""
        moved = self.moments + self.root @ generator.standard_normal(self.moments.size)
        return Evidence(self.label, moved, self.weight, self.root)


def weigh(label: str, moments: Floats, simulated: Floats) -> Evidence:
    """Weigh observed moments by how they vary over simulated histories of the same length.

    Parameters
    ----------
    label, moments
        The history, and its moments as observed.
    simulated
        Moments of simulated histories, [lane, moment], at parameters near the fitted ones.
    """
    covariance = np.cov(simulated, rowvar=False) * (1.0 + 1.0 / len(simulated))
    covariance += _RIDGE * np.diag(np.diag(covariance) + 1e-9)
    inverse, root = (np.asarray(part(covariance), dtype=np.float64) for part in (np.linalg.inv, np.linalg.cholesky))
    return Evidence(label, moments, inverse, root)


def distance(
    logs: Floats, simulate: Simulate, evidence: Sequence[Evidence], shares: Sequence[float] | None = None
) -> float:
    """Return the summed squared distance of all histories from what parameters simulate."""
    simulated = simulate(logs)
    weights = shares if shares is not None else [1.0] * len(evidence)
    return sum(
        share * one.distance(found) for share, one, found in zip(weights, evidence, simulated, strict=True) if share
    )


@dataclass(frozen=True, eq=False)
class Found:
    """Where a search ended.

    Parameters
    ----------
    logs
        Logs of the parameters.
    misfit
        Summed squared distance of the moments there.
    objective
        The same plus the squared distance from the prior's means, in its standard deviations.
    """

    logs: Floats
    misfit: float
    objective: float


def search(
    simulate: Simulate,
    evidence: Sequence[Evidence],
    prior: Prior,
    start: Floats,
    evaluations: int,
    centre: Floats | None = None,
    shares: Sequence[float] | None = None,
    held: Mapping[int, float] | None = None,
) -> Found:
    """Search for the parameters that come closest to the evidence and the prior (Nelder and Mead 1965).

    Parameters
    ----------
    simulate
        Gives simulated moments; its draws are the same at each call, so that the objective does not jitter.
    evidence, prior
        What is to be met.
    start
        Logs of the parameters to start from.
    evaluations
        Most calls of `simulate`.
    centre
        Means of the logs in place of the prior's.
    shares
        Weight of each history; 1 when None.
    held
        Parameters that stay at a value, by position.
    """
    middle, deviation = prior.mean if centre is None else centre, prior.deviation
    free = [place for place in range(len(start)) if place not in (held or {})]

    def whole(some: Floats) -> Floats:
        logs = np.array(start, dtype=np.float64)
        logs[free] = some
        for place, value in (held or {}).items():
            logs[place] = value
        return np.clip(logs, prior.mean - _TOO_FAR * deviation, prior.mean + _TOO_FAR * deviation)

    def penalty(logs: Floats) -> float:
        gap = ((logs - middle) / deviation)[free]
        return float(gap @ gap)

    def objective(some: Floats) -> float:
        logs = whole(some)
        return distance(logs, simulate, evidence, shares) + penalty(logs)

    first = np.asarray(start, dtype=np.float64)[free]
    simplex = np.vstack([first, *(first + step for step in np.diag(0.6 * deviation[free]))])
    options: Any = {"maxfev": evaluations, "xatol": 0.02, "fatol": 0.01, "initial_simplex": simplex}
    ended = optimize.minimize(objective, first, method="Nelder-Mead", options=options)
    logs = whole(ended.x)
    return Found(logs, float(ended.fun) - penalty(logs), float(ended.fun))


@dataclass(frozen=True)
class Profile:
    """How the fit worsens when one parameter is held and the others are fitted again.

    Parameters
    ----------
    parameter
        Which one.
    values
        Where it was held, over the prior's 90 % range.
    rise
        Objective without the parameter's own prior, less its least value.
    """

    parameter: str
    values: tuple[float, ...]
    rise: tuple[float, ...]

    @property
    def told_from_below(self) -> bool:
        """Whether the data rule out the low end of the prior."""
        return self.rise[0] > FLAT

    @property
    def told_from_above(self) -> bool:
        """Whether the data rule out the high end of the prior."""
        return self.rise[-1] > FLAT


def profile(
    parameter: str, simulate: Simulate, evidence: Sequence[Evidence], prior: Prior, best: Found, evaluations: int
) -> Profile:
    """Hold one parameter at values over its prior range and fit the others again."""
    place = prior.names.index(parameter)
    half = _NORMAL_95 * prior.deviation[place]
    held = [prior.mean[place] + step * half for step in _PROFILE]
    levels = [
        search(simulate, evidence, prior, best.logs, evaluations, held={place: value}).objective for value in held
    ]
    own = ((best.logs[place] - prior.mean[place]) / prior.deviation[place]) ** 2
    least = min(*levels, best.objective - float(own))
    return Profile(parameter, tuple(np.exp(held).tolist()), tuple(level - least for level in levels))


def overidentified(misfit: float, moments: int, parameters: int) -> tuple[int, float]:
    """Return degrees of freedom and p-value of the J-statistic (Hansen 1982).

    Examples
    --------
    >>> degrees, p_value = overidentified(3.0, 8, 5)
    >>> degrees, round(p_value, 4)
    (3, 0.3916)
    """
    degrees = max(moments - parameters, 1)
    return degrees, float(stats.chi2.sf(misfit, degrees))
