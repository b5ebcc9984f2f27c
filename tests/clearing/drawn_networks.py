"""Networks to test with: random ones by seed, and small ones with whole figures for properties."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

# The first example may have to compile a kernel, which takes seconds.
property_of_all = settings(deadline=None, max_examples=60)


def random_network(seed, nodes, density=0.4, outside=True):
    """Draw liabilities, external assets and external liabilities."""
    rng = np.random.default_rng(seed)
    liabilities = rng.exponential(2.0, (nodes, nodes)) * (rng.random((nodes, nodes)) < density)
    np.fill_diagonal(liabilities, 0.0)
    external_liabilities = rng.exponential(1.0, nodes) if outside else np.zeros(nodes)
    return liabilities, rng.exponential(1.5, nodes), external_liabilities


@st.composite
def networks(draw, most_nodes=7):
    """Networks of small whole figures, so that ties, exact solvency and closed loops happen."""
    nodes = draw(st.integers(2, most_nodes))
    row = st.lists(st.integers(0, 6), min_size=nodes, max_size=nodes)
    liabilities = np.array(draw(st.lists(row, min_size=nodes, max_size=nodes)), float)
    np.fill_diagonal(liabilities, 0.0)
    return liabilities, np.array(draw(row), float), np.array(draw(row), float)


survival = st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0])
