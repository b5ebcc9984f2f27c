"""What is held is bounded, in number and in time; what is kept by hand cannot stop the service."""

from pathlib import Path

import pytest
from served import BOOK

from deflator.book import load_book, write_book
from deflator.errors import DeflatorError
from deflator.web.limits import Limits, Rates
from deflator.web.shelf import Shelf


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEFLATOR_BOOKS", str(tmp_path / "books"))
    monkeypatch.setenv("DEFLATOR_SCENARIOS", str(tmp_path / "scenarios"))
    return tmp_path


def test_of_many_uploads_the_ones_used_last_are_held(place: Path) -> None:
    shelf, book = Shelf(Limits(uploads=3)), load_book(BOOK)
    names = [shelf.hold(book) for _ in range(3)]
    shelf.book(names[0])
    newest = shelf.hold(book)

    assert {name for name, lasting in shelf.books().items() if not lasting} == {names[0], names[2], newest}


def test_an_upload_is_forgotten_some_time_after_it_was_last_used(place: Path) -> None:
    now = [0.0]
    shelf = Shelf(Limits(upload_seconds=100.0), clock=lambda: now[0])
    name = shelf.hold(load_book(BOOK))
    now[0] = 90.0
    shelf.book(name)
    now[0] = 180.0
    assert name in shelf.books()
    now[0] = 200.0

    assert name not in shelf.books()
    with pytest.raises(DeflatorError, match="there is no book"):
        shelf.book(name)


def test_a_kept_book_that_changes_on_disk_is_read_again(place: Path) -> None:
    shelf = Shelf(Limits())
    kept = shelf.keep_book(shelf.hold(load_book(BOOK)), "mine")
    before = shelf.book(kept)
    (place / "books" / "mine").rename(place / "old")
    write_book(load_book("ai-2026-02"), place / "books" / "mine")

    assert shelf.book(kept).fingerprint != before.fingerprint


def test_a_kept_book_that_no_longer_loads_is_told_and_hides_no_other(place: Path) -> None:
    shelf = Shelf(Limits())
    shelf.keep_book(shelf.hold(load_book(BOOK)), "mine")
    (place / "books" / "mine" / "entities.csv").unlink()

    assert BOOK in shelf.books()
    with pytest.raises(DeflatorError, match=r"entities\.csv"):
        shelf.book("mine")


def test_what_lies_beside_kept_books_under_other_names_is_none_of_them(place: Path) -> None:
    folder = place / "books"
    for name in ("..evil", "Upper", ".hidden"):
        (folder / name).mkdir(parents=True)
    (folder / "file").touch()
    (folder / "link").symlink_to("/etc")

    assert not {"..evil", "Upper", ".hidden", "file", "link"} & set(Shelf(Limits()).books())


def test_a_shipped_scenario_is_not_hidden_by_a_kept_one(place: Path) -> None:
    (place / "scenarios").mkdir()
    (place / "scenarios" / "base.yaml").write_text("name: base\ntitle: Mine\n", encoding="utf-8")
    shelf = Shelf(Limits())

    assert shelf.scenarios()["base"] is True
    assert shelf.scenario("base").title != "Mine"


def test_scenarios_that_come_with_the_program_can_be_put_together(place: Path) -> None:
    shelf = Shelf(Limits())

    assert shelf.scenario("base+funding-freeze").name == "base+funding-freeze"
    with pytest.raises(DeflatorError, match="there is no scenario 'x'"):
        shelf.scenario("base+x")


def test_a_book_given_by_its_path_is_offered_first(place: Path) -> None:
    write_book(load_book(BOOK), place / "book.xlsx")
    shelf = Shelf(Limits(), str(place / "book.xlsx"))

    assert shelf.default == BOOK
    assert next(iter(shelf.books())) == BOOK


def test_addresses_have_rates_of_their_own() -> None:
    rates = Rates(per_second=0.0, at_once=1.0, most=2)

    assert [rates.take(address) for address in ("a", "a", "b", "b")] == [True, False, True, False]
    assert rates.take("c")
    assert rates.take("a")  # the address that was heard longest ago is forgotten
