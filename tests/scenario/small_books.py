"""Books of a few rows, put together in a test rather than loaded, and scenarios that change them."""

import numpy as np
from hypothesis import strategies as st

from deflator.book.book import Book, Provenance, Table
from deflator.book.months import month_at
from deflator.book.schema import schema
from deflator.scenario import Scenario

AS_OF = "2026-02"


def book_of(ranges, **tables):
    """Return a book with the rows that a test cares about; columns that it does not name are blank.

    `ranges` gives low and high by (table, row, field), and a factor as third where figures share one.
    """
    built = {}
    for name, table in schema().items():
        rows = [{column: row.get(column) for column in table.by_name} for row in tables.get(name, ())]
        keys = tuple("|".join(str(row[key]) for key in table.keys) for row in rows)
        built[name] = Table(name, AS_OF, tuple(rows), keys)
    provenance = {
        place: Provenance("assumed", AS_OF, low, high, "judgement", None, factor[0] if factor else None)
        for place, (low, high, *factor) in ranges.items()
    }
    return Book("small", "", "", AS_OF, "2031-02", "USD", "h100", "", None, None, built, provenance, {})


def scenario_of(figures=None, parameters=None):
    """Return a scenario that changes nothing but figures and parameters."""
    return Scenario(
        "changed", "", "", "2026-02-28", "", (), {}, {}, parameters or {}, figures or {}, False, (), origins={}
    )


def units_of(name, units, month=None, *, owner="neo", equipment="h100", use="rental", lease=None):
    """Return a fleet, or a delivery when a month is given."""
    row = {"owner": owner, "equipment": equipment, "units": float(units), "use": use, "lease": lease}
    return (
        row | {"fleet": name, "in_service_month": "2025-01"}
        if month is None
        else row | {"delivery": name, "month": month}
    )


def contract_of(name, units, start="2025-01", end="2030-01", *, kind="capacity", supplied_by=None, equipment="h100"):
    """Return a contract of the seller `neo`."""
    return {
        "contract": name,
        "seller": "neo",
        "buyer": "lab",
        "equipment": equipment,
        "units": float(units),
        "start": start,
        "end": end,
        "kind": kind,
        "supplied_by": supplied_by,
    }


def facility_of(name, drawn, committed, *, maturity="2030-01", kind="term_loan"):
    """Return a facility that was signed a year before the as-of month."""
    return {
        "facility": name,
        "type": kind,
        "issue": "2025-02",
        "maturity": maturity,
        "drawn_musd": float(drawn),
        "committed_musd": float(committed),
    }


@st.composite
def consistent_books(draw):
    """Return books whose central values keep every identity, with ranges that let the draws break them."""
    whole, part = st.integers(1, 12), st.integers(0, 20).map(lambda twentieths: twentieths / 20)
    ranges = {}

    def known_between(place, value, most=np.inf):
        ranges[place] = (value * (1 - draw(part)), min(value * (1 + draw(part)), most))
        return value

    def month_between(place, month):
        ranges[place] = tuple(month_at(month + side * draw(whole), AS_OF) for side in (-1, 1))
        return month_at(month, AS_OF)

    site = draw(whole)
    arrivals = [site + draw(st.integers(0, 6)) for _ in range(draw(st.integers(1, 3)))]
    tables = {
        "leases": [
            {
                "lease": "site",
                "start": month_between(("leases", "site", "start"), site),
                "end": month_between(("leases", "site", "end"), site + 60),
            }
        ],
        "fleets": [units_of("f", known_between(("fleets", "f", "units"), 100.0))],
        "deliveries": [
            units_of(
                f"d{row}",
                known_between(("deliveries", f"d{row}", "units"), 50.0),
                month_between(("deliveries", f"d{row}", "month"), month),
                lease="site",
            )
            for row, month in enumerate(arrivals)
        ],
        "contracts": [
            contract_of(
                "live",
                known_between(("contracts", "live", "units"), 100 * draw(part)),
                end=month_between(("contracts", "live", "end"), 40),
            )
        ],
    }
    for row, month in enumerate(arrivals):
        name, start = f"c{row}", month + draw(st.integers(0, 6))
        tables["contracts"].append(
            contract_of(
                name,
                known_between(("contracts", name, "units"), 50 * draw(part)),
                month_between(("contracts", name, "start"), start),
                month_between(("contracts", name, "end"), start + draw(whole)),
                supplied_by=draw(st.sampled_from([None, (f"d{row}",)])),
            )
        )
    principal = [100 * draw(part) for _ in range(3)]
    drawn = known_between(("facilities", "loan", "drawn_musd"), sum(principal))
    committed = known_between(("facilities", "loan", "committed_musd"), drawn + 50 * draw(part))
    tables["facilities"] = [facility_of("loan", drawn, committed, maturity=month_at(24, AS_OF))]
    ranges["facilities", "loan", "maturity"] = (month_at(3, AS_OF), month_at(40, AS_OF))
    tables["amortisation"] = [
        {
            "facility": "loan",
            "month": month_at(8 * (row + 1), AS_OF),
            "principal_musd": known_between(
                ("amortisation", f"loan|{month_at(8 * (row + 1), AS_OF)}", "principal_musd"), due
            ),
        }
        for row, due in enumerate(principal)
    ]
    cut = draw(part)
    tables["holdings"] = [
        {
            "holder": holder,
            "issuer_or_facility": "loan",
            "instrument": "debt",
            "share_or_musd": known_between(("holdings", f"{holder}|loan|debt", "share_or_musd"), share, 1.0),
        }
        for holder, share in (("bank", cut), ("fund", 1 - cut))
    ]
    return book_of(ranges, **tables)
