from dataclasses import replace

import numpy as np
import pytest

from deflator.analysis.lever_case import LEVERS, Terms, case_of
from deflator.analysis.lever_costs import cost_musd
from deflator.analysis.levers import applied
from deflator.analysis.replay import position_of, prepare, replay
from deflator.analysis.trials import simulate_all
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.errors import RunError
from deflator.scenario import load_scenario

TINY = "tests/books/tiny"
LAST = 24


@pytest.fixture(scope="module")
def setting():
    return prepare(Question(load_book(TINY), load_scenario("base+funding-freeze"), paths=96, draws=8))


def make(setting, entity="neo_one", **terms):
    return case_of(setting, position_of(setting.economy, entity), LAST, Terms(**terms))


@pytest.fixture(scope="module")
def case(setting):
    return make(setting)


def breaks(setting, entity="neo_one"):
    month = simulate_all(setting).break_month[setting.economy.entities.index(entity)]
    return float((month > 0).mean())


def most(case, name):
    return next(lever.most for lever in case.levers if lever.name == name)


def test_without_levers_nothing_has_changed_on_any_path(setting, case):
    before, after = simulate_all(setting), simulate_all(applied(case, {}))

    for field in ("break_month", "soft_month", "rent", "funding", "loss_musd"):
        np.testing.assert_array_equal(getattr(before, field), getattr(after, field), err_msg=field)


def test_which_levers_have_a_meaning_depends_on_who_it_is(setting, case):
    refused = {lever.name: lever.refused for lever in case.levers}
    assert {name for name, why in refused.items() if why is None} >= {"extend", "equity", "forward", "covenant", "cure",
                                                                      "backstop", "presale", "insourcing"}  # fmt: skip
    bank = {lever.name: lever.refused for lever in make(setting, "bank_one").levers}
    assert bank == {name: None if name == "equity" else "lender" for name in LEVERS}
    hall = {lever.name: lever.refused for lever in make(setting, "hall_one").levers}
    assert (hall["forward"], hall["insourcing"], hall["extend"]) == ("no_units", "no_insourcing", None)


def test_more_equity_never_breaks_a_firm_more(setting):
    case = make(setting, "hall_one")
    shares = [breaks(applied(case, {"equity": part * most(case, "equity")}), "hall_one") for part in (0.0, 0.5, 1.0)]

    assert shares[0] > shares[2]
    assert shares == sorted(shares, reverse=True)


def test_extended_maturities_fall_due_later_and_pay_the_spread(case):
    later = applied(case, {"extend": 12.0}).economy
    before = case.setting.economy
    borrowers = before.links["entities.account"][before.links["facilities.borrower"]]
    moved = later.figures[later.rows["facilities.maturity"]] - before.figures[before.rows["facilities.maturity"]]
    dearer = later.figures[later.rows["facilities.start_rate"]] - before.figures[before.rows["facilities.start_rate"]]
    drawn = before.figures[before.rows["facilities.start_drawn"]].max(axis=1) > 0.0
    own = (borrowers == case.position) & drawn

    np.testing.assert_array_equal(moved, np.where(own, 12.0, 0.0)[:, None] * np.ones_like(moved))
    np.testing.assert_allclose(dearer, np.where(own, 0.01, 0.0)[:, None] * np.ones_like(dearer), atol=1e-15)


def test_an_extended_schedule_repays_nothing_until_the_extension_is_over(case):
    before, after = (replay(applied(case, sizes), 0) for sizes in ({}, {"extend": 12.0}))
    k = case.setting.economy.facilities.index("neo_ddtl")

    assert before["facilities.principal"][1:13, k].sum() > 0.0
    assert after["facilities.principal"][1:13, k].sum() == 0.0


def test_a_forward_is_billed_at_its_price_whatever_the_rent(setting):
    case = make(setting, forward_price_usd=1.5)
    path = replay(applied(case, {"forward": 1.0}), 0)
    place = case.setting.economy.contracts.index("lever:forward:neo_one:h100")
    fleet, contract = case.setting.question.book.table("fleets").index["neo_h100"], 0
    free = path.figure("fleets.units")[fleet] - path.figure("contracts.units")[contract]
    expected = free * path.figure("world.market")[2] * 1.5 * 730 / 1e6

    np.testing.assert_allclose(path["contracts.bill"][1:LAST, place], expected, rtol=1e-9)


def test_units_that_are_sold_ahead_are_no_longer_on_offer(case):
    before, after = (replay(applied(case, {"presale": share}), 0) for share in (0.0, 1.0))
    links = case.setting.economy.links
    pair = int(np.flatnonzero((links["pairs.owner"] == case.position) & (links["pairs.equipment"] == 0))[0])

    assert after["pairs.offered"][1, pair] == pytest.approx((1.0 - 0.85) * before["pairs.offered"][1, pair], rel=1e-9)


def test_kept_buyers_take_the_place_of_those_that_may_insource(case):
    changed = applied(case, {"insourcing": 0.25}).economy
    units = changed.figures[changed.rows["contracts.units"]]
    whole, kept = (changed.contracts.index(name) for name in ("c_big_b200", "lever:kept:c_big_b200"))

    np.testing.assert_allclose(units[kept], 0.25 * (units[whole] + units[kept]))
    before = case.setting.economy
    np.testing.assert_allclose(units[whole] + units[kept], before.figures[before.rows["contracts.units"]][whole])


def test_looser_covenants_are_looser_whichever_way_they_point(setting, case):
    before = case.setting.economy
    after = applied(case, {"covenant": 0.5, "cure": 3.0}).economy
    index = setting.question.book.table("covenants").index

    def change(name, covenant):
        rows = before.rows[f"covenants.{name}"]
        return after.figures[rows][index[covenant]] / before.figures[rows][index[covenant]]

    np.testing.assert_allclose(change("threshold", "neo_ddtl|min_liquidity|book"), 0.5)
    np.testing.assert_allclose(change("threshold", "neo_notes|cross_default|book"), 1.5)
    np.testing.assert_allclose(change("threshold", "hall_loan|dscr|book"), 1.0)
    rows = before.rows["covenants.cure"]
    own = [not name.startswith("hall") and not name.endswith("counterfactual") for name in index]
    longer = after.figures[rows] - before.figures[rows]
    np.testing.assert_allclose(longer, 3.0 * np.array(own)[:, None] * np.ones_like(longer))


def test_fees_are_paid_out_of_cash(case):
    after = applied(case, {"covenant": 0.1}).economy
    before = case.setting.economy
    rows = before.rows["entities.start_cash"]
    paid = before.figures[rows][case.position] - after.figures[rows][case.position]

    np.testing.assert_allclose(paid, cost_musd(case, "covenant", 0.1))
    np.testing.assert_allclose(paid, 0.005 * (120 + 60), rtol=0.05)  # two tested loans, sizes as drawn


def test_dilution_is_what_new_holders_get_for_nothing(case):
    quiet = replace(case, terms=Terms(equity_discount=0.1))
    worth = float(
        case.setting.economy.figures[case.setting.economy.rows["entities.start_equity"]][case.position].mean()
    )
    new = 50.0 / (0.9 * worth)

    assert cost_musd(quiet, "equity", 50.0) == pytest.approx(new / (1.0 + new) * (worth + 50.0) - 50.0)
    assert cost_musd(replace(case, terms=Terms(equity_discount=0.0)), "equity", 50.0) == 0.0


@pytest.mark.parametrize("name", LEVERS)
def test_a_larger_size_never_costs_less_and_none_costs_nothing(case, name):
    costs = [cost_musd(case, name, part * most(case, name)) for part in (0.0, 0.25, 0.5, 1.0)]

    assert costs[0] == 0.0
    assert costs == sorted(costs)


def test_a_dearer_forward_costs_less_for_the_firm(setting):
    low, high = (cost_musd(make(setting, forward_price_usd=price), "forward", 0.5) for price in (1.0, 1.6))

    assert low > high >= 0.0


def test_what_is_out_of_range_is_refused_all_at_once(setting, case):
    with pytest.raises(RunError) as refused:
        applied(case, {"extend": 37.0, "equity": -1.0, "prayer": 1.0})
    assert len(refused.value.faults) == 3
    assert "use a number from 0 to 36" in str(refused.value)
    with pytest.raises(RunError, match="--equity-discount"):
        Terms(equity_discount=0.9)
    with pytest.raises(RunError, match="no price at which it sells"):
        make(setting, forward_price_usd=9.0)
    with pytest.raises(RunError, match="'bank_one' buys no compute"):
        case_of(setting, case.position, LAST, Terms(), buyer="bank_one")
