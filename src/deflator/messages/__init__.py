"""Every word that a reader sees, in one catalogue per language.

A message is named by a dotted key and holds `{named}` places to fill. Code never writes prose of its own: it asks
for a message, so that a translation is one more folder of files.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import Any

#: Languages that have every message; the first is that of readers who ask for none.
LANGUAGES = ("en", "zh")
#: What a user sets to be answered in another language; without it, that of the locale counts.
VARIABLE = "DEFLATOR_LANG"
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")
_SPOKEN: ContextVar[str | None] = ContextVar("spoken", default=None)


@cache
def catalogue(language: str = LANGUAGES[0]) -> dict[str, str]:
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


def spoken() -> str:
    """Return the language that the reader is spoken to in.

    That of the innermost `speaking`; else that of the environment: `DEFLATOR_LANG`, then the locale.

    Examples
    --------
    >>> with speaking("zh"):
    ...     spoken()
    'zh'
    """
    return _SPOKEN.get() or _of_environment()


def _of_environment() -> str:
    """Return the language that the environment asks for; the first of all where it asks for none that we have."""
    for name in (VARIABLE, *_LOCALE):
        asked = os.environ.get(name, "")
        if asked:
            primary = asked.replace("-", "_").split("_")[0].split(".")[0].lower()
            return primary if primary in LANGUAGES else LANGUAGES[0]
    return LANGUAGES[0]


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language within a block, whatever the environment says; threads and tasks beside it are not touched.

    Raises
    ------
    ValueError
        When there is no catalogue of the language: a fault of the caller.

    Examples
    --------
    >>> with speaking("zh"):
    ...     text("common.disclaimer")
    '仅为情景分析，不是预测，也不构成投资建议。'
    """
    if language not in LANGUAGES:
        raise ValueError(f"there are no messages in {language!r}; there are some in {', '.join(LANGUAGES)}")
    before = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def text(key: str, /, **values: object) -> str:
    """Return the message `key` in the language that is spoken, with its places filled.

    Parameters
    ----------
    key
        Dotted name; the first part is the file of the catalogue.
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
    return catalogue(spoken())[key].format(**values)


def translated(words: str) -> str:
    """Return what a table, a book or a scenario says in the language that is spoken, if somebody translated it.

    Tables of the program hold their words in the first language; `tables.toml` of any other has them by these words,
    so that what a user changed stands as it is.

    Examples
    --------
    >>> with speaking("zh"):
    ...     translated("Scarcity"), translated("My scenario")
    ('供不应求', 'My scenario')
    """
    return catalogue(spoken()).get(f"tables.{words}", words)
