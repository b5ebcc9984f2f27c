"""A tape that is wrong is refused whole, with every fault by its place and what to type; nothing is written."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deflator.book import Book, load_book
from deflator.cli import app
from deflator.errors import DeflatorError
from deflator.tape import read_tape
from deflator.tape.read import parse_mapping
from small_tapes import GOOD, TINY, loan, write_sheets, write_tape


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book(TINY)


def faults_of(file: Path, book: Book, mapping: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(DeflatorError) as refused:
        read_tape(file, book, mapping)
    return [str(fault) for fault in refused.value.faults]


#: What is changed in the good loan -> the fault that is told of it, after `tape.csv:2:`.
CELLS = {
    "a blank amount": ({"drawn_musd": ""}, "drawn_musd: the cell is blank; use a number of at least 0"),
    "no number": ({"drawn_musd": "ten"}, "drawn_musd: 'ten' is not a number; write digits"),
    "thousands separators": ({"committed_musd": "1,200"}, "committed_musd: '1,200' is not a number; write 1200,"),
    "a rate in per cent": ({"rate_or_spread": "9.5"}, "rate_or_spread: '9.5' is above 1"),
    "a percent sign": ({"rate_or_spread": "9.5%"}, "rate_or_spread: '9.5%' is not a number; write 0.095"),
    "a negative amount": ({"drawn_musd": "-3"}, "drawn_musd: '-3' is negative"),
    "US dollars, not millions": ({"committed_musd": "12000000"}, "committed_musd: '12000000' is above 1e+06"),
    "more drawn than committed": ({"drawn_musd": "15"}, "drawn_musd: 15 is drawn of 12 committed; both are in USD m"),
    "nothing committed": ({"committed_musd": "0", "drawn_musd": "0"}, "committed_musd: 0 is committed"),
    "a month that is none": ({"maturity": "2028-13"}, "maturity: '2028-13' is not a month; write YYYY-MM"),
    "a maturity before the issue": ({"maturity": "2025-01"}, "maturity: it matures in 2025-01, not after its issue"),
    "a loan that has matured": ({"issue": "2024-01", "maturity": "2026-02"},
                                "maturity: it matured in 2026-02, by the as-of month 2026-02 of the book; use 2026-03"),
    "drawn before its issue": ({"issue": "2026-07"}, "issue: 10 is drawn at the as-of month 2026-02, before the issue"),
    "draws past the maturity": ({"draw_until": "2029-01"}, "draw_until: draws end in 2029-01, after the maturity"),
    "interest only past the maturity": ({"amortisation": "linear", "interest_only_until": "2029-01"},
                                        "interest_only_until: principal starts after 2029-01"),
    "a bullet with interest only": ({"interest_only_until": "2027-01"}, "interest_only_until: a bullet loan repays"),
    "a bullet with a balloon": ({"balloon_share": "0.3"}, "balloon_share: a bullet loan is all balloon"),
    "an unknown kind of debt": ({"type": "term loan"}, "type: 'term loan' is not a type; did you mean 'term_loan'?"),
    "another currency": ({"currency": "EUR"}, "currency: 'EUR' is not a currency; use USD"),
    "a borrower that is nearly one": ({"borrower": "Neo Onne"}, "borrower: 'Neo Onne' is no borrower of the book tiny; "
                                      "perhaps neo_one is meant; write neo_one in `entity` if so"),
    "a borrower that is nobody": ({"borrower": "Zzyzx"}, "borrower: 'Zzyzx' is no borrower of the book tiny; write "
                                  "its id in `entity`; or give `layer` and `profile`"),
    "an unknown entity": ({"entity": "neo_two"}, "entity: 'neo_two' is not an entity of the book tiny; did you mean "
                          "'neo_one'?"),
    "an account of the world": ({"entity": "world_investors"}, "entity: world_investors is an account of the outside"),
    "an entity and a layer": ({"entity": "neo_one", "layer": "neocloud", "profile": "weak"},
                              "entity: the row names the entity neo_one and a layer or profile as well"),
    "a layer without a profile": ({"layer": "neocloud"}, "profile: a borrower that the book does not name needs a "
                                  "layer and a profile; the row has neocloud alone"),
    "a profile that nobody has": ({"layer": "landlord", "profile": "weak"}, "profile: the book tiny has no landlord "
                                  "that is 'weak'; use typical"),
    "an unknown guarantor": ({"guarantor": "Big Clowd"}, "guarantor: 'Big Clowd' is no entity of the book tiny; "
                             "perhaps cloud_big is meant"),
    "an unknown equipment": ({"equipment": "h1000"}, "equipment: 'h1000' is not an equipment of the book tiny; did "
                             "you mean 'h100'?"),
    "units without equipment": ({"equipment": ""}, "equipment: equipment and units go together; the row has 800 alone"),
    "equipment without units": ({"units": ""}, "units: equipment and units go together; the row has h100 alone"),
    "units that are no number": ({"units": "many"}, "units: 'many' is not a number of units"),
    "fewer units than equipment": ({"equipment": "h100 b200"}, "units: 1 numbers of units for 2 kinds of equipment"),
    "nothing behind the loan": ({"equipment": "", "units": "", "recourse": "0"}, "recourse: nothing stands behind"),
    "prior claims on nothing": ({"equipment": "", "units": "", "prior_claims_musd": "3"},
                                "prior_claims_musd: 3 is paid before from collateral that the row does not have"),
    "an unknown facility": ({"facility": "neo_note"}, "facility: 'neo_note' is not a facility of the book tiny; did "
                            "you mean 'neo_notes'?"),
    "a facility of another": ({"facility": "hall_loan"}, "facility: the facility hall_loan is owed by hall_one, not by "
                              "neo_one"),
    "a row of sums": ({"loan": "Total"}, "loan: 'Total' looks like a row of sums, not a loan; delete it"),
    "a control character": ({"borrower": "Neo\x07One"}, "borrower: 'Neo\\x07One' holds the control character U+0007"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), CELLS.values(), ids=CELLS)
def test_a_broken_cell_is_named_with_what_to_type(
    changes: dict[str, str], said: str, book: Book, tmp_path: Path
) -> None:
    (found,) = faults_of(write_tape(tmp_path / "tape.csv", [loan(**changes)]), book)

    assert found.startswith(f"tape.csv:2:{said}")


def test_there_are_many_kinds_of_broken_tape() -> None:
    assert len({said for _, said in CELLS.values()}) > 35


def test_every_fault_is_told_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    rows = [loan(**changes) | {"loan": f"LN-{at}"} for at, (changes, _) in enumerate(CELLS.values())]
    file = write_tape(tmp_path / "tape.csv", rows)
    done = CliRunner().invoke(app, ["tape", str(file), "--book", str(TINY), "-o", str(tmp_path / "out.xlsx")])

    assert (done.exit_code, done.stdout) == (2, "")
    lines = {line.split(":")[1] for line in done.stderr.splitlines()}
    assert lines == {str(at + 2) for at, (changes, _) in enumerate(CELLS.values()) if "loan" not in changes}
    assert [path.name for path in tmp_path.iterdir()] == ["tape.csv"]


def header_of(changes: dict[str, str | None]) -> str:
    return ",".join(str(changes.get(name, name)) for name in GOOD)


FILES = {
    "a missing file": ("none.csv", None, "there is no such file; check the path"),
    "another format": ("tape.ods", "x", "'.ods' is not a format of tapes; save it as .xlsx or .csv"),
    "no workbook": ("tape.xlsx", "loan,borrower", "not a workbook: "),
    "an empty file": ("tape.csv", "", "the file is empty"),
    "a header alone": ("tape.csv", ",".join(GOOD), "there are no loans under the header"),
    "semicolons": ("tape.csv", ";".join(GOOD), "cells are separated by ';'; separate them by commas"),
    "a column twice": ("tape.csv", ",".join([*GOOD, "loan"]) + "\n" + ",".join([*GOOD.values(), "x"]),
                       "tape.csv:1:loan: the column stands twice"),
    "a missing column": ("tape.csv", "loan,borrower\nLN-1,Neo One", "tape.csv:1:maturity: the column maturity is "
                         "missing; add it, or name yours with --map \"own name=maturity\""),
    "a column by nearly its name": ("tape.csv", header_of({"maturity": "maturity_date"}) + "\n"
                                    + ",".join(GOOD.values()), "tape.csv:1:maturity: the column maturity is missing; "
                                    "rename maturity_date, or type --map \"maturity_date=maturity\""),
    "a column spelt otherwise": ("tape.csv", ",".join([*GOOD, "Guarantor"]) + "\n" + ",".join([*GOOD.values(), ""]),
                                 "tape.csv:1:Guarantor: the column 'Guarantor' is nearly one of the tape's"),
    "a column without a name": ("tape.csv", ",".join([*GOOD, ""]) + "\n" + ",".join([*GOOD.values(), "7"]),
                                "tape.csv:1: column 16 holds something but has no name"),
    "a ragged row": ("tape.csv", ",".join(GOOD) + "\n" + ",".join([*GOOD.values(), "7"]),
                     "tape.csv:2: the row has 16 cells but the header 15"),
    "another encoding": ("tape.csv", ",".join(GOOD).encode() + b"\nLN-1,Soci\xe9t\xe9", "is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), FILES.values(), ids=FILES)
def test_a_broken_file_is_named_with_what_to_type(
    name: str, content: str | bytes | None, said: str, book: Book, tmp_path: Path
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    assert any(said in fault for fault in faults_of(file, book))


def test_a_loan_that_stands_twice_is_told_with_both_rows(book: Book, tmp_path: Path) -> None:
    file = write_tape(tmp_path / "tape.csv", [loan(), loan(loan="LN-2"), loan()])

    (found,) = faults_of(file, book)
    assert found.startswith("tape.csv:4:loan: the loan 'LN-1' stands twice, first in row 2")


def test_a_name_that_means_several_borrowers_is_not_decided(book: Book, tmp_path: Path) -> None:
    from dataclasses import replace

    table = book.table("entities")
    rows = tuple({**row, "ticker": "NEO"} if row["entity"] in ("neo_one", "hall_one") else row for row in table.rows)
    doubled = replace(book, tables={**book.tables, "entities": replace(table, rows=rows)})

    (found,) = faults_of(write_tape(tmp_path / "tape.csv", [loan(borrower="neo")]), doubled)
    assert "'neo' can be several borrowers of the book: hall_one or neo_one; write the one that is meant" in found


def test_a_workbook_without_the_sheet_or_with_an_error_in_a_cell_is_named(book: Book, tmp_path: Path) -> None:
    rows = [list(GOOD), list(GOOD.values())]
    two = write_sheets(tmp_path / "two.xlsx", {"Loans 2026": rows, "notes": [["x"]]})
    assert "there is no sheet `loans` among Loans 2026, notes" in faults_of(two, book)[0]

    broken = [list(GOOD), ["=1/0" if name == "drawn_musd" else value for name, value in GOOD.items()]]
    bad = tmp_path / "bad.xlsx"
    import xlsxwriter

    with xlsxwriter.Workbook(str(bad)) as workbook:
        sheet = workbook.add_worksheet("loans")
        for line, row in enumerate(broken):
            for place, value in enumerate(row):
                if value == "=1/0":
                    sheet.write_formula(line, place, value, None, "#DIV/0!")
                else:
                    sheet.write_string(line, place, value)
    assert "bad.xlsx:2:drawn_musd: the cell shows an error" in "\n".join(faults_of(bad, book))


def test_a_mapping_that_is_wrong_is_told_whole() -> None:
    with pytest.raises(DeflatorError) as refused:
        parse_mapping(["Facility ID", "Amount=drawn_mus", "A=loan", "B=loan"])
    found = "\n".join(str(fault) for fault in refused.value.faults)

    assert "--map: 'Facility ID' is not a mapping" in found
    assert "--map: 'drawn_mus' is not a column of a tape; did you mean 'drawn_musd'?" in found
    assert "--map: 'loan' is mapped twice" in found


def test_a_mapping_of_a_column_that_the_file_does_not_have_is_told(book: Book, tmp_path: Path) -> None:
    file = write_tape(tmp_path / "tape.csv", [loan()])

    assert faults_of(file, book, {"Recourze": "recourse"})[0].startswith(
        "tape.csv:1:--map: the file has no column 'Recourze'; did you mean 'recourse'?"
    )
