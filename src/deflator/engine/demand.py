"""Step 3: what buyers want beyond their contracts, and how many of them are left."""

from __future__ import annotations

import math

from deflator.engine.compiled import kernel
from deflator.engine.funding import logistic
from deflator.engine.layout import APPLICATION, HOURS_PER_MONTH, LAB, MILLION, P

_MOST = 10.0


@kernel
def thin_out_cohorts(world, entities):
    """Let members of venture-funded cohorts leave faster than usual when money is short (M1, M4).

    Monthly attrition is base · exp(slope · (f0 - f)). New entrants replace the base rate, so only the excess shrinks
    the cohort; it falls on the part that lives on rounds rather than revenue.
    """
    p = world.parameters
    for i in range(entities.layer.size - 1):
        if entities.layer[i] != APPLICATION or entities.cohort[i] == 0:
            continue
        for lane in range(world.openness.size):
            plan = entities.planned_raise[i, lane]
            income = plan + entities.start_revenue[i, lane]
            if income <= 0.0:
                continue
            base = p[P.cohort_monthly_failure_base, lane]
            short = world.openness_start[lane] - world.openness[lane]
            excess = base * (math.exp(p[P.cohort_failure_funding_slope, lane] * short) - 1.0)
            left = min(max(excess, 0.0) * plan / income, 1.0)
            entities.attrition[i, lane] = left
            entities.going[i, lane] *= 1.0 - left


@kernel
def measure_distress(world, entities):
    """Let labs and applications that run out of runway cut what they can (M2, M3)."""
    p = world.parameters
    for i in range(entities.layer.size - 1):
        layer = entities.layer[i]
        if (layer != APPLICATION and layer != LAB) or entities.account[i] != i:
            continue
        for lane in range(world.openness.size):
            burn = entities.burn[i, lane]
            least = p[P.lab_min_runway_months, lane] if layer == LAB else 0.5 * p[P.cohort_runway_months, lane]
            goal = 0.0
            if burn > 0.0:
                runway = entities.cash[i, lane] / burn
                goal = logistic((0.5 * least - runway) / (0.125 * least))
            entities.distress[i, lane] += p[P.lab_compute_cut_speed, lane] * (goal - entities.distress[i, lane])


@kernel
def form_demand(world, entities, segments):
    """Work out each segment's uncontracted demand at the month-0 rent and what its budget allows.

    Wanted units are what was bought spot at month 0 times the segment's growth and the share of it that is left, plus
    what its failed sellers no longer deliver. The budget is month-0 spend scaled by revenue and capital raised, less
    what contracts already cost.
    """
    for s in range(segments.entity.size):
        i = segments.entity[s]
        payer = entities.account[i]
        for lane in range(world.openness.size):
            left = entities.going[payer, lane] * (1.0 - entities.distress[i, lane])
            index = math.exp(segments.log_index[s, lane])
            segments.wanted[s, lane] = (segments.start_units[s, lane] * index + segments.displaced[s, lane]) * left
            before = entities.start_revenue[i, lane] + entities.planned_raise[i, lane]
            now = entities.revenue[i, lane] * entities.going[payer, lane] + entities.raised[i, lane]
            scale = now / before if before > 0.0 else 1.0
            slack = segments.spend[s, lane] * max(scale, 0.0) - segments.contracted[s, lane]
            start = segments.slack_start[s, lane]
            share = min(max(slack / start, 0.0), _MOST) if start > 0.0 else _MOST
            segments.limit[s, lane] = segments.start_units[s, lane] * share + segments.displaced[s, lane]


@kernel
def measure_contracted_spend(t, segments, contracts):
    """Add up what each segment's contracts cost a month."""
    segments.contracted[:] = 0.0
    for c in range(contracts.seller.size):
        s = contracts.segment[c]
        if contracts.backstop[c] or s < 0:
            continue
        for lane in range(segments.wanted.shape[1]):
            if contracts.start[c, lane] + contracts.delay[c, lane] <= t < contracts.until[c, lane]:
                units = contracts.units[c, lane] * contracts.active[c, lane]
                segments.contracted[s, lane] += units * contracts.price[c, lane] * HOURS_PER_MONTH / MILLION
