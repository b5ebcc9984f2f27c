"""How well a book is known: its figures by grade and by source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from deflator.book.book import Book
from deflator.book.schema import schema

GRADES = schema()["provenance"].by_name["grade"].allowed


@dataclass(frozen=True)
class Evidence:
    """Figures by how well they are known.

    Parameters
    ----------
    figures
        Cells that are not blank and need a row of provenance.
    by_grade
        How many of them have each grade.
    without_provenance
        How many of them have no row of provenance: 0 in every book that was loaded.
    """

    figures: int
    by_grade: Mapping[str, int]
    without_provenance: int

    def share(self, grade: str) -> float:
        """Return the share of the figures that have a grade; 0 where there are no figures."""
        return self.by_grade[grade] / self.figures if self.figures else 0.0


def evidence(book: Book, *tables: str) -> Evidence:
    """Count figures by grade.

    Parameters
    ----------
    book
        Any loaded book.
    *tables
        Names of the tables whose figures count; none for all.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> evidence(load_book("ai-2026-02")).without_provenance
    0
    """
    figures = [
        (name, key, column)
        for name in tables or book.tables
        for key, row in zip(book.table(name).keys, book.table(name).rows, strict=True)
        for column in schema()[name].figures
        if row.get(column) is not None
    ]
    found = Counter(book.provenance[figure].grade for figure in figures if figure in book.provenance)
    by_grade = {grade: found[grade] for grade in GRADES}
    return Evidence(len(figures), by_grade, len(figures) - sum(by_grade.values()))


def figures_by_source(book: Book) -> dict[str, int]:
    """Count the figures that rest on each source: the most used first, those without figures last."""
    used = Counter(known.source for known in book.provenance.values())
    return dict(sorted(((name, used[name]) for name in book.sources), key=lambda item: (-item[1], item[0])))
