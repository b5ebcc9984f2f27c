"""The reference page of scenarios, made from the tables that the check uses and the shipped scenarios."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence

from deflator.messages import text
from deflator.scenario.load import load_scenario, shipped_scenarios
from deflator.scenario.scenario import Scenario
from deflator.scenario.vocabulary import channels, drivers


def scenario_page() -> str:
    """Return the reference page in Markdown."""
    lines = [f"# {text('scenario.page.title')}", "", f"<!-- {text('scenario.page.made_from')} -->"]
    lines += ["", text("scenario.page.introduction").strip()]
    for section in ("form", "months", "specific", "law", "drivers"):
        lines += _section(section)
    lines += _grid(("driver", "item", "description"), _driver_rows())
    lines += _section("operations")
    headings = ("driver", "operation", "description", "unit", "default", "between", "bounds")
    lines += _grid(headings, _operation_rows())
    lines += _section("channels")
    rows = ((f"`{c.name}`", c.description, " ".join(c.mechanisms)) for c in channels().values())
    lines += _grid(("channel", "description", "mechanisms"), rows)
    lines += ["", f"## {text('scenario.page.shipped')}"]
    for name in shipped_scenarios():
        lines += _shipped(load_scenario(name))
    return "\n".join(lines) + "\n"


def _section(name: str) -> list[str]:
    """Return a heading and what stands under it."""
    return ["", f"## {text(f'scenario.page.{name}')}", "", text(f"scenario.page.{name}_body").strip(), ""]


def _driver_rows() -> Iterator[Sequence[str]]:
    """Yield every driver with the items to which it may be narrowed."""
    for driver in drivers().values():
        kinds = text("scenario.column.joined").join(driver.items)
        items = kinds if driver.general else text("scenario.column.only", kinds=kinds)
        yield f"`{driver.name}`", items, driver.description


def _operation_rows() -> Iterator[Sequence[str]]:
    """Yield every operation on every driver."""
    for driver in drivers().values():
        for operation in driver.operations.values():
            yield (
                f"`{driver.name}`",
                f"`{operation.name}`",
                operation.description,
                operation.unit,
                "" if math.isnan(operation.default) else f"{operation.default:g}",
                operation.between,
                f"{operation.minimum:g} … {operation.maximum:g}",
            )


def _shipped(scenario: Scenario) -> list[str]:
    """Return what a reader should know of a shipped scenario."""
    stands = text("scenario.column.stands", author=scenario.author, date=scenario.date)
    changed = [*scenario.drivers, *(f"figures.{figure}" for figure in scenario.figures)]
    changed += [f"parameters.{parameter}" for parameter in scenario.parameters]
    changed += [f"channels.{name}" for name, on in scenario.channels.items() if not on]
    changed += ["covenants.counterfactual"] if scenario.counterfactual_covenants else []
    names = ", ".join(f"`{name}`" for name in changed) or text("scenario.column.nothing")
    changes = f"{text('scenario.column.changes')}: {names}"
    return [
        "",
        f"### `{scenario.name}`: {scenario.title}",
        "",
        f"{scenario.description} {stands}",
        "",
        changes,
    ]


def _grid(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table of the page."""
    names = [text(f"scenario.column.{heading}") for heading in headings]
    return [f"| {' | '.join(row)} |" for row in (names, ["---"] * len(names), *rows)]


if __name__ == "__main__":
    sys.stdout.write(scenario_page())
