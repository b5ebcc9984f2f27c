"""Debt: interest, principal, draws, and maturities that meet a market of finite capacity."""

import numpy as np
import pytest
from economies import SEED
from mechanism_blocks import NEVER, Case, calm

from deflator.engine.building import request_deliveries
from deflator.engine.codes import Trigger
from deflator.engine.debt import (
    borrow_anew,
    borrow_liquidity,
    charge_debt,
    draw_revolvers,
    find_maturing,
    measure_access,
    new_spread,
    ration_loans,
    secured_access,
    settle_maturities,
    waiver_chance,
)
from deflator.engine.funding import update_funding

FLOATING, FIXED = "neo_ddtl", "neo_notes"


def charge(case, month=1):
    """Write interest and scheduled principal of a month."""
    charge_debt(
        month, case.economy.months, case.world, case.entities, case.facilities, case.claims, case.amortisation,
        case.contracts, case.leases, case.causes, case.ledger,
    )  # fmt: skip
    return case.facilities


def access(case):
    """Measure and return the share of a request that lenders sign."""
    measure_access(case.world, case.entities)
    return case.entities.access


def request(case, month=1):
    """Measure lenders' capacity, ask for funds, and return the share that is granted."""
    update_funding(month, case.world, case.entities, case.requests)
    access(case)
    find_maturing(month, case.world, case.entities, case.contracts, case.leases, case.facilities)
    request_deliveries(month, case.world, case.entities, case.equipment, case.fleets, case.facilities, case.requests)
    ration_loans(case.world, case.entities)
    return case.world.granted


def settle(case, month=1, chance=True):
    """Convert, refinance, extend or call what falls due."""
    settle_maturities(
        month, np.uint64(SEED), case.paths, chance, case.world, case.entities, case.contracts, case.leases,
        case.facilities, case.claims, case.causes, case.ledger,
    )  # fmt: skip
    return case.facilities


def falls_due(case, name, amount):
    """Let so much of a facility fall due this month, and find what borrowers may borrow on their own credit."""
    access(case)
    case.facilities.maturing[case.at(name)] = amount
    case.facilities.maturing_paths[case.at(name)] = case.paths.size


def maturing(case, name, month=1.0):
    """Let one facility fall due in a month and no other."""
    case.facilities.maturity[...] = NEVER
    case.facilities.maturity[case.at(name)] = month
    return case


def test_the_base_rate_moves_interest_on_floating_debt_only():
    case = Case().start()
    case.world.base_rate[:] = [0.0365, 0.0565]
    interest = charge(case).interest

    assert interest[case.at("neo_ddtl")] == pytest.approx(84 * (0.0625 + np.array([0.0365, 0.0565])) / 12)
    assert interest[case.at("neo_notes")] == pytest.approx(60 * 0.0925 / 12)
    assert interest[case.at("big_notes")] == pytest.approx(8_000 * 0.042 / 12)


def test_principal_follows_the_profile():
    case = Case()
    case.facilities.profile[case.at("neo_notes")] = 2  # level pay
    case.facilities.maturity[case.at("neo_notes")] = 60.0
    principal = charge(case.start()).principal

    assert principal[case.at("neo_ddtl")] == pytest.approx(10.0)  # scheduled: 10 of 84 in the first month
    assert principal[case.at("hall_loan")] == pytest.approx(70 / 40)  # linear, the last in month 40
    assert principal[case.at("big_notes")] == pytest.approx(0.0)  # bullet
    rate = 0.0925 / 12
    assert principal[case.at("neo_notes")] == pytest.approx(60 * rate / ((1 + rate) ** 60 - 1))


def test_a_schedule_is_scaled_to_what_is_still_owed():
    case = Case().start()
    case.facilities.balance[case.at("neo_ddtl")] = [42.0, 0.0]

    assert charge(case).principal[case.at("neo_ddtl")] == pytest.approx([5.0, 0.0])


def test_a_sculpted_loan_is_repaid_as_its_contracts_bill():
    case = Case()
    k, c = case.at("neo_ddtl"), case.at("c_lab_h100")
    case.facilities.profile[k] = 4
    case.start()
    case.contracts.bill[c] = 5_000 * 2.1 * 730 / 1e6 * np.array([1.0, 0.5])

    assert charge(case).principal[k] == pytest.approx(84.0 * np.array([1.0, 0.5]) / 10.0)  # ten months are left


def test_interest_is_drawn_on_the_loan_by_the_rent_of_its_sites_under_construction():
    case = Case(lanes=4)
    case.leases.start[case.at("l_neo_1")] = [NEVER, NEVER, -20.0, -20.0]
    case.leases.start[case.at("l_neo_2")] = [NEVER, NEVER, NEVER, -20.0]
    case.switch(0, "delay").start()
    k, hall = case.at("hall_loan"), case.at("hall_one")
    case.facilities.undrawn[k, 1] = 0.1
    cash = case.entities.cash[hall].copy()
    charge(case)

    interest = 70 * (0.035 + 0.0365) / 12
    drawn = [interest, 0.1, interest * 11 / (24 + 11), 0.0]  # no more than is undrawn; of 35 of rent 11 is to come
    assert case.facilities.drawn[k] == pytest.approx(drawn)
    assert case.entities.cash[hall] - cash == pytest.approx(drawn)
    assert case.facilities.balance[k] == pytest.approx(70 + np.array(drawn))
    assert case.facilities.interest[k] == pytest.approx(interest)  # what is due is due in full


def test_lenders_refinance_half_of_a_request_where_openness_equals_the_share_of_debt_in_value():
    case = Case(lanes=3).set(refinancing_success_slope=6.0).start()
    neo = case.at("neo_one")
    case.entities.debt[neo] = 60.0
    case.entities.equity[neo] = [40.0, 1e6, -10.0]
    case.world.openness[:] = [0.6, 0.6, 0.01]

    assert access(case)[neo] == pytest.approx([0.5, 1 / (1 + np.exp(-3.6)), 1 / (1 + np.exp(0.99 * 6))], abs=1e-3)


def test_a_loan_on_a_site_is_refinanced_on_the_credit_of_who_pays_its_rent():
    case = Case(lanes=3).set(refinancing_success_slope=50.0).start()
    k, hall, neo, cloud = (case.at(name) for name in ("hall_loan", "hall_one", "neo_one", "cloud_big"))
    case.leases.due[case.at("l_neo_1")] = 2.0
    case.entities.equity[hall] = 0.0  # nobody would lend on its own credit
    case.entities.equity[neo] = [1e6, 0.0, 0.0]
    case.leases.guarantor[case.at("l_neo_1")] = cloud
    case.entities.equity[cloud] = [0.0, 1e9, 0.0]
    access(case)
    found = [
        secured_access(1, case.world, case.entities, case.contracts, case.leases, case.facilities, k, lane)
        for lane in range(3)
    ]

    assert [signed for signed, _, _ in found] == pytest.approx([1.0, 1.0, 0.0], abs=1e-3)
    assert [backed for _, backed, _ in found] == [True, True, False]
    assert found[0][2] == pytest.approx(99 - 1)  # to the end of the lease, in May 2034


def test_a_loan_is_backed_as_far_as_the_rent_covers_its_interest():
    case = Case().set(refinancing_success_slope=50.0).start()
    k = case.at("hall_loan")
    case.entities.equity[case.at("hall_one")] = 0.0
    case.entities.equity[case.at("neo_one")] = 1e6
    case.leases.due[case.at("l_neo_1")] = 2.0
    case.facilities.interest[k] = [2.0, 8.0]
    access(case)
    found = [
        secured_access(1, case.world, case.entities, case.contracts, case.leases, case.facilities, k, lane)[0]
        for lane in range(2)
    ]

    assert found == pytest.approx([1.0, 0.25], abs=1e-3)


def test_a_new_loan_costs_more_for_more_debt_and_in_tighter_markets():
    case = Case(lanes=4).start()
    neo = case.at("neo_one")
    case.entities.ebitda[neo] = 10 / 12
    case.entities.debt[neo] = [40.0, 80.0, 40.0, 40.0]
    case.world.openness[2] -= 0.1
    spread = [new_spread(case.world, case.entities, neo, False, lane) for lane in range(3)]

    assert spread == pytest.approx([0.065, 0.065 + 0.006 * 3.0, 0.065 + 0.06 * 0.1])
    assert new_spread(case.world, case.entities, neo, True, 3) == pytest.approx(0.045)


def test_capacity_is_rationed_pro_rata_when_maturities_bunch():
    def granted(*names):
        case = maturing(Case(), "neo_notes")
        for name in names:
            case.facilities.maturity[case.at(name)] = 1.0
        case.start()
        share = request(case).copy()
        settle(case)
        return share[0], case.world.capacity[0], case.facilities.refinanced[:, 0].sum()

    alone, _, _ = granted()
    bunched, capacity, refinanced = granted("big_notes", "neo_ddtl", "hall_loan")
    assert 0.0 < bunched < alone < 1.0
    assert refinanced == pytest.approx(capacity, rel=1e-9)


def test_a_maturity_within_the_year_is_refinanced_in_even_parts_before():
    case = maturing(Case(), "neo_notes", 8.0)
    case.facilities.maturity[case.at("big_notes")] = 13.0
    case.start()
    request(case)

    assert case.facilities.maturing[case.at("neo_notes")] == pytest.approx(60 / 8)  # months 1 to 8
    assert not case.facilities.maturing[case.at("big_notes")].any()


def test_a_loan_that_repays_itself_asks_the_market_for_nothing_before_its_last_month():
    case = maturing(Case(), "hall_loan", 10.0).start()
    request(case)

    assert charge(case).principal[case.at("hall_loan")] == pytest.approx(7.0)
    assert not case.facilities.maturing[case.at("hall_loan")].any()


def test_a_year_of_open_markets_leaves_nothing_due_at_maturity():
    case = calm(maturing(Case(), "neo_notes", 12.0)).set(refinancing_success_slope=50.0)
    case.entities.capital[case.at("bank_one")] = 1e5
    case.start().run(11)
    left = case.facilities.balance[case.at("neo_notes")].copy()

    assert left == pytest.approx(60 / 12, rel=0.01)
    case.run()
    assert case.facilities.balance[case.at("neo_notes")] == pytest.approx(0.0, abs=1e-6)
    assert case.facilities.balance[case.at("new:neo_one")].min() > 50.0
    assert not case.entities.break_month.any()


def test_refinancing_turns_the_old_loan_into_a_new_one_at_todays_price():
    case = maturing(Case(), "neo_notes").set(refinancing_success_slope=[50.0, 0.0]).start()
    case.entities.capital[case.at("bank_one")] = 1e5
    k, new = case.at("neo_notes"), case.at("new:neo_one")
    case.entities.ebitda[case.at("neo_one")] = 50.0
    request(case)
    settle(case)

    assert case.facilities.refinanced[k] == pytest.approx([60.0, 30.0], rel=1e-3)
    assert case.facilities.balance[new] == pytest.approx(case.facilities.refinanced[k])
    assert case.facilities.rate[new] == pytest.approx(0.065)
    assert case.facilities.principal[k] == pytest.approx(60.0)  # all falls due, the market's part is in cash


def test_with_funding_shut_nothing_is_refinanced_and_no_unsigned_loan_is_drawn():
    case = Case().switch(0, "delay").set(delivery_delay_mean_months=0.0)
    case.requests.funding_level[:] = 0.001
    case.set(funding_mean_reversion=1.0, refinancing_success_slope=50.0)
    case.facilities.maturity[case.at("neo_notes")] = 6.0
    case.start().run(6)

    assert case.world.openness == pytest.approx(0.001)
    assert case.facilities.balance[case.at("new:neo_one")] == pytest.approx(0.0, abs=0.01)
    assert case.facilities.balance[case.at("neo_pipeline")] == pytest.approx(0.0, abs=0.01)


def converting(price):
    """Return a convertible that falls due with shares at this price, and what is left to pay on it."""
    case = maturing(Case(), "neo_convert").set(conversion_buffer=1.1, waiver_probability_base=0.0).start()
    k, neo = case.at("neo_convert"), case.at("neo_one")
    case.entities.equity[neo] = 700.0 * np.array(price) / 79.56
    case.world.openness[:] = 1e-6
    falls_due(case, "neo_convert", 50.0)
    settle(case)
    return case, k, neo


def test_a_convertible_becomes_shares_above_its_price_with_the_buffer_and_is_due_in_cash_below():
    case, k, neo = converting([107.8 * 1.1 + 0.1, 107.8 * 1.1 - 0.1])

    assert case.facilities.converted[k] == pytest.approx([50.0, 0.0])
    assert case.facilities.balance[k] == pytest.approx([0.0, 50.0])
    assert case.facilities.principal[k] == pytest.approx([0.0, 50.0])
    assert case.entities.matured[neo] == pytest.approx([0.0, 50.0], abs=0.1)


def test_an_open_market_refinances_a_convertible_that_does_not_convert():
    case = maturing(Case(), "neo_convert").set(refinancing_success_slope=50.0).start()
    case.entities.capital[case.at("bank_one")] = 1e5
    request(case)
    settle(case)

    assert case.facilities.refinanced[case.at("neo_convert")] == pytest.approx(50.0, rel=1e-3)


def test_convertibles_are_not_refinanced_ahead_of_maturity():
    case = maturing(Case(), "neo_convert", 6.0).start()
    request(case)

    assert not case.facilities.maturing[case.at("neo_convert")].any()


def test_lenders_extend_what_the_borrower_cannot_pay_by_the_chance_of_a_waiver():
    lanes = 2_000
    case = maturing(Case(lanes=lanes), "neo_notes").set(waiver_probability_base=0.6, waiver_funding_slope=0.5)
    case.paths[:] = np.arange(lanes)
    case.start()
    case.world.openness[:] = 0.2
    falls_due(case, "neo_notes", 60.0)
    case.entities.cash[case.at("neo_one")] = 0.0
    settle(case)

    extended = case.facilities.until[case.at("neo_notes")] == 7.0
    assert extended.mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / lanes))
    assert (case.entities.soft_trigger[case.at("neo_one")][extended] == Trigger.EXTENSION).all()
    assert (case.entities.matured[case.at("neo_one")][~extended] > 0.0).all()


@pytest.mark.parametrize(("likely", "extended"), [(0.51, True), (0.49, False)])
def test_without_chance_lenders_extend_where_it_is_more_likely_than_not(likely, extended):
    case = maturing(Case(), "neo_notes").set(waiver_probability_base=likely, waiver_funding_slope=0.0).start()
    falls_due(case, "neo_notes", 60.0)
    case.entities.cash[case.at("neo_one")] = 0.0
    settle(case, chance=False)

    assert (case.facilities.until[case.at("neo_notes")] == (7.0 if extended else 1.0)).all()
    assert (case.entities.matured[case.at("neo_one")] == 0.0).all() == extended


def test_the_chance_of_a_waiver_falls_with_openness():
    case = Case(lanes=3).set(waiver_probability_base=0.6, waiver_funding_slope=[0.5, 0.5, 2.0]).start()
    case.world.openness[:] = [1.0, 0.4, 0.1]

    assert [waiver_chance(case.world, lane) for lane in range(3)] == pytest.approx([0.6, 0.3, 0.0])


def test_the_market_signs_by_what_a_firm_was_worth_a_month_ago_and_by_how_open_it_is_today():
    case = Case().set(refinancing_success_slope=6.0).start()
    case.requests.funding_shift[1] = -2.0
    case.run()
    firms = [case.at(name) for name in ("neo_one", "hall_one", "cloud_big")]
    found = (case.entities.debt, case.entities.equity, case.entities.access, case.world.openness)
    debt, equity, signed, openness = (values.copy() for values in found)
    case.run()

    assert case.world.openness[0] != openness[0]
    leverage = debt[firms] / (debt[firms] + np.maximum(equity[firms], 0.0))
    expected = 1 / (1 + np.exp(-6.0 * (case.world.openness - leverage)))
    assert case.entities.access[firms] == pytest.approx(expected)
    assert case.entities.access[firms] != pytest.approx(signed[firms])


def test_access_is_measured_once_so_that_the_order_of_borrowers_does_not_matter():
    case = maturing(Case(), "neo_notes").set(refinancing_success_slope=6.0).start()
    case.entities.capital[case.at("bank_one")] = 1e5
    neo, k = case.at("neo_one"), case.at("neo_notes")
    request(case)
    signed = case.entities.access[neo].copy()
    case.entities.debt[neo] += 1e3  # what it borrows meanwhile counts from next month
    case.entities.equity[neo] = 0.0
    settle(case)

    assert case.facilities.refinanced[k] == pytest.approx(60.0 * signed * case.world.granted)
    assert (access(case)[neo] < signed).all()


def test_a_new_loan_on_top_of_an_old_one_averages_rate_and_term_by_amount():
    case = Case(lanes=3).start()
    neo, k = case.at("neo_one"), case.at("new:neo_one")
    case.entities.ebitda[neo] = 1e3
    case.facilities.balance[k], case.facilities.rate[k], case.facilities.months_left[k] = 30.0, 0.095, 20.0
    case.world.amount[:] = [10.0, 0.0, 10.0]
    case.world.term[:] = 40.0
    case.world.backed[:] = [0.0, 0.0, 1.0]  # on a better payer's credit
    cash = case.entities.cash[neo].copy()
    borrow_anew(case.world, case.entities, case.facilities, case.claims, case.ledger, neo)

    assert case.facilities.balance[k] == pytest.approx([40.0, 30.0, 40.0])
    rates = [0.095 * 0.75 + 0.065 * 0.25, 0.095, 0.095 * 0.75 + 0.045 * 0.25]
    assert case.facilities.rate[k] == pytest.approx(rates)
    assert case.facilities.months_left[k] == pytest.approx([25.0, 20.0, 25.0])
    assert case.entities.cash[neo] - cash == pytest.approx([10.0, 0.0, 10.0])


def borrow(case):
    """Let firms borrow what they lack, and return their new loans."""
    request(case)
    borrow_liquidity(case.world, case.entities, case.facilities, case.claims, case.ledger)
    return case.facilities.balance


def test_a_firm_below_its_buffer_borrows_what_it_lacks_unless_its_draws_are_stopped():
    case = maturing(Case(lanes=3), "big_notes", NEVER).set(refinancing_success_slope=50.0, early_action_buffer=1.5)
    case.entities.capital[case.at("bank_one")] = 1e5
    case.start()
    neo = case.at("neo_one")
    case.entities.ebitda[neo] = 0.0
    case.entities.cash[neo] = [30.0, 40.0, 30.0]  # it wants half more than its least of 25
    case.entities.draw_stopped[neo] = [0, 0, 1]

    assert borrow(case)[case.at("new:neo_one")] == pytest.approx([37.5 - 30.0, 0.0, 0.0], rel=1e-3)
    assert case.entities.cash[neo] == pytest.approx([37.5, 40.0, 30.0], rel=1e-3)


def test_a_signed_revolver_is_drawn_before_anything_is_missed():
    case = Case(lanes=3).start()
    k, neo = case.at("neo_ddtl"), case.at("neo_one")
    case.facilities.revolver[k] = 1
    case.facilities.stopped[k, 2] = 1
    need = np.zeros_like(case.entities.cash)
    need[neo] = [10.0, 50.0, 10.0]
    draw_revolvers(case.world, case.entities, case.facilities, case.claims, case.ledger, need)

    assert case.facilities.drawn[k] == pytest.approx([10.0, 36.0, 0.0])  # 36 is undrawn
    assert need[neo] == pytest.approx([0.0, 14.0, 10.0])


def test_debt_of_every_loan_rolls_forward_month_by_month():
    case = Case().start()
    for _ in range(12):
        before = case.facilities.balance.copy()
        case.run()
        moves = case.facilities
        after = before + moves.drawn - moves.repaid - moves.written_off - moves.converted
        assert moves.balance == pytest.approx(after)
