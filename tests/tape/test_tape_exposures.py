"""What is owed when: principal by profile and what is still drawn, by hand and for any loan."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from deflator.book import Book, load_book
from deflator.tape import read_tape
from deflator.tape.exposure import BULLET, LEVEL, LINEAR, Exposures, balances, exposures
from small_tapes import TINY, loan, write_tape


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book(TINY)


def exposed(book: Book, place: Path, **changes: str) -> Exposures:
    return exposures(read_tape(write_tape(place / "tape.csv", [loan(**changes)]), book), 0.04, book.months)


def test_a_bullet_owes_all_of_it_until_it_matures_and_half_of_what_is_undrawn_with_it(
    book: Book, tmp_path: Path
) -> None:
    found = exposed(book, tmp_path)

    assert found.at_default[0, 0] == 0.0
    assert found.at_default[0, 1:].tolist() == [11.0] * 24  # 10 drawn, half of the 2 that are not
    assert (found.now[0], found.last[0], bool(found.cut[0])) == (11.0, 24, False)


def test_nothing_is_drawn_after_the_last_draw(book: Book, tmp_path: Path) -> None:
    found = exposed(book, tmp_path, draw_until="2026-05")

    assert found.at_default[0, [3, 4]].tolist() == [11.0, 10.0]


def test_equal_parts_begin_after_interest_only_and_leave_the_balloon(book: Book, tmp_path: Path) -> None:
    found = exposed(book, tmp_path, committed_musd="10", amortisation="linear", interest_only_until="2026-06",
                    balloon_share="0.2", maturity="2026-10")  # fmt: skip

    # Months 1 to 4 pay nothing; of 10, 8 are paid in months 5 to 8 and the last 2 with the eighth.
    assert found.at_default[0, 1:10].tolist() == pytest.approx([10, 10, 10, 10, 10, 8, 6, 4, 0])


def test_a_loan_is_exposed_from_the_month_after_its_issue_to_its_maturity_or_the_horizon(
    book: Book, tmp_path: Path
) -> None:
    later = exposed(book, tmp_path, issue="2026-05", drawn_musd="0", maturity="2030-01")

    assert later.at_default[0, [3, 4, 24]].tolist() == [0.0, 6.0, 6.0]
    assert bool(later.cut[0])


def test_three_quarters_are_drawn_where_the_tape_does_not_say(book: Book, tmp_path: Path) -> None:
    assert exposed(book, tmp_path, draw_share="").at_default[0, 1] == 11.5


def test_level_payments_are_level() -> None:
    rate = np.array([0.01])
    owed = balances(np.array([100.0]), rate, np.array([24]), np.array([LEVEL]), np.array([0]), np.array([0.0]), 24)[0]
    paid = owed[:-1] * 1.01 - owed[1:]

    assert paid == pytest.approx(np.full(24, 100.0 * 0.01 / (1.0 - 1.01**-24)))


@settings(deadline=None)
@given(
    drawn=some.floats(0.0, 1e4), rate=some.floats(0.0, 0.03), maturity=some.integers(1, 80),
    profile=some.sampled_from([BULLET, LINEAR, LEVEL]), interest_only=some.integers(0, 80),
    balloon=some.floats(0.0, 1.0),
)  # fmt: skip
def test_principal_never_rises_and_is_gone_at_maturity(
    drawn: float, rate: float, maturity: int, profile: int, interest_only: int, balloon: float
) -> None:
    one = [np.array([value]) for value in (drawn, rate, maturity, profile, interest_only, balloon)]
    owed = balances(*one, 60)[0]

    assert (np.diff(owed) <= 1e-9 * max(drawn, 1.0)).all()
    assert (owed[maturity:] == 0.0).all()
    assert (owed >= -1e-9).all()
