"""A book that is written and read again is the same book, whatever the format."""

from __future__ import annotations

import copy
import csv
import dataclasses
import pickle
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deflator.book import Book, Provenance, Table, load_book, write_book
from deflator.book.schema import schema

TINY = load_book(Path(__file__).parents[1] / "books" / "tiny")


@pytest.mark.parametrize("name", ["book", "book.xlsx", "book.zip"])
def test_writing_then_reading_gives_the_same_book(name: str, tiny: Book, tmp_path: Path) -> None:
    write_book(tiny, tmp_path / name)

    again = load_book(tmp_path / name)

    assert again == tiny
    assert again.fingerprint == tiny.fingerprint


def test_a_book_survives_csv_to_workbook_to_csv(tiny: Book, tmp_path: Path) -> None:
    write_book(tiny, tmp_path / "one.xlsx")
    write_book(load_book(tmp_path / "one.xlsx"), tmp_path / "two")
    write_book(load_book(tmp_path / "two"), tmp_path / "three.xlsx")

    last = load_book(tmp_path / "three.xlsx")

    assert last == tiny
    assert last.fingerprint == tiny.fingerprint
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "three.xlsx").read_bytes()


def test_the_fingerprint_does_not_know_the_order_of_columns(tiny: Book, folder: Path) -> None:
    for file in folder.glob("*.csv"):
        rows = list(csv.reader(file.read_text().splitlines()))
        with file.open("w", newline="") as out:
            csv.writer(out).writerows(reversed(row) for row in rows)

    assert load_book(folder).fingerprint == tiny.fingerprint


def test_an_optional_column_that_is_left_out_is_blank_throughout(tiny: Book, folder: Path) -> None:
    rows = list(csv.reader((folder / "leases.csv").read_text().splitlines()))
    place = rows[0].index("delay_risk_note")
    with (folder / "leases.csv").open("w", newline="") as out:
        csv.writer(out).writerows(row[:place] + row[place + 1 :] for row in rows)

    leases = tiny.table("leases")
    blank = tuple({**row, "delay_risk_note": None} for row in leases.rows)
    without = dataclasses.replace(tiny, tables={**tiny.tables, "leases": dataclasses.replace(leases, rows=blank)})

    assert load_book(folder) == without
    assert load_book(folder).fingerprint == without.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "demand.csv", "apps,240", "apps,241"),
        lambda folder: (
            folder / "provenance.csv",
            "elasticity,assumed,2026-02-28,0.88,",
            "elasticity,assumed,2026-02-28,0.87,",
        ),
        lambda folder: (folder / "sources.csv", "A trade paper", "Another trade paper"),
        lambda folder: (folder / "book.yaml", "A tiny chain", "A small chain"),
    ],
    ids=["a figure", "a range", "a source", "the title"],
)
def test_any_other_change_changes_the_fingerprint(change, tiny: Book, folder: Path) -> None:
    file, old, new = change(folder)
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))

    assert load_book(folder).fingerprint != tiny.fingerprint


def test_the_order_of_rows_is_part_of_the_fingerprint(tiny: Book, folder: Path) -> None:
    header, first, second, *rest = (folder / "demand.csv").read_text().splitlines()
    (folder / "demand.csv").write_text("\n".join([header, second, first, *rest]) + "\n")

    assert load_book(folder).fingerprint != tiny.fingerprint


def test_a_book_can_be_sent_to_another_process(tiny: Book) -> None:
    assert pickle.loads(pickle.dumps(tiny)) == tiny
    assert copy.deepcopy(tiny).fingerprint == tiny.fingerprint


unwritable = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
words = st.text(unwritable | st.sampled_from("\n\t=+-@\"',;"), min_size=1, max_size=30).map(str.strip).filter(bool)
numbers = st.floats(0, 1e12).map(lambda number: float(f"{number:.15g}"))


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Draw a book with entities, prices and notes of any words and numbers."""
    blank = dict.fromkeys(TINY.table("entities").rows[0])
    firms = [
        {
            **blank,
            "entity": f"firm_{number}",
            "name": draw(words),
            "layer": "vendor",
            "cash_musd": draw(numbers),
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    prices = [
        {"month": f"2024-{month:02d}", "equipment": "h100", "series": "drawn", "usd_per_hour": draw(numbers)}
        for month in draw(st.lists(st.integers(1, 12), unique=True, max_size=4))
    ]
    entities, history = _with("entities", firms), _with("price_history", prices)
    known = Provenance("reported", "2025", None, None, "judgement", draw(st.none() | words), "f.1")
    new = [
        *(("entities", key, "cash_musd") for key in entities.keys),
        *(("price_history", key, "usd_per_hour") for key in history.keys),
    ]
    return dataclasses.replace(
        TINY,
        title=draw(words),
        description=draw(words),
        licence=draw(st.none() | words),
        tables={**TINY.tables, "entities": entities, "price_history": history},
        provenance={**TINY.provenance, **{figure: known for figure in new if figure not in TINY.provenance}},
    )


def _with(name: str, rows: list[dict[str, object]]) -> Table:
    """Return a table of the tiny book with rows added."""
    table = TINY.table(name)
    keys = ["|".join(str(row[column]) for column in schema()[name].keys) for row in rows]
    return dataclasses.replace(table, rows=(*table.rows, *rows), keys=(*table.keys, *keys))


@settings(max_examples=25, deadline=None)
@given(book=books())
def test_any_book_survives_csv(book: Book) -> None:
    with tempfile.TemporaryDirectory() as place:
        write_book(book, Path(place) / "book")
        assert load_book(Path(place) / "book") == book


@settings(max_examples=10, deadline=None)
@given(book=books())
def test_any_book_survives_a_workbook(book: Book) -> None:
    with tempfile.TemporaryDirectory() as place:
        write_book(book, Path(place) / "book.xlsx")
        again = load_book(Path(place) / "book.xlsx")
        assert again == book
        assert again.fingerprint == book.fingerprint
