"""Figures from filings become a proposal that names the accession, and nothing more than a proposal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sec_service import ANNUAL, sec_on_loopback

from deflator.book import load_book
from deflator.data import apply_proposal, read_proposal
from deflator.data.feed import Answer, FeedError
from deflator.data.filings import propose_filings
from deflator.errors import BookError


def typed(*words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deflator", *words]
    told = subprocess.run(command, capture_output=True, encoding="utf-8", env=os.environ | environment, timeout=120)
    assert told.returncode == code, told.stderr
    assert "Traceback" not in told.stderr
    return told


def row(concept: str, usd: float, end: str, filed: str = "2026-02-27", start: str | None = None) -> dict[str, object]:
    return {
        "cik": 1, "company": "CoreWeave, Inc.", "concept": concept, "usd": usd, "start": start, "end": end,
        "filed": filed, "form": "10-K", "accession": f"0000000001-{filed[2:4]}-{filed[5:7]}{filed[8:]}00",
    }  # fmt: skip


def test_filings_are_asked_for_through_the_library_and_proposed_with_their_accession(tmp_path: Path) -> None:
    file = tmp_path / "proposal.json"
    with sec_on_loopback() as service:
        asked = {"EDGAR_BASE_URL": service, "EDGAR_DATA_URL": service, "EDGAR_IDENTITY": "A B a@example.com"}
        told = json.loads(
            typed("data", "filings", "CRWV", "-o", str(file), "--json", HOME=str(tmp_path), **asked).stdout
        )
    again = json.loads(typed("data", "filings", "CRWV", "--offline", "--json").stdout)

    assert again["changes"] == told["changes"]
    proposal, book = read_proposal(file), load_book("ai-2026-02")
    assert [source.source for source in proposal.sources] == [f"sec_{ANNUAL}"]
    assert all(ANNUAL in str(edit.provenance.note) for edit in proposal.edits if edit.provenance)
    assert {row.cells["measure"]: row.cells["value"] for row in proposal.rows} == {
        "revenue": "1570",  # the quarter, not the year
        "interest": "1229",  # a year, as there is no quarter
        "debt": "21400",  # the two parts of one day
    }
    assert {one.what for one in proposal.left_out} == {"coreweave.cash_musd", "coreweave.equipment_spend"}
    assert apply_proposal(book, proposal).provenance["entities", "coreweave", "cash_musd"].source == f"sec_{ANNUAL}"
    assert load_book("ai-2026-02").fingerprint == book.fingerprint


def test_what_was_filed_after_the_as_of_month_is_told_and_not_proposed() -> None:
    cash = "CashAndCashEquivalentsAtCarryingValue"
    rows = [row(cash, 3e9, "2026-01-31"), row(cash, 1e9, "2026-03-31", filed="2026-05-12")]

    found = propose_filings(load_book("ai-2026-02"), "CRWV", Answer(rows, "2026-06-01T00:00:00+00:00"))

    assert [edit.value for edit in found.edits] == ["3000"]
    assert "after the book's as-of month 2026-02" in next(
        one.reason for one in found.left_out if one.what == "coreweave.cash_musd"
    )


def test_a_balance_older_than_the_books_is_not_proposed() -> None:
    rows = [row("CashAndCashEquivalentsAtCarryingValue", 3e9, "2024-12-31", filed="2025-02-27")]

    found = propose_filings(load_book("ai-2026-02"), "CRWV", Answer(rows, "2026-02-28T00:00:00+00:00"))

    assert not found.edits
    assert "not earlier" in next(one.reason for one in found.left_out if one.what == "coreweave.cash_musd")


def test_a_later_report_restates_an_earlier_one() -> None:
    span = {"end": "2025-12-31", "start": "2025-10-01"}
    rows = [row("Revenues", 1.5e9, **span), row("Revenues", 1.4e9, filed="2026-02-28", **span)]

    found = propose_filings(load_book("ai-2026-02"), "CRWV", Answer(rows, "2026-02-28T00:00:00+00:00"))

    assert [one.cells["value"] for one in found.rows] == ["1400"]


def test_a_firm_that_the_book_does_not_have_is_refused() -> None:
    with pytest.raises(FeedError, match=r"no firm with the ticker 'CRVW'; did you mean 'CRWV'\?"):
        propose_filings(load_book("ai-2026-02"), "CRVW", Answer([], "2026-02-28T00:00:00+00:00"))


def test_the_sec_is_not_asked_without_a_name() -> None:
    told = typed("data", "filings", "CRWV", code=2, EDGAR_IDENTITY="")

    assert "set EDGAR_IDENTITY=" in told.stderr


def test_a_service_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    asked = {"EDGAR_BASE_URL": nobody, "EDGAR_DATA_URL": nobody, "EDGAR_IDENTITY": "A B a@example.com"}

    told = typed("data", "filings", "CRWV", code=2, HOME=str(tmp_path), **asked)

    assert "filings-CRWV: " in told.stderr


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not a proposal"),
        ("[]", "format None is not 1"),
        ('{"format": 2}', "format 2 is not 1"),
        ('{"format": 1, "book": "ai-2026-02"}', "fingerprint: "),
    ],
)
def test_a_file_that_is_no_proposal_is_refused(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "proposal.json"
    file.write_text(content)

    with pytest.raises(BookError) as refused:
        read_proposal(file)
    assert told in str(refused.value)


def test_a_proposal_for_another_book_is_refused() -> None:
    found = propose_filings(load_book("ai-2026-02"), "CRWV", Answer([], "2026-02-28T00:00:00+00:00"))

    with pytest.raises(BookError, match="made for ai-2026-02, and the book is fibre-2001"):
        apply_proposal(load_book("fibre-2001"), found)
