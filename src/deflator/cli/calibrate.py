"""`deflator calibrate`: where the model's own numbers come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import emit_json, reporting, say
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.calibration import Effort, ForecastTest, RentStudy
    from deflator.analysis.calibration.fit import Fit
    from deflator.book import Book
    from deflator.ensemble import Progress

app = typer.Typer(rich_markup_mode=None)

_FITS, _FITS_FORECAST = 48, 24
_DRAWS, _DRAWS_QUICK = 1024, 128
_PATHS = 4
FitTo = Annotated[str | None, typer.Option("--fit-to", metavar="YYYY-MM", help=text("calibrate.fit_to"))]
Fits = Annotated[int | None, typer.Option("--fits", min=4, help=text("calibrate.fits"))]


@app.callback(invoke_without_command=True)
def everything_else(
    context: typer.Context,
    book: asking.Book = defaults.BOOK,
    draws: Annotated[int | None, typer.Option("--draws", min=32, help=text("calibrate.match.draws"))] = None,
    seed: asking.Seed = defaults.SEED,
    quick: asking.Quick = False,
    json: asking.Json = False,
) -> None:
    """Match all parameters but those of rents to dated observations, unless a part is asked for."""
    if context.invoked_subcommand:
        return
    with reporting(json):
        from deflator.analysis.calibration.matching import match_history
        from deflator.book import load_book
        from deflator.cli.run import showing_progress

        known = load_book(book)
        with showing_progress(defaults.SCENARIO) as progress:
            found = match_history(known, draws or (_DRAWS_QUICK if quick else _DRAWS), _PATHS, seed, progress)
        if json:
            head = {"book": {"name": known.name, "fingerprint": known.fingerprint}, "as_of": known.as_of, "seed": seed}
            reasons = {name: text(f"calibrate.reason.{reason}") for name, reason in found.unseen.items()}
            emit_json(head | vars(found) | {"unseen": reasons, "disclaimer": text("common.disclaimer")})
            return
        from deflator.cli.calibrate_match import print_matching

        print_matching(found, known, seed)
        say(text("common.disclaimer"))


@app.command("rents", help=text("calibrate.rents_help"))
def rents(
    book: asking.Book = defaults.BOOK,
    fit_to: FitTo = None,
    fits: Fits = None,
    seed: asking.Seed = defaults.SEED,
    quick: asking.Quick = False,
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help=text("calibrate.write"))] = None,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Fit the rent process and print what it rests on."""
    with reporting(json):
        from deflator.analysis.calibration import study_rents
        from deflator.analysis.calibration.chosen import check_new, write_proposals
        from deflator.book import load_book

        check_figure(figure)
        if write:
            check_new(write)
        known, effort = load_book(book), _effort(quick, fits, seed, _FITS)
        with _showing_fits() as progress:
            found = study_rents(known, fit_to, effort, progress)
        if write:
            write_proposals(found.proposals, write)
        if figure:
            from deflator.report.calibrate import draw_fit

            draw_fit(found, figure)
        if json:
            emit_json(_head(known, effort) | _rents_document(found))
            return
        from deflator.cli.calibrate_tables import print_rents

        print_rents(found, known, effort)
        if write:
            say(text("calibrate.written", file=write))
        say(text("common.disclaimer"))


@app.command("forecast", help=text("calibrate.forecast_help"))
def forecast(
    book: asking.Book = defaults.BOOK,
    fit_to: FitTo = None,
    fits: Fits = None,
    seed: asking.Seed = defaults.SEED,
    quick: asking.Quick = False,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Score the forecast of a fit to the past."""
    with reporting(json):
        from deflator.analysis.calibration import study_forecast
        from deflator.book import load_book

        check_figure(figure)
        known, effort = load_book(book), _effort(quick, fits, seed, _FITS_FORECAST)
        with _showing_fits() as progress:
            found = study_forecast(known, fit_to, effort, progress)
        if figure:
            from deflator.report.calibrate import draw_forecast

            draw_forecast(found, figure)
        if json:
            emit_json(_head(known, effort) | _forecast_document(found, known))
            return
        from deflator.cli.calibrate_tables import print_forecast

        print_forecast(found, known, effort)
        say(text("common.disclaimer"))


def _effort(quick: bool, fits: int | None, seed: int, usual: int) -> Effort:
    from dataclasses import replace

    from deflator.analysis.calibration import Effort
    from deflator.errors import Fault, RunError

    if seed < 0:
        raise RunError([Fault("", 0, "--seed", f"{seed} is below 0", "use a whole number from 0")])
    effort = Effort.quick(seed) if quick else Effort(fits=usual, seed=seed)
    return replace(effort, fits=fits) if fits else effort


@contextmanager
def _showing_fits() -> Iterator[Progress]:
    from deflator.cli.run import showing_progress

    with showing_progress(text("calibrate.fitting")) as progress:
        yield progress


def _head(book: Book, effort: Effort) -> dict[str, Any]:
    return {
        "book": {"name": book.name, "fingerprint": book.fingerprint},
        "as_of": book.as_of,
        "effort": {"lanes": effort.lanes, "fits": effort.fits, "evaluations": effort.evaluations, "seed": effort.seed},
        "disclaimer": text("common.disclaimer"),
    }


def _rents_document(found: RentStudy) -> dict[str, Any]:
    low, middle, high = found.volatility
    return {
        "until": found.until,
        "series": found.summaries,
        "comovements": found.together,
        "bases": found.apart,
        "target_volatility_monthly": found.target_volatility,
        "rents": _fit_document(found.rents),
        "own_factors": _fit_document(found.own) if found.own else None,
        "volatility_annual": {"low": low, "median": middle, "high": high},
        "schwartz": found.schwartz,
        "performance": found.performance,
        "proposals": found.proposals,
    }


def _fit_document(fit: Fit) -> dict[str, Any]:
    return {
        "series": fit.series,
        "estimates": fit.estimates,
        "moments": fit.moments,
        "profiles": fit.profiles,
        "j_statistic": fit.misfit,
        "degrees_of_freedom": fit.degrees,
        "p_value": fit.p_value,
        "ends": fit.ends,
    }


def _forecast_document(found: ForecastTest, book: Book) -> dict[str, Any]:
    from deflator.analysis.calibration.forecast import LEVELS, MODELS
    from deflator.book.months import month_at

    def told(coverage: Any) -> dict[str, dict[str, float]]:
        return {model: {f"{level:g}": coverage(model, level) for level in LEVELS} for model in MODELS}

    return {
        "until": month_at(found.until, book.as_of),
        "wins": found.wins(),
        "coverage": told(found.coverage),
        "series": [
            {
                "equipment": one.series.equipment,
                "series": one.series.name,
                "last_used": month_at(one.last, book.as_of),
                "months": [month_at(month, book.as_of) for month in one.months],
                "log_price": one.outcome,
                "crps": {model: one.score(model) for model in MODELS},
                "coverage": told(one.coverage),
                "quantiles": {density.model: density.quantiles for density in one.densities},
                "drift_monthly": one.drift,
                "drift_error": one.drift_error,
                "estimates": one.fitted.estimates,
            }
            for one in found.series
        ],
    }
