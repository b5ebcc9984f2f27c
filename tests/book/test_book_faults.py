"""Every way in which a book can be wrong is told with its place, both values and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from broken_books import BROKEN, cell
from typer.testing import CliRunner

from deflator.book import load_book
from deflator.cli.book import app
from deflator.errors import BookError


def small_files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.stat().st_size < 1_000_000}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_book_is_refused_with_every_fault_and_its_place(kind: str, folder: Path) -> None:
    change, *expected = BROKEN[kind]
    change(folder)
    before = small_files(folder)

    with pytest.raises(BookError) as refused:
        load_book(folder)

    assert [str(fault) for fault in refused.value.faults] == expected
    assert small_files(folder) == before


@pytest.mark.parametrize("kind", BROKEN)
def test_the_command_line_prints_the_faults_and_leaves_with_code_two(kind: str, folder: Path) -> None:
    change, *expected = BROKEN[kind]
    change(folder)

    result = CliRunner().invoke(app, ["check", str(folder)])

    assert result.exit_code == 2
    assert result.stderr.splitlines() == expected
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_faults_of_different_tables_are_told_at_once(folder: Path) -> None:
    kinds = ["negative number", "misspelt choice", "fleet pledged twice", "missing file", "range missing"]
    for kind in kinds:
        BROKEN[kind][0](folder)

    with pytest.raises(BookError) as refused:
        load_book(folder)

    told = {str(fault) for fault in refused.value.faults}
    assert told == {line for kind in kinds for line in BROKEN[kind][1:]}


def test_a_cell_that_cannot_be_read_accuses_no_other_row(folder: Path) -> None:
    """One unreadable share must not also be told as holders that do not sum to one."""
    cell("holdings", "world_investors|neo_ddtl", "share_or_musd", "a third")(folder)

    with pytest.raises(BookError) as refused:
        load_book(folder)

    assert [(fault.file, fault.row, fault.column) for fault in refused.value.faults] == [
        ("holdings.csv", 3, "share_or_musd")
    ]


def test_too_many_rows_are_refused_before_they_fill_the_memory(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr("deflator.book.folder.MOST_ROWS", 100)

    with pytest.raises(BookError) as refused:
        load_book(folder)

    assert str(refused.value) == "provenance.csv:102: more than 100 rows; leave out what no table refers to"


@pytest.mark.parametrize(
    ("name", "telling"),
    [
        ("ai-2026-20", "ai-2026-20: no such book; did you mean 'ai-2026-02'?"),
        ("no/such/place", "no/such/place: no such book; use ai-2026-02, a folder, an .xlsx file or a .zip file"),
    ],
)
def test_a_book_that_is_not_there_is_refused(name: str, telling: str, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "ai-2026-02").mkdir()
    monkeypatch.setattr("deflator.book.load._SHIPPED", tmp_path)

    with pytest.raises(BookError) as refused:
        load_book(name)

    assert str(refused.value) == telling


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "book.ods").write_bytes(b"PK")

    with pytest.raises(BookError, match=r"'\.ods' is not a format of books; save it as \.xlsx"):
        load_book(tmp_path / "book.ods")


def test_a_folder_without_any_file_of_a_book_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a book")

    with pytest.raises(BookError) as refused:
        load_book(tmp_path)
    (fault,) = refused.value.faults
    assert (fault.file, fault.message) == (str(tmp_path), "no file of a book lies in this folder")
    assert "deflator book init" in fault.hint
