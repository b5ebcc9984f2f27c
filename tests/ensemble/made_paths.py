"""Paths that are made up but behave like the engine's: a path is a function of its number alone."""

from collections.abc import Callable

import numpy as np

from deflator.engine import Paths, Trigger
from deflator.engine.codes import Cause, Status

ENTITIES = ("lab_a", "cloud_a", "cloud_b", "lender_a")
MONTHS = 24


def made_paths(
    failed: frozenset[int] = frozenset(), imbalance: dict[int, float] | None = None
) -> Callable[[int, int], Paths]:
    """Return what simulates a range of paths, some of which fail or lose money."""

    def simulate(first_path: int, paths: int) -> Paths:
        one_by_one = [_path(first_path + lane) for lane in range(paths)]
        numbers = np.arange(first_path, first_path + paths)
        ledger = np.array([(imbalance or {}).get(int(number), 1e-15) for number in numbers])
        status = np.array([Status.NOT_FINITE if n in failed else Status.OK for n in numbers], np.int8)
        stacked = {name: np.stack([one[name] for one in one_by_one], axis=-1) for name in one_by_one[0]}
        quiet = np.full(paths, 1e-16)
        return Paths(**stacked, ledger_residual=ledger, debt_residual=quiet, units_residual=quiet, status=status)

    return simulate


def _path(number: int) -> dict[str, np.ndarray]:
    chance = np.random.default_rng([7, number])
    entities = len(ENTITIES)
    broke = chance.random(entities) < 0.4
    soft = chance.random(entities) < 0.3
    return {
        "break_month": np.where(broke, chance.integers(1, MONTHS + 1, entities), 0).astype(np.int16),
        "break_trigger": np.where(broke, Trigger.PAYMENT, Trigger.NONE).astype(np.int8),
        "soft_month": np.where(soft, chance.integers(1, MONTHS + 1, entities), 0).astype(np.int16),
        "soft_trigger": np.where(soft, Trigger.LIQUIDITY, Trigger.NONE).astype(np.int8),
        "broken_share": broke.astype(np.float64),
        "tenth_month": _tenths(chance),
        "yardstick_month": np.where(chance.random(3) < 0.5, chance.integers(1, MONTHS + 1, 3), 0).astype(np.int16),
        "cause": np.where(broke[:, None], [Cause.INTEREST, Cause.MATURITY, Cause.NONE], 0).astype(np.int16),
        "cause_musd": np.where(broke[:, None], chance.random((entities, 3)), 0.0),
        "loss_musd": np.where(chance.random(entities) < 0.5, chance.random(entities) * 1e3, 0.0),
        "rent": 2.2 * np.exp(np.cumsum(chance.normal(0.0, 0.1, MONTHS + 1))),
        "funding": chance.random(MONTHS + 1),
    }


def _tenths(chance: np.random.Generator) -> np.ndarray:
    """Return months by which tenths of the last lab or cloud but one had broken, as if it were a cohort."""
    months = np.zeros((len(ENTITIES), 10), np.int16)
    reached = chance.integers(0, 11)
    months[2, :reached] = np.sort(chance.integers(1, MONTHS + 1, reached))
    return months
