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
    shares = [
        installment(month, case.world, case.entities, case.fleets, f, True, 0)
        for month in range(1, 10)
    ]

    assert shares == pytest.approx([0, 0, 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0])


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


