"""Mechanisms of plug-ins: they act before each month, and are held to the same conservation as the month itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deflator import plugins
from deflator.engine.compiled import kernel
from deflator.engine.month import run_month
from deflator.engine.records import doubt

if TYPE_CHECKING:
    import numpy as np

    from deflator.engine.pack import Economy
    from deflator.engine.record import Record


def advance(economy: Economy, t: int, seed: np.uint64, chance: bool, block: Record) -> None:
    """Advance a block of lanes by a month, with what plug-ins add.

    Parameters
    ----------
    economy
        Whose mechanisms act, in the order in which the scenario names them.
    t
        Month, from 1.
    seed, chance
        Key of the run's random draws, and whether there is noise.
    block
        All records.
    """
    for name in economy.mechanisms:
        count_cash(block)
        plugins.load("mechanisms", name).step(t, block)
        doubt(block)  # a mechanism may change state that is counted
        check_cash(block)
    run_month(t, economy.months, seed, chance, block)


@kernel
def count_cash(block):
    """Note what all accounts hold together."""
    entities, ledger = block.entities, block.ledger
    ledger.before[:] = 0.0
    for i in range(entities.layer.size):
        for lane in range(ledger.before.size):
            ledger.before[lane] += entities.cash[i, lane]


@kernel
def check_cash(block):
    """Have the ledger's residual say how much money a mechanism made or lost, over the gross flow of a month."""
    entities, ledger = block.entities, block.ledger
    ledger.after[:] = 0.0
    for i in range(entities.layer.size):
        for lane in range(ledger.before.size):
            ledger.after[lane] += entities.cash[i, lane]
    for lane in range(ledger.before.size):
        gap = abs(ledger.after[lane] - ledger.before[lane]) / max(ledger.gross[lane], 1.0)
        ledger.residual[lane] = max(ledger.residual[lane], gap)
