"""Record who breaks, when and why."""

from __future__ import annotations

from deflator.engine.codes import CAUSES
from deflator.engine.compiled import inline, kernel
from deflator.engine.layout import APPLICATION, TENTHS, TOLD

_ROUNDING = 1e-12
_HALF, _TENTH = 0.5, 0.1


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
        broke = 0
        for lane in range(entities.cash.shape[1]):
            broke += entities.break_month[i, lane] == t
        if broke == 0:
            continue
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


@kernel
def note_tenths(t, entities, tenths, i, lane):
    """Record for each tenth of a cohort's members the first month in which as many had broken."""
    for tenth in range(TENTHS):
        row = i * TENTHS + tenth
        if tenths.month[row, lane] == 0 and entities.broken_share[i, lane] >= (tenth + 1.0) / TENTHS - _ROUNDING:
            tenths.month[row, lane] = t


@kernel
def watch_yardsticks(t, world, entities, facilities, yardsticks):
    """Record when a layer crosses a measure of its own.

    Applications: members that left beyond the usual rate halve the cohorts, weighted by revenue and capital raised at
    month 0. Credit: what lenders have lost exceeds a tenth of all principal drawn by now. Vendors: a year's sales,
    those outside the book included, are half of their peak.
    """
    for lane in range(world.openness.size):
        yardsticks.level[0, lane], world.rest[lane] = 0.0, 0.0
        yardsticks.level[1, lane], world.amount[lane] = 0.0, 0.0
        yardsticks.level[2, lane] = world.vendor_sales[lane] / max(world.vendor_peak[lane], _ROUNDING)
    for i in range(entities.layer.size):
        applies = entities.layer[i] == APPLICATION and entities.cohort[i] == 1
        lends = entities.lender[i] == 1
        if not applies and not lends:
            continue
        for lane in range(world.openness.size):
            weight = entities.planned_raise[i, lane] + entities.start_revenue[i, lane] if applies else 0.0
            yardsticks.level[0, lane] += weight * entities.staying[i, lane]
            world.rest[lane] += weight
            yardsticks.level[1, lane] += entities.lost[i, lane] if lends else 0.0
    for k in range(facilities.borrower.size):
        for lane in range(world.openness.size if facilities.moved[k] else 0):
            facilities.lent[k, lane] += facilities.drawn[k, lane]
            facilities.ever_drawn[k, lane] = facilities.start_drawn[k, lane] + facilities.lent[k, lane]
        for lane in range(world.openness.size):
            world.amount[lane] += facilities.ever_drawn[k, lane]
    for lane in range(world.openness.size):
        stay = yardsticks.level[0, lane] / world.rest[lane] if world.rest[lane] > 0.0 else 1.0
        lost = yardsticks.level[1, lane] / world.amount[lane] if world.amount[lane] > 0.0 else 0.0
        yardsticks.level[0, lane], yardsticks.level[1, lane] = stay, lost
        _cross(t, yardsticks, 0, lane, stay < _HALF)
        _cross(t, yardsticks, 1, lane, lost > _TENTH)
        _cross(t, yardsticks, 2, lane, yardsticks.level[2, lane] < _HALF)


@inline
def _cross(t, yardsticks, row, lane, crossed):
    first = crossed & (yardsticks.month[row, lane] == 0)
    yardsticks.month[row, lane] = t if first else yardsticks.month[row, lane]
