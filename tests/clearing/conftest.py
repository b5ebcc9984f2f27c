"""What the tests of clearing share: published numbers, and kernels that may have to compile first."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# The first call of a compiled function takes as long as its compilation.
settings.register_profile("compiled", deadline=None, max_examples=60)
settings.load_profile("compiled")

VECTORS = Path(__file__).parents[1] / "vectors"


@pytest.fixture(scope="session")
def vector():
    """Read a published or derived test vector by its name."""
    return lambda name: json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def within():
    """Compare with the tolerance that a vector states, and no other."""

    def close(published, expected):
        assert published["tolerance_type"] == "absolute"
        return pytest.approx(np.asarray(expected, float), rel=0, abs=published["tolerance"])

    return close
