"""The application: every route in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, File, Path, Query, UploadFile, WebSocket
from fastapi.responses import FileResponse, HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from deflator import __version__
from deflator.ensemble.asked import courses_of, scenario_text
from deflator.errors import DeflatorError
from deflator.messages import LANGUAGES, speaking, text
from deflator.scenario import Scenario
from deflator.web.answers import answers_router
from deflator.web.asking import checked_scenario
from deflator.web.bodies import Asked, SaveAs, ToCheck, ToKeep
from deflator.web.engine import Engine
from deflator.web.exports import exports_router
from deflator.web.guard import Guard, Rules, rules_for
from deflator.web.jobs import Jobs
from deflator.web.limits import Limits
from deflator.web.live import Live
from deflator.web.pages import docs_page, missing_build, static_folder
from deflator.web.portfolio import tape_router
from deflator.web.refusals import refusals, tell_refusals, told
from deflator.web.replies import Reply
from deflator.web.shelf import Shelf
from deflator.web.start import heading, start_of
from deflator.web.tables import sources_of, summary_of, table_of
from deflator.web.uploads import read_upload

Name = Annotated[str, Path(max_length=200)]


def create_app(
    rules: Rules | None = None,
    limits: Limits | None = None,
    book: str | None = None,
    threads: int | None = None,
    warm_up: bool = True,
) -> FastAPI:
    """Return the service as an application.

    Parameters
    ----------
    rules
        Who may ask; only this machine when None.
    limits
        Every bound.
    book
        Name or path of the book that is offered first; the shipped one when None.
    threads
        Threads for one simulation; all processors when None.
    warm_up
        Whether the engine is made ready before the first question.
    """
    with speaking(LANGUAGES[0]):  # in which the API is described
        return _app(rules or rules_for("127.0.0.1"), limits or Limits(), book, threads, warm_up)


def _app(rules: Rules, limits: Limits, book: str | None, threads: int | None, warm_up: bool) -> FastAPI:
    shelf = Shelf(limits, book)
    engine = Engine(shelf, limits, threads)
    live, jobs = Live(engine, limits), Jobs(limits, engine.warm)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        engine.start(Asked(book=shelf.default) if warm_up and shelf.default else Asked() if warm_up else None)
        jobs.start()
        try:
            yield
        finally:
            await run_in_threadpool(jobs.close)
            await run_in_threadpool(engine.close)

    app = FastAPI(
        title="Deflator", version=__version__, description=text("web.docs.introduction"), lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url="/openapi.json", default_response_class=Reply,
        responses=refusals(), swagger_ui_oauth2_redirect_url=None,
    )  # fmt: skip
    app.state.shelf, app.state.engine, app.state.live, app.state.jobs = shelf, engine, live, jobs
    tell_refusals(app)
    app.include_router(_books(shelf, limits))

    @app.get("/api/ready", summary=text("web.route.ready"))
    def ready() -> dict[str, bool]:
        return {"ready": engine.warm.is_set()}

    app.include_router(_scenarios(shelf))
    app.include_router(answers_router(shelf, jobs))
    app.include_router(exports_router(shelf))
    app.include_router(tape_router(shelf, jobs, limits))

    @app.websocket("/api/live")
    async def _live(socket: WebSocket) -> None:
        await live.serve(socket)

    @app.get("/api/docs", response_class=HTMLResponse, include_in_schema=False)
    def _docs() -> str:
        return docs_page(app.openapi())

    _serve_pages(app)
    app.add_middleware(Guard, rules=rules, limits=limits)
    return app


def _books(shelf: Shelf, limits: Limits) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/start", summary=text("web.route.start"))
    def start(book: Annotated[str | None, Query(max_length=200)] = None) -> dict[str, Any]:
        return start_of(shelf, book)

    @router.get("/books/{book}", summary=text("web.route.book"))
    def summary(book: Name) -> dict[str, Any]:
        return summary_of(shelf.book(book))

    @router.get("/books/{book}/tables/{table}", summary=text("web.route.table"))
    def table(book: Name, table: Name) -> dict[str, Any]:
        return table_of(shelf.book(book), table)

    @router.get("/books/{book}/sources", summary=text("web.route.sources"))
    def sources(book: Name) -> dict[str, Any]:
        return sources_of(shelf.book(book))

    @router.post("/books", summary=text("web.route.upload"))
    def upload(file: Annotated[UploadFile, File()]) -> dict[str, Any]:
        try:
            book = read_upload(file.filename or "", file.file, limits)
        except DeflatorError as error:
            return {"book": None, "summary": None, "faults": [told(fault) for fault in error.faults]}
        return {"book": shelf.hold(book), "summary": summary_of(book), "faults": []}

    @router.post("/books/{book}/save", summary=text("web.route.save"))
    def save(book: Name, body: SaveAs) -> dict[str, Any]:
        return {"book": shelf.keep_book(book, body.name)}

    @router.delete("/books/{book}", summary=text("web.route.forget"))
    def forget(book: Name) -> dict[str, Any]:
        shelf.forget(book)
        return {"forgotten": book}

    return router


def _scenarios(shelf: Shelf) -> APIRouter:
    router = APIRouter(prefix="/api/scenarios")

    @router.post("/check", summary=text("web.route.check"))
    def check(body: ToCheck) -> dict[str, Any]:
        try:
            scenario = checked_scenario(body, shelf)
        except DeflatorError as error:
            faults = [told(fault) for fault in error.faults]
            return {"yaml": None, "document": None, "fingerprint": None, "faults": faults}
        return _told(scenario) | {"faults": []}

    @router.get("/{name}", summary=text("web.route.scenario"))
    def read(name: Name) -> dict[str, Any]:
        return _told(shelf.scenario(name))

    @router.post("", summary=text("web.route.keep"))
    def keep(body: ToKeep) -> dict[str, Any]:
        return heading(shelf.keep_scenario(body.name, body.yaml.encode("utf-8", "replace"), body.replace))

    @router.delete("/{name}", summary=text("web.route.forget_scenario"))
    def forget(name: Name) -> dict[str, Any]:
        shelf.forget_scenario(name)
        return {"forgotten": name}

    return router


def _told(scenario: Scenario) -> dict[str, Any]:
    document = scenario.as_document() | {"drivers": courses_of(scenario)}
    return {"yaml": scenario_text(scenario), "document": document, "fingerprint": scenario.fingerprint}


def _serve_pages(app: FastAPI) -> None:
    """Serve the built dashboard, or say that it is missing."""
    folder = static_folder()

    @app.get("/", include_in_schema=False)
    def _index() -> Response:
        page = folder / "index.html"
        if page.is_file():
            return FileResponse(page, headers={"cache-control": "no-cache"})
        return HTMLResponse(missing_build())

    app.mount("/", _Files(directory=folder, check_dir=False))


class _Files(StaticFiles):
    """Files that a browser asks about again each time, as their names stay when their content changes."""

    def file_response(self, *given: Any, **options: Any) -> Response:
        response = super().file_response(*given, **options)
        response.headers["cache-control"] = "no-cache"
        return response
