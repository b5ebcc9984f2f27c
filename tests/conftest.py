"""What holds for every test; makes the modules beside this one importable."""

from collections.abc import Iterator

import pytest

from deflator.messages import LANGUAGES, VARIABLE


@pytest.fixture(scope="session", autouse=True)
def _runs_are_kept_apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the runs of tests away from the user's own, and speak English whatever the locale is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, LANGUAGES[0])
        patch.setenv("DEFLATOR_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield
