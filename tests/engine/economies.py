"""Economies that the tests of the engine simulate, and the state of a block of paths in any month."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from deflator.book import Book, load_book
from deflator.engine import Economy, Paths, pack
from deflator.engine.month import run_month
from deflator.engine.record import Record
from deflator.engine.records import allocate, forget, gather
from deflator.engine.setup import start_block
from deflator.scenario import load_scenario
from deflator.scenario.figures import draw_figures

SEED = 20260228
TINY, AI, FIBRE = "tiny", "ai-2026-02", "fibre-2001"
#: Scenarios that name nothing of one book, and so fit every book.
GENERAL = ("base", "boom", "funding-freeze", "insourcing", "late-sites", "power-crunch", "rate-shock")
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


def months_of(
    of: Economy, last: int, chance: bool = False, seed: int = SEED, lanes: int = 8, first: int = 0
) -> Iterator[tuple[int, Record]]:
    """Yield each month from 0 to `last` with the records of a block of paths, numbered from `first`, at its end."""
    block = allocate(of, lanes)
    numbers = first + np.arange(lanes)
    block.paths[:] = numbers.astype(np.uint64)
    block.draw[:] = numbers % of.draws
    gather(of.figures, block.draw, block.figures)
    forget(block)
    start_block(block, of.months, np.uint64(seed), chance)
    yield 0, block
    for t in range(1, last + 1):
        run_month(t, of.months, np.uint64(seed), chance, block)
        yield t, block


def block_at(of: Economy, month: int, chance: bool = False, seed: int = SEED, lanes: int = 8, first: int = 0) -> Record:
    """Return the records of a block of paths, numbered from `first`, at the end of a month; 0 is the start."""
    *_, (_, block) = months_of(of, month, chance, seed, lanes, first)
    return block


def some_paths(paths: Paths, which: slice | list[int]) -> Paths:
    """Return the columns of some paths."""
    return Paths(*(values[..., which] for values in paths))


def joined(pieces: list[Paths]) -> Paths:
    """Return the columns of several ranges of paths beside each other."""
    return Paths(*(np.concatenate(values, axis=-1) for values in zip(*pieces, strict=True)))


def differences(left: Paths, right: Paths) -> list[str]:
    """Return the names of the outcomes that are not the same to the last bit."""
    return [field for field in Paths._fields if getattr(left, field).tobytes() != getattr(right, field).tobytes()]
