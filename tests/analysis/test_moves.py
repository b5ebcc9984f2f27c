import dataclasses

import numpy as np
import pytest
from replayed_paths import setting

from deflator.analysis.moves import DRIVERS, PARAMETERS, dimensions_of, moved, prior_of
from deflator.analysis.trials import simulate_all
from deflator.engine.positions import P
from deflator.errors import RunError
from deflator.scenario.vocabulary import drivers


@pytest.fixture(scope="module")
def asked():
    return setting(paths=64, draws=4)


def value(of, name: str) -> float:
    table = of.question.book.table("parameters")
    return float(table.rows[table.index[name]]["value"])


def test_every_driver_of_a_scenario_can_move_except_the_failure_of_a_name(asked):
    names = {one.name for one in dimensions_of(asked, [DRIVERS])}
    assert names <= set(drivers()) - {"failure"}
    assert {"rent", "funding", "monetisation", "demand", "base_rate", "delay", "renewal", "insourcing"} <= names


def test_how_far_drivers_move_comes_from_the_parameters_of_the_book(asked):
    deviation = {one.name: one.margin.high for one in dimensions_of(asked, [DRIVERS])}
    assert deviation["rent"] == value(asked, "rent_volatility_annual")
    assert deviation["base_rate"] == value(asked, "base_rate_volatility")
    assert deviation["delay"] == value(asked, "delivery_delay_std_months")
    shocks = value(asked, "funding_volatility")
    kept = 1.0 - value(asked, "funding_mean_reversion")
    # The variance of a first-order process is that of its shocks, and of the share kept of what was before.
    assert deviation["funding"] ** 2 == pytest.approx(shocks**2 + kept**2 * deviation["funding"] ** 2)
    assert all(one.source for one in dimensions_of(asked))


def test_parameters_move_within_their_ranges_and_fixed_ones_do_not(asked):
    names = {one.name for one in dimensions_of(asked, [PARAMETERS])}
    assert "recovery_rate_secured" in names
    assert "layer_break_share" not in names
    assert "insourcing_max_speed_annual" not in names  # the driver does the same
    fixed = setting("parameters.recovery_rate_secured=0.5", paths=64, draws=4)
    assert "recovery_rate_secured" not in {one.name for one in dimensions_of(fixed)}


def test_a_name_that_cannot_move_is_refused_with_the_nearest_one(asked):
    with pytest.raises(RunError) as refused:
        dimensions_of(asked, ["rents", "parameter"])
    assert len(refused.value.faults) == 2
    assert "did you mean 'rent'?" in str(refused.value)


def test_a_driver_that_does_not_move_changes_nothing(asked):
    still = moved(asked, dimensions_of(asked, [DRIVERS]), np.zeros(len(dimensions_of(asked, [DRIVERS]))))
    np.testing.assert_array_equal(simulate_all(still).rent, simulate_all(asked).rent)


def test_a_rent_that_moves_down_is_lower_and_only_from_its_month_on(asked):
    found = simulate_all(moved(asked, dimensions_of(asked, ["rent"]), np.array([-0.5]), start=7)).rent
    before = simulate_all(asked).rent
    np.testing.assert_array_equal(found[:7], before[:7])
    assert (found[8] < before[8]).all()
    assert np.median(found[18]) < np.median(before[18])


def test_a_parameter_that_moves_is_the_same_on_every_path(asked):
    dimension = dimensions_of(asked, ["recovery_rate_secured"])
    changed = moved(asked, dimension, np.array([0.4])).economy
    rows = changed.figures[changed.rows["world.parameters"]]
    assert (rows[P.recovery_rate_secured] == 0.4).all()
    assert asked.economy.figures[asked.economy.rows["world.parameters"]][P.recovery_rate_secured].std() > 0.0


def test_elasticities_move_with_their_common_multiplier(asked):
    dimension = dimensions_of(asked, ["demand_price_elasticity_scale"])
    one, two = (moved(asked, dimension, np.array([size])).economy for size in (0.6, 1.2))
    rows = one.rows["segments.elasticity"]
    np.testing.assert_allclose(two.figures[rows], 2.0 * one.figures[rows])


def test_what_a_scenario_could_not_ask_for_is_not_asked_for(asked):
    changed = moved(asked, dimensions_of(asked, ["funding"]), np.array([-50.0])).economy
    assert changed.requests.funding_shift.min() == drivers()["funding"].operations["shift"].minimum


def test_rent_and_funding_move_together_as_their_noise_does(asked):
    three = dimensions_of(asked, ["rent", "funding", "delay"])
    found = prior_of(three, asked.question.book).correlation
    assert found[0, 1] == value(asked, "corr_rent_funding")
    assert found[0, 2] == 0.0
    given = prior_of(three, asked.question.book, {("funding", "rent"): -0.2, ("delay", "rent"): 0.1}).correlation
    assert (given[0, 1], given[0, 2]) == (-0.2, 0.1)


@pytest.mark.parametrize(
    ("pair", "correlation", "said"),
    [(("rent", "delays"), 0.5, "did you mean 'delay'?"), (("rent", "delay"), 1.0, "cannot be the correlation"),
     (("rent", "rent"), 0.5, "cannot be the correlation")],
)  # fmt: skip
def test_a_correlation_that_cannot_be_is_refused(asked, pair, correlation, said):
    with pytest.raises(RunError) as refused:
        prior_of(dimensions_of(asked, ["rent", "delay"]), asked.question.book, {pair: correlation})
    assert said in str(refused.value)


def test_a_median_is_that_of_the_prior(asked):
    for one in dimensions_of(asked, [PARAMETERS])[:20]:
        margin = dataclasses.replace(one.margin)
        assert min(margin.low, margin.high) <= margin.at(0.0) <= max(margin.low, margin.high)
        assert margin.at(-1.0) <= margin.at(0.0) <= margin.at(1.0)
