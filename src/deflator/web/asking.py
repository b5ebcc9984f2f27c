"""From what a page sends to a question that the engine can be asked, with everything checked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from deflator.book.spelling import quoted
from deflator.ensemble import Question
from deflator.errors import DeflatorError, Fault, RunError
from deflator.scenario import Scenario
from deflator.scenario.load import parse_scenario, with_settings
from deflator.web.bodies import Asked, Setting, ToCheck
from deflator.web.shelf import Shelf

_WORD = re.compile(r"[A-Za-z0-9+_.-]+", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9_.:|+ -]+", re.ASCII)
OWN = "scenario"


def question_of(asked: Asked, shelf: Shelf) -> Question:
    """Return what is asked, checked against the book.

    Raises
    ------
    DeflatorError
        With everything that is wrong.
    """
    faults: list[Fault] = []
    found: list[Any] = []
    for make in (lambda: shelf.book(asked.book), lambda: scenario_of(asked.scenario, asked.settings, shelf)):
        try:
            found.append(make())
        except DeflatorError as error:
            if len(error.faults) == 1 and not faults and asked.book not in shelf.books():
                raise
            faults += error.faults
    if faults:
        raise RunError(faults)
    book, scenario = found
    return Question(book, scenario, asked.paths, asked.draws, asked.chance, asked.seed)


def scenario_of(given: str | Mapping[str, Any], settings: Mapping[str, Setting], shelf: Shelf) -> Scenario:
    """Return a scenario by name, or the one that a document holds, with settings on top."""
    scenario = shelf.scenario(given) if isinstance(given, str) else parse_scenario(document_bytes(given), OWN)
    return with_settings(scenario, list(typed(settings)))


def checked_scenario(body: ToCheck, shelf: Shelf) -> Scenario:
    """Return a scenario that is to be checked, held against its book if one is named.

    Raises
    ------
    DeflatorError
        With everything that is wrong.
    """
    if body.yaml is None:
        scenario = scenario_of(body.scenario, body.settings, shelf)
    else:
        file = parse_scenario(body.yaml.encode("utf-8", "replace"), f"{OWN}.yaml")
        scenario = with_settings(file, list(typed(body.settings)))
    if body.book is not None:
        scenario.check(shelf.book(body.book))
    return scenario


def document_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a scenario document as the bytes of a file; JSON is YAML.

    Raises
    ------
    RunError
        When it holds what no file can.
    """
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError):
        message = "the document holds what is no text, number, switch or list"
        raise RunError([Fault(OWN, 0, "", message, "send what `GET /api/scenarios/NAME` returns")]) from None


def typed(settings: Mapping[str, Setting]) -> Iterable[str]:
    """Yield settings as a user would type them after `--set`.

    Raises
    ------
    RunError
        For every key that is not one.

    Examples
    --------
    >>> list(typed({"rent.level": 1.5, "channels.fire_sale": False, "monetisation.shock": {"2026-07": -0.2}}))
    ['rent.level=1.5', 'channels.fire_sale=off', 'monetisation.shock={2026-07: -0.2}']
    """
    wrong = [key for key in settings if not _KEY.fullmatch(key)]
    if wrong:
        hint = "use keys such as rent.level or channels.fire_sale"
        raise RunError([Fault("settings", 0, key[:60], f"{quoted(key)} is not a setting", hint) for key in wrong])
    for key, value in settings.items():
        yield f"{key}={_value(value)}"


def _value(value: Setting) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_word(month)}: {_value(one)}" for month, one in value.items()) + "}"
    return _word(value) if isinstance(value, str) else repr(value)


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else json.dumps(text)
