"""A lender's own loans over HTTP: an empty tape, an assessed one, and what is refused."""

import io
import json
import time
import zipfile
from typing import Any

import httpx2
import pytest
from served import BOOK, Service

from deflator.book import load_book
from deflator.errors import DeflatorError
from deflator.web.limits import Limits
from deflator.web.portfolio import empty_tape, tape_of

QUESTION = {"book": BOOK, "scenario": "base", "settings": {"rent.level": 0.5}}
HEADER = (
    "loan,borrower,type,committed_musd,drawn_musd,rate_kind,rate_or_spread,issue,maturity,amortisation,rank,recourse"
)
SOUND = f"{HEADER}\nA1,northline,term_loan,100,80,fixed,0.09,2000-06,2003-06,linear,1,1\n"
BROKEN = f"{HEADER}\nA1,northlime,term_loan,100,120,fixed,0.09,2000-06,2003-06,linear,1,1\nA1,,loan,x,,,,,,,,\n"


def send(service: Service, name: str, content: bytes, **fields: Any) -> httpx2.Response:
    form = {"question": json.dumps(QUESTION)} | fields
    return httpx2.post(f"{service.address}/api/tape", files={"file": (name, content)}, data=form, timeout=60.0)


def finished(service: Service, job: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + 600.0
    while job["status"] in ("queued", "running"):
        assert time.monotonic() < until
        time.sleep(0.2)
        job = httpx2.get(f"{service.address}/api/answers/{job['job']}", timeout=60.0).json()
    return job


def test_a_tape_is_assessed_as_a_job_and_no_loan_is_dropped(service: Service) -> None:
    job = finished(service, send(service, "mine.csv", SOUND.encode()).json())

    document = job["document"]
    assert (job["status"], document["file"], document["meta"]["book"]["name"]) == ("done", "mine.csv", BOOK)
    (loan,) = document["loans"]
    assert (loan["loan"], loan["obligor"], loan["status"]) == ("A1", "northline", "assessed")
    assert 0.0 <= loan["pd_low"] <= loan["pd"] <= loan["pd_high"] <= 1.0
    (difference,) = [row for row in document["reconciliation"] if row["part"] == "difference"]
    assert (difference["loans"], difference["drawn_musd"]) == (0, 0.0)


def test_an_empty_tape_lists_the_borrowers_of_the_book_and_reads_back(service: Service) -> None:
    found = httpx2.get(f"{service.address}/api/tape/template", params={"book": "ai-2026-02"}, timeout=60.0)

    assert found.headers["content-disposition"] == 'attachment; filename="tape.xlsx"'
    assert len(tape_of("tape.xlsx", found.content, load_book("ai-2026-02"), Limits()).loans) == 1


def test_every_fault_of_a_tape_is_told_with_its_row_and_before_anything_is_simulated(service: Service) -> None:
    answer = send(service, "../../mine.csv", BROKEN.encode())

    faults = answer.json()["faults"]
    assert answer.status_code == 422
    assert {fault["file"] for fault in faults} == {"mine.csv"}
    assert {2, 3} <= {fault["row"] for fault in faults}
    assert any("northline" in fault["hint"] for fault in faults)


@pytest.mark.parametrize(
    ("name", "content", "fields", "said"),
    [
        ("tape.exe", b"MZ", {}, "'.exe' is not a format of tapes"),
        ("tape.xlsx", b"no workbook", {}, "it is no readable .xlsx file"),
        ("tape.csv", b"", {}, ""),
        ("tape.csv", SOUND.encode(), {"question": "{"}, "Invalid JSON"),
        ("tape.csv", SOUND.encode(), {"question": '{"book": "nowhere"}'}, "nowhere"),
        ("tape.csv", SOUND.encode(), {"target_loss": "2"}, "less than 1"),
    ],
)
def test_what_is_no_tape_is_refused(
    service: Service, name: str, content: bytes, fields: dict[str, str], said: str
) -> None:
    answer = send(service, name, content, **fields)

    assert answer.status_code in (404, 422)
    assert answer.json()["faults"]
    assert said in answer.text.replace('\\"', '"')


def test_a_workbook_that_unpacks_to_far_more_than_it_weighs_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 30_000_000)

    with pytest.raises(DeflatorError, match="unpacks to"):
        tape_of("tape.xlsx", packed.getvalue(), load_book(BOOK), Limits())


def test_a_tape_that_is_too_large_is_refused() -> None:
    with pytest.raises(DeflatorError, match="more than 1,000 bytes"):
        tape_of("tape.csv", b"x" * 1_001, load_book(BOOK), Limits(upload_bytes=1_000))


def test_an_empty_tape_is_a_workbook() -> None:
    assert empty_tape(load_book(BOOK))[:2] == b"PK"
