"""Economies that the tests of the engine simulate, and the state of a block of paths in any month."""

from functools import cache
from pathlib import Path

import numpy as np

from deflator.book import Book, load_book
from deflator.engine import Economy, pack
from deflator.engine.month import run_month
from deflator.engine.record import Record
from deflator.engine.records import allocate, forget, gather
from deflator.engine.setup import start_block
from deflator.scenario import load_scenario
from deflator.scenario.figures import draw_figures

SEED = 20260228
TINY, AI, FIBRE = "tiny", "ai-2026-02", "fibre-2001"
_TINY_FOLDER = Path(__file__).parent.parent / "books" / "tiny"


@cache
def book(name: str = TINY) -> Book:
    """Return the tiny book of the tests, or a shipped one."""
    return load_book(_TINY_FOLDER if name == TINY else name)


@cache
def economy(
    book_name: str = TINY,
    scenario: str = "base",
    draws: int = 1,
    ignorance: bool = False,
    settings: tuple[str, ...] = (),
) -> Economy:
    """Return a book under a scenario, packed; `settings` are single changes such as `channels.rent=off`."""
    what_may_happen = load_scenario(scenario, settings)
    what_may_happen.check(book(book_name))
    figures = draw_figures(book(book_name), what_may_happen, draws, SEED, ignorance)
    return pack(book(book_name), what_may_happen, figures)


def block_at(of: Economy, month: int, chance: bool = False, seed: int = SEED, lanes: int = 8, first: int = 0) -> Record:
    """Return the records of a block of paths, numbered from `first`, at the end of a month; 0 is the start."""
    block = allocate(of, lanes)
    numbers = first + np.arange(lanes)
    block.paths[:] = numbers.astype(np.uint64)
    block.draw[:] = numbers % of.draws
    gather(of.figures, block.draw, block.figures)
    forget(block)
    start_block(block, of.months, np.uint64(seed), chance)
    for t in range(1, month + 1):
        run_month(t, of.months, np.uint64(seed), chance, block)
    return block
