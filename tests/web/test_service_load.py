"""Fifty live views for two minutes: no error, everyone takes turns, memory stays."""

import pytest
from bench.web_load import measure
from served import BOOK


@pytest.mark.slow
def test_fifty_live_views_for_two_minutes_harm_nobody() -> None:
    found = measure(BOOK, sessions=50, seconds=120.0)

    assert found["errors"] == 0
    assert found["most_answers"] - found["least_answers"] <= 2
    assert found["memory_last_mb"] < found["memory_middle_mb"] * 1.1 + 20


def test_a_few_live_views_beside_clients_that_read_nothing() -> None:
    found = measure(BOOK, sessions=8, seconds=5.0, stalled=3)

    assert found["errors"] == 0
    assert found["least_answers"] >= 3
    assert found["most_answers"] - found["least_answers"] <= 3
