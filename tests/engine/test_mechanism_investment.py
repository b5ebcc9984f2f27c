"""Investment: orders follow the margin of a new unit, arrive after a lag, and are cut by power, supply and money."""

import numpy as np
import pytest
from mechanism_blocks import Case, calm, changed_book, packed

from deflator.engine.debt import measure_access
from deflator.engine.investment import (
    expect_earnings,
    fade_vendor_sales,
    full_cost_value,
    measure_margins,
    place_orders,
    receive_orders,
)
from deflator.engine.layout import RING
from deflator.engine.valuation import earning_value

NEW = ("equipment", "b200")


def ready(lanes=2, **changes):
    """Return a case in which B200 units can be ordered, with owners that let units uncommitted."""
    case = Case(packed(changed_book({NEW: {"launch_month": "2025-06", **changes}})), lanes)
    case.start()
    case.world.turnover[:] = 1.0
    case.pairs.let[...] = case.pairs.offered * 0.85
    return case


def order(case, month=1):
    """Return the units that each pair orders in a month, as they stand on the way."""
    before = case.orders.units.copy()
    place_orders(month, case.world, case.entities, case.equipment, case.pairs, case.orders, case.requests)
    ordered = np.zeros_like(case.pairs.units)
    ordered[case.pairs.orderable == 1] = (case.orders.units - before).reshape(-1, RING, case.paths.size).sum(axis=1)
    return ordered


def test_a_new_unit_is_worth_what_it_earns_over_its_life_after_power_operations_and_space():
    case = ready()
    q, b200 = case.pair("neo_one", "b200"), case.at("b200")
    per_kw = (24 + 11) / 12 * 1e6 / ((18 + 8) * 1_000 * 730)
    cost = case.pairs.power_cost[q, 0] + case.pairs.opex[q, 0] + 1.95 * per_kw

    case.equipment.rent[b200] = 4.5
    expect_earnings(1, case.world, case.equipment)
    worth = full_cost_value(case.world, case.equipment, q, case.pairs, 0)
    assert worth == pytest.approx(earning_value(4.5, cost, 0.85, 0.28, 0.12, 6.0))
    measure_margins(1, case.world, case.entities, case.equipment, case.pairs)
    assert case.pairs.margin[q] == pytest.approx(worth / 50_000 - 1.0)
    assert case.entities.best_margin[case.at("neo_one")] == pytest.approx(worth / 50_000 - 1.0)


def test_below_full_cost_the_margin_is_negative_and_nothing_is_ordered():
    case = ready()
    case.equipment.rent[case.at("b200")] = [1.0, 6.0]
    orders = order(case)[case.pair("neo_one", "b200")]

    assert case.pairs.margin[case.pair("neo_one", "b200"), 0] < 0.0 < case.pairs.margin[case.pair("neo_one", "b200"), 1]
    assert orders[0] == 0.0 < orders[1]


def test_a_rent_between_avoidable_and_full_cost_keeps_units_running_and_orders_none():
    case = calm(Case(packed(changed_book({NEW: {"launch_month": "2025-06"}}))))
    case.requests.rent_level[1:] = 0.9
    case.start().run()

    assert case.pairs.let[case.pair("neo_one", "h100")].min() > 0.9 * 0.85 * 3_000
    assert not case.pairs.ordered.any()


def test_orders_are_in_proportion_to_the_margin_to_openness_and_to_what_is_let():
    case = ready(lanes=4)
    q, performance = case.pair("neo_one", "b200"), np.sqrt(3.5 * 2.2)
    case.entities.free_power_mw[...] = 1e6
    case.entities.power_left_mw[...] = 1e6
    case.equipment.rent[case.at("b200")] = [4.5, 4.5, 4.5, 5.0]
    case.world.openness[1] *= 0.5
    case.pairs.let[case.pair("neo_one", "h100"), 2] *= 3.0
    orders = order(case)[q]

    margin = case.pairs.margin[q]
    first = 0.02 * 3_000 * 0.85 / performance * margin[0]
    assert 0.0 < margin[0] < margin[3] < 1.0
    assert orders == pytest.approx(first * np.array([1.0, 0.5, 3.0, margin[3] / margin[0]]))


def test_margins_beyond_all_of_the_price_still_order_in_proportion():
    case = ready(lanes=3).set(new_supply_units_per_year=1e12)
    case.entities.power_left_mw[...] = 1e9
    case.equipment.rent[case.at("b200")] = [5.0, 30.0, 90.0]
    q = case.pair("neo_one", "b200")
    orders, margin = order(case)[q], case.pairs.margin[q]

    assert margin[0] < 1.0 < margin[1] < margin[2]
    assert orders == pytest.approx(orders[0] * margin / margin[0])


def test_orders_need_free_power_and_use_it_up():
    case = ready()
    neo, q = case.at("neo_one"), case.pair("neo_one", "b200")
    case.equipment.rent[case.at("b200")] = 30.0
    case.entities.power_left_mw[neo] = [0.02, 4.0]
    orders = order(case)[q]

    assert orders[0] == pytest.approx(0.02 * 1_000 / (1.95 * 1.25))
    assert case.entities.power_left_mw[neo] == pytest.approx([0.0, 4.0 - orders[1] * 1.95 * 1.25 / 1_000])
    assert order(case)[q, 0] == pytest.approx(0.0, abs=1e-9)


def test_vendors_ship_at_most_the_supply_of_the_year_and_cut_all_alike():
    case = ready().set(new_supply_units_per_year=[1e9, 12.0])
    case.entities.power_left_mw[...] = 1e6
    case.equipment.rent[case.at("b200")] = 30.0
    orders = order(case)

    assert orders[:, 1].sum() == pytest.approx(1.0)
    assert orders[:, 1] == pytest.approx(orders[:, 0] / orders[:, 0].sum())


@pytest.mark.parametrize(("channel", "response"), [(1, 0.6), (0, 0.0)])
def test_vendors_ship_more_for_a_better_price_unless_the_channel_is_off(channel, response):
    case = ready(lanes=3).set(new_supply_units_per_year=12.0, vendor_supply_response=0.6).switch(channel, "vendor")
    case.entities.power_left_mw[...] = 1e6
    case.equipment.rent[case.at("b200")] = 30.0
    case.equipment.price_factor[case.at("b200")] = [1.0, 0.7, 1.3]

    assert order(case).sum(axis=0) == pytest.approx(np.array([1.0, 0.7, 1.3]) ** response)


def test_a_boost_to_supply_boosts_orders_of_that_equipment():
    case = ready()
    case.entities.power_left_mw[...] = 1e6
    case.equipment.rent[case.at("b200")] = 30.0
    plain = order(case).copy()
    case.requests.supply_scale[case.at("b200")] = 2.0

    assert order(case) == pytest.approx(2.0 * plain)
    case.requests.supply_scale[case.at("b200")] = 0.0
    assert not order(case).any()


def test_nobody_orders_what_is_not_yet_on_sale():
    case = ready()
    case.equipment.rent[case.at("b200")] = 30.0
    case.equipment.launch[case.at("b200")] = [3.0, -8.0]

    assert not order(case, month=2)[:, 0].any()
    assert order(case, month=3)[:, 0].any()


def test_an_owner_that_is_gone_orders_nothing():
    case = ready()
    case.equipment.rent[case.at("b200")] = 30.0
    case.entities.going[case.at("neo_one")] = [0.0, 1.0]
    orders = order(case)[case.pair("neo_one", "b200")]

    assert orders[0] == 0.0 < orders[1]


def receive(case, month):
    """Pay for the orders that arrive in a month."""
    measure_access(case.world, case.entities)
    receive_orders(
        month, case.world, case.entities, case.equipment, case.pairs, case.orders, case.facilities, case.claims,
        case.causes, case.ledger,
    )  # fmt: skip
    return case.pairs.extra


def test_orders_arrive_after_the_lag_and_not_before():
    case = ready().set(order_lag_months=9.0)
    q = case.pair("neo_one", "b200")
    case.equipment.rent[case.at("b200")] = 30.0
    case.entities.cash[case.at("neo_one")] = 1e5
    ordered = order(case, month=1)[q].copy()

    assert not receive(case, 9)[q].any()
    assert receive(case, 10)[q] == pytest.approx(ordered)
    assert receive(case, 11)[q] == pytest.approx(ordered)


def arriving(units=100.0):
    """Return a case with units of the neocloud that arrive in month 5."""
    case = ready()
    case.orders.units[case.pairs.ring[case.pair("neo_one", "b200")] + 5] = units
    return case, case.pair("neo_one", "b200"), case.at("neo_one"), case.at("new:neo_one")


def test_units_that_arrive_are_paid_by_a_new_loan_and_spare_cash():
    case, q, neo, new = arriving()
    case.set(refinancing_success_slope=50.0)
    case.world.granted[:] = [1.0, 0.0]
    case.entities.cash[neo] = 1e4
    cost = 100 * 50_000 / 1e6

    assert receive(case, 5)[q] == pytest.approx(100.0)
    assert case.facilities.balance[new] == pytest.approx([0.8 * cost, 0.0], rel=1e-3)
    assert case.entities.cash[neo] == pytest.approx([1e4 - 0.2 * cost, 1e4 - cost], rel=1e-6)
    assert case.equipment.arrived[case.at("b200")] == pytest.approx(100.0)


def test_what_cannot_be_paid_for_is_cancelled_for_a_fee():
    case, q, neo, _ = arriving(units=1e6)
    case.set(order_cancellation_fee_share=0.15)
    case.world.granted[:] = 0.0
    case.entities.cash[neo] = [0.0, 300.0]
    chip = case.entities.cash[case.at("chip_maker")].copy()
    got = receive(case, 5)[q]

    assert got[0] == 0.0 < got[1]
    assert case.entities.cash[neo, 0] == 0.0
    assert case.entities.cash[neo, 1] < 300.0
    assert (case.entities.cash[case.at("chip_maker")] >= chip).all()
    assert not receive(case, 5 + RING)[q, 0].any()  # what was cancelled does not come again


def test_an_order_that_arrives_is_paid_out_of_cash_above_two_buffers_only():
    case, q, neo, _ = arriving()
    case.set(early_action_buffer=1.5, order_cancellation_fee_share=0.0)
    case.world.granted[:] = 0.0
    case.entities.cash[neo] = [2 * 1.5 * 25.0, 2 * 1.5 * 25.0 + 2.0]  # it holds 25 at least; the units cost 5

    assert receive(case, 5)[q] == pytest.approx([0.0, 40.0])
    assert case.entities.cash[neo] == pytest.approx(75.0)


def test_fewer_sales_let_vendors_memory_of_them_fade_over_a_year_to_what_they_sell_outside_the_book():
    case = Case().start()
    chip = case.at("chip_maker")
    case.entities.revenue[chip] = [0.0, 20.0]  # a month
    case.entities.revenue[case.at("cloud_big")] = 1e4  # no vendor
    case.world.vendor_sales[:] = 100.0
    for _ in range(12):
        fade_vendor_sales(case.world, case.entities)

    left = (11 / 12) ** 12
    assert case.world.vendor_sales == pytest.approx([100.0 * left, 100.0 * left + 240.0 * (1 - left)])


def test_high_rents_call_forth_supply_that_brings_them_down_again():
    def rents(speed):
        case = calm(Case(packed(changed_book({NEW: {"launch_month": "2025-06"}}))))
        case.set(order_speed_monthly=speed, order_lag_months=3.0)
        case.entities.free_power_mw[...] = 1e6
        case.requests.demand_shock[:, 1] = 0.5
        case.start()
        return np.array([np.exp(case.run().world.log_rent[0]) for _ in range(24)])

    without, with_orders = rents(0.0), rents(0.05)
    assert with_orders[:3] == pytest.approx(without[:3])
    assert (with_orders[4:] < without[4:]).all()
    assert with_orders[-1] < with_orders.max()


def test_units_past_their_life_retire():
    case = calm(Case())
    case.equipment.life[case.at("h100")] = [30.0, 1e4]  # in service since months -20 and -26
    case.start().run(24)

    assert case.pairs.units[case.pair("neo_one", "h100")] == pytest.approx([0.0, 8_000.0])
    assert case.equipment.retired[case.at("h100")] == pytest.approx([28_000.0, 0.0])
    assert case.ledger.units_residual == pytest.approx(0.0, abs=1e-12)
