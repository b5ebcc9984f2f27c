"""Where model parameters and channels stand in the arrays of the world."""

from __future__ import annotations

from collections import namedtuple
from importlib import resources
from typing import Any

CHANNELS = ("rent", "generation", "insourcing", "delay", "collateral", "fire_sale", "payment", "tenant", "lender",
            "confidence", "vendor")  # fmt: skip


def parameter_names() -> tuple[str, ...]:
    """Return the name of every model parameter in the order of the parameter list."""
    lines = (resources.files("deflator.book") / "parameter_list.csv").read_text(encoding="utf-8").splitlines()
    return tuple(line.split(",", 1)[0] for line in lines[1:])


def _positions(names: tuple[str, ...]) -> Any:
    """Return a named tuple of positions, which compiled code reads as constants."""
    return namedtuple("Position", names)(*range(len(names)))


PARAMETERS = parameter_names()
#: `P.name` is the row of the parameter `name` in `World.parameters`.
P = _positions(PARAMETERS)
#: `ON.name` is the position of the channel `name` in `World.channels`.
ON = _positions(CHANNELS)
