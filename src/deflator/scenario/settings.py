"""Read a single change that a user types on the command line."""

from __future__ import annotations

from dataclasses import replace

from deflator.book.spelling import quoted
from deflator.errors import Fault, ScenarioError
from deflator.scenario.content import Content
from deflator.scenario.reader import Reader
from deflator.scenario.sections import SECTIONS, read_sections
from deflator.scenario.tree import Branch, Node, Scalar, read_text

FLAG = "--set"


def read_setting(setting: str) -> Content:
    """Return the change that a setting makes.

    Parameters
    ----------
    setting
        `section.key=value` as in a scenario file, with the value in YAML; `drivers.` may be left out.

    Raises
    ------
    ScenarioError
        With every fault of the setting.

    Examples
    --------
    >>> read_setting("rent.level=1.5").drivers["rent.level"].points
    (('+0', 1.5),)
    >>> read_setting("channels.fire_sale=off").channels
    {'fire_sale': False}
    """
    try:
        return _read(setting)
    except ScenarioError as error:  # the rows of a setting say nothing
        raise ScenarioError(replace(fault, row=0) for fault in error.faults) from None


def _read(setting: str) -> Content:
    """Return the change that a setting makes."""
    path, equals, value = setting.partition("=")
    steps = [step.strip() for step in path.split(".")]
    section = steps.pop(0) if steps[0] in SECTIONS else "drivers"
    enough = len(steps) >= (2 if section == "drivers" else 1)
    if not equals or not enough or not all(steps) or not value.strip():
        message = f"{quoted(setting)} is not a setting"
        raise ScenarioError([Fault(FLAG, 0, "", message, "write rent.level=1.5 or channels.fire_sale=off")])
    node = read_text(value, FLAG)
    if section == "drivers":
        node = _branch(steps.pop(), node)
    reader = Reader(FLAG)
    content = read_sections(reader, {section: _branch(".".join(steps), node)})
    reader.finish()
    return content


def _branch(key: str, value: Node) -> Branch:
    """Return a branch with one key; a setting has no rows."""
    return Branch(((Scalar(key, quoted=False, row=0), value),), 0)
