"""An empty book, and what happens where something is there already."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from deflator.book import Book, load_book, new_book, write_book
from deflator.book.schema import header_schema, parameter_rules, schema
from deflator.errors import BookError


@pytest.mark.parametrize("xlsx", [False, True])
def test_a_template_lacks_nothing_but_its_cells(xlsx: bool, tmp_path: Path) -> None:
    """Every fault of an empty template is a blank cell: no file, column, name or parameter is missing."""
    written = new_book(tmp_path / "new", xlsx)

    with pytest.raises(BookError) as refused:
        load_book(written)

    assert {fault.message for fault in refused.value.faults} == {"the cell is blank"}
    blank = [fault for fault in refused.value.faults if fault.file.startswith("parameters")]
    assert len(blank) == 4 * len(parameter_rules())


def test_a_template_folder_holds_every_table_and_explains_it(tmp_path: Path) -> None:
    folder = new_book(tmp_path / "new")

    assert {file.name for file in folder.iterdir()} == {f"{name}.csv" for name in schema()} | {
        "book.yaml",
        "README.md",
    }
    assert (folder / "README.md").read_text().startswith("# The book")
    described = (folder / "book.yaml").read_text()
    assert all(column.description in described for column in header_schema().columns)


def test_a_workbook_gets_its_ending(tmp_path: Path) -> None:
    assert new_book(tmp_path / "new", xlsx=True) == tmp_path / "new.xlsx"
    assert new_book(tmp_path / "other.xlsx", xlsx=True) == tmp_path / "other.xlsx"
    with pytest.raises(BookError, match="add --xlsx for a workbook"):
        new_book(tmp_path / "third.xlsx")


@pytest.mark.parametrize("name", ["book", "book.xlsx"])
def test_nothing_that_is_there_is_written_over(name: str, tiny: Book, tmp_path: Path) -> None:
    write_book(tiny, tmp_path / name)

    with pytest.raises(BookError, match="something is there already; choose another name, or move it away"):
        write_book(tiny, tmp_path / name)

    assert load_book(tmp_path / name) == tiny
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_an_empty_folder_may_be_filled(tiny: Book, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()

    write_book(tiny, tmp_path / "book")

    assert load_book(tmp_path / "book") == tiny


@pytest.mark.parametrize("name", ["book", "book.xlsx"])
def test_a_full_disk_leaves_nothing_behind(name: str, tiny: Book, tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(BookError, match="cannot be written: No space left on device; choose another place"):
        write_book(tiny, tmp_path / name)

    assert list(tmp_path.iterdir()) == []


def test_a_place_that_does_not_exist_is_refused(tiny: Book, tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot be written: No such file or directory"):
        write_book(tiny, tmp_path / "no" / "such" / "place")


def test_a_place_without_a_name_is_refused(tiny: Book) -> None:
    with pytest.raises(BookError, match="no name to write to; name a folder or file that is to be made"):
        write_book(tiny, ".")
