"""Valuation: units by what they earn, new ones by their price, forced sales press both, firms match the book."""

import math

import numpy as np
import pytest
from economies import AI, TINY, economy
from mechanism_blocks import Case

from deflator.engine.codes import Trigger
from deflator.engine.contracts import value_contracts
from deflator.engine.valuation import annuity, earning_value, value_entities, value_equipment, watch_solvency

H100, B200 = 0, 1


def value(case, months=1):
    """Value equipment for some months and return the values."""
    for t in range(case.month + 1, case.month + months + 1):
        value_equipment(t, case.world, case.equipment)
    case.month += months
    return case.equipment.value


def steady():
    """Return a case without expected falls."""
    return Case().set(expected_obsolescence_annual=0.0).start()


def test_an_annuity_of_one_a_year_is_the_integral_of_its_discount():
    years = np.linspace(0.0, 5.0, 100_001)
    total = np.exp(-0.1 * years).mean() * 5.0

    assert annuity(0.1, 5.0) == pytest.approx(total, rel=1e-5)
    assert annuity(0.0, 5.0) == 5.0
    assert annuity(1e-9, 5.0) == pytest.approx(5.0)
    assert annuity(-0.1, 5.0) > 5.0


def test_a_unit_that_earns_less_than_its_avoidable_cost_is_worth_nothing():
    assert earning_value(0.2, 0.2, 0.85, 0.0, 0.1, 3.0) == pytest.approx(0.0)
    assert earning_value(0.1, 0.2, 0.85, 0.0, 0.1, 3.0) == 0.0
    assert earning_value(1.2, 0.2, 0.85, 0.0, 0.0, 3.0) == pytest.approx(1.0 * 0.85 * 8_760 * 3)


def test_expected_falls_of_rent_take_value_from_long_lives():
    flat, falling = (earning_value(2.2, 0.3, 0.85, decline, 0.12, 3.0) for decline in (0.0, 0.3))

    assert falling < flat
    assert falling == pytest.approx((2.2 * annuity(0.42, 3.0) - 0.3 * annuity(0.12, 3.0)) * 0.85 * 8_760)


def test_at_month_0_units_are_worth_the_second_hand_price_of_the_book():
    case = Case().start()

    assert case.equipment.value == pytest.approx(np.array([[16_000.0] * 2, [38_000.0] * 2]))
    assert case.equipment.appraised == pytest.approx(case.equipment.value)


def test_with_rents_where_they_were_values_stay_where_they_were():
    case = steady()

    assert value(case, 24) == pytest.approx(np.array([[16_000.0] * 2, [38_000.0] * 2]))


def test_half_the_rent_is_worth_less_than_half_the_value():
    case = steady()
    case.equipment.rent[...] *= [0.5, 1.0]
    worth = value(case)

    cost = case.equipment.avoidable[H100, 0]
    assert worth[H100] == pytest.approx(16_000 * np.array([(1.1 - cost) / (2.2 - cost), 1.0]))
    assert worth[H100, 0] < 8_000


def test_higher_rents_lift_values_no_further_than_new_units_cost():
    case = steady().set(new_price_response=0.0)
    case.equipment.rent[...] *= [10.0, 100.0]
    worth = value(case)

    assert worth[:, 0] == pytest.approx(worth[:, 1])
    performance = math.sqrt(3.5 * 2.2)
    assert worth[B200] == pytest.approx(50_000.0)
    assert worth[H100] == pytest.approx(max(16_000.0, 50_000.0 / performance))


def test_forced_units_press_values_by_their_share_of_the_depth():
    case = steady().set(price_impact_kappa=0.35, market_depth_units_per_month=200.0)
    case.equipment.forced[H100] = [100.0, 0.0]
    worth = value(case)

    assert worth[H100] == pytest.approx(16_000 * np.array([math.exp(-0.35 * 100 / 200), 1.0]))
    assert worth[B200] == pytest.approx(38_000 * np.array([math.exp(-0.35 * 100 / 200), 1.0]))


def test_forced_units_press_by_their_performance():
    case = steady()
    case.equipment.forced[H100] = [math.sqrt(3.5 * 2.2) * 100.0, 0.0]
    case.equipment.forced[B200] = [0.0, 100.0]
    worth = value(case)

    assert worth[:, 0] == pytest.approx(worth[:, 1])


def test_the_pressure_of_a_forced_sale_halves_in_its_half_life():
    case = steady().set(price_impact_recovery_months=9.0, price_impact_kappa=0.35, market_depth_units_per_month=200.0)
    case.equipment.forced[H100] = [100.0, 0.0]
    value(case, 1 + 9)

    assert case.equipment.impact[H100] == pytest.approx([0.5 * 0.35 * 100 / 200, 0.0])


def test_forced_sales_month_after_month_press_by_the_larger_of_their_flow_and_what_an_earlier_one_left():
    case = steady().set(price_impact_recovery_months=9.0, price_impact_kappa=0.35, market_depth_units_per_month=200.0)
    flows = np.array([[100.0, 100.0], [100.0, 40.0], [100.0, 0.0], [100.0, 200.0], [100.0, 1.0]])
    found = []
    for flow in flows:
        case.equipment.forced[H100] = flow
        value(case)
        found.append(case.equipment.impact[H100].copy())

    month = 0.5 ** (1 / 9)
    steadily, by_turns = [0.175] * 5, [0.175, 0.175 * month, 0.175 * month**2, 0.35, 0.35 * month]
    assert np.array(found) == pytest.approx(np.array([steadily, by_turns]).T)


def test_with_the_channel_fire_sale_off_forced_units_press_nothing():
    case = steady().switch(0, "fire_sale")
    case.equipment.forced[H100] = 1e6

    assert value(case)[H100] == pytest.approx(16_000.0)


def test_appraisers_follow_the_market_with_their_lag():
    case = steady().set(appraisal_lag_months=4.0)
    case.equipment.rent[...] *= [0.5, 1.0]
    market = value(case)[H100].copy()
    value(case, 3)

    gap = (case.equipment.appraised[H100, 0] - market[0]) / (16_000 - market[0])
    assert gap == pytest.approx(0.75**4, rel=1e-6)
    assert case.equipment.appraised[H100, 1] == pytest.approx(16_000)


@pytest.mark.parametrize(("channel", "response"), [(1, 0.3), (0, 0.0)])
def test_the_price_of_new_units_answers_to_second_hand_values_unless_the_channel_is_off(channel, response):
    case = steady().switch(channel, "vendor").set(appraisal_lag_months=1.0, new_price_response=0.3)
    case.equipment.rent[...] *= [0.5, 1.0]
    worth = value(case)

    fall = worth[B200, 0] / 38_000
    assert case.equipment.price_factor[B200] == pytest.approx([fall**response, 1.0])


def test_new_units_are_never_sold_below_what_they_cost_to_make():
    case = Case(lanes=4).set(expected_obsolescence_annual=0.0, appraisal_lag_months=1.0, new_price_response=1.0).start()
    case.equipment.rent[...] *= [1e-3, 0.5, 1e-3, 1e-3]
    case.equipment.vendor_cost[B200] = [13_000.0, 0.0, 0.0, 60_000.0]
    worth = value(case)[B200]

    factor = case.equipment.price_factor[B200]
    assert factor[0] == pytest.approx(13_000 / 50_000)
    assert factor[1] == pytest.approx(worth[1] / 38_000)
    assert factor[2] == pytest.approx(worth[2] / 38_000)  # made for nothing
    assert factor[2] < factor[0]
    assert factor[3] == pytest.approx(1.0)  # a vendor that loses by every unit does not raise its price


def test_the_price_of_new_units_leaves_a_share_of_what_rents_make_a_unit_worth():
    case = Case(lanes=3).set(expected_obsolescence_annual=0.0, new_price_response=0.0).start()
    case.equipment.rent[...] *= [1.0, 1.2, 10.0]
    worth = value(case)[B200]

    cost = case.equipment.avoidable[B200, 0]
    bare = 38_000 * (3.75 * np.array([1.0, 1.2, 10.0]) - cost) / (3.75 - cost)
    assert bare[1] < 50_000 < bare[2]
    assert case.equipment.uncapped[B200] == pytest.approx([1.0, 1.0, 50_000 / bare[2]])
    assert worth == pytest.approx(bare * case.equipment.uncapped[B200])


def test_rents_that_fall_as_expected_leave_the_expectation_where_it_was():
    case = Case().set(expected_obsolescence_annual=0.28).start()
    for _ in range(36):
        case.world.log_rent[:] -= 0.28 / 12
        value(case)

    assert case.world.expected_decline == pytest.approx(0.28, rel=1e-6)


def test_rents_that_fall_faster_than_expected_teach_owners_to_expect_more_of_it():
    case = Case().set(expected_obsolescence_annual=0.28, obsolescence_learning_weight=[0.1, 0.0]).start()
    for _ in range(12):
        case.world.log_rent[:] -= 0.8 / 12
        value(case)

    assert 0.35 < case.world.expected_decline[0] < 0.8
    assert case.world.expected_decline[1] == pytest.approx(0.28)


def equity(case):
    """Return what firms are worth."""
    value_entities(
        case.world, case.entities, case.equipment, case.pairs, case.fleets, case.contracts, case.leases,
        case.facilities,
    )  # fmt: skip
    return case.entities.equity


def test_at_month_0_firms_are_worth_what_the_book_says_and_lenders_their_capital():
    case = Case().start()

    worth = equity(case)[:, 0]
    firms = [case.at(name) for name in ("apps", "lab_one", "cloud_big", "neo_one", "hall_one", "chip_maker")]
    assert worth[firms] == pytest.approx([2_000, 6_000, 60_000, 700, 180, 90_000])
    assert worth[case.at("bank_one")] == pytest.approx(90)


def test_cash_debt_and_units_move_equity_one_for_one():
    case = Case(lanes=4).start()
    neo, k = case.at("neo_one"), case.at("neo_notes")
    case.entities.cash[neo, 0] += 10.0
    case.facilities.balance[k, 1] += 10.0
    case.equipment.value[H100, 2] -= 1_000.0
    worth = equity(case)[neo]

    assert worth - worth[3] == pytest.approx([10.0, -10.0, -8_000 * 1_000 / 1e6, 0.0])


def test_the_franchise_shrinks_with_openness_and_with_income_and_never_grows_with_income():
    case = Case(lanes=4).start()
    lab = case.at("lab_one")
    case.entities.start_income[lab] = 20.0
    case.entities.income[lab] = [20.0, 10.0, 90.0, 20.0]
    case.world.openness[3] *= 0.5
    worth = equity(case)[lab]

    franchise = case.entities.franchise[lab, 0]
    assert franchise > 0.0
    assert worth - worth[0] == pytest.approx([0.0, -0.5 * franchise, 0.0, -0.5 * franchise])


def test_a_firm_whose_debts_exceed_its_assets_for_six_months_breaks_softly():
    case = Case().start()
    neo = case.at("neo_one")
    for month in range(1, 14):
        case.entities.equity[neo] = [-1.0, 5.0 if month == 6 else -1.0]
        watch_solvency(month, case.entities)

    assert case.entities.soft_month[neo].tolist() == [6, 12]
    assert (case.entities.soft_trigger[neo] == Trigger.INSOLVENCY).all()
    assert not case.entities.break_month[neo].any()


@pytest.mark.parametrize("name", [TINY, AI])
def test_a_fall_of_rents_makes_no_seller_of_compute_worth_more(name):
    falls = np.array([1.0, 0.75, 0.5, 0.25])
    case = Case(economy(name), lanes=4).start()
    case.equipment.rent[...] *= falls
    case.world.log_rent[:] += np.log(falls)
    value(case)
    value_contracts(1, case.world, case.equipment, case.pairs, case.contracts)
    sellers = sorted(set(case.contracts.seller[case.contracts.backstop == 0]))
    worth = equity(case)[sellers]

    richer = {case.economy.entities[i] for i, rises in zip(sellers, np.diff(worth) > 1e-6, strict=True) if rises.any()}
    assert richer == set()


def test_units_that_are_paid_for_and_on_their_way_are_worth_something():
    case = Case().switch(0, "delay").start()
    neo, f = case.at("neo_one"), case.fleet("d_neo_b200")
    before = equity(case)[neo].copy()
    case.entities.cash[neo] -= [150.0, 0.0]
    case.fleets.paid[f] = [1.0, 0.0]  # 3,000 units at 50,000, in service next month
    case.changed()
    after = equity(case)[neo]

    assert after[0] - before[0] > -150.0 + 0.5 * 3_000 * 38_000 / 1e6
