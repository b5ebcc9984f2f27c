"""The spot market: the rent clears what is uncontracted, moves part of the way a month, and owners idle at a loss."""

import math

import numpy as np
import pytest
from economies import SEED
from mechanism_blocks import Case, calm, changed_book, packed

from deflator.engine.codes import Category
from deflator.engine.drivers import advance_drivers
from deflator.engine.market import clear_rent, measure_balance, move_rent, offer_units, trade_spot
from deflator.errors import RunError

WIDE = 1e12


def clear(case):
    """Return the clearing rent over the rent of month 0."""
    clear_rent(case.world, case.equipment, case.segments)
    return np.exp(case.world.log_target - case.world.log_rent_start)


def move(case, months=1, chance=False):
    """Move the rent for some months."""
    for t in range(1, months + 1):
        move_rent(t, np.uint64(SEED), case.paths, chance, case.world, case.equipment, case.requests)
    return case.world.log_rent


def one_buyer(elasticity, lanes=3):
    """Return a market with one buyer of this elasticity and a budget that never binds."""
    case = Case(lanes=lanes).set(rent_floor_smoothing=0.05)
    case.segments.spot_spend[1:] = 0.0
    case.segments.elasticity[...] = elasticity
    case.start()
    case.segments.wanted[...] = case.segments.start_units
    case.segments.limit[...] = WIDE
    return case


def test_at_month_0_the_market_clears_at_the_rent_of_the_book():
    case = Case().start()
    case.segments.wanted[...] = case.segments.start_units
    case.segments.limit[...] = WIDE

    assert clear(case) == pytest.approx(1.0)
    assert case.equipment.rent[:, 0] == pytest.approx([2.2, 3.75])


def test_a_tenth_more_supply_at_an_elasticity_of_a_half_takes_the_clearing_rent_to_83_percent():
    case = one_buyer(0.5)
    case.equipment.offered[...] *= [1.1, 1.0, 1.0 / 1.1]

    assert clear(case) == pytest.approx([0.826, 1.0, 1.21], abs=5e-4)


def test_scarcity_raises_rents_as_steeply_as_glut_lowers_them():
    case = one_buyer(0.8)
    case.equipment.offered[...] *= [1.3, 1.0, 1.0 / 1.3]
    glut, _, scarcity = clear(case)

    assert glut * scarcity == pytest.approx(1.0, abs=1e-3)


def test_a_tenth_more_demand_is_a_tenth_less_supply():
    case, other = one_buyer(0.5), one_buyer(0.5)
    case.segments.wanted[...] *= 1.1
    other.equipment.offered[...] /= 1.1

    assert clear(case) == pytest.approx(clear(other), rel=1e-4)
    assert clear(case) == pytest.approx(1.21, abs=5e-4)


def test_buyers_at_the_end_of_their_budget_pay_the_same_for_whatever_there_is():
    case = one_buyer(0.1)
    case.segments.wanted[...] = WIDE * case.segments.start_units
    case.segments.limit[...] = case.segments.start_units
    case.equipment.offered[...] *= [1.5, 1.0, 1.2]

    assert clear(case) * case.equipment.offered[0] == pytest.approx(case.equipment.offered[0, 1], rel=1e-3)


def test_moves_of_a_third_in_demand_and_supply_are_solved_to_nine_digits():
    lanes = 500
    case, draws = Case(lanes=lanes).start(), np.random.default_rng(7)
    case.segments.elasticity[...] = draws.uniform(0.1, 2.0, (3, lanes))
    case.segments.wanted[...] = case.segments.start_units * np.exp(draws.normal(0.0, 0.3, (3, lanes)))
    case.segments.limit[...] = case.segments.wanted * np.exp(draws.normal(0.5, 0.3, (3, lanes)))
    case.equipment.offered[...] *= np.exp(draws.normal(0.0, 0.3, (2, lanes)))
    clear(case)
    measure_balance(case.world, case.equipment, case.segments, case.world.log_target)

    assert case.world.demand == pytest.approx(case.world.supply, rel=1e-9)


def test_the_rent_closes_a_quarter_of_the_gap_each_month():
    case = Case().set(price_adjust_speed_lambda=0.25).start()
    case.world.log_target[:] += [1.0, -1.0]
    gap = (case.world.log_target - move(case, months=4)) / [1.0, -1.0]

    assert gap == pytest.approx(0.316, abs=5e-4)


def test_without_the_channel_rent_supply_does_not_move_the_rent():
    case = Case().switch(0, "rent").start()
    case.world.log_target[:] -= 1.0

    assert move(case, months=12) == pytest.approx(case.world.log_rent_start)


def test_a_pinned_path_is_followed_whatever_the_market_would_pay():
    case = Case().start()
    case.requests.rent_level[3:] = 1.5
    case.world.log_target[:] += 1.0

    assert (move(case, months=2) > case.world.log_rent_start).all()
    move_rent(3, np.uint64(SEED), case.paths, True, case.world, case.equipment, case.requests)
    assert np.exp(case.world.log_rent) == pytest.approx(1.5)


def test_a_shock_moves_the_rent_once_and_the_market_takes_it_back():
    case = Case().set(price_adjust_speed_lambda=0.25).start()
    case.requests.rent_shock[1] = -0.4

    assert move(case, months=1) - case.world.log_rent_start == pytest.approx(-0.4)
    assert move(case, months=1) - case.world.log_rent_start == pytest.approx(-0.75 * 0.4 - 0.4)


def test_noise_has_the_volatility_of_the_book():
    lanes = 4_000
    case = Case(lanes=lanes).set(rent_volatility_annual=0.35, rent_jump_probability_monthly=0.0)
    case.start()
    case.world.rent_noise[:] = np.random.default_rng(3).normal(size=lanes)

    assert move(case, chance=True).std() == pytest.approx(0.35 / math.sqrt(12), rel=0.05)


def test_steps_in_the_rent_come_as_often_and_as_large_as_the_book_says():
    lanes = 20_000
    case = Case(lanes=lanes).set(rent_volatility_annual=0.0, rent_jump_probability_monthly=0.1, rent_jump_size_log=0.15)
    case.start().paths[:] = np.arange(lanes)
    steps = move(case, chance=True) - case.world.log_rent_start

    jumped = steps != 0.0
    assert jumped.mean() == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / lanes))
    assert steps[jumped].std() == pytest.approx(0.15, rel=0.1)


def test_equipment_without_a_rent_of_its_own_rents_by_its_performance_to_the_power_of_eta():
    def rents(performance):
        cells = {"rent_usd_per_hour": None, "perf_inference": performance, "perf_training": performance}
        economy = packed(changed_book({("equipment", "b200"): cells}))
        return economy.figures[economy.rows["equipment.start_rent"], 0]

    eta = 0.53
    assert rents(2.0)[1] == pytest.approx(rents(2.0)[0] * 2.0**eta)
    assert rents(2.0)[1] / rents(4.0)[1] == pytest.approx(2.0**-eta)


def test_a_reference_without_a_rent_is_refused():
    with pytest.raises(RunError, match="the reference equipment has no rent"):
        packed(changed_book({("equipment", "h100"): {"rent_usd_per_hour": None}}))


def test_every_equipment_moves_with_the_reference_and_keeps_its_own_factor():
    case = Case().set(own_factor_reversion_monthly=0.0).start()
    case.requests.rent_level[:] = 1.1
    case.equipment.deviation[case.at("b200")] = [0.0, math.log(1.2)]
    advance_drivers(
        1, np.uint64(SEED), case.paths, False, case.world, case.entities, case.equipment, case.segments, case.requests
    )
    move(case)

    assert case.equipment.rent[case.at("b200")] == pytest.approx([3.75 / 2, 1.2 * 3.75 / 2])


def test_owners_idle_units_below_avoidable_cost_and_not_below_full_cost():
    case = Case(lanes=4).set(rent_floor_smoothing=0.05).start()
    h100 = case.at("h100")
    avoidable = case.equipment.avoidable[h100, 0]
    level = np.log([1.0, avoidable, avoidable - 0.2, avoidable + 0.2])
    measure_balance(case.world, case.equipment, case.segments, level)

    assert 0.2 < avoidable < 0.45  # power and operations: far below the full cost of a unit-hour
    assert case.equipment.let[h100] == pytest.approx(
        [1.0, 0.5, 1 / (1 + math.exp(4)), 1 / (1 + math.exp(-4))], abs=1e-3
    )


def test_a_rent_pinned_below_avoidable_cost_lets_next_to_nothing():
    case = calm(Case())
    case.requests.rent_level[1:] = 0.02
    case.start().run()

    assert case.equipment.let[case.at("h100")].max() < 0.15
    assert case.pairs.let[case.pair("cloud_big", "h100")].max() < 0.15 * 8_000


def test_new_units_press_by_their_performance_or_by_no_more_than_the_reference_with_generation_off():
    case, off = Case().start(), Case().switch(0, "generation").start()
    b200 = case.at("b200")

    assert case.equipment.market_performance[b200] == pytest.approx(math.sqrt(3.5 * 2.2))
    assert off.equipment.market_performance[b200] == pytest.approx(1.0)
    for each in (case, off):
        each.segments.wanted[...] = each.segments.start_units
        each.segments.limit[...] = WIDE
        each.equipment.offered[b200] = 1_000.0
    assert clear(case)[0] < clear(off)[0] < 1.0


def test_units_handed_back_reach_the_market_with_a_lag_and_units_sold_leave_it_at_once():
    case = Case().set(hand_back_lag_months=2.0).start()
    case.contracts.active[case.at("c_lab_h100")] = [0.0, 1.0]
    case.contracts.units[case.at("c_apps_h100")] = [12_000.0, 20_000.0]
    offer_units(1, case.world, case.entities, case.pairs, case.equipment, case.contracts)
    neo, cloud = case.pair("neo_one", "h100"), case.pair("cloud_big", "h100")

    assert case.pairs.offered[neo] == pytest.approx([3_000 + 5_000 / 2, 3_000])
    assert case.pairs.offered[cloud] == pytest.approx([8_000, 0])
    offer_units(2, case.world, case.entities, case.pairs, case.equipment, case.contracts)
    assert case.pairs.offered[neo] == pytest.approx([3_000 + 5_000 * 3 / 4, 3_000])


def test_only_distressed_buyers_sublet():
    case = Case().set(sublet_share_distressed=0.5).start()
    case.entities.distress[case.at("lab_one")] = [0.4, 0.0]
    before = case.equipment.offered[case.at("h100")].copy()
    offer_units(1, case.world, case.entities, case.pairs, case.equipment, case.contracts)

    assert case.equipment.offered[case.at("h100")] - before == pytest.approx([5_000 * 0.5 * 0.4, 0.0])


def test_units_wait_three_months_for_a_contract_about_to_start():
    case = Case(lanes=3)
    case.contracts.start[case.at("c_lab_h100")] = [1.0, 3.0, 4.0]
    case.start()

    assert case.pairs.offered[case.pair("neo_one", "h100")] == pytest.approx([3_000, 3_000, 8_000])


def test_units_that_come_late_live_as_long_as_others():
    case = calm(Case())
    f = case.fleet("neo_h100")
    case.fleets.in_service[f] = 1.0
    case.equipment.life[case.at("h100")] = 10.0
    case.start()
    case.fleets.delay[f] = [4.0, 0.0]
    case.changed()
    live = [case.run().fleets.live[f].copy() for _ in range(16)]

    assert (np.array(live) > 0.0).sum(axis=0).tolist() == [10, 10]


@pytest.mark.parametrize("end", [10.0, 9.5])
def test_the_units_of_a_renewed_contract_are_never_let_to_others(end):
    case = calm(Case())
    case.contracts.end[case.at("c_apps_h100")] = end  # half a month: a lateness of its start
    case.start()
    offered = [case.run().pairs.offered[case.pair("cloud_big", "h100"), 0] for _ in range(12)]

    assert offered == pytest.approx([8_000.0] * 12)


def trade(case):
    """Let what is wanted at the rent of the book."""
    case.segments.wanted[...] = case.segments.start_units
    case.segments.limit[...] = WIDE
    trade_spot(
        case.world, case.entities, case.equipment, case.pairs, case.contracts, case.segments, case.causes, case.ledger
    )
    return case


def test_buyers_pay_what_sellers_of_spot_units_get():
    case = Case().start()
    case.entities.cash[...] = 1e6
    trade(case)
    change = case.entities.cash - 1e6

    let = 0.85 * (8_000 + 3_000)
    takings = let * 2.2 * 730 / 1e6
    sellers = [case.at("neo_one"), case.at("cloud_big")]
    assert case.world.takings == pytest.approx(takings, rel=1e-4)
    assert change.sum(axis=0) == pytest.approx(0.0, abs=1e-8)
    assert change[sellers[0]] == pytest.approx(takings * 3 / 11, rel=1e-4)


def with_estates(units, idle, lanes=2):
    """Return a market in which some H100 units are in liquidation, and a part of these stays dark."""
    case = Case(lanes=lanes).set(idle_in_liquidation_share=idle).start()
    h100 = case.at("h100")
    case.equipment.pool[h100] = units
    case.equipment.pooled[h100] = np.count_nonzero(case.equipment.pool[h100])
    case.entities.cash[...] = 1e6
    offer_units(1, case.world, case.entities, case.pairs, case.equipment, case.contracts)
    return case, h100


def test_of_units_in_liquidation_the_part_that_is_not_idle_is_on_offer():
    none, h100 = with_estates(0.0, 0.25)
    case, _ = with_estates(1_000.0, [0.25, 1.0])

    assert case.equipment.estate[h100] == pytest.approx([0.75 * 1_000 * 0.85, 0.0])
    assert case.equipment.offered[h100] - none.equipment.offered[h100] == pytest.approx([0.75 * 1_000 * 0.85, 0.0])


def test_what_estates_earn_after_running_costs_goes_to_lenders_with_claims_and_then_to_investors():
    case, h100 = with_estates(1_000.0, 0.25, lanes=3)
    bank, investors, suppliers = (case.at(name) for name in ("bank_one", "world_investors", "world_suppliers"))
    case.entities.claim[bank] = [1e3, 0.1, 3.0]
    case.entities.claim[investors] = [0.0, 0.0, 1.0]
    before = case.entities.cash.copy()
    change = trade(case).entities.cash - before

    let = 0.75 * 1_000 * 0.85 * case.equipment.let[h100]
    avoidable = 1.4 * 1.25 * np.array([60, 55]) / 1_000 + np.array([0.12, 0.26])  # of the neocloud, of the hyperscaler
    cost = let * (3_000 * avoidable[0] + 8_000 * avoidable[1]) / 11_000 * 730 / 1e6
    earned = let * 2.2 * 730 / 1e6 - cost
    assert earned.min() > 0.1
    assert change[suppliers] == pytest.approx(cost)
    assert case.ledger.flow[Category.OPERATIONS] == pytest.approx(cost)
    assert change[bank] == pytest.approx([earned[0], 0.1, 0.75 * earned[2]])
    assert change[investors] == pytest.approx([0.0, earned[1] - 0.1, 0.25 * earned[2]])
    assert case.entities.claim[bank] == pytest.approx([1e3 - earned[0], 0.0, 3.0 - 0.75 * earned[2]])
    assert change.sum(axis=0) == pytest.approx(0.0, abs=1e-8)


def test_what_buyers_cannot_pay_for_is_not_paid_to_sellers():
    case = Case().start()
    for name in ("apps", "lab_one", "cloud_big"):
        case.entities.cash[case.at(name), 1] = 0.0
    trade(case)

    assert case.world.paid[0] == pytest.approx(case.world.takings[0])
    assert case.world.paid[1] == 0.0
    assert case.pairs.takings[:, 1] == pytest.approx(0.0)


def test_a_rent_above_the_clearing_rent_leaves_units_unlet():
    case = calm(Case())
    case.segments.elasticity[...] = 0.5
    case.requests.rent_level[:] = 4.4
    case.start().run()

    assert case.world.turnover == pytest.approx(2.0**-0.5, rel=1e-3)
