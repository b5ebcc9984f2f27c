"""What a default costs and what the tail holds: by hand, and what must hold of any loss."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from deflator.credit.monthly import loss_given_default
from deflator.tape.losses import (
    Defaults,
    expected_shortfall,
    scale_for_target,
    severity,
    shortfall_error,
    tail_weights,
)


def default(**changes: float) -> Defaults:
    """Return one default of 100 against 60 of collateral, a tenth lost in the sale, with some terms changed."""
    terms = {"exposure": 100.0, "collateral": 60.0, "prior": 0.0, "sale_cost": 0.1, "unsecured": 0.4, "discount": 1.0,
             "recourse": 0.5, "restructured": 0.0, "haircut": 0.0, "kept": 1.0} | changes  # fmt: skip
    place = {name: np.array([number]) for name, number in (("loan", 0), ("path", 0), ("month", 1))}
    return Defaults(**place, **{name: np.array([value]) for name, value in terms.items()})


@pytest.mark.parametrize(
    ("changes", "share"),
    [
        ({}, 0.368),  # 54 from the sale, 0.5 · 0.4 of the other 46
        ({"collateral": 0.0, "recourse": 1.0}, 0.6),  # an unsecured claim
        ({"collateral": 200.0}, 0.0),  # covered
        ({"prior": 24.0}, 1.0 - 0.30 - 0.70 * 0.2),  # 24 of the 54 go to others
        ({"prior": 80.0}, 0.8),  # all of it does
        ({"discount": 0.9}, 1.0 - 0.632 * 0.9),  # what comes in comes late
        ({"restructured": 0.5, "haircut": 0.3}, 0.5 * 0.3 + 0.5 * 0.368),
        ({"kept": 0.25}, 0.25 * 0.368),  # a guarantor bears three quarters
    ],
)
def test_loss_given_default_is_that_of_a_calculation_by_hand(changes: dict[str, float], share: float) -> None:
    assert float(severity(default(**changes))[0]) == pytest.approx(share)


@settings(deadline=None)
@given(
    exposure=some.floats(0.1, 1e4), collateral=some.floats(0.0, 1e4), cost=some.floats(0.0, 1.0),
    recourse=some.floats(0.0, 1.0), unsecured=some.floats(0.0, 1.0), discount=some.floats(0.5, 1.0),
)  # fmt: skip
def test_without_prior_claims_a_liquidation_costs_what_the_credit_library_says(
    exposure: float, collateral: float, cost: float, recourse: float, unsecured: float, discount: float
) -> None:
    own = severity(default(exposure=exposure, collateral=collateral, sale_cost=cost, recourse=recourse,
                           unsecured=unsecured, discount=discount))[0]  # fmt: skip
    rate = 1.0 / discount - 1.0  # twelve months at this rate give the discount
    library = loss_given_default(exposure, collateral, cost, recourse, unsecured, rate, 12.0)

    assert float(own) == pytest.approx(library, abs=1e-12)


@settings(deadline=None)
@given(some.floats(1.0, 10.0), some.floats(0.0, 100.0), some.floats(0.0, 1.0), some.floats(0.0, 1.0))
def test_lending_more_against_the_same_collateral_never_costs_a_smaller_share(
    scale: float, collateral: float, restructured: float, haircut: float
) -> None:
    one = default(collateral=collateral, restructured=restructured, haircut=haircut)

    assert float(severity(one, scale)[0]) >= float(severity(one)[0]) - 1e-12


@settings(deadline=None)
@given(some.lists(some.floats(0.0, 1e6), min_size=1, max_size=50), some.floats(0.0, 0.99), some.floats(0.0, 0.99))
def test_the_tail_lies_between_mean_and_largest_loss_and_grows_with_its_level(
    losses: list[float], first: float, second: float
) -> None:
    lost = np.array(losses)
    low, high = sorted((first, second))
    one, other = float(expected_shortfall(lost, low)), float(expected_shortfall(lost, high))

    tolerance = 1e-9 * max(lost.max(), 1.0)
    assert lost.mean() - tolerance <= one <= other + tolerance <= lost.max() + 2 * tolerance
    assert tail_weights(lost, high).sum() == pytest.approx(1.0)
    assert float(tail_weights(lost, high) @ lost) == pytest.approx(other, abs=tolerance)


def test_the_tail_of_a_whole_is_no_larger_than_the_tails_of_its_parts() -> None:
    random = np.random.default_rng(1)
    parts = random.exponential(1.0, (7, 500)) ** 2
    whole = parts.sum(axis=0)

    assert expected_shortfall(whole, 0.95) <= expected_shortfall(parts, 0.95).sum()
    assert float((parts @ tail_weights(whole, 0.95)).sum()) == pytest.approx(float(expected_shortfall(whole, 0.95)))


def test_the_error_of_the_tail_is_that_of_repeated_samples() -> None:
    random = np.random.default_rng(2)
    samples = random.exponential(1.0, (400, 1_000))
    seen = float(np.std([expected_shortfall(one, 0.95) for one in samples]))
    told = float(np.mean([shortfall_error(one, 0.95, np.zeros(1_000, np.int64)) for one in samples]))

    assert told == pytest.approx(seen, rel=0.15)


def test_losses_that_come_by_whole_draws_have_a_larger_error() -> None:
    random = np.random.default_rng(3)
    draw = np.arange(1_000) % 50
    lost = random.exponential(1.0, 50)[draw] * random.exponential(1.0, 1_000)

    assert shortfall_error(lost, 0.95, draw) > 1.5 * shortfall_error(lost, 0.95, np.zeros(1_000, np.int64))


@settings(deadline=None)
@given(some.floats(0.001, 0.2), some.floats(0.001, 0.2))
def test_a_higher_target_allows_a_higher_advance_rate(first: float, second: float) -> None:
    low, high = sorted((first, second))
    one = default(recourse=0.0, sale_cost=0.0, restructured=0.4, haircut=0.1)
    scales = [scale_for_target(one, 1, 10, np.array([100.0]), target)[0][0] for target in (low, high)]

    assert scales[0] <= scales[1]


def test_the_scale_found_loses_the_target() -> None:
    one = default(recourse=0.0, sale_cost=0.0, restructured=0.4, haircut=0.1)
    (scale,), (least,), (most,) = scale_for_target(one, 1, 10, np.array([100.0]), 0.03)
    lost = scale * 100.0 * float(severity(one, scale)[0]) / 10 / (scale * 100.0)

    assert lost == pytest.approx(0.03, abs=1e-6)
    assert least == pytest.approx(0.004)  # the haircut of restructurings alone
    assert most == pytest.approx(0.1 * (0.4 * 0.1 + 0.6), abs=1e-3)


def test_a_target_that_no_scale_holds_and_one_that_all_do_are_told_apart() -> None:
    one = default(recourse=0.0, restructured=0.4, haircut=0.1)

    assert scale_for_target(one, 1, 10, np.array([100.0]), 0.001)[0][0] == 0.0
    assert scale_for_target(one, 1, 10, np.array([100.0]), 0.9)[0][0] == np.inf
    assert scale_for_target(replace(one, exposure=np.array([0.0001])), 1, 10, np.array([1e-4]), 0.9)[0][0] == np.inf
