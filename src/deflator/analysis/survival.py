"""How long firms and layers last: the share that has not broken by each month, with what is known of its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.probability import probability

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def kaplan_meier(broke: Counts, censored: Counts) -> tuple[Floats, Floats]:
    """Return the share that survives each month, and Greenwood's standard error of it.

    Parameters
    ----------
    broke
        By month, month 0 first: how many break.
    censored
        By month: how many are no longer seen after it and have not broken. A path that outlasts the horizon is
        censored at the horizon.

    Returns
    -------
    tuple of ndarray
        S(t) = Π (1 − d/n) over the months s ≤ t with d breaks among n at risk, and
        S(t) √Σ d/(n (n − d)); both have the shape of `broke`. Where none survives the error is 0.

    References
    ----------
    E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958), equation 1c.
    M. Greenwood, "The natural duration of cancer", Reports on Public Health and Medical Subjects 33 (1926).

    Examples
    --------
    Of four, one breaks in month 1, one is lost sight of in month 1, one breaks in month 2, one outlasts it.

    >>> survival, error = kaplan_meier(np.array([0, 1, 1]), np.array([0, 1, 1]))
    >>> survival.tolist(), error.round(3).tolist()
    ([1.0, 0.75, 0.375], [0.0, 0.217, 0.286])
    """
    left = np.concatenate([[0], (broke + censored).cumsum()[:-1]])
    at_risk = (broke + censored).sum() - left
    survive = at_risk - broke
    some = at_risk > 0
    survival = np.cumprod(np.where(some, survive / np.where(some, at_risk, 1), 1.0), dtype=np.float64)
    steps = broke / np.where(survive > 0, at_risk * survive, 1)
    return survival, survival * np.sqrt(np.cumsum(steps, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Survival:
    """The share of paths on which something has not broken, by month.

    Parameters
    ----------
    kind, name, label
        `layer`, `firm` or `cohort`; id; name as people know it.
    paths, breaks
        Paths that are counted, and on how many it breaks by the horizon.
    share
        Share of paths on which it has not broken by the end of the month; shape [T + 1].
    greenwood
        Greenwood's error, which takes paths as independent.
    mc_error
        Monte Carlo error: Greenwood's, or that between draws where it is larger, as paths of a draw share figures.
    low, high
        Range over ignorance: in nine draws of ten the draw's own share lies between; None where a run cannot tell.
    """

    kind: str
    name: str
    label: str
    paths: int
    breaks: int
    share: Floats
    greenwood: Floats
    mc_error: Floats
    low: Floats | None
    high: Floats | None


def survival_of(kind: str, name: str, label: str, broke: Counts, paths: Counts, chance: bool) -> Survival:
    """Return the survival of something that is seen up to the horizon on every path.

    Parameters
    ----------
    kind, name, label
        As in `Survival`.
    broke
        Breaks by draw and month, shape [draw, T + 1].
    paths
        Paths of each draw.
    chance
        Whether paths of one draw differ.
    """
    total = broke.sum(axis=0)
    outlast = np.zeros_like(total)
    outlast[-1] = paths.sum() - total.sum()
    share, greenwood = kaplan_meier(total, outlast)
    reached = broke.cumsum(axis=1).astype(np.float64)
    bands: list[tuple[float, float | None, float | None]] = []
    for month, new in enumerate(total):
        if month > 1 and not new:
            bands.append(bands[-1])
            continue
        odds = probability(reached[:, month], reached[:, month], paths, chance)
        bands.append((odds.mc_error if month else 0.0, odds.low, odds.high))  # month 0 is known
    errors, lows, highs = zip(*bands, strict=True)
    known = None not in lows
    return Survival(
        kind, name, label, int(paths.sum()), int(total.sum()), share, greenwood,
        mc_error=np.maximum(greenwood, np.array(errors)),
        low=1.0 - np.array(highs, dtype=np.float64) if known else None,
        high=1.0 - np.array(lows, dtype=np.float64) if known else None,
    )  # fmt: skip
