"""Contracts: bills at their own price, take-or-pay, prepayments, backstops, lateness, and what happens at their end."""

import math

import numpy as np
import pytest
from mechanism_blocks import NEVER, Case, calm

from deflator.engine.contracts import bill_contracts, roll_contracts, value_contracts
from deflator.engine.market import count_units, offer_units
from deflator.engine.valuation import annuity

MONTHLY = 730.0 / 1e6


def roll(case, month):
    """Let contracts be cancelled, end and be renewed."""
    roll_contracts(month, case.world, case.entities, case.equipment, case.pairs, case.contracts, case.requests)
    return case.contracts


def bill(case, month=1):
    """Return the bills of a month."""
    count_units(month, case.world, case.fleets, case.pairs, case.equipment)
    offer_units(month, case.world, case.entities, case.pairs, case.equipment, case.contracts)
    bill_contracts(
        month, case.world, case.entities, case.equipment, case.pairs, case.contracts, case.causes, case.ledger
    )
    return case.contracts.bill


def test_a_bill_is_units_at_the_contracts_own_price_whatever_the_spot_rent():
    case = Case().start()
    case.equipment.rent[...] = 0.1
    bills = bill(case)

    assert bills[case.at("c_lab_h100")] == pytest.approx(5_000 * 2.1 * MONTHLY)
    assert bills[case.at("c_big_b200")] == pytest.approx(1_500 * 2.8 * MONTHLY)
    assert not bills[case.at("c_lab_b200")].any()  # starts in month 5


def test_a_seller_without_the_units_bills_only_what_it_delivers():
    case = Case().start()
    case.fleets.paid[case.fleet("neo_h100")] = [0.5, 1.0]  # 4,000 units are left for a contract over 5,000
    case.changed()

    assert bill(case)[case.at("c_lab_h100")] == pytest.approx([4_000 * 2.1 * MONTHLY, 5_000 * 2.1 * MONTHLY])


def test_take_or_pay_floors_the_bill_of_a_distressed_buyer():
    case = Case(lanes=3).start()
    case.entities.distress[case.at("apps")] = [0.2, 0.4, 0.9]  # it pays for at least 60 percent
    case.entities.distress[case.at("lab_one")] = [0.0, 0.03, 0.9]  # at least 95 percent
    bills = bill(case)

    assert bills[case.at("c_apps_h100")] == pytest.approx(12_000 * 2.2 * MONTHLY * np.array([0.8, 0.6, 0.6]))
    assert bills[case.at("c_lab_h100")] == pytest.approx(5_000 * 2.1 * MONTHLY * np.array([1.0, 0.97, 0.95]))


def test_a_backstop_pays_only_for_units_that_nobody_took():
    case = Case(lanes=3).set(guarantor_performance=0.97).start()
    neo, backstop = case.pair("neo_one", "h100"), case.at("c_chip_backstop")
    bill(case)
    case.pairs.let[neo] = [3_000.0, 2_000.0, 0.0]  # of 3,000 that are not under contract
    bill_contracts(1, case.world, case.entities, case.equipment, case.pairs, case.contracts, case.causes, case.ledger)

    unsold = np.array([0.0, 1_000.0, 2_000.0])  # it is bound for 2,000 at most
    assert case.contracts.bill[backstop] == pytest.approx(0.97 * unsold * 1.2 * MONTHLY)


def test_a_prepayment_is_paid_the_month_before_the_start_and_credited_over_the_term():
    case = Case().switch(0, "delay").start()
    c, lab, neo = case.at("c_lab_b200"), case.at("lab_one"), case.at("neo_one")
    case.fleets.paid[case.fleet("d_neo_b200")] = 1.0  # the units are there
    case.changed()
    cash = case.entities.cash.copy()

    bill(case, 4)
    assert case.contracts.credit[c] == pytest.approx(10.0)
    assert case.entities.cash[lab] - cash[lab] == pytest.approx(-10.0)
    assert case.entities.cash[neo] - cash[neo] == pytest.approx(10.0)

    full = 2_500 * 2.7 * MONTHLY
    billed = [bill(case, month)[c, 0] for month in range(5, 25)]
    assert billed == pytest.approx([full - 10.0 / 36.0] * 20)
    assert case.contracts.credit[c] == pytest.approx(10.0 * 16.0 / 36.0)


@pytest.mark.parametrize(("start", "left"), [(1.0, 36), (-10.0, 25)])
def test_what_was_prepaid_by_the_as_of_month_is_credited_over_the_rest_of_the_term(start, left):
    case = Case()
    c = case.at("c_lab_h100")
    case.contracts.start[c], case.contracts.end[c] = start, start + 36.0
    case.contracts.prepaid[c] = 10.0
    case.start()

    assert bill(case)[c] == pytest.approx(5_000 * 2.1 * MONTHLY - 10.0 / 36.0)
    assert case.contracts.credit[c] == pytest.approx(10.0 * (left - 1) / 36.0)


def test_a_buyer_without_cash_prepays_what_it_has():
    case = Case().start()
    case.entities.cash[case.at("lab_one")] = [4.0, -1.0]
    bill(case, 4)

    assert case.contracts.credit[case.at("c_lab_b200")] == pytest.approx([4.0, 0.0])


def test_with_rents_halved_a_seller_whose_contracts_outlast_the_horizon_bills_the_same():
    def billed(rent):
        case = calm(Case())
        case.requests.rent_level[1:] = rent
        case.start()
        sold = case.contracts.seller == case.at("neo_one")
        kept = sold & (case.contracts.backstop == 0)
        return [case.run().contracts.bill[kept, 0].sum() for _ in range(24)]

    assert billed(1.1) == pytest.approx(billed(2.2))
    assert billed(1.1) == pytest.approx([5_000 * 2.1 * MONTHLY + 1_500 * 2.8 * MONTHLY] * 24)


def ends(case, name, month):
    """Let one contract end in a month and the others never."""
    case.contracts.end[...] = 2.0 * NEVER
    case.contracts.end[case.at(name)] = month
    return case


def test_a_contract_that_ends_is_renewed_at_the_spot_rent_less_the_discount():
    case = ends(Case(), "c_lab_h100", 3.0).set(renewal_price_discount=0.1, renewal_term_months=24.0).start()
    case.equipment.rent[case.at("h100")] = [3.0, 1.0]
    c = case.at("c_lab_h100")

    assert roll(case, 2).price[c] == pytest.approx(2.1)
    assert roll(case, 3).price[c] == pytest.approx([2.7, 0.9])
    assert case.contracts.until[c] == pytest.approx(3 + 24)
    assert case.contracts.active[c] == pytest.approx(1.0)


def test_a_buyer_that_leaves_or_renews_nothing_frees_the_units():
    case = Case()
    leaves, renews_none, renews_half = (case.at(name) for name in ("c_big_b200", "c_lab_h100", "c_apps_h100"))
    case.contracts.end[...] = 3.0
    case.contracts.renewal[leaves] = 2  # leaves
    case.requests.renewal_scale[case.at("lab_one")] = 0.0
    case.requests.renewal_scale[case.at("apps")] = 0.5
    roll(case.start(), 3)

    assert not case.contracts.active[[leaves, renews_none]].any()
    assert case.contracts.active[renews_half] == pytest.approx(0.5)
    offer_units(4, case.world, case.entities, case.pairs, case.equipment, case.contracts)
    assert case.pairs.contracted[case.pair("neo_one", "h100")] == pytest.approx(0.0)


def test_a_distressed_buyer_renews_the_less():
    case = ends(Case(), "c_lab_h100", 3.0).start()
    case.entities.distress[case.at("lab_one")] = [0.3, 0.0]

    assert roll(case, 3).active[case.at("c_lab_h100")] == pytest.approx([0.7, 1.0])


def insourcing(case, own_units=1e6, offer=3.75):
    """Let the hyperscaler's contract end in month 12, with own units that came since and a rent on offer."""
    ends(case, "c_big_b200", 12.0).start()
    case.entities.own_arrived[case.at("cloud_big")] = own_units
    case.equipment.rent[case.at("b200")] = offer
    roll(case, 12)
    return case.contracts.active[case.at("c_big_b200")]


def test_a_buyer_moves_to_cheaper_own_units_as_fast_as_it_can_convert():
    case = Case().set(insourcing_max_speed_annual=[0.35, 2.0], renewal_price_discount=0.0)
    kept = insourcing(case)

    cheaper = 1.0 / (1.0 + math.exp(-(3.75 - 0.55 * 3.75) / (0.1 * 3.75)))
    assert kept == pytest.approx([1.0 - 0.35 * cheaper, 1.0 - cheaper])


def test_a_buyer_moves_no_more_than_its_own_units_carry():
    case = Case(lanes=3).set(insourcing_max_speed_annual=2.0)
    rented = 1_500 * math.sqrt(3.5 * 2.2)

    assert insourcing(case, own_units=[0.0, 0.5 * rented, 9.0 * rented]) == pytest.approx([1.0, 0.5, 0.0], abs=0.03)


def test_room_is_used_up_once():
    case = Case().set(insourcing_max_speed_annual=2.0)
    rented = 1_500 * math.sqrt(3.5 * 2.2)
    first = insourcing(case, own_units=rented).copy()
    case.contracts.active[case.at("c_big_b200")] = 1.0
    case.contracts.until[case.at("c_big_b200")] = 13.0
    second = roll(case, 13).active[case.at("c_big_b200")]

    assert first == pytest.approx(0.0, abs=0.03)
    assert second == pytest.approx(1.0, abs=0.03)


def test_contracts_that_end_together_lose_the_same_share_to_own_units():
    case = Case().set(insourcing_max_speed_annual=2.0)
    first, second = case.at("c_big_b200"), case.at("c_lab_b200")
    case.contracts.buyer[second] = case.at("cloud_big")
    case.contracts.renewal[second] = case.contracts.renewal[first]
    for figure in (case.contracts.units, case.contracts.start):
        figure[second] = figure[first]
    case.switch(0, "delay")
    case.contracts.end[...] = 12.0
    case.start()
    case.entities.own_arrived[case.at("cloud_big")] = 1_500 * math.sqrt(3.5 * 2.2)
    case.equipment.rent[case.at("b200")] = 3.75
    kept = roll(case, 12).active

    assert kept[first] == pytest.approx(0.5, abs=0.02)
    assert kept[second] == pytest.approx(kept[first])


def test_a_buyer_keeps_a_contract_that_is_cheaper_than_its_own_units():
    case = Case().set(insourcing_max_speed_annual=2.0)

    assert insourcing(case, offer=0.2 * 3.75) == pytest.approx(1.0, abs=1e-3)


def test_with_the_channel_insourcing_off_no_contract_is_lost_to_own_units():
    case = Case().switch(0, "insourcing").set(insourcing_max_speed_annual=2.0)

    assert insourcing(case) == pytest.approx(1.0)
    assert not case.entities.insourced.any()


def test_a_scenario_scales_the_speed_of_moving_to_own_units():
    case = Case().set(insourcing_max_speed_annual=0.2)
    case.requests.insourcing_scale[case.at("cloud_big")] = 0.0

    assert insourcing(case) == pytest.approx(1.0)


def late(case, months, right=4.0):
    """Let the contract on new units start so many months late."""
    case.contracts.delay_right[case.at("c_lab_b200")] = right
    case.start()
    case.contracts.delay[case.at("c_lab_b200")] = months
    return case.changed()


def test_a_buyer_cancels_with_the_hazard_once_the_delay_right_is_passed_and_never_before():
    case = late(Case().set(delay_termination_hazard=0.1), [12.0, 0.0])
    c = case.at("c_lab_b200")  # planned for month 5, so the right begins after month 9

    for month in range(1, 10):
        assert roll(case, month).active[c] == pytest.approx(1.0)
    for month in range(10, 15):
        assert roll(case, month).active[c] == pytest.approx([0.9 ** (month - 9), 1.0])
    left = roll(case, 17).active[c]
    assert left == pytest.approx([0.9**5, 1.0])  # it started in month 17


def test_without_a_right_or_with_the_channel_delay_off_nobody_cancels():
    bound = late(Case(), 15.0, right=np.inf)
    off = late(Case().switch(0, "delay"), 15.0)
    for case in (bound, off):
        for month in range(1, 20):
            roll(case, month)
        assert case.contracts.active[case.at("c_lab_b200")] == pytest.approx(1.0)


def valued(case, decline=0.0):
    """Return the value of every contract at month 0, of units that are always let and live for long."""
    case.world.expected_decline[:] = decline
    case.world.market[2] = 1.0
    case.equipment.value_scale[...] = 1.0
    case.equipment.life[...] = NEVER
    value_contracts(0, case.world, case.equipment, case.pairs, case.contracts)
    return case.contracts.pv


def test_a_contract_at_the_spot_rent_is_worth_nothing():
    case = Case()
    case.contracts.start_rent[case.at("c_lab_h100")] = 2.2
    case.contracts.start_rent[case.at("c_lab_b200")] = 3.75

    assert valued(case.start())[case.at("c_lab_h100")] == pytest.approx(0.0, abs=1e-9)
    assert case.contracts.pv[case.at("c_lab_b200")] == pytest.approx(0.0, abs=1e-9)


def test_a_contract_is_worth_the_discounted_gap_to_spot_until_it_ends():
    case = Case().set(appraisal_discount_rate=[0.0, 0.12]).start()
    case.equipment.rent[case.at("h100")] = 1.6
    value = valued(case)[case.at("c_lab_h100")]

    yearly = 5_000 * 0.5 * MONTHLY * 12.0
    assert value == pytest.approx([yearly * 11 / 12, yearly * (1 - math.exp(-0.11)) / 0.12])


def test_a_contract_is_compared_with_the_rent_at_which_the_units_are_valued():
    case = Case(lanes=3).set(appraisal_discount_rate=0.0).start()
    case.equipment.rent[case.at("h100")] = 4.0
    case.equipment.uncapped[case.at("h100")] = [1.0, 0.5, 0.25]  # the price of new units caps their value
    value = valued(case)[case.at("c_lab_h100")]

    assert value == pytest.approx(5_000 * (2.1 - np.array([4.0, 2.0, 1.0])) * MONTHLY * 11)


def test_a_contract_that_starts_later_is_discounted_from_there_and_spot_falls_until_then():
    case = Case().set(appraisal_discount_rate=0.12).start()
    case.contracts.delay[case.at("c_lab_b200")] = 0.0
    case.changed()
    case.contracts.until[case.at("c_lab_b200")] = 41.0
    value = valued(case, decline=0.3)[case.at("c_lab_b200")]

    wait = 5.0 / 12.0
    spot = 3.75 * math.exp(-0.3 * wait) * annuity(0.42, 3.0)
    yearly = 2_500 * MONTHLY * 12.0 * math.exp(-0.12 * wait)
    assert value == pytest.approx(yearly * (2.7 * annuity(0.12, 3.0) - spot))


def test_what_was_cancelled_and_what_has_ended_is_worth_nothing_and_a_backstop_is_no_sale():
    case = Case().start()
    case.equipment.rent[...] = 1.0
    case.contracts.active[case.at("c_lab_h100")] = [0.0, 0.5]
    case.contracts.until[case.at("c_apps_h100")] = 0.0
    value = valued(case)

    assert value[case.at("c_lab_h100"), 0] == 0.0
    assert value[case.at("c_lab_h100"), 1] > 0.0
    assert not value[[case.at("c_apps_h100"), case.at("c_chip_backstop")]].any()
