"""Restore the identities of a book after its figures were drawn one by one.

Figures that are drawn apart can contradict each other: a contract sells more units than its seller owns, a
schedule repays more than was lent. Each function here takes one identity and moves the draws that break it,
first between their own bounds, and beyond them only where the bounds leave no other way. Draws that keep the
identity are not touched, and no draw depends on another draw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.book.book import Book
from deflator.book.cells import Value

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Key = tuple[str, str]
"""Table and column."""

PROJECTED: tuple[Key, ...] = (
    ("equipment", "new_price_usd"),
    ("equipment", "used_price_usd"),
    ("fleets", "in_service_month"),
    ("fleets", "units"),
    ("deliveries", "month"),
    ("deliveries", "units"),
    ("contracts", "start"),
    ("contracts", "end"),
    ("contracts", "units"),
    ("leases", "start"),
    ("leases", "end"),
    ("facilities", "issue"),
    ("facilities", "maturity"),
    ("facilities", "committed_musd"),
    ("facilities", "drawn_musd"),
    ("amortisation", "month"),
    ("amortisation", "principal_musd"),
    ("holdings", "share_or_musd"),
)
"""Columns that take part in an identity."""

ARRIVAL = {"fleets": "in_service_month", "deliveries": "month"}
"""When the units of a table come into service."""

_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Draws:
    """Figures of a book as they were drawn, with the bounds they were drawn between.

    Parameters
    ----------
    book
        Says who sells, owes and holds what.
    values
        By table and column ``[row, draw]``; months are counted from the as-of month, blanks are NaN.
    central, low, high
        By table and column ``[row]``; all three are equal for a figure that is not drawn.
    """

    book: Book
    values: dict[Key, Floats]
    central: Mapping[Key, Floats]
    low: Mapping[Key, Floats]
    high: Mapping[Key, Floats]


@dataclass(frozen=True)
class Moved:
    """How far the identities moved the draws of one column.

    Parameters
    ----------
    table, field
        The column.
    drawn
        Figures times draws in it.
    moved
        Those that an identity moved by more than rounding.
    outside
        Those that it moved out of their bounds, because nothing else restored it.
    mean_move
        Mean of the moves over all that were drawn, in the unit of the column.
    furthest_outside
        Largest distance from the bounds, in the unit of the column.
    """

    table: str
    field: str
    drawn: int
    moved: int
    outside: int
    mean_move: float
    furthest_outside: float


def restore_identities(draws: Draws) -> tuple[dict[Key, Floats], tuple[Moved, ...]]:
    """Return draws that hang together: what is sold exists, what is lent is repaid once, starts precede ends.

    Parameters
    ----------
    draws
        The draws; they are not changed.

    Returns
    -------
    values
        All columns, by table and column ``[row, draw]``.
    moved
        One entry for each column in which anything moved.
    """
    consistent = Draws(draws.book, dict(draws.values), draws.central, draws.low, draws.high)
    for key in PROJECTED:
        consistent.values[key] = draws.values[key].copy()
    keep_principal_repayable(consistent)
    keep_order(consistent)
    keep_contracts_within_units(consistent)
    repay_principal_once(consistent)
    hold_every_debt_once(consistent)
    moves = (_moved(draws, consistent, key) for key in PROJECTED)
    return consistent.values, tuple(move for move in moves if move.moved)


def _moved(before: Draws, after: Draws, key: Key) -> Moved:
    """Count what moved in one column, and how far."""
    known = ~np.isnan(before.values[key])
    old, new = before.values[key][known], after.values[key][known]
    low, high = before.low[key][:, None], before.high[key][:, None]
    beyond = np.maximum(low - after.values[key], after.values[key] - high)[known]
    shifted = np.abs(new - old) > _ROUNDING * np.abs(new)
    outside = np.where(shifted & (beyond > _ROUNDING * np.abs(new)), beyond, 0.0)
    return Moved(
        *key,
        drawn=old.size,
        moved=int(np.count_nonzero(shifted)),
        outside=int(np.count_nonzero(outside)),
        mean_move=float((new - old).mean()) if old.size else 0.0,
        furthest_outside=float(outside.max(initial=0.0)),
    )


@dataclass(frozen=True)
class Order:
    """A figure that stays at or below another, or below it by a gap; each by its column and row."""

    lesser: Key
    lesser_row: int
    greater: Key
    greater_row: int
    gap: float = 0.0


def keep_order(draws: Draws) -> None:
    """Keep sites before units, units before contracts, starts before ends, drawn below committed.

    A lesser figure first falls to where the greater can still rise above it; the greater then rises. Along a
    chain (site, units, contract, its end) the room passes backwards before the lateness passes forwards, so
    every figure stays within its bounds wherever the central values keep the order.
    """
    orders = tuple(_orders(draws))
    room = {key: draws.high[key].copy() for key in PROJECTED}
    for order in reversed(orders):
        ceiling = room[order.greater][order.greater_row] - order.gap
        room[order.lesser][order.lesser_row] = min(room[order.lesser][order.lesser_row], ceiling)
    for key in PROJECTED:
        values = draws.values[key]
        np.minimum(values, np.maximum(room[key], draws.low[key])[:, None], out=values)
    for order in orders:
        greater = draws.values[order.greater][order.greater_row]
        np.maximum(greater, draws.values[order.lesser][order.lesser_row] + order.gap, out=greater)


def _orders(draws: Draws) -> Iterator[Order]:
    """Yield every order of the book, so that whatever moves a figure comes before what the figure moves."""
    central = draws.central
    for rule in (_sites_before_units, _units_before_contracts, _schedules_before_maturity):
        for order in rule(draws):
            # What the book itself does not keep in order, its draws need not keep either.
            if central[order.lesser][order.lesser_row] <= central[order.greater][order.greater_row]:
                yield order
    yield from _within_rows(draws)


def _sites_before_units(draws: Draws) -> Iterator[Order]:
    """Start units no earlier than the lease under which they stand."""
    leases = draws.book.tables["leases"].index
    for table, column in ARRIVAL.items():
        for row, lease in enumerate(draws.book.tables[table].column("lease")):
            if lease is not None:
                yield Order(("leases", "start"), leases[str(lease)], (table, column), row)


def _units_before_contracts(draws: Draws) -> Iterator[Order]:
    """Start contracts no earlier than the units that supply them.

    A contract that names no units waits for those of its equipment that the book plans to reach its seller
    between the as-of month and its start.
    """
    let = _units_to_let(draws.book)
    for row, contract in enumerate(draws.book.tables["contracts"].rows):
        named = contract["supplied_by"]
        for table, units in let[contract["seller"], contract["equipment"]]:
            arrival = (table, ARRIVAL[table])
            name = draws.book.tables[table].keys[units]
            if name in named if named else draws.central[arrival][units] > 0:
                yield Order(arrival, units, ("contracts", "start"), row)


def _schedules_before_maturity(draws: Draws) -> Iterator[Order]:
    """Let debts with a schedule mature no earlier than their last repayment."""
    facilities = draws.book.tables["facilities"].index
    for row, facility in enumerate(draws.book.tables["amortisation"].column("facility")):
        yield Order(("amortisation", "month"), row, ("facilities", "maturity"), facilities[str(facility)])


def _within_rows(draws: Draws) -> Iterator[Order]:
    """Put starts before ends, signings before maturities, and sums drawn within sums committed."""
    tables = draws.book.tables
    for table, lesser, greater, gap in (
        ("leases", "start", "end", 1.0),
        ("contracts", "start", "end", 1.0),
        ("facilities", "issue", "maturity", 1.0),
        ("facilities", "drawn_musd", "committed_musd", 0.0),
        ("equipment", "used_price_usd", "new_price_usd", 0.0),
    ):
        for row, cells in enumerate(tables[table].rows):
            # The face of a convertible may differ from what it was sold for.
            exempt = lesser == "drawn_musd" and cells["type"] == "convertible"
            if not exempt and cells[lesser] is not None and cells[greater] is not None:
                yield Order((table, lesser), row, (table, greater), row, gap)


def keep_contracts_within_units(draws: Draws) -> None:
    """Sell no more units of an equipment in any month than the seller has to let by then.

    Contracts give way, pro rata to what each was drawn above its lowest value. Units rise only where even the
    lowest values of the contracts exceed them. Backstops sell nothing until they are called.
    """
    let = _units_to_let(draws.book)
    sold = defaultdict(list)
    for row, contract in enumerate(draws.book.tables["contracts"].rows):
        if contract["kind"] == "capacity":
            sold[contract["seller"], contract["equipment"]].append(row)
    for market, rows in sold.items():
        _keep_market_within_units(draws, np.array(rows), let[market])


def _keep_market_within_units(draws: Draws, contracts: Rows, units: list[tuple[str, int]]) -> None:
    """Fit the contracts of one seller for one equipment into its units, from the as-of month on.

    Units to let never fall, and more are sold only in months in which a contract starts: no other month needs
    a look.
    """
    start, end, sold = (draws.values["contracts", column][contracts] for column in ("start", "end", "units"))
    least = draws.low["contracts", "units"][contracts, None]
    shape = (len(units), sold.shape[1])
    arrival = np.array([draws.values[table, ARRIVAL[table]][row] for table, row in units]).reshape(shape)
    owned = np.array([draws.values[table, "units"][row] for table, row in units]).reshape(shape)
    most = np.array([draws.high[table, "units"][row] for table, row in units]).reshape(len(units), 1)
    for month in np.unique(np.maximum(start, 0)):
        live, here = (start <= month) & (month < end), arrival <= month
        reachable = np.minimum((least * live).sum(axis=0), (most * here).sum(axis=0))
        short = reachable > (owned * here).sum(axis=0) * (1 + _ROUNDING)
        owned = np.where(here, _moved_to_total(owned * here, most * here, reachable, short), owned)
        there = (owned * here).sum(axis=0)
        over = (sold * live).sum(axis=0) > there * (1 + _ROUNDING)
        sold = np.where(live, _moved_to_total(sold * live, least * live, there, over), sold)
    draws.values["contracts", "units"][contracts] = sold
    for (table, row), drawn in zip(units, owned, strict=True):
        draws.values[table, "units"][row] = drawn


def keep_principal_repayable(draws: Draws) -> None:
    """Keep the principal of a scheduled debt between the least and the most that its schedule can repay."""
    for facility, rows in _schedules(draws.book):
        key = ("facilities", "drawn_musd")
        low = max(draws.low[key][facility], draws.low["amortisation", "principal_musd"][rows].sum())
        high = min(draws.high[key][facility], draws.high["amortisation", "principal_musd"][rows].sum())
        if low <= high:
            np.clip(draws.values[key][facility], low, high, out=draws.values[key][facility])


def repay_principal_once(draws: Draws) -> None:
    """Let each schedule repay what is drawn, no more and no less."""
    principal = draws.values["facilities", "drawn_musd"]
    for facility, rows in _schedules(draws.book):
        _sum_to(draws, ("amortisation", "principal_musd"), rows, principal[facility])


def hold_every_debt_once(draws: Draws) -> None:
    """Let the shares of those who hold a debt sum to one."""
    holders = defaultdict(list)
    for row, holding in enumerate(draws.book.tables["holdings"].rows):
        if holding["instrument"] == "debt":
            holders[holding["issuer_or_facility"]].append(row)
    whole = np.ones(draws.values["holdings", "share_or_musd"].shape[1])
    for rows in holders.values():
        _sum_to(draws, ("holdings", "share_or_musd"), np.array(rows), whole)


def _sum_to(draws: Draws, key: Key, rows: Rows, total: Floats) -> None:
    """Move figures towards their lowest or highest values until they sum to a total."""
    values = draws.values[key][rows]
    have = values.sum(axis=0)
    bound = np.where(have > total, draws.low[key][rows, None], draws.high[key][rows, None])
    draws.values[key][rows] = _moved_to_total(values, bound, total, abs(have - total) > _ROUNDING * total)


def _moved_to_total(values: Floats, bound: Floats, total: Floats, off: NDArray[np.bool_]) -> Floats:
    """Move figures in equal parts of their distance to a bound until they sum to a total.

    Where even the bounds miss the total, it is shared out in proportion to them. Draws that are not `off`
    stay as they are.
    """
    have, least = values.sum(axis=0), bound.sum(axis=0)
    between = (least - total) * (have - total) <= 0
    apart = off & between & (have != least)
    part = np.divide(total - least, have - least, out=np.zeros_like(have), where=apart)
    scale = np.divide(total, least, out=np.ones_like(have), where=off & ~between & (least != 0))
    return np.where(off, scale * bound + part * (values - bound), values)


def _units_to_let(book: Book) -> Mapping[tuple[Value, Value], list[tuple[str, int]]]:
    """Return the tables and rows of the units that each owner lets of each equipment."""
    found = defaultdict(list)
    for table in ARRIVAL:
        for row, units in enumerate(book.tables[table].rows):
            if units["use"] == "rental":
                found[units["owner"], units["equipment"]].append((table, row))
    return found


def _schedules(book: Book) -> Iterator[tuple[int, Rows]]:
    """Yield the row of each facility with a schedule, and the rows of its repayments."""
    repaid_in = defaultdict(list)
    for row, facility in enumerate(book.tables["amortisation"].column("facility")):
        repaid_in[str(facility)].append(row)
    for name, rows in repaid_in.items():
        yield book.tables["facilities"].index[name], np.array(rows)
