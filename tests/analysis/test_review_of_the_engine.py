"""Objections of an outside reviewer to the model, put to the test; docs/review.md tells what each found."""

import csv
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from replayed_paths import TINY, setting

from deflator.analysis.replay import Setting, prepare
from deflator.analysis.trials import simulate_all, varied
from deflator.book import Book, load_book
from deflator.book.measures import Query, compute_sales
from deflator.engine import Paths
from deflator.engine.positions import CHANNELS
from deflator.ensemble import Question
from deflator.scenario import load_scenario

HARSH = "base+funding-freeze"
#: Columns that grow with the size of an economy: money, units and megawatts.
SIZES = {
    "entities": {"cash_musd", "end_user_revenue_musd_per_year", "fixed_cost_musd_per_year", "equity_value_musd",
                 "loss_absorbing_capital_musd", "minimum_liquidity_musd", "planned_equity_raise_musd_per_year",
                 "free_power_mw", "build_to_complete_musd"},
    "fleets": {"units"}, "deliveries": {"units"}, "contracts": {"units", "prepaid_musd"},
    "leases": {"mw", "rent_musd_per_year"}, "facilities": {"committed_musd", "drawn_musd"},
    "amortisation": {"principal_musd"}, "demand": {"compute_spend_musd_per_year"},
}  # fmt: skip
Row = dict[str, str]


def edited(folder: Path, change: Callable[[str, list[Row]], list[Row]]) -> Book:
    """Return the tiny book with its tables changed."""
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    for file in folder.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as read:
            reader = csv.DictReader(read)
            rows, head = list(reader), list(reader.fieldnames or [])
        with file.open("w", encoding="utf-8", newline="") as write:
            writer = csv.DictWriter(write, head, lineterminator="\n")
            writer.writeheader()
            writer.writerows(change(file.stem, rows))
    return load_book(folder)


def asked(book: Book, *changes: str, scenario: str = HARSH, paths: int = 64, draws: int = 0) -> Setting:
    return prepare(Question(book, load_scenario(scenario, changes), paths, draws, seed=2026))


@cache
def harsh() -> tuple[Setting, Paths]:
    """Return the tiny book where funding freezes, simulated with what is not known drawn."""
    found = setting(scenario=HARSH, paths=256, draws=16)
    return found, simulate_all(found)


def times(factor: float, cell: str) -> str:
    return repr(float(cell) * factor) if cell else cell


def test_an_economy_ten_times_as_large_breaks_in_the_same_months(tmp_path: Path) -> None:
    """Levels and changes are not mixed: no threshold is in dollars, no share is applied to the wrong base."""

    def grow(table: str, rows: list[Row]) -> list[Row]:
        for row in rows:
            for column in SIZES.get(table, ()):
                row[column] = times(10.0, row[column])
            sized = (
                (table == "covenants" and row["unit"] == "usd_musd" and "threshold")
                or (table == "holdings" and row["instrument"] == "equity" and "share_or_musd")
                or ""
            )
            if sized:
                row[sized] = times(10.0, row[sized])
            if table == "parameters" and row["parameter"] in ("market_depth_units_per_month",
                                                             "new_supply_units_per_year"):  # fmt: skip
                row |= {column: times(10.0, row[column]) for column in ("value", "low", "high")}
            if table == "provenance":
                of, field = row["table"], row["field"]
                by_unit = (
                    of == "covenants" and field == "threshold" and ("min_liq" in row["row"] or "cross" in row["row"])
                )
                stake = of == "holdings" and row["row"].endswith("equity")
                if field in SIZES.get(of, ()) or by_unit or stake:
                    row |= {column: times(10.0, row[column]) for column in ("low", "high")}
        return rows

    large, small = (asked(book) for book in (edited(tmp_path / "large", grow), load_book(TINY)))
    grown, found = simulate_all(large), simulate_all(small)

    assert (found.break_month > 0).any()
    assert np.array_equal(grown.break_month, found.break_month)
    assert np.allclose(grown.rent, found.rent, rtol=1e-6)
    assert np.allclose(grown.loss_musd, 10.0 * found.loss_musd, rtol=1e-5, atol=1e-3)


def test_the_order_of_rows_in_a_book_moves_nothing(tmp_path: Path) -> None:
    """Nothing is decided by who stands first in a table."""
    turned, plain = (
        asked(book, draws=8) for book in (edited(tmp_path / "turned", lambda _, rows: rows[::-1]), load_book(TINY))
    )
    found, before = simulate_all(turned), simulate_all(plain)
    same = [turned.economy.entities.index(name) for name in plain.economy.entities]

    assert (before.break_month > 0).any()
    assert np.array_equal(found.break_month[same], before.break_month)
    assert np.allclose(found.rent, before.rent, rtol=1e-9)


def test_no_row_of_a_book_is_dropped_on_its_way_into_the_engine() -> None:
    for name in ("ai-2026-02", "fibre-2001", "telecom-2000-12"):
        packed = asked(load_book(name), scenario="base", paths=1)
        book, economy = packed.question.book, packed.economy

        assert list(economy.entities) == [str(row["entity"]) for row in book.table("entities").rows]
        assert list(economy.equipment) == [str(row["equipment"]) for row in book.table("equipment").rows]
        for tables, column, field in (
            (("facilities",), "drawn_musd", "facilities.start_drawn"),
            (("fleets", "deliveries"), "units", "fleets.units"),
            (("contracts",), "units", "contracts.units"),
        ):
            total = sum(float(row[column] or 0) for table in tables for row in book.table(table).rows)
            assert economy.figures[economy.rows[field], 0].sum() == pytest.approx(total, rel=1e-6), (name, tables)


def test_terms_beyond_the_horizon_bear_interest_and_bill_up_to_it(tmp_path: Path) -> None:
    """A maturity or an end that no simulated month reaches is not an empty cell."""

    def later(table: str, rows: list[Row]) -> list[Row]:
        for row in rows:
            if table == "facilities" and row["facility"] == "big_notes":
                row["maturity"] = "2051-01"
            if table == "provenance" and row["row"] == "big_notes" and row["field"] == "maturity":
                row |= {"low": row["low"] and "2050-01", "high": row["high"] and "2052-01"}
        return rows

    far, near = (simulate_all(asked(book, paths=16)) for book in (edited(tmp_path / "far", later), load_book(TINY)))

    assert np.array_equal(far.break_month, near.break_month)
    assert np.array_equal(far.rent, near.rent)


def test_months_up_to_a_horizon_do_not_depend_on_it() -> None:
    whole, _ = harsh()
    half = 18
    short = simulate_all(
        prepare(Question(whole.question.book, whole.question.scenario, 256, 16, seed=2026, months=half))
    )
    found = simulate_all(whole)

    assert np.array_equal(np.where(found.break_month <= half, found.break_month, 0), short.break_month)
    assert np.array_equal(found.rent[: half + 1], short.rent)


def test_holders_never_lose_more_than_was_lent_to_and_staked_in_what_broke() -> None:
    """Exposure is counted once, and loss given default never exceeds one."""
    found, paths = harsh()
    book, names = found.question.book, found.economy.entities
    broke = {name for name, months in zip(names, paths.break_month, strict=False) if (months > 0).any()}
    loans = book.table("facilities").rows
    lent = sum(float(row["committed_musd"]) for row in loans if row["borrower"] in broke)
    stakes = [row for row in book.table("holdings").rows if row["instrument"] == "equity"]
    staked = sum(float(row["share_or_musd"]) for row in stakes if row["issuer_or_facility"] in broke)

    assert broke < set(names)
    assert 0.0 < paths.loss_musd.sum(axis=0).max() <= lent + staked


def test_every_loan_is_held_once() -> None:
    for name in ("ai-2026-02", "fibre-2001", "telecom-2000-12"):
        book = load_book(name)
        held: dict[str, float] = {}
        for row in book.table("holdings").rows:
            if row["instrument"] == "debt":
                facility = str(row["issuer_or_facility"])
                held[facility] = held.get(facility, 0.0) + float(row["share_or_musd"])
        assert held == pytest.approx({str(row["facility"]): 1.0 for row in book.table("facilities").rows})


def test_probabilities_reach_nought_and_one_so_no_floor_rules_them() -> None:
    calm, _ = harsh()
    economy = calm.economy
    costs, cash = (economy.figures[economy.rows[f"entities.{name}"]] for name in ("fixed_cost", "start_cash"))
    safe = simulate_all(varied(calm, figures={"entities.start_cash": np.full_like(cash, 1e9)}))
    poor = simulate_all(varied(calm, figures={"entities.fixed_cost": 1e3 * costs}))

    assert (safe.break_month == 0).all()
    assert (poor.break_month[economy.entities.index("neo_one")] > 0).all()


def test_accounts_add_up_on_every_path_of_every_shipped_book() -> None:
    for name in ("ai-2026-02", "fibre-2001", "telecom-2000-12"):
        found = simulate_all(asked(load_book(name), scenario="base", paths=32, draws=8))

        assert found.ledger_residual.max() < 1e-9
        assert found.debt_residual.max() < 1e-9
        assert found.units_residual.max() < 1e-9


def test_accounts_of_the_world_hide_no_loss(tmp_path: Path) -> None:
    def richer(table: str, rows: list[Row]) -> list[Row]:
        for row in rows:
            if table == "entities" and row["layer"] == "world":
                row["cash_musd"] = times(1000.0, row["cash_musd"])
            if table == "provenance" and row["table"] == "entities" and row["row"].startswith("world_"):
                row |= {column: times(1000.0, row[column]) for column in ("low", "high")}
        return rows

    more, plain = (simulate_all(asked(book)) for book in (edited(tmp_path / "more", richer), load_book(TINY)))

    assert np.array_equal(more.break_month, plain.break_month)
    assert np.array_equal(more.loss_musd, plain.loss_musd)


def test_rents_a_hundred_times_higher_or_lower_leave_sane_answers() -> None:
    for level in ("0.01", "100"):
        found = simulate_all(asked(load_book(TINY), f"rent.level={level}", scenario="base"))

        assert (found.status == 0).all()
        assert np.isfinite(found.rent).all()
        assert np.isfinite(found.loss_musd).all()
        assert found.ledger_residual.max() < 1e-9


def test_a_scale_of_one_and_a_shift_of_nought_are_no_change() -> None:
    """A change and a level are different things: what changes nothing leaves every bit as it was."""
    nothing = ("monetisation.scale=1", "monetisation.shift=0", "demand.shift=0", "funding.shift=0")
    plain, same = (simulate_all(asked(load_book(TINY), *change, scenario="base")) for change in ((), nothing))

    assert all(np.array_equal(one, other) for one, other in zip(plain, same, strict=True))


def test_without_channels_trouble_travels_through_shared_lending_alone() -> None:
    """With all channels off a landlord's fate hardly hangs on its tenant; what is left is the lenders' capacity."""
    alone = varied(harsh()[0], off=CHANNELS)
    names, economy = alone.economy.entities, alone.economy
    cash = economy.figures[economy.rows["entities.start_cash"]].copy()
    cash[names.index("neo_one")] = 0.0
    tenant, landlord = names.index("neo_one"), names.index("hall_one")

    def broke(of: Setting, firm: int) -> np.ndarray:
        return simulate_all(of).break_month[firm] > 0

    poor = varied(alone, figures={"entities.start_cash": cash})
    assert broke(poor, tenant).sum() > broke(alone, tenant).sum()
    assert 0.0 < (broke(poor, landlord) != broke(alone, landlord)).mean() < 0.03


def test_less_lending_breaks_more_firms_but_few_more() -> None:
    """Refinancing is rationed, though a twelfth of the capacity breaks hardly more firms in the book of fibre."""
    breaks = []
    for share in (0.06, 0.005):
        change = f"parameters.lending_capacity_share_monthly={share}"
        found = simulate_all(asked(load_book("fibre-2001"), change, scenario="base", paths=128, draws=16))
        breaks.append(int((found.break_month > 0).sum()))

    assert breaks[0] < breaks[1] < 1.1 * breaks[0]


def test_correlated_shocks_of_rents_and_funding_hardly_move_the_tail() -> None:
    """Wrong-way risk by this parameter is weak: a limit that the review tells of, not a virtue."""
    tails = []
    for correlation in (0.0, 0.8):
        change = f"parameters.corr_rent_funding={correlation}"
        found = simulate_all(asked(load_book("fibre-2001"), change, scenario="base", paths=512, draws=32))
        tails.append(float(np.quantile(found.loss_musd.sum(axis=0), 0.9)))

    assert abs(tails[1] / tails[0] - 1.0) < 0.15


def test_revenue_of_a_seller_is_its_bills_once() -> None:
    """What is contracted is not let again: sales never exceed units times the dearest rent."""
    book = load_book(TINY)
    priced = [*book.table("contracts").rows, *book.table("equipment").rows]
    rents: dict[str, float] = {}
    for row in priced:
        good = str(row["equipment"])
        rents[good] = max(rents.get(good, 0.0), float(row["rent_usd_per_hour"] or 0.0))
    owned = [row for row in book.table("fleets").rows if row["owner"] == "neo_one"]
    most = sum(float(row["units"]) * rents[str(row["equipment"])] for row in owned) * 730 / 1e6

    assert 0.0 < compute_sales(book, Query("neo_one", 0, 0)) <= most
