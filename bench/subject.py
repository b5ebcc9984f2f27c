"""What is simulated, and how its size is counted."""

from __future__ import annotations

from deflator import defaults
from deflator.analysis.replay import Setting, prepare
from deflator.book import Book, load_book
from deflator.engine import Economy
from deflator.ensemble import Question
from deflator.scenario import load_scenario


def setting_of(
    book: str | Book, scenario: str, paths: int, draws: int = defaults.DRAWS, months: int | None = None
) -> Setting:
    """Return a question ready to be simulated, all channels on."""
    known = book if isinstance(book, Book) else load_book(book)
    return prepare(Question(known, load_scenario(scenario), paths=paths, draws=draws, months=months))


def items_of(economy: Economy) -> int:
    """Return how many entities, contracts, leases and facilities an economy has."""
    return len(economy.entities) + len(economy.contracts) + len(economy.leases) + len(economy.facilities)
