"""What a scenario says by month, and for whom it counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from tiny_book import tiny_book

from deflator.scenario import Course, load_scenario
from deflator.scenario.vocabulary import drivers

BOOK = tiny_book()  # as of 2026-02, 24 months


def series(driver, operation, item, *settings):
    """Return what settings on top of the base scenario give for an item of the tiny book."""
    return load_scenario("base", settings).series(driver, operation, item, BOOK)


def test_a_scenario_that_says_nothing_gives_the_default_of_every_operation():
    base = load_scenario("base")

    for driver in drivers().values():
        for operation in driver.operations.values():
            found = base.series(driver.name, operation.name, None, BOOK)
            assert_array_equal(np.full(25, operation.default), found)


def test_scales_shifts_shocks_and_levels_have_their_own_defaults():
    assert series("demand", "scale", None)[5] == 1.0
    assert series("demand", "shift", None)[5] == 0.0
    assert series("demand", "shock", None)[5] == 0.0
    assert np.isnan(series("rent", "level", None)[5])
    assert series("failure", "level", "lab_one")[5] == 0.0


def test_a_single_number_holds_in_every_month():
    assert_array_equal(np.full(25, 0.4), series("demand", "scale", None, "demand.scale=0.4"))
    assert_array_equal(np.full(25, 1.5), series("rent", "level", None, "rent.level=1.5"))


def test_a_step_holds_from_its_month_on():
    found = series("demand", "scale", None, "demand.scale={2026-07: 0.2, 2027-06: 0.5}")

    assert_array_equal([1.0] * 5 + [0.2] * 11 + [0.5] * 9, found)


def test_a_shock_holds_in_its_month_only():
    found = series("funding", "shock", None, "funding.shock={2026-07: -1.0, +7: 0.5}")

    assert_array_equal([0.0] * 5 + [-1.0, 0.0, 0.5] + [0.0] * 17, found)


def test_a_pinned_rent_runs_straight_in_logarithms_and_holds_after_the_last_month():
    found = series("rent", "level", None, "rent.level={+2: 4.0, +4: 1.0, +5: 2.0}")

    assert_array_equal([np.nan, np.nan, 4.0, 2.0, 1.0] + [2.0] * 20, found)


def test_months_after_the_as_of_month_and_calendar_months_may_be_mixed_in_any_order():
    mixed = series("demand", "scale", None, "demand.scale={2026-07: 0.2, +1: 0.9, 2027-01: 0.4, +10: 0.3}")

    assert_array_equal([1.0] + [0.9] * 4 + [0.2] * 5 + [0.3] + [0.4] * 14, mixed)


def test_an_entity_counts_before_its_layer_and_its_layer_before_everyone():
    settings = (
        "monetisation.scale=0.9",
        "monetisation.lab.scale=0.5",
        "monetisation.lab_one.scale={+3: 0.1}",
    )

    assert series("monetisation", "scale", "apps", *settings)[1] == 0.9
    assert series("monetisation", "scale", "lab", *settings)[1] == 0.5
    assert series("monetisation", "scale", "lab_one", *settings[:2])[1] == 0.5
    assert_array_equal([1.0] * 3 + [0.1] * 22, series("monetisation", "scale", "lab_one", *settings))


def test_a_segment_counts_before_its_layer():
    settings = ("demand.application.scale=0.5", "demand.lab_one.scale=0.2")

    assert series("demand", "scale", "apps", *settings)[1] == 0.5
    assert series("demand", "scale", "lab_one", *settings)[1] == 0.2
    assert series("demand", "scale", "cloud_big", *settings)[1] == 1.0


def test_a_lease_counts_before_its_landlord_and_its_landlord_before_everyone():
    settings = ("delay.shift=1", "delay.hall_one.shift=2", "delay.l_neo_2.shift=6")

    assert series("delay", "shift", "l_neo_1", *settings)[1] == 2.0
    assert series("delay", "shift", "l_neo_2", *settings)[1] == 6.0
    assert series("delay", "shift", "l_neo_1", settings[0])[1] == 1.0


def test_a_scale_for_an_entity_leaves_a_general_shock_in_force():
    settings = ("monetisation.shock={+3: -0.5}", "monetisation.lab_one.scale=0.2")

    assert series("monetisation", "shock", "lab_one", *settings)[3] == -0.5


def test_an_empty_course_takes_back_what_the_general_one_says():
    settings = ("rent.level=1.5", "monetisation.scale=0.2", "rent.level={}", "monetisation.lab_one.scale={}")

    assert np.isnan(series("rent", "level", None, *settings)).all()
    assert series("monetisation", "scale", "lab_one", *settings)[7] == 1.0
    assert series("monetisation", "scale", "apps", *settings)[7] == 0.2


def test_a_series_never_reads_a_month_that_is_not_simulated():
    for month in ("2026-01", "+25"):
        with pytest.raises(ValueError, match="are not between 0 and 24"):
            series("demand", "scale", None, f"demand.scale={{{month}: 0.5}}")


@given(st.dictionaries(st.integers(0, 24), st.floats(0.01, 100), min_size=1))
def test_a_ramp_passes_through_its_points_and_stays_between_its_neighbours(points):
    rent = drivers()["rent"].operations["level"]
    course = Course.of({f"+{t}": value for t, value in points.items()})

    path = course.trace(rent, 24, int)

    first, last = min(points), max(points)
    assert np.isnan(path[:first]).all()
    assert (path[last:] == points[last]).all()
    for t, value in points.items():
        assert value == path[t]
    given_values = np.array(list(points.values()))
    inside = path[first:]
    assert (inside >= given_values.min() * (1 - 1e-12)).all()
    assert (inside <= given_values.max() * (1 + 1e-12)).all()


@given(st.dictionaries(st.integers(0, 24), st.floats(0, 10)))
def test_a_step_holds_the_latest_value_given(points):
    scale = drivers()["demand"].operations["scale"]

    path = Course.of({f"+{t}": value for t, value in points.items()}).trace(scale, 24, int)

    for t in range(25):
        past = [month for month in points if month <= t]
        assert path[t] == (points[max(past)] if past else 1.0)


@given(st.dictionaries(st.integers(0, 400).map("+{}".format) | st.just("2026-07"), st.floats(0, 10)))
def test_a_course_gives_back_what_it_was_made_of(points):
    values = Course.of(points).values()

    expected = points["+0"] if set(points) == {"+0"} else points
    assert expected == values
