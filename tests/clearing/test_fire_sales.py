"""Sales that move prices: by hand, limit cases, and what must hold."""

import numpy as np
import pytest

from deflator.clearing import (
    ClearingError,
    ClearingStatus,
    clear,
    clear_with_sales,
    deleverage,
    raise_cash,
    sell_below_buffer,
    spill_over,
)


def test_one_bank_sells_back_to_its_target_leverage():
    # Assets 98, equity 2 after the loss: leverage 49 > 25. Back to 20 it sells 98 - 40 = 58 of its 60.
    result = deleverage([[60.0]], [4], [40], [1e12], loss=[2], most_leverage=25, target_leverage=20)

    assert result.sold == pytest.approx([58.0])
    assert result.holdings == pytest.approx(np.array([[2.0]]))
    assert result.fire_sale_loss == pytest.approx([0.0], abs=1e-8)  # a deep market does not move
    assert result.rounds == 1
    assert result.status is ClearingStatus.SETTLED


def test_sellers_and_holders_both_lose_when_the_price_falls():
    # Bank 0 sells all 50. The price falls by (1 - 0.5)(1 - exp(-50 / 100)); the seller bears half of that.
    fall = 0.5 * (1.0 - np.exp(-0.5))
    result = deleverage([[50.0], [50.0]], [1, 90], [50, 40], [200], loss=[1, 0], most_leverage=20)

    assert result.price == pytest.approx([1.0 - fall])
    assert result.fire_sale_loss == pytest.approx([25.0 * fall, 50.0 * fall])
    assert result.holdings[:, 0] == pytest.approx([0.0, 50.0 * (1.0 - fall)])


def test_an_insolvent_bank_may_be_kept_from_selling():
    forced = deleverage([[50.0]], [1], [50], [200], loss=[2])
    held_back = deleverage([[50.0]], [1], [50], [200], loss=[2], insolvent_sell=False)

    assert forced.sold.tolist() == [50.0]
    assert held_back.sold.tolist() == [0.0]
    assert held_back.rounds == 0


def test_prices_stay_above_their_floor_and_lanes_apart():
    rng = np.random.default_rng(1)
    holdings = rng.random((10, 3)) * 40
    loss = np.linspace(0.0, 6.0, 9) * np.ones((10, 1))
    result = deleverage(holdings, np.full(10, 6.0), np.full(10, 80.0), [50, 80, 100], loss=loss, floor=0.4)

    assert (result.price >= 0.4).all()
    assert (result.price[:, 0] == 1.0).all()
    assert (result.price[:, -1] < 0.5).all()
    assert (result.status == ClearingStatus.SETTLED).all()
    for lane in (3, 8):
        alone = deleverage(holdings, np.full(10, 6.0), np.full(10, 80.0), [50, 80, 100], loss=loss[:, lane], floor=0.4)
        assert (alone.price == result.price[:, lane]).all()
        assert (alone.equity == result.equity[:, lane]).all()
        assert alone.rounds == result.rounds[lane]


def test_a_spiral_that_is_cut_short_says_so():
    result = deleverage([[60.0], [60.0]], [4, 4], [40, 40], [100], loss=[2, 2], max_rounds=1)

    assert result.status is ClearingStatus.STILL_MOVING


def test_spillovers_are_linear_in_the_shock_and_add_up_over_banks():
    rng = np.random.default_rng(2)
    weights = rng.dirichlet(np.ones(4), 6)
    shock = rng.uniform(-0.2, 0.0, 4)
    once = spill_over(
        weights, rng.random(6) * 100, np.full(6, 15.0), np.full(4, 1e-4), np.column_stack([shock, 2 * shock])
    )

    assert once.fire_sale_result[:, 1] == pytest.approx(2 * once.fire_sale_result[:, 0])
    assert once.systemicness.sum(axis=0) == pytest.approx(once.aggregate_vulnerability)
    assert (once.direct_loss > 0.0).all()


def test_raising_cash_up_to_the_peak_and_not_beyond():
    most = 1.0 / (0.5 * np.e)
    raised = raise_cash([0.0, 0.1, most * (1.0 - 1e-12), most * 1.001], 0.5)

    assert raised.units[0] == 0.0
    assert raised.units[:3] * np.exp(-0.5 * raised.units[:3]) == pytest.approx([0.0, 0.1, most], abs=1e-12)
    assert raised.units[2] == pytest.approx(2.0, abs=1e-5)
    assert np.isnan(raised.units[3])
    assert raised.status.tolist() == [0, 0, 0, ClearingStatus.SPIRAL]


@pytest.mark.parametrize("needed", np.geomspace(1e-9, 0.3678, 15))
def test_the_smallest_sale_is_on_the_near_side_of_the_peak(needed):
    units = raise_cash(needed, 1.0).units

    assert units <= 1.0
    assert units * np.exp(-units) == pytest.approx(needed, rel=1e-13)


def test_one_seller_in_a_network_sells_what_the_closed_form_says():
    result = clear_with_sales([[0, 0.6], [0, 0]], [0.2, 0], [1, 1], slope=0.5)
    closed = raise_cash(0.4, 0.5)

    assert result.sold[0] == pytest.approx(closed.units, abs=1e-11)
    assert result.price == pytest.approx(closed.price, abs=1e-11)
    assert result.clearing.payments.tolist() == [0.6, 0.0]
    assert result.clearing.equity[1] == pytest.approx(0.6 + closed.price, abs=1e-11)


def test_a_fall_in_price_ruins_another_holder():
    # Bank 1 could pay 0.9 with one unit at a price of 1, but not after bank 0 has had to sell its units.
    owed = [[0, 0, 2.0], [0, 0, 0.9], [0, 0, 0]]
    alone = clear_with_sales(owed, [2, 0, 0], [3, 1, 0], slope=0.1)
    together = clear_with_sales(owed, [0, 0, 0], [3, 1, 0], slope=0.1)

    assert not alone.clearing.defaulted.any()
    assert together.clearing.defaulted.tolist() == [False, True, False]
    assert together.sold[1] == 1.0


def test_without_price_impact_sales_are_just_more_cash():
    rng = np.random.default_rng(5)
    owed = rng.random((6, 6)) * (1 - np.eye(6))
    cash, units = rng.random(6), rng.random((6, 3))
    with_sales = clear_with_sales(owed, cash, units, slope=0.0, external_liabilities=0.4)
    plain = clear(owed, cash[:, None] + units, external_liabilities=np.full(6, 0.4))

    assert with_sales.clearing.payments == pytest.approx(plain.payments, abs=1e-12)
    assert (with_sales.price == 1.0).all()


def test_a_capital_ratio_makes_a_solvent_bank_sell():
    # Equity is 10 + 8 - 17 = 1 against 10 units. At 20 % only 5 may remain, in a deep market.
    result = clear_with_sales([[0, 17], [0, 0]], [8, 0], [10, 0], slope=1e-12, minimum_ratio=0.2)
    ruined = clear_with_sales([[0, 19], [0, 0]], [8, 0], [10, 0], slope=1e-12, minimum_ratio=0.2)

    assert result.sold[0] == pytest.approx(5.0)
    assert ruined.sold[0] == 10.0
    assert ruined.clearing.defaulted[0]


def test_selling_for_a_ratio_lowers_the_price_for_others_who_must_then_sell_too():
    # Alone, each of two equal banks with 10 units and 9 of debt at 8 % would sell nothing; a third one must.
    owed = np.zeros((4, 4))
    owed[:3, 3] = [9, 9, 9.5]
    calm = clear_with_sales(owed[:3, :3], [0, 0, 0], [10, 10, 0], slope=0.02, minimum_ratio=0.08)
    result = clear_with_sales(owed, [0, 0, 0, 0], [10, 10, 10, 0], slope=0.02, minimum_ratio=0.08)

    assert (calm.sold == 0.0).all()
    assert (result.sold[:3] > 0.0).all()
    assert result.price < 1.0


def test_a_bank_below_its_buffer_repays_with_cash_and_sells_the_rest():
    result = sell_below_buffer([[40.0]], [20], [40], [96.5], shock=[0.0], slope=[0.01], steps=2)

    assert result.failures.tolist() == [0, 0]  # ratio 3.5 %: between the minimum and the buffer
    assert result.sold[-1] == pytest.approx((100 - 3.5 / 0.05 - 20) / 40)


def test_bad_figures_of_sales_are_refused():
    calls = [
        lambda: deleverage([[1.0]], [1], [1], [0.0]),
        lambda: deleverage([[1.0]], [1], [1], [1.0], most_leverage=10, target_leverage=11),
        lambda: deleverage([1.0], [1], [1], [1.0]),
        lambda: raise_cash(-1.0, 0.5),
        lambda: raise_cash(1.0, 0.0),
        lambda: spill_over([[0.5, 0.5]], [100], [10], [1e-3], [-0.1, 0]),
        lambda: spill_over([[1.0]], [100], [10], [1e-3], [-1.1]),
        lambda: sell_below_buffer([[1.0]], [1], [1], [1], shock=[0.1], slope=[1], minimum=0.05),
        lambda: clear_with_sales([[0, 1], [1, 0]], [1, 1], [1, -1], slope=0.1),
        lambda: clear_with_sales([[0, -1], [1, 0]], [1, 1], [1, 1], slope=0.1),
        lambda: clear_with_sales([[0, 1], [1, 0]], [1, 1], [1, 1], slope=0.1, minimum_ratio=2.0),
    ]
    for call in calls:
        with pytest.raises(ClearingError):
            call()
