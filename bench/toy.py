"""One small model four ways: Mesa agents, plain Python objects, whole-array NumPy, and lanes as the engine has them.

Firms let units at a rent of their own, pay costs and a level-pay loan out of cash, and default for good in the month
in which cash falls short. The rent's logarithm moves by a shock common to all firms and one of the firm's own. All
four read the same normal draws, made before the clock starts and laid out as suits each, so what is timed is the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bench.clearing import best_time
from deflator.engine.compiled import kernel
from deflator.engine.elementary import exp
from deflator.engine.record import Record
from deflator.engine.rng import COMMON, OWN_FACTOR, fill_normal, identity

FIRMS, MONTHS, LANES = 50, 60, 32
COMMON_VOLATILITY, OWN_VOLATILITY, DRIFT = 0.05, 0.08, -0.015
RATE = 0.01  # a month
AGREEMENT = 1e-9


class Firms(NamedTuple):
    """What each firm starts with; [firm]."""

    units: np.ndarray
    cost: np.ndarray
    cash: np.ndarray
    debt: np.ndarray
    payment: np.ndarray


class Outcome(NamedTuple):
    """Month of default or 0, and cash and debt at the end; [firm, path]."""

    default_month: np.ndarray
    cash: np.ndarray
    debt: np.ndarray


def draw_firms(seed: int = 1) -> Firms:
    """Return fifty firms that differ in size, margin and leverage."""
    rng = np.random.default_rng(seed)
    units = rng.uniform(1.0, 10.0, FIRMS)
    debt = units * rng.uniform(5.0, 20.0, FIRMS)
    payment = debt * RATE / (1.0 - (1.0 + RATE) ** -MONTHS)
    return Firms(units, units * rng.uniform(0.3, 0.6, FIRMS), units * rng.uniform(0.5, 3.0, FIRMS), debt, payment)


def draw_shocks(paths: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return standard normal draws of the engine: common [month, path] and own [month, firm, path]."""
    common, own = np.empty((MONTHS, paths)), np.empty((MONTHS, FIRMS, paths))
    numbers = np.arange(paths, dtype=np.uint64)
    firms = [identity(f"firm_{firm}") for firm in range(FIRMS)]
    for t in range(MONTHS):
        fill_normal(np.uint64(seed), numbers, t + 1, COMMON, np.uint64(0), True, common[t])
        for i, name in enumerate(firms):
            fill_normal(np.uint64(seed), numbers, t + 1, OWN_FACTOR, name, True, own[t, i])
    return common, own


@dataclass
class Firm:
    """A firm as a plain object."""

    units: float
    cost: float
    cash: float
    debt: float
    payment: float
    log_rent: float = 0.0
    default_month: int = 0

    def step(self, month: int, common: float, own: float) -> None:
        """Live a month, unless it has defaulted."""
        self.log_rent += DRIFT + COMMON_VOLATILITY * common + OWN_VOLATILITY * own
        if self.default_month:
            return
        interest = self.debt * RATE
        principal = min(self.payment - interest, self.debt)
        self.cash += self.units * math.exp(self.log_rent) - self.cost - interest - principal
        if self.cash < 0.0:
            self.default_month = month
            self.cash = 0.0
        else:
            self.debt -= principal


def by_objects(firms: Firms, common: list[list[float]], own: list[list[list[float]]]) -> Outcome:
    """Simulate paths of plain objects; draws are lists [path][month] and [path][month][firm]."""
    ends = []
    for path_common, path_own in zip(common, own, strict=True):
        population = [Firm(*start) for start in zip(*(column.tolist() for column in firms), strict=True)]
        for t in range(MONTHS):
            for firm, shock in zip(population, path_own[t], strict=True):
                firm.step(t + 1, path_common[t], shock)
        ends.append([(firm.default_month, firm.cash, firm.debt) for firm in population])
    return Outcome(*np.array(ends).transpose(2, 1, 0))


def by_mesa(firms: Firms, common: list[list[float]], own: list[list[list[float]]]) -> Outcome:
    """Simulate paths of a Mesa model, a model for each; draws as for `by_objects`."""
    import mesa

    class FirmAgent(mesa.Agent):
        def __init__(self, model: Any, number: int, start: tuple[float, ...]) -> None:
            super().__init__(model)
            self.number, self.firm = number, Firm(*start)

        def step(self) -> None:
            model = self.model
            self.firm.step(model.steps, model.common[model.steps - 1], model.own[model.steps - 1][self.number])

    class Economy(mesa.Model):
        def __init__(self, common: list[float], own: list[list[float]]) -> None:
            super().__init__()
            self.common, self.own = common, own
            for number, start in enumerate(zip(*(column.tolist() for column in firms), strict=True)):
                FirmAgent(self, number, start)

        def step(self) -> None:
            self.agents.do("step")

    ends = []
    for path_common, path_own in zip(common, own, strict=True):
        model = Economy(path_common, path_own)
        for _ in range(MONTHS):
            model.step()
        ends.append([(agent.firm.default_month, agent.firm.cash, agent.firm.debt) for agent in model.agents])
    return Outcome(*np.array(ends).transpose(2, 1, 0))


def by_arrays(firms: Firms, common: np.ndarray, own: np.ndarray) -> Outcome:
    """Simulate all paths at once, a whole array [firm, path] at a time."""
    units, cost, cash, debt, payment = (np.array(column[:, None]) for column in firms)
    shape = FIRMS, common.shape[1]
    cash, debt = np.broadcast_to(cash, shape).copy(), np.broadcast_to(debt, shape).copy()
    log_rent, default_month = np.zeros(shape), np.zeros(shape)
    for t in range(MONTHS):
        log_rent += DRIFT + COMMON_VOLATILITY * common[t] + OWN_VOLATILITY * own[t]
        interest = debt * RATE
        principal = np.minimum(payment - interest, debt)
        left = cash + (units * np.exp(log_rent) - cost - interest - principal)
        alive = default_month == 0.0
        pays = alive & (left >= 0.0)
        default_month[alive & (left < 0.0)] = t + 1
        cash = np.where(pays, left, np.where(alive, 0.0, cash))
        debt = np.where(pays, debt - principal, debt)
    return Outcome(default_month, cash, debt)


@kernel
def live_blocks(first, last, firms, draws, state):
    """Simulate some blocks; draws [block, month, lane] and [block, month, firm, lane], state [block, firm, lane]."""
    for block in range(first, last):
        for t in range(draws.common.shape[1]):
            for i in range(firms.units.size):
                units, cost, payment = firms.units[i], firms.cost[i], firms.payment[i]
                for lane in range(LANES):
                    shock = COMMON_VOLATILITY * draws.common[block, t, lane]
                    log_rent = state.log_rent[block, i, lane] + (
                        DRIFT + shock + OWN_VOLATILITY * draws.own[block, t, i, lane]
                    )
                    state.log_rent[block, i, lane] = log_rent
                    debt = state.debt[block, i, lane]
                    interest = debt * RATE
                    principal = min(payment - interest, debt)
                    left = state.cash[block, i, lane] + (units * exp(log_rent) - cost - interest - principal)
                    month = state.default_month[block, i, lane]
                    alive = month == 0.0
                    pays = alive & (left >= 0.0)
                    state.default_month[block, i, lane] = t + 1.0 if alive & (left < 0.0) else month
                    state.cash[block, i, lane] = left if pays else 0.0  # a firm that has defaulted has none
                    state.debt[block, i, lane] = debt - principal if pays else debt


def by_lanes(firms: Firms, common: np.ndarray, own: np.ndarray, threads: int = 1) -> Outcome:
    """Simulate blocks of lanes; draws [block, month, lane] and [block, month, firm, lane]."""
    blocks = len(common)
    names = "firms", "draws", "state"
    shape = blocks, FIRMS, LANES
    state = {
        "log_rent": np.zeros(shape),
        "default_month": np.zeros(shape),
        "cash": np.broadcast_to(firms.cash[:, None], shape).copy(),
        "debt": np.broadcast_to(firms.debt[:, None], shape).copy(),
    }
    records = (
        Record("firms", firms._asdict(), fixed=firms._fields, apart_from=names),
        Record("draws", {"common": common, "own": own}, fixed=("common", "own"), apart_from=names),
        Record("state", state, apart_from=names),
    )
    ends = [blocks * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda first, last: live_blocks(first, last, *records), ends[:-1], ends[1:]))
    kept = (np.moveaxis(state[name], 0, 1).reshape(FIRMS, -1) for name in ("default_month", "cash", "debt"))
    return Outcome(*kept)


def in_blocks(draws: np.ndarray) -> np.ndarray:
    """Return draws [..., path] as [block, ..., lane]."""
    cut = draws.reshape(*draws.shape[:-1], -1, LANES)
    return np.ascontiguousarray(np.moveaxis(cut, -2, 0))


def as_lists(draws: np.ndarray) -> Any:
    """Return draws [..., path] as lists [path][...]."""
    return np.moveaxis(draws, -1, 0).tolist()


def gap(one: Outcome, other: Outcome) -> float:
    """Return the largest difference between two outcomes, relative to one or to the figure if that is larger."""
    paths = min(one.cash.shape[1], other.cash.shape[1])
    pairs = [(a[:, :paths], b[:, :paths]) for a, b in zip(one, other, strict=True)]
    return max(float((np.abs(a - b) / np.maximum(np.abs(b), 1.0)).max()) for a, b in pairs)


def side_by_side(paths: int, few: int, threads: int, mesa: bool = True) -> dict[str, Any]:
    """Time every model, after all have given the same answer.

    Parameters
    ----------
    paths
        Paths of the two that compute in arrays, a multiple of the lanes.
    few
        Paths of the two that compute objects.
    threads
        Threads of the lanes' second reading.
    mesa
        Whether Mesa takes part.

    Raises
    ------
    SystemExit
        When two models disagree.
    """
    firms, (common, own) = draw_firms(), draw_shocks(paths)
    lanes = in_blocks(common), in_blocks(own)
    lists = as_lists(common[..., :few]), as_lists(own[..., :few])
    models: dict[str, tuple[int, Callable[[], Outcome]]] = {
        "lanes": (paths, lambda: by_lanes(firms, *lanes)),
        f"lanes, {threads} threads": (paths, lambda: by_lanes(firms, *lanes, threads)),
        "whole-array NumPy": (paths, lambda: by_arrays(firms, common, own)),
        "plain Python objects": (few, lambda: by_objects(firms, *lists)),
    }
    if mesa:
        models["Mesa"] = few, lambda: by_mesa(firms, *lists)
    ours = by_lanes(firms, *lanes)
    gaps = {name: gap(model(), ours) for name, (_, model) in models.items()}
    wrong = {name: found for name, found in gaps.items() if not found <= AGREEMENT}
    if wrong:
        raise SystemExit(f"the models do not agree: {wrong}")
    per_second = {name: count / best_time(model, at_least=1.0, most=20) for name, (count, model) in models.items()}
    return {
        "firms": FIRMS, "months": MONTHS, "paths": paths, "paths_of_objects": few,
        "defaulted_share": float((ours.default_month > 0).mean()),
        "largest_gap": max(gaps.values()),
        "paths_per_second": per_second,
        "lanes_over": {name: per_second["lanes"] / speed for name, speed in per_second.items()},
    }  # fmt: skip
