"""The answer of a run as tidy tables: one row for each thing, one column for each figure, every column described.

`export_columns.csv` names the columns of every table with type and unit; the catalogue says what they mean.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import polars as pl

from deflator.analysis import Result
from deflator.analysis.losses import ALL
from deflator.book import Book
from deflator.book.months import month_at
from deflator.book.schema import schema
from deflator.messages import text

#: What a column can hold, and the type that a frame gives it.
TYPES: Mapping[str, Any] = {
    "string": pl.String, "share": pl.Float64, "money": pl.Float64, "rent": pl.Float64, "number": pl.Float64,
    "count": pl.Int64, "flag": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a tidy table.

    Parameters
    ----------
    name
        Its heading; the same in every language, so that programs find it.
    type
        One of `TYPES`.
    unit
        Unit of a number; empty for words and shares.
    total
        Whether its sum is carried on the list of contents.
    catalogue
        File of the catalogue that says what it is, under `column`.
    """

    name: str
    type: str
    unit: str
    total: bool
    catalogue: str = "export"

    def meaning(self) -> str:
        """Return what the column means."""
        return text(f"{self.catalogue}.column.{self.name}")


@dataclass(frozen=True, eq=False)
class Sheet:
    """A tidy table with what its columns mean.

    Parameters
    ----------
    name
        Name of the sheet or file.
    columns
        In the order of the frame.
    frame
        The rows.
    catalogue
        File of the catalogue that says what the table shows, under `sheet`.
    """

    name: str
    columns: tuple[Column, ...]
    frame: pl.DataFrame
    catalogue: str = "export"

    def title(self) -> str:
        """Return what the table shows."""
        return text(f"{self.catalogue}.sheet.{self.name}")

    def totals(self) -> dict[str, float]:
        """Return the sums of the columns whose sums are carried."""
        return {column.name: float(self.frame[column.name].sum() or 0.0) for column in self.columns if column.total}


@cache
def columns_of(catalogue: str = "export") -> Mapping[str, tuple[Column, ...]]:
    """Return the columns of every sheet, as the table `*_columns.csv` of this package names them."""
    found: dict[str, list[Column]] = {}
    lines = (resources.files("deflator.report") / f"{catalogue}_columns.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines):
        column = Column(row["column"], row["type"], row["unit"], row["total"] == "1", catalogue)
        found.setdefault(row["sheet"], []).append(column)
    return {name: tuple(columns) for name, columns in found.items()}


def sheet_of(name: str, frame: pl.DataFrame, columns: Sequence[Column], catalogue: str = "export") -> Sheet:
    """Return a frame as a tidy table: the described columns in their order, in their types.

    Examples
    --------
    >>> frame = pl.DataFrame({"loss": [1, 2], "who": ["a", "b"]})
    >>> columns = (Column("who", "string", "", False), Column("loss", "money", "USD m", True))
    >>> sheet_of("losses", frame, columns).totals()
    {'loss': 3.0}
    """
    typed = frame.select(pl.col(column.name).cast(TYPES[column.type]) for column in columns)
    return Sheet(name, tuple(columns), typed, catalogue)


def sheets_of(result: Result, book: Book) -> list[Sheet]:
    """Return every table of an answer, in the order of a workbook.

    Parameters
    ----------
    result
        A kept run.
    book
        The book that it was made with.

    Examples
    --------
    The tables of a workbook, first who breaks and last what was asked:

    >>> [*columns_of()][0], [*columns_of()][-1]
    ('layers', 'scenario')
    """
    as_of = result.raw.manifest.as_of
    losses = result.losses().rename({"name": "label"})
    frames = {
        "layers": _dated(result.layers(), as_of),
        "firms": _dated(result.entities(), as_of),
        "cohorts": _dated(result.cohorts(), as_of),
        "yardsticks": _dated(result.yardsticks(), as_of),
        "losses_all": losses.filter(pl.col("holder") == ALL),
        "losses": losses.filter(pl.col("holder") != ALL),
        "rents": _dated(result.rents(), as_of, "month", "date"),
        "funding": _dated(result.funding(), as_of, "month", "date"),
        "breaks": _breaks(result),
        "robustness": result.robustness(),
        "entities": result.raw.entities().rename({"name": "label"}),
        "figures": pl.DataFrame(list(_figures(book)), _schema("figures")),
        "sources": _sources(book),
        "scenario": _scenario(result),
    }
    return [sheet_of(name, frames[name], columns) for name, columns in columns_of().items()]


def _schema(sheet: str) -> dict[str, Any]:
    return {column.name: TYPES[column.type] for column in columns_of()[sheet]}


def _dated(frame: pl.DataFrame, as_of: str, month: str = "median_month", date: str = "median_date") -> pl.DataFrame:
    """Add the calendar month to a column of months after the as-of month."""
    dates = [None if value is None else month_at(value, as_of) for value in frame[month].to_list()]
    return frame.with_columns(pl.Series(date, dates, dtype=pl.String))


def _breaks(result: Result) -> pl.DataFrame:
    """Return by entity, kind and trigger of breaks on how many paths and when they happen."""
    manifest = result.raw.manifest
    counted = manifest.paths - manifest.paths_failed
    rows = result.raw.scan("breaks")
    parts = []
    for kind, month, trigger in (("hard", "month", "trigger"), ("soft", "soft_month", "soft_trigger")):
        grouped = rows.filter(pl.col(month).is_not_null()).group_by(
            pl.col("entity").cast(pl.String), pl.col(trigger).cast(pl.String).alias("trigger")
        )
        counted_rows = grouped.agg(
            paths=pl.len(),
            earliest_month=pl.col(month).min(),
            break_median_month=pl.col(month).median(),
            mean_broken_share=pl.col("broken_share").mean()
            if "broken_share" in rows.collect_schema()
            else pl.lit(None),
        )
        parts.append(counted_rows.with_columns(kind=pl.lit(kind)).collect())
    names = result.raw.entities().select(
        pl.col("entity").cast(pl.String), label=pl.col("name"), layer=pl.col("layer").cast(pl.String)
    )
    found = pl.concat(parts).join(names, on="entity", how="left", maintain_order="left")
    return found.with_columns(share_of_paths=pl.col("paths") / counted).sort(
        "kind", "paths", "entity", "trigger", descending=[False, True, False, False]
    )


def _figures(book: Book) -> Iterator[dict[str, Any]]:
    """Yield every figure of a book with its grade, range and source."""
    for (table, row, field), known in book.provenance.items():
        value = book.table(table).rows[book.table(table).index[row]].get(field)
        found: dict[str, Any] = dict.fromkeys(_schema("figures"))
        found |= {"table": table, "row": row, "field": field, "unit": schema()[table].by_name[field].unit or None,
                  "grade": known.grade, "figure_as_of": known.as_of, "source": known.source, "note": known.note,
                  "factor": known.factor}  # fmt: skip
        for name, one in (("", value), ("_low", known.low), ("_high", known.high)):
            found[f"value_month{name}" if isinstance(one, str) else f"value{name}"] = one
        yield found


def _sources(book: Book) -> pl.DataFrame:
    """Return every source with the number of figures that rest on it."""
    used = Counter(known.source for known in book.provenance.values())
    rows = [
        {"source": one.source, "title": one.title, "url": one.url, "source_date": one.date, "source_kind": one.kind,
         "figures": used[one.source]}
        for one in book.sources.values()
    ]  # fmt: skip
    return pl.DataFrame(rows, _schema("sources"))


def _scenario(result: Result) -> pl.DataFrame:
    """Return the scenario of a run line by line; runs of early versions did not keep it."""
    file = result.raw.folder / "scenario.yaml"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return pl.DataFrame({"line": range(1, len(lines) + 1), "yaml": lines}, _schema("scenario"))
