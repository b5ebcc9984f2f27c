"""What the tests of credit share: published numbers, and QuantLib as a second opinion."""

import json
import warnings
from pathlib import Path

import pytest
from hypothesis import settings

# The first call of a compiled function takes as long as its compilation.
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")

VECTORS = Path(__file__).parents[1] / "vectors"


@pytest.fixture(scope="session")
def vector():
    """Read a published or derived test vector by its name."""
    return lambda name: json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def quantlib():
    """Import QuantLib; on newer Pythons its wrapper types lack an attribute, and say so once."""
    with warnings.catch_warnings():
        message = r"builtin type (SwigPyPacked|SwigPyObject|swigvarlink) has no __module__ attribute"
        warnings.filterwarnings("ignore", message, DeprecationWarning)
        import QuantLib
    return QuantLib
