"""Answers of services are kept, used again, and asked for anew when they are old."""

import json
from pathlib import Path

import pytest

from deflator.data.feed import FeedError, ask


def test_a_fresh_answer_is_used_again_without_asking() -> None:
    first = ask("lists", lambda: [{"usd": 2.0}])

    assert ask("lists", lambda: pytest.fail("asked again")) == first


def test_an_old_answer_is_asked_for_anew_but_serves_offline() -> None:
    old = ask("lists", lambda: [{"usd": 2.0}])

    assert ask("lists", lambda: pytest.fail("asked"), offline=True, fresh_hours=0.0) == old
    assert ask("lists", lambda: [{"usd": 3.0}], fresh_hours=0.0).rows == [{"usd": 3.0}]


def test_offline_with_nothing_kept_is_refused_with_what_to_type() -> None:
    with pytest.raises(FeedError, match="leave out --offline"):
        ask("lists", list, offline=True)


def test_a_service_that_cannot_be_reached_is_told_in_one_line_with_what_is_kept() -> None:
    def fail() -> list[dict[str, float]]:
        raise ConnectionError("name not resolved\nand a long story")

    with pytest.raises(FeedError, match="ConnectionError: name not resolved; try again when online"):
        ask("lists", fail)
    ask("lists", lambda: [{"usd": 2.0}])
    with pytest.raises(FeedError, match="add --offline to use it"):
        ask("lists", fail, fresh_hours=0.0)


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"format": 9, "at": "2026-01-01", "rows": []})])
def test_an_answer_that_was_cut_short_is_asked_for_anew(feeds: Path, content: str) -> None:
    feeds.mkdir()
    (feeds / "lists.json").write_text(content)

    assert ask("lists", lambda: [{"usd": 2.0}]).rows == [{"usd": 2.0}]
