"""What a price history shows, on series that can be worked out by hand."""

import math

import numpy as np
import pytest

from deflator.analysis.calibration.history import (
    Series,
    bases,
    comovements,
    long_enough,
    read_histories,
    refuse_short,
    summarise,
)
from deflator.analysis.calibration.posting import Postings, renewal_of
from deflator.book import load_book
from deflator.errors import RunError

STAIRS = [4.0, 4.0, 4.0, 2.0, 2.0, 2.5, 1.0]


def series(prices: list[float], equipment: str = "h100", name: str = "list", first: int = -6) -> Series:
    return Series(equipment, name, first, np.log(prices))


def test_a_fall_to_a_quarter_in_half_a_year_halves_every_quarter() -> None:
    found = summarise(series([8.0, 8.0, 6.0, 5.0, 4.0, 3.0, 2.0]), "2026-02")

    assert found.fall is not None
    assert (found.fall.peak, found.fall.trough) == ("2025-09", "2026-02")
    assert found.fall.share == pytest.approx(0.75)
    assert found.fall.half_life_years == pytest.approx(5 / 12 / 2)


def test_plateaus_and_steps_are_counted() -> None:
    found = summarise(series(STAIRS), "2026-02")

    assert found.changes == 6
    assert found.unmoved == pytest.approx(3 / 6)
    assert found.longest_plateau_months == 2
    assert found.largest_fall == pytest.approx(math.log(1.0 / 2.5))
    assert found.largest_rise == pytest.approx(math.log(1.25))
    assert found.median_step == pytest.approx(math.log(2.0))
    assert found.volatility_annual == pytest.approx(np.diff(np.log(STAIRS)).std(ddof=1) * math.sqrt(12))


def test_a_price_that_only_rises_has_no_fall() -> None:
    assert summarise(series([1.0, 1.1, 1.2]), "2026-02").fall is None


def test_a_gap_is_not_a_month() -> None:
    gapped = series([4.0, math.nan, 2.0, 2.0])

    assert gapped.changes().tolist() == [0.0]
    assert gapped.changes(2) == pytest.approx([math.log(0.5)])
    assert gapped.seen.tolist() == [0, 2, 3]


def test_two_generations_that_move_alike_correlate_fully_and_opposite_ones_not() -> None:
    moves = np.cumsum([0.0, 0.1, -0.2, 0.3, 0.05, -0.1, 0.2, -0.3, 0.1])
    one, other, against = (
        Series(name, "list", -8, sign * moves) for name, sign in (("h100", 1.0), ("a100", 2.0), ("v100", -1.0))
    )
    found = {(pair.one, pair.other): pair.correlation for pair in comovements([one, other, against])}

    assert found["h100", "a100"] == pytest.approx(1.0)
    assert found["h100", "v100"] == pytest.approx(-1.0)


def test_the_basis_is_the_price_of_one_list_over_another_in_common_months() -> None:
    one, other = series([2.0, 2.0, 2.0], first=-2), series([2.0, 3.0], name="spot", first=-1)
    (found,) = bases([one, other])

    assert (found.months, found.lowest, found.highest) == (2, pytest.approx(0.0), pytest.approx(0.5))


def test_what_comes_later_is_not_looked_at() -> None:
    assert np.exp(series(STAIRS).until(-3).log_price) == pytest.approx(STAIRS[:4])
    assert series(STAIRS).until(-9).seen.size == 0


def test_a_short_history_is_refused_with_its_length() -> None:
    with pytest.raises(RunError, match="the longest has 6"):
        refuse_short([series(STAIRS)], "h100", "2026-02")


def test_the_shipped_book_has_several_series_of_the_reference_that_are_long_enough() -> None:
    book = load_book("ai-2026-02")
    names = {found.name for found in long_enough(read_histories(book), book.reference_equipment)}

    assert {"gcp_spot_core_median", "gcp_spot_matched", "aws_spot_matched", "list_median_neocloud"} <= names


def test_a_list_that_never_moved_may_move_yet_and_one_that_always_did_may_stay() -> None:
    assert renewal_of(series([2.0] * 10)) == pytest.approx(0.05)
    assert renewal_of(series([float(2 + month) for month in range(10)])) == pytest.approx(0.95)


def test_posted_prices_stay_and_then_catch_up_with_the_rent() -> None:
    rents = np.cumsum(np.full((200, 50), -0.01), axis=0)
    posted = Postings(200, 50, 7).post(rents, 0.25, 0.0)
    moved = np.diff(posted, axis=0) != 0.0

    assert moved.mean() == pytest.approx(0.25, abs=0.01)
    assert np.isin(posted.round(9), rents.round(9)).all()
    assert (posted >= rents - 1e-12).all()


def test_noise_of_postings_comes_only_with_a_new_price() -> None:
    posted = Postings(400, 20, 7).post(np.zeros((400, 20)), 0.5, 0.1)

    assert (np.diff(posted, axis=0) == 0.0).mean() == pytest.approx(0.5, abs=0.02)
    assert posted.std() == pytest.approx(0.1, rel=0.1)
