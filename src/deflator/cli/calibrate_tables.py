"""What `deflator calibrate` prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deflator.analysis.calibration.chosen import ABOVE, BELOW, BOTH, NEITHER
from deflator.analysis.calibration.forecast import LEVELS, MODELS
from deflator.analysis.words import UNKNOWN, per_cent, significant
from deflator.book.months import month_at
from deflator.cli.output import Column, say, table
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.calibration import Effort, ForecastTest, RentStudy
    from deflator.analysis.calibration.fit import Estimate, Fit
    from deflator.analysis.calibration.forecast import SeriesForecast
    from deflator.analysis.calibration.history import Summary
    from deflator.book import Book

_LEAST_CHANGES = 2
_LEAST_COMMON = 3
_TOLD = {BOTH: "both", ABOVE: "high", BELOW: "low", NEITHER: "none"}


def print_rents(found: RentStudy, book: Book, effort: Effort) -> None:
    """Print a study of rents: histories, fits, closed forms, proposals."""
    reference = book.reference_equipment
    say(text("calibrate.rents.heading", book=book.name, until=found.until, series=len(found.series),
             reference=reference, fits=effort.fits, seed=effort.seed))  # fmt: skip
    say()
    _print_histories(found, reference)
    _print_fit(text("calibrate.rents.title_estimates", series=_lists(found.rents)), found.rents)
    low, middle, high = (significant(level) for level in found.volatility)
    say(text("calibrate.rents.volatility", middle=middle, low=low, high=high))
    say(text("calibrate.rents.target", target=significant(found.target_volatility)))
    say()
    if found.own:
        _print_fit(text("calibrate.rents.title_own", series=_lists(found.own)), found.own)
    else:
        say(text("calibrate.rents.no_pairs"))
        say()
    _print_closed_forms(found)
    _print_proposals(found)
    say(text("calibrate.rents.legend").strip())


def headings(*names: str, left: int = 1) -> list[Column]:
    """Return headings by their keys; the first ones are set to the left, the others to the right."""
    told: list[Column] = []
    for place, name in enumerate(names):
        word = text(f"calibrate.column.{name}")
        told.append(word if place < left else (word, "right"))
    return told


def _lists(fit: Fit) -> str:
    return ", ".join(fit.series)


def _range(low: float, high: float) -> str:
    return f"{significant(low)}–{significant(high)}"


def _gap(share: float) -> str:
    return f"{100 * share:+.0f} %"


def _log(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:+.2f}"


def _print_histories(found: RentStudy, reference: str) -> None:
    columns = headings("equipment", "series", "span", "changes", "volatility", "unmoved", "plateau", "step", "fall",
                       "rise", "deepest", "half_life", left=3)  # fmt: skip
    rows = [_summary(one) for one in found.summaries if one.changes >= _LEAST_CHANGES]
    table(text("calibrate.rents.title_summaries"), columns, rows)
    if found.together:
        cells = [
            [one.series, f"{one.one}, {one.other}", one.months, _log(one.correlation), _log(one.quarterly)]
            for one in found.together
        ]
        names = headings("series", "pair", "common", "monthly", "quarterly", left=2)
        table(text("calibrate.rents.title_together"), names, cells)
    bases = [one for one in found.apart if one.equipment == reference and one.months >= _LEAST_COMMON]
    if bases:
        cells = [
            [f"{one.one}, {one.other}", one.months, *map(_gap, (one.lowest, one.median, one.highest))] for one in bases
        ]
        names = headings("pair", "common", "lowest", "median", "highest")
        table(text("calibrate.rents.title_apart", reference=reference), names, cells)


def _summary(one: Summary) -> list[object]:
    fall = [per_cent(one.fall.share), significant(one.fall.half_life_years)] if one.fall else [UNKNOWN] * 2
    return [
        one.equipment,
        one.series,
        f"{one.first} – {one.last}",
        one.changes,
        significant(one.volatility_annual),
        per_cent(one.unmoved),
        one.longest_plateau_months,
        significant(one.median_step),
        _log(one.largest_fall),
        _log(one.largest_rise),
        *fall,
    ]


def _print_fit(title: str, fit: Fit) -> None:
    table(title, headings("parameter", "value", "ensemble", "prior", "learnt", "told"),
          [_estimate(one, fit) for one in fit.estimates])  # fmt: skip
    rows = [
        [
            one.series,
            text(f"calibrate.moment.{one.moment}"),
            f"{one.observed:.2f}",
            f"{one.fitted:.2f}",
            f"{one.error:.2f}",
            f"{(one.observed - one.fitted) / one.error:+.1f}" if one.error > 0.0 else UNKNOWN,
        ]
        for one in fit.moments
    ]
    names = headings("series", "moment", "observed", "fitted", "error", "off", left=2)
    table(text("calibrate.rents.title_moments"), names, rows)
    say(text("calibrate.rents.fit_quality", misfit=f"{fit.misfit:.1f}", degrees=fit.degrees,
             p_value=f"{fit.p_value:.2f}", starts=len(fit.ends), least=f"{min(fit.ends):.1f}",
             most=f"{max(fit.ends):.1f}"))  # fmt: skip


def _estimate(one: Estimate, fit: Fit) -> list[object]:
    profile = next((found for found in fit.profiles if found.parameter == one.parameter), None)
    below, above = (profile.told_from_below, profile.told_from_above) if profile else (False, False)
    told = {(True, True): "both", (True, False): "low", (False, True): "high", (False, False): "none"}[below, above]
    return [
        one.parameter,
        significant(one.value),
        _range(one.low, one.high),
        _range(one.prior_low, one.prior_high),
        f"{100 * one.learnt:.0f} %",
        text(f"calibrate.told.{told}"),
    ]


def _print_closed_forms(found: RentStudy) -> None:
    rows = [
        [
            one.series,
            one.changes,
            f"{one.speed_monthly:.2f}",
            f"{one.speed_error:.2f}",
            significant(one.volatility_annual),
            significant(one.spread_after_a_year),
        ]
        for one in found.schwartz
    ]
    names = headings("series", "changes", "speed", "speed_error", "volatility", "spread")
    table(text("calibrate.rents.title_schwartz"), names, rows)
    fit = found.performance
    if not fit:
        say(text("calibrate.rents.no_performance"))
        say()
        return
    slopes = [[one.month, one.series, one.equipment, f"{one.slope:.2f}"] for one in fit.months]
    table(
        text("calibrate.rents.title_performance"), headings("month", "series", "generations", "slope", left=2), slopes
    )
    say(text("calibrate.rents.performance", value=significant(fit.value), low=significant(fit.low),
             high=significant(fit.high), ratio=significant(fit.progress_ratio)))  # fmt: skip
    say()


def _print_proposals(found: RentStudy) -> None:
    rows = [
        [
            one.parameter,
            significant(one.value),
            _range(one.low, one.high),
            significant(one.book_value),
            _range(one.book_low, one.book_high),
            text(f"calibrate.told.{_TOLD[one.told]}"),
        ]
        for one in found.proposals
    ]
    names = headings("parameter", "proposed", "range", "book", "book_range", "told")
    table(text("calibrate.rents.title_proposals"), names, rows)


def print_forecast(found: ForecastTest, book: Book, effort: Effort) -> None:
    """Print a scored forecast, series by series, and say where it loses."""
    say(text("calibrate.forecast.heading", book=book.name, until=month_at(found.until, book.as_of), fits=effort.fits,
             seed=effort.seed))  # fmt: skip
    say()
    _print_scores(found)
    _print_coverage(found)
    _print_last_month(found)
    months = sum(len(one.months) for one in found.series)
    covered = per_cent(found.coverage("engine", 0.8))
    say(text("calibrate.forecast.verdict", wins=found.wins(), all=len(found.series), coverage=covered, months=months))
    for one in found.series:
        better = min(("drift", "flat"), key=one.score)
        if one.skill(better) < 0.0:
            say("  " + _loss(one, better))
    say()
    say(text("calibrate.forecast.legend").strip())


def _print_scores(found: ForecastTest) -> None:
    rows = [
        [
            one.series.label,
            len(one.months),
            *(f"{one.score(model):.3f}" for model in MODELS),
            *(f"{100 * one.skill(other):+.0f} %" for other in MODELS[1:]),
        ]
        for one in found.series
    ]
    names = headings("series", "months", *MODELS, "better_drift", "better_flat")
    table(text("calibrate.forecast.title_scores"), names, rows)


def _print_coverage(found: ForecastTest) -> None:
    rows: list[Sequence[object]] = [
        [label, text(f"calibrate.column.{model}"), *(per_cent(coverage(model, level)) for level in LEVELS)]
        for label, coverage in (
            *((one.series.label, one.coverage) for one in found.series),
            (text("calibrate.forecast.all"), found.coverage),
        )
        for model in MODELS
    ]
    names = headings("series", "model", "fifty", "eighty", "ninety_five", left=2)
    table(text("calibrate.forecast.title_coverage"), names, rows)


def _print_last_month(found: ForecastTest) -> None:
    rows = []
    for one in found.series:
        for density in one.densities:
            levels = [significant(math.exp(density.quantiles[-1, place]), 3) for place in (1, 3, 5)]
            came = significant(math.exp(one.outcome[-1]), 3)
            rows.append([one.series.label, text(f"calibrate.column.{density.model}"), *levels, came])
    names = headings("series", "model", "low_80", "median", "high_80", "came", left=2)
    table(text("calibrate.forecast.title_months"), names, rows)


def _loss(one: SeriesForecast, better: str) -> str:
    """Return in words how the engine's forecast came to score worse."""
    engine, flat = one.density("engine"), one.density("flat")
    ratio = (engine.quantiles[-1, 5] - engine.quantiles[-1, 1]) / (flat.quantiles[-1, 5] - flat.quantiles[-1, 1])
    place = 100.0 * one.place("engine")
    return text("calibrate.forecast.loses", series=one.series.label, engine=f"{one.score('engine'):.3f}",
                other=f"{one.score(better):.3f}", model=text(f"calibrate.column.{better}"), ratio=significant(ratio),
                place=f"{place:.0f}")  # fmt: skip
