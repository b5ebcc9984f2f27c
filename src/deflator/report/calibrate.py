"""Figures of calibration: how far each parameter is told, and forecasts against what came."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from deflator.analysis.calibration import ForecastTest, RentStudy
from deflator.analysis.calibration.forecast import SeriesForecast
from deflator.analysis.calibration.search import FLAT
from deflator.messages import text
from deflator.report.picture import BLACK, BLUE, ORANGE, SKY, VERMILION, drawing

_HIGHEST_RISE = 12.0
_BANDS = ((0, 6, 0.18), (1, 5, 0.28), (2, 4, 0.4))


def draw_fit(found: RentStudy, file: Path) -> None:
    """Draw the profile of each parameter and the moments of each series.

    Parameters
    ----------
    found
        From `deflator.analysis.calibration.study_rents`.
    file
        Where to; see `deflator.report.picture.FORMATS`.
    """
    fit = found.rents
    with drawing(file, width_inches=11.0, height_inches=7.5) as figure:
        upper, lower = figure.subfigures(2, 1, height_ratios=(1, 1.25))
        upper.suptitle(text("calibrate.figure.title_profiles"), x=0.01, ha="left", fontsize=12)
        for axes, one in zip(upper.subplots(1, len(fit.profiles), sharey=True), fit.profiles, strict=True):
            estimate = fit.value(one.parameter)
            axes.axvspan(estimate.low, estimate.high, color=SKY, alpha=0.3, label=text("calibrate.figure.proposed"))
            axes.axvline(estimate.value, color=BLUE)
            axes.plot(one.values, np.minimum(one.rise, _HIGHEST_RISE), color=BLACK, marker="o", markersize=4)
            axes.axhline(FLAT, color=VERMILION, linestyle="dotted", label=text("calibrate.figure.flat_line"))
            axes.set_xscale("log")
            axes.set_xticks(one.values[::3], [f"{value:.2g}" for value in one.values[::3]], fontsize=8)
            axes.xaxis.set_minor_formatter("")
            axes.set_title(one.parameter.replace("_", "\n", 2), fontsize=8)
            axes.set_ylim(-0.3, _HIGHEST_RISE + 0.3)
        upper.axes[0].set_ylabel(text("calibrate.figure.y_rise"))
        handles, labels = upper.axes[0].get_legend_handles_labels()
        upper.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
        _draw_moments(lower.subplots(), found)


def _draw_moments(axes: Any, found: RentStudy) -> None:
    moments = found.rents.moments
    names = list(dict.fromkeys(one.moment for one in moments))
    marks = "osD^vPX*"
    for place, series in enumerate(found.rents.series):
        off = [(one.observed - one.fitted) / max(one.error, 1e-9) for one in moments if one.series == series]
        rows = np.arange(len(names)) + 0.12 * (place - 0.5 * len(found.rents.series))
        axes.plot(off, rows, linestyle="none", marker=marks[place % len(marks)], label=series)
    for bound in (-2.0, 0.0, 2.0):
        axes.axvline(bound, color=BLACK, linewidth=0.6, linestyle="dotted" if bound else "solid")
    axes.set_yticks(range(len(names)), [text(f"calibrate.moment.{name}") for name in names])
    axes.invert_yaxis()
    axes.set_xlim(-3.2, 3.2)
    axes.set_xlabel(text("calibrate.figure.x_off"))
    axes.set_title(text("calibrate.figure.title_moments"))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def draw_forecast(found: ForecastTest, file: Path) -> None:
    """Draw each series with the forecast of the months that were held back.

    Parameters
    ----------
    found
        From `deflator.analysis.calibration.study_forecast`.
    file
        Where to; see `deflator.report.picture.FORMATS`.
    """
    columns = 2 if len(found.series) > 1 else 1
    rows = -(-len(found.series) // columns)
    with drawing(file, width_inches=5.5 * columns, height_inches=2.6 * rows + 0.4) as figure:
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, one in zip(panels, found.series, strict=False):
            _draw_series(axes, one)
        for axes in panels[len(found.series) :]:
            axes.set_visible(False)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=3)
        figure.supylabel(text("calibrate.figure.y_price"), fontsize=10)
        figure.supxlabel(text("calibrate.figure.x_months"), fontsize=10)


def _draw_series(axes: Any, one: SeriesForecast) -> None:
    engine, drift = one.density("engine"), one.density("drift")
    start = one.series.log_price[one.last - one.series.first]
    months = np.array([one.last, *one.months])
    for low, high, alpha in _BANDS:
        edges = [np.exp(np.concatenate([[start], engine.quantiles[:, level]])) for level in (low, high)]
        label = text("calibrate.figure.forecast") if alpha == _BANDS[-1][2] else None
        axes.fill_between(months, *edges, color=BLUE, alpha=alpha, linewidth=0, label=label)
    for level in (1, 5):
        edge = np.exp(np.concatenate([[start], drift.quantiles[:, level]]))
        label = text("calibrate.figure.drift") if level == 1 else None
        axes.plot(months, edge, color=ORANGE, linestyle="dashed", label=label)
    seen = one.series.seen
    axes.plot(one.series.first + seen, np.exp(one.series.log_price[seen]), color=BLACK, marker=".",
              label=text("calibrate.figure.price"))  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(import_module("matplotlib.ticker").LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.tick_params(axis="y", labelsize=8)
    axes.set_title(text("calibrate.figure.title_forecast", series=one.series.label), fontsize=9)
