"""Paths of the tiny book, replayed under single changes: what the tests of stories and values look at."""

from functools import cache
from pathlib import Path

from deflator.analysis.path_view import View
from deflator.analysis.replay import Replay, Setting, position_of, prepare, replay
from deflator.analysis.story import Story, tell
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.scenario import load_scenario

TINY = Path(__file__).parents[1] / "books" / "tiny"
SEED = 2026


@cache
def setting(
    *changes: str, scenario: str = "base", book: str = str(TINY), paths: int = 128, draws: int = 4, chance: bool = True
) -> Setting:
    """Return a question, ready to be simulated; `changes` are such as `rent.level=1.5`."""
    return prepare(Question(load_book(book), load_scenario(scenario, changes), paths, draws, chance, SEED))


@cache
def central(*changes: str) -> Replay:
    """Return the path of the tiny book with central figures and no noise."""
    return replay(setting(*changes, paths=1, draws=0, chance=False), 0)


def view(of: Replay, entity: str, last: int) -> View:
    """Return an entity on a path, up to a month."""
    return View(of, position_of(of.economy, entity), last)


def story(of: Replay, entity: str, depth: int = 1) -> Story:
    """Tell what happened to an entity on a path."""
    return tell(of, position_of(of.economy, entity), depth)
