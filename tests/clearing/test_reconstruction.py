"""Exposures rebuilt from totals: they fit, spread thin or bundled, and impossible totals are refused."""

import numpy as np
import pytest
from drawn_networks import random_network

from deflator.clearing import ClearingError, ClearingStatus, reconstruct

METHODS = ("maximum_entropy", "minimum_density")


def totals(seed, nodes):
    exposures, _, _ = random_network(seed, nodes)
    return exposures.sum(axis=1), exposures.sum(axis=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(6))
def test_rebuilt_exposures_have_the_totals(seed, method):
    lent, borrowed = totals(seed, 5 + 6 * seed)
    result = reconstruct(lent, borrowed, method=method)

    assert result.status is ClearingStatus.SETTLED
    assert result.exposures.sum(axis=1) == pytest.approx(lent, abs=1e-9 * lent.sum())
    assert result.exposures.sum(axis=0) == pytest.approx(borrowed, abs=1e-9 * lent.sum())
    assert (result.exposures >= 0.0).all()
    assert (np.diagonal(result.exposures) == 0.0).all()


def test_maximum_entropy_has_no_pattern_beyond_its_totals():
    lent, borrowed = totals(1, 9)
    exposures = reconstruct(lent, borrowed).exposures
    odds = exposures[0, 2] * exposures[1, 3] / (exposures[0, 3] * exposures[1, 2])

    assert odds == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_minimum_density_needs_few_links(seed):
    nodes = 20
    lent, borrowed = totals(seed, nodes)
    thin = reconstruct(lent, borrowed)
    dense = reconstruct(lent, borrowed, method="minimum_density", seed=seed)

    assert thin.links == nodes * (nodes - 1)
    assert nodes <= dense.links < 2 * nodes + 2


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    lent, borrowed = totals(2, 15)
    first = reconstruct(lent, borrowed, method="minimum_density", seed=1, tries=2)
    again = reconstruct(lent, borrowed, method="minimum_density", seed=1, tries=2)
    other = reconstruct(lent, borrowed, method="minimum_density", seed=2, tries=2)

    assert (first.exposures == again.exposures).all()
    assert (first.exposures != other.exposures).any()


def test_seven_banks_are_joined_by_nearly_the_fewest_links_there_can_be():
    # Six of them lend, so that no network has fewer than 6 links.
    result = reconstruct([7, 5, 3, 1, 3, 0, 1], [4, 5, 5, 0, 0, 2, 4], method="minimum_density", tries=50)

    assert result.status is ClearingStatus.SETTLED
    assert 6 <= result.links <= 7


@pytest.mark.parametrize("method", METHODS)
def test_no_lending_at_all(method):
    result = reconstruct([0, 0], [0, 0], method=method)

    assert result.links == 0
    assert result.status is ClearingStatus.SETTLED


def test_rounds_that_run_out_are_told():
    lent, borrowed = totals(3, 10)

    assert reconstruct(lent, borrowed, max_rounds=1).status is ClearingStatus.STILL_MOVING
    assert (
        reconstruct(lent, borrowed, method="minimum_density", tries=1, max_rounds=3).status
        is ClearingStatus.STILL_MOVING
    )


def test_totals_that_no_network_has_are_refused():
    with pytest.raises(ClearingError, match="sum to 3 but liabilities sum to 4"):
        reconstruct([1, 2], [2, 2])
    with pytest.raises(ClearingError, match=r"assets\[0\]: 3 lent and 2 borrowed are more than all lending, 4"):
        reconstruct([3, 1, 0], [2, 1, 1])
    with pytest.raises(ClearingError, match=r"assets\[1\]: -1\.0 is negative"):
        reconstruct([1, -1], [0, 0])
    with pytest.raises(ClearingError, match="use one of maximum_entropy, minimum_density"):
        reconstruct([1, 1], [1, 1], method="maxent")
    with pytest.raises(ClearingError, match="assets: shape"):
        reconstruct([[1, 1]], [1, 1])
