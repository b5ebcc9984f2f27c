"""A lender's own loans from a browser: read within bounds, assessed as a job, and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from pydantic import ValidationError

from deflator import defaults
from deflator.analysis.replay import prepare
from deflator.book import Book
from deflator.book.spelling import quoted
from deflator.ensemble import Progress, Question
from deflator.errors import DeflatorError, Fault, RunError
from deflator.messages import LANGUAGES, speaking, spoken, text
from deflator.report.plain import plain
from deflator.tape import Tape, assess, read_tape, write_template
from deflator.tape.assess import TARGET_LOSS
from deflator.web.bodies import Asked, JobTold
from deflator.web.jobs import Jobs
from deflator.web.limits import Limits
from deflator.web.refusals import faults_of
from deflator.web.replies import Reply
from deflator.web.shelf import Shelf
from deflator.web.uploads import check_archive

PORTFOLIO = "portfolio"
_PATHS, _DRAWS = 2_000, 100
_DIGITS = 5
_ENDINGS = (".xlsx", ".csv")
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HINT = "send an .xlsx workbook or a .csv file; /api/tape/template has an empty one"


def tape_router(shelf: Shelf, jobs: Jobs, limits: Limits) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/tape")

    @router.get("/template", summary=text("web.route.tape_template"), response_class=Reply)
    def template(book: Annotated[str | None, Query(max_length=200)] = None) -> Response:
        content = empty_tape(shelf.book(book or shelf.default or defaults.BOOK))
        headers = {"content-disposition": 'attachment; filename="tape.xlsx"'}
        return Response(content, media_type=_WORKBOOK, headers=headers)

    @router.post("", summary=text("web.route.tape"), response_model=JobTold)
    def ask(
        file: Annotated[UploadFile, File()],
        question: Annotated[str, Form(max_length=200_000)] = "{}",
        target_loss: Annotated[float, Form(gt=0.0, lt=1.0, allow_inf_nan=False)] = TARGET_LOSS,
        lang: Annotated[str, Form(max_length=10)] = "",
    ) -> Response:
        language = lang if lang in LANGUAGES else spoken()
        asked = _question(question, shelf)
        name, content = file.filename or "", file.file.read(limits.upload_bytes + 1)
        with speaking(language):
            tape_of(name, content, asked.book, limits)  # every fault is told before anything is simulated
        arguments = {"file": name, "content": content, "target_loss": target_loss, "lang": language}
        return Response(jobs.ask(PORTFOLIO, asked, arguments), media_type="application/json")

    return router


def _question(written: str, shelf: Shelf) -> Question:
    """Return the question of a form, on as many paths as a tape is assessed on."""
    from deflator.web.asking import question_of

    try:
        asked = Asked.model_validate_json(written)
    except ValidationError as error:
        raise RunError(faults_of(error.errors())) from None
    found = question_of(asked, shelf)
    return replace(found, paths=_PATHS, draws=_DRAWS)


def empty_tape(book: Book) -> bytes:
    """Return an empty tape with the borrowers and the equipment of a book, as a workbook."""
    with TemporaryDirectory(prefix="deflator-") as place:
        return write_template(Path(place) / "tape.xlsx", book).read_bytes()


def tape_of(name: str, content: bytes, book: Book, limits: Limits) -> Tape:
    """Return the tape that a file holds, checked against a book.

    Parameters
    ----------
    name
        What the browser calls the file; only its ending counts.
    content
        Its bytes.
    book
        To which its loans are joined.
    limits
        How large it may be, packed and unpacked.

    Raises
    ------
    RunError
        With everything that is wrong with it.
    """
    shown = PurePosixPath(name.replace("\\", "/")).name[:100]
    ending = PurePosixPath(shown).suffix.lower()
    if ending not in _ENDINGS:
        raise RunError([Fault("", 0, "file", f"{quoted(ending)} is not a format of tapes", _HINT)])
    if len(content) > limits.upload_bytes:
        message = f"it has more than {limits.upload_bytes:,} bytes"
        raise RunError([Fault(shown, 0, "", message, "split it into smaller tapes")])
    if ending == ".xlsx":
        check_archive(BytesIO(content), limits, ending, hint=_HINT)
    with TemporaryDirectory(prefix="deflator-") as place:
        path = Path(place) / f"tape{ending}"
        path.write_bytes(content)
        try:
            found = read_tape(path, book)
        except DeflatorError as error:
            raise RunError([_named(fault, path, shown) for fault in error.faults]) from None
    return replace(found, file=shown)


def _named(fault: Fault, path: Path, shown: str) -> Fault:
    """Return a fault that names the file as its owner does, and not where it lay meanwhile."""
    file = shown if fault.file in (path.name, str(path)) else fault.file
    return Fault(file, fault.row, fault.column, fault.message.replace(str(path), shown), fault.hint)


def assessed(question: Question, arguments: Mapping[str, Any], progress: Progress | None = None) -> dict[str, Any]:
    """Return the document of a tape: every loan, and all of them together.

    Parameters
    ----------
    question
        On how many paths of which book and scenario.
    arguments
        `file` and `content` of the tape, `target_loss`, and `lang`.
    progress
        Told how far it is.
    """
    with speaking(str(arguments["lang"])):
        tape = tape_of(str(arguments["file"]), arguments["content"], question.book, Limits())
        found = assess(tape, prepare(question), float(arguments["target_loss"]), progress=progress)
        document: dict[str, Any] = plain(found.document(), _DIGITS)
        return document
