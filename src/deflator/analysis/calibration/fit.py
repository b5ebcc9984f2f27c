"""Fit a process by simulated moments: the best parameters, an ensemble of fits, and what the data do not tell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.calibration.search import (
    Evidence,
    Found,
    Prior,
    Profile,
    Simulate,
    overidentified,
    profile,
    search,
    weigh,
)

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
_STARTS = 3


@dataclass(frozen=True)
class Effort:
    """How much is computed.

    Parameters
    ----------
    lanes
        Simulated histories at each set of parameters.
    fits
        Members of the ensemble.
    evaluations
        Most sets of parameters tried in one fit.
    seed
        Of all draws.
    threads
        Threads; they change no result. All processors when None.
    """

    lanes: int = 256
    fits: int = 48
    evaluations: int = 150
    seed: int = 2026
    threads: int | None = None

    @staticmethod
    def quick(seed: int = 2026) -> Effort:
        """Return an effort that takes seconds, with wider errors."""
        return Effort(lanes=64, fits=8, evaluations=45, seed=seed)


@dataclass(frozen=True)
class MomentFit:
    """One moment of one history against the fit.

    Parameters
    ----------
    series, moment
        Which one.
    observed, fitted
        As observed, and the mean over simulated histories.
    error
        Standard deviation over simulated histories of the same length.
    """

    series: str
    moment: str
    observed: float
    fitted: float
    error: float


@dataclass(frozen=True)
class Estimate:
    """One parameter of a fit.

    Parameters
    ----------
    parameter, value
        Name, and value of the fit to the data as they are.
    low, median, high
        5 %, 50 % and 95 % quantiles of the ensemble.
    prior_low, prior_high
        5 % and 95 % quantiles before data.
    learnt
        Share of the prior's variance (of logs) that the data took away.
    """

    parameter: str
    value: float
    low: float
    median: float
    high: float
    prior_low: float
    prior_high: float
    learnt: float


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be fitted.

    Parameters
    ----------
    labels
        Names of the histories.
    moment_names
        Names of the moments of each.
    observed
        Moments of each, as observed.
    prior
        What is possible before data.
    build
        Lanes and seed -> what simulates the moments of all histories.
    most
        Upper bounds of parameters, by name.
    """

    labels: tuple[str, ...]
    moment_names: tuple[str, ...]
    observed: Sequence[Floats]
    prior: Prior
    build: Callable[[int, int], Simulate]
    most: dict[str, float] = field(default_factory=dict)

    def weighed(self, simulated: Sequence[Floats]) -> list[Evidence]:
        """Return the observed moments, weighed by how simulated ones vary."""
        return [weigh(*one) for one in zip(self.labels, self.observed, simulated, strict=True)]


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters that simulate what was observed, and how well they are told.

    Parameters
    ----------
    series
        Labels of the histories that were fitted together.
    estimates, moments, profiles
        Parameters, moments and how far each parameter is told.
    misfit, degrees, p_value
        J-statistic.
    ends
        Objective at the end of each search from a start of its own: how far the optimiser can be trusted.
    ensemble
        Logs of the parameters, [member, parameter].
    prior
        What was possible before.
    """

    series: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    moments: tuple[MomentFit, ...]
    profiles: tuple[Profile, ...]
    misfit: float
    degrees: int
    p_value: float
    ends: tuple[float, ...]
    ensemble: Floats
    prior: Prior

    def value(self, parameter: str) -> Estimate:
        """Return the estimate of a parameter."""
        return next(one for one in self.estimates if one.parameter == parameter)


def searches(profiles: int, effort: Effort) -> int:
    """Return how many searches a fit takes, for its progress; `profiles` parameters are profiled."""
    return effort.fits + 2 + _STARTS + profiles


def fit(problem: Problem, effort: Effort, profiles: bool = True, tell: Callable[[], None] | None = None) -> Fit:
    """Fit parameters by simulated moments.

    Parameters
    ----------
    problem
        What is to be fitted.
    effort
        How much is computed.
    profiles
        Whether to find how far each parameter is told.
    tell
        Called after each search.

    Notes
    -----
    Simulated moments as in Duffie and Singleton (1993), weighed by the covariance of the moments over simulated
    histories of the observed length, which takes the place of large-sample standard errors: histories have ten to some
    thirty changes. Each member of the ensemble meets moments and prior means that are drawn anew, histories drawn with
    replacement, and has draws and a start of its own.
    """
    told = tell or _silent
    prior = problem.prior
    main = problem.build(4 * effort.lanes, effort.seed)
    rough = search(main, problem.weighed(main(prior.mean)), prior, prior.mean, effort.evaluations)
    told()
    evidence = problem.weighed(main(rough.logs))
    best = search(main, evidence, prior, rough.logs, effort.evaluations)
    told()
    ends = [best]
    for start in _starts(prior, effort):
        ends.append(search(main, evidence, prior, start, effort.evaluations))
        told()
    best = min(ends, key=lambda found: found.objective)
    members = []
    for member in _members(problem, evidence, effort):
        members.append(member.logs)
        told()
    flat = []
    for name in prior.names if profiles else ():
        flat.append(profile(name, main, evidence, prior, best, effort.evaluations // 3))
        told()
    count = sum(one.moments.size for one in evidence)
    degrees, p_value = overidentified(best.misfit, count, len(prior.names))
    return Fit(
        problem.labels,
        _estimates(problem, best, np.array(members)),
        tuple(_moment_fits(problem, main(best.logs))),
        tuple(flat),
        best.misfit,
        degrees,
        p_value,
        tuple(one.objective for one in ends),
        np.array(members),
        prior,
    )


def _silent() -> None:
    pass


def _starts(prior: Prior, effort: Effort) -> Iterator[Floats]:
    """Yield starts far from the prior's middle."""
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([effort.seed, 73])))
    for _ in range(_STARTS):
        yield prior.mean + prior.deviation * generator.standard_normal(len(prior.names))


def _members(problem: Problem, evidence: Sequence[Evidence], effort: Effort) -> Iterator[Found]:
    """Yield the fits of the ensemble, in order."""
    prior, count = problem.prior, len(evidence)

    def one(number: int) -> Found:
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([effort.seed, 74, number])))
        shares = generator.multinomial(count, np.full(count, 1.0 / count)).tolist()
        centre = prior.mean + prior.deviation * generator.standard_normal(len(prior.names))
        start = prior.mean + prior.deviation * generator.standard_normal(len(prior.names))
        drawn = [known.redrawn(generator) for known in evidence]
        simulate = problem.build(effort.lanes, effort.seed + 1000 * (number + 1))
        return search(simulate, drawn, prior, start, effort.evaluations, centre, shares)

    with ThreadPoolExecutor(effort.threads or os.cpu_count() or 1) as pool:
        try:
            yield from pool.map(one, range(effort.fits))
        finally:
            pool.shutdown(cancel_futures=True)


def _estimates(problem: Problem, best: Found, ensemble: Floats) -> tuple[Estimate, ...]:
    prior = problem.prior
    spread = np.exp(np.quantile(ensemble, [0.05, 0.5, 0.95], axis=0))
    learnt = 1.0 - ensemble.var(axis=0, ddof=1) / prior.deviation**2
    found = []
    for place, (name, (low, high)) in enumerate(prior.bounds.items()):
        most = problem.most.get(name, np.inf)
        value, *levels = (min(float(level), most) for level in (np.exp(best.logs[place]), *spread[:, place]))
        found.append(Estimate(name, value, levels[0], levels[1], levels[2], low, high, float(learnt[place])))
    return tuple(found)


def _moment_fits(problem: Problem, simulated: Sequence[Floats]) -> Iterator[MomentFit]:
    for label, observed, found in zip(problem.labels, problem.observed, simulated, strict=True):
        for name, seen, column in zip(problem.moment_names, observed, found.T, strict=True):
            yield MomentFit(label, name, float(seen), float(column.mean()), float(column.std(ddof=1)))
