"""The package as a whole: light to import, whole in its list of names."""

import subprocess
import sys

import pytest

import deflator.credit


def test_importing_credit_loads_nothing_heavy():
    heavy = "{'numba', 'scipy', 'polars', 'numpy'}"
    code = f"import sys, deflator.credit; print(sorted({heavy} & set(sys.modules)))"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert printed.stdout.strip() == "[]"


def test_every_public_name_can_be_imported_twice_and_is_the_same():
    for name in deflator.credit.__all__:
        first = getattr(deflator.credit, name)
        assert first is getattr(deflator.credit, name)
        assert first.__name__ == name


def test_an_unknown_name_is_said_by_name():
    with pytest.raises(AttributeError, match="no attribute 'xnpv'"):
        deflator.credit.xnpv  # noqa: B018
