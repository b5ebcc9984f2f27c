"""The engine's own market step on a small block: rents that chase a target, and own factors, nothing else.

The kernels are those that a run compiles, `deflator.engine.market.move_rent` and
`deflator.engine.drivers.advance_own_factors`; only the target, which in a run comes out of supply and demand, is
given.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Setting, prepare
from deflator.analysis.trials import watch
from deflator.book import Book
from deflator.engine import rng
from deflator.engine.drivers import advance_own_factors
from deflator.engine.market import move_rent
from deflator.engine.positions import PARAMETERS
from deflator.engine.record import Record
from deflator.engine.records import allocate, forget, gather
from deflator.ensemble import Question
from deflator.scenario import load_scenario

Floats = NDArray[np.float64]

#: Months before a history starts, so that the gap between rent and target has its own spread.
BURN_IN = 36
_NO_NAME = np.uint64(0)
_TARGET_STREAM = 71  # of the seed sequence: the target's noise is no draw of the engine


def setting_of(book: Book) -> Setting:
    """Return the book under `base` with every figure at its central value, ready for a small block."""
    return prepare(Question(book, load_scenario("base"), paths=1, draws=0))


class MarketStep:
    """A block of lanes on which rents move by the engine's kernels from given draws.

    Parameters
    ----------
    setting
        From `setting_of`.
    lanes
        How many rents move side by side.
    months
        How many months, after `BURN_IN`.
    seed
        Of the noise and jumps; the same seed moves every set of parameters by the same draws.
    """

    def __init__(self, setting: Setting, lanes: int, months: int, seed: int) -> None:
        self.lanes, self.months, self.seed = lanes, BURN_IN + months, seed
        self._economy = setting.economy
        self._block: Any = allocate(setting.economy, lanes)
        self._block.paths[:] = np.arange(lanes)
        gather(setting.economy.figures, self._block.draw, self._block.figures)
        forget(self._block)
        self._noise = np.empty((self.months, lanes))
        for month, (t, key) in enumerate(self._keys()):
            rng.fill_normal(key, self._block.paths, t, rng.RENT, _NO_NAME, True, self._noise[month])
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, _TARGET_STREAM])))
        self._target_noise = generator.standard_normal((self.months, lanes))

    def _keys(self) -> list[tuple[int, np.uint64]]:
        """Return month and seed of each step: months of the engine end at the horizon, then a next seed goes on."""
        horizon = self._economy.months
        return [(1 + month % horizon, np.uint64(self.seed + month // horizon)) for month in range(self.months)]

    def rents(
        self, parameters: Mapping[str, float | Floats], target_volatility: float, drift: float | Floats = 0.0
    ) -> tuple[Floats, Floats]:
        """Move rents towards a target that drifts and wanders.

        Parameters
        ----------
        parameters
            Model parameters by name, one for all lanes or one a lane.
        target_volatility
            Standard deviation of the target's monthly log change.
        drift
            Its monthly mean.

        Returns
        -------
        tuple of ndarray
            Log rent and log target, [BURN_IN + month, lane]; both start at 0 before the burn-in.
        """
        block = self._block
        world = block.world
        for name, value in parameters.items():
            world.parameters[PARAMETERS.index(name)] = value
        world.log_rent_start[:] = 0.0
        world.log_rent[:] = 0.0
        targets = np.cumsum(target_volatility * self._target_noise + drift, axis=0)
        found = np.empty((self.months, self.lanes))
        for month, (t, key) in enumerate(self._keys()):
            world.log_target[:] = targets[month]
            world.rent_noise[:] = self._noise[month]
            move_rent(t, key, block.paths, True, world, block.equipment, block.requests)
            found[month] = world.log_rent
        return found, targets

    def own_factor(self, equipment: str, reversion_monthly: float, volatility_annual: float) -> Floats:
        """Move an equipment's own factor from 0 by the engine's kernel.

        Returns
        -------
        ndarray
            Log rent over its usual multiple of the reference rent, [BURN_IN + month, lane].
        """
        block, place = self._block, self._economy.equipment.index(equipment)
        block.world.parameters[PARAMETERS.index("own_factor_reversion_monthly")] = reversion_monthly
        block.equipment.own_volatility[place] = volatility_annual
        block.equipment.deviation[:] = 0.0
        found = np.empty((self.months, self.lanes))
        for month, (t, key) in enumerate(self._keys()):
            advance_own_factors(t, key, block.paths, True, block.world, block.equipment)
            found[month] = block.equipment.deviation[place]
        return found


def measure_target_volatility(book: Book, paths: int = 64, months: int = 24, seed: int = 2026) -> float:
    """Return how much the clearing rent moves in a month by supply and demand alone, in the whole engine.

    The histories do not show the rent at which the market would clear. The engine does: this is the standard deviation
    of the monthly log change of its target over paths and months under `base`.

    Parameters
    ----------
    book
        Any loaded book.
    paths, months, seed
        How much is simulated; every figure stands at its central value.
    """
    setting = prepare(Question(book, load_scenario("base"), paths=paths, draws=0, seed=seed))
    kept = watch(setting, _target, paths, last=min(months, setting.economy.months))
    changes = np.diff(kept["target"][1:], axis=0)
    centred = changes - changes.mean(axis=1, keepdims=True)
    return float(math.sqrt((centred**2).mean()))


def _target(month: int, block: Record) -> dict[str, Floats]:
    return {"target": block.world.log_target.copy()}
