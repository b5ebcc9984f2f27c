"""One row that shows what may be typed into a tape: a loan to a borrower of the book at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import floor, log10

from deflator.book import Book
from deflator.book.months import month_at
from deflator.tape.borrowers import Borrowers
from deflator.tape.schema import examples

#: Months after the as-of month in which the loan began and falls due.
_ISSUED, _MATURES = -8, 40
#: What the units pledged would fetch second-hand, over what is drawn.
_COVER = 1.5


def example(book: Book) -> dict[str, str]:
    """Return a loan that runs at the as-of month, to the firm that rents out equipment and owes most, over units of it.

    Parameters
    ----------
    book
        Whose names and months it has.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> row = example(load_book("telecom-2000-12"))
    >>> row["borrower"], row["equipment"], row["units"], row["issue"], row["maturity"]
    ('Level 3 Communications', 'ds3', '1000', '2000-04', '2004-04')
    """
    found = dict(examples())
    entities = book.table("entities")
    borrower = next(_borrowers(book), None)
    if borrower:
        found["borrower"] = str(entities.rows[entities.index[borrower]]["name"])
        found |= _pledge(book, borrower, float(found["drawn_musd"]))
    return found | {"issue": month_at(_ISSUED, book.as_of), "maturity": month_at(_MATURES, book.as_of)}


def _borrowers(book: Book) -> Iterator[str]:
    """Yield firms that a tape can call by their names, those that come first as an example before others."""
    known, owed = Borrowers(book), Counter[str]()
    for row in book.table("facilities").rows:
        owed[str(row["borrower"])] += row["drawn_musd"]
    rows = sorted(book.table("entities").rows, key=lambda row: (row["layer"] != "neocloud", -owed[row["entity"]]))
    for row in rows:
        firm = row["layer"] not in ("world", "lender") and not row["parent"] and (row["members"] or 1) == 1
        if firm and len(known.find(str(row["name"]))) == 1:
            yield str(row["entity"])


def _pledge(book: Book, borrower: str, drawn_musd: float) -> dict[str, str]:
    """Return units of what a borrower owns most of among what has a second-hand price; nothing where it owns none."""
    prices = {row["equipment"]: row["used_price_usd"] for row in book.table("equipment").rows}
    owned = [row for row in book.table("fleets").rows if row["owner"] == borrower and prices[row["equipment"]]]
    if not owned:
        return {}
    equipment = max(owned, key=lambda row: row["units"])["equipment"]
    units = _COVER * drawn_musd * 1e6 / prices[equipment]
    return {"equipment": equipment, "units": f"{round(units, -floor(log10(units))):.0f}"}
