"""Step 2: how open the market for money is, what equity it gives, and how much lenders can lend this month."""

from __future__ import annotations

import math

from deflator.engine.codes import Category, Cause
from deflator.engine.compiled import inline, kernel
from deflator.engine.elementary import exp, log, logistic
from deflator.engine.lanes import nothing
from deflator.engine.layout import APPLICATION, INVESTORS, LAB, MONTH_IN_YEARS, VENDOR
from deflator.engine.ledger import cause_row, pay
from deflator.engine.positions import ON, P


@inline
def ready_cash(entities, account, lane):
    """Return what an account can pay at once; the accounts of the world are unlimited."""
    return math.inf if entities.unlimited[account] else max(entities.cash[account, lane], 0.0)


@inline
def logit(share):
    """Return the number whose logistic is `share`."""
    return log(share / (1.0 - share))


@kernel
def update_funding(t, world, entities, requests):
    """Move funding openness towards its target and derive the lending capacity of the month.

    x = logit(f) reverts to a target that losses over the capital of the lenders exposed, the drawdown of rents
    against the path expected at month 0, and vendors' pull-back shift down; they shift it, they do not pile up in it.
    """
    p = world.parameters
    _measure_losses(world, entities)
    for lane in range(world.openness.size):
        expected = world.log_rent_start[lane] - p[P.expected_obsolescence_annual, lane] * t * MONTH_IN_YEARS
        drawdown = max(0.0, 1.0 - exp(world.log_rent[lane] - expected))
        target = logit(p[P.funding_openness_base, lane]) + requests.funding_shift[t]
        if world.channels[ON.confidence]:
            target -= p[P.confidence_weight_drawdown, lane] * drawdown
        if world.channels[ON.lender]:
            target -= p[P.confidence_weight_losses, lane] * world.loss_pressure[lane]
        if world.channels[ON.vendor]:
            target -= p[P.confidence_weight_vendor, lane] * (1.0 - world.vendor_health[lane])
        if not math.isnan(requests.funding_level[t]):
            target = logit(min(max(requests.funding_level[t], 1e-6), 1.0 - 1e-6))
        world.logit_openness[lane] += (
            p[P.funding_mean_reversion, lane] * (target - world.logit_openness[lane])
            + p[P.funding_volatility, lane] * world.funding_noise[lane]
            + requests.funding_shock[t]
        )
        world.openness[lane] = logistic(world.logit_openness[lane])
    _measure_capacity(world, entities)


@kernel
def _measure_losses(world, entities):
    """Weigh each lender's recent losses over its capital by its share of all debt held at month 0."""
    world.loss_pressure[:] = 0.0
    for i in range(entities.layer.size - 1):
        if entities.lender[i]:
            for lane in range(world.openness.size):
                entities.recent_loss[i, lane] *= 1.0 - MONTH_IN_YEARS
                capital = entities.capital[i, lane]
                if capital > 0.0:
                    world.loss_pressure[lane] += (
                        entities.exposure_weight[i, lane] * entities.recent_loss[i, lane] / capital
                    )


@kernel
def _measure_capacity(world, entities):
    """Add up what lenders can lend anew: a share of free capital that scales with openness.

    A lender that has lost the share of its capital at which lenders stop lends nothing.
    """
    p = world.parameters
    world.capacity[:] = 0.0
    world.requested[:] = 0.0
    for i in range(entities.layer.size - 1):
        if entities.lender[i]:
            for lane in range(world.openness.size):
                floor = (1.0 - p[P.lender_break_capital_share, lane]) * entities.capital[i, lane]
                free = entities.capital[i, lane] - entities.lost[i, lane]
                if free > floor and entities.imposed[i, lane] == 0:
                    world.capacity[lane] += p[P.lending_capacity_share_monthly, lane] * free * world.openness[lane]


@kernel
def watch_vendors(t, world, entities, requests):
    """Compare vendors' sales with their peak: a supplier that sells less invests less in its customers."""
    for lane in range(world.openness.size):
        world.vendor_peak[lane] = max(world.vendor_peak[lane], world.vendor_sales[lane])
        health = world.vendor_sales[lane] / world.vendor_peak[lane] if world.vendor_peak[lane] > 0.0 else 1.0
        world.vendor_health[lane] = min(health, 1.0) * requests.vendor_scale[t]


@kernel
def raise_equity(t, world, entities, causes, ledger):
    """Raise equity: the plan scaled by openness and share value, and more for a firm that is short.

    A firm below its early-action buffer, or a lab or application short of runway, raises what it lacks, up to the
    share of its equity value that the market takes in a month. Investors pay.
    """
    p = world.parameters
    investors = world.role[INVESTORS]
    count = entities.layer.size
    for i in range(count - 1):
        layer = entities.layer[i]
        if entities.unlimited[i] or entities.lender[i] or layer == VENDOR or entities.account[i] != i:
            continue
        lives_on_rounds = layer in (APPLICATION, LAB)
        for lane in range(world.openness.size):
            going = entities.going[i, lane]
            openness = world.openness[lane] / world.openness_start[lane]
            worth = max(entities.equity[i, lane], 0.0)
            start = entities.start_equity[i, lane]
            plan = entities.planned_raise[i, lane]
            planned = plan * openness * going * (min(worth / start, 1.0) if start > 0.0 else 1.0)
            ample = max(entities.start_cash[i, lane], p[P.round_size_months_of_burn, lane] * entities.burn[i, lane])
            if ample > 0.0:  # a plan ends when a firm holds twice what a round would give it
                planned *= min(max(2.0 - entities.cash[i, lane] / ample, 0.0), 1.0)
            need = p[P.early_action_buffer, lane] * entities.minimum_liquidity[i, lane] * going
            if lives_on_rounds:
                need = max(need, p[P.lab_min_runway_months, lane] * entities.burn[i, lane])
            lacking = max(0.0, need - entities.cash[i, lane] - planned)
            if lives_on_rounds and lacking > 0.0:
                lacking = max(lacking, p[P.round_size_months_of_burn, lane] * entities.burn[i, lane] * openness)
            most = p[P.equity_sale_max_share_annual, lane] * MONTH_IN_YEARS * world.openness[lane] * worth
            amount = planned + min(lacking, max(most - planned, 0.0))
            if entities.imposed[i, lane]:
                amount = 0.0
            entities.raised[i, lane] = amount
            world.amount[lane] = amount
        if nothing(world.amount):
            continue
        pay(world, entities, ledger, Category.EQUITY, investors, i)
        row = cause_row(causes, Cause.EQUITY_RAISED, count, i)
        for lane in range(world.openness.size):
            causes.now[row, lane] += world.amount[lane]
