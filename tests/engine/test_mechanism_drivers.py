"""Drivers: growth decays, shocks move a level once, sites come late, and nothing moves where nothing is asked."""

import math

import numpy as np
import pytest
from economies import SEED
from mechanism_blocks import Case, calm, changed_book, packed

from deflator.engine.drivers import advance_drivers, excess_growth


def advance(case, months=1, chance=False):
    """Advance the drivers alone."""
    for t in range(case.month + 1, case.month + months + 1):
        advance_drivers(
            t, np.uint64(SEED), case.paths, chance, case.world, case.entities, case.equipment, case.segments,
            case.requests,
        )  # fmt: skip
    case.month += months
    return case


def test_where_nothing_moves_rents_openness_and_orders_stay_put():
    newer = packed(changed_book({("equipment", "b200"): {"launch_month": "2025-06"}}))
    case = calm(Case(newer)).set(order_lag_months=30.0)
    case.entities.free_power_mw[...] = 1e6
    case.start()
    rents, openness = case.equipment.rent.copy(), case.world.openness.copy()

    case.run()
    orders = case.pairs.ordered.copy()
    case.run(23)

    assert case.equipment.rent == pytest.approx(rents, rel=1e-12)
    assert case.world.openness == pytest.approx(openness, rel=1e-12)
    assert case.pairs.ordered == pytest.approx(orders, rel=1e-9)
    assert orders.sum() > 0.0
    assert not case.entities.break_month.any()


def test_without_chance_the_price_of_power_stays_where_the_book_has_it():
    case = advance(Case().start(), months=24)

    assert case.world.power == pytest.approx(1.0, abs=1e-12)


def test_the_mean_price_of_power_over_paths_is_the_price_of_the_book():
    case = Case(lanes=4_000)
    case.paths[:] = np.arange(4_000)
    advance(case.start(chance=True), months=12, chance=True)

    spread = case.world.power.std() / math.sqrt(4_000)
    assert case.world.power.mean() == pytest.approx(1.0, abs=4.0 * spread)


def test_excess_growth_falls_to_a_third_in_the_decay_time():
    case = Case(lanes=3).set(growth_decay_months=[30.0, 30.0, 60.0]).start()
    memory = {month: advance(case, month - case.month).world.growth_memory.copy() for month in (1, 31)}

    assert memory[1] == pytest.approx(1.0)  # the first month still grows as the book has it
    assert memory[31] == pytest.approx([1 / math.e, 1 / math.e, math.exp(-0.5)])
    assert excess_growth(0.6, 0.1, 1.0) == pytest.approx(0.6)
    assert excess_growth(0.6, 0.1, memory[31][0]) == pytest.approx(0.1 + 0.5 / math.e)
    assert excess_growth(0.6, 0.1, 0.0) == pytest.approx(0.1)


def test_revenue_of_the_first_month_grows_by_a_twelfth_of_the_growth_a_year():
    case = Case()
    case.set(monetisation_growth_scale=[1.0, 0.5])
    advance(case.start())

    apps = case.at("apps")  # growth 0.5 a year
    assert case.entities.revenue[apps] == pytest.approx([20.0 * math.exp(0.5 / 12), 20.0 * math.exp(0.25 / 12)])


def test_a_shock_moves_the_level_once_and_a_scale_moves_growth():
    case = Case()
    apps, lab = case.at("apps"), case.at("lab_one")
    case.requests.revenue_shock[apps, 2] = -0.3
    case.requests.revenue_scale[lab] = 0.0
    case.requests.demand_shock[0, 2] = 0.2
    other = advance(Case().start(), months=6)
    advance(case.start(), months=6)

    assert case.entities.revenue[apps] == pytest.approx(other.entities.revenue[apps] * math.exp(-0.3))
    assert case.entities.revenue[lab] == pytest.approx(case.entities.start_revenue[lab])
    assert case.segments.log_index[0] == pytest.approx(other.segments.log_index[0] + 0.2)
    assert case.segments.log_index[1] == pytest.approx(other.segments.log_index[1])


def test_a_surprise_in_efficiency_lowers_what_every_buyer_wants():
    case, other = Case(), advance(Case().start(), months=12)
    case.requests.efficiency_shift[:] = 0.4
    advance(case.start(), months=12)

    assert case.segments.log_index == pytest.approx(other.segments.log_index - 0.4)


def test_the_base_rate_follows_the_scenario_and_does_not_fall_below_nought():
    case = Case()
    case.requests.base_rate_shift[1:] = 0.02
    case.requests.base_rate_shift[5:] = -0.5
    case.requests.base_rate_level[8:] = 0.05
    case.start()

    assert advance(case, 3).world.base_rate == pytest.approx(0.0365 + 0.02)
    assert advance(case, 3).world.base_rate == pytest.approx(0.0)
    assert advance(case, 3).world.base_rate == pytest.approx(0.05)


def test_an_equipments_own_factor_returns_to_its_level_and_the_reference_has_none():
    case = Case().set(own_factor_reversion_monthly=0.5).start()
    h100, b200 = case.at("h100"), case.at("b200")
    case.equipment.deviation[b200] = [0.4, 0.0]
    advance(case, months=3)

    assert case.equipment.deviation[b200] == pytest.approx([0.05, 0.0])
    advance(case, months=3, chance=True)
    assert not case.equipment.deviation[h100].any()
    assert case.equipment.deviation[b200, 0] != 0.0


def test_lateness_has_the_mean_and_spread_of_the_book():
    case = Case(lanes=4_000).set(delivery_delay_mean_months=3.0, delivery_delay_std_months=2.0)
    case.paths[:] = np.arange(4_000)
    case.start(chance=True)

    late = case.leases.delay[case.at("l_neo_2")]
    assert late.min() > 0.0
    assert late.mean() == pytest.approx(3.0, abs=4 * 2.0 / math.sqrt(4_000))
    assert late.std() == pytest.approx(2.0, rel=0.15)


def test_a_late_site_makes_its_units_and_its_contract_late_and_what_has_started_is_on_time():
    case = Case(lanes=64)
    case.paths[:] = np.arange(64)
    case.start(chance=True)

    late = case.leases.delay[case.at("l_neo_2")]
    assert case.fleets.delay[case.fleet("d_neo_b200")] == pytest.approx(late)
    assert case.contracts.delay[case.at("c_lab_b200")] == pytest.approx(late)
    assert not case.leases.delay[case.at("l_neo_1")].any()
    assert not case.contracts.delay[case.at("c_lab_h100")].any()
    assert not np.allclose(case.fleets.delay[case.fleet("d_big_b200")], late)  # its owner's site has its own lateness


def test_a_scenario_adds_months_to_the_lateness_of_a_site_or_of_own_sites():
    case = Case()
    case.requests.delay_shift[case.at("l_neo_2")] = 6.0
    case.requests.delay_shift_own[:] = 3.0
    case.start()

    assert case.leases.delay[case.at("l_neo_2")] == pytest.approx(2.0 + 6.0)
    assert case.fleets.delay[case.fleet("d_big_b200")] == pytest.approx(2.0 + 3.0)


def test_with_the_channel_delay_off_everything_is_on_time():
    case = Case().switch(0, "delay")
    case.requests.delay_shift[...] = 6.0
    case.start(chance=True)

    assert not case.leases.delay.any()
    assert not case.fleets.delay.any()
    assert not case.contracts.delay.any()
