"""The one schema table: every column of a book with its type, unit, bounds and meaning.

`schema.csv` and `parameter_list.csv` drive validation, templates, the documentation and the error texts.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from io import StringIO
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

Type = Literal[
    "id", "ids", "id_or_word", "ids_or_word", "text", "choice",
    "number", "share", "count", "flag", "month", "date", "number_or_month",
]  # fmt: skip
NUMERIC = frozenset({"number", "share", "count", "flag"})
LISTS = frozenset({"ids", "ids_or_word"})

Words = Annotated[tuple[str, ...], BeforeValidator(str.split)]
Bound = Annotated[float | None, BeforeValidator(lambda text: text or None)]


class Column(BaseModel):
    """One column of one table: a row of `schema.csv`.

    Parameters
    ----------
    table, column
        Where it stands.
    type
        What a cell may hold; `ids` are separated by blanks.
    unit
        Unit of a number; empty for words.
    key
        Whether the column is part of the row's key.
    required
        Whether a cell may not be blank.
    allowed
        The words of a choice, or the words that may stand where otherwise an id stands.
    reference
        Tables that may define the id.
    minimum, maximum
        Bounds of a number, both inclusive.
    figure
        Whether a cell that is not blank needs a row of provenance.
    description
        What a reader is told about it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    table: str
    column: str
    type: Type
    unit: str
    key: bool
    required: bool
    allowed: Words
    reference: Words
    minimum: Bound
    maximum: Bound
    figure: bool
    description: str

    @model_validator(mode="after")
    def _hangs_together(self) -> Column:
        if self.key and not self.required:
            raise ValueError(f"{self.table}.{self.column}: a key must be required")
        if self.type in ("choice", "flag", "id_or_word", "ids_or_word") and not self.allowed:
            raise ValueError(f"{self.table}.{self.column}: a {self.type} must name what is allowed")
        if self.figure and self.type not in NUMERIC | {"month"}:
            raise ValueError(f"{self.table}.{self.column}: a figure must be a number or a month")
        if not self.description:
            raise ValueError(f"{self.table}.{self.column}: a column must be described")
        return self


class ParameterRule(BaseModel):
    """One number of the model itself: a row of `parameter_list.csv`.

    Parameters
    ----------
    parameter
        Name.
    unit
        Unit of its value, low and high.
    minimum, maximum
        Bounds of all three, both inclusive.
    step
        Mechanism that reads it.
    meaning
        What a reader is told about it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameter: str
    unit: str
    minimum: Bound
    maximum: Bound
    step: str
    meaning: str


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table, in the order in which they are written."""

    name: str
    columns: tuple[Column, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by their name."""
        return MappingProxyType({column.column: column for column in self.columns})

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Names of the columns that together tell a row from the others."""
        return tuple(column.column for column in self.columns if column.key)

    @cached_property
    def figures(self) -> tuple[str, ...]:
        """Names of the columns whose cells need a row of provenance."""
        return tuple(column.column for column in self.columns if needs_provenance(column))


def needs_provenance(column: Column) -> bool:
    """Tell whether a cell of the column needs a row of provenance.

    The range of a parameter stands in its own table, so only its value does.
    """
    return column.figure or (column.table, column.column) == ("parameters", "value")


HEADER = "book"


@cache
def schema() -> Mapping[str, TableSchema]:
    """Return every table that a book must have, by name.

    Examples
    --------
    >>> schema()["covenants"].keys
    ('facility', 'test', 'case')
    >>> schema()["fleets"].by_name["units"].unit
    'units'
    """
    return MappingProxyType({name: table for name, table in _tables().items() if name != HEADER})


def header_schema() -> TableSchema:
    """Return what describes a book as a whole: the keys of `book.yaml`.

    Examples
    --------
    >>> header_schema().by_name["as_of"].type
    'month'
    """
    return _tables()[HEADER]


@cache
def _tables() -> Mapping[str, TableSchema]:
    """Return everything that stands in `schema.csv`, by the name of its table."""
    columns = _read("schema.csv", Column.model_validate)
    names = dict.fromkeys(column.table for column in columns)
    return {name: TableSchema(name, tuple(item for item in columns if item.table == name)) for name in names}


@cache
def parameter_rules() -> Mapping[str, ParameterRule]:
    """Return every parameter that the engine knows, by name.

    Examples
    --------
    >>> parameter_rules()["recovery_rate_secured"].maximum
    1.0
    """
    rules = _read("parameter_list.csv", ParameterRule.model_validate)
    return MappingProxyType({rule.parameter: rule for rule in rules})


Model = TypeVar("Model")


def _read(file: str, validate: Callable[[object], Model]) -> list[Model]:
    """Read one of the tables that belong to the program."""
    text = (resources.files("deflator.book") / file).read_text(encoding="utf-8")
    return [validate(row) for row in csv.DictReader(StringIO(text, newline=""), strict=True)]
