"""Whatever figures a book may hold, accounts balance and what a path reports makes sense."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from economies import AI, FIBRE, SEED, TINY, book, economy
from hypothesis import given, settings
from hypothesis import strategies as st

from deflator.book.schema import parameter_rules, schema
from deflator.engine import Paths, Status, pack, simulate
from deflator.errors import ScenarioError
from deflator.scenario import load_scenario
from deflator.scenario.figures import SIMULATED, Figures, draw_figures
from deflator.scenario.vocabulary import drivers

ALLOWED = 1e-9
BASE = load_scenario("base")
TIMES = 6  # paths of each case: what goes wrong may take a turn of luck
FACTORS = (0.03, 0.1, 0.5, 0.9, 1.1, 2.0, 10.0, 30.0)
#: Sums of money and of units that a book may leave at nothing.
AMOUNTS = {
    "entities": ("cash_musd", "end_user_revenue_musd_per_year", "fixed_cost_musd_per_year", "equity_value_musd",
                 "loss_absorbing_capital_musd", "minimum_liquidity_musd", "planned_equity_raise_musd_per_year",
                 "free_power_mw", "build_to_complete_musd"),
    "fleets": ("units", "power_usd_per_mwh", "opex_usd_per_hour"),
    "deliveries": ("units", "unit_price_usd"),
    "contracts": ("units", "rent_usd_per_hour", "take_or_pay", "prepaid_musd"),
    "leases": ("mw", "rent_musd_per_year"),
    "facilities": ("committed_musd", "drawn_musd", "rate_or_spread", "recourse"),
    "amortisation": ("principal_musd",),
}  # fmt: skip


def unsound(paths: Paths, months: int) -> np.ndarray:
    """Return for each path whether an identity is broken, a figure is no number or lies outside its meaning."""
    wrong = paths.status != Status.OK
    for residual in (paths.ledger_residual, paths.debt_residual, paths.units_residual):
        wrong |= ~(residual <= ALLOWED)
    for values in paths:
        wrong |= ~np.isfinite(values).reshape(-1, wrong.size).all(axis=0)
    wrong |= ((paths.break_month < 0) | (paths.break_month > months)).any(axis=0)
    wrong |= ((paths.broken_share < 0.0) | (paths.broken_share > 1.0)).any(axis=0)
    wrong |= (paths.loss_musd < 0.0).any(axis=0)
    return wrong


@cache
def central(name):
    """Return the figures of a book without ignorance."""
    return draw_figures(book(name), BASE, 1, SEED, ignorance=False)


def run_each(name, columns, draws, times=1):
    """Simulate so many paths of each draw, one round of draws after another."""
    of = pack(book(name), BASE, Figures(draws, columns, central(name).parameter_rows, ()))
    return simulate(of, seed=SEED, first_path=0, paths=draws * times)


def one_by_one(name, cases):
    """Return those cases, each a book with one other figure (table, row, column, figure), that go wrong."""
    columns = {key: np.repeat(values, len(cases), axis=1) for key, values in central(name).columns.items()}
    for draw, (table, row, column, figure) in enumerate(cases):
        columns[table, column][book(name).tables[table].index[row], draw] = figure
    wrong = unsound(run_each(name, columns, len(cases), TIMES), book(name).months).reshape(TIMES, -1).any(axis=0)
    return [" ".join(map(str, case)) for case, bad in zip(cases, wrong, strict=True) if bad]


@pytest.mark.parametrize("name", [TINY, FIBRE])
def test_every_sum_may_be_nothing_a_hundredth_or_a_hundred_times_as_large(name):
    cases = []
    for table, columns in AMOUNTS.items():
        for column in columns:
            most = schema()[table].by_name[column].maximum or np.inf
            figures = zip(book(name).tables[table].keys, book(name).tables[table].array(column), strict=True)
            for row, figure in figures:
                if not np.isnan(figure):
                    cases += [(table, row, column, min(times * figure, most)) for times in (0.0, 0.01, 100.0)]

    assert one_by_one(name, cases) == []


@pytest.mark.parametrize("name", [TINY, FIBRE])
def test_every_month_may_lie_earlier_or_later(name):
    cases = []
    for table in SIMULATED:
        for column in schema()[table].columns:
            if column.type == "month" and column.figure:
                figures = zip(book(name).tables[table].keys, book(name).tables[table].array(column.column), strict=True)
                cases += [
                    (table, row, column.column, month + shift)
                    for row, month in figures
                    if not np.isnan(month)
                    for shift in (-30, -6, -1, 1, 6, 30)
                ]

    assert one_by_one(name, cases) == []


@pytest.mark.parametrize("name", [TINY, FIBRE])
def test_every_number_of_the_model_may_be_as_low_and_as_high_as_is_allowed(name):
    cases = []
    for parameter, allowed in parameter_rules().items():
        figure = float(central(name).parameter(parameter)[0])
        highest = allowed.maximum if allowed.maximum is not None else 10.0 * abs(figure) + 1.0
        lowest = allowed.minimum if allowed.minimum is not None else -abs(figure)
        cases += [("parameters", parameter, "value", edge) for edge in (lowest, highest)]

    assert one_by_one(name, cases) == []


@pytest.mark.parametrize("name", [TINY, FIBRE])
def test_a_coupon_may_be_below_zero(name):
    table = book(name).tables["facilities"]

    assert one_by_one(name, [("facilities", row, "rate_or_spread", -0.05) for row in table.keys]) == []


@pytest.mark.parametrize("name", [TINY, FIBRE])
@pytest.mark.parametrize(
    ("driver", "operation", "edge"),
    [
        (driver, operation, edge)
        for driver, meaning in drivers().items()
        if meaning.general
        for operation, rule in meaning.operations.items()
        for edge in (rule.minimum, rule.maximum)
    ],
)
def test_every_driver_may_be_moved_as_far_as_is_allowed(name, driver, operation, edge):
    pulse = drivers()[driver].operations[operation].between == "pulse"
    setting = f"{driver}.{operation}=" + (f"{{+1: {edge}}}" if pulse else str(edge))
    of = economy(name, "funding-freeze", 64, True, (setting,))

    assert not unsound(simulate(of, seed=SEED, first_path=0, paths=64), of.months).any()


def test_an_owner_whose_units_are_all_still_to_come_pays_the_usual_price_for_power():
    of = economy(FIBRE, settings=("figures.fleets.heart_oc48_own.units=0",))

    assert not unsound(simulate(of, seed=SEED, first_path=0, paths=1), of.months).any()


def moved(key, values, spread, draw):
    """Return figures of a column that are off by about `spread` in logs, months by six times as many months."""
    table, name = key
    column = schema()[table].by_name[name]
    noise = spread * draw.standard_normal(values.shape)
    if table == "holdings" or not column.figure:
        return values  # shares of a debt sum to one; parameters hang together
    if column.type == "month":
        return np.round(values + 6.0 * noise)
    return np.minimum(values * np.exp(noise), np.inf if column.maximum is None else column.maximum)


@pytest.mark.parametrize("name", [TINY, FIBRE, AI])
@pytest.mark.parametrize("spread", [0.1, 0.5, 1.5])
def test_books_whose_figures_are_all_off_by_some_factor_are_simulated_soundly(name, spread):
    books, draw = 128, np.random.default_rng(SEED)
    columns = {
        key: moved(key, np.repeat(values, books, axis=1), spread, draw) for key, values in central(name).columns.items()
    }

    assert np.flatnonzero(unsound(run_each(name, columns, books), book(name).months)).tolist() == []


def figure_addresses(name):
    """Return the address of every figure of a book that a scenario may set, with its value and its column."""
    return [
        (f"{table}.{row}.{column.column}", cells[column.column], column)
        for table in SIMULATED
        if table not in ("parameters", "holdings")
        for column in schema()[table].columns
        if column.figure and column.type in ("number", "share", "count")
        for row, cells in zip(book(name).tables[table].keys, book(name).tables[table].rows, strict=True)
        if cells[column.column]
    ]


@st.composite
def changes(draw, name):
    """Return other figures for some of those that a book holds, each within its bounds."""
    some = st.lists(st.sampled_from(figure_addresses(name)), min_size=1, max_size=12, unique_by=lambda place: place[0])
    found = {}
    for address, figure, column in draw(some):
        low = -np.inf if column.minimum is None else column.minimum
        high = np.inf if column.maximum is None else column.maximum
        changed = min(max(figure * draw(st.sampled_from(FACTORS)), low), high)
        found[address] = float(round(changed)) if column.type == "count" else changed
    return found


@pytest.mark.parametrize("name", [TINY, FIBRE])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_book_with_some_other_figures_is_simulated_soundly(name, data):
    scenario = replace(BASE, figures=data.draw(changes(name)))
    try:
        scenario.check(book(name))
    except ScenarioError:
        return  # a figure on the wrong side of another one of its row
    of = pack(book(name), scenario, draw_figures(book(name), scenario, 16, SEED, True))

    assert not unsound(simulate(of, seed=SEED, first_path=0, paths=64), of.months).any()
