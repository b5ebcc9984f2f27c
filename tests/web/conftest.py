"""One service for all tests that do not change its limits."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Service, serving

sys.path.insert(0, str(Path(__file__).parents[2]))  # where the benchmarks are, which are not installed


@pytest.fixture(scope="session", autouse=True)
def _kept_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what tests save away from the user's own books and scenarios."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("kept")
        patch.setenv("DEFLATOR_BOOKS", str(place / "books"))
        patch.setenv("DEFLATOR_SCENARIOS", str(place / "scenarios"))
        yield place


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with serving() as running:
        yield running
