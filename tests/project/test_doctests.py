"""The examples of the documentation strings run, and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import deflator

MODULES = sorted(module.name for module in pkgutil.walk_packages(deflator.__path__, "deflator."))


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))

    assert result.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = sum(len(finder.find(importlib.import_module(name))) for name in MODULES)

    assert found > 50
