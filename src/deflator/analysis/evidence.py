"""How much of what is said of an entity rests on figures that nobody reported."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from deflator.book import Book

_HOURS_PER_YEAR = 8_760.0
_ENTITY_SUMS = (
    "cash_musd", "end_user_revenue_musd_per_year", "fixed_cost_musd_per_year", "loss_absorbing_capital_musd",
    "planned_equity_raise_musd_per_year", "build_to_complete_musd",
)  # fmt: skip


class Amount(NamedTuple):
    """A sum in the books of an entity, and the figures that it is the product of."""

    entity: str
    musd: float
    figures: tuple[tuple[str, str, str], ...]


def amounts(book: Book) -> Iterator[Amount]:
    """Yield the month-0 sums of every entity: stocks in USD m, flows in USD m a year.

    They are what keeps it alive or breaks it: cash, capital, revenue from end users, other costs, equity to
    be raised, debt owed and held, contracts bought and sold, leases let and taken, units owned at second-hand
    or new price, and spend on compute that is not under contract. Market values of equity are not among them:
    they would drown the rest.
    """
    for row in book.table("entities").rows:
        for field in _ENTITY_SUMS:
            if row[field]:
                yield Amount(row["entity"], abs(row[field]), (("entities", row["entity"], field),))
    yield from _debts(book)
    yield from _contracts(book)
    yield from _leases(book)
    yield from _units(book)
    for row in book.table("demand").rows:
        key = row["segment"]
        spot = row["compute_spend_musd_per_year"] * row["share_bought_spot"]
        figures = (("demand", key, "compute_spend_musd_per_year"), ("demand", key, "share_bought_spot"))
        yield Amount(key, spot, figures)


def _debts(book: Book) -> Iterator[Amount]:
    drawn = {}
    for row in book.table("facilities").rows:
        if row["signed"]:
            key = row["facility"]
            drawn[key] = row["drawn_musd"]
            yield Amount(row["borrower"], drawn[key], (("facilities", key, "drawn_musd"),))
    holdings = book.table("holdings")
    for key, row in zip(holdings.keys, holdings.rows, strict=True):
        facility = row["issuer_or_facility"]
        if facility in drawn:
            figures = (("holdings", key, "share_or_musd"), ("facilities", facility, "drawn_musd"))
            yield Amount(row["holder"], row["share_or_musd"] * drawn[facility], figures)


def _contracts(book: Book) -> Iterator[Amount]:
    for row in book.table("contracts").rows:
        key = row["contract"]
        musd = row["units"] * row["rent_usd_per_hour"] * _HOURS_PER_YEAR / 1e6
        figures = (("contracts", key, "units"), ("contracts", key, "rent_usd_per_hour"))
        for party in (row["seller"], row["buyer"]):
            yield Amount(party, musd, figures)


def _leases(book: Book) -> Iterator[Amount]:
    for row in book.table("leases").rows:
        for party in (row["landlord"], row["tenant"]):
            figure = ("leases", row["lease"], "rent_musd_per_year")
            yield Amount(party, row["rent_musd_per_year"], (figure,))


def _units(book: Book) -> Iterator[Amount]:
    price_fields = {
        row["equipment"]: next((name for name in ("used_price_usd", "new_price_usd") if row[name]), None)
        for row in book.table("equipment").rows
    }
    equipment = book.table("equipment")
    for row in book.table("fleets").rows:
        field = price_fields[row["equipment"]]
        if field:
            price = equipment.rows[equipment.index[row["equipment"]]][field]
            figures = (("fleets", row["fleet"], "units"), ("equipment", row["equipment"], field))
            yield Amount(row["owner"], row["units"] * price / 1e6, figures)


def assumed_and_all(book: Book) -> dict[str, tuple[float, float]]:
    """Return, by entity, how much of its month-0 sums is not reported, and how much there is.

    A product is as good as its weakest factor: units times rent is reported only where both are. Each sum
    counts once by its size, so a guess about a small contract weighs little. What is not reported may be
    derived, assumed, disputed or unknown.

    Parameters
    ----------
    book
        A loaded book.

    Returns
    -------
    dict
        Entity to (not reported, all) in USD m; every entity is there.
    """
    found: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for amount in amounts(book):
        grades = {book.provenance[figure].grade for figure in amount.figures}
        assumed, total = found[amount.entity]
        weak = 0.0 if grades == {"reported"} else amount.musd
        found[amount.entity] = (assumed + weak, total + amount.musd)
    return {str(row["entity"]): found[str(row["entity"])] for row in book.table("entities").rows}
