"""Hold a scenario against a book: names must exist, months be simulated and figures fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deflator.book.months import month_at, month_index
from deflator.book.schema import schema
from deflator.book.spelling import quoted
from deflator.errors import Fault
from deflator.scenario.reader import suggestion
from deflator.scenario.vocabulary import Operation, drivers

if TYPE_CHECKING:
    from deflator.book import Book
    from deflator.scenario.course import Course
    from deflator.scenario.scenario import Scenario

_LAYERS = schema()["entities"].by_name["layer"].allowed

#: Pairs of columns that must stay in this order when a scenario moves one of them.
_ORDERED = (("contracts", "start", "end"), ("leases", "start", "end"), ("facilities", "issue", "maturity"),
            ("facilities", "drawn_musd", "committed_musd"))  # fmt: skip


def faults_against(scenario: Scenario, book: Book) -> list[Fault]:
    """Return everything for which a scenario does not fit a book."""
    return [
        *_driver_faults(scenario, book),
        *_parameter_faults(scenario, book),
        *_figure_faults(scenario, book),
    ]


def month_in(book: Book, month: str) -> int:
    """Return how many months a month of a course (`YYYY-MM` or `+N`) lies after the book's as-of month."""
    return int(month) if month.startswith("+") else month_index(month, book.as_of)


def wider_items(item: str | None, book: Book) -> Iterator[str]:
    """Yield the items for which a course may hold that counts for an item, the most specific first.

    Parameters
    ----------
    item
        Entity, layer, segment, equipment or lease; None for everyone.
    book
        Tells the layer of an entity and the landlord of a lease.
    """
    if item is None:
        return
    yield item
    for table, column in (("entities", "layer"), ("leases", "landlord")):
        position = book.tables[table].index.get(item)
        if position is not None:
            yield str(book.tables[table].rows[position][column])


def _driver_faults(scenario: Scenario, book: Book) -> Iterator[Fault]:
    """Yield items that the book does not have and months that a run does not reach."""
    for key, course in scenario.drivers.items():
        path, _, operation = key.rpartition(".")
        name, _, item = path.partition(".")
        driver, field = drivers()[name], f"drivers.{key}"
        if item:
            allowed = _items(driver.items, book)
            if item not in allowed:
                message = f"{quoted(item)} is no {' or '.join(driver.items)} of the book {book.name}"
                yield _fault(scenario, field, field, message, suggestion(item, allowed))
            elif name == "failure" and (parent := _parent(book, item)):
                message = f"{quoted(item)} has no account of its own to fail with: {parent} pays for it"
                yield _fault(scenario, field, field, message, f"let {parent} fail")
        yield from _month_faults(scenario, book, field, course, driver.operations[operation])


def _parent(book: Book, entity: str) -> str | None:
    """Return the owner that pays for a captive entity."""
    rows = book.tables["entities"]
    return rows.rows[rows.index[entity]]["parent"] if entity in rows.index else None


def _items(kinds: tuple[str, ...], book: Book) -> list[str]:
    """Return the names of all items of some kinds."""
    tables = book.tables
    names = {
        "layer": _LAYERS,
        "entity": tables["entities"].keys,
        "segment": tables["demand"].keys,
        "equipment": tables["equipment"].keys,
        "lease": tables["leases"].keys,
        "landlord": tables["leases"].column("landlord"),
    }
    return list(dict.fromkeys(str(name) for kind in kinds for name in names[kind]))


def _month_faults(scenario: Scenario, book: Book, field: str, course: Course, operation: Operation) -> Iterator[Fault]:
    """Yield months of a course that are not simulated or stand twice."""
    first = 1 if operation.between == "pulse" else 0
    allowed = f"use {month_at(first, book.as_of)} to {book.horizon}, or +{first} to +{book.months}"
    seen: dict[int, str] = {}
    for month, _ in course.points:
        t = month_in(book, month)
        if not first <= t <= book.months:
            place = "before" if t < first else "after"
            message = f"{month} lies {place} the months of the book {book.name}"
            yield _fault(scenario, field, f"{field}.{month}", message, allowed)
        elif t in seen:
            message = f"{month} and {seen[t]} are the same month"
            yield _fault(scenario, field, f"{field}.{month}", message, "keep one of them")
        seen[t] = month


def _parameter_faults(scenario: Scenario, book: Book) -> Iterator[Fault]:
    """Yield parameters that the book does not hold."""
    held = book.tables["parameters"].keys
    for name in scenario.parameters:
        if name not in held:
            field = f"parameters.{name}"
            message = f"the book {book.name} does not hold the parameter {quoted(name)}"
            yield _fault(scenario, field, field, message, suggestion(name, held))


def _figure_faults(scenario: Scenario, book: Book) -> Iterator[Fault]:
    """Yield figures that the book does not have or that contradict another one of their row."""
    for key in scenario.figures:
        table, row, _ = _split(key)
        if row not in book.tables[table].index:
            message = f"{table} of the book {book.name} has no row {quoted(row)}"
            field = f"figures.{key}"
            yield _fault(scenario, field, field, message, suggestion(row, book.tables[table].keys))
        else:
            yield from _order_faults(scenario, book, key)


def _order_faults(scenario: Scenario, book: Book, key: str) -> Iterator[Fault]:
    """Yield a figure that would stand on the wrong side of another of its row."""
    table, row, column = _split(key)
    cells = book.tables[table].rows[book.tables[table].index[row]]
    for _, low, high in (rule for rule in _ORDERED if rule[0] == table and column in rule[1:]):
        first, second = (scenario.figures.get(f"{table}.{row}.{name}", cells[name]) for name in (low, high))
        equal_fits = not isinstance(first, str)  # drawn may reach committed; an end must lie after its start
        if first > second or (first == second and not equal_fits):  # type: ignore[operator]
            field = f"figures.{key}"
            message = f"{low} {first} would lie above {high} {second}"
            yield _fault(scenario, field, field, message, f"change {low} or {high} as well")


def _split(key: str) -> tuple[str, str, str]:
    """Return table, row and column of a figure.

    Examples
    --------
    >>> _split("covenants.ddtl_1|dscr|book.threshold")
    ('covenants', 'ddtl_1|dscr|book', 'threshold')
    """
    table, _, rest = key.partition(".")
    row, _, column = rest.rpartition(".")
    return table, row, column


def _fault(scenario: Scenario, origin: str, field: str, message: str, hint: str) -> Fault:
    """Return a fault at the place where the scenario says what does not fit."""
    file, line = scenario.origins.get(origin, (scenario.name, 0))
    return Fault(file, line, field, message, hint)
