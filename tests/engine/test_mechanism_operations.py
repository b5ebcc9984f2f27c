"""Operations: what comes in from end users and space, and what power, operations, staff and space cost."""

import numpy as np
import pytest
from mechanism_blocks import Case, calm

from deflator.engine.codes import Cause
from deflator.engine.operations import (
    charge_leases,
    charge_operations,
    collect_revenue,
    measure_income,
    pay_out,
    relet_space,
)

MONTHLY = 730.0 / 1e6


def charge(case, month=1):
    """Return what operations cost each account in a month."""
    charge_operations(month, case.world, case.entities, case.equipment, case.pairs, case.fleets, case.causes)
    return case.entities.operating_due


def counted(case):
    """Count units as the market does: what is under contract and what is let."""
    case.start()
    case.pairs.let[...] = 0.0
    return case


def test_a_unit_costs_its_power_at_the_sites_overhead_and_its_operations():
    case = Case()
    case.fleets.units[case.fleet("d_neo_b200")] = 0.0
    due = charge(counted(case))[case.at("neo_one")]

    h100 = 5_000 * (1.4 * 1.25 * 60 / 1_000 + 0.12)
    b200 = 1_500 * (1.95 * 1.25 * 60 / 1_000 + 0.13)
    assert due == pytest.approx((h100 + b200) * MONTHLY + 30 / 12)


def test_the_price_of_power_moves_the_part_of_the_cost_that_is_power():
    case = counted(Case())
    case.world.power[:] = [2.0, 1.0]
    due = charge(case)[case.at("neo_one")]

    power = (5_000 * 1.4 + 1_500 * 1.95) * 1.25 * 60 / 1_000 * MONTHLY
    assert due[0] - due[1] == pytest.approx(power)


def test_idle_units_use_no_power():
    case = counted(Case())
    cloud = case.pair("cloud_big", "h100")
    case.pairs.let[cloud] = [0.0, 8_000.0]
    due = charge(case)[case.at("cloud_big")]

    assert due[1] - due[0] == pytest.approx(8_000 * (1.4 * 1.25 * 55 / 1_000 + 0.26) * MONTHLY)


def test_units_that_the_owner_uses_itself_cost_power_and_operations():
    case = counted(Case())
    before = charge(case)[case.at("cloud_big")].copy()
    case.fleets.live[case.fleet("big_b200_own"), 1] = 0.0
    after = charge(case)[case.at("cloud_big")]

    assert before - after == pytest.approx([0.0, 6_000 * (1.95 * 1.25 * 55 / 1_000 + 0.3) * MONTHLY])


def test_units_bought_since_the_start_pay_the_average_rent_for_space():
    case = counted(Case())
    case.pairs.extra[case.pair("neo_one", "h100")] = [1_000.0, 0.0]
    due = charge(case)[case.at("neo_one")]

    per_kw = (24 + 11) / 12 * 1e6 / ((18 + 8) * 1_000 * 730)
    assert due[0] - due[1] == pytest.approx(1_000 * 1.4 * per_kw * MONTHLY)


def test_staff_costs_follow_income_by_their_elasticity_and_a_vendors_cost_in_full():
    case = counted(Case().set(cost_revenue_elasticity=0.5))
    lab, chip = case.at("lab_one"), case.at("chip_maker")
    case.entities.start_income[[lab, chip]] = 100.0
    case.entities.income[[lab, chip]] = [144.0, 100.0]
    due = charge(case, month=2)

    assert due[lab] == pytest.approx(160 / 12 * np.array([1.2, 1.0]))
    assert due[chip] == pytest.approx(900 / 12 * np.array([1.44, 1.0]))


def test_who_is_gone_has_no_staff():
    case = counted(Case())
    case.entities.going[case.at("lab_one")] = [0.25, 1.0]

    assert charge(case)[case.at("lab_one")] == pytest.approx(160 / 12 * np.array([0.25, 1.0]))


def rent_due(case, month):
    """Return the rent for space that is due in a month."""
    charge_leases(month, case.world, case.entities, case.leases, case.causes)
    return case.leases.due


def test_rent_for_space_is_due_from_start_to_end_on_what_is_built():
    case = Case().switch(0, "delay")
    old, new = case.at("l_neo_1"), case.at("l_neo_2")
    case.leases.end[old] = 9.0
    case.start()
    case.leases.built[new] = [1.0, 0.5]

    assert rent_due(case, 4)[new] == pytest.approx(0.0)
    assert rent_due(case, 5)[new] == pytest.approx(11 / 12 * np.array([1.0, 0.5]))
    assert rent_due(case, 8)[old] == pytest.approx(2.0)
    assert rent_due(case, 9)[old] == pytest.approx(0.0)


def test_a_late_site_earns_rent_from_the_tenants_start_or_from_the_plan_as_the_lease_says():
    case = Case()
    new = case.at("l_neo_2")
    case.start()
    case.leases.built[new] = 1.0
    case.leases.delay[new] = 3.0
    case.changed()

    assert [rent_due(case, month)[new, 0] for month in (5, 7, 8)] == pytest.approx([0.0, 0.0, 11 / 12])
    case.leases.from_plan[new] = 1
    case.changed()
    assert [rent_due(case, month)[new, 0] for month in (4, 5, 7)] == pytest.approx([0.0, 11 / 12, 11 / 12])


def test_space_that_the_tenant_left_owes_no_rent():
    case = Case().start()
    case.leases.active[case.at("l_neo_1")] = [0.3, 1.0]

    assert rent_due(case, 1)[case.at("l_neo_1")] == pytest.approx([0.6, 2.0])


def test_empty_space_is_let_again_over_the_void_at_a_cost():
    case = Case().set(relet_void_months=9.0, relet_capex_share=0.1).start()
    item, hall = case.at("l_neo_1"), case.at("hall_one")
    case.leases.void[item] = [0.9, 0.0]
    case.changed()
    cash = case.entities.cash[hall].copy()
    relet_space(case.world, case.entities, case.leases, case.ledger)

    assert case.leases.void[item] == pytest.approx([0.8, 0.0])
    assert case.leases.relet[item] == pytest.approx([0.1, 0.0])
    assert cash - case.entities.cash[hall] == pytest.approx([0.1 * 24 * 0.1, 0.0])


def test_a_landlord_without_cash_for_the_fit_out_keeps_its_space_empty():
    case = Case().start()
    item, hall = case.at("l_neo_1"), case.at("hall_one")
    case.leases.void[item] = 0.9
    case.changed()
    case.entities.cash[hall] = [0.0, -5.0]
    relet_space(case.world, case.entities, case.leases, case.ledger)

    assert case.leases.void[item] == pytest.approx(0.9)


def collect(case):
    """Return what each account takes in from end users, re-let space, guarantors and interest on cash."""
    before = case.entities.cash.copy()
    collect_revenue(1, case.world, case.entities, case.leases, case.causes, case.ledger)
    return case.entities.cash - before


def test_space_let_again_earns_the_market_rent():
    case = Case().set(relet_rent_ratio=0.8, interest_on_cash_spread=-1.0).start()
    case.leases.relet[case.at("l_neo_1")] = [0.5, 0.0]
    case.changed()

    assert collect(case)[case.at("hall_one")] == pytest.approx([0.5 * 2.0 * 0.8, 0.0])


def test_a_guarantor_pays_for_the_space_that_its_tenant_left_as_far_as_it_can():
    case = Case(lanes=3).set(guarantor_performance=0.97, interest_on_cash_spread=-1.0).start()
    cloud, item = case.at("cloud_big"), case.at("l_neo_2")
    case.leases.start[item], case.leases.built[item] = -1.0, 1.0  # the site is open
    case.leases.guaranteed[item] = [0.7, 0.0, 0.7]
    case.changed()
    case.entities.cash[cloud, 2] = 0.1
    case.entities.revenue[cloud] = 0.0
    came = collect(case)

    rent = 11 / 12
    assert came[case.at("hall_one")] == pytest.approx([0.7 * rent * 0.97, 0.0, 0.1])
    assert came[cloud] == pytest.approx([-0.7 * rent * 0.97, 0.0, -0.1])


def test_cash_earns_the_base_rate_and_its_spread_and_an_overdraft_earns_nothing():
    case = Case().set(interest_on_cash_spread=-0.002).start()
    neo = case.at("neo_one")
    case.entities.cash[neo] = [120.0, -50.0]

    assert collect(case)[neo] == pytest.approx([120 * (0.0365 - 0.002) / 12, 0.0])


def test_income_before_interest_is_what_is_left_of_what_is_billed():
    case = Case().start()
    neo, lab = case.at("neo_one"), case.at("lab_one")
    case.contracts.bill[case.at("c_lab_h100")] = 7.0
    case.leases.due[case.at("l_neo_1")] = 2.0
    case.entities.operating_due[neo] = 1.5
    case.causes.now[Cause.LEASE_COST * case.entities.layer.size + neo] = 2.0
    measure_income(1, case.world, case.entities, case.leases, case.contracts, case.pairs, case.causes)

    assert case.entities.income[neo] == pytest.approx(7.0)
    assert case.entities.ebitda[neo] == pytest.approx(7.0 - 1.5 - 2.0)
    assert case.entities.ebitda[lab] == pytest.approx(-7.0)
    assert case.entities.income[case.at("hall_one")] == pytest.approx(2.0)


def test_only_cash_above_that_of_the_start_is_paid_out_and_only_by_those_who_pay_out():
    case = Case().set(excess_cash_payout_monthly=0.1).start()
    cloud, neo = case.at("cloud_big"), case.at("neo_one")
    case.entities.cash[cloud] = [6_000.0, 4_000.0]
    case.entities.cash[neo] = 6_000.0
    pay_out(case.world, case.entities, case.ledger)

    assert case.entities.cash[cloud] == pytest.approx([5_900.0, 4_000.0])
    assert case.entities.cash[neo] == pytest.approx(6_000.0)


def test_a_doubled_price_of_power_lowers_what_sellers_earn_and_moves_no_contract():
    def earned(scale):
        case = calm(Case())
        case.requests.power_scale[:] = scale
        return case.start().run()

    dear, cheap = earned(2.0), earned(1.0)
    neo = dear.at("neo_one")
    assert (dear.entities.ebitda[neo] < cheap.entities.ebitda[neo]).all()
    sales = dear.contracts.backstop == 0
    assert dear.contracts.bill[sales] == pytest.approx(cheap.contracts.bill[sales])
