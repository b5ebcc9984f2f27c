"""Clear payments when what a node can pay with depends on how payments clear: settle both together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deflator.clearing.blocks import pick, settle_lanes
from deflator.clearing.economy import Economy, Outcome
from deflator.clearing.settling import distance_left

Figures = NDArray[np.float64]


def settle_with_values(
    economy: Economy,
    values: Figures,
    scale: Figures,
    worth: Callable[[Figures, NDArray[np.int64]], Figures],
    revalue: Callable[[Economy, Outcome, Figures, NDArray[np.int64]], Figures],
    *,
    start: float,
    method: str,
    tolerance: float,
    max_rounds: int,
) -> tuple[Outcome, Figures]:
    """Alternate between clearing payments and valuing what nodes hold, until neither moves.

    Both must rise together: then from values that are too high payments and values fall to the greatest
    solution, and from values that are too low they rise to the least. A lane that has arrived is left alone.

    Parameters
    ----------
    economy
        With a lane axis in `resources`, and a network with listed edges.
    values
        Values to start from, [item, lane].
    scale
        What differences of values are measured against, [lane].
    worth
        Gives what nodes can pay with beyond their resources, [node, lane], from the values of some lanes.
    revalue
        Gives values anew from the cleared payments and the values so far of some lanes.
    start, method, tolerance, max_rounds
        As in `deflator.clearing.single.settle_one`.

    Returns
    -------
    outcome : Outcome
        Payments; `rounds` counts valuations.
    values : float array [item, lane]
        At which they have settled.
    """
    lanes = economy.resources.shape[1]
    outcome = Outcome.empty(economy.network, lanes)
    step_before, todo = np.full(lanes, np.inf), np.arange(lanes)
    for count in range(1, max_rounds + 1):
        part = _some_lanes(economy, todo, worth(values[:, todo], todo))
        settled = settle_lanes(part, start, method, tolerance, max_rounds)
        now = revalue(part, settled, values[:, todo], todo)
        step = np.abs(now - values[:, todo]).max(axis=0) / scale[todo]
        values[:, todo] = now
        distance = np.array([distance_left(*pair) for pair in zip(step, step_before[todo], strict=True)])
        step_before[todo] = step
        outcome.put(todo, settled._replace(rounds=count, residual=np.maximum(settled.residual, distance)))
        todo = todo[~(distance <= tolerance)]
        if todo.size == 0:
            break
    return outcome, values


def in_lanes(figures: Figures, lanes: int) -> Figures:
    """Return figures [item, lane], the same in all lanes where they have no lane axis."""
    return figures if figures.ndim == 2 else np.repeat(figures[:, None], lanes, axis=1)


def _some_lanes(economy: Economy, lanes: NDArray[np.int64], value: Figures) -> Economy:
    """Return some lanes of an economy whose nodes can also pay with something else."""
    return replace(
        economy,
        network=replace(economy.network, due=pick(economy.network.due, lanes)),
        outside=pick(economy.outside, lanes),
        resources=economy.resources[:, lanes] + value,
        alpha=pick(economy.alpha, lanes),
        beta=pick(economy.beta, lanes),
        lanes=lanes.size,
    )
