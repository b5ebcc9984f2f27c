"""`deflator why`: replay one path and tell what broke an entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.output import emit_json, reporting
from deflator.cli.run import Switch, draws_of, showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.choose_path import Chosen
    from deflator.analysis.replay import Setting
    from deflator.ensemble import Progress, Question, Run

_SEARCHED = 1_000


def why(
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help=text("why.entity"))],
    path: Annotated[int | None, typer.Option(min=0, help=text("why.path"))] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help=text("why.run"))] = None,
    scenario: asking.ScenarioOrOfRun = None,
    book: asking.BookOrOfRun = None,
    seed: asking.SeedOrOfRun = None,
    paths: Annotated[int | None, typer.Option(help=text("why.paths"))] = None,
    ignorance: asking.IgnoranceOrOfRun = None,
    chance: Annotated[Switch | None, typer.Option(help=text("why.chance"))] = None,
    months: Annotated[int | None, typer.Option(help=text("why.months"))] = None,
    settings: asking.Settings = None,
    depth: Annotated[int, typer.Option(min=1, help=text("why.depth"))] = 1,
    json: asking.Json = False,
) -> None:
    """Find the path, replay it and tell it; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.replay import position_of, prepare, replay
        from deflator.analysis.story import tell
        from deflator.cli.storytelling import as_document, print_story

        asked = {"seed": seed, "paths": paths, "ignorance": ignorance, "chance": chance, "months": months}
        kept, question = _question(run, scenario, book, settings or [], asked, path)
        setting = prepare(question)
        position = position_of(setting.economy, entity)
        with showing_progress(question.scenario.name) as progress:
            chosen = None if path is not None else _choose(setting, position, kept, progress)
            replayed = replay(setting, chosen.path if chosen else path or 0)
        if kept:
            from deflator.analysis.choose_path import check_against

            check_against(kept, replayed)
        story = tell(replayed, position, depth)
        if json:
            emit_json(as_document(story, setting, chosen))
        else:
            print_story(story, setting, chosen)


def _question(
    run: str | None,
    scenario: str | None,
    book: str | None,
    settings: list[str],
    asked: dict[str, Any],
    path: int | None,
) -> tuple[Run | None, Question]:
    """Return the question whose path is told, and the kept run that answered it if one is named."""
    from deflator.analysis.again import asked_again
    from deflator.book import load_book
    from deflator.ensemble import Question, Run, find_run
    from deflator.scenario import load_scenario

    if run:
        if given := [name for name, value in asked.items() if value is not None]:
            message = f"a run is named, which settles {', '.join(given)} already"
            hint = f"leave out {', '.join(f'--{name}' for name in given)}"
            raise RunError([Fault("", 0, "--run", message, hint)])
        kept = Run.open(find_run(run))
        return kept, asked_again(kept, book, scenario, settings)
    known, loaded = load_book(book or defaults.BOOK), load_scenario(scenario or defaults.SCENARIO, settings)
    return None, Question(
        known,
        loaded,
        max(_SEARCHED if asked["paths"] is None else asked["paths"], (path or 0) + 1),
        draws_of(str(defaults.DRAWS) if asked["ignorance"] is None else asked["ignorance"]),
        asked["chance"] is not Switch.OFF,
        defaults.SEED if asked["seed"] is None else asked["seed"],
        asked["months"],
    )


def _choose(setting: Setting, position: int, kept: Run | None, progress: Progress) -> Chosen:
    """Return the middle path of those on which the entity breaks, from the kept run or by a search."""
    from deflator.analysis.choose_path import choose_from_run, choose_path

    if kept and (chosen := choose_from_run(kept, setting.economy.entities[position])):
        return chosen
    searched = setting.question.paths_used if kept is None else min(setting.question.paths_used, _SEARCHED)
    return choose_path(setting, position, searched, progress)
