"""Building: deliveries and sites are paid for by loans and by cash that a firm can spare; the rest is not bought."""

import numpy as np
import pytest
from mechanism_blocks import Case

from deflator.engine.building import (
    advance_rate,
    backed_access,
    delivery_cost,
    installment,
    pay_buildings,
    pay_deliveries,
    request_deliveries,
)
from deflator.engine.debt import measure_access


def deliver(case, month=4):
    """Pay for the deliveries of a month and return the share of the units that was bought."""
    measure_access(case.world, case.entities)
    request_deliveries(month, case.world, case.entities, case.equipment, case.fleets, case.facilities, case.requests)
    pay_deliveries(
        month, case.world, case.entities, case.equipment, case.fleets, case.facilities, case.claims, case.causes,
        case.ledger, case.requests,
    )  # fmt: skip
    return case.fleets.paid


@pytest.mark.parametrize(("channel", "share"), [(1, 0.5), (0, 1.0)])
def test_the_advance_rate_falls_with_appraised_values_unless_the_channel_is_off(channel, share):
    case = Case(lanes=3).switch(channel, "collateral").start()
    b200 = case.at("b200")
    case.equipment.appraised[b200] = [38_000.0, 19_000.0, 90_000.0]
    rates = [advance_rate(case.world, case.equipment, b200, lane) for lane in range(3)]

    assert rates == pytest.approx([0.8, 0.8 * share, 0.8])


def test_the_advance_rate_falls_with_openness_and_stays_between_nought_and_95_percent():
    case = Case(lanes=3).set(advance_rate_funding_slope=[0.25, 5.0, 5.0]).start()
    case.world.openness[:] += [-0.2, -0.2, 0.2]
    rates = [advance_rate(case.world, case.equipment, case.at("b200"), lane) for lane in range(3)]

    assert rates == pytest.approx([0.75, 0.0, 0.95])


def on_time(lanes=2):
    """Return a case in which nothing is late; new units of the neocloud are paid for in month 4."""
    return Case(lanes=lanes).switch(0, "delay").start()


def test_a_delivery_is_paid_by_the_loan_that_waits_for_it_and_cash():
    case = on_time()
    f, k, neo = case.fleet("d_neo_b200"), case.at("neo_pipeline"), case.at("neo_one")
    case.facilities.signed[k] = 1
    case.fleets.units[case.fleet("d_big_b200")] = 0.0  # nobody else buys
    case.entities.cash[neo] = 1e4
    cost = 3_000 * 50_000 / 1e6

    assert deliver(case)[f] == pytest.approx(1.0)
    assert case.facilities.drawn[k] == pytest.approx(min(0.8 * cost, 110.0))
    assert case.entities.cash[neo] == pytest.approx(1e4 - cost + 110.0)
    assert case.entities.cash[case.at("chip_maker")] == pytest.approx(3_000 + cost - 3_000 * 13_000 / 1e6)


def test_a_loan_that_is_not_signed_gives_what_the_market_signs():
    case = on_time().set(refinancing_success_slope=[0.0, 50.0])
    case.entities.cash[case.at("neo_one")] = 1e4
    case.world.granted[:] = [1.0, 0.5]
    deliver(case)

    assert case.facilities.drawn[case.at("neo_pipeline")] == pytest.approx([110.0 / 2, 110.0 / 2], rel=1e-3)


def test_what_neither_loan_nor_spare_cash_funds_is_not_bought():
    case = on_time()
    case.entities.cash[case.at("neo_one")] = [1e4, 0.0]
    case.world.granted[:] = 0.0

    assert deliver(case)[case.fleet("d_neo_b200")] == pytest.approx([1.0, 0.0])


def test_hyperscalers_spread_the_price_over_the_months_before_service():
    case = on_time().set(capex_spread_months=5.0)
    f = case.fleet("d_big_b200")  # in service from month 8
    shares = [installment(month, case.world, case.entities, case.fleets, f, True, 0) for month in range(1, 10)]
    whole = [installment(month, case.world, case.entities, case.fleets, f, False, 0) for month in range(1, 10)]

    assert shares == pytest.approx([0, 0, 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0])
    assert whole == pytest.approx([0, 0, 0, 0, 0, 0, 1, 0, 0])  # others pay in the month before


def test_an_order_that_binds_keeps_its_price_and_another_one_follows_the_price_of_the_day():
    case = on_time(lanes=3)
    b200 = case.at("b200")
    case.equipment.price_factor[b200] = [1.0, 0.8, 1.2]
    case.requests.price_scale[b200, 4] = 1.1
    binding, free = (
        [
            delivery_cost(4, case.equipment, case.fleets, case.requests, case.fleet(name), b200, lane)
            for lane in range(3)
        ]
        for name in ("d_neo_b200", "d_big_b200")
    )

    assert binding == pytest.approx([1.1 * 150.0] * 3)
    assert free == pytest.approx(1.1 * 200.0 * np.array([1.0, 0.8, 1.2]))


def test_a_loan_on_a_delivery_is_signed_on_the_better_credit_of_owner_and_customer():
    case = on_time(lanes=3)
    neo, lab = case.at("neo_one"), case.at("lab_one")
    case.entities.access[neo], case.entities.access[lab] = [0.2, 0.7, 0.2], [0.6, 0.1, 0.9]

    assert [backed_access(case.entities, neo, lab, lane) for lane in range(3)] == [0.6, 0.7, 0.9]
    assert [backed_access(case.entities, neo, -1, lane) for lane in range(3)] == [0.2, 0.7, 0.2]


def test_what_loans_that_are_not_signed_would_give_is_asked_of_the_market():
    case = on_time(lanes=3).set(refinancing_success_slope=[0.0, 50.0, 50.0])
    case.fleets.units[case.fleet("d_neo_b200")] = 2_000.0
    case.fleets.customer[case.fleet("d_neo_b200")] = case.at("lab_one")
    case.entities.equity[case.at("neo_one")] = 0.0
    case.entities.equity[case.at("lab_one")] = [1e6, 1e6, 0.0]
    measure_access(case.world, case.entities)
    asked = []
    for signed in (0, 1):
        case.facilities.signed[case.at("neo_pipeline")] = signed
        case.world.requested[:] = 0.0
        request_deliveries(4, case.world, case.entities, case.equipment, case.fleets, case.facilities, case.requests)
        asked.append(case.world.requested.copy())

    draw = 0.8 * 2_000 * 50_000 / 1e6
    assert asked[0] == pytest.approx([0.5 * draw, draw, 0.0], abs=0.01)
    assert not asked[1].any()
    assert case.fleets.paying[case.fleet("d_neo_b200")] == 3


def test_a_purchase_that_a_firm_may_leave_keeps_two_buffers_and_one_that_binds_it_keeps_one():
    def bought(name, owner, binding, customer, cash):
        case = on_time(lanes=3).set(capex_spread_months=1.0, early_action_buffer=1.5)
        f = case.fleet(name)
        case.fleets.facility[f] = -1
        case.fleets.committed[f] = binding
        case.fleets.customer[f] = customer
        case.equipment.value[case.at("b200")] = 1e6  # worth buying
        case.entities.cash[case.at(owner)] = cash
        arrives = int(case.fleets.in_service[f, 0])
        return deliver(case, arrives - 1)[f]

    price = 200.0  # of 4,000 units; the least that the hyperscaler holds is 500
    one, two = 1.5 * 500.0, 2 * 1.5 * 500.0
    spare = np.array([-5.0, 20.0, 1e4])
    expected = pytest.approx([0.0, 20.0 / price, 1.0])
    assert bought("d_big_b200", "cloud_big", 0, -1, two + spare) == expected
    assert bought("d_big_b200", "cloud_big", 1, -1, one + spare) == expected
    awaited = Case().at("lab_one")
    assert bought("d_big_b200", "cloud_big", 0, awaited, one + spare) == expected


@pytest.mark.parametrize("scale", [0.0, 0.5, 2.0])
def test_a_boost_to_supply_scales_deliveries_that_do_not_bind_and_no_others(scale):
    def paid(times):
        case = Case().switch(0, "delay")
        case.requests.supply_scale[...] = times
        case.entities.start_cash[case.at("neo_one")] = 1e4
        case.start().run(8)
        return case.fleets.paid[[case.fleet("d_neo_b200"), case.fleet("d_big_b200")], 0]

    committed, free = paid(scale)
    assert committed == pytest.approx(1.0)
    assert free == pytest.approx(scale * paid(1.0)[1], rel=0.02)
    assert paid(1.0)[1] > 0.0


def test_an_order_that_does_not_bind_is_placed_as_far_as_a_unit_is_worth_its_price():
    case = on_time(lanes=3)
    case.entities.cash[case.at("cloud_big")] = 1e5
    case.equipment.value[case.at("b200")] = [50_000.0, 10_000.0, 90_000.0]
    bought = deliver(case)[case.fleet("d_big_b200")]

    spread = bought[2]
    assert bought == pytest.approx([0.5 * spread, 0.0, spread], rel=0.01, abs=1e-3)


def build(case, month=1):
    """Pay for buildings and return the share built."""
    pay_buildings(month, case.world, case.entities, case.leases, case.facilities, case.claims, case.causes, case.ledger)
    return case.leases.built


def test_a_building_is_paid_evenly_by_its_loan_and_the_landlords_cash_until_it_opens():
    case = on_time()
    item, k, hall = case.at("l_neo_2"), case.at("hall_loan"), case.at("hall_one")
    case.entities.cash[hall] = 1e3
    built = [build(case, month)[item, 0] for month in range(1, 7)]

    assert built == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 1.0])  # its lease starts in month 5
    assert case.facilities.balance[k] == pytest.approx(100.0)  # 30 undrawn of 60 to build
    assert case.entities.cash[hall] == pytest.approx(1e3 - 30.0)


def test_a_landlord_without_cash_or_loan_opens_only_in_part():
    case = on_time()
    hall = case.at("hall_one")
    case.entities.cash[hall] = [1e3, 0.0]
    case.facilities.undrawn[case.at("hall_loan")] = 0.0
    for month in range(1, 6):
        build(case, month)

    assert case.leases.built[case.at("l_neo_2")] == pytest.approx([1.0, 0.0])
    assert case.leases.built[case.at("l_neo_1")] == pytest.approx(1.0)


def test_a_loan_builds_what_the_landlords_cash_cannot_as_long_as_it_lasts():
    case = on_time()
    item, k, hall = case.at("l_neo_2"), case.at("hall_loan"), case.at("hall_one")
    case.entities.cash[hall] = [1e3, 0.0]
    built, drawn = [], []
    for month in range(1, 5):
        case.facilities.drawn[k] = 0.0
        built.append(build(case, month)[item].copy())
        drawn.append(case.facilities.drawn[k].copy())

    # 60 to build in four months; of the loan 30 are undrawn, half of what is to build
    assert np.array(drawn) == pytest.approx(np.array([[7.5, 15.0], [7.5, 15.0], [7.5, 0.0], [7.5, 0.0]]))
    assert np.array(built) == pytest.approx(np.array([[0.25, 0.25], [0.5, 0.5], [0.75, 0.5], [1.0, 0.5]]))
    assert case.entities.cash[hall] == pytest.approx([1e3 - 30.0, 0.0])


def test_a_landlord_builds_out_of_cash_above_one_buffer_only():
    case = on_time(lanes=3).set(early_action_buffer=1.5)
    hall = case.at("hall_one")
    case.facilities.undrawn[case.at("hall_loan")] = 0.0
    case.entities.cash[hall] = [7.5, 7.5 + 3.0, 7.5 + 15.0]  # it holds 5 at least; 15 are due

    assert build(case)[case.at("l_neo_2")] == pytest.approx([0.0, 3.0 / 60.0, 15.0 / 60.0])


def test_a_loan_that_is_stopped_builds_nothing_and_one_that_is_not_signed_what_the_market_signs():
    case = on_time(lanes=3).set(refinancing_success_slope=0.0)
    item, k = case.at("l_neo_2"), case.at("hall_loan")
    case.entities.cash[case.at("hall_one")] = 0.0
    case.facilities.signed[k] = 0
    case.facilities.undrawn[k] = 20.0
    case.facilities.stopped[k] = [0, 0, 1]
    case.world.granted[:] = [1.0, 0.5, 1.0]
    measure_access(case.world, case.entities)

    assert build(case)[item] == pytest.approx(np.array([10.0, 5.0, 0.0]) / 60.0)  # half is signed of 20
