"""Every word that a reader sees, in one catalogue per language.

A message is named by a dotted key and holds `{named}` places to fill. Code never writes prose of its own: it asks
for a message, so that a translation is one more file.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

LANGUAGES = ("en",)


@cache
def catalogue(language: str = "en") -> dict[str, str]:
    """Return every message of a language by its dotted key."""
    found: dict[str, str] = {}

    def gather(prefix: str, node: dict[str, Any]) -> None:
        for key, value in node.items():
            if isinstance(value, dict):
                gather(f"{prefix}{key}.", value)
            else:
                found[prefix + key] = value

    folder = resources.files("deflator.messages") / language
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            gather(f"{file.name.removesuffix('.toml')}.", tomllib.loads(file.read_text(encoding="utf-8")))
    return found


def text(key: str, /, language: str = "en", **values: object) -> str:
    """Return the message `key` with its places filled.

    Parameters
    ----------
    key
        Dotted name; the first part is the file of the catalogue.
    language
        One of `LANGUAGES`.
    **values
        What to put into the `{named}` places.

    Raises
    ------
    KeyError
        When the catalogue has no such message: a fault of the program, caught by its tests.

    Examples
    --------
    >>> text("common.disclaimer")
    'Scenario analysis, not a forecast and not investment advice.'
    """
    return catalogue(language)[key].format(**values)
