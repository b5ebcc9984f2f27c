"""What is known on an as-of date: tables, a source for every figure, and what must hold between them."""

from deflator.book.book import Book, Provenance, Source, Table
from deflator.book.load import load_book, outcomes_beside, shipped_books
from deflator.book.months import month_at, month_index
from deflator.book.write import new_book, write_book

__all__ = [
    "Book",
    "Provenance",
    "Source",
    "Table",
    "load_book",
    "month_at",
    "month_index",
    "new_book",
    "outcomes_beside",
    "shipped_books",
    "write_book",
]
