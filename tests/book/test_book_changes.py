"""What two books say differently, and changing a book figure by figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from deflator.book import Book, Provenance, Source, load_book
from deflator.book.changes import changes
from deflator.book.edit import Edit, NewRow, edited, read_edit
from deflator.cli.book import app
from deflator.errors import BookError

TINY = str(Path(__file__).parents[1] / "books" / "tiny")
READ = ("--source", "press_2026", "--source-title", "A paper", "--source-date", "2026-02-10", "--source-kind", "press")
KNOWN = ("--as-of", "2026-02-10")
REPORTED = Provenance("reported", "2026-02-10", None, None, "judgement", None, None)


def typed(*words: str, code: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def source_of(book: Book) -> str:
    return next(iter(book.sources))


def known(book: Book, low: float | None = None, high: float | None = None) -> Provenance:
    return Provenance(
        "assumed" if low is not None else "reported", "2026-02-10", low, high, source_of(book), None, None
    )


def test_a_book_differs_in_nothing_from_itself(tiny: Book) -> None:
    assert changes(tiny, tiny) == []


def test_a_changed_figure_is_told_with_what_it_was_and_how_well_both_are_known(tiny: Book) -> None:
    edit = Edit("entities", "neo_one", "cash_musd", "750", known(tiny))
    before = tiny.table("entities").rows[tiny.table("entities").index["neo_one"]]["cash_musd"]

    found = [one for one in changes(tiny, edited(tiny, [edit])) if one.table == "entities"]

    assert [(one.row, one.field, float(one.before or 0), one.after) for one in found] == [
        ("neo_one", "cash_musd", before, "750")
    ]
    assert found[0].provenance_before == tiny.provenance["entities", "neo_one", "cash_musd"]
    assert found[0].provenance_after == known(tiny)


def test_the_book_that_is_changed_stays_as_it_is(tiny: Book) -> None:
    fingerprint = tiny.fingerprint
    changed = edited(tiny, [Edit("entities", "neo_one", "cash_musd", "750", known(tiny))])

    assert tiny.fingerprint == fingerprint == load_book(TINY).fingerprint
    assert changed.fingerprint != fingerprint


@settings(deadline=None, max_examples=25)
@given(cash=st.floats(0, 1e6, allow_nan=False).map(lambda value: float(f"{value:.15g}")))
def test_setting_a_figure_and_setting_it_back_gives_the_same_book(cash: float) -> None:
    book = load_book(TINY)
    figure = ("entities", "neo_one", "cash_musd")
    before = book.table("entities").rows[book.table("entities").index["neo_one"]]["cash_musd"]
    changed = edited(book, [Edit(*figure, f"{cash:.15g}", known(book))])

    back = edited(changed, [Edit(*figure, f"{before:.15g}", book.provenance[figure])])

    assert back.fingerprint == book.fingerprint


def test_a_new_row_brings_its_provenance_and_its_document(tiny: Book) -> None:
    document = Source("list_2026", "A list", None, "2026-02-01", "price list")
    price = Provenance("reported", "2026-02-01", None, None, "list_2026", None, None)
    cells = {"month": "2026-02", "equipment": "h100", "series": "new_list", "usd_per_hour": "2.5"}

    changed = edited(tiny, rows=[NewRow("price_history", cells, {"usd_per_hour": price})], sources=[document])

    assert changed.provenance["price_history", "2026-02|h100|new_list", "usd_per_hour"] == price
    assert changed.sources["list_2026"] == document


def test_clearing_a_figure_takes_its_provenance_along(tiny: Book) -> None:
    figure = next(
        key for key in tiny.provenance if key[0] == "entities" and key[2] == "planned_equity_raise_musd_per_year"
    )

    changed = edited(tiny, [Edit(*figure, "", None)])

    assert figure not in changed.provenance
    assert changed.table("entities").rows[changed.table("entities").index[figure[1]]][figure[2]] is None


def test_all_that_a_change_makes_wrong_is_told_at_once(tiny: Book) -> None:
    edits = [
        Edit("entities", "neo_one", "cash_musd", "-5", known(tiny)),
        Edit("equipment", "h100", "rent_usd_per_hour", "cheap", known(tiny)),
    ]
    with pytest.raises(BookError) as refused:
        edited(tiny, edits)

    assert {(fault.file, fault.column) for fault in refused.value.faults} >= {
        ("entities.csv", "cash_musd"),
        ("equipment.csv", "rent_usd_per_hour"),
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("neo_one.cash_musd", "is not a change"),
        ("neo_two.cash_musd=1", "no row 'neo_two' has a column 'cash_musd'; did you mean 'neo_one'?"),
        ("neo_one.cash=1", "has no column 'cash'"),
        ("entities.neo_one.entity=x", "is the key of entities"),
        ("fleets.neo_two.units=1", "fleets has no row 'neo_two'"),
    ],
)
def test_a_change_that_cannot_be_meant_is_refused_with_what_to_type(tiny: Book, words: str, told: str) -> None:
    with pytest.raises(BookError) as refused:
        read_edit(tiny, words, REPORTED)

    assert told in str(refused.value)
    assert refused.value.faults[0].hint


def test_set_changes_a_folder_in_its_place_and_keeps_other_files(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")

    typed("set", "neo_one.cash_musd=750", "--book", str(folder), *READ, *KNOWN)

    changed = load_book(folder)
    assert changed.provenance["entities", "neo_one", "cash_musd"].source == "press_2026"
    assert (folder / "notes.txt").read_text() == "mine"
    assert [path.name for path in folder.parent.iterdir()] == ["book"]


def test_set_changes_a_workbook_in_its_place(tiny: Book, tmp_path: Path) -> None:
    from deflator.book import write_book

    write_book(tiny, tmp_path / "book.xlsx")

    typed("set", "neo_one.cash_musd=750", "--book", str(tmp_path / "book.xlsx"), *READ, *KNOWN)

    assert changes(tiny, load_book(tmp_path / "book.xlsx"))[0].after == "750"


def test_set_refuses_a_figure_without_a_known_source(folder: Path) -> None:
    before = load_book(folder).fingerprint

    _, told = typed("set", "neo_one.cash_musd=750", "--book", str(folder), "--source", "x", *KNOWN, code=2)

    assert "has no source 'x'" in told
    assert "--source-title" in told
    assert load_book(folder).fingerprint == before


def test_set_never_changes_a_book_that_comes_with_the_program() -> None:
    _, told = typed("set", "coreweave.cash_musd=1", "--book", "ai-2026-02", *READ, *KNOWN, code=2)

    assert "stays as it is" in told


def test_set_and_diff_answer_programs(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "changed"
    words = ("set", "neo_one.cash_musd=750", "neo_one.fixed_cost_musd_per_year=80", "--book", str(folder), *READ)

    told = json.loads(typed(*words, *KNOWN, "-o", str(place), "--json")[0])
    differ = json.loads(typed("diff", str(folder), str(place), "--json")[0])

    assert told["changes"] == differ["changes"]
    assert {one["field"] for one in told["changes"] if one["table"] == "entities"} == {
        "cash_musd",
        "fixed_cost_musd_per_year",
    }
    assert "Nothing differs" in typed("diff", str(place), str(place))[0]
