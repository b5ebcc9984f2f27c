"""Covenants: tests on their dates, headroom as a distance, cures and waivers, and what follows a breach."""

from dataclasses import replace

import numpy as np
import pytest
from economies import SEED, book, economy
from mechanism_blocks import Case, changed_book, packed

from deflator.engine import covenants as terms
from deflator.engine.codes import Trigger
from deflator.engine.market import count_units

COUNTERFACTUAL = ("covenants.counterfactual=on",)
LIQUIDITY, COVERAGE, LTV, CROSS_DEFAULT, DSCR = range(5)  # in the order of the tiny book


def check(case, month, chance=True):
    """Test the covenants of a month and return their headroom."""
    terms.test_covenants(
        month, np.uint64(SEED), case.paths, chance, case.world, case.entities, case.equipment, case.fleets,
        case.contracts, case.leases, case.facilities, case.covenants, case.causes, case.ledger,
    )  # fmt: skip
    return case.covenants.headroom


def ready(lanes=2, settings=()):
    """Return a case at month 0 in which no lender waives and no sponsor cures."""
    case = Case(economy(settings=settings), lanes).set(waiver_probability_base=0.0, sponsor_cure_willingness=0.0)
    case.start()
    count_units(0, case.world, case.fleets, case.pairs, case.equipment)
    return case


def test_headroom_is_how_far_the_figure_may_worsen():
    case = ready(lanes=3)
    case.entities.cash[case.at("neo_one")] = [30.0, 15.0, 12.0]

    assert check(case, 3)[LIQUIDITY] == pytest.approx([1.0, 0.0, -0.2])


def test_covenants_are_tested_on_their_dates_only():
    case = ready()
    k = case.at("neo_ddtl")
    case.entities.cash[case.at("neo_one")] = 1.0
    for month in (1, 2):
        check(case, month)
        assert not case.facilities.stopped[k].any()
    check(case, 3)

    assert case.facilities.stopped[k].all()


def test_a_draw_stop_ends_when_the_test_is_met_again():
    case = ready()
    k, neo = case.at("neo_ddtl"), case.at("neo_one")
    case.entities.cash[neo] = 1.0
    check(case, 3)
    case.entities.cash[neo] = [100.0, 1.0]
    check(case, 4)

    assert case.facilities.stopped[k].tolist() == [0, 1]
    assert case.covenants.breached[LIQUIDITY].tolist() == [0, 2]


def test_a_loan_that_is_repaid_breaches_nothing():
    case = ready()
    case.entities.cash[case.at("neo_one")] = 1.0
    case.facilities.balance[case.at("neo_ddtl")] = [0.0, 84.0]
    check(case, 3)

    assert case.facilities.stopped[case.at("neo_ddtl")].tolist() == [0, 1]


def test_a_willing_sponsor_puts_in_what_a_liquidity_test_lacks():
    lanes = 4_000
    case = ready(lanes).set(sponsor_cure_willingness=0.6)
    case.paths[:] = np.arange(lanes)
    neo, investors = case.at("neo_one"), case.at("world_investors")
    case.entities.cash[neo] = 5.0
    before = case.entities.cash[investors].copy()
    check(case, 3)
    cured = case.entities.cash[neo] > 5.0

    assert case.entities.cash[neo][cured] == pytest.approx(15.0)
    assert case.entities.cash[neo][~cured] == pytest.approx(5.0)
    assert before - case.entities.cash[investors] == pytest.approx(case.entities.cash[neo] - 5.0)
    assert cured.mean() == pytest.approx(0.6 * 0.78, abs=4 * np.sqrt(0.25 / lanes))


@pytest.mark.parametrize(("willingness", "cured"), [(0.65, True), (0.63, False)])
def test_without_chance_sponsors_cure_where_it_is_more_likely_than_not(willingness, cured):
    case = ready().set(sponsor_cure_willingness=willingness)  # times openness of 0.78: just above or below a half
    neo = case.at("neo_one")
    case.entities.cash[neo] = 5.0
    check(case, 3, chance=False)

    assert case.entities.cash[neo] == pytest.approx(15.0 if cured else 5.0)


@pytest.mark.parametrize(("likely", "waived"), [(0.51, True), (0.49, False)])
def test_without_chance_lenders_waive_where_it_is_more_likely_than_not(likely, waived):
    case = ready().set(waiver_probability_base=likely, waiver_funding_slope=0.0)
    case.entities.missed[case.at("neo_one")] = 12.0  # the notes allow 10
    check(case, 1, chance=False)
    check(case, 2, chance=False)

    assert (case.entities.covenant_default[case.at("neo_one")] == (0 if waived else 1)).all()
    assert (case.entities.soft_trigger[case.at("neo_one")] == Trigger.EXTENSION).all() == waived


def ltv(case, fall, channel=1):
    """Let second-hand values fall and test."""
    case.switch(channel, "collateral")
    case.equipment.appraised[...] *= fall
    return check(case, 1)[LTV]


@pytest.mark.parametrize(
    ("settings", "channel", "trips"), [(COUNTERFACTUAL, 1, True), (COUNTERFACTUAL, 0, False), ((), 1, False)]
)
def test_halved_values_trip_a_loan_to_value_test_only_where_the_scenario_has_such_terms(settings, channel, trips):
    case = ready(settings=settings)
    case.facilities.balance[case.at("neo_ddtl")] = 84.0  # against 8,000 units at 16,000: 66 percent
    ltv(case, [0.5, 1.0], channel)
    check(case, 2)

    assert case.covenants.breached[LTV].tolist() == [2 * trips, 0]
    call = 84.0 - 0.8 * 64.0 if trips else 0.0
    assert case.facilities.swept[case.at("neo_ddtl")] == pytest.approx([call, 0.0])


def test_loan_to_value_headroom_is_the_share_by_which_the_loan_may_grow_too_large():
    case = ready(settings=COUNTERFACTUAL)

    assert ltv(case, [0.5, 1.0]) == pytest.approx([1 - 84 / 64 / 0.8, 1 - 84 / 128 / 0.8])


def test_units_that_are_worth_nothing_secure_nothing():
    case = ready(settings=COUNTERFACTUAL)

    assert ltv(case, [0.0, 1.0])[0] < 0.0


def test_contracted_coverage_counts_what_pledged_contracts_bill_until_the_loan_ends():
    case = ready(lanes=3)
    k, c = case.at("neo_ddtl"), case.at("c_lab_h100")
    case.contracts.active[c] = [1.0, 0.5, 0.5]
    case.facilities.until[k, 2] = 5.0
    room = check(case, 3)[COVERAGE]

    monthly = 5_000 * 2.1 * 730 / 1e6
    months = np.array([11 - 3, 11 - 3, 5 - 3])
    assert room == pytest.approx(monthly * np.array([1.0, 0.5, 0.5]) * months / 84.0 / 1.1 - 1.0)


def test_a_breach_past_cure_sweeps_half_of_the_spare_cash():
    case = ready()
    k, neo = case.at("neo_ddtl"), case.at("neo_one")
    case.contracts.active[case.at("c_lab_h100")] = [0.0, 1e3]
    case.entities.cash[neo] = 200.0
    buffer = 1.5 * 25.0
    for month in (3, 4):  # it may be cured for two months
        check(case, month)
        assert not case.facilities.swept[k].any()
    check(case, 5)

    assert case.facilities.swept[k] == pytest.approx([0.5 * (200 - buffer), 0.0])


def test_service_coverage_is_what_the_collateral_earns_over_what_is_due():
    case = ready(lanes=3)
    k = case.at("hall_loan")
    case.leases.delay[...] = 0.0
    case.leases.start[case.at("l_neo_2")] = -1.0  # both sites have opened
    case.changed()
    case.facilities.interest[k] = 0.5
    case.facilities.principal[k] = 1.0
    case.leases.due[case.at("l_neo_1")] = [3.0, 1.0, 1.0]
    case.facilities.refinanced[k] = [0.0, 0.0, 1.0]  # the market pays that part
    room = check(case, 3)[DSCR]

    assert room == pytest.approx([3.0 / 1.5 / 1.15 - 1, 1.0 / 1.5 / 1.15 - 1, 1.0 / 0.5 / 1.15 - 1])


def test_sites_that_have_not_all_opened_are_not_tested_for_service_coverage():
    case = ready()
    k = case.at("hall_loan")
    case.facilities.interest[k] = 5.0

    assert check(case, 3)[DSCR] == pytest.approx(1.0)


def test_income_of_pledged_units_counts_after_power_and_operations():
    case = ready()
    case.contracts.bill[case.at("c_lab_h100")] = 10.0
    terms.collateral_cash_flow(
        case.world, case.entities, case.equipment, case.fleets, case.contracts, case.leases, case.facilities,
        case.at("neo_ddtl"),
    )  # fmt: skip

    assert case.world.amount == pytest.approx(10.0 - 8_000 * (1.4 * 1.25 * 60 / 1_000 + 0.12) * 730 / 1e6)


def test_a_loan_without_pledged_income_is_measured_on_what_its_borrower_earns():
    case = ready()
    case.entities.ebitda[case.at("neo_one")] = [7.0, -2.0]
    terms.collateral_cash_flow(
        case.world, case.entities, case.equipment, case.fleets, case.contracts, case.leases, case.facilities,
        case.at("neo_notes"),
    )  # fmt: skip

    assert case.world.amount == pytest.approx([7.0, -2.0])


def test_missed_payments_elsewhere_are_an_event_of_default_after_cure_unless_lenders_waive():
    case = ready(lanes=3)
    neo = case.at("neo_one")
    case.parameter("waiver_probability_base")[:] = [0.0, 0.0, 1.0]
    case.parameter("waiver_funding_slope")[:] = 0.0
    case.entities.missed[neo] = [12.0, 9.0, 12.0]  # the notes allow 10
    check(case, 1)
    assert not case.entities.covenant_default[neo].any()  # a month to cure
    check(case, 2)

    assert case.entities.covenant_default[neo].tolist() == [1, 0, 0]
    assert case.entities.soft_trigger[neo].tolist() == [0, 0, Trigger.EXTENSION]


def test_an_event_of_default_breaks_the_borrower_by_covenant():
    case = Case().set(waiver_probability_base=0.0)
    case.start()
    case.entities.covenant_default[case.at("neo_one")] = [1, 0]
    case.run()

    assert case.entities.break_month[case.at("neo_one")].tolist() == [1, 0]
    assert case.entities.break_trigger[case.at("neo_one"), 0] == Trigger.COVENANT


def test_leverage_and_loan_to_cost_are_measured_against_their_threshold():
    row = {"test_every_months": 1.0, "cure_months": 0.0, "consequence": "draw_stop", "case": "book"}
    rows = {
        "neo_notes|leverage|book": {"facility": "neo_notes", "test": "leverage", "threshold": 6.0,
                                    "unit": "x_debt_to_ebitda", **row},
        "hall_loan|loan_to_cost|book": {"facility": "hall_loan", "test": "loan_to_cost", "threshold": 0.8,
                                        "unit": "loan_to_cost", **row},
    }  # fmt: skip
    case = Case(packed(changed_book(added={"covenants": rows})), lanes=3).start()
    neo = case.at("neo_one")
    case.entities.debt[neo] = 120.0
    case.entities.ebitda[neo] = np.array([40.0, 15.0, -1.0]) / 12
    case.facilities.balance[case.at("hall_loan")] = [40.0, 120.0, 128.0]
    room = check(case, 1)

    assert room[5, :2] == pytest.approx([1 - 3 / 6, 1 - 8 / 6])
    assert room[5, 2] < -1.0
    assert case.facilities.stopped[case.at("neo_notes")].tolist() == [0, 1, 1]
    cost = 100.0 + 0.0 * 60.0  # the commitment and what was built since
    assert room[6] == pytest.approx(1 - np.array([40.0, 120.0, 128.0]) / (0.8 * cost))


def test_the_draw_of_a_waiver_does_not_depend_on_the_order_of_covenants():
    def defaulted(order):
        table = book().tables["covenants"]
        rows = [table.rows[place] for place in order]
        table = replace(table, rows=tuple(rows), keys=tuple(table.keys[place] for place in order))
        turned = replace(book(), tables={**book().tables, "covenants": table})
        case = Case(packed(turned), lanes=64).set(waiver_probability_base=0.5, waiver_funding_slope=0.0)
        case.paths[:] = np.arange(64)
        case.start()
        case.entities.missed[case.at("neo_one")] = 12.0
        check(case, 1)
        check(case, 2)
        return case.entities.covenant_default[case.at("neo_one")]

    there, back = defaulted(range(5)), defaulted(range(4, -1, -1))
    assert 0 < there.sum() < 64
    assert there.tolist() == back.tolist()
