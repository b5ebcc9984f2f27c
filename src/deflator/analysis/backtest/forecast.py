"""What the engine foretells of a book: when each firm breaks on each path, and which rents it sees.

Everything is simulated once, month by month, so that the value models that challenge the engine read the same paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.breaks import earlier
from deflator.analysis.challenge import Challenge, Values, challenge
from deflator.analysis.replay import Floats, Setting
from deflator.analysis.trials import watch
from deflator.engine import Status
from deflator.engine.record import Record
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError
from deflator.messages import text

Months = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Forecast:
    """What was foretold on the paths that did not fail.

    Parameters
    ----------
    setting
        What was simulated.
    values
        Debt, equity, hard breaks and draws, for the value models.
    soft_month
        Month of the first soft break, 0 for none; shape [entity, path].
    rents
        USD per unit-hour, shape [T + 1, equipment, path].
    failed
        Paths that failed and are left out.
    """

    setting: Setting
    values: Values
    soft_month: Months
    rents: Floats
    failed: int

    @property
    def paths(self) -> int:
        """Paths that count."""
        return int(self.values.draw.size)

    def months(self, entity: str, soft: bool) -> Months:
        """Return the month in which an entity breaks on each path, 0 for never; the first of both kinds if `soft`."""
        position = self.setting.economy.entities.index(entity)
        hard = self.values.break_month[position]
        if not soft:
            return hard
        both = earlier(hard.astype(np.int16), self.soft_month[position].astype(np.int16))
        return both.astype(np.int64)

    def rent(self, equipment: str, month: int) -> Floats:
        """Return the rent of an equipment in a month on each path, USD per unit-hour."""
        return self.rents[month, self.setting.economy.equipment.index(equipment)]

    def challenged(self, entity: str, horizons: list[int]) -> Challenge | None:
        """Return what the value models say of an entity; None where they need what the book does not have."""
        try:
            return challenge(self.setting, self.setting.economy.entities.index(entity), self.values, horizons)
        except RunError:
            return None


def foretell(setting: Setting, progress: Progress | None = None) -> Forecast:
    """Simulate the paths of a question and keep what can be scored.

    Parameters
    ----------
    setting
        From `prepare`.
    progress
        Told the paths done and the paths asked for.

    Raises
    ------
    RunError
        When every path fails.
    """
    economy = setting.economy
    firms = len(economy.entities)
    goods = len(economy.equipment)

    def keep(month: int, block: Record) -> dict[str, NDArray]:
        own = block.entities
        kept = {
            "debt": own.debt[:firms].copy(),
            "equity": own.equity[:firms].copy(),
            "rent": block.equipment.rent[:goods].copy(),
        }
        for name in ("break_month", "break_trigger", "soft_month"):
            kept[name] = getattr(own, name)[:firms].astype(np.int16)
        return kept

    kept = watch(setting, keep, progress=progress)
    good = np.flatnonzero(kept["status"] == Status.OK)
    failed = int(kept["status"].size - good.size)
    if not good.size:
        raise RunError([Fault("", 0, "", text("backtest.all_failed", paths=failed), text("backtest.all_failed_hint"))])
    last = {name: kept[name][-1][:, good].astype(np.int64) for name in ("break_month", "break_trigger", "soft_month")}
    values = Values(
        debt=kept["debt"][..., good],
        equity=kept["equity"][..., good],
        break_month=last["break_month"],
        trigger=last["break_trigger"],
        draw=good % economy.draws,
    )
    return Forecast(setting, values, last["soft_month"], kept["rent"][..., good], failed)
