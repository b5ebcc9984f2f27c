"""The model starts where the book stands: with nothing unknown and no noise the first months hold no surprise."""

import numpy as np
import pytest
from economies import AI, FIBRE, SEED, TINY, block_at, book, economy

from deflator.engine import simulate
from deflator.engine.layout import HOURS_PER_MONTH, MILLION

BOOKS = [TINY, FIBRE, AI]
MONTH_OF_2028 = 23  # January 2028, counted from February 2026


@pytest.mark.parametrize("name", BOOKS)
@pytest.mark.parametrize("month", [1, 2, 3])
def test_contracts_bill_what_the_book_schedules(name, month):
    table = book(name).tables["contracts"]
    start, end = table.array("start"), table.array("end")
    runs = (start <= month) & (month < end) & (np.array(table.column("kind")) == "capacity")
    scheduled = table.array("units") * table.array("rent_usd_per_hour") * HOURS_PER_MONTH / MILLION * runs

    block = block_at(economy(name, settings=("channels.delay=off",)), month)

    billed = block.contracts.bill[:, 0] * (np.array(table.column("kind")) == "capacity")
    assert billed.sum() == pytest.approx(scheduled.sum(), rel=0.001)
    assert billed == pytest.approx(scheduled, rel=0.1)


@pytest.mark.parametrize("name", BOOKS)
def test_nobody_with_a_year_of_liquidity_breaks_in_the_first_half_year(name):
    of = economy(name)
    start = block_at(of, 1)
    burn = np.maximum(start.entities.burn[:-1, 0], 0.0)
    ample = start.entities.start_cash[:-1, 0] >= 12.0 * burn

    outcome = simulate(of, seed=SEED, first_path=0, paths=1, chance=False)

    early = (outcome.break_month[:, 0] > 0) & (outcome.break_month[:, 0] <= 6)
    assert ample.mean() > 0.5
    assert [firm for firm, breaks in zip(of.entities, early & ample, strict=True) if breaks] == []


@pytest.mark.parametrize("name", BOOKS)
def test_rents_begin_at_the_book_and_move_little_in_the_first_month(name):
    of = economy(name)
    listed = book(name).tables["equipment"].array("rent_usd_per_hour")

    before, after = block_at(of, 0).equipment.rent[:, 0].copy(), block_at(of, 1).equipment.rent[:, 0]

    assert before == pytest.approx(listed, rel=1e-12)
    assert after == pytest.approx(before, rel=0.15)


@pytest.mark.parametrize("name", BOOKS)
def test_the_reference_rent_of_every_path_begins_at_its_draw_of_the_book(name):
    of = economy(name, "base", 16, True)
    reference = of.links["world.reference"][0]
    drawn = of.figures[of.rows["equipment.start_rent"]][reference]

    outcome = simulate(of, seed=SEED, first_path=0, paths=16)

    assert outcome.rent[0] == pytest.approx(drawn, rel=1e-12)


@pytest.mark.parametrize("name", BOOKS)
def test_equity_values_match_the_book_at_month_0(name):
    table = book(name).tables["entities"]
    listed = table.array("equity_value_musd")
    own = ~np.isnan(listed) & (np.array(table.column("layer")) != "lender")

    found = block_at(economy(name), 0).entities.equity[:-1, 0]

    assert own.any()
    assert found[own] == pytest.approx(listed[own], rel=1e-6)


@pytest.mark.parametrize("name", BOOKS)
def test_used_prices_match_the_book_at_month_0(name):
    table = book(name).tables["equipment"]
    listed = table.array("used_price_usd")

    found = block_at(economy(name), 0).equipment.value[:, 0]

    known = ~np.isnan(listed)
    assert found[known] == pytest.approx(listed[known], rel=1e-12)


@pytest.mark.parametrize("name", BOOKS)
def test_cash_matches_the_book_at_month_0_and_a_captive_shares_its_parents_account(name):
    table = book(name).tables["entities"]
    cash, parent = dict(zip(table.keys, table.array("cash_musd"), strict=True)), table.column("parent")
    for captive, owner in zip(table.keys, parent, strict=True):
        if owner is not None:
            cash[owner] += cash[captive]
            cash[captive] = 0.0
    firms = np.array(table.column("layer")) != "world"

    found = block_at(economy(name), 0).entities.cash[:-1, 0]

    assert found[firms] == pytest.approx(np.array(list(cash.values()))[firms], rel=1e-12)


@pytest.mark.parametrize("name", BOOKS)
def test_debt_matches_the_book_at_month_0_and_nobody_has_new_loans_yet(name):
    drawn = book(name).tables["facilities"].array("drawn_musd")

    balance = block_at(economy(name), 0).facilities.balance[:, 0]

    assert balance[: drawn.size] == pytest.approx(drawn, rel=1e-12)
    assert balance[drawn.size :].max() == 0.0


def test_hyperscalers_do_not_break_before_2028():
    of = economy(AI, "base", 64, True)

    outcome = simulate(of, seed=SEED, first_path=0, paths=256)

    hyperscaler = np.array(of.layers) == "hyperscaler"
    early = (outcome.break_month > 0) & (outcome.break_month < MONTH_OF_2028)
    assert early[hyperscaler].mean(axis=1).max() <= 0.01
