"""Without bankruptcy costs clearing payments solve a linear programme: the opinion of another library."""

import numpy as np
import pytest
from drawn_networks import random_network
from scipy.optimize import linprog

from deflator.clearing import clear

NETWORKS = 1_000


def best_payments(liabilities, assets, outside):
    """Let everybody together pay as much as they can: Eisenberg and Noe (2001), lemma 4."""
    due = liabilities.sum(axis=1) + outside
    share = liabilities / np.where(due > 0.0, due, 1.0)[:, None]
    solved = linprog(
        -np.ones(due.size),
        A_ub=np.eye(due.size) - share.T,
        b_ub=assets,
        bounds=np.column_stack([np.zeros(due.size), due]),
        method="highs",
    )
    assert solved.status == 0
    return solved.x


@pytest.mark.parametrize("hundred", range(NETWORKS // 100))
def test_a_thousand_random_networks_pay_what_the_linear_programme_pays(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        nodes = 2 + seed % 11
        network = random_network(seed, nodes, density=0.2 + 0.06 * (seed % 13), outside=seed % 3 > 0)
        liabilities, assets, outside = network
        method = ("auto", "picard", "fictitious")[seed % 3]
        result = clear(liabilities, assets, external_liabilities=outside, method=method)

        assert result.payments == pytest.approx(best_payments(*network), rel=1e-9, abs=1e-9), seed
