"""The probability of a limit state by lines: along each line what is true is found, across lines it is averaged.

The lines run in the direction of a design point. Where the boundary is a plane across that direction one line gives the
exact answer; the more it bends, the more lines are needed. Nothing here knows what the limit state is of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Values of a limit state at points of shape [dimension, point]: below zero where the thing is true.
Limits = Callable[[Floats], Floats]

#: A standard normal number lies beyond this with a probability below 1e-18.
_END = 9.0
_BISECTIONS = 52
_SMALLEST = 1e-12


@dataclass(frozen=True)
class LineProbability:
    """Probability that a standard normal point lies where a limit state is below zero.

    Parameters
    ----------
    value
        The probability.
    error
        Its standard error, over independent scramblings of the lines; in two dimensions the error bound of the
        quadrature.
    lines
        Lines looked along.
    """

    value: float
    error: float
    lines: int


def probability_by_lines(
    limits: Limits,
    direction: Floats,
    lines: int = 256,
    nodes: int = 73,
    bisections: int = _BISECTIONS,
    replications: int = 8,
    seed: int = 1,
    quadrature: bool = True,
) -> LineProbability:
    """Estimate the probability that a standard normal point lies where a limit state is below zero.

    Parameters
    ----------
    limits
        Limit state; it may be bent, and true in several places along a line.
    direction
        Of a design point, not zero, shape [dimension]; any direction gives an unbiased answer, a good one a sharp one.
    lines
        Lines of each replication, a power of two.
    nodes
        Points of a line between which a change of sign is looked for: two changes between neighbours are not seen.
    bisections
        How often the place of a change is halved.
    replications
        Independent scramblings, from which the error is taken.
    seed
        Of the scramblings.
    quadrature
        Whether lines are laid by adaptive quadrature in two dimensions: exact, but hundreds of lines.

    Returns
    -------
    LineProbability
        Across lines scrambled Sobol points are used.

    References
    ----------
    Koutsourelakis, Pradlwarter and Schuëller (2004), "Reliability of structures in high dimensions, part I",
    Probabilistic Engineering Mechanics 19, eq. 8 to 11. Owen (1997), "Scrambled net variance for integrals of smooth
    functions", Annals of Statistics 25.

    Examples
    --------
    >>> plane = lambda points: 3.0 - points[0]
    >>> round(probability_by_lines(plane, np.array([1.0, 0.0, 0.0]), lines=4).value, 9)
    0.001349898
    """
    basis = _across(direction)
    along = direction / np.linalg.norm(direction)

    def true_share(across: Floats) -> Floats:
        return _share_along(limits, along, basis @ across, nodes, bisections)

    if len(direction) == 1:
        return LineProbability(float(true_share(np.zeros((0, 1)))[0]), 0.0, 1)
    if len(direction) == 2 and quadrature:
        return _by_quadrature(true_share)
    from scipy.special import ndtri
    from scipy.stats import qmc

    shares = []
    for number in range(replications):
        net = qmc.Sobol(len(direction) - 1, scramble=True, rng=np.random.default_rng((seed, number)))
        uniforms = np.clip(net.random(lines), _SMALLEST, 1.0 - _SMALLEST)
        shares.append(float(true_share(ndtri(uniforms).T).mean()))
    error = float(np.std(shares, ddof=1) / np.sqrt(replications)) if replications > 1 else float("nan")
    return LineProbability(float(np.mean(shares)), error, lines * replications)


def _by_quadrature(true_share: Callable[[Floats], Floats]) -> LineProbability:
    """Integrate over the one direction across, however the boundary bends or jumps."""
    from scipy.integrate import quad

    def weighed(across: float) -> float:
        return float(true_share(np.array([[across]]))[0]) * float(np.exp(-0.5 * across**2) / np.sqrt(2.0 * np.pi))

    parts = [
        quad(weighed, start, start + 1.0, epsabs=1e-13, epsrel=1e-10, limit=400, full_output=True)[:3]
        for start in np.arange(-_END, _END)
    ]
    return LineProbability(
        sum(part[0] for part in parts), sum(part[1] for part in parts), sum(part[2]["neval"] for part in parts)
    )


def _across(direction: Floats) -> Floats:
    """Return directions across the given one, orthonormal, shape [dimension, dimension - 1].

    Examples
    --------
    >>> np.abs(_across(np.array([0.0, 2.0]))).round(9).tolist()
    [[1.0], [0.0]]
    """
    full, _ = np.linalg.qr(np.column_stack([direction, np.eye(len(direction))]))
    across = full[:, 1 : len(direction)]
    return across * np.sign(across[np.abs(across).argmax(axis=0), np.arange(across.shape[1])])


def _share_along(limits: Limits, along: Floats, feet: Floats, nodes: int, bisections: int) -> Floats:
    """Return the probability of what is true on each line; `feet` are where the lines cross the plane through 0."""
    from scipy.special import ndtr

    lines = feet.shape[1]

    def at(places: Floats, line: NDArray[np.intp]) -> Floats:
        return limits(feet[:, line] + along[:, None] * places)

    grid = np.linspace(-_END, _END, nodes)
    values = at(np.tile(grid, lines), np.repeat(np.arange(lines), nodes)).reshape(lines, nodes)
    true = values < 0.0
    line, node = np.nonzero(true[:, 1:] != true[:, :-1])
    low, high = grid[node], grid[node + 1]
    opens = true[line, node]
    for _ in range(bisections):
        middle = 0.5 * (low + high)
        same = (at(middle, line) < 0.0) == opens
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    # What is true up to a place adds the probability below it, what is true from there on that above it.
    signs = np.where(opens, 1.0, -1.0)
    share = np.where(true[:, -1], 1.0, 0.0)
    np.add.at(share, line, signs * ndtr(0.5 * (low + high)))
    return share
