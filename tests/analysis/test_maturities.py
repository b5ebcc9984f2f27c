import numpy as np
import pytest
from replayed_paths import TINY, setting

from deflator.analysis.maturities import Wall, maturity_wall
from deflator.book import load_book

BOOKS = ("ai-2026-02", "fibre-2001")


@pytest.fixture(scope="module")
def wall() -> Wall:
    return maturity_wall(setting(draws=16))


@pytest.mark.parametrize("name", BOOKS)
def test_all_that_is_drawn_falls_due_once(name: str) -> None:
    book = load_book(name)
    found = maturity_wall(setting(book=name, paths=4, draws=4))
    drawn = {row["facility"]: row["drawn_musd"] for row in book.table("facilities").rows if row["drawn_musd"]}

    assert {due.facility for due in found.facilities} == set(drawn)
    for due in found.facilities:
        assert due.by_month_musd.min() >= 0.0
        assert due.by_month_musd.sum() == pytest.approx(drawn[due.facility])
    assert sum(month.sum() for month in found.by_holder().values()) == pytest.approx(sum(drawn.values()))
    assert sum(month.sum() for month in found.by_borrower().values()) == pytest.approx(sum(drawn.values()))


def test_a_bullet_is_due_in_its_month_and_nothing_before(wall: Wall) -> None:
    due = {one.facility: one for one in wall.facilities}["neo_notes"]

    assert np.flatnonzero(due.by_month_musd).tolist() == [16]  # 2027-06 after 2026-02
    assert due.by_month_musd[16] == pytest.approx(60.0)


def test_equal_instalments_are_equal_and_the_rest_comes_after_the_horizon(wall: Wall) -> None:
    due = {one.facility: one for one in wall.facilities}["hall_loan"]
    left = 40  # payments from 2026-03 to 2029-06

    assert due.by_month_musd[1:-1] == pytest.approx(70.0 / left)
    assert due.by_month_musd[-1] == pytest.approx(70.0 * (left - wall.months) / left)


def test_a_schedule_pays_what_its_table_says(wall: Wall) -> None:
    due = {one.facility: one for one in wall.facilities}["neo_ddtl"]
    rows = [row for row in load_book(str(TINY)).table("amortisation").rows if row["facility"] == "neo_ddtl"]
    total = sum(row["principal_musd"] for row in rows)
    by_year = sum(row["principal_musd"] for row in rows if row["month"] <= "2027-02")

    assert due.by_month_musd[:13].sum() == pytest.approx(84.0 * by_year / total)


def test_ranges_hold_the_central_figures_of_most_loans(wall: Wall) -> None:
    for due in wall.facilities:
        assert due.low_musd is not None
        assert due.high_musd is not None
        assert (due.low_musd <= due.high_musd + 1e-9).all()


def test_a_question_that_draws_nothing_has_no_ranges() -> None:
    found = maturity_wall(setting(paths=1, draws=0, chance=False))

    assert {due.low_musd for due in found.facilities} == {None}


def test_the_frame_has_a_row_for_every_sum_that_falls_due(wall: Wall) -> None:
    frame = wall.to_frame()

    assert frame["principal_musd"].sum() == pytest.approx(sum(due.principal_musd for due in wall.facilities))
    assert set(frame.filter(frame["month"].is_null())["facility"]) == {
        "hall_loan",
        "neo_ddtl",
        "neo_convert",
        "big_notes",
    }
