"""Where each thing of a book stands in the arrays of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from deflator.engine import layout
from deflator.engine.rng import identity

_ORDERABLE_MONTHS_BACK = 12.0


def positions(names: Sequence[str]) -> dict[str, int]:
    """Return the position of each name."""
    return {name: position for position, name in enumerate(names)}


def offsets(lists: Iterable[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Flatten lists into offsets and members."""
    lists = list(lists)
    ofs = np.cumsum([0, *(len(members) for members in lists)])
    return ofs.astype(np.int64), ints(member for members in lists for member in members)


def ints(values: Iterable[Any]) -> np.ndarray:
    """Return whole numbers as the engine keeps them."""
    return np.array([int(value) for value in values], dtype=np.int64)


def keys(names: Iterable[str]) -> np.ndarray:
    """Return the identities by which things draw their random numbers."""
    return np.array([identity(name) for name in names], dtype=np.uint64)


class Index:
    """The positions of a book's things, shared by the steps that pack it."""

    def __init__(self, book: Any, scenario: Any, figures: Any) -> None:
        self.book, self.scenario, self.figures = book, scenario, figures
        rows = {name: book.tables[name].rows for name in book.tables}
        self.rows = rows
        self.entity = positions(book.tables["entities"].keys)
        self.equipment = positions(book.tables["equipment"].keys)
        self.lease = positions(book.tables["leases"].keys)
        self.contract = positions(book.tables["contracts"].keys)
        self.facility = positions(book.tables["facilities"].keys)
        self.fleet_rows = [*rows["fleets"], *rows["deliveries"]]
        self.fleet_names = [*book.tables["fleets"].keys, *book.tables["deliveries"].keys]
        self.fleet = positions(self.fleet_names)
        self.layer = ints([*(layout.LAYERS.index(row["layer"]) for row in rows["entities"]), layout.WORLD])
        self.borrowers = [
            position
            for position, row in enumerate(rows["entities"])
            if row["layer"] not in ("world", "lender") and not row["parent"]
        ]
        self.pairs = self._list_pairs()

    def _list_pairs(self) -> list[tuple[int, int]]:
        """Return (owner, equipment) for what is let now, on order, or may be ordered."""
        let = [
            (self.entity[row["owner"]], self.equipment[row["equipment"]])
            for row in self.fleet_rows
            if row["use"] == "rental"
        ]
        let += [(self.entity[row["seller"]], self.equipment[row["equipment"]]) for row in self.rows["contracts"]]
        second_hand = self.entity[layout.ROLES[layout.SECOND_HAND]]
        pool = [(second_hand, g) for g in range(len(self.equipment))]
        owners = sorted({owner for owner, _ in let if self.layer[owner] in (layout.NEOCLOUD, layout.HYPERSCALER)})
        vendor = [row["vendor"] for row in self.rows["equipment"]]
        bought = {(owner, vendor[g]) for owner, g in let}
        orders = [(owner, g) for owner in owners for g in self.orderable if (owner, vendor[g]) in bought]
        return list(dict.fromkeys([*let, *orders, *pool]))

    @property
    def orderable(self) -> list[int]:
        """Equipment that can be ordered: on sale and launched within a year before the as-of month, or later."""
        return [
            g
            for g, row in enumerate(self.rows["equipment"])
            if row["new_price_usd"] is not None and self.book.month(row["launch_month"]) >= -_ORDERABLE_MONTHS_BACK
        ]

    def accounts(self) -> np.ndarray:
        """Return whose cash pays for each entity: the topmost parent's."""
        account = list(range(len(self.entity) + 1))
        for name, position in self.entity.items():
            owner = name
            while parent := self.rows["entities"][self.entity[owner]]["parent"]:
                owner = parent
            account[position] = self.entity[owner]
        return ints(account)

    @property
    def claims(self) -> list[int]:
        """Rows of the holdings that are debt, by facility."""
        rows = self.rows["holdings"]
        debt = [position for position, row in enumerate(rows) if row["instrument"] == "debt"]
        return sorted(debt, key=lambda position: self.facility[rows[position]["issuer_or_facility"]])

    def pledged(self, kind: dict[str, int]) -> list[list[int]]:
        """Return for every facility, the new loans included, what is pledged of one kind."""
        lists = [[kind[name] for name in (row["collateral"] or ()) if name in kind] for row in self.rows["facilities"]]
        return lists + [[] for _ in self.borrowers]

    def site_leases(self) -> list[list[int]]:
        """Return the leases whose rent secures each facility; `site` pledges all of its landlord's."""
        lists = self.pledged(self.lease)
        for k, row in enumerate(self.rows["facilities"]):
            if "site" in (row["collateral"] or ()):
                lists[k] = [
                    position
                    for position, lease in enumerate(self.rows["leases"])
                    if lease["landlord"] == row["borrower"]
                ]
        return lists
