"""What the tables of a book give over a window of months: sales, rent, power, debt, units and cost.

Every measure takes a loaded book and a `Query`, and returns one number in the unit that its first line names.
Rents, rates and drawn balances are those of the as-of date. Uncommitted deliveries are plans and
count in none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deflator.book.book import Book, Row

HOURS_A_MONTH = 730.0
MONTHS_A_YEAR = 12.0


@dataclass(frozen=True)
class Query:
    """What a measure is taken of.

    Parameters
    ----------
    entity
        Id of the entity.
    first, last
        Months after the as-of month, both inclusive.
    counterparty
        Buyer (of sales) or holder (of debt and interest); None for all.
    """

    entity: str
    first: int
    last: int
    counterparty: str | None = None

    @property
    def months(self) -> range:
        """Every month of the window."""
        return range(self.first, self.last + 1)


def revenue(book: Book, query: Query) -> float:
    """Sales of compute, rent of space, revenue from outside the book, USD m; with a buyer, its contracts."""
    sales = compute_sales(book, query)
    if query.counterparty:
        return sales
    outside = _of_entity(book, query, "end_user_revenue_musd_per_year")
    return sales + rent_received(book, query) + outside / MONTHS_A_YEAR * len(query.months)


def compute_sales(book: Book, query: Query) -> float:
    """Contracts at their own price, and uncommitted units at the rent of their equipment, USD m."""
    contracted = backlog(book, query)
    if query.counterparty:
        return contracted
    return contracted + sum(_let_spot(book, query, month) for month in query.months)


def backlog(book: Book, query: Query) -> float:
    """Bills of contracts in the months of the window, USD m; a backstop bills only when it is called."""
    return sum(
        figure(row, "units") * figure(row, "rent_usd_per_hour") * HOURS_A_MONTH / 1e6
        for month in query.months
        for row in _sold(book, query, month)
        if query.counterparty in (None, row["buyer"])
    )


def rent_received(book: Book, query: Query) -> float:
    """Rent of space that a landlord bills, USD m."""
    return _rent(book, query, "landlord")


def rent_paid(book: Book, query: Query) -> float:
    """Rent of space that a tenant owes, USD m."""
    return _rent(book, query, "tenant")


def power(book: Book, query: Query) -> float:
    """Electricity of the fleets at the prices of their sites, USD m: kW x PUE x hours x price."""
    kilowatt_prices = (
        _kilowatts(book, fleet) * figure(fleet, "power_usd_per_mwh")
        for month in query.months
        for fleet in _fleets(book, query, month)
    )
    return sum(kilowatt_prices) * _market(book, "pue") * HOURS_A_MONTH / 1e9


def cost_of_revenue(book: Book, query: Query) -> float:
    """Power, site operations and rent of space, USD m; fleets only, as deliveries have no site cost yet."""
    operations = sum(
        figure(fleet, "units") * figure(fleet, "opex_usd_per_hour") * HOURS_A_MONTH / 1e6
        for month in query.months
        for fleet in _fleets(book, query, month)
    )
    return power(book, query) + operations + rent_paid(book, query)


def ebitda_margin(book: Book, query: Query) -> float:
    """One less cost of revenue and fixed cost over revenue; NaN without revenue."""
    fixed = _of_entity(book, query, "fixed_cost_musd_per_year") / MONTHS_A_YEAR * len(query.months)
    sales = revenue(book, query)
    return 1.0 - (cost_of_revenue(book, query) + fixed) / sales if sales else math.nan


def debt(book: Book, query: Query) -> float:
    """Principal drawn at the as-of date, without preferred stock, USD m."""
    return sum(figure(row, "drawn_musd") * _held(book, row, query) for row in _facilities(book, query))


def interest(book: Book, query: Query) -> float:
    """Cash interest on the balances drawn at the as-of date, USD m."""
    base_rate = _market(book, "base_rate")
    a_year = 0.0
    for row in _facilities(book, query):
        rate = figure(row, "rate_or_spread") + (base_rate if row["rate_kind"] == "floating" else 0.0)
        a_year += figure(row, "drawn_musd") * rate * _held(book, row, query)
    return a_year / MONTHS_A_YEAR * len(query.months)


def principal_due(book: Book, query: Query) -> float:
    """Principal that explicit schedules call for, USD m; other profiles depend on what is drawn later."""
    ours = {row["facility"] for row in _facilities(book, query)}
    return sum(
        figure(row, "principal_musd")
        for row in book.tables["amortisation"].rows
        if row["facility"] in ours and _month(book, row, "month") in query.months
    )


def fleet_value(book: Book, query: Query) -> float:
    """Cost of units less straight-line depreciation, plus construction in progress, USD m.

    Units that serve by the last month are aged to the first. Construction in progress is the market figure
    `cip_<entity>`.
    """
    value = 0.0
    for fleet in _fleets(book, query, query.last):
        age = max(0, query.first - _month(book, fleet, "in_service_month"))
        life = figure(_equipment(book, fleet), "useful_life_months")
        value += _cost(book, fleet) * max(0.0, 1.0 - age / life)
    key = f"cip_{query.entity}"
    return value + (_market(book, key) if key in book.tables["market"].index else 0.0)


def site_mw(book: Book, query: Query) -> float:
    """Site power of the units in service by the last month: kW x PUE, in MW."""
    kilowatts = sum(_kilowatts(book, row) for row in _in_service(book, query, query.last))
    return kilowatts * _market(book, "pue") / 1e3


def units(book: Book, query: Query) -> float:
    """Units of an owner that come into service in the window."""
    return sum(figure(row, "units") for row in _entering(book, query, "owner"))


def units_sold(book: Book, query: Query) -> float:
    """Units of a vendor that come into service in the window, whoever owns them."""
    return sum(figure(row, "units") for row in _entering(book, query, "vendor"))


def equipment_spend(book: Book, query: Query) -> float:
    """Cost of an owner's units that come into service in the window, USD m."""
    return sum(_cost(book, row) for row in _entering(book, query, "owner"))


def compute_spend(book: Book, query: Query) -> float:
    """Spend of a buying segment on rented compute at the as-of run rate, USD m over the window."""
    position = book.tables["demand"].index[query.entity]
    a_year = figure(book.tables["demand"].rows[position], "compute_spend_musd_per_year")
    return a_year / MONTHS_A_YEAR * len(query.months)


MEASURES: dict[str, Callable[[Book, Query], float]] = {
    measure.__name__: measure
    for measure in (
        revenue, compute_sales, backlog, rent_received, rent_paid, power, cost_of_revenue, ebitda_margin,
        debt, interest, principal_due, fleet_value, site_mw, units, units_sold, equipment_spend,
        compute_spend,
    )
}  # fmt: skip


def figure(row: Row, column: str) -> float:
    """Return a number of a row; a blank counts as nothing."""
    value = row.get(column)
    return value if isinstance(value, float) else 0.0


def _month(book: Book, row: Row, column: str) -> int:
    return book.month(str(row[column]))


def _of_entity(book: Book, query: Query, column: str) -> float:
    table = book.tables["entities"]
    return figure(table.rows[table.index[query.entity]], column)


def _market(book: Book, key: str) -> float:
    table = book.tables["market"]
    return figure(table.rows[table.index[key]], "value")


def _equipment(book: Book, row: Row) -> Row:
    table = book.tables["equipment"]
    return table.rows[table.index[str(row["equipment"])]]


def _kilowatts(book: Book, row: Row) -> float:
    return figure(row, "units") * figure(_equipment(book, row), "kw_per_unit")


def _cost(book: Book, row: Row) -> float:
    """Return what units cost in USD m: at their order price, else new, else used where none is sold new."""
    sold = _equipment(book, row)
    price = figure(row, "unit_price_usd") or figure(sold, "new_price_usd") or figure(sold, "used_price_usd")
    return figure(row, "units") * price / 1e6


def _is_live(book: Book, row: Row, month: int) -> bool:
    """Tell whether a contract or lease bills in a month."""
    return _month(book, row, "start") <= month < _month(book, row, "end")


def _sold(book: Book, query: Query, month: int) -> Iterator[Row]:
    """Yield the capacity contracts of the seller that bill in a month."""
    for row in book.tables["contracts"].rows:
        if row["kind"] == "capacity" and row["seller"] == query.entity and _is_live(book, row, month):
            yield row


def _let_spot(book: Book, query: Query, month: int) -> float:
    """Return what the owner's units without a contract earn in a month at the usual utilisation, USD m."""
    free: Counter[str] = Counter()
    for row in _in_service(book, query, month):
        if row["use"] == "rental":
            free[str(row["equipment"])] += figure(row, "units")  # type: ignore[assignment]
    for row in _sold(book, query, month):
        free[str(row["equipment"])] -= figure(row, "units")  # type: ignore[assignment]
    table = book.tables["equipment"]
    rent_an_hour = sum(
        max(0.0, count) * figure(table.rows[table.index[equipment]], "rent_usd_per_hour")
        for equipment, count in free.items()
    )
    return rent_an_hour * _market(book, "spot_utilisation") * HOURS_A_MONTH / 1e6


def _rent(book: Book, query: Query, side: str) -> float:
    """Return the rent of the leases of a landlord or tenant over the window, USD m."""
    return sum(
        figure(lease, "rent_musd_per_year") / MONTHS_A_YEAR
        for month in query.months
        for lease in book.tables["leases"].rows
        if lease[side] == query.entity and _is_live(book, lease, month)
    )


def _fleets(book: Book, query: Query, month: int) -> Iterator[Row]:
    """Yield the owner's fleets that serve by a month."""
    for row in book.tables["fleets"].rows:
        if row["owner"] == query.entity and _month(book, row, "in_service_month") <= month:
            yield row


def _in_service(book: Book, query: Query, month: int) -> Iterator[Row]:
    """Yield the owner's fleets and committed deliveries that serve by a month."""
    yield from _fleets(book, query, month)
    for row in book.tables["deliveries"].rows:
        if row["owner"] == query.entity and row["committed"] and _month(book, row, "month") <= month:
            yield row


def _entering(book: Book, query: Query, role: str) -> Iterator[Row]:
    """Yield what comes into service in the window, of one owner or of one vendor."""
    for table, column in (("fleets", "in_service_month"), ("deliveries", "month")):
        for row in book.tables[table].rows:
            party = row["owner"] if role == "owner" else _equipment(book, row)["vendor"]
            is_firm = table == "fleets" or row["committed"]
            if party == query.entity and is_firm and _month(book, row, column) in query.months:
                yield row


def _facilities(book: Book, query: Query) -> Iterator[Row]:
    """Yield the debt of the borrower; preferred stock is not debt."""
    for row in book.tables["facilities"].rows:
        if row["borrower"] == query.entity and row["type"] != "preferred":
            yield row


def _held(book: Book, facility: Row, query: Query) -> float:
    """Return the share of a facility that the counterparty holds, or one when none is named."""
    if query.counterparty is None:
        return 1.0
    table = book.tables["holdings"]
    position = table.index.get(f"{query.counterparty}|{facility['facility']}|debt")
    return 0.0 if position is None else figure(table.rows[position], "share_or_musd")
