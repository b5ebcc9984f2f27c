"""Routes of documents: ask for one, look how far it is, take it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from deflator.messages import spoken, text
from deflator.report.documents import DOCUMENTS, DocumentKind, checked
from deflator.web.asking import question_of
from deflator.web.bodies import JobTold, ToAnswer
from deflator.web.job_process import REPORT, RUN
from deflator.web.jobs import Jobs
from deflator.web.names import missing
from deflator.web.shelf import Shelf

Number = Annotated[str, Path(max_length=64)]
_WITHOUT_ARGUMENTS = DocumentKind(lambda *_: {})


def answers_router(shelf: Shelf, jobs: Jobs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/answers")

    @router.post("", summary=text("web.route.answer"), response_model=JobTold)
    def ask(body: ToAnswer) -> Response:
        if body.document not in (RUN, REPORT, *DOCUMENTS):
            raise missing("document", "document", body.document, [RUN, REPORT, *DOCUMENTS])
        kind = DOCUMENTS.get(body.document, _WITHOUT_ARGUMENTS)
        arguments = checked(kind, {"lang": spoken()} | body.arguments)
        return _json(jobs.ask(body.document, question_of(body.question, shelf), arguments))

    @router.get("/{job}", summary=text("web.route.job"), response_model=JobTold)
    def state(job: Number) -> Response:
        return _json(jobs.state(job))

    @router.delete("/{job}", summary=text("web.route.cancel"), response_model=JobTold)
    def cancel(job: Number) -> Response:
        return _json(jobs.cancel(job))

    return router


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
