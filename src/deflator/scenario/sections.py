"""Read each section of a scenario into the changes it makes, checked against what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from deflator import plugins
from deflator.book.months import is_month
from deflator.book.schema import NUMERIC, Column, parameter_rules, schema
from deflator.book.spelling import quoted
from deflator.scenario.content import Content, ParameterOverride
from deflator.scenario.course import Course, canonical_month
from deflator.scenario.reader import Reader, suggestion, told
from deflator.scenario.tree import Branch, Node, Scalar
from deflator.scenario.vocabulary import Driver, Operation, channels, drivers

Change = tuple[str, int, object]  # key within the section, row, value

_NOT_SIMULATED = ("parameters", "price_history", "reconciliation")  # parameters have a section of their own


def read_sections(reader: Reader, nodes: Mapping[str, Node]) -> Content:
    """Return what the sections of a file or of a setting change; faults stay with the reader.

    Parameters
    ----------
    reader
        Notes the faults.
    nodes
        Each section that is given, by name.
    """
    found: dict[str, dict[str, object]] = {}
    origins: dict[str, tuple[str, int]] = {}
    for section, read in SECTIONS.items():
        node = nodes.get(section)
        if node is None or (isinstance(node, Scalar) and not node.text):  # or all under it is commented out
            continue
        changes = list(read(reader, node))
        found[section] = {key: value for key, _, value in changes}
        origins |= {f"{section}.{key}": (reader.file, row) for key, row, _ in changes}
    return Content(**found, origins=origins)  # type: ignore[arg-type]


def _drivers(reader: Reader, node: Node) -> Iterator[Change]:
    """Yield a course for every operation on a driver or on an item of it."""
    for key, value in reader.entries(node, "drivers", "write `rent: {level: 1.5}`"):
        field = f"drivers.{key.text}"
        name, _, item = key.text.partition(".")
        if not reader.known(name, drivers(), "driver", key.row, field):
            continue
        driver = drivers()[name]
        if not _item_fits(reader, driver, item, key.row, field):
            continue
        for operation, course in reader.entries(
            value, field, f"write `{key.text}: {{{next(iter(driver.operations))}: …}}`"
        ):
            inner = f"{field}.{operation.text}"
            if operation.text not in driver.operations:
                hint = suggestion(operation.text, driver.operations)
                reader.fault(operation.row, inner, f"{name} has no operation {quoted(operation.text)}", hint)
                continue
            read = _course(reader, course, inner, driver.operations[operation.text])
            if read is not None:
                yield f"{key.text}.{operation.text}", operation.row, read


def _item_fits(reader: Reader, driver: Driver, item: str, row: int, field: str) -> bool:
    """Tell whether a driver may be moved for an item, or for everyone when the item is empty."""
    kinds = " or ".join(driver.items)
    if item and not driver.items:
        message = f"{driver.name} has no items, so not {quoted(item)}"
        reader.fault(row, field, message, f"write `{driver.name}:`")
        return False
    if not item and not driver.general:
        hint = f"write `{driver.name}.NAME:` with the name of one {kinds}"
        reader.fault(row, field, f"{driver.name} cannot be moved for everyone", hint)
        return False
    return True


def _course(reader: Reader, node: Node, field: str, operation: Operation) -> Course | None:
    """Return the course that a number or a map of months gives."""
    if not isinstance(node, Branch):
        value = _value(reader, node, field, operation)
        if value is not None and operation.between == "pulse":
            hint = f"write `{operation.name}: {{2026-07: {value:g}}}`"
            reader.fault(node.row, field, "a shock needs its month", hint)
            return None
        return None if value is None else Course.of(value)
    points: dict[str, float] = {}
    whole = True
    for key, item in reader.entries(node, field, ""):
        month = canonical_month(key.text)
        inner = f"{field}.{key.text}"
        if month is None:
            glued = isinstance(item, Scalar) and not item.text and ":" in key.text
            form = "write YYYY-MM, or +N for N months after the as-of month"
            hint = "put a space after the colon" if glued else form
            reader.fault(key.row, inner, f"{quoted(key.text)} is not a month", hint)
        elif month in points:
            reader.fault(key.row, inner, f"the month {month} stands twice", "keep one of them")
        elif (value := _value(reader, item, inner, operation)) is not None:
            points[month] = value
            continue
        whole = False
    return Course.of(points) if whole else None


def _value(reader: Reader, node: Node, field: str, operation: Operation) -> float | None:
    """Return one value of an operation."""
    if operation.unit == "flag":
        flag = reader.flag(node, field)
        return None if flag is None else float(flag)
    return reader.number(node, field, operation.minimum, operation.maximum, operation.unit)


def _flags(
    reader: Reader, node: Node, *, section: str, kind: str, allowed: Iterable[str], example: str
) -> Iterator[Change]:
    """Yield on or off for every switch named."""
    for key, value in reader.entries(node, section, f"write `{example}`"):
        field = f"{section}.{key.text}"
        if reader.known(key.text, allowed, kind, key.row, field):
            flag = reader.flag(value, field)
            if flag is not None:
                yield key.text, key.row, flag


def _mechanisms(reader: Reader, node: Node) -> Iterator[Change]:
    """Yield on or off for every mechanism of a plug-in that is named."""
    known = plugins.names("mechanisms")
    if known:
        yield from _flags(
            reader, node, section="mechanisms", kind="mechanism", allowed=known, example=f"{known[0]}: on"
        )
        return
    for key, _ in reader.entries(node, "mechanisms", "leave the section out"):
        hint = "install the package that brings it"
        reader.fault(key.row, f"mechanisms.{key.text}", f"no plug-in brings the mechanism {quoted(key.text)}", hint)


def _parameters(reader: Reader, node: Node) -> Iterator[Change]:
    """Yield an override for every parameter named."""
    for key, value in reader.entries(node, "parameters", "write `order_lag_months: 6`"):
        field = f"parameters.{key.text}"
        if reader.known(key.text, parameter_rules(), "parameter", key.row, field):
            override = _override(reader, value, field, key.text)
            if override is not None:
                yield key.text, key.row, override


def _override(reader: Reader, node: Node, field: str, parameter: str) -> ParameterOverride | None:
    """Return a parameter's value, with the range that the scenario gives or none."""
    rule = parameter_rules()[parameter]
    low, high = _bounds(rule.minimum, rule.maximum)
    if not isinstance(node, Branch):
        value = reader.number(node, field, low, high, rule.unit)
        return None if value is None else ParameterOverride(value, value, value)
    given: dict[str, float | None] = {}
    for key, item in reader.entries(node, field, ""):
        inner = f"{field}.{key.text}"
        if reader.known(key.text, ("value", "low", "high"), "field", key.row, inner):
            given[key.text] = reader.number(item, inner, low, high, rule.unit)
    missing = [name for name in ("value", "low", "high") if name not in given]
    if missing:
        reader.fault(node.row, field, f"no {' and no '.join(missing)}", "write {value: …, low: …, high: …}")
    numbers = [number for name in ("low", "value", "high") if (number := given.get(name)) is not None]
    if missing or len(numbers) < 3:
        return None
    if numbers != sorted(numbers):
        message = "low {:g}, value {:g} and high {:g} are not in order".format(*numbers)
        reader.fault(node.row, field, message, "low ≤ value ≤ high must hold")
        return None
    return ParameterOverride(low=numbers[0], value=numbers[1], high=numbers[2])


def _figures(reader: Reader, node: Node) -> Iterator[Change]:
    """Yield a number or month for every figure of the book that is named."""
    for key, value in reader.entries(node, "figures", "write `table.row.field: value`"):
        field = f"figures.{key.text}"
        column = _figure_column(reader, key, field)
        if column is None:
            continue
        if column.type in NUMERIC:
            number = reader.number(value, field, *_bounds(column.minimum, column.maximum), column.unit)
            if number is not None and column.type == "count" and not number.is_integer():
                reader.fault(value.row, field, f"{number:g} is not a whole number", f"count {column.unit}")
            elif number is not None:
                yield key.text, key.row, number
        elif isinstance(value, Scalar) and is_month(value.text):
            yield key.text, key.row, value.text
        else:
            reader.fault(value.row, field, f"{told(value)} is not a month", "write the month as YYYY-MM")


def _figure_column(reader: Reader, key: Scalar, field: str) -> Column | None:
    """Return the column of a book in which a figure stands."""
    table, _, rest = key.text.partition(".")
    row, _, name = rest.rpartition(".")
    if not row:
        reader.fault(key.row, field, f"{quoted(key.text)} names no figure", "write table.row.field")
        return None
    tables = {known: part for known, part in schema().items() if part.figures and known not in _NOT_SIMULATED}
    if not reader.known(table, tables, "table", key.row, field):
        return None
    if not reader.known(name, tables[table].figures, f"figure of {table}", key.row, field):
        return None
    return tables[table].by_name[name]


def _bounds(minimum: float | None, maximum: float | None) -> tuple[float, float]:
    """Return bounds as numbers, infinite where there is none."""
    return (-math.inf if minimum is None else minimum), (math.inf if maximum is None else maximum)


#: What reads each section, in the order of the file form.
SECTIONS: Mapping[str, Callable[[Reader, Node], Iterator[Change]]] = {
    "drivers": _drivers,
    "channels": partial(_flags, section="channels", kind="channel", allowed=channels(), example="fire_sale: off"),
    "covenants": partial(
        _flags, section="covenants", kind="switch", allowed=("counterfactual",), example="counterfactual: on"
    ),
    "parameters": _parameters,
    "figures": _figures,
    "mechanisms": _mechanisms,
}
