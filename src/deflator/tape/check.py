"""What must hold of every loan of a tape, beyond its single cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from deflator.book import Book
from deflator.book.months import month_at
from deflator.book.spelling import did_you_mean, one_of, quoted
from deflator.errors import Fault
from deflator.messages import text
from deflator.tape.borrowers import Borrowers, Obligor

_TOTALS = frozenset({"total", "totals", "sum", "subtotal", "grand total", "合计", "总计", "小计"})


class Place(NamedTuple):
    """Where a fault stands."""

    file: str
    row: int
    column: str


#: Line, cells, obligor, guarantor, units: what a `Loan` is made of.
Checked = tuple[int, Mapping[str, Any], Obligor, str | None, tuple[tuple[str, float], ...]]


def fault(place: Place, key: str, **values: object) -> Fault:
    """Return a fault in the words of the catalogue: what is wrong, and what to type."""
    return Fault(*place, text(f"tape.fault.{key}", **values), text(f"tape.hint.{key}", **values))


class _Row:
    """One row while it is checked: reads cells, and notes what is wrong with them."""

    def __init__(
        self, line: int, cells: Mapping[str, Any], file: str, places: Mapping[str, str], faults: list[Fault]
    ) -> None:
        self.cells, self._line, self._file, self._places, self._faults = cells, line, file, places, faults
        self.sound = True

    def get(self, column: str) -> Any:
        return self.cells.get(column)

    def wrong(self, column: str, key: str, **values: object) -> None:
        self._faults.append(fault(self._place(column), key, **values))
        self.sound = False

    def wrong_hint(self, column: str, key: str, hint: str, **values: object) -> None:
        self._faults.append(Fault(*self._place(column), text(f"tape.fault.{key}", **values), hint))
        self.sound = False

    def _place(self, column: str) -> Place:
        return Place(self._file, self._line, self._places.get(column, column))


def check_row(
    line: int,
    cells: Mapping[str, Any],
    unread: frozenset[str],
    file: str,
    places: Mapping[str, str],
    book: Book,
    known: Borrowers,
    faults: list[Fault],
) -> Checked | None:
    """Return a row joined to the book, or None with every fault of it.

    Parameters
    ----------
    line, cells, unread
        Where it stands, its typed cells, and the columns whose cells could not be read.
    file, places
        Name of the file, and the lender's own names of columns.
    book, known
        To what it is joined.
    faults
        Faults that are found are added to it.
    """
    row = _Row(line, cells, file, places, faults)
    obligor = _obligor(row, known, book) if not unread & {"borrower", "entity", "layer", "profile"} else None
    guarantor = _guarantor(row, known, obligor) if "guarantor" not in unread else None
    units = _units(row, book) if not unread & {"equipment", "units"} else ()
    _check_amounts(row)
    _check_months(row, book)
    _check_support(row, units, unread)
    if row.get("facility") and obligor:
        _check_facility(row, obligor, book)
    if unread or not row.sound or obligor is None:
        return None
    return line, cells, obligor, guarantor, units


def check_rows(
    typed: Sequence[tuple[int, Mapping[str, Any]]], file: str, places: Mapping[str, str], faults: list[Fault]
) -> None:
    """Note loans that stand twice, and rows that are sums of others."""
    seen: dict[str, int] = {}
    for line, cells in typed:
        loan = cells.get("loan")
        if loan is None:
            continue
        place = Place(file, line, places.get("loan", "loan"))
        if str(loan).strip().casefold() in _TOTALS:
            faults.append(fault(place, "total_row", loan=quoted(loan)))
        elif loan in seen:
            faults.append(fault(place, "loan_twice", loan=quoted(loan), first=seen[loan]))
        seen.setdefault(loan, line)


def _obligor(row: _Row, known: Borrowers, book: Book) -> Obligor | None:
    """Return who owes: the entity that the row names, the layer and profile, or who the borrower's name means."""
    entity, layer, profile = row.get("entity"), row.get("layer"), row.get("profile")
    name = row.get("borrower")
    if entity and (layer or profile):
        row.wrong("entity", "entity_and_profile", entity=entity)
        return None
    if entity:
        if entity not in book.table("entities").index:
            ids = [key for key in book.table("entities").keys if not key.startswith("world_")]
            hint = did_you_mean(entity, ids) or text("tape.hint.entity_unknown")
            row.wrong_hint("entity", "entity_unknown", hint, entity=quoted(entity), book=book.name)
            return None
        if book.table("entities").rows[book.table("entities").index[entity]]["layer"] == "world":
            row.wrong("entity", "world_account", entity=entity)
            return None
        return Obligor(entity, (entity,), "entity")
    if layer or profile:
        if not (layer and profile):
            row.wrong("profile" if layer else "layer", "half_profile", given=layer or profile)
            return None
        found = known.generic(layer, profile)
        if found is None:
            possible = known.possible_profiles(layer)
            hint = f"use {one_of(possible)}" if possible else text("tape.hint.no_comparable")
            row.wrong_hint("profile", "no_comparable", hint, profile=quoted(profile), layer=layer, book=book.name)
        return found
    return _named(row, "borrower", name, known, book) if name else None


def _named(row: _Row, column: str, name: str, known: Borrowers, book: Book) -> Obligor | None:
    """Return the one entity that a name means; several or none are a fault, with what was perhaps meant."""
    found = known.find(name)
    if len(found) == 1:
        return found[0]
    if found:
        ids = one_of(one.key for one in found)
        row.wrong(column, "ambiguous", name=quoted(name), ids=ids)
        return None
    likely = known.likely(name)
    key = "stranger_likely" if likely else "stranger"
    if column == "guarantor":
        key = "guarantor_likely" if likely else "guarantor_unknown"
    row.wrong(column, key, name=quoted(name), book=book.name, likely=one_of(likely) if likely else "",
              first=likely[0] if likely else "")  # fmt: skip
    return None


def _guarantor(row: _Row, known: Borrowers, obligor: Obligor | None) -> str | None:
    name = row.get("guarantor")
    if not name:
        return None
    found = _named(row, "guarantor", name, known, known.book)
    if found is None or (obligor and not obligor.generic and found.key == obligor.key):
        return None  # a borrower that guarantees its own loan adds nothing to recourse
    return found.key


def _units(row: _Row, book: Book) -> tuple[tuple[str, float], ...]:
    """Return the units pledged of each equipment."""
    equipment, typed = row.get("equipment") or (), row.get("units")
    if not equipment and typed is None:
        return ()
    if not equipment or typed is None:
        row.wrong("equipment" if not equipment else "units", "half_collateral", given=typed or " ".join(equipment))
        return ()
    index = book.table("equipment").index
    for name in equipment:
        if name not in index:
            hint = did_you_mean(name, index) or text("tape.hint.equipment_unknown", known=", ".join(index))
            row.wrong_hint("equipment", "equipment_unknown", hint, name=quoted(name), book=book.name)
    counts = []
    for part in str(typed).split():
        try:
            count = float(part)
        except ValueError:
            count = -1.0
        if not 0.0 < count < 1e9:
            row.wrong("units", "units_number", typed=quoted(part))
            return ()
        counts.append(count)
    if len(counts) != len(equipment):
        row.wrong("units", "units_count", units=len(counts), equipment=len(equipment))
        return ()
    return tuple(zip(equipment, counts, strict=True)) if row.sound else ()


def _check_amounts(row: _Row) -> None:
    committed, drawn = row.get("committed_musd"), row.get("drawn_musd")
    if committed is None or drawn is None:
        return
    if committed == 0.0:
        row.wrong("committed_musd", "nothing_lent")
    elif drawn > committed * (1.0 + 1e-9):
        row.wrong("drawn_musd", "overdrawn", drawn=f"{drawn:g}", committed=f"{committed:g}")


def _check_months(row: _Row, book: Book) -> None:
    issue, maturity = row.get("issue"), row.get("maturity")
    if issue and maturity and maturity <= issue:
        row.wrong("maturity", "maturity_before_issue", maturity=maturity, issue=issue)
    elif maturity and maturity <= book.as_of:
        row.wrong("maturity", "matured", maturity=maturity, as_of=book.as_of, next=month_at(1, book.as_of))
    if issue and issue > book.as_of and row.get("drawn_musd"):
        row.wrong("issue", "drawn_early", issue=issue, as_of=book.as_of, drawn=f"{row.get('drawn_musd'):g}")
    for column in ("draw_until", "interest_only_until"):
        month = row.get(column)
        if month and maturity and month > maturity:
            row.wrong(column, f"{column}_late", month=month, maturity=maturity)
    if row.get("interest_only_until") and row.get("amortisation") == "bullet":
        row.wrong("interest_only_until", "bullet_interest_only")
    if row.get("balloon_share") and row.get("amortisation") == "bullet":
        row.wrong("balloon_share", "bullet_balloon", share=f"{row.get('balloon_share'):g}")


def _check_support(row: _Row, units: Sequence[object], unread: frozenset[str]) -> None:
    """Refuse a loan behind which nothing stands: a blank was probably meant as something else."""
    if unread & {"equipment", "units", "other_collateral_musd", "recourse"} or row.get("equipment"):
        return
    if row.get("recourse") == 0.0 and not units and not row.get("other_collateral_musd"):
        row.wrong("recourse", "no_support")
    if row.get("prior_claims_musd") and not row.get("other_collateral_musd"):
        row.wrong("prior_claims_musd", "prior_to_nothing", prior=f"{row.get('prior_claims_musd'):g}")


def _check_facility(row: _Row, obligor: Obligor, book: Book) -> None:
    table, name = book.table("facilities"), row.get("facility")
    if name not in table.index:
        own = [str(one["facility"]) for one in table.rows if one["borrower"] in obligor.entities]
        hint = did_you_mean(name, own or table.keys) or text("tape.hint.facility_unknown")
        row.wrong_hint("facility", "facility_unknown", hint, name=quoted(name), book=book.name)
    elif str(table.rows[table.index[name]]["borrower"]) not in obligor.entities or obligor.generic:
        owner = table.rows[table.index[name]]["borrower"]
        row.wrong("facility", "facility_of_other", name=name, owner=owner, obligor=obligor.key)
