"""Demand: only what is uncontracted answers to price, budgets bind, cohorts thin out, and the short of cash cut."""

import math

import numpy as np
import pytest
from mechanism_blocks import Case, calm

from deflator.engine.contracts import roll_contracts
from deflator.engine.demand import form_demand, measure_contracts, measure_distress, thin_out_cohorts
from deflator.engine.market import measure_balance

OPEN = 0.78


def want(case, month=1):
    """Form the demand of a month."""
    measure_contracts(month, case.segments, case.pairs, case.equipment, case.contracts)
    form_demand(case.world, case.entities, case.segments)
    return case.segments.wanted


def test_cohorts_lose_members_only_in_excess_of_the_usual_rate():
    case = Case(lanes=3).start()
    apps = case.at("apps")
    case.world.openness[:] = [OPEN, 0.9, 0.38]
    thin_out_cohorts(case.world, case.entities)

    excess = 0.012 * (math.exp(2.5 * 0.4) - 1.0)
    on_rounds = 120.0 / (120.0 + 240.0)
    assert case.entities.attrition[apps] == pytest.approx([0.0, 0.0, excess * on_rounds])
    assert case.entities.going[apps] == pytest.approx([1.0, 1.0, 1.0 - excess * on_rounds])
    assert case.entities.staying[apps] == pytest.approx(case.entities.going[apps])


def test_a_cohort_that_lives_on_revenue_loses_nobody_and_firms_are_no_cohorts():
    case = Case()
    case.entities.planned_raise[case.at("apps")] = 0.0
    case.start()
    case.world.openness[:] = 0.01
    thin_out_cohorts(case.world, case.entities)

    assert not case.entities.attrition.any()


def test_members_that_leave_take_their_share_of_contracts_with_them():
    case = Case().start()
    case.entities.attrition[case.at("apps")] = [0.1, 0.0]
    roll_contracts(1, case.world, case.entities, case.equipment, case.pairs, case.contracts, case.requests)

    assert case.contracts.active[case.at("c_apps_h100")] == pytest.approx([0.9, 1.0])
    assert case.contracts.active[case.at("c_lab_h100")] == pytest.approx(1.0)


def test_a_lab_without_runway_cuts_step_by_step_and_one_with_runway_does_not():
    case = Case(lanes=3).start()
    lab = case.at("lab_one")
    case.entities.burn[lab] = [20.0, 20.0, -5.0]
    case.entities.cash[lab] = [0.0, 400.0, 0.0]  # no month, twenty months, and no burn at all
    for _ in range(3):
        measure_distress(case.world, case.entities)

    goal = 1.0 / (1.0 + math.exp(-4.0))
    assert case.entities.distress[lab] == pytest.approx([goal * (1.0 - 0.85**3), 0.0, 0.0], abs=1e-3)


@pytest.mark.parametrize(
    ("name", "parameter"), [("lab_one", "lab_min_runway_months"), ("apps", "cohort_runway_months")]
)
def test_who_needs_no_runway_cuts_nothing_as_long_as_it_has_cash(name, parameter):
    case = Case(lanes=3).set(lab_compute_cut_speed=1.0, **{parameter: 0.0}).start()
    i = case.at(name)
    case.entities.burn[i] = 20.0
    case.entities.cash[i] = [0.1, 400.0, 0.0]
    measure_distress(case.world, case.entities)

    assert case.entities.distress[i, :2] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert 0.0 <= case.entities.distress[i, 2] <= 1.0


def test_half_of_the_least_runway_is_where_a_lab_wants_to_cut_by_half():
    case = Case().set(lab_compute_cut_speed=1.0).start()
    lab = case.at("lab_one")
    case.entities.burn[lab] = 20.0
    case.entities.cash[lab] = 4.5 * 20.0
    measure_distress(case.world, case.entities)

    assert case.entities.distress[lab] == pytest.approx(0.5)


def test_the_short_of_cash_want_less_on_the_spot_market():
    case = Case().start()
    case.entities.distress[case.at("lab_one")] = [0.25, 0.0]
    lab = want(case)[1]

    assert lab[0] == pytest.approx(0.75 * lab[1])


def test_demand_grows_with_its_segment():
    case = Case().start()
    case.segments.log_index[0] = [math.log(1.5), 0.0]
    wanted = want(case)[0]

    spot, contracted = case.segments.start_units[0, 0], case.segments.start_contracted[0, 0]
    lacking = 0.5 * contracted  # what it would have under contract had its contracts grown as well
    assert wanted[1] == pytest.approx(spot)
    assert wanted[0] == pytest.approx(1.5 * spot + 0.14 * lacking)


def test_what_a_failed_seller_no_longer_delivers_is_sought_on_the_spot_market():
    case = Case().start()
    case.segments.displaced[1] = [1_000.0, 0.0]
    wanted = want(case)[1]

    assert wanted[0] - wanted[1] == pytest.approx(1_000.0)


def test_the_budget_is_a_share_of_revenue_and_capital_raised_less_what_contracts_cost():
    case = Case()
    case.segments.compute_share[0] = 0.9
    case.start()
    case.entities.raised[case.at("apps")] = [10.0, 0.0]
    want(case)

    contracted = 12_000 * 2.2 * 730 / 1e6
    slack = [max(0.9 * 30.0 - contracted, 0.0), max(0.9 * 20.0 - contracted, 0.0)]
    assert case.segments.limit[0] == pytest.approx(slack / case.world.unit_price_start)


def test_price_moves_uncontracted_demand_by_its_elasticity_until_the_budget_binds():
    case = Case(lanes=3).start()
    case.segments.wanted[...] = [[100.0], [0.0], [0.0]]
    case.segments.limit[...] = 150.0
    case.segments.elasticity[0] = 0.5
    measure_balance(case.world, case.equipment, case.segments, case.world.log_rent + np.log([1.0, 0.5, 4.0]))

    assert case.world.demand == pytest.approx([100.0, 100.0 * 0.5**-0.5, 150.0 / 4.0])


def test_price_does_not_move_what_is_under_contract():
    case = Case().start()
    case.world.log_rent[:] += [math.log(0.5), 0.0]
    want(case)

    assert case.segments.contracted_units[:, 0] == pytest.approx(case.segments.contracted_units[:, 1])
    assert case.segments.contracted_units[0] == pytest.approx(12_000.0)


def test_the_month_in_which_a_contract_is_renewed_adds_nothing_to_what_its_buyer_seeks_elsewhere():
    case = calm(Case())
    case.contracts.end[case.at("c_apps_h100")] = 10.0
    case.start()
    wanted = [case.run().segments.wanted[0].copy() for _ in range(12)]

    assert case.contracts.active[case.at("c_apps_h100")] == pytest.approx(1.0)
    assert np.array(wanted) == pytest.approx(np.full((12, 2), wanted[0]))


def test_the_month_in_which_a_late_contract_is_renewed_adds_nothing_either():
    case = calm(Case())
    case.contracts.end[case.at("c_apps_h100")] = 9.5  # a lateness of half a month at its start
    case.start()
    wanted = [case.run().segments.wanted[0].copy() for _ in range(12)]

    assert np.array(wanted) == pytest.approx(np.full((12, 2), wanted[0]))
