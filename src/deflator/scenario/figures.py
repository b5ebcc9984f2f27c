"""Every figure of a book as arrays over draws of ignorance.

A figure that was not reported is drawn between its lowest and highest plausible value. The draws belong to
the book and the seed alone: scenarios share them, and differ only in what they fix.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from deflator.book.book import Book
from deflator.book.schema import NUMERIC, Column, schema
from deflator.errors import Fault, ScenarioError
from deflator.scenario.projection import Draws, Moved, restore_identities
from deflator.scenario.quantiles import QUANTILES
from deflator.scenario.sampling import Identity, stratified_uniforms
from deflator.scenario.scenario import Scenario

Floats = NDArray[np.float64]
Key = tuple[str, str]
"""Table and column."""
Sampler = Callable[[Sequence[Identity]], Floats]
"""Uniform numbers ``[identity, draw]`` for what they are keyed by."""

SIMULATED = (
    "entities", "equipment", "fleets", "deliveries", "contracts", "leases", "facilities", "amortisation",
    "covenants", "holdings", "demand", "market", "parameters",
)  # fmt: skip
"""Tables that a run reads; the others are history and evidence."""

_WHOLE = frozenset({"month", "count", "flag"})
_PARAMETERS: Key = ("parameters", "value")


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of a book under a scenario, one value for each draw of ignorance.

    Parameters
    ----------
    draws
        Number of draws D.
    projected
        How often and how far the identities of the book moved what was drawn, column by column.

    Examples
    --------
    >>> figures = Figures(2, {("fleets", "units"): np.array([[90.0, 110.0]])}, {}, ())
    >>> figures.array("fleets", "units")
    array([[ 90., 110.]])
    """

    draws: int
    columns: Mapping[Key, Floats] = field(repr=False)
    parameter_rows: Mapping[str, int] = field(repr=False)
    projected: tuple[Moved, ...]

    def array(self, table: str, field: str) -> Floats:
        """Return one column of the book.

        Parameters
        ----------
        table, field
            A table that a run reads, and a column of numbers, shares, counts, flags or months in it.

        Returns
        -------
        numpy.ndarray
            ``[row, draw]`` in the order of the book, read-only; months are whole numbers after the as-of
            month, blank cells are NaN.
        """
        return self.columns[table, field]

    def parameter(self, name: str) -> Floats:
        """Return one number of the model itself, ``[draw]``."""
        return self.columns[_PARAMETERS][self.parameter_rows[name]]


def draw_figures(book: Book, scenario: Scenario, draws: int, seed: int, ignorance: bool = True) -> Figures:
    """Draw what is not known about a book, as a scenario wants it.

    Figures that are not graded `reported` are drawn from a triangle between `low` and `high` with its mode
    at the value, parameters from the distribution that they name. What a scenario fixes is not drawn, and
    what had happened by the as-of month is not either: a month up to then stays, and a later one stays later.
    Then the identities of the book are restored.

    Parameters
    ----------
    book
        What is known, and between which bounds the rest lies.
    scenario
        Says which figures and parameters it fixes, or draws from bounds of its own.
    draws
        Number of draws.
    seed
        Seed of the run. The same seed gives the same draws under every scenario.
    ignorance
        When off, every figure has its central value and there is one draw.

    Returns
    -------
    Figures

    Raises
    ------
    ScenarioError
        When a scenario gives bounds that the distribution of a parameter does not allow.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> from deflator.scenario import load_scenario
    >>> figures = draw_figures(load_book("ai-2026-02"), load_scenario("base"), draws=8, seed=1)
    >>> figures.parameter("recovery_rate_secured").shape
    (8,)
    """
    if not ignorance:
        draws, seed = 1, 0
    fixed = tuple(sorted(scenario.figures.items()))
    shared, projected = _consistent(_Subject(book.fingerprint, book), draws, seed, ignorance, fixed)
    columns = dict(shared)
    if scenario.parameters:
        sampler = _keyed(draws, seed) if ignorance else None
        columns[_PARAMETERS] = _with_overrides(shared[_PARAMETERS], book, scenario, sampler)
    return Figures(draws, columns, dict(book.tables["parameters"].index), projected)


def figures_at(book: Book, scenario: Scenario, uniforms: Mapping[Identity, Floats]) -> Figures:
    """Return the figures of a book at chosen places of their distributions, as a design of experiments wants them.

    Parameters
    ----------
    book, scenario
        As for `draw_figures`.
    uniforms
        By identity, as `unknowns` lists them: the place of each draw in the distribution of the figures that share
        the identity, strictly between 0 and 1, shape [draw]. What is not named takes its median in every draw.

    Returns
    -------
    Figures
        As `draw_figures` returns them, with the identities of the book restored.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> from deflator.scenario import load_scenario
    >>> book, base = load_book("ai-2026-02"), load_scenario("base")
    >>> place = ("parameters", "recovery_rate_secured", "value")
    >>> rates = figures_at(book, base, {place: np.array([0.1, 0.9])}).parameter("recovery_rate_secured")
    >>> bool(rates[0] < rates[1])
    True
    """
    draws = len(next(iter(uniforms.values())))
    middle = np.full(draws, 0.5)

    def chosen(identities: Sequence[Identity]) -> Floats:
        return np.stack([uniforms.get(identity, middle) for identity in identities])

    drawn = _draw(book, draws, chosen)
    columns, projected = restore_identities(_with_fixed(drawn, sorted(scenario.figures.items())))
    columns[_PARAMETERS] = _with_overrides(columns[_PARAMETERS], book, scenario, chosen)
    return Figures(draws, columns, dict(book.tables["parameters"].index), projected)


def unknowns(book: Book, scenario: Scenario) -> tuple[Unknown, ...]:
    """Return every figure that is drawn when a scenario runs on a book, in the order of the book."""
    central = _central(book)
    fixed = set()
    for address in scenario.figures:
        table, _, rest = address.partition(".")
        row_key, _, name = rest.rpartition(".")
        fixed.add(((table, name), book.tables[table].index[row_key]))
    fixed |= {(_PARAMETERS, book.tables["parameters"].index[name]) for name in scenario.parameters}
    found = [*_unknown_figures(book, central), *_unknown_parameters(book)]
    open_still = [unknown for unknown in found if (unknown.key, unknown.row) not in fixed]
    return (*open_still, *_overridden(book, scenario))


@dataclass(frozen=True)
class _Subject:
    """A book that caches know by its fingerprint."""

    fingerprint: str
    book: Book = field(compare=False)


@dataclass(frozen=True)
class Unknown:
    """One figure that is not known exactly.

    Parameters
    ----------
    key, row
        Table and column, and row in the order of the book.
    identity
        What its draws are keyed by; figures with one identity move together.
    shape
        Distribution, a key of `QUANTILES`.
    low, value, high
        Bounds and central value, in the unit of the column; months are counted from the as-of month.
    """

    key: Key
    row: int
    identity: Identity
    shape: str
    low: float
    value: float
    high: float


@lru_cache(maxsize=2)
def _consistent(
    subject: _Subject, draws: int, seed: int, ignorance: bool, fixed: tuple[tuple[str, float | str], ...]
) -> tuple[Mapping[Key, Floats], tuple[Moved, ...]]:
    """Draw the figures of a book, fix those that a scenario fixes, and restore the identities."""
    drawn = _drawn(subject, draws, seed, ignorance)
    columns, moved = restore_identities(_with_fixed(drawn, fixed))
    for values in columns.values():
        values.flags.writeable = False
    return columns, moved


@lru_cache(maxsize=2)
def _drawn(subject: _Subject, draws: int, seed: int, ignorance: bool) -> Draws:
    """Draw every unknown of a book by itself, whatever the scenario."""
    return _draw(subject.book, draws, _keyed(draws, seed) if ignorance else None)


def _keyed(draws: int, seed: int) -> Sampler:
    """Return what gives every figure its own sequence of draws."""
    return lambda identities: stratified_uniforms(identities, draws, seed)


def _draw(book: Book, draws: int, sampler: Sampler | None) -> Draws:
    """Draw every unknown of a book by itself; without a sampler all have their central values."""
    central = _central(book)
    low, high = ({key: values.copy() for key, values in central.items()} for _ in range(2))
    values = {key: np.repeat(column[:, None], draws, axis=1) for key, column in central.items()}
    unknowns = [*_unknown_figures(book, central), *_unknown_parameters(book)]
    for unknown in unknowns:
        low[unknown.key][unknown.row], high[unknown.key][unknown.row] = unknown.low, unknown.high
    if sampler:
        for unknown, sample in _samples(unknowns, sampler):
            values[unknown.key][unknown.row] = sample
    return Draws(book, values, central, low, high)


def _central(book: Book) -> dict[Key, Floats]:
    """Return every column that a run reads, as the book has it."""
    keys = [(column.table, column.column) for column in _columns()]
    return {(table, name): book.tables[table].array(name) for table, name in keys}


def _columns() -> Iterator[Column]:
    """Yield every column of numbers or months that a run reads."""
    for table in SIMULATED:
        yield from (column for column in schema()[table].columns if column.type in NUMERIC | {"month"})


def _unknown_figures(book: Book, central: Mapping[Key, Floats]) -> Iterator[Unknown]:
    """Yield every figure whose provenance leaves it open, except what had happened by the as-of month."""
    columns = {(column.table, column.column): column for column in _columns() if column.figure}
    for (table, row_key, name), known in book.provenance.items():
        column = columns.get((table, name))
        if column is None or known.grade == "reported" or known.low is None or known.high is None:
            continue
        row = book.tables[table].index[row_key]
        value = float(central[table, name][row])
        low, high = _number(book, known.low), _number(book, known.high)
        if column.type == "month":
            if value <= 0:
                continue
            low = max(low, 1)
        low = max(low, -np.inf if column.minimum is None else column.minimum)
        high = min(high, np.inf if column.maximum is None else column.maximum)
        if low < high:
            identity = _identity(book, table, row_key, name)
            shape = "whole" if column.type in _WHOLE else "triangular"
            yield Unknown((table, name), row, identity, shape, min(low, value), value, max(high, value))


def _unknown_parameters(book: Book) -> Iterator[Unknown]:
    """Yield every parameter that is not fixed."""
    for row, cells in enumerate(book.tables["parameters"].rows):
        name, shape = str(cells["parameter"]), str(cells["distribution"])
        low, value, high = (float(cells[bound]) for bound in ("low", "value", "high"))
        if shape != "fixed" and low < high:
            yield Unknown(_PARAMETERS, row, _identity(book, "parameters", name, "value"), shape, low, value, high)


def _number(book: Book, figure: float | str) -> float:
    """Return a figure as it stands in an array: a month as months after the as-of month."""
    return float(book.month(figure)) if isinstance(figure, str) else figure


def _identity(book: Book, table: str, row_key: str, name: str) -> Identity:
    """Return what the draws of a figure are keyed by: the factor that it shares, or its own place."""
    known = book.provenance.get((table, row_key, name))
    return ("factor", known.factor) if known and known.factor else (table, row_key, name)


def _samples(unknowns: Iterable[Unknown], sampler: Sampler) -> Iterator[tuple[Unknown, Floats]]:
    """Yield the draws of each unknown, all that share a shape computed at once."""
    by_shape = defaultdict(list)
    for unknown in unknowns:
        by_shape[unknown.shape].append(unknown)
    for shape, alike in by_shape.items():
        uniforms = sampler([unknown.identity for unknown in alike])
        bounds = np.array([(unknown.low, unknown.value, unknown.high) for unknown in alike])[:, :, None]
        low, value, high = bounds.swapaxes(0, 1)
        yield from zip(alike, QUANTILES[shape](uniforms, low, value, high), strict=True)


def _with_fixed(drawn: Draws, fixed: Iterable[tuple[str, float | str]]) -> Draws:
    """Return the draws with the figures that a scenario fixes, which then have no bounds to move between."""
    values, low, high = (dict(columns) for columns in (drawn.values, drawn.low, drawn.high))
    for address, figure in fixed:
        table, _, rest = address.partition(".")
        row_key, _, name = rest.rpartition(".")
        row = drawn.book.tables[table].index[row_key]
        value = _number(drawn.book, figure)
        for columns in (values, low, high):
            columns[table, name] = columns[table, name].copy()
            columns[table, name][row] = value
    return replace(drawn, values=values, low=low, high=high)


def _with_overrides(column: Floats, book: Book, scenario: Scenario, sampler: Sampler | None) -> Floats:
    """Return the parameters with those that a scenario fixes or draws from bounds of its own."""
    column = column.copy()
    for name, override in scenario.parameters.items():
        column[book.tables["parameters"].index[name]] = override.value
    if sampler:
        for unknown, sample in _samples(_overridden(book, scenario), sampler):
            column[unknown.row] = sample
    column.flags.writeable = False
    return column


def _overridden(book: Book, scenario: Scenario) -> list[Unknown]:
    """Return the parameters that a scenario draws from bounds of its own."""
    table = book.tables["parameters"]
    found, faults = [], []
    for name, override in scenario.parameters.items():
        row = table.index[name]
        if override.low < override.high:
            # A parameter that the book holds fixed has no distribution to keep.
            shape = str(table.rows[row]["distribution"]).replace("fixed", "triangular")
            if shape == "lognormal" and override.low <= 0:
                file, line = scenario.origins.get(f"parameters.{name}", (scenario.name, 0))
                message = f"low {override.low:g} is not above 0, and {name} is lognormal"
                faults.append(Fault(file, line, f"parameters.{name}", message, "give a low above 0"))
                continue
            identity = _identity(book, "parameters", name, "value")
            found.append(Unknown(_PARAMETERS, row, identity, shape, override.low, override.value, override.high))
    if faults:
        raise ScenarioError(faults)
    return found
