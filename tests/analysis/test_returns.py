import datetime as dt

import numpy as np
import pytest

from deflator.analysis.medians import median
from deflator.analysis.returns import Outcome, rates_of_return
from deflator.credit import xirr

YEARLY = [dt.date(2023, 1, 1), dt.date(2024, 1, 1), dt.date(2024, 12, 31)]


def rates(*payments: float) -> tuple[float, Outcome]:
    found, outcome = rates_of_return(YEARLY[: len(payments)], np.array(payments)[:, None])
    return float(found[0]), Outcome(int(outcome[0]))


@pytest.mark.parametrize(
    ("payments", "rate", "outcome"),
    [
        ((-100.0, 108.0), 0.08, Outcome.RETURN),
        ((-100.0, 10.0, 110.0), 0.10, Outcome.RETURN),
        ((-100.0, 50.0, 0.0), -0.5, Outcome.RETURN),
        ((-100.0, 0.0, 0.0), -1.0, Outcome.TOTAL_LOSS),
        ((-100.0, -5.0, -5.0), -1.0, Outcome.TOTAL_LOSS),
        ((-100.0, 0.01), -1.0, Outcome.TOTAL_LOSS),  # below -99.9 %
    ],
)
def test_a_known_stream_returns_what_it_must(payments, rate, outcome):
    found, came = rates(*payments)

    assert found == pytest.approx(rate, abs=1e-9)
    assert came is outcome


@pytest.mark.parametrize(
    ("payments", "outcome"),
    [
        ((0.0, 5.0, 5.0), Outcome.NOTHING_TO_BUY),
        ((-100.0, 230.0, -132.0), Outcome.SEVERAL_RATES),  # 10 % and 20 %
        ((-1e-6, 5.0), Outcome.ABOVE_RANGE),
    ],
)
def test_a_stream_without_a_single_rate_has_none_and_says_why(payments, outcome):
    found, came = rates(*payments)

    assert np.isnan(found)
    assert came is outcome


def test_many_streams_at_once_have_the_rates_of_the_exact_search():
    rng = np.random.default_rng(1)
    days = [dt.date(2026 + month // 12, 1 + month % 12, 28) for month in range(30)]
    payments = rng.normal(1.0, 3.0, (30, 120))
    payments[0] = -60.0
    payments[-1] += rng.uniform(0.0, 90.0, 120)
    found, outcomes = rates_of_return(days, payments)
    for path in range(120):
        exact = xirr(days, payments[:, path])
        if exact.rate is None:
            assert outcomes[path] != Outcome.RETURN
        else:
            assert found[path] == pytest.approx(exact.rate, abs=1e-9)
    assert (outcomes == Outcome.RETURN).sum() > 60


def test_the_range_of_a_median_is_that_of_the_draws_without_the_noise_of_few_paths():
    rng = np.random.default_rng(2)
    draw = np.repeat(np.arange(200), 20)
    centres = rng.normal(0.0, 1.0, 200)
    found = median(centres[draw] + rng.normal(0.0, 1.0, 4000), draw, seed=1)

    assert found.low == pytest.approx(-1.645, abs=0.35)
    assert found.high == pytest.approx(1.645, abs=0.35)
    # whole draws are drawn again: about 1.2533 · sqrt((1 + 1/20 ...) / 200)
    assert 0.05 < found.mc_error < 0.2


def test_a_median_whose_draws_do_not_differ_has_no_range():
    rng = np.random.default_rng(3)
    found = median(rng.normal(0.0, 1.0, 400), np.repeat(np.arange(40), 10), seed=1)

    assert found.low is None or found.high - found.low < 1.0
    assert median(np.array([np.nan]), np.array([0]), seed=1) is None
