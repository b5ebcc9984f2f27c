"""What is not known about a book, one factor for what moves together, and the economy at chosen places of it.

A factor is a number between 0 and 1: the place of its figures in their distributions. Factors are independent; the
figures are not, because some share a factor and the identities of the book are restored after each draw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Floats, Setting
from deflator.analysis.target import Target, simulate_target
from deflator.analysis.words import significant
from deflator.book import Book
from deflator.book.book import Provenance
from deflator.book.lookup import entries
from deflator.book.months import month_at
from deflator.book.schema import schema
from deflator.engine import pack
from deflator.ensemble import Progress, Question
from deflator.scenario import Scenario
from deflator.scenario.figures import Unknown, figures_at, unknowns
from deflator.scenario.sampling import Identity, stratified_uniforms

#: Units that the words of a value show by themselves.
PLAIN = ("month", "share", "share of rent", "probability", "annual")
_CHUNK = 1_024  # points of a design whose figures are held at once
_JOINT_DRAWS = 1_024  # joint draws among which a group of factors chooses


@dataclass(frozen=True)
class Figure:
    """A figure that is not known exactly, and how well it is known.

    Parameters
    ----------
    name
        `table.row.field` as a scenario names it; a number of the model by its own name.
    unit
        Unit of its bounds; `month` where they count months from the as-of month.
    low, value, high
        Bounds and central value.
    grade, source, title, note
        From its provenance: grade, document, what the document is called, and where in it.
    table, column, position
        Where it stands; the row counted from 0.
    """

    name: str
    unit: str
    low: float
    value: float
    high: float
    grade: str
    source: str
    title: str
    note: str
    table: str
    column: str
    position: int


@dataclass(frozen=True)
class Factor:
    """What moves together: one figure, figures that share a factor, or a group of factors.

    Parameters
    ----------
    name
        Name of its figure, of the shared factor, or `other TABLE`.
    identities
        What its draws are keyed by; several only in a group.
    figures
        Its figures, in the order of the book.
    """

    name: str
    identities: tuple[Identity, ...]
    figures: tuple[Figure, ...]


def list_factors(book: Book, scenario: Scenario) -> tuple[Factor, ...]:
    """Return every independent unknown of a book under a scenario, in the order of the book.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> from deflator.scenario import load_scenario
    >>> factors = list_factors(load_book("fibre-2001"), load_scenario("base"))
    >>> len({factor.name for factor in factors}) == len(factors)
    True
    """
    units = {
        (entry.table, entry.row, entry.column): entry.unit for table in book.tables for entry in entries(book, table)
    }
    found: dict[Identity, list[Figure]] = defaultdict(list)
    for unknown in unknowns(book, scenario):
        found[unknown.identity].append(_figure(book, unknown, units))
    return tuple(
        Factor(identity[1] if identity[0] == "factor" else figures[0].name, (identity,), tuple(figures))
        for identity, figures in found.items()
    )


def _figure(book: Book, unknown: Unknown, units: Mapping[tuple[str, str, str], str]) -> Figure:
    table, column = unknown.key
    row = book.tables[table].keys[unknown.row]
    known: Provenance = book.provenance[table, row, column]
    is_month = schema()[table].by_name[column].type == "month"
    return Figure(
        name=row if table == "parameters" else f"{table}.{row}.{column}",
        unit="month" if is_month else units.get((table, row, column), ""),
        low=unknown.low,
        value=unknown.value,
        high=unknown.high,
        grade=known.grade,
        source=known.source,
        title=book.sources[known.source].title,
        note=known.note or "",
        table=table,
        column=column,
        position=unknown.row,
    )


def in_words(value: float, figure: Figure, book: Book) -> str:
    """Return a value of a figure as people read it: months as YYYY-MM, shares in per cent, the rest with its unit.

    Parameters
    ----------
    value
        In the unit of the figure.
    figure
        Says which unit that is.
    book
        Says in which month the counting of months starts.
    """
    if figure.unit == "month":
        return month_at(round(value), book.as_of)
    if figure.unit in PLAIN:
        return f"{significant(100.0 * value, 3)} %"
    return significant(value, 3) if value >= 0 else f"-{significant(-value, 3)}"


def joined(factors: Sequence[Factor]) -> tuple[Factor, ...]:
    """Return the factors as groups, one for each table of the book that they come from.

    Those that span several tables make a group of their own.
    """
    groups: dict[str, list[Factor]] = defaultdict(list)
    for factor in factors:
        tables = {figure.table for figure in factor.figures}
        groups[tables.pop() if len(tables) == 1 else "shared factors"].append(factor)
    return tuple(as_one(f"other {name}", members) for name, members in groups.items())


def as_one(name: str, factors: Sequence[Factor]) -> Factor:
    """Return several factors as one, whose place chooses among joint draws of them all."""
    return Factor(
        name,
        tuple(identity for factor in factors for identity in factor.identities),
        tuple(figure for factor in factors for figure in factor.figures),
    )


def places(factors: Sequence[Factor], setting: Setting) -> Floats:
    """Return the place of each factor in each draw of a setting, shape [factor, draw].

    Raises
    ------
    ValueError
        For a group, which has no place of its own: a fault of the caller.
    """
    if any(len(factor.identities) != 1 for factor in factors):
        raise ValueError("a group of factors has no place of its own")
    return stratified_uniforms(
        [factor.identities[0] for factor in factors], setting.economy.draws, setting.question.seed
    )


@dataclass(frozen=True, eq=False)
class Design:
    """Asks the economy for a target at chosen places of factors, with chance frozen.

    Parameters
    ----------
    setting
        Book, scenario, months and seed to ask about, from `prepare`.
    target
        What is asked of each point.
    factors
        What can be chosen; together they should be all that is not known, for the rest stays at its median.
    """

    setting: Setting
    target: Target
    factors: tuple[Factor, ...]

    def values(self, points: Floats, progress: Progress | None = None) -> Floats:
        """Return the target at each point; NaN where a path failed.

        Parameters
        ----------
        points
            Places between 0 and 1, shape [point, factor].
        progress
            Told the points done and the points asked for.

        Returns
        -------
        ndarray
            Shape [point], in the unit of the target.
        """
        found = []
        for first in range(0, len(points), _CHUNK):
            told = None
            if progress:

                def told(done: int, _: int, first: int = first) -> None:
                    progress(first + done, len(points))

            found.append(simulate_target(self._at(points[first : first + _CHUNK]), self.target, progress=told))
        return np.concatenate(found)

    def _at(self, points: Floats) -> Setting:
        """Return the setting with one draw for each point."""
        asked = self.setting.question
        uniforms: dict[Identity, Floats] = {}
        for factor, place in zip(self.factors, points.T, strict=True):
            uniforms |= _uniforms(factor, place, asked.seed)
        figures = figures_at(asked.book_used, asked.scenario, uniforms)
        question = Question(asked.book, asked.scenario, len(points), len(points), False, asked.seed, asked.months)
        # Weights of entities in a layer are means over draws; those of the question hold for every part of a design.
        economy = replace(
            pack(asked.book_used, asked.scenario, figures), exposure_musd=self.setting.economy.exposure_musd
        )
        return Setting(question, figures, economy)


def _uniforms(factor: Factor, place: Floats, seed: int) -> dict[Identity, Floats]:
    """Return the place of every identity of a factor; a group takes the joint draw that its own place points at."""
    if len(factor.identities) == 1:
        return {factor.identities[0]: place}
    joint = stratified_uniforms(factor.identities, _JOINT_DRAWS, seed)
    which: NDArray[np.intp] = np.minimum((place * _JOINT_DRAWS).astype(np.intp), _JOINT_DRAWS - 1)
    return dict(zip(factor.identities, joint[:, which], strict=True))
