"""`deflator warmup`: compile the engine ahead of the first run."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from deflator import defaults
from deflator.cli.output import emit_json, reporting, say
from deflator.messages import text


def warmup(json: Annotated[bool, typer.Option("--json", help=text("cli.json"))] = False) -> None:
    """Simulate one path, which compiles every kernel and keeps it on disk."""
    with reporting(json):
        from deflator.book import load_book
        from deflator.engine import pack, simulate
        from deflator.scenario import load_scenario
        from deflator.scenario.figures import draw_figures

        start = time.perf_counter()
        book, scenario = load_book(defaults.BOOK), load_scenario(defaults.SCENARIO)
        figures = draw_figures(book, scenario, 1, defaults.SEED, ignorance=False)
        simulate(pack(book, scenario, figures), seed=defaults.SEED, first_path=0, paths=1, chance=True)
        seconds = time.perf_counter() - start
        if json:
            emit_json({"seconds": seconds})
        else:
            say(text("cli.warmed_up", seconds=f"{seconds:.1f}"))
