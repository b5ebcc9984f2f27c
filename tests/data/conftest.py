"""Kept answers of services stay apart from the user's own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEFLATOR_FEEDS", str(tmp_path / "feeds"))
    return tmp_path / "feeds"
