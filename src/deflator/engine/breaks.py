"""Record who breaks, when and why."""

from __future__ import annotations

from deflator.engine.codes import CAUSES
from deflator.engine.compiled import kernel
from deflator.engine.layout import TOLD


@kernel
def note_soft(t, entities, i, lane, trigger):
    """Record the first soft break of an entity: distress that a lender or an accountant sees before a default."""
    if entities.soft_month[i, lane] == 0:
        entities.soft_month[i, lane] = t
        entities.soft_trigger[i, lane] = trigger


@kernel
def note_hard(t, entities, i, lane, trigger):
    """Record the first hard break of an entity."""
    if entities.break_month[i, lane] == 0:
        entities.break_month[i, lane] = t
        entities.break_trigger[i, lane] = trigger


@kernel
def tell_causes(t, entities, causes, stories):
    """Split the shortfall of whoever broke this month over its largest causes.

    A cause weighs what it took from the entity's cash since the first month, as far as it took any. The shortfall is
    split in these proportions over all causes, so that they sum to it; the three largest are kept.
    """
    count = entities.layer.size
    for i in range(count):
        for lane in range(entities.cash.shape[1]):
            if entities.break_month[i, lane] != t:
                continue
            total = 0.0
            for cause in range(1, CAUSES):
                total += max(causes.drift[cause * count + i, lane], 0.0)
            ceiling = 1e300
            for rank in range(TOLD):
                best, size = 0, 0.0
                for cause in range(1, CAUSES):
                    weight = causes.drift[cause * count + i, lane]
                    if size < weight < ceiling:
                        best, size = cause, weight
                ceiling = size
                stories.cause[i * TOLD + rank, lane] = best
                share = size / total if total > 0.0 else 0.0
                stories.musd[i * TOLD + rank, lane] = share * entities.shortfall[i, lane]
