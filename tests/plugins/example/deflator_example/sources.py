"""A source of figures: it proposes one price and says where it is from."""

from deflator.book import Provenance, Source
from deflator.book.edit import NewRow
from deflator.data import Proposal
from deflator.data.proposal import FORMAT
from deflator.plugins import Feed

_SOURCE = Source("example_list", "A price list that an example makes up", None, "2025-11-30", "example")


def _propose(book, offline):
    """Return one row of the price history."""
    price = Provenance("assumed", "2025-11-30", 1.5, 2.5, _SOURCE.source, "made up", None)
    cells = {"month": "2025-11", "equipment": book.reference_equipment, "series": "example_list", "usd_per_hour": "2"}
    row = NewRow("price_history", cells, {"usd_per_hour": price})
    at = "2025-11-30T00:00:00+00:00"
    return Proposal(FORMAT, book.name, book.fingerprint, "deflator data from example-list", at, (_SOURCE,), (), (row,))


LIST = Feed("One price that an example makes up.", _propose)
