import dataclasses
from pathlib import Path

import pytest

from deflator.analysis.evidence import assumed_and_all
from deflator.book import Book, load_book

TINY = Path(__file__).parents[1] / "books" / "tiny"


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book(TINY)


def regraded(book: Book, grade: str, *figures: tuple[str, str, str]) -> Book:
    changed = {figure: dataclasses.replace(book.provenance[figure], grade=grade) for figure in figures}
    return dataclasses.replace(book, provenance={**book.provenance, **changed})


def test_a_landlords_sums_are_its_cash_costs_building_debt_and_rents(book: Book) -> None:
    # Reported: cash 40 and debt 70. Not reported: costs 4, building 60, rents 24 and 11.
    assert assumed_and_all(book)["hall_one"] == pytest.approx((99.0, 209.0))


def test_a_figure_that_gets_reported_takes_its_sum_off_both_parties(book: Book) -> None:
    before = assumed_and_all(book)
    after = assumed_and_all(regraded(book, "reported", ("leases", "l_neo_1", "rent_musd_per_year")))

    for party in ("hall_one", "neo_one"):
        assert before[party][0] - after[party][0] == pytest.approx(24.0)
        assert before[party][1] == pytest.approx(after[party][1])


def test_a_product_is_as_good_as_its_weakest_factor(book: Book) -> None:
    units, rent = (("contracts", "c_lab_h100", field) for field in ("units", "rent_usd_per_hour"))
    weak = assumed_and_all(regraded(book, "assumed", units, rent))["lab_one"][0]
    half = assumed_and_all(regraded(regraded(book, "assumed", units), "reported", rent))["lab_one"][0]
    good = assumed_and_all(regraded(book, "reported", units, rent))["lab_one"][0]

    assert weak == pytest.approx(half)
    assert weak - good == pytest.approx(5_000 * 2.1 * 8_760 / 1e6)


def test_debt_that_is_not_signed_is_not_there_yet(book: Book) -> None:
    unsigned = regraded(book, "unknown", ("facilities", "neo_pipeline", "committed_musd"))

    assert assumed_and_all(unsigned) == assumed_and_all(book)


def test_every_entity_has_its_sums(book: Book) -> None:
    found = assumed_and_all(book)

    assert set(found) == set(book.table("entities").keys)
    assert all(0.0 <= assumed <= total for assumed, total in found.values())
