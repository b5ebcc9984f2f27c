"""The reference page of the book, made from the schema so that it cannot say anything else than the check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deflator.book.rules import RULES
from deflator.book.schema import Column, ParameterRule, header_schema, parameter_rules, schema
from deflator.book.spelling import one_of
from deflator.messages import text, translated


def holds(column: Column) -> str:
    """Say what a cell of the column may hold.

    Examples
    --------
    >>> holds(schema()["fleets"].by_name["units"])
    'number, at least 0'
    >>> holds(schema()["fleets"].by_name["site"])
    'id, or own of entities'
    """
    words = one_of(column.allowed) if column.allowed else ""
    kind = text(f"book.type.{column.type}", words=words)
    if column.reference:
        kind = text("book.type.of", type=kind, tables=one_of(column.reference))
    bounds = _bounds(column)
    return text("book.type.range", type=kind, bounds=bounds) if bounds else kind


def explain(column: Column) -> str:
    """Say in one sentence what a column means, and in another what it holds.

    Examples
    --------
    >>> explain(schema()["fleets"].by_name["units"])
    'Units. number, at least 0; units; must be given; needs provenance'
    """
    needed = text("book.column.must") if column.required else ""
    evidence = text("book.column.with_provenance") if column.figure else ""
    terms = "; ".join(term for term in (holds(column), column.unit, needed, evidence) if term)
    return f"{translated(column.description)}. {terms}"


def book_page() -> str:
    """Return the reference page in Markdown."""
    lines = [f"# {text('book.page.title')}", "", f"<!-- {text('book.page.made_from')} -->", ""]
    lines += [text("book.page.introduction"), ""]
    lines += _section("cells")
    lines += _section("header")
    lines += _columns(header_schema().columns)
    lines += _section("tables")
    for table in schema().values():
        lines += [f"### {table.name}", "", text(f"book.table.{table.name}"), ""]
        lines += _columns(table.columns)
    lines += _section("parameters")
    headings = [text(f"book.column.{name}") for name in ("parameter", "unit", "bounds", "step", "meaning")]
    rules = parameter_rules().values()
    lines += _grid(headings, ((f"`{r.parameter}`", r.unit, _bounds(r), r.step, translated(r.meaning)) for r in rules))
    lines += _section("rules")
    lines += [f"* {(rule.__doc__ or '').strip()}" for rule in RULES]
    return "\n".join(lines) + "\n"


def _section(name: str) -> list[str]:
    """Return a heading and the words under it."""
    return [f"## {text(f'book.page.{name}')}", "", text(f"book.page.{name}_body").strip(), ""]


def _columns(columns: Iterable[Column]) -> list[str]:
    """Return the columns of one table as rows of a table of the page."""
    names = ("column", "holds", "unit", "needed", "figure", "meaning")
    headings = [text(f"book.column.{name}") for name in names]
    mark = {True: text("book.column.yes"), False: text("book.column.no")}
    rows = (
        (
            f"**`{column.column}`**" if column.key else f"`{column.column}`",
            holds(column), column.unit, mark[column.required], mark[column.figure], translated(column.description),
        )
        for column in columns
    )  # fmt: skip
    return _grid(headings, rows)


def _grid(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table of the page."""
    written = [headings, ["---"] * len(headings), *rows]
    return [*(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in written), ""]


def _bounds(limits: Column | ParameterRule) -> str:
    """Say between which bounds a number lies."""
    low, high = limits.minimum, limits.maximum
    if low is not None and high is not None:
        return text("book.type.between", minimum=f"{low:g}", maximum=f"{high:g}")
    if low is not None:
        return text("book.type.at_least", minimum=f"{low:g}")
    return text("book.type.at_most", maximum=f"{high:g}") if high is not None else ""
