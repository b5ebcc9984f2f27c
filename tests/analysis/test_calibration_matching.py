"""Observations rule draws out, tell what they cannot, and come from somewhere."""

import csv
from pathlib import Path

import numpy as np
import pytest

from deflator.analysis.calibration import matching
from deflator.analysis.calibration.matching import (
    QUANTITIES,
    RULED_OUT,
    UNSEEN,
    Observation,
    implausibility,
    match_history,
    observations,
)
from deflator.book import load_book
from deflator.book.schema import parameter_rules
from deflator.errors import RunError

TINY = Path(__file__).parents[1] / "books" / "tiny"


def seen(name: str, quantity: str, value: float, tolerance: float) -> Observation:
    return Observation(name, "", quantity, "2025", value, tolerance, "", "test", "", "", "")


def given(monkeypatch: pytest.MonkeyPatch, *wanted: Observation) -> None:
    monkeypatch.setattr(matching, "observations", lambda: wanted)


def test_distance_is_counted_in_chance_and_tolerance_together() -> None:
    one = seen("o", "recovery_lag", 10.0, 3.0)

    assert implausibility(np.array([10.0, 20.0, 10.0]), np.array([0.0, 4.0, 9.0]), one) == pytest.approx(
        [0.0, 2.0, 0.0]
    )


def test_an_observation_narrows_the_parameter_it_tells_and_leaves_the_others() -> None:
    book = load_book(TINY)
    with pytest.MonkeyPatch.context() as patch:
        given(patch, seen("short", "recovery_lag", 8.0, 1.0), seen("any", "relet_void", 9.0, 50.0))
        found = match_history(book, draws=400, paths=1)
    ranges = {one.parameter: one for one in found.ranges}

    assert ranges["recovery_lag_months"].kept_high <= 8.0 + RULED_OUT
    assert ranges["recovery_lag_months"].narrowed > 0.4
    assert abs(ranges["relet_void_months"].narrowed) < 0.15
    assert found.ranges[0].parameter == "recovery_lag_months"
    assert 0.05 < found.kept < 0.6


def test_two_sights_of_one_quantity_in_different_states_need_not_be_met_by_the_same_draw() -> None:
    book = load_book(TINY)
    with pytest.MonkeyPatch.context() as patch:
        given(patch, seen("good", "relet_void", 5.0, 0.5), seen("bad", "relet_void", 18.0, 0.5))
        found = match_history(book, draws=1024, paths=1)

    assert found.conflicts == (("good", "bad"),)
    assert 0.0 < found.kept < 0.6


def test_observations_that_no_draw_meets_are_refused() -> None:
    with pytest.MonkeyPatch.context() as patch:
        given(patch, seen("never", "recovery_lag", 500.0, 1.0))
        with pytest.raises(RunError, match="0 of 64 draws are left"):
            match_history(load_book(TINY), draws=64, paths=1)


def test_openness_falls_with_the_weight_of_a_drawdown_and_a_discount_with_the_impact() -> None:
    drawn = {
        "funding_openness_base": np.array([0.78, 0.78]),
        "confidence_weight_drawdown": np.array([0.0, 3.5]),
        "price_impact_kappa": np.array([0.0, 0.35]),
    }
    block = matching.Seen(drawn.__getitem__, np.zeros((1, 1, 2)), np.zeros((1, 1, 2)))
    left, _ = QUANTITIES["openness_after_drawdown"][0](block)
    discount, _ = QUANTITIES["forced_sale_discount"][0](block)

    assert left == pytest.approx([1.0, 1.0 / (1.0 + np.exp(-(np.log(0.78 / 0.22) - 2.1))) / 0.78])
    assert discount == pytest.approx([0.0, 1.0 - np.exp(-0.35)])


def test_a_spread_moves_by_its_slope_times_the_fall_of_openness_over_two_months() -> None:
    openness = np.array([0.8, 0.75, 0.5, 0.55]).reshape(4, 1, 1)
    block = matching.Seen(lambda _: np.array([0.06]), openness, np.zeros((4, 1, 1)))
    move, _ = QUANTITIES["spread_move_two_months"][0](block)

    assert move == pytest.approx([0.06 * 0.3])


def test_every_observation_has_a_date_a_tolerance_and_a_document_that_others_can_open() -> None:
    for one in observations():
        assert one.date[:2] in ("19", "20"), one
        assert one.tolerance > 0.0, one
        assert one.url.startswith("https://"), one
        assert one.title, one
        assert one.note, one
        assert one.quantity in QUANTITIES, one


def test_parameters_named_by_observations_or_as_unseen_are_parameters_of_the_model() -> None:
    named = {name for _, names in QUANTITIES.values() for name in names} | set(UNSEEN)

    assert named <= set(parameter_rules())
    assert not {name for _, names in QUANTITIES.values() for name in names} & set(UNSEEN)


def test_a_book_of_another_industry_is_held_against_comparable_markets_only() -> None:
    found = match_history(load_book(TINY), draws=128, paths=1)

    assert {one.observation.market for one in found.matches} >= {"aircraft", "mining rigs", "US bankruptcies"}
    assert "compute" not in {one.observation.market for one in found.matches}


def test_every_parameter_of_the_shipped_book_has_a_grade_a_source_and_a_range() -> None:
    book = load_book("ai-2026-02")
    with (Path(matching.__file__).parents[2] / "book" / "books" / "ai-2026-02" / "sources.csv").open() as stream:
        sources = {row["source"] for row in csv.DictReader(stream)}
    for row in book.table("parameters").rows:
        known = book.provenance["parameters", str(row["parameter"]), "value"]
        assert known.grade in ("reported", "derived", "assumed", "disputed"), row
        assert known.source in sources, row
        assert row["low"] <= row["value"] <= row["high"], row
