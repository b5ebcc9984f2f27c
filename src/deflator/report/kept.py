"""Documents that were built are kept in the user's cache, so that a second report is made in a moment.

A document is kept under the identity of its question, its arguments, and the sources that built it: what would come out
differently is never taken from the cache.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

from deflator.durable import write_whole
from deflator.ensemble import Question
from deflator.messages import spoken

CACHE_VARIABLE = "DEFLATOR_CACHE"
_PACKAGE = Path(__file__).parent.parent
#: Catalogues of the sentences that documents hold.
_SPOKEN = {"codes", "common", "redlines", "why"}
_SOURCES = ("analysis", "book", "clearing", "credit", "engine", "ensemble", "messages", "report/documents", "scenario")


def documents_folder() -> Path:
    """Return the place for documents: DEFLATOR_CACHE, or the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return (Path(chosen) if chosen else Path(platformdirs.user_cache_dir("deflator"))) / "documents" / _sources()


@cache
def _sources() -> str:
    """Return a short hash of everything from which documents are made."""
    digest = hashlib.sha256()
    for folder in _SOURCES:
        for file in sorted((_PACKAGE / folder).rglob("*")):
            if file.suffix in {".py", ".csv"} or (file.suffix == ".toml" and file.stem in _SPOKEN):
                digest.update(f"{file.relative_to(_PACKAGE).as_posix()}\n".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def kept(
    name: str, question: Question, arguments: Mapping[str, Any], make: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return a document from the cache, or make and keep it.

    Parameters
    ----------
    name
        Of the document.
    question
        Whose answer it is.
    arguments
        With which it is built.
    make
        Builds it; it has to be JSON.
    """
    asked = json.dumps([name, arguments, spoken()], sort_keys=True)
    file = documents_folder() / question.name / f"{name}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}.json"
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError):
        pass
    document = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(document, ensure_ascii=False, allow_nan=False).encode())
    return document
