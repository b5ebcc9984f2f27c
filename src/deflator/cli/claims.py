"""`deflator claims`: every figure and mechanism of the essay, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli.asking import (
    IGNORANCE,
    Book,
    Ignorance,
    Json,
    Paths,
    Picture,
    Quick,
    Seed,
    Settings,
    asked,
    check_figure,
    setting_of,
)
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import text, translated

if TYPE_CHECKING:
    from deflator.analysis.claims import Claim, Claims
    from deflator.analysis.replay import Setting

_PATHS, _QUICK_PATHS = 1_024, 64
#: Draws with enough paths each to tell the range of a share from the noise of few paths.
_DRAWS, _QUICK_DRAWS = "128", "16"
_SCENARIOS = (defaults.SCENARIO, "essay")


def claims(
    claim: Annotated[str | None, typer.Argument(metavar="CLAIM|MECHANISM", help=text("claims.claim"))] = None,
    scenario: Annotated[list[str] | None, typer.Option(help=text("claims.scenario"))] = None,
    book: Book = defaults.BOOK,
    settings: Settings = None,
    paths: Paths = None,
    ignorance: Ignorance = IGNORANCE,
    seed: Seed = defaults.SEED,
    quick: Quick = False,
    figure: Picture = None,
    json: Json = False,
) -> None:
    """Run the checks under each scenario; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.claims import check_claims

        check_figure(figure)
        chosen = _chosen(claim)
        count = paths or (_QUICK_PATHS if quick else _PATHS)
        draws = ignorance if ignorance != IGNORANCE else _QUICK_DRAWS if quick else _DRAWS
        names = list(dict.fromkeys(scenario or _SCENARIOS))
        asked_of = [setting_of(book, name, settings, count, draws, seed) for name in names]
        with showing_progress(text("claims.trials", scenarios=", ".join(names))) as progress:
            found = check_claims(asked_of, chosen, progress)
        if figure:
            from deflator.report.claims import draw_claims

            draw_claims(found, asked_of[0].question.book.name, figure)
        if json:
            emit_json(_document(asked_of, found))
        else:
            _print(asked_of[0], found, claim is not None)


def _chosen(name: str | None) -> set[str]:
    """Return the ids of the claims that are asked for."""
    from deflator.analysis.claims import MECHANISMS, list_claims
    from deflator.book.spelling import did_you_mean, quoted

    known = list_claims()
    found = {one.id for one in known if name is None or name in (one.id, one.mechanism)}
    if not found:
        names = [*MECHANISMS, *(one.id for one in known)]
        hint = did_you_mean(str(name), names) or text("claims.unknown_hint", names=", ".join(names))
        raise RunError([Fault("", 0, "CLAIM", text("claims.unknown", name=quoted(str(name))), hint)])
    return found


def _document(settings: Sequence[Setting], found: Sequence[Claims]) -> dict[str, Any]:
    head = asked(settings[0])
    head.pop("scenario")
    scenarios = [
        {
            "name": one.scenario,
            "fingerprint": setting.question.scenario.fingerprint,
            "paths_counted": one.paths,
            "verdicts": one.counted(),
            "claims": one.to_frame().to_dicts(),
        }
        for setting, one in zip(settings, found, strict=True)
    ]
    return {**head, "scenarios": scenarios}


def _print(setting: Setting, found: Sequence[Claims], detailed: bool) -> None:
    from deflator.analysis.claim_words import essay_words, found_words

    question = setting.question
    names = ", ".join(one.scenario for one in found)
    say(text("claims.heading", book=question.book.name, scenarios=names, paths=f"{question.paths_used:,}",
             draws=f"{question.draws_used:,}", seed=question.seed))  # fmt: skip
    say()
    columns: list[Column] = ["", text("claims.column_claim"), text("claims.column_essay")]
    columns += [text("claims.column_found", scenario=one.scenario) for one in found]
    rows = list(zip(*(one.checks for one in found), strict=True))
    table(
        text("claims.title"),
        columns,
        [
            [
                row[0].claim.mechanism,
                f"{translated(row[0].claim.statement)} [{row[0].claim.id}]",
                essay_words(row[0].claim),
                *("\n".join(found_words(check)) for check in row),
            ]
            for row in rows
        ],
    )
    if detailed:
        for row in rows:
            _print_detail(row[0].claim)
    for one in found:
        counts = one.counted()
        say(text("claims.counted", scenario=one.scenario, supported=counts["supported"],
                 contradicted=counts["contradicted"], conditional=counts["conditional"],
                 not_testable=counts["not_testable"]))  # fmt: skip
    say(text("common.disclaimer"))


def _print_detail(claim: Claim) -> None:
    from deflator.analysis.claim_words import mechanism_lines

    say(f"{claim.mechanism} {claim.id}: {translated(claim.statement)}")
    for line in mechanism_lines(claim):
        say(f"  {line}")
    say()
