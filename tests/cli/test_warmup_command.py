"""`deflator warmup` compiles what a book needs, and says how far it is."""

import json
from pathlib import Path

import numba
from typer.testing import CliRunner, Result

from deflator.cli import app
from deflator.cli.compiling import telling_what_is_compiled

TINY = str(Path(__file__).parents[1] / "books" / "tiny")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_it_tells_how_long_it_took() -> None:
    result = typed("warmup", "--book", TINY, "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["seconds"] > 0.0


def test_a_book_that_is_not_there_is_refused() -> None:
    result = typed("warmup", "--book", "nowhere")

    assert result.exit_code == 2
    assert "nowhere" in result.stderr


def test_functions_of_the_engine_are_counted_once_as_they_are_compiled_and_others_are_not() -> None:
    def twice(x: float) -> float:
        return 2 * x

    def thrice(x: float) -> float:
        return 3 * x

    twice.__module__ = "deflator.engine.made_up"
    compiled, foreign = numba.njit(twice), numba.njit(thrice)
    told: list[tuple[int, int]] = []

    with telling_what_is_compiled(lambda done, total: told.append((done, total))):
        foreign(1.0)
        compiled(1)
        compiled(1.0)
        compiled(2.0)

    assert [done for done, _ in told] == [1]
    assert all(done <= total for done, total in told)
