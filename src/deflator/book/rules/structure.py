"""Rules of keys, names and references."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from deflator.book.draft import Draft, DraftTable
from deflator.book.months import month_index
from deflator.book.schema import Column, schema
from deflator.book.spelling import did_you_mean, one_of, quoted
from deflator.errors import Fault

LONGEST_HORIZON_MONTHS = 240
WORLD_ENTITIES = ("world_end_users", "world_investors", "world_suppliers", "world_secondhand")
MARKET_KEYS = ("pue", "base_rate", "spot_utilisation")


def keys_are_unique(draft: Draft) -> Iterator[Fault]:
    """No two rows of a table have the same key."""
    for table in draft.tables.values():
        first: dict[str, int] = {}
        for position, key in enumerate(table.keys):
            if key is None:
                continue
            if key in first:
                message = f"{quoted(key)} is already in row {table.lines[first[key]]}"
                yield table.fault(position, table.schema.keys[0], message, "rename or delete one of them")
            first.setdefault(key, position)


def references_exist(draft: Draft) -> Iterator[Fault]:
    """Every id that names a row of another table is found there."""
    for table in draft.tables.values():
        for column in table.schema.columns:
            if column.reference and draft.knows([_first_key(name) for name in column.reference]):
                yield from _dangling(draft, table, column)


def _dangling(draft: Draft, table: DraftTable, column: Column) -> Iterator[Fault]:
    """Yield the ids of a column that no table it refers to defines."""
    known = [name for target in column.reference for name in _ids(draft, target)]
    choices = [*known, *column.allowed]
    allowed = set(choices)
    for position, row in table.items():
        value = row[column.column]
        for name in value if isinstance(value, tuple) else (value,):
            if name is not None and name not in allowed:
                message = f"{quoted(name)} is not in {one_of(column.reference)}"
                hint = did_you_mean(name, choices) or f"add it to {one_of(column.reference)}"
                yield table.fault(position, column.column, message, hint)


def names_mean_one_thing(draft: Draft) -> Iterator[Fault]:
    """Where an id may come from several tables, or a word may stand for it, it means one thing only."""
    columns = [column for table in schema().values() for column in table.columns if column.reference]
    for home, other in sorted({pair for column in columns for pair in combinations(column.reference, 2)}):
        taken = set(_ids(draft, home))
        for position, name in enumerate(draft.tables[other].keys):
            if name in taken:
                message = f"{quoted(name)} is also the name of a row of {home}"
                yield draft.tables[other].fault(position, schema()[other].keys[0], message, "rename one of them")
    words = {(target, word) for column in columns for target in column.reference for word in column.allowed}
    for target, word in sorted(words):
        for position, name in enumerate(draft.tables[target].keys):
            if name == word:
                message = f"{quoted(word)} has a meaning of its own in other tables"
                yield draft.tables[target].fault(position, schema()[target].keys[0], message, "rename it")


def world_is_there(draft: Draft) -> Iterator[Fault]:
    """Four world accounts, with which everything outside the book is settled, are among the entities."""
    table = draft.tables["entities"]
    found = {row["entity"]: (position, row["layer"]) for position, row in table.items()}
    for name in WORLD_ENTITIES:
        if name not in found:
            yield Fault(table.file, 0, "entity", f"{quoted(name)} is missing", "add it with the layer world")
        elif found[name][1] not in ("world", None):
            yield table.fault(found[name][0], "layer", f"{quoted(name)} is a {found[name][1]}", "its layer is world")


def parents_do_not_circle(draft: Draft) -> Iterator[Fault]:
    """No entity is its own parent, near or far."""
    table = draft.tables["entities"]
    parents = {row["entity"]: row["parent"] for row in table.rows}
    for position, row in table.items():
        chain = [row["entity"]]
        while (parent := parents.get(chain[-1])) and parent not in chain:
            chain.append(parent)
        if parent and parent == row["entity"]:
            message = f"{' → '.join(map(str, [*chain, parent]))} is a circle"
            yield table.fault(position, "parent", message, "an entity cannot own itself")


def market_keys_are_there(draft: Draft) -> Iterator[Fault]:
    """Among the figures of the market are those that the engine looks up by name."""
    table = draft.tables["market"]
    for key in MARKET_KEYS:
        if key not in table.keys:
            yield Fault(table.file, 0, "key", f"{quoted(key)} is missing", "the engine reads it by this name")


def horizon_follows_as_of(draft: Draft) -> Iterator[Fault]:
    """From the as-of month to the horizon there are 1 to 240 months."""
    months = month_index(draft.header["horizon"], draft.header["as_of"])
    if not 0 < months <= LONGEST_HORIZON_MONTHS:
        message = f"{draft.header['horizon']} is {months} months after the as-of month {draft.header['as_of']}"
        yield draft.header_fault("horizon", message, f"use 1 to {LONGEST_HORIZON_MONTHS} months")


def reference_equipment_exists(draft: Draft) -> Iterator[Fault]:
    """No book names reference equipment that is not in the table of equipment."""
    name, known = draft.header["reference_equipment"], _ids(draft, "equipment")
    if name not in known:
        yield draft.header_fault(
            "reference_equipment", f"{quoted(name)} is not in equipment", did_you_mean(name, known)
        )


def reference_series_exists(draft: Draft) -> Iterator[Fault]:
    """No book names a reference series without a price of the reference equipment."""
    series, equipment = draft.header["reference_series"], draft.header["reference_equipment"]
    if equipment not in _ids(draft, "equipment"):
        return
    known = {str(row["series"]) for row in draft.tables["price_history"].rows if row["equipment"] == equipment}
    if series not in known:
        message = f"{quoted(series)} has no price of {equipment} in price_history"
        yield draft.header_fault("reference_series", message, did_you_mean(series, sorted(known)))


def _first_key(table: str) -> str:
    """Return the column that defines the ids of a table."""
    return f"{table}.{schema()[table].keys[0]}"


def _ids(draft: Draft, table: str) -> list[str]:
    """Return the ids that a table defines."""
    return [key for key in draft.tables[table].keys if key is not None]
