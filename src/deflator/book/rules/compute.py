"""Rules of units, contracts and leases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from deflator.book.draft import Draft
from deflator.book.months import month_at, month_index
from deflator.errors import Fault

UNITS_SLACK = 1.001


def periods_run_forward(draft: Draft) -> Iterator[Fault]:
    """Contracts and leases end after they start; a reconciliation does not end before it starts."""
    for name, first, last, least in (
        ("contracts", "start", "end", 1),
        ("leases", "start", "end", 1),
        ("reconciliation", "from", "to", 0),
    ):
        table = draft.tables[name]
        for position, row in table.items():
            start, end = row[first], row[last]
            if start and end and month_index(end, start) < least:
                message = f"{end} is not after the {first} {start}" if least else f"{end} is before {first} {start}"
                yield table.fault(position, last, message, f"{last} must lie after {first}")


def deliveries_lie_ahead(draft: Draft) -> Iterator[Fault]:
    """Deliveries are planned for a month after the as-of month; what is in service is a fleet."""
    table = draft.tables["deliveries"]
    for position, row in table.items():
        if row["month"] and row["month"] <= draft.header["as_of"]:
            message = f"{row['month']} is not after the as-of month {draft.header['as_of']}"
            yield table.fault(position, "month", message, "units that are in service belong in fleets")


def prices_are_known(draft: Draft) -> Iterator[Fault]:
    """No price of the history is later than the as-of month."""
    table = draft.tables["price_history"]
    for position, row in table.items():
        if row["month"] and row["month"] > draft.header["as_of"]:
            message = f"{row['month']} is after the as-of month {draft.header['as_of']}"
            yield table.fault(position, "month", message, "a book holds only what was known on its date")


def leases_house_their_tenants(draft: Draft) -> Iterator[Fault]:
    """Units stand under a lease of their owner, on the site of its landlord."""
    leases = {row["lease"]: row for row in draft.tables["leases"].rows}
    for name in ("fleets", "deliveries"):
        table = draft.tables[name]
        for position, row in table.items():
            lease = leases.get(row["lease"]) if row["lease"] else None
            if lease is None:
                continue
            for column, party in (("owner", "tenant"), ("site", "landlord")):
                own, other = row[column], lease[party]
                if own and other and own != other:
                    message = f"the {party} of {row['lease']} is {other}, but the {column} of the units is {own}"
                    yield table.fault(position, "lease", message, f"name a lease whose {party} is {own}")


def suppliers_fit_their_contract(draft: Draft) -> Iterator[Fault]:
    """Units that supply a contract belong to its seller and are of its equipment."""
    supply = {row["fleet"]: row for row in draft.tables["fleets"].rows}
    supply |= {row["delivery"]: row for row in draft.tables["deliveries"].rows}
    table = draft.tables["contracts"]
    for position, row in table.items():
        for name in row["supplied_by"] or ():
            units = supply.get(name)
            if units is None:
                continue
            for wanted, held in (("seller", "owner"), ("equipment", "equipment")):
                own, other = row[wanted], units[held]
                if own and other and own != other:
                    message = f"the {held} of {name} is {other}, but the contract's {wanted} is {own}"
                    yield table.fault(position, "supplied_by", message, f"name units whose {held} is {own}")


def sellers_own_what_they_sell(draft: Draft) -> Iterator[Fault]:
    """No seller has sold more units of an equipment, in any month to the horizon, than it has to let."""
    as_of = draft.header["as_of"]
    months = month_index(draft.header["horizon"], as_of) + 1
    owned: defaultdict[tuple[object, object], list[tuple[int, float]]] = defaultdict(list)
    for name, start_column in (("fleets", "in_service_month"), ("deliveries", "month")):
        for row in draft.tables[name].rows:
            if row["use"] == "rental":
                start = month_index(row[start_column], as_of)
                owned[row["owner"], row["equipment"]].append((start, row["units"]))
    table = draft.tables["contracts"]
    sold: defaultdict[tuple[object, object], list[tuple[int, int, float, int]]] = defaultdict(list)
    for position, row in table.items():
        if row["kind"] == "capacity":
            start, end = (month_index(row[column], as_of) for column in ("start", "end"))
            sold[row["seller"], row["equipment"]].append((start, end, row["units"], position))
    for (seller, equipment), contracts in sold.items():
        for month in range(max(0, months)):
            out = sum(units for start, end, units, _ in contracts if start <= month < end)
            have = sum(units for start, units in owned[seller, equipment] if start <= month)
            if out > have * UNITS_SLACK:
                last = max((start, place) for start, end, _, place in contracts if start <= month < end)[1]
                when = month_at(month, as_of)
                message = f"{seller} has sold {out:,.0f} {equipment} in {when} but has {have:,.0f} to let"
                hint = "contracts may not exceed the fleets and deliveries of use rental"
                yield table.fault(last, "units", message, hint)
                break
