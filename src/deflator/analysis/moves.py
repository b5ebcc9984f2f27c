"""What can move in a reverse stress test: drivers and parameters, how far each plausibly goes, and how it is applied.

A driver moves by what a year of its own noise, or the range of what the book knows of it, makes plausible; a parameter
moves within its range in the book. Both are medians when nothing moves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.priors import Margin, Prior
from deflator.analysis.replay import Setting
from deflator.analysis.trials import varied
from deflator.book import Book
from deflator.engine.positions import P
from deflator.errors import Fault, RunError
from deflator.scenario.reader import suggestion
from deflator.scenario.vocabulary import drivers

Floats = NDArray[np.float64]

FLAG = "--among"
DRIVERS, PARAMETERS = "drivers", "parameters"
_YEAR = 12
#: Parameters that say what counts as a break of a layer: yardsticks do not move.
_YARDSTICKS = ("layer_break_share",)
_NORMAL_AT_95_PERCENT = 1.6448536269514722
#: Figures that were drawn together with a parameter, and scale with it.
_SCALED_BY = {"demand_price_elasticity_scale": "segments.elasticity"}


@dataclass(frozen=True)
class _Driver:
    """How a driver moves and what its prior is taken from.

    Parameters
    ----------
    operation
        Operation of `deflator.scenario.vocabulary`, whose bounds hold.
    fields
        Fields of `deflator.engine.layout.Requests`.
    course
        `held` adds to what the scenario asks for from the month on, `scaled` multiplies it by exp(x), `spread` adds a
        twelfth in each of twelve months.
    unit
        Of the move.
    deviation
        Prior standard deviation, from the book.
    source
        Parameters or column of the book that it is taken from.
    instead
        Parameter that does the same, and does not move besides.
    """

    operation: str
    fields: tuple[str, ...]
    course: str
    unit: str
    deviation: Callable[[Book], float]
    source: str
    instead: str = ""


def _parameter(book: Book, name: str) -> float:
    table = book.table("parameters")
    return float(table.rows[table.index[name]]["value"])


def _range_of(book: Book, name: str, log: bool) -> float:
    """Return the standard deviation of which a parameter's range is the middle nine tenths."""
    table = book.table("parameters")
    low, high = (float(table.rows[table.index[name]][bound]) for bound in ("low", "high"))
    width = math.log(high / low) if log and low > 0.0 else high - low
    return width / (2.0 * _NORMAL_AT_95_PERCENT)


def _range_of_figures(book: Book, table: str, column: str) -> float:
    """Return the same for the figures of a column, in logs: the median over those that have a range."""
    widths = [
        math.log(float(known.high) / float(known.low))
        for (where, _, field), known in book.provenance.items()
        if (where, field) == (table, column)
        and isinstance(known.low, int | float)
        and isinstance(known.high, int | float)
        and known.high > known.low > 0.0
    ]
    return float(np.median(widths)) / (2.0 * _NORMAL_AT_95_PERCENT) if widths else 0.0


def _stationary(book: Book) -> float:
    """Return the standard deviation of openness, logit, that the monthly shocks and the return to the mean leave."""
    kept = 1.0 - _parameter(book, "funding_mean_reversion")
    return _parameter(book, "funding_volatility") / math.sqrt(1.0 - kept**2)


def _common(name: str) -> Callable[[Book], float]:
    return lambda book: _parameter(book, f"{name}_volatility_annual") * _parameter(book, f"{name}_common_loading")


_MOVED: Mapping[str, _Driver] = {
    "rent": _Driver(
        "shock", ("rent_shock",), "spread", "log",
        lambda book: _parameter(book, "rent_volatility_annual"), "rent_volatility_annual"),
    "funding": _Driver(
        "shift", ("funding_shift",), "held", "logit", _stationary, "funding_volatility, funding_mean_reversion"),
    "monetisation": _Driver(
        "shift", ("revenue_shift",), "held", "log a year", _common("revenue"),
        "revenue_volatility_annual × revenue_common_loading"),
    "demand": _Driver(
        "shift", ("demand_shift",), "held", "log a year", _common("demand"),
        "demand_volatility_annual × demand_common_loading"),
    "efficiency": _Driver(
        "shift", ("efficiency_shift",), "held", "log a year",
        lambda book: _range_of(book, "token_efficiency_gain_annual", log=False),
        "range of token_efficiency_gain_annual", "token_efficiency_gain_annual"),
    "base_rate": _Driver(
        "shift", ("base_rate_shift",), "held", "annual",
        lambda book: _parameter(book, "base_rate_volatility"), "base_rate_volatility"),
    "power_price": _Driver(
        "shock", ("power_shock",), "spread", "log",
        lambda book: _parameter(book, "power_price_volatility"), "power_price_volatility"),
    "new_supply": _Driver(
        "scale", ("supply_scale",), "scaled", "log",
        lambda book: _range_of(book, "new_supply_units_per_year", log=True),
        "range of new_supply_units_per_year", "new_supply_units_per_year"),
    "price_new": _Driver(
        "scale", ("price_scale",), "scaled", "log",
        lambda book: _range_of_figures(book, "equipment", "new_price_usd"), "ranges of equipment.new_price_usd"),
    "delay": _Driver(
        "shift", ("delay_shift", "delay_shift_own"), "held", "months",
        lambda book: _parameter(book, "delivery_delay_std_months"), "delivery_delay_std_months"),
    "insourcing": _Driver(
        "scale", ("insourcing_scale",), "scaled", "log",
        lambda book: _range_of(book, "insourcing_max_speed_annual", log=True),
        "range of insourcing_max_speed_annual", "insourcing_max_speed_annual"),
    "renewal": _Driver(
        "scale", ("renewal_scale",), "scaled", "log",
        lambda book: _range_of(book, "renewal_term_months", log=True), "range of renewal_term_months"),
    "vendor_investment": _Driver(
        "scale", ("vendor_scale",), "scaled", "log",
        lambda book: _range_of_figures(book, "entities", "planned_equity_raise_musd_per_year"),
        "ranges of entities.planned_equity_raise_musd_per_year"),
}  # fmt: skip


@dataclass(frozen=True)
class Dimension:
    """One thing that can move.

    Parameters
    ----------
    margin
        Its prior.
    source
        What in the book the prior is taken from.
    driver
        Whether it is a driver; else a parameter of the model.
    """

    margin: Margin
    source: str
    driver: bool

    @property
    def name(self) -> str:
        """Name of the driver or parameter."""
        return self.margin.name


def dimensions_of(setting: Setting, among: Iterable[str] = ()) -> tuple[Dimension, ...]:
    """Return what can move in a book under a scenario.

    Parameters
    ----------
    setting
        From `prepare`.
    among
        Names of drivers and parameters, `drivers` or `parameters`; all when empty. A parameter that the book or the
        scenario fixes does not move, and neither does one that does what a driver does.

    Raises
    ------
    RunError
        For each name that does not exist or cannot move.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=8, draws=2))
    >>> [one.name for one in dimensions_of(setting, ["rent", "funding"])]
    ['rent', 'funding']
    """
    known = {one.name: one for one in (*_drivers(setting.question.book), *_parameters(setting))}
    groups = {DRIVERS: [one for one in known.values() if one.driver],
              PARAMETERS: [one for one in known.values() if not one.driver]}  # fmt: skip
    chosen: dict[str, Dimension] = {}
    faults = []
    for name in among or (DRIVERS, PARAMETERS):
        if name in groups:
            chosen |= {one.name: one for one in groups[name]}
        elif name in known:
            chosen[name] = known[name]
        else:
            message = f"{name!r} is nothing that can move"
            faults.append(Fault("", 0, FLAG, message, suggestion(name, [*groups, *known])))
    if faults:
        raise RunError(faults)
    return tuple(chosen.values())


def _drivers(book: Book) -> Iterable[Dimension]:
    for name, driver in _MOVED.items():
        deviation = driver.deviation(book)
        if deviation > 0.0:
            margin = Margin(name, driver.unit, "normal", -deviation, 0.0, deviation)
            yield Dimension(margin, driver.source, driver=True)


def _parameters(setting: Setting) -> Iterable[Dimension]:
    """Yield the parameters that nobody fixes and no driver stands for."""
    units = _units()
    instead = {*_YARDSTICKS, *(driver.instead for driver in _MOVED.values())}
    for row in setting.question.book.table("parameters").rows:
        name, shape = str(row["parameter"]), str(row["distribution"])
        override = setting.question.scenario.parameters.get(name)
        bounds = (override.low, override.value, override.high) if override else (row["low"], row["value"], row["high"])
        low, value, high = (float(bound) for bound in bounds)
        if shape != "fixed" and low < high and name not in instead and name in P._fields:
            yield Dimension(Margin(name, units[name], shape, low, value, high), f"parameters.{name}", driver=False)


def _units() -> Mapping[str, str]:
    from importlib import resources

    lines = (resources.files("deflator.book") / "parameter_list.csv").read_text(encoding="utf-8").splitlines()
    return {line.split(",", 2)[0]: line.split(",", 2)[1] for line in lines[1:]}


def prior_of(
    dimensions: Sequence[Dimension], book: Book, given: Mapping[tuple[str, str], float] | None = None
) -> Prior:
    """Return the joint prior of what can move.

    Parameters
    ----------
    dimensions
        From `dimensions_of`.
    book
        Says how rents and funding move together, and how revenue and demand share a common factor.
    given
        Correlations of normal scores by pairs of names; they replace those of the book.

    Raises
    ------
    RunError
        For a pair that is not among the dimensions, a correlation that is not between -1 and 1, and correlations that
        contradict each other.
    """
    names = [one.name for one in dimensions]
    shared = _parameter(book, "revenue_common_loading") * _parameter(book, "demand_common_loading")
    pairs = {("rent", "funding"): _parameter(book, "corr_rent_funding"), ("monetisation", "demand"): shared}
    pairs = {pair: value for pair, value in pairs.items() if set(pair) <= set(names)}
    faults = []
    for (one, other), value in (given or {}).items():
        for name in (one, other):
            if name not in names:
                faults.append(Fault("", 0, "--correlation", f"{name!r} does not move", suggestion(name, names)))
        if one == other or not -1.0 < value < 1.0:
            message = f"{value:g} cannot be the correlation of {one} and {other}"
            faults.append(Fault("", 0, "--correlation", message, "name two of them and a number between -1 and 1"))
        pairs.pop((other, one), None)
        pairs[one, other] = value
    if faults:
        raise RunError(faults)
    correlation = np.eye(len(names))
    for (one, other), value in pairs.items():
        row, column = names.index(one), names.index(other)
        correlation[row, column] = correlation[column, row] = value
    return Prior(tuple(one.margin for one in dimensions), correlation)


def moved(setting: Setting, dimensions: Sequence[Dimension], numbers: Floats, start: int = 1) -> Setting:
    """Return the setting with drivers and parameters moved; all random draws stay.

    Parameters
    ----------
    setting
        From `prepare`.
    dimensions
        What moves.
    numbers
        To where, in the unit of each, shape [dimension].
    start
        First month in which drivers are moved.
    """
    economy = setting.economy
    requests: dict[str, Floats] = {}
    parameters = economy.figures[economy.rows["world.parameters"]].copy()
    figures = {}
    for dimension, number in zip(dimensions, numbers, strict=True):
        if dimension.driver:
            driver = _MOVED[dimension.name]
            operation = drivers()[dimension.name].operations[driver.operation]
            for field in driver.fields:
                asked = _course(getattr(economy.requests, field), driver.course, float(number), start)
                requests[field] = np.clip(asked, operation.minimum, operation.maximum)
            continue
        row = getattr(P, dimension.name)
        if dimension.name in _SCALED_BY:
            field = _SCALED_BY[dimension.name]
            figures[field] = economy.figures[economy.rows[field]] * number / parameters[row]
        parameters[row] = number
    return varied(setting, requests=requests, figures={**figures, "world.parameters": parameters})


def _course(asked: Floats, course: str, number: float, start: int) -> Floats:
    """Return what is asked for by month, moved from a month on.

    Examples
    --------
    >>> _course(np.zeros(4), "held", 0.5, 2).tolist()
    [0.0, 0.0, 0.5, 0.5]
    >>> _course(np.ones(3), "scaled", np.log(2.0), 1).round(9).tolist()
    [1.0, 2.0, 2.0]
    >>> float(_course(np.zeros(30), "spread", -1.2, 4)[4:16].sum().round(9))
    -1.2
    """
    asked = asked.copy()
    if course == "held":
        asked[..., start:] += number
    elif course == "scaled":
        asked[..., start:] *= math.exp(number)
    else:
        asked[..., start : start + _YEAR] += number / _YEAR
    return asked
