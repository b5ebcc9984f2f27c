"""CSV files and descriptions as different programs write them."""

from __future__ import annotations

import codecs
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deflator.book import Book, load_book
from deflator.errors import BookError


def rewrite(folder: Path, change) -> None:
    for file in [*folder.glob("*.csv"), folder / "book.yaml"]:
        file.write_bytes(change(file.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: codecs.BOM_UTF8 + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content + b"\n\n",
        lambda content: content.rstrip(b"\n"),
    ],
    ids=["byte order mark", "Windows line ends", "blank lines at the end", "no line end at the end"],
)
def test_how_a_program_writes_text_does_not_matter(change, tiny: Book, folder: Path) -> None:
    rewrite(folder, change)

    assert load_book(folder) == tiny


def test_blanks_around_cells_and_rows_of_commas_do_not_matter(tiny: Book, folder: Path) -> None:
    demand = folder / "demand.csv"
    header, first, *rest = demand.read_text().splitlines()
    demand.write_text("\n".join([header.replace(",", " , "), first.replace(",", ",  "), ",,,,,", *rest]))

    assert load_book(folder) == tiny


def test_a_fault_after_a_text_of_two_lines_is_told_at_its_own_line(folder: Path) -> None:
    leases = folder / "leases.csv"
    leases.write_text(leases.read_text().replace(",site_ready,", ',site_ready,"two\nlines"').replace(",8,", ",eight,"))

    with pytest.raises(BookError) as refused:
        load_book(folder)

    assert [(fault.file, fault.row, fault.column) for fault in refused.value.faults] == [("leases.csv", 4, "mw")]


def test_other_files_of_the_folder_are_left_alone(tiny: Book, folder: Path) -> None:
    (folder / "notes.md").write_text("mine")
    (folder / "old").mkdir()
    (folder / "old" / "fleets.csv").write_text("anything")

    assert load_book(folder) == tiny


def test_a_file_that_may_not_be_read_is_a_fault(folder: Path, monkeypatch) -> None:
    def forbidden(file: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "read_bytes", forbidden)

    with pytest.raises(BookError, match=r"leases\.csv: cannot be read: Permission denied"):
        load_book(folder)


def test_the_description_may_hold_quotes_blocks_and_comments(folder: Path) -> None:
    (folder / "book.yaml").write_text(
        """# a comment
name: tiny
title: "A title: with a colon"
description: |
  Two
  lines
as_of: '2026-02'
horizon: 2028-02
currency: USD
reference_equipment: h100
reference_series: list_median
licence: ~
compiled_by: 2026
"""
    )

    book = load_book(folder)

    assert (book.title, book.description) == ("A title: with a colon", "Two\nlines")
    assert (book.licence, book.compiled_by) == (None, "2026")


@pytest.mark.parametrize("text", ["[" * 3_000, "a: &a [*a]", "a: {b: c}", "--- a\n--- b", "? [x]\n: y", "\x00"])
def test_strange_yaml_is_refused_and_breaks_nothing(text: str, folder: Path) -> None:
    (folder / "book.yaml").write_text(text)

    with pytest.raises(BookError) as refused:
        load_book(folder)

    assert {fault.file for fault in refused.value.faults} == {"book.yaml"}


def test_a_shipped_name_wins_over_a_folder(folder: Path, monkeypatch) -> None:
    monkeypatch.setattr("deflator.book.load._SHIPPED", folder.parent)
    monkeypatch.chdir(folder.parent)
    (folder.parent / "here").mkdir()
    (folder.parent / "here" / "book").mkdir()
    monkeypatch.chdir(folder.parent / "here")

    assert load_book("book").name == "tiny"
    with pytest.raises(BookError, match=r"no file of a book lies in this folder"):
        load_book("./book")


FILES = {file.name: file.read_bytes() for file in (Path(__file__).parents[1] / "books" / "tiny").iterdir()}


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(FILES)),
    place=st.floats(0, 1),
    cut=st.integers(0, 9),
    put=st.binary(max_size=9),
)
def test_whatever_stands_in_a_file_the_answer_is_a_book_or_its_faults(
    name: str, place: float, cut: int, put: bytes
) -> None:
    at = int(place * len(FILES[name]))
    with tempfile.TemporaryDirectory() as folder:
        for file, content in FILES.items():
            (Path(folder) / file).write_bytes(content)
        (Path(folder) / name).write_bytes(FILES[name][:at] + put + FILES[name][at + cut :])
        with suppress(BookError):
            assert isinstance(load_book(folder), Book)
