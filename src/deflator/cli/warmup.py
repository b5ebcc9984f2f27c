"""`deflator warmup`: compile the engine ahead of the first run."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.output import emit_json, reporting, say
from deflator.messages import text


def warmup(
    book: asking.Book = defaults.BOOK,
    json: Annotated[bool, typer.Option("--json", help=text("cli.json"))] = False,
) -> None:
    """Simulate one path of a book, which compiles every kernel that it needs and keeps it on disk."""
    with reporting(json):
        from deflator.book import load_book
        from deflator.cli.run import showing_progress
        from deflator.engine import pack, simulate
        from deflator.scenario import load_scenario
        from deflator.scenario.figures import draw_figures

        start = time.perf_counter()
        loaded, scenario = load_book(book), load_scenario(defaults.SCENARIO)
        scenario.check(loaded)
        figures = draw_figures(loaded, scenario, 1, defaults.SEED, ignorance=False)
        with showing_progress(scenario.name):
            simulate(pack(loaded, scenario, figures), seed=defaults.SEED, first_path=0, paths=1, chance=True)
        seconds = time.perf_counter() - start
        if json:
            emit_json({"seconds": seconds})
        else:
            say(text("cli.warmed_up", seconds=f"{seconds:.1f}"))
