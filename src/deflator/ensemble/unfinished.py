"""The folder of a run that is not finished: enough in it to finish it, at any time, to the same bits.

========================= ==============================================================================
in the folder             is
========================= ==============================================================================
request.json              the question, the paths to a chunk, the versions; written when the rest is there
book.zip, scenario.yaml   what was loaded, so that later changes of the user's files do not matter; they stay
chunks                    finished chunks
lock                      the process that works on it
whole                     in place of `request.json` once every table is written and on disk
========================= ==============================================================================
"""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from deflator.book import load_book, write_book
from deflator.durable import flush_to_disk, write_whole
from deflator.engine.compiled import source_hash
from deflator.ensemble.asked import BOOK, SCENARIO, scenario_text
from deflator.ensemble.chunk_files import ChunkFolder
from deflator.ensemble.gathering import HopelessError
from deflator.ensemble.lock import LOCK, Owner, locked, owner_of
from deflator.ensemble.question import Question
from deflator.ensemble.runner import CHUNKS, versions
from deflator.ensemble.workers import StoppedError
from deflator.errors import Fault, RunError
from deflator.scenario import load_scenario

SUFFIX = ".unfinished"
_REQUEST, _WHOLE = "request.json", "whole"
_FORMAT = 2
_ASKED = ("paths", "draws", "chance", "seed", "months", "target_error")
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Workplace:
    """The folder of an unfinished run while this process holds its lock.

    Parameters
    ----------
    folder
        Where to write.
    chunk
        Paths to a chunk.
    whole
        Whether all is written already, and only the name was missing.
    """

    folder: Path
    chunk: int
    whole: bool


@dataclass(frozen=True)
class HowFar:
    """How far an unfinished run got.

    Parameters
    ----------
    paths, asked
        Paths done; paths asked for, None when it was stopped before that was written.
    owner
        The process that works on it now; None when it waits to be resumed.
    """

    paths: int
    asked: int | None
    owner: Owner | None


def unfinished_folder(target: Path) -> Path:
    """Return where a run is until it is whole: beside its place, under a name that says so.

    Examples
    --------
    >>> unfinished_folder(Path("runs/base-0123456789")).name
    'base-0123456789.unfinished'
    """
    return target.with_name(target.name + SUFFIX)


def target_of(folder: Path) -> Path:
    """Return where an unfinished run goes when it is whole."""
    return folder.with_name(folder.name.removesuffix(SUFFIX))


def how_far(folder: Path) -> HowFar:
    """Return how far the run in a folder got."""
    request = _read(folder / _WHOLE)
    if request:
        return HowFar(request["paths_used"], request["paths_used"], owner_of(folder))
    request = _read(folder / _REQUEST)
    if request is None:
        return HowFar(0, None, owner_of(folder))
    asked = request["paths_used"]
    done = sum(min(request["chunk"], asked - first) for first in ChunkFolder(folder / CHUNKS).names())
    return HowFar(done, asked, owner_of(folder))


@contextmanager
def finishing(target: Path, question: Question, chunk: int) -> Iterator[Workplace]:
    """Give the folder in which a run is made; it takes its name only when the block ends well.

    Chunks of an earlier try of the same question with the same engine are there again. When the block ends early, the
    folder stays if a chunk in it is finished, unless another try would end alike.

    Parameters
    ----------
    target
        Where the run goes.
    question
        What is run.
    chunk
        Paths to a chunk, for a run that begins.

    Raises
    ------
    RunError
        When another process works on it, and whatever the block raises.
    StoppedError
        When the disk is full.
    """
    folder = unfinished_folder(target)
    with locked(folder):
        try:
            with _telling_of_a_full_disk(folder):
                place = _begin(folder, question, chunk)
                yield place
                _finish(folder, target)
        except HopelessError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            if folder.is_dir() and not (folder / _WHOLE).is_file() and not ChunkFolder(folder / CHUNKS).names():
                shutil.rmtree(folder, ignore_errors=True)


def _begin(folder: Path, question: Question, chunk: int) -> Workplace:
    """Go on with what an earlier try of the same run left, or begin."""
    whole = _read(folder / _WHOLE)
    request = whole or _read(folder / _REQUEST)
    if request and not _differences(request, question):
        return Workplace(folder, int(request["chunk"]), whole is not None)
    for path in folder.iterdir():
        if path.name != LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_book(question.book, folder / BOOK)
    write_whole(folder / SCENARIO, scenario_text(question.scenario).encode())
    request = {
        "format": _FORMAT,
        "run": question.name,
        "started_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "asked": {name: getattr(question, name) for name in _ASKED},
        "paths_used": question.paths_used,
        "chunk": chunk,
        "engine": source_hash(),
        "versions": versions(),
        "book": {"name": question.book.name, "fingerprint": question.book.fingerprint},
        "scenario": {"name": question.scenario.name, "fingerprint": question.scenario.fingerprint},
    }
    write_whole(folder / _REQUEST, f"{json.dumps(request, indent=2)}\n".encode())
    return Workplace(folder, chunk, False)


def _finish(folder: Path, target: Path) -> None:
    """Give a whole run its name. Killed at any line of this, it is finished by the next try."""
    if not (folder / _WHOLE).is_file():
        for path in folder.iterdir():
            if path.name != CHUNKS:
                flush_to_disk(path)
        flush_to_disk(folder)
        (folder / _REQUEST).replace(folder / _WHOLE)
        flush_to_disk(folder)
    shutil.rmtree(folder / CHUNKS, ignore_errors=True)
    aside = target.with_name(f"{target.name}.replaced")
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    folder.rename(target)
    shutil.rmtree(aside, ignore_errors=True)
    (target / _WHOLE).unlink()
    (target / LOCK).unlink()
    flush_to_disk(target.parent)


def finish_if_whole(folder: Path) -> bool:
    """Give a run its name if nothing else is missing, and tell whether that was so."""
    with locked(folder):
        if not (folder / _WHOLE).is_file():
            return False
        _finish(folder, target_of(folder))
        return True


def reopened(folder: Path) -> Question:
    """Return the question of an unfinished run, from what its folder holds.

    Raises
    ------
    RunError
        When the folder does not hold enough, or this is not the program that began it; with every reason.
    """
    request = _read(folder / _REQUEST)
    again = "begin again with `deflator run`"
    if request is None:
        raise RunError([Fault(str(folder), 0, "", "was stopped before its first path, so nothing is lost", again)])
    if request.get("format") != _FORMAT:
        message = f"format {request.get('format')!r} is not format {_FORMAT}, which this version resumes"
        raise RunError([Fault(str(folder), 0, "", message, again)])
    book, scenario = load_book(folder / BOOK), load_scenario(str(folder / SCENARIO))
    question = Question(book, scenario, **request["asked"])
    faults = [Fault(str(folder), 0, what, message, again) for what, message in _differences(request, question)]
    if faults:
        raise RunError(faults)
    return question


def _differences(request: dict[str, Any], question: Question) -> list[tuple[str, str]]:
    """Return why paths that are simulated now would not belong to those of a request."""
    engine = source_hash()
    found = [
        (what, f"{request[what]['name']!r} differs from what the run began with")
        for what, now in (("book", question.book), ("scenario", question.scenario))
        if request[what]["fingerprint"] != now.fingerprint
    ]
    if request["engine"] != engine:
        now = ", ".join(f"{name} {version}" for name, version in versions().items())
        then = ", ".join(f"{name} {version}" for name, version in request["versions"].items())
        found.append(("engine", f"began with another engine: {then}, {request['engine']}; now {now}, {engine}"))
    if not found and request["run"] != question.name:
        found.append(("run", f"{request['run']} is called {question.name} by this version"))
    return found


def _read(file: Path) -> dict[str, Any] | None:
    """Return what was asked; None when it was not written to its end."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def _telling_of_a_full_disk(folder: Path) -> Iterator[None]:
    """Turn a disk that is full into a fault that says how to go on."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        number = error.errno if isinstance(error, OSError) else None
        if number not in _FULL and os.strerror(errno.ENOSPC) not in str(error):
            raise
        far = how_far(folder)
        message = f"the disk is full; {far.paths:,} of {far.asked or 0:,} paths are kept"
        next_step = f"deflator resume {target_of(folder)}" if far.paths else "deflator run"
        hint = f"make room, then type `{next_step}`"
        raise StoppedError([Fault(str(folder), 0, "", message, hint)]) from None
