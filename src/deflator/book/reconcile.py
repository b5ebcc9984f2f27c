"""Month 0 held against what was reported: every target of the book, with every miss shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from deflator.book.book import Book, Row
from deflator.book.measures import (
    MEASURES,
    Query,
    debt,
    figure,
    interest,
    power,
    rent_paid,
    rent_received,
    revenue,
)
from deflator.errors import Fault


@dataclass(frozen=True)
class Reconciled:
    """One target beside what the book gives.

    Parameters
    ----------
    target, entity, measure
        What was checked.
    basis
        `reported`, `guided` or `own`: who gave the target.
    standing
        `fitted`, `by_construction` or `independent`: what a pass proves.
    book_value, target_value, unit
        Both figures, in the unit of the measure.
    residual
        Book over target, less one.
    tolerance
        Largest residual that passes.
    passed
        Whether the residual is inside the tolerance.
    reason
        Why the book stands where it does, in the words of its compilers.
    """

    target: str
    entity: str
    measure: str
    basis: str
    standing: str
    book_value: float
    target_value: float
    unit: str
    residual: float
    tolerance: float
    passed: bool
    reason: str | None


@dataclass(frozen=True)
class Implied:
    """What the tables imply for one entity in the as-of month, in USD m a month (debt: USD m)."""

    entity: str
    revenue_musd: float
    interest_musd: float
    rent_received_musd: float
    rent_paid_musd: float
    power_musd: float
    debt_musd: float


def reconcile(book: Book) -> tuple[Reconciled, ...]:
    """Hold the book against every target of its table `reconciliation`.

    Parameters
    ----------
    book
        A loaded book.

    Returns
    -------
    tuple of Reconciled
        One for each target, in the order of the table.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> debt = next(item for item in reconcile(load_book("ai-2026-02")) if item.target == "crwv_debt")
    >>> debt.standing, debt.passed, round(debt.book_value)
    ('by_construction', True, 21401)
    """
    return tuple(_reconciled(book, row) for row in book.tables["reconciliation"].rows)


def unexplained(book: Book) -> tuple[Fault, ...]:
    """Return a fault for each reported or guided target that the book misses without saying why.

    Parameters
    ----------
    book
        A loaded book.

    Returns
    -------
    tuple of Fault
        Empty when every miss has a reason.
    """
    return tuple(
        Fault(
            "reconciliation.csv",
            line,
            "reason",
            f"{item.target} is {item.book_value:,.4g} {item.unit} in the book and {item.target_value:,.4g} "
            f"{item.basis}: {item.residual:+.1%} where {item.tolerance:.1%} passes",
            "correct the rows that give it, or say why it misses",
        )
        for line, item in enumerate(reconcile(book), start=2)
        if not item.passed and not item.reason and item.basis != "own"
    )


def implied(book: Book) -> tuple[Implied, ...]:
    """Return what the tables imply for each entity in the as-of month.

    Parameters
    ----------
    book
        A loaded book.

    Returns
    -------
    tuple of Implied
        One for each entity, in the order of the book.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> coreweave = next(item for item in implied(load_book("ai-2026-02")) if item.entity == "coreweave")
    >>> round(coreweave.revenue_musd), round(coreweave.interest_musd)
    (639, 148)
    """
    return tuple(_implied(book, entity) for entity in book.tables["entities"].keys)


def _reconciled(book: Book, row: Row) -> Reconciled:
    """Return one target beside what the book gives."""
    query = Query(
        entity=str(row["entity"]),
        first=book.month(str(row["from"])),
        last=book.month(str(row["to"])),
        counterparty=_text(row, "counterparty"),
    )
    found = MEASURES[str(row["measure"])](book, query)
    wanted = figure(row, "value")
    residual = found / wanted - 1.0 if wanted else math.copysign(math.inf, found) if found else 0.0
    tolerance = figure(row, "tolerance")
    return Reconciled(
        target=str(row["target"]),
        entity=query.entity,
        measure=str(row["measure"]),
        basis=str(row["basis"]),
        standing=str(row["standing"]),
        book_value=found,
        target_value=wanted,
        unit=str(row["unit"]),
        residual=residual,
        tolerance=tolerance,
        passed=abs(residual) <= tolerance,
        reason=_text(row, "reason"),
    )


def _implied(book: Book, entity: str) -> Implied:
    """Return what the tables imply for one entity in the as-of month."""
    month_0 = Query(entity, 0, 0)
    return Implied(
        entity=entity,
        revenue_musd=revenue(book, month_0),
        interest_musd=interest(book, month_0),
        rent_received_musd=rent_received(book, month_0),
        rent_paid_musd=rent_paid(book, month_0),
        power_musd=power(book, month_0),
        debt_musd=debt(book, month_0),
    )


def _text(row: Row, column: str) -> str | None:
    value = row.get(column)
    return None if value is None else str(value)
