"""Options that questions take alike, and what they come to."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.models import OptionInfo

from deflator import defaults
from deflator.cli.run import draws_of
from deflator.messages import LANGUAGES, text

if TYPE_CHECKING:
    from deflator.analysis.replay import Setting
    from deflator.engine.codes import Told

BOOK = typer.Option(help=text("asking.book"))
SCENARIO = typer.Option(help=text("asking.scenario"))
PATHS = typer.Option(help=text("asking.paths"))
IGNORANCE_DRAWS = typer.Option(metavar="N|off", help=text("asking.ignorance"))
SEED = typer.Option(help=text("asking.seed"))


def _or_of_run(key: str, default: object, metavar: str | None = None) -> OptionInfo:
    """Return an option of a command that takes `--run`, by which it is settled where it is not given."""
    found: OptionInfo = typer.Option(
        metavar=metavar, help=text(key), show_default=text("asking.or_of_run", default=default)
    )
    return found


BookOrOfRun = Annotated[str | None, _or_of_run("asking.book", defaults.BOOK)]
ScenarioOrOfRun = Annotated[str | None, _or_of_run("asking.scenario", defaults.SCENARIO)]
IgnoranceOrOfRun = Annotated[str | None, _or_of_run("asking.ignorance", defaults.DRAWS, "N|off")]
SeedOrOfRun = Annotated[int | None, _or_of_run("asking.seed", defaults.SEED)]

Book = Annotated[str, BOOK]
Scenario = Annotated[str, SCENARIO]
Settings = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=text("asking.set"))]
Paths = Annotated[int | None, PATHS]
Ignorance = Annotated[str, IGNORANCE_DRAWS]
Seed = Annotated[int, SEED]
Quick = Annotated[bool, typer.Option("--quick", help=text("asking.quick"))]
Picture = Annotated[Path | None, typer.Option("--figure", metavar="FILE", help=text("asking.figure"))]
Json = Annotated[bool, typer.Option("--json", help=text("cli.json"))]

IGNORANCE = str(defaults.DRAWS)
Language = StrEnum("Language", {language.upper(): language for language in LANGUAGES})  # type: ignore[misc]


def check_figure(file: Path | None) -> None:
    """Refuse a `--figure` that cannot be written, before anything is computed.

    Raises
    ------
    RunError
        When its ending is no kind of figure, or Matplotlib is not installed.
    """
    if file:
        from deflator.report.picture import check_picture

        check_picture(file)


def setting_of(
    book: str,
    scenario: str,
    settings: list[str] | None,
    paths: int,
    ignorance: str = IGNORANCE,
    seed: int = defaults.SEED,
    chance: bool = True,
) -> Setting:
    """Return what the options ask for, checked and ready to be simulated."""
    from deflator.analysis.replay import prepare
    from deflator.book import load_book
    from deflator.ensemble import Question
    from deflator.scenario import load_scenario

    known, loaded = load_book(book), load_scenario(scenario, settings or [])
    return prepare(Question(known, loaded, paths, draws_of(ignorance), chance, seed))


def sized_setting(
    book: str,
    scenario: str,
    settings: list[str] | None,
    paths: int | None,
    ignorance: str,
    seed: int,
    quick: bool,
    full: tuple[int, str],
    small: tuple[int, str],
) -> Setting:
    """Return what the options ask for; where they leave paths and draws open, those of a full or a quick answer."""
    open_paths, open_draws = small if quick else full
    draws = ignorance if ignorance != IGNORANCE else open_draws
    return setting_of(book, scenario, settings, paths or open_paths, draws, seed)


def asked(setting: Setting) -> dict[str, Any]:
    """Return what an answer rests on, for the head of its JSON."""
    question = setting.question
    return {
        "book": {"name": question.book.name, "fingerprint": question.book.fingerprint},
        "scenario": {"name": question.scenario.name, "fingerprint": question.scenario.fingerprint},
        "as_of": question.book.as_of,
        "paths": question.paths_used,
        "draws": question.draws_used,
        "seed": question.seed,
        "disclaimer": text("common.disclaimer"),
    }


def sentence(name: str, codes: type[Told]) -> str:
    """Return what the name of a code says to a reader."""
    found: Any = codes[name.upper()]
    return str(found.sentence)
