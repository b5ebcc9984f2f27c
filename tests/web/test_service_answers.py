"""Documents of pages: computed once, told how far they are, taken back; and runs as files."""

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from python_calamine import CalamineWorkbook
from served import BOOK, Service, ask, heard, question, serving

from deflator.analysis import Result
from deflator.book import load_book
from deflator.ensemble import Question, runs_folder
from deflator.report.documents import build
from deflator.scenario import load_scenario
from deflator.web.limits import Limits

SMALL = {"book": BOOK, "scenario": "base", "settings": {"rent.level": 0.4}, "paths": 64, "draws": 8}
#: What each document is asked with so that it takes a moment.
QUICK: dict[str, dict[str, Any]] = {
    "rents": {"paths": 32, "draws": 4, "lines": False},
    "redlines": {"paths": 32, "draws": 4, "rents": 9},
    "cascade": {"paths": 32, "draws": 4},
    "debt": {"paths": 32, "draws": 4},
    "losses": {"paths": 32, "draws": 4, "channels": False},
    "attribution": {"paths": 8, "draws": 4},
}


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.address, timeout=60.0) as found:
        yield found


def finished(client: httpx2.Client, job: dict[str, Any], seconds: float = 300.0) -> dict[str, Any]:
    """Return a job when it is no longer under way."""
    end = time.monotonic() + seconds
    while job["status"] in ("queued", "running") and time.monotonic() < end:
        time.sleep(0.05)
        job = client.get(f"/api/answers/{job['job']}").json()
    return job


def answered(client: httpx2.Client, document: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    body = {"document": document, "question": SMALL, "arguments": arguments or {}}
    return finished(client, client.post("/api/answers", json=body).json())


LONGER = [pytest.param(name, marks=pytest.mark.slow) for name in ("companies", *QUICK) if name != "cascade"]


@pytest.mark.parametrize("document", ["book", "limits", "first", "cascade", *LONGER])
def test_a_document_is_the_one_that_the_report_has(client: httpx2.Client, document: str) -> None:
    arguments = QUICK.get(document, {})
    asked = Question(load_book(BOOK), load_scenario("base", ["rent.level=0.4"]), 64, 8)
    job = answered(client, document, arguments)

    assert (job["status"], job["faults"]) == ("done", [])
    assert job["document"] == build(document, asked, arguments)


def test_a_company_has_a_page_of_its_own(client: httpx2.Client) -> None:
    entity = next(one["id"] for one in client.get("/api/start").json()["entities"] if one["kind"] == "firm")
    job = answered(client, "company", {"entity": entity, "paths": 32, "draws": 4})

    assert job["status"] == "done"
    assert job["document"]["arguments"]["entity"] == entity


def test_the_same_question_is_computed_once(client: httpx2.Client) -> None:
    first, again = answered(client, "limits"), answered(client, "limits")

    assert first == again
    assert first["status"] == "done"


def test_a_document_speaks_the_language_of_the_page(client: httpx2.Client) -> None:
    body = {"document": "limits", "question": SMALL}
    job = finished(client, client.post("/api/answers", json=body, headers={"accept-language": "zh-CN"}).json())

    assert job["document"]["meta"]["disclaimer"] == "仅为情景分析，不是预测，也不构成投资建议。"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"document": "nothing"}, 404, "document"),
        ({"document": "company", "question": SMALL}, 422, "entity"),
        ({"document": "cascade", "question": SMALL, "arguments": {"paths": "many"}}, 422, "paths"),
        ({"document": "book", "question": SMALL, "arguments": {"more": 1}}, 422, "more"),
        ({"document": "book", "question": SMALL | {"book": "nobook"}}, 404, "book"),
        ({"document": "book", "question": SMALL | {"paths": 10**9}}, 422, "question.paths"),
    ],
)
def test_a_faulty_request_is_told_at_once(client: httpx2.Client, body: Any, status: int, field: str) -> None:
    answer = client.post("/api/answers", json=body)

    assert answer.status_code == status
    assert answer.json()["faults"][0]["field"] == field


def test_what_cannot_be_computed_is_told_with_its_reason(client: httpx2.Client) -> None:
    job = answered(client, "company", {"entity": "nobody"})

    assert job["status"] == "failed"
    assert "nobody" in job["faults"][0]["message"]


def test_a_job_is_taken_back_leaves_nothing_and_the_next_one_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with serving() as service, httpx2.Client(base_url=service.address, timeout=60.0) as client:
        long = {"document": "first", "question": SMALL | {"paths": 100_000, "draws": 250}}
        job = client.post("/api/answers", json=long).json()
        waiting = client.post("/api/answers", json={"document": "limits", "question": SMALL}).json()
        end = time.monotonic() + 60
        while job["status"] == "queued" and time.monotonic() < end:
            time.sleep(0.05)
            job = client.get(f"/api/answers/{job['job']}").json()
        taken = client.delete(f"/api/answers/{job['job']}").json()
        done = finished(client, waiting)

    assert waiting["ahead"] >= 0
    assert (taken["status"], done["status"]) == ("cancelled", "done")
    assert list(tmp_path.iterdir()) == []


def test_a_live_view_does_not_wait_for_a_job(service: Service, client: httpx2.Client) -> None:
    long = {"document": "first", "question": SMALL | {"paths": 50_000, "draws": 251}}
    with service.live() as socket:
        ask(socket, 1, question())
        heard(socket)
        job = client.post("/api/answers", json=long).json()
        time.sleep(1.0)
        start = time.monotonic()
        for number in range(2, 7):
            ask(socket, number, question(**{"rent.level": 0.3 + 0.01 * number}))
            heard(socket)
        seconds = time.monotonic() - start
        still = client.delete(f"/api/answers/{job['job']}").json()["status"]

    assert seconds < 10
    assert still == "cancelled"


def test_too_many_jobs_are_refused() -> None:
    with serving(Limits(jobs=1)) as service, httpx2.Client(base_url=service.address, timeout=60.0) as client:
        statuses = [
            client.post(
                "/api/answers", json={"document": "first", "question": SMALL | {"paths": 90_000 + more}}
            ).status_code
            for more in range(4)
        ]

    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_a_job_waits_until_the_engine_is_ready() -> None:
    with serving() as service, httpx2.Client(base_url=service.address, timeout=60.0) as client:
        warm = service.app.state.engine.warm
        assert client.get("/api/ready").json() == {"ready": True}
        warm.clear()
        job = client.post("/api/answers", json={"document": "limits", "question": SMALL}).json()
        time.sleep(0.5)
        assert client.get("/api/ready").json() == {"ready": False}
        assert client.get(f"/api/answers/{job['job']}").json()["status"] in ("queued", "running")
        warm.set()
        assert finished(client, job)["status"] == "done"


def test_an_unknown_job_is_not_found(client: httpx2.Client) -> None:
    assert client.get("/api/answers/nothing").status_code == 404
    assert client.delete("/api/answers/nothing").status_code == 404


def test_a_run_is_kept_and_comes_as_every_kind_of_file(client: httpx2.Client) -> None:
    job = answered(client, "run")
    name = job["document"]["run"]["run"]
    result = Result.open(runs_folder() / name)
    files = {
        kind: client.get(f"/api/runs/{name}/export", params={"format": kind})
        for kind in ("xlsx", "csv", "json", "parquet")
    }

    assert name in {run["run"] for run in client.get("/api/start").json()["runs"]}
    assert client.get(f"/api/runs/{name}").json()["checksum"] == result.raw.manifest.checksum
    for kind, file in files.items():
        assert file.status_code == 200
        assert f'filename="{name}.{kind}' in file.headers["content-disposition"]
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(files["xlsx"].content))
    assert len(workbook.get_sheet_by_name("breaks").to_python()) > 1
    assert len(files["json"].json()["sheets"]["breaks"]) > 0
    for kind in ("csv", "parquet"):
        with zipfile.ZipFile(io.BytesIO(files[kind].content)) as archive:
            assert any(one.endswith(f"breaks.{kind}") for one in archive.namelist())


@pytest.mark.slow
def test_a_report_of_what_is_on_the_page_is_one_whole_file(client: httpx2.Client) -> None:
    job = answered(client, "report")
    html = job["document"]["html"]

    assert job["status"] == "done"
    assert html.startswith("<!doctype html>")
    assert (
        job["document"]["run"]["run"]
        == Question(load_book(BOOK), load_scenario("base", ["rent.level=0.4"]), 64, 8).name
    )
    assert "Scenario analysis, not a forecast and not investment advice." in html
