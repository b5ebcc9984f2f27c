"""Tapes of a few loans to the borrowers of the tiny book, and ways to write them."""

import csv
from collections.abc import Sequence
from pathlib import Path

TINY = Path(__file__).parent / "books" / "tiny"

#: A loan to Neo One on a hundred units, of which nothing is wrong.
GOOD = {
    "loan": "LN-1", "borrower": "Neo One", "type": "term_loan", "committed_musd": "12", "drawn_musd": "10",
    "rate_kind": "fixed", "rate_or_spread": "0.09", "issue": "2025-06", "maturity": "2028-02",
    "amortisation": "bullet", "equipment": "h100", "units": "800", "rank": "1", "recourse": "0.4",
    "draw_share": "0.5",
}  # fmt: skip
Row = dict[str, str]


def loan(**changes: str) -> Row:
    """Return the good loan with some cells changed."""
    return GOOD | changes


#: A loan to each kind of borrower: a firm, a landlord with a site, a member of a cohort, a generic one, another name.
MIXED = (
    loan(),
    loan(loan="LN-2", borrower="HALL", type="project", equipment="", units="", other_collateral_musd="6",
         maturity="2027-12", amortisation="linear", recourse="0.1"),
    loan(loan="LN-3", borrower="Tool Maker", entity="apps", type="revolver", equipment="", units="", recourse="1",
         rank="3"),
    loan(loan="LN-4", borrower="Private Hall", layer="landlord", profile="typical", amortisation="level",
         equipment="h100 b200", units="100 20", maturity="2030-06"),
    loan(loan="LN-5", borrower="hall_one", guarantor="Big Cloud", prior_claims_musd="1", balloon_share="0.2",
         amortisation="linear", interest_only_until="2026-08", draw_until="2026-12"),
)  # fmt: skip


def write_tape(file: Path, rows: Sequence[Row]) -> Path:
    """Write a tape as CSV; its columns are those that any row has."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return file


def write_sheets(file: Path, sheets: dict[str, Sequence[Sequence[object]]]) -> Path:
    """Write a workbook cell by cell; what begins with = is a formula, here as in a lender's file."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(file)) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for line, row in enumerate(rows):
                for place, value in enumerate(row):
                    sheet.write(line, place, value)
    return file
