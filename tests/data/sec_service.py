"""A service on loopback that answers as the SEC does; the sums in its answers are made up."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

CIK = 1769628  # of CoreWeave, as the SEC lists it
ANNUAL, QUARTER, LATER = "0001769628-26-000010", "0001769628-25-000062", "0001769628-26-000050"
_EMPTY_ADDRESS = dict.fromkeys(
    ("street1", "street2", "city", "stateOrCountry", "zipCode", "stateOrCountryDescription"), ""
)
_FILING_COLUMNS = (
    "accessionNumber", "filingDate", "reportDate", "acceptanceDateTime", "act", "form", "fileNumber", "filmNumber",
    "items", "size", "isXBRL", "isInlineXBRL", "primaryDocument", "primaryDocDescription", "core_type",
)  # fmt: skip


def fact(usd: int, end: str, accession: str, start: str | None = None) -> dict[str, Any]:
    form, filed, period = {
        ANNUAL: ("10-K", "2026-02-27", "FY"),
        QUARTER: ("10-Q", "2025-11-12", "Q3"),
        LATER: ("10-Q", "2026-05-12", "Q1"),
    }[accession]
    told = {"end": end, "val": usd, "accn": accession, "fy": int(filed[:4]), "fp": period, "form": form, "filed": filed}
    return ({"start": start} if start else {}) | told


def concept(*facts: dict[str, Any]) -> dict[str, Any]:
    return {"label": "", "description": "", "units": {"USD": list(facts)}}


FACTS = {
    "cik": CIK,
    "entityName": "CoreWeave, Inc.",
    "facts": {
        "us-gaap": {
            "CashAndCashEquivalentsAtCarryingValue": concept(
                fact(1_900_000_000, "2025-09-30", QUARTER),
                fact(3_100_000_000, "2026-01-31", ANNUAL),
                fact(2_000_000_000, "2026-03-31", LATER),
            ),
            "Revenues": concept(
                fact(1_365_000_000, "2025-09-30", QUARTER, "2025-07-01"),
                fact(5_100_000_000, "2025-12-31", ANNUAL, "2025-01-01"),
                fact(1_570_000_000, "2025-12-31", ANNUAL, "2025-10-01"),
            ),
            "InterestExpense": concept(fact(1_229_000_000, "2025-12-31", ANNUAL, "2025-01-01")),
            "LongTermDebtNoncurrent": concept(fact(14_700_000_000, "2025-12-31", ANNUAL)),
            "LongTermDebtCurrent": concept(fact(6_700_000_000, "2025-12-31", ANNUAL)),
        }
    },
}
SUBMISSIONS = {
    "cik": str(CIK), "entityType": "operating", "sic": "7374", "sicDescription": "", "ownerOrg": "",
    "insiderTransactionForOwnerExists": 0, "insiderTransactionForIssuerExists": 0, "name": "CoreWeave, Inc.",
    "tickers": ["CRWV"], "exchanges": ["Nasdaq"], "ein": "", "lei": None, "description": "", "website": "",
    "investorWebsite": "", "category": "", "fiscalYearEnd": "1231", "stateOfIncorporation": "DE",
    "stateOfIncorporationDescription": "DE", "phone": "", "flags": "", "formerNames": [],
    "addresses": {"mailing": _EMPTY_ADDRESS, "business": _EMPTY_ADDRESS},
    "filings": {"recent": {name: [] for name in _FILING_COLUMNS}, "files": []},
}  # fmt: skip


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = {"companyfacts": FACTS, "submissions": SUBMISSIONS}
        answer = next((said for name, said in known.items() if name in self.path), None)
        body = json.dumps(answer).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def sec_on_loopback() -> Iterator[str]:
    """Yield the address of a service that answers for CoreWeave."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
