"""Rules of provenance, sources and parameters."""

from __future__ import annotations

from collections.abc import Iterator

from deflator.book.cells import Row, Value, write_cell
from deflator.book.draft import Draft, DraftTable
from deflator.book.months import earliest_day, last_day
from deflator.book.schema import parameter_rules, schema
from deflator.book.spelling import did_you_mean, quoted
from deflator.errors import Fault
from deflator.messages import translated

LATEST_SOURCE_DAYS = 10


def figures_have_provenance(draft: Draft) -> Iterator[Fault]:
    """Every figure that is not blank has a row of provenance."""
    known = _provenance(draft)
    for table in draft.tables.values():
        for position, row in table.items():
            key = table.keys[position]
            for column in table.schema.figures if key is not None else ():
                if row[column] is not None and (table.schema.name, key, column) not in known:
                    message = f"the figure {quoted(write_cell(row[column]))} has no provenance"
                    hint = f"add it to provenance: table {table.schema.name}, row {key}, field {column}"
                    yield table.fault(position, column, message, hint)


def provenance_has_a_figure(draft: Draft) -> Iterator[Fault]:
    """Every row of provenance belongs to a figure that is not blank."""
    evidence = draft.tables["provenance"]
    positions = {name: _positions(table) for name, table in draft.tables.items()}
    for position, row in evidence.items():
        name, key, field = (row[part] for part in ("table", "row", "field"))
        if name is None or key is None or field is None:
            continue
        if name not in schema():
            hint = did_you_mean(name, schema())
            yield evidence.fault(position, "table", f"{quoted(name)} is not a table", hint)
        elif field not in schema()[name].figures:
            hint = did_you_mean(field, schema()[name].figures)
            yield evidence.fault(position, "field", f"{quoted(field)} is not a figure of {name}", hint)
        elif key not in positions[name]:
            if draft.knows([f"{name}.{part}" for part in schema()[name].keys]):
                hint = did_you_mean(key, positions[name])
                yield evidence.fault(position, "row", f"{quoted(key)} is not a row of {name}", hint)
        elif draft.tables[name].rows[positions[name][key]][field] is None and draft.knows([f"{name}.{field}"]):
            message = f"{name}.{field} of {quoted(key)} is blank"
            yield evidence.fault(position, "field", message, "fill the cell or delete this row")


def ranges_hold_the_figure(draft: Draft) -> Iterator[Fault]:
    """Figures that are not reported have a range, and every range holds its figure."""
    evidence = draft.tables["provenance"]
    positions = {name: _positions(table) for name, table in draft.tables.items()}
    for position, row in evidence.items():
        name, key, field = (row[part] for part in ("table", "row", "field"))
        place = positions.get(name, {}).get(key)
        if place is None or field not in schema()[name].figures:
            continue
        if name == "parameters":
            yield from _same_range(evidence, position, draft.tables[name].rows[place])
            continue
        for side in ("low", "high"):
            if row[side] is None and row["grade"] not in ("reported", None):
                message = f"the cell is blank but the grade is {row['grade']}"
                yield evidence.fault(position, side, message, "only a reported figure may have no range")
        yield from _outside(evidence, position, draft.tables[name].rows[place][field])


def _same_range(evidence: DraftTable, position: int, parameter: Row) -> Iterator[Fault]:
    """Yield where the provenance of a parameter contradicts the range in its own table."""
    for side in ("low", "high"):
        told, known = evidence.rows[position][side], parameter[side]
        if told is not None and known is not None and told != known:
            message = f"{write_cell(told)} is not the {write_cell(known)} of parameters"
            yield evidence.fault(position, side, message, "leave it blank: the range stands in parameters")


def _outside(evidence: DraftTable, position: int, figure: Value) -> Iterator[Fault]:
    """Yield the sides of a range that do not hold the figure."""
    for side in ("low", "high"):
        bound = evidence.rows[position][side]
        if bound is None or figure is None:
            continue
        if isinstance(bound, str) != isinstance(figure, str):
            message = f"{write_cell(bound)} is of another kind than the figure {write_cell(figure)}"
            yield evidence.fault(position, side, message, "a month has months as its range, a number numbers")
        elif (bound > figure) if side == "low" else (bound < figure):
            relation = "above" if side == "low" else "below"
            message = f"{write_cell(bound)} is {relation} the figure {write_cell(figure)}"
            yield evidence.fault(position, side, message, "low ≤ figure ≤ high")


def nothing_is_known_early(draft: Draft) -> Iterator[Fault]:
    """No figure describes a day after the as-of month; a source may follow that month by up to ten days."""
    as_of = draft.header["as_of"]
    for name, column, days in (("provenance", "as_of", 0), ("sources", "date", LATEST_SOURCE_DAYS)):
        latest = last_day(as_of, days)
        table = draft.tables[name]
        for position, row in table.items():
            told = row[column]
            if told is not None and earliest_day(told) > latest:
                message = f"{told} is after {latest}"
                hint = f"the book is as of {as_of}" + (f", and a source may follow by {days} days" if days else "")
                yield table.fault(position, column, message, hint)


def parameters_are_the_known_ones(draft: Draft) -> Iterator[Fault]:
    """Parameters are those that the engine knows: none more, none less."""
    table, rules = draft.tables["parameters"], parameter_rules()
    missing = [name for name in rules if name not in table.keys]
    for position, name in enumerate(table.keys):
        if name is not None and name not in rules:
            hint = did_you_mean(name, missing or rules)
            yield table.fault(position, "parameter", f"{quoted(name)} is not a parameter of the engine", hint)
    for name in missing:
        message = f"{quoted(name)} is missing"
        hint = f"add it: {translated(rules[name].meaning)} ({rules[name].unit})"
        yield Fault(table.file, 0, "parameter", message, hint)


def parameters_are_within_bounds(draft: Draft) -> Iterator[Fault]:
    """Value, low and high of a parameter lie within its bounds and in that order."""
    table, rules = draft.tables["parameters"], parameter_rules()
    for position, row in table.items():
        rule = rules.get(row["parameter"])
        numbers = {side: row[side] for side in ("low", "value", "high")}
        for side, number in numbers.items():
            if rule is None or number is None:
                continue
            if rule.minimum is not None and number < rule.minimum:
                yield table.fault(position, side, f"{number:g} is below {rule.minimum:g}", f"the unit is {rule.unit}")
            if rule.maximum is not None and number > rule.maximum:
                yield table.fault(position, side, f"{number:g} is above {rule.maximum:g}", f"the unit is {rule.unit}")
        low, value, high = numbers.values()
        if None not in (low, value, high):
            if not low <= value <= high:
                message = f"{value:g} is not between low {low:g} and high {high:g}"
                yield table.fault(position, "value", message, "low ≤ value ≤ high")
            yield from _unfit_distribution(table, position, low, high)


def _unfit_distribution(table: DraftTable, position: int, low: float, high: float) -> Iterator[Fault]:
    """Yield what forbids the distribution of a parameter on its range."""
    shape = table.rows[position]["distribution"]
    if shape == "fixed" and low != high:
        yield table.fault(position, "distribution", f"fixed, but the range is {low:g} to {high:g}", "give it a shape")
    if shape == "lognormal" and low <= 0:
        yield table.fault(position, "low", f"{low:g} is not above 0", "a lognormal needs a range above 0")
    if shape == "beta" and not 0 <= low <= high <= 1:
        yield table.fault(position, "low", f"{low:g} to {high:g} leaves 0 to 1", "a beta needs a range within 0 and 1")


def _provenance(draft: Draft) -> set[tuple[object, object, object]]:
    """Return which figures have a row of provenance."""
    return {(row["table"], row["row"], row["field"]) for row in draft.tables["provenance"].rows}


def _positions(table: DraftTable) -> dict[str, int]:
    """Return the position of the first row with each key."""
    positions: dict[str, int] = {}
    for position, key in enumerate(table.keys):
        if key is not None:
            positions.setdefault(key, position)
    return positions
