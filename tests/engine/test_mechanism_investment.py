"""Investment: orders follow the margin of a new unit, arrive after a lag, and are cut by power, supply and money."""

import numpy as np
import pytest
from mechanism_blocks import Case, calm, changed_book, packed

from deflator.engine.investment import (
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
    return (case.orders.units - before).reshape(-1, RING, case.paths.size).sum(axis=1)


def test_a_new_unit_is_worth_what_it_earns_over_its_life_after_power_operations_and_space():
    case = ready()
    q, b200 = case.pair("neo_one", "b200"), case.at("b200")
    per_kw = (24 + 11) / 12 * 1e6 / ((18 + 8) * 1_000 * 730)
    cost = case.pairs.power_cost[q, 0] + case.pairs.opex[q, 0] + 1.95 * per_kw

    case.equipment.rent[b200] = 4.5
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


def test_margins_beyond_all_of_the_price_order_no_faster():
    case = ready()
    case.entities.power_left_mw[...] = 1e6
    case.equipment.rent[case.at("b200")] = [30.0, 90.0]
    orders = order(case)[case.pair("neo_one", "b200")]

    assert orders[0] == pytest.approx(orders[1])


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
    case.orders.units[case.pair("neo_one", "b200") * RING + 5] = units
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


def test_fewer_sales_let_vendors_memory_of_them_fade_over_a_year():
    case = Case().start()
    case.world.vendor_sales[:] = 100.0
    for _ in range(12):
        fade_vendor_sales(case.world)

    assert case.world.vendor_sales == pytest.approx(100.0 * (11 / 12) ** 12)


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
