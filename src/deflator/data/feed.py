"""Answers of outside services, kept on disk: what a proposal rests on can be looked up again, also offline."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import platformdirs

from deflator.durable import write_whole
from deflator.errors import DeflatorError, Fault

#: How long an answer counts as fresh.
FRESH_HOURS = 24
_FORMAT = 1


class FeedError(DeflatorError):
    """An outside service that cannot be asked, or whose answer cannot be read."""


@dataclass(frozen=True)
class Answer:
    """What a service said, and when.

    Parameters
    ----------
    rows
        Plain data, as it came.
    at
        When it was asked, UTC, to the second.
    """

    rows: Sequence[dict[str, Any]]
    at: str


def feeds_folder() -> Path:
    """Return where answers are kept: `DEFLATOR_FEEDS`, else a folder of the user's cache."""
    chosen = os.environ.get("DEFLATOR_FEEDS")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("deflator")) / "feeds"


def extra_module(name: str, library: str) -> ModuleType:
    """Import a library of the extra `data`.

    Raises
    ------
    FeedError
        When it is not installed; the message names the extra.
    """
    try:
        return import_module(name)
    except ImportError:
        hint = "type `pip install 'deflator[data]'`"
        raise FeedError([Fault("", 0, "", f"{library} is not installed", hint)]) from None


def ask(
    name: str, fetch: Callable[[], Sequence[dict[str, Any]]], offline: bool = False, fresh_hours: float = FRESH_HOURS
) -> Answer:
    """Return a service's answer: one that is kept and fresh, else a new one, which is then kept.

    Parameters
    ----------
    name
        What was asked; the answer is kept under it.
    fetch
        Asks the service.
    offline
        Ask nobody: a kept answer of any age is taken.
    fresh_hours
        Age up to which a kept answer is taken without asking.

    Raises
    ------
    FeedError
        When the service cannot be reached and nothing is kept, or nothing is kept and `offline` is set.
    """
    file = feeds_folder() / f"{re.sub(r'[^a-z0-9_.-]', '-', name.lower())}.json"
    kept = _read(file)
    if kept and (offline or _age(kept) <= timedelta(hours=fresh_hours)):
        return kept
    if offline:
        raise FeedError([Fault(str(file), 0, "", f"nothing is kept of {name}", "leave out --offline to ask for it")])
    try:
        rows = fetch()
    except DeflatorError:
        raise
    except Exception as error:  # libraries of feeds raise of many kinds; each means that there is no answer
        hint = f"the answer of {kept.at} is kept: add --offline to use it" if kept else "try again when online"
        raise FeedError([Fault("", 0, name, f"no answer: {type(error).__name__}: {_brief(error)}", hint)]) from None
    answer = Answer(list(rows), datetime.now(UTC).isoformat(timespec="seconds"))
    _keep(file, answer)
    return answer


def _age(answer: Answer) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat(answer.at)


def _brief(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else "it said nothing"


def _read(file: Path) -> Answer | None:
    """Return a kept answer; None where there is none or it was cut short or is of another format."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        datetime.fromisoformat(found["at"])
        return Answer(found["rows"], found["at"]) if found["format"] == _FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(file: Path, answer: Answer) -> None:
    """Write an answer under another name first, so that a file under its own name is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps({"format": _FORMAT, "at": answer.at, "rows": answer.rows}).encode())
