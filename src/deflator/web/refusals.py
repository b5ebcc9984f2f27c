"""What is wrong with a request, as JSON: the same faults that the command line prints."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from deflator.errors import DeflatorError, Fault
from deflator.messages import text
from deflator.web.bodies import Refusal
from deflator.web.replies import Reply


class MissingError(DeflatorError):
    """Something that is asked for by a name that nothing has."""


class BusyError(DeflatorError):
    """More than is served at a time."""


def told(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON has it; `field` is another word for its column.

    Examples
    --------
    >>> told(Fault("fleets.csv", 7, "units", "'-5' is negative", "use a number of at least 0"))["field"]
    'units'
    """
    return {
        "file": fault.file, "row": fault.row, "column": fault.column, "field": fault.column,
        "message": fault.message, "hint": fault.hint,
    }  # fmt: skip


def refusal(faults: Iterable[Fault], status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> Response:
    """Return the answer to a request that cannot be met."""
    return Reply({"faults": [told(fault) for fault in faults]}, int(status))


_STATUSES = (400, 401, 403, 404, 405, 408, 413, 421, 422, 429)


def refusals() -> dict[int | str, dict[str, Any]]:
    """Return what every route may answer with besides its own."""
    return {status: {"model": Refusal, "description": text(f"web.status.{status}")} for status in _STATUSES}


def tell_refusals(app: FastAPI) -> None:
    """Make an application answer every error with its faults, and never with a traceback."""

    @app.exception_handler(DeflatorError)
    async def _refused(_: Request, error: DeflatorError) -> Response:
        kinds = {MissingError: HTTPStatus.NOT_FOUND, BusyError: HTTPStatus.TOO_MANY_REQUESTS}
        return refusal(error.faults, kinds.get(type(error), HTTPStatus.UNPROCESSABLE_ENTITY))

    @app.exception_handler(RequestValidationError)
    async def _not_valid(_: Request, error: RequestValidationError) -> Response:
        return refusal(list(faults_of(error.errors())))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        response = refusal([Fault("", 0, "", str(error.detail))], error.status_code)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def _failed(_: Request, __: Exception) -> Response:
        return refusal([Fault("", 0, "", text("web.failed"))], HTTPStatus.INTERNAL_SERVER_ERROR)


def faults_of(errors: Iterable[Any]) -> Iterable[Fault]:
    """Return what does not have the form of a question, field by field."""
    for error in errors:
        place = [str(part) for part in error["loc"] if part not in ("body", "query", "path")]
        yield Fault("", 0, ".".join(place)[:200], str(error["msg"])[:500])
