"""One simulation for each question: what several pages, figures or commands ask alike is simulated once.

The runs that were simulated last stay in a folder of this process until others take their place or the process ends.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import OrderedDict
from functools import cache
from pathlib import Path

from deflator.analysis.result import Result, ask
from deflator.durable import whole
from deflator.ensemble import Progress, Question, runs_folder

_MOST = 4
_known: OrderedDict[str, Result] = OrderedDict()


def answered(question: Question, progress: Progress | None = None) -> Result:
    """Return the run that answers a question: one that is kept or known, else simulated now and known from now on.

    A process asks from one thread at a time.

    Parameters
    ----------
    question
        What is asked; its name is its identity.
    progress
        Told the paths done and the paths asked for, where there is something to simulate.
    """
    kept = runs_folder() / question.name
    if kept.is_dir():
        return Result.open(kept)
    found = _known.get(question.name)
    if found is None or not found.raw.folder.is_dir():
        found = ask(question, _place() / question.name, progress=progress)
    remember(question, found)
    return found


def remember(question: Question, result: Result) -> None:
    """Take a run that is open as the answer to its question, wherever it is kept."""
    _known[question.name] = result
    _known.move_to_end(question.name)
    while len(_known) > _MOST:
        _, oldest = _known.popitem(last=False)
        if is_passing(oldest):
            shutil.rmtree(oldest.raw.folder, ignore_errors=True)


def keep(question: Question, progress: Progress | None = None) -> Result:
    """Return the kept run of a question; one that is known for a moment gets its place there, whole or not at all."""
    found = answered(question, progress)
    if not is_passing(found):
        return found
    target = runs_folder() / question.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole(target) as draft:
        shutil.copytree(found.raw.folder, draft)
    return Result.open(target)


def is_passing(result: Result) -> bool:
    """Tell whether a run was simulated for a moment: it is kept nowhere."""
    return result.raw.folder.parent == _place()


@cache
def _place() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="deflator-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
