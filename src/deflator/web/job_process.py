"""The process that computes documents: one at a time, from its standard input to its standard output.

What it reads was written by the service that started it, and by nobody else.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import pickle
import signal
import struct
import sys
import time
from typing import IO, Any

from deflator.analysis.answered import keep
from deflator.ensemble import Progress, Question
from deflator.errors import DeflatorError
from deflator.messages import speaking, text
from deflator.report.documents import build
from deflator.report.documents.registry import finished
from deflator.report.memo import gather
from deflator.report.page import check_jinja, make_page
from deflator.web.jobs import read_message, write_message
from deflator.web.portfolio import PORTFOLIO, assessed

RUN, REPORT = "run", "report"
_NICE = 19
_PROGRESS_SECONDS = 0.1
_log = logging.getLogger("deflator.web")


def main() -> None:
    """Compute documents until the service ends."""
    with contextlib.suppress(OSError, AttributeError):  # a system without priorities
        os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this process
    tasks, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = io.StringIO()  # nothing but answers goes where the service reads
    while True:
        try:
            task = read_message(tasks)
        except EOFError:
            return
        write_message(answers, answer_to(task, answers))


def answer_to(task: bytes, answers: IO[bytes]) -> bytes:
    """Return the message with the document that a task asks for, or with why there is none."""
    try:
        document, question, arguments = pickle.loads(task)
        built = built_of(document, question, arguments, _Progress(answers))
        return b"d" + json.dumps(built, allow_nan=False).encode("ascii")
    except DeflatorError as error:
        faults = [(one.file, one.row, one.column, one.message, one.hint) for one in error.faults]
    except Exception:  # the next job may well succeed
        _log.exception("a document could not be built")
        faults = [("", 0, "", text("web.failed"), "")]
    return b"f" + json.dumps(faults).encode("ascii")


def built_of(document: str, question: Question, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Return a document; `run` keeps the run of a question, so that it can be exported, `report` is a report of it."""
    if document == PORTFOLIO:
        return assessed(question, arguments, progress)
    if document not in (RUN, REPORT):
        return build(document, question, arguments, progress)
    with speaking(str(arguments["lang"])):
        if document == REPORT:
            check_jinja()
        result = keep(question, progress)
        parts: dict[str, Any] = {"run": result.raw.manifest}
        if document == REPORT:
            parts["html"] = make_page([gather(question, result, progress=progress)]).html
        return finished(document, question, arguments, parts)


class _Progress:
    """Tells the service from time to time how far a document is."""

    def __init__(self, answers: IO[bytes]) -> None:
        self._answers = answers
        self._told = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told > _PROGRESS_SECONDS:
            self._told = now
            write_message(self._answers, b"p" + struct.pack("<qq", int(done), int(total)))


if __name__ == "__main__":
    main()
