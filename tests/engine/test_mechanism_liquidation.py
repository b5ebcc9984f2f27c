"""Liquidation: seized units change hands over months, survivors buy out of spare cash, lenders are paid first."""

import numpy as np
import pytest
from mechanism_blocks import Case, calm

from deflator.engine.liquidation import sell_seized


def seized(units=600.0, lanes=2):
    """Return a case in which so many H100 units have been seized."""
    case = Case(lanes=lanes).set(liquidation_months=6.0, buyer_of_distress_discount=0.35, sale_cost_share=0.08)
    case.start()
    case.equipment.pool[case.at("h100")] = units
    return case


def sell(case):
    """Sell for a month and return what everybody's cash changed by."""
    before = case.entities.cash.copy()
    sell_seized(case.world, case.entities, case.equipment, case.pairs, case.ledger)
    return case.entities.cash - before


PRICE = 16_000 * (1 - 0.35) / 1e6


def test_a_share_of_the_pool_is_sold_each_month_and_counts_as_forced():
    case = seized()
    h100 = case.at("h100")
    for month in range(1, 4):
        sell(case)
        assert case.equipment.pool[h100] == pytest.approx(600 * (5 / 6) ** month)
        assert case.equipment.forced[h100] == pytest.approx(100 * (5 / 6) ** (month - 1))


def test_units_that_are_sold_are_let_again_and_none_vanishes():
    case = seized([600.0, 0.0])
    sell(case)

    mine = case.pairs.equipment == case.at("h100")
    assert case.pairs.extra[mine].sum(axis=0) == pytest.approx([100.0, 0.0])
    assert case.pairs.extra[~mine].sum() == 0.0


def test_survivors_buy_a_part_of_their_spare_cash_and_second_hand_buyers_take_the_rest():
    case = seized().set(excess_cash_payout_monthly=0.1)
    neo, cloud = case.at("neo_one"), case.at("cloud_big")
    case.entities.cash[cloud] = 5_000.0  # as at the start: nothing to spare
    case.entities.cash[neo] = [95.0, 90.0]  # five above the start
    case.entities.minimum_liquidity[neo] = 1.0
    sell(case)

    bought = 0.1 * 5.0 / PRICE
    assert case.pairs.extra[case.pair("neo_one", "h100")] == pytest.approx([bought, 0.0])
    assert case.pairs.extra[case.pair("cloud_big", "h100")] == pytest.approx(0.0)
    assert case.pairs.extra[case.pair("world_secondhand", "h100")] == pytest.approx([100 - bought, 100])


def test_a_firm_that_has_broken_or_keeps_to_its_buffer_buys_nothing():
    case = seized(lanes=3).set(early_action_buffer=1.5)
    neo, cloud = case.at("neo_one"), case.at("cloud_big")
    case.entities.cash[[neo, cloud]] = 1e5
    case.entities.broken_share[[neo, cloud]] = [1.0, 0.0, 0.0]
    case.entities.minimum_liquidity[[neo, cloud]] = [0.0, 1e5, 0.0]
    sell(case)
    bought = case.pairs.extra[[case.pair("neo_one", "h100"), case.pair("cloud_big", "h100")]].sum(axis=0)

    assert bought == pytest.approx([0.0, 0.0, 100.0])


def test_proceeds_pay_the_sale_then_lenders_claims_then_investors():
    case = seized(lanes=3)
    bank, investors = case.at("bank_one"), case.at("world_investors")
    case.entities.claim[bank] = [0.5, 100.0, 3.0]
    case.entities.claim[investors] = [0.0, 0.0, 9.0]
    change = sell(case)

    proceeds = 100 * PRICE
    left = proceeds * 0.92
    assert change[case.at("world_suppliers")] == pytest.approx(0.08 * proceeds)
    assert change[bank] == pytest.approx([0.5, left, left / 4])
    assert change[investors] == pytest.approx([left - 0.5, 0.0, left * 3 / 4])
    assert case.entities.claim[bank] == pytest.approx([0.0, 100 - left, 3 - left / 4])
    assert change.sum(axis=0) == pytest.approx(0.0, abs=1e-9)


def test_claims_that_are_paid_in_full_are_gone_to_the_last_bit_and_what_comes_later_is_investors():
    lanes = 2_000
    case, draw = seized(units=6_000.0, lanes=lanes), np.random.default_rng(11)
    holders = [case.at("bank_one"), case.at("cloud_big"), case.at("lab_one")]
    case.entities.claim[holders] = np.exp(draw.normal(0.0, 1.0, (3, lanes)) - 2.0)
    assert case.entities.claim.sum(axis=0).max() < 1_000 * PRICE * 0.92  # there is enough for all
    sell(case)
    later = sell(case)

    assert np.isfinite(case.entities.claim).all()
    assert not case.entities.claim.any()
    assert later[case.at("world_investors")] == pytest.approx(1_000 * 5 / 6 * PRICE * 0.92)


def test_what_is_sold_presses_values_next_month_and_only_then():
    case = seized()
    sell(case)

    assert case.equipment.value[case.at("h100")] == pytest.approx(16_000)
    assert case.equipment.impact == pytest.approx(0.0)


def test_a_failed_owners_units_stay_in_supply_and_every_unit_is_accounted_for():
    case = calm(Case()).set(restructuring_probability_base=0.0)
    neo = case.at("neo_one")
    case.requests.failure[neo, 1:] = 1.0
    case.start().run(24)
    h100 = case.at("h100")

    mine = case.pairs.equipment == h100
    running = case.pairs.units[mine].sum(axis=0) + case.equipment.pool[h100]
    assert case.equipment.seized[h100] == pytest.approx(8_000)
    assert running == pytest.approx(28_000, rel=0.02)
    assert case.pairs.extra[mine].sum(axis=0) + case.equipment.pool[h100] == pytest.approx(8_000)
    assert case.ledger.units_residual == pytest.approx(0.0, abs=1e-12)


def test_seized_units_press_rents_the_more_the_sooner_they_are_sold():
    case = calm(Case()).set(restructuring_probability_base=0.0, liquidation_months=[2.0, 1e6])
    case.requests.failure[case.at("neo_one"), 1:] = 1.0
    sooner, never = np.exp(case.start().run(12).world.log_rent)

    assert sooner < 0.9 * never
