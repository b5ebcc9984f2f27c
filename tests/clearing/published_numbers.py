"""Published and derived test vectors, and how to compare with them."""

import json
from pathlib import Path

import numpy as np
import pytest

VECTORS = Path(__file__).parents[1] / "vectors"


def vector(name):
    """Read a test vector by its name."""
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def within(published, expected):
    """Compare with the tolerance that a vector states, and no other."""
    assert published["tolerance_type"] == "absolute"
    return pytest.approx(np.asarray(expected, float), rel=0, abs=published["tolerance"])
