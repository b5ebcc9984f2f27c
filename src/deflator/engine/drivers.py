"""Step 1: exogenous series move; growth decays, noise has a common and an own part, sites come late."""

from __future__ import annotations

import math

import numpy as np

from deflator.engine import rng
from deflator.engine.compiled import inline, kernel
from deflator.engine.elementary import exp, log
from deflator.engine.lanes import nothing
from deflator.engine.layout import MONTH_IN_YEARS
from deflator.engine.positions import ON, P

_NO_NAME = np.uint64(0)


@kernel
def advance_drivers(t, seed, paths, chance, world, entities, equipment, segments, requests):
    """Advance revenue growth, wanted compute, the base rate, power and each equipment's own factor by a month.

    Parameters
    ----------
    t
        Month.
    seed, paths, chance
        Key of the run, path of each lane, and whether there is noise.
    """
    rng.fill_normal(seed, paths, t, rng.COMMON, _NO_NAME, chance, world.common)
    for lane in range(paths.size):
        world.growth_memory[lane] = exp(-(t - 1) / world.parameters[P.growth_decay_months, lane])
    _advance_rates(t, seed, paths, chance, world, requests)
    _advance_revenue(t, seed, paths, chance, world, entities, requests)
    _advance_demand(t, seed, paths, chance, world, segments, requests)
    advance_own_factors(t, seed, paths, chance, world, equipment)


@kernel
def _advance_rates(t, seed, paths, chance, world, requests):
    p = world.parameters
    rng.fill_normal(seed, paths, t, rng.RENT, _NO_NAME, chance, world.rent_noise)
    rng.fill_normal(seed, paths, t, rng.FUNDING, _NO_NAME, chance, world.funding_noise)
    for lane in range(paths.size):
        shared = p[P.corr_rent_funding, lane]
        world.funding_noise[lane] = (
            shared * world.rent_noise[lane] + math.sqrt(1.0 - shared * shared) * world.funding_noise[lane]
        )
    rng.fill_normal(seed, paths, t, rng.BASE_RATE, _NO_NAME, chance, world.noise)
    for lane in range(paths.size):
        world.base_rate_walk[lane] += p[P.base_rate_volatility, lane] * math.sqrt(MONTH_IN_YEARS) * world.noise[lane]
        level = requests.base_rate_level[t]
        free = world.market[1, lane] + world.base_rate_walk[lane] + requests.base_rate_shift[t]
        world.base_rate[lane] = max(free, 0.0) if math.isnan(level) else level
    rng.fill_normal(seed, paths, t, rng.POWER, _NO_NAME, chance, world.noise)
    for lane in range(paths.size):
        volatility = p[P.power_price_volatility, lane] if chance else 0.0
        world.log_power[lane] += (
            volatility * math.sqrt(MONTH_IN_YEARS) * world.noise[lane]
            - 0.5 * volatility * volatility * MONTH_IN_YEARS
            + requests.power_shock[t]
        )
        world.power[lane] = exp(world.log_power[lane]) * requests.power_scale[t]


@inline
def excess_growth(start, long_run, memory):
    """Return growth, log a year, once only the share `memory` of what was above the long run is left.

    Examples
    --------
    >>> round(excess_growth(0.6, 0.1, math.exp(-30.0 / 30.0)), 3)
    0.284
    """
    return long_run + (start - long_run) * memory


@kernel
def _advance_revenue(t, seed, paths, chance, world, entities, requests):
    p = world.parameters
    for i in range(entities.layer.size - 1):
        if entities.earns[i] == 0:
            continue
        rng.fill_normal(seed, paths, t, rng.REVENUE, entities.key[i], chance, world.noise)
        for lane in range(paths.size):
            growth = excess_growth(
                entities.growth[i, lane] * p[P.monetisation_growth_scale, lane],
                p[P.growth_long_run_annual, lane],
                world.growth_memory[lane],
            )
            growth = growth * requests.revenue_scale[i, t] + requests.revenue_shift[i, t]
            shared = p[P.revenue_common_loading, lane]
            noise = shared * world.common[lane] + math.sqrt(1.0 - shared * shared) * world.noise[lane]
            volatility = p[P.revenue_volatility_annual, lane] if chance else 0.0
            entities.revenue[i, lane] *= exp(
                (growth - 0.5 * volatility * volatility) * MONTH_IN_YEARS
                + volatility * math.sqrt(MONTH_IN_YEARS) * noise
                + requests.revenue_shock[i, t]
            )


@kernel
def _advance_demand(t, seed, paths, chance, world, segments, requests):
    p = world.parameters
    for s in range(segments.entity.size):
        rng.fill_normal(seed, paths, t, rng.DEMAND, segments.key[s], chance, world.noise)
        for lane in range(paths.size):
            growth = excess_growth(
                segments.growth[s, lane],
                p[P.growth_long_run_annual, lane],
                world.growth_memory[lane],
            )
            growth = growth * requests.demand_scale[s, t] + requests.demand_shift[s, t]
            shared = p[P.demand_common_loading, lane]
            noise = shared * world.common[lane] + math.sqrt(1.0 - shared * shared) * world.noise[lane]
            volatility = p[P.demand_volatility_annual, lane] if chance else 0.0
            segments.log_index[s, lane] += (
                (growth - requests.efficiency_shift[t] - 0.5 * volatility * volatility) * MONTH_IN_YEARS
                + volatility * math.sqrt(MONTH_IN_YEARS) * noise
                + requests.demand_shock[s, t]
            )


@kernel
def advance_own_factors(t, seed, paths, chance, world, equipment):
    """Advance the factor by which each equipment's rent departs from its usual multiple of the reference rent."""
    p = world.parameters
    for g in range(equipment.vendor.size):
        if g == world.reference[0]:
            continue  # the reference rent is its own series
        rng.fill_normal(seed, paths, t, rng.OWN_FACTOR, equipment.key[g], chance, world.noise)
        for lane in range(paths.size):
            equipment.deviation[g, lane] += (
                -p[P.own_factor_reversion_monthly, lane] * equipment.deviation[g, lane]
                + equipment.own_volatility[g, lane] * math.sqrt(MONTH_IN_YEARS) * world.noise[lane]
            )
            equipment.rent_ratio[g, lane] = equipment.own_factor[g, lane] * exp(equipment.deviation[g, lane])


@kernel
def _draw_lateness(seed, paths, chance, world, key):
    """Write a delay in months into `world.noise`: lognormal with the mean and standard deviation of the parameters."""
    p = world.parameters
    rng.fill_normal(seed, paths, 0, rng.DELAY, key, chance, world.noise)
    for lane in range(paths.size):
        mean, spread = p[P.delivery_delay_mean_months, lane], p[P.delivery_delay_std_months, lane] if chance else 0.0
        late = mean > 0.0
        squared = mean * mean if late else 1.0
        variance = log(1.0 + spread * spread / squared)
        delay = mean * exp(math.sqrt(variance) * world.noise[lane] - 0.5 * variance)
        world.noise[lane] = delay if late else 0.0


@kernel
def draw_delays(months, seed, paths, chance, world, fleets, leases, contracts, requests):
    """Draw once how late each unfinished site, delivery and so each contract is.

    A delivery on leased space is as late as the lease; on own space it has a lateness of its own. A contract is as
    late as the latest unit that serves it. What has started is on time.
    """
    if world.channels[ON.delay] == 0:
        return
    for item in range(leases.landlord.size):
        if nothing(leases.start[item]):
            continue
        _draw_lateness(seed, paths, chance, world, leases.key[item])
        for lane in range(paths.size):
            starts = leases.start[item, lane]
            planned = min(max(int(starts), 0), months)
            delay = requests.delay_shift[item, planned] + world.noise[lane]
            leases.delay[item, lane] = delay if starts > 0.0 else 0.0
    for f in range(fleets.owner.size):
        lease = fleets.lease[f]
        if lease >= 0:
            for lane in range(paths.size):
                late = leases.delay[lease, lane]
                fleets.delay[f, lane] = late if fleets.in_service[f, lane] > 0.0 else 0.0
        elif fleets.is_delivery[f] and not nothing(fleets.in_service[f]):
            _draw_lateness(seed, paths, chance, world, fleets.key[f])
            for lane in range(paths.size):
                starts = fleets.in_service[f, lane]
                planned = min(max(int(starts), 0), months)
                delay = requests.delay_shift_own[planned] + world.noise[lane]
                fleets.delay[f, lane] = delay if starts > 0.0 else 0.0
    for c in range(contracts.seller.size):
        for k in range(contracts.supplier_ofs[c], contracts.supplier_ofs[c + 1]):
            f = contracts.supplier[k]
            for lane in range(paths.size):
                late = max(contracts.delay[c, lane], fleets.delay[f, lane])
                contracts.delay[c, lane] = late if contracts.start[c, lane] > 0.0 else contracts.delay[c, lane]
