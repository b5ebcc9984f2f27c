"""Step 3: what buyers want beyond their contracts, and how many of them are left."""

from __future__ import annotations

from deflator.engine.compiled import kernel
from deflator.engine.elementary import exp, logistic
from deflator.engine.layout import APPLICATION, LAB, MUSD_PER_HOURLY_USD
from deflator.engine.positions import P

_SHORTEST = 1e-6  # months: who needs no runway wavers only where it has none


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
            excess = base * (exp(p[P.cohort_failure_funding_slope, lane] * short) - 1.0)
            left = min(max(excess, 0.0) * plan / income, 1.0)
            entities.attrition[i, lane] = left
            entities.going[i, lane] *= 1.0 - left
            entities.staying[i, lane] *= 1.0 - left


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
                goal = logistic((0.5 * least - runway) / max(0.125 * least, _SHORTEST))
            entities.distress[i, lane] += p[P.lab_compute_cut_speed, lane] * (goal - entities.distress[i, lane])


@kernel
def measure_contracts(t, segments, pairs, equipment, contracts):
    """Add up what each segment has under contract: spend a month and performance delivered."""
    segments.contracted[:, :] = 0.0
    segments.contracted_units[:, :] = 0.0
    for c in range(contracts.seller.size):
        s, q = contracts.segment[c], contracts.pair[c]
        if contracts.backstop[c] or s < 0:
            continue
        g = pairs.equipment[q]
        for lane in range(segments.wanted.shape[1]):
            runs = (contracts.starts[c, lane] <= t) & (t < contracts.until[c, lane] + 1.0)
            units = contracts.units[c, lane] * contracts.active[c, lane] * pairs.fill[q, lane] if runs else 0.0
            segments.contracted[s, lane] += units * contracts.price[c, lane] * MUSD_PER_HOURLY_USD
            segments.contracted_units[s, lane] += units * equipment.performance[g, lane]


@kernel
def form_demand(world, entities, segments):
    """Work out each segment's demand for uncommitted units at the month-0 rent, and what its budget allows.

    Spot demand of month 0 grows with the segment. What a failed seller no longer delivers comes on top. Of what the
    segment then still lacks for its growth path, it seeks on the spot market the share that it bought there at month
    0; for the rest it waits for contracts, as it does now. The budget is the compute share of revenue and capital
    raised, less what contracts cost, in units at the month-0 rent.
    """
    for s in range(segments.entity.size):
        i = segments.entity[s]
        payer = entities.account[i]
        for lane in range(world.openness.size):
            going = entities.going[payer, lane]
            grown = exp(segments.log_index[s, lane]) * going
            spot = segments.start_units[s, lane] * grown + segments.displaced[s, lane] * going
            path = (segments.start_units[s, lane] + segments.start_contracted[s, lane]) * grown
            lacking = path - entities.insourced[i, lane] - segments.contracted_units[s, lane] - spot
            spot += segments.spot_share[s, lane] * max(lacking, 0.0)
            segments.wanted[s, lane] = spot * (1.0 - entities.distress[i, lane])
            income = entities.revenue[i, lane] * going + entities.raised[i, lane]
            slack = segments.compute_share[s, lane] * income - segments.contracted[s, lane]
            segments.limit[s, lane] = max(slack, 0.0) / world.unit_price_start[lane]
