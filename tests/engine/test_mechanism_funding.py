"""Funding: openness follows its target, losses, drawdowns and vendors move it, equity comes by plan or need."""

import math

import numpy as np
import pytest
from mechanism_blocks import Case, changed_book, packed

from deflator.book.months import month_at
from deflator.engine.funding import raise_equity, update_funding, watch_vendors

OPEN = 0.78  # openness of the book


def logit(share):
    return math.log(share / (1.0 - share))


def logistic(x):
    return 1.0 / (1.0 + np.exp(-np.asarray(x)))


def fund(case, month=1):
    """Let openness move for a month and return it."""
    update_funding(month, case.world, case.entities, case.requests)
    return case.world.openness


def at_once(case):
    """Let openness reach its target within the month."""
    return case.set(funding_mean_reversion=1.0, expected_obsolescence_annual=0.0)


def test_a_target_half_a_logit_lower_takes_openness_from_78_to_68_percent():
    case = at_once(Case()).start()
    case.requests.funding_shift[:] = -0.5

    assert fund(case) == pytest.approx(0.683, abs=5e-4)


def test_openness_closes_its_share_of_the_gap_each_month():
    case = Case().set(funding_mean_reversion=0.08, expected_obsolescence_annual=0.0).start()
    case.requests.funding_level[:] = 0.3
    for month in range(1, 13):
        fund(case, month)

    gap = (case.world.logit_openness - logit(0.3)) / (logit(OPEN) - logit(0.3))
    assert gap == pytest.approx(0.92**12)


def test_a_shock_hits_at_once_and_fades():
    case = Case().set(funding_mean_reversion=0.1, expected_obsolescence_annual=0.0).start()
    case.requests.funding_shock[1] = -1.0

    assert fund(case) == pytest.approx(logistic(logit(OPEN) - 1.0))
    assert fund(case, 2) == pytest.approx(logistic(logit(OPEN) - 0.9))


def test_losses_over_the_capital_of_lenders_lower_openness_by_their_share_of_debt():
    case = at_once(Case()).start()
    bank = case.at("bank_one")
    case.entities.recent_loss[bank] = [case.entities.capital[bank, 0], 0.0]
    held = 0.7 * 84.0 + 70.0
    weight = held / (84.0 + 60.0 + 50.0 + 70.0 + 8_000.0)

    target = logit(OPEN) - 3.0 * weight * 11.0 / 12.0  # a month of the memory of losses has passed
    assert fund(case) == pytest.approx([logistic(target), OPEN])


def test_losses_leave_openness_alone_with_the_channel_lender_off():
    case = at_once(Case()).switch(0, "lender").start()
    case.entities.recent_loss[case.at("bank_one")] = 1e4

    assert fund(case) == pytest.approx(OPEN)


def test_losses_of_the_past_are_forgotten_and_openness_returns():
    case = Case().set(expected_obsolescence_annual=0.0).start()
    case.entities.recent_loss[case.at("bank_one")] = 1e4
    lowest = fund(case).copy()
    for _ in range(200):
        fund(case)

    assert (lowest < OPEN).all()
    assert case.world.openness == pytest.approx(OPEN, abs=1e-3)


@pytest.mark.parametrize(("fall", "months"), [(0.2, 0), (0.5, 12)])
def test_rents_below_the_path_expected_at_the_start_lower_openness(fall, months):
    case = Case().set(funding_mean_reversion=1.0).start()
    case.world.log_rent[:] += np.log([1.0 - fall, 1.0]) - 0.28 * months / 12.0

    assert fund(case, months) == pytest.approx([logistic(logit(OPEN) - 2.0 * fall), OPEN])


def test_rents_that_only_fall_as_expected_or_rise_leave_openness_alone():
    case = Case().set(funding_mean_reversion=1.0).start()
    case.world.log_rent[:] += [-0.28, 1.0]

    assert fund(case, 12) == pytest.approx(OPEN)


def test_a_drawdown_leaves_openness_alone_with_the_channel_confidence_off():
    case = at_once(Case()).switch(0, "confidence").start()
    case.world.log_rent[:] -= 2.0

    assert fund(case) == pytest.approx(OPEN)


@pytest.mark.parametrize(("channel", "health"), [(1, 0.5), (0, 1.0)])
def test_vendors_that_sell_half_of_their_peak_lower_openness_unless_the_channel_is_off(channel, health):
    case = at_once(Case()).switch(channel, "vendor").start()
    case.world.vendor_sales[:] = 0.5 * case.world.vendor_peak
    watch_vendors(1, case.world, case.entities, case.requests)

    assert case.world.vendor_peak.min() > 0.0
    assert fund(case) == pytest.approx(logistic(logit(OPEN) - 0.8 * (1.0 - health)))


@pytest.mark.parametrize("outside", [0.0, 2_500.0])
def test_vendors_that_sell_month_by_month_as_planned_are_as_healthy_as_at_the_start(outside):
    base = changed_book().tables["deliveries"].rows[0]
    plan = {
        f"m{month}": {**base, "delivery": f"m{month}", "units": 10.0, "month": month_at(month, "2026-02"),
                      "site": "own", "lease": None}
        for month in range(1, 25)
    }  # fmt: skip
    case = Case(packed(changed_book(added={"deliveries": plan}))).switch(0, "delay").set(growth_long_run_annual=0.0)
    case.fleets.units[[case.fleet("d_neo_b200"), case.fleet("d_big_b200")]] = 0.0
    case.entities.start_cash[case.at("neo_one")] = 1e4
    case.entities.growth[...] = 0.0
    case.entities.start_revenue[case.at("chip_maker")] = outside / 12.0
    case.start()

    assert case.world.vendor_sales == pytest.approx(12 * 10 * 50_000 / 1e6 + outside)  # buyers outside the book too
    assert [case.run().world.vendor_health[0] for _ in range(23)] == pytest.approx([1.0] * 23)


def test_a_scenario_that_stops_vendor_investment_lowers_openness_by_all_of_its_weight():
    case = at_once(Case()).start()
    case.requests.vendor_scale[:] = 0.0
    watch_vendors(1, case.world, case.entities, case.requests)

    assert fund(case) == pytest.approx(logistic(logit(OPEN) - 0.8))


def test_lenders_lend_anew_a_share_of_their_free_capital_that_scales_with_openness():
    case = at_once(Case()).set(lender_break_capital_share=0.5).start()
    bank = case.at("bank_one")
    case.entities.lost[bank] = [20.0, 0.0]
    fund(case)

    assert case.world.capacity == pytest.approx([0.03 * 70.0 * OPEN, 0.03 * 90.0 * OPEN])


def test_a_lender_that_lost_half_of_its_capital_lends_nothing_anew():
    case = Case().set(lender_break_capital_share=0.5).start()
    case.entities.lost[case.at("bank_one")] = [44.9, 45.0]
    fund(case)

    assert case.world.capacity[0] > 0.0
    assert case.world.capacity[1] == 0.0


def raised(case):
    """Return the equity that each entity raises in a month."""
    raise_equity(1, case.world, case.entities, case.causes, case.ledger)
    return case.entities.raised


def test_a_plan_raises_a_twelfth_a_year_scaled_with_openness():
    case = Case().start()
    case.world.openness[1] = 0.5 * OPEN
    before, investors = case.entities.cash.copy(), case.at("world_investors")

    neo = case.at("neo_one")
    assert raised(case)[neo] == pytest.approx([40 / 12, 20 / 12])
    assert case.entities.cash[neo] - before[neo] == pytest.approx([40 / 12, 20 / 12])
    assert before[investors] - case.entities.cash[investors] == pytest.approx(case.entities.raised.sum(axis=0))


def test_a_plan_raises_less_for_shares_that_are_worth_less():
    case = Case().start()
    neo = case.at("neo_one")
    case.entities.equity[neo] = [700.0, 175.0]

    assert raised(case)[neo] == pytest.approx([40 / 12, 10 / 12])


def test_a_plan_stops_when_cash_is_ample():
    case = Case(lanes=3).start()
    lab = case.at("lab_one")
    case.entities.cash[lab] = [400.0, 600.0, 800.0]  # it had 400 at the start

    assert raised(case)[lab] == pytest.approx([25.0, 12.5, 0.0])


def test_a_lab_short_of_runway_raises_a_round_as_far_as_the_market_takes_its_shares():
    case = Case(lanes=3).start()
    lab = case.at("lab_one")
    case.entities.burn[lab] = 20.0
    case.entities.cash[lab] = [180.0, 0.0, 0.0]  # nine months of burn are 180
    case.world.openness[2] = 0.25 * OPEN

    most = 0.15 / 12 * OPEN * 6_000.0
    assert raised(case)[lab] == pytest.approx([25.0, most, most / 4])


def test_nothing_is_raised_on_shares_that_are_worth_nothing_or_for_a_firm_that_stops_paying():
    case = Case().start()
    lab = case.at("lab_one")
    case.entities.burn[lab] = 20.0
    case.entities.cash[lab] = 0.0
    case.entities.equity[lab] = [0.0, 6_000.0]
    case.entities.imposed[lab] = [0, 1]

    assert not raised(case)[lab].any()
