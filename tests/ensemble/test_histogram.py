import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deflator.ensemble.chunks import GRIDS
from deflator.ensemble.histogram import Grid, Histogram

LEVELS = (0.05, 0.5, 0.95)


@given(arrays.arrays(np.float64, st.integers(1, 200), elements=st.floats(0.01, 1e4)))
def test_a_quantile_of_rents_is_off_by_at_most_the_error_that_the_grid_states(rents: np.ndarray) -> None:
    histogram = Histogram(GRIDS["rent"], months=1)
    histogram.add(histogram.grid.cell_of(rents[None, :]))

    exact = np.quantile(rents, LEVELS, method="inverted_cdf")

    assert np.abs(histogram.quantiles(LEVELS)[0] / exact - 1.0).max() <= GRIDS["rent"].error * (1 + 1e-6)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=50), st.randoms())
def test_the_order_in_which_paths_are_added_leaves_no_trace(shares: list[float], random: object) -> None:
    grid = GRIDS["funding"]
    at_once, one_by_one = Histogram(grid, 1), Histogram(grid, 1)
    at_once.add(grid.cell_of(np.array([shares])))
    random.shuffle(shares)  # type: ignore[attr-defined]
    for share in shares:
        one_by_one.add(grid.cell_of(np.array([[share]])))

    assert (at_once.counts == one_by_one.counts).all()


def test_the_published_error_of_rents_is_below_a_tenth_of_a_per_cent() -> None:
    assert GRIDS["rent"].error < 0.0008
    assert GRIDS["funding"].error <= 0.0001 * (1 + 1e-12)


def test_values_beyond_the_grid_count_in_its_outermost_cells() -> None:
    grid = Grid(1.0, 10.0, 9, logarithmic=False)

    assert grid.cell_of(np.array([-5.0, 1.0, 9.99, 10.0, 1e9])).tolist() == [0, 0, 8, 8, 8]


def test_without_paths_there_is_no_quantile() -> None:
    assert np.isnan(Histogram(GRIDS["rent"], 2).quantiles([0.5])).all()


@pytest.mark.parametrize("rent", [0.0, 1e-9])
def test_a_rent_of_nothing_counts_as_the_smallest(rent: float) -> None:
    assert GRIDS["rent"].cell_of(np.array([rent])).tolist() == [0]
