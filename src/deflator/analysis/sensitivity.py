"""Which unknown matters most: screen all figures, rank them by what knowing them is worth, share the variance out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from deflator.analysis.factors import Design, Factor, Figure, as_one, joined, list_factors, places
from deflator.analysis.indices import check_sobol, shapley_effects, sobol_indices
from deflator.analysis.knowing import (
    LEVEL,
    Floats,
    Sample,
    range_over_draws,
    sample_of,
    screen,
    worth_of_knowing,
)
from deflator.analysis.replay import Setting
from deflator.analysis.target import Target, parse_target, simulate_target
from deflator.book import Book
from deflator.book.spelling import did_you_mean, quoted
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError

#: Figures that are told apart at most; all others are grouped by their table.
MOST_FACTORS = 80
#: Draws below which no figure can be told apart from chance.
LEAST_DRAWS = 100
ALL_ELSE = "all else"
_LEAST_EVENTS = 20
_SHAPLEY_FACTORS = 5
_SHAPLEY_MOST = 8
_FRESH_MONTHS = 6
_PAIR = re.compile(r"\s*(?P<one>[^~=]+?)\s*~\s*(?P<other>[^~=]+?)\s*=\s*(?P<value>\S+)\s*")


@dataclass(frozen=True)
class Effort:
    """How much is computed beyond the paths of the setting.

    Parameters
    ----------
    factors
        Figures that are told apart in the indices at most.
    base
        Base points of the Sobol design, a power of two; 0 for no indices at all.
    orders
        Random orders for Shapley effects; 0 for none.
    """

    factors: int = 12
    base: int = 256
    orders: int = 0


@dataclass(frozen=True)
class Known:
    """A figure that moves the answer, and what knowing it is worth.

    Parameters
    ----------
    factor
        Name.
    figure
        The figure, or the first of those that move together.
    figures
        How many figures move together.
    worth, worth_error
        Part of the 10 to 90 % range of the answer that is expected to go away when it is known, and standard error.
    explained
        Part of the variance over draws that it explains by itself.
    rises
        Whether the answer rises with it.
    p_value
        Bound on how often any of as many figures without effect would explain as much.
    """

    factor: str
    figure: Figure
    figures: int
    worth: float
    worth_error: float
    explained: float
    rises: bool
    p_value: float


@dataclass(frozen=True)
class Part:
    """What a factor or group has in the variance of the answer with chance frozen.

    Parameters
    ----------
    factor, figures
        Name, and how many figures are in it.
    first, total
        Sobol indices: alone, and with all that it does together with others.
    first_error, total_error
        Standard errors.
    """

    factor: str
    figures: int
    first: float
    first_error: float
    total: float
    total_error: float


@dataclass(frozen=True)
class Fair:
    """The Shapley effect of a factor: its part of the variance, with a 90 % interval."""

    factor: str
    figures: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Quote:
    """What a series says of the rent of the reference equipment near the as-of month, and whether draws reach it."""

    series: str
    month: str
    usd_per_hour: float
    drawn: bool


@dataclass(frozen=True)
class RentIndex:
    """The choice of a rent index: the month-0 rent of the reference equipment is drawn between its bounds."""

    factor: str
    low: float
    high: float
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class Sensitivity:
    """Which unknown matters most for an answer.

    Parameters
    ----------
    target, unit
        What was asked, and its unit; `share` for a probability.
    value, mc_error
        Mean over ignorance and chance, and Monte Carlo error.
    low, high
        10 and 90 % quantiles over ignorance, without the noise of few paths.
    draws, paths, failed
        Draws that count, paths that were simulated for them, and paths that failed.
    unknown_figures, unknown_factors
        Figures that are not known exactly, and the independent factors that move them.
    known
        Figures that are told apart from chance; the one most worth knowing first.
    parts
        Sobol indices of these and of groups of all others; empty without indices.
    base_points, base_dropped
        Points of the design that count, and those left out because a path failed.
    fair
        Shapley effects of the leading factors and of all else; empty without indices.
    orders
        Orders of factors on which they rest.
    correlations
        By `one~other`, as given.
    no_indices
        Why there are no indices; empty where there are.
    rent_index
        How the book holds the choice of a rent index; None where it is a known figure.
    """

    target: str
    unit: str
    value: float
    mc_error: float
    low: float
    high: float
    draws: int
    paths: int
    failed: int
    unknown_figures: int
    unknown_factors: int
    known: tuple[Known, ...]
    parts: tuple[Part, ...]
    base_points: int
    base_dropped: int
    fair: tuple[Fair, ...]
    orders: int
    correlations: Mapping[str, float]
    no_indices: str
    rent_index: RentIndex | None

    def to_frame(self) -> pl.DataFrame:
        """Return one row for each figure that is told apart and each group, with its worth, indices and provenance."""
        parts = {part.factor: part for part in self.parts}
        fair = {part.factor: part for part in self.fair}
        rows = []
        known = {one.factor: one for one in self.known}
        for name in dict.fromkeys([*known, *parts, *fair]):
            one, part, share = known.get(name), parts.get(name), fair.get(name)
            figure = one.figure if one else None
            counted = next(item.figures for item in (one, part, share) if item)
            rows.append(
                {
                    "factor": name, "figure": figure.name if figure else None, "figures": counted,
                    "unit": figure.unit if figure else None, "low": figure.low if figure else None,
                    "value": figure.value if figure else None, "high": figure.high if figure else None,
                    "grade": figure.grade if figure else None, "source": figure.source if figure else None,
                    "title": figure.title if figure else None, "worth": one.worth if one else None,
                    "worth_error": one.worth_error if one else None, "explained": one.explained if one else None,
                    "rises": one.rises if one else None, "first": part.first if part else None,
                    "first_error": part.first_error if part else None, "total": part.total if part else None,
                    "total_error": part.total_error if part else None, "shapley": share.share if share else None,
                    "shapley_low": share.low if share else None, "shapley_high": share.high if share else None,
                }
            )  # fmt: skip
        return pl.DataFrame(rows, _SCHEMA)


_WORDS = dict.fromkeys(("factor", "figure", "unit", "grade", "source", "title"), pl.String)
_COLUMNS = (
    "factor", "figure", "figures", "unit", "low", "value", "high", "grade", "source", "title", "worth", "worth_error",
    "explained", "rises", "first", "first_error", "total", "total_error", "shapley", "shapley_low", "shapley_high",
)  # fmt: skip
_SCHEMA = dict.fromkeys(_COLUMNS, pl.Float64) | _WORDS | {"figures": pl.Int64, "rises": pl.Boolean}


def sensitivity(
    setting: Setting,
    of: str,
    effort: Effort | None = None,
    correlated: Sequence[str] = (),
    progress: Progress | None = None,
) -> Sensitivity:
    """Find which figures that are not known exactly matter most for an answer.

    Parameters
    ----------
    setting
        From `prepare`, with several paths for each draw where chance is on, so that chance can be taken out.
    of
        A target, as `deflator.analysis.target` reads it.
    effort
        How much to compute.
    correlated
        `FACTOR~FACTOR=0.6`: correlations between the normal scores of factors, for Shapley effects.
    progress
        Told, stage by stage, the paths done and the paths asked for.

    Returns
    -------
    Sensitivity

    Raises
    ------
    RunError
        When the target or a correlation is wrong, the event happens on too few or on nearly all paths, the answer does
        not depend on what is not known, or SALib is missing.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=256, draws=128))
    >>> found = sensitivity(setting, "rent", Effort(base=0))
    >>> found.unit, found.draws, found.low < found.value < found.high
    ('USD per unit-hour', 128, True)
    """
    effort = effort or Effort()
    question = setting.question
    factors = list_factors(question.book_used, question.scenario)
    target, pairs = _checked(setting, of, effort, correlated, factors)
    values = simulate_target(setting, target, progress=progress)
    check_event(target, values, _LEAST_EVENTS)
    sample, kept = sample_of(values, setting.economy.draws, target.is_event)
    low, high = (float(level) for level in range_over_draws(sample.mean, sample.noise, sample.event))
    if not high > low:
        message = f"{target.words} does not vary over what is not known by more than chance alone explains"
        raise RunError([Fault("", 0, "--of", message, "use more --paths, or ask for another target")])
    known, leading = _ranked(setting, sample, kept, factors, effort, pairs)
    found = Sensitivity(
        target=target.words, unit=target.unit, value=float(sample.mean.mean()),
        mc_error=float(sample.mean.std(ddof=1) / np.sqrt(sample.mean.size)), low=low, high=high,
        draws=sample.mean.size, paths=values.size, failed=int(np.isnan(values).sum()),
        unknown_figures=sum(len(factor.figures) for factor in factors), unknown_factors=len(factors), known=known,
        parts=(), base_points=0, base_dropped=0, fair=(), orders=0,
        correlations={f"{one}~{other}": value for (one, other), value in pairs.items()}, no_indices="",
        rent_index=rent_index(question.book_used, factors),
    )  # fmt: skip
    if not effort.base:
        return found
    return _with_indices(found, Design(setting, target, ()), leading, factors, effort, pairs, progress)


def check_event(target: Target, values: Floats, least: int) -> None:
    """Refuse an event that happens on too few or on nearly all paths for anything to be learnt from it.

    Raises
    ------
    RunError
        When fewer than `least` paths stand on one side, or all paths failed.
    """
    good = values[~np.isnan(values)]
    if not good.size:
        raise RunError([Fault("", 0, "", f"all {values.size} paths failed", "`deflator run` tells how its paths fail")])
    happened = int(np.count_nonzero(good > 0))
    if target.is_event and not least <= happened <= good.size - least:
        also = ", or ask for headroom:NAME" if target.kind == "break" else ""
        message = f"{target.words} happens on {happened:,} of {good.size:,} paths; {least} must stand on either side"
        hint = f"use more --paths, another --scenario or a later month{also}"
        raise RunError([Fault("", 0, "", message, hint)])
    if not target.is_event and np.ptp(good) == 0.0:
        message = f"{target.words} is {good[0]:g} on all {good.size:,} paths"
        raise RunError([Fault("", 0, "", message, "ask for a target that moves")])


def _checked(
    setting: Setting, of: str, effort: Effort, correlated: Sequence[str], factors: Sequence[Factor]
) -> tuple[Target, dict[tuple[str, str], float]]:
    """Return target and correlations, or refuse with everything that is wrong."""
    faults: list[Fault] = []
    target, pairs = None, {}
    try:
        target = parse_target(of, setting, "--of")
    except RunError as error:
        faults += error.faults
    try:
        pairs = read_correlations(correlated, [factor.name for factor in factors])
    except RunError as error:
        faults += error.faults
    if not 1 <= effort.factors <= MOST_FACTORS:
        hint = f"use a number from 1 to {MOST_FACTORS}"
        faults.append(Fault("", 0, "--factors", f"{effort.factors} is out of range", hint))
    draws = setting.economy.draws
    if not setting.question.ignorance or draws < LEAST_DRAWS:
        message = f"{draws} draws of what is not known cannot tell figures apart"
        faults.append(Fault("", 0, "--ignorance", message, f"use at least {LEAST_DRAWS}, and no fewer --paths"))
    if effort.base:
        try:
            check_sobol()
        except RunError as error:
            faults += error.faults
    if faults or target is None:
        raise RunError(faults)
    return target, pairs


def read_correlations(correlated: Sequence[str], names: Sequence[str]) -> dict[tuple[str, str], float]:
    """Read correlations between factors.

    Parameters
    ----------
    correlated
        `FACTOR~FACTOR=VALUE`, the value between -1 and 1.
    names
        Factors that there are.

    Raises
    ------
    RunError
        With everything that is wrong.

    Examples
    --------
    >>> read_correlations(["a ~ b = 0.6"], ["a", "b"])
    {('a', 'b'): 0.6}
    """
    pairs: dict[tuple[str, str], float] = {}
    faults = []
    for words in correlated:
        read = _PAIR.fullmatch(words)
        if read is None:
            hint = "write FACTOR~FACTOR=0.6"
            faults.append(Fault("", 0, "--correlated", f"{quoted(words)} is not a correlation", hint))
            continue
        one, other = read["one"], read["other"]
        for name in dict.fromkeys((one, other)):
            if name not in names:
                hint = did_you_mean(name, names) or "the answer without --correlated names factors"
                faults.append(Fault("", 0, "--correlated", f"there is no unknown figure {quoted(name)}", hint))
        try:
            value = float(read["value"])
        except ValueError:
            value = np.nan
        if not -1.0 < value < 1.0 or one == other:
            message = f"{quoted(words)} does not join two figures by a number between -1 and 1"
            faults.append(Fault("", 0, "--correlated", message, "write FACTOR~FACTOR=0.6"))
        pairs[one, other] = value
    involved = dict.fromkeys(name for pair in pairs for name in pair)
    if not faults and len(involved) > _SHAPLEY_MOST:
        message = f"{len(involved)} figures are correlated"
        faults.append(Fault("", 0, "--correlated", message, f"use at most {_SHAPLEY_MOST}"))
    if not faults and pairs and np.linalg.eigvalsh(_matrix(list(involved), pairs)).min() < 1e-6:
        message = "no figures can have these correlations all at once"
        faults.append(Fault("", 0, "--correlated", message, "make some of them smaller"))
    if faults:
        raise RunError(faults)
    return pairs


def _matrix(names: Sequence[str], pairs: Mapping[tuple[str, str], float]) -> Floats:
    """Return the correlations as a matrix."""
    found = np.eye(len(names))
    for (one, other), value in pairs.items():
        i, j = names.index(one), names.index(other)
        found[i, j] = found[j, i] = value
    return found


def _ranked(
    setting: Setting,
    sample: Sample,
    kept: np.ndarray,
    factors: Sequence[Factor],
    effort: Effort,
    pairs: Mapping[tuple[str, str], float],
) -> tuple[tuple[Known, ...], list[Factor]]:
    """Screen all figures and value those that stand out; return them, and the factors to be told apart in indices."""
    uniforms = places(factors, setting)[:, kept]
    screened = screen(sample, uniforms)
    order = np.argsort(-screened.explained, kind="stable")
    chosen = [int(place) for place in order if screened.p_value[place] < LEVEL][: effort.factors]
    worth = worth_of_knowing(sample, uniforms[chosen], setting.question.seed)
    known = [
        Known(
            factors[place].name, factors[place].figures[0], len(factors[place].figures), one.share, one.error,
            float(screened.explained[place]), bool(screened.slope[place] > 0), float(screened.p_value[place]),
        )
        for place, one in zip(chosen, worth, strict=True)
    ]  # fmt: skip
    known.sort(key=lambda one: -one.worth)
    by_name = {factor.name: factor for factor in factors}
    named = dict.fromkeys([*(one.factor for one in known), *(name for pair in pairs for name in pair)])
    return tuple(known), [by_name[name] for name in named]


def _with_indices(
    found: Sensitivity,
    asked: Design,
    leading: Sequence[Factor],
    factors: Sequence[Factor],
    effort: Effort,
    pairs: Mapping[tuple[str, str], float],
    progress: Progress | None,
) -> Sensitivity:
    """Add Sobol indices of the leading figures and of groups of the others, and Shapley effects."""
    seed = asked.setting.question.seed
    told_apart = {factor.name for factor in leading}
    others = [factor for factor in factors if factor.name not in told_apart]
    design = replace(asked, factors=(*leading, *joined(others)))
    names = [factor.name for factor in design.factors]
    try:
        sobol = sobol_indices(lambda points: design.values(points, progress), names, effort.base, seed)
    except RunError as error:
        return replace(found, no_indices=error.faults[0].message)
    parts = [
        Part(factor.name, len(factor.figures), *(float(column[place]) for column in columns))
        for place, factor in enumerate(design.factors)
        for columns in [(sobol.first, sobol.first_error, sobol.total, sobol.total_error)]
    ]
    parts.sort(key=lambda part: -part.total)
    found = replace(found, parts=tuple(parts), base_points=sobol.points, base_dropped=sobol.dropped)
    if not effort.orders:
        return found
    largest = [part.factor for part in parts if part.factor in told_apart]
    return _with_shapley(found, asked, largest, factors, effort, pairs, progress)


def _with_shapley(
    found: Sensitivity,
    asked: Design,
    largest: Sequence[str],
    factors: Sequence[Factor],
    effort: Effort,
    pairs: Mapping[tuple[str, str], float],
    progress: Progress | None,
) -> Sensitivity:
    """Add Shapley effects of what is correlated, of the figures with the largest indices, and of all else as one."""
    involved = dict.fromkeys(name for pair in pairs for name in pair)
    named = list(dict.fromkeys([*involved, *largest]))[: max(_SHAPLEY_FACTORS, len(involved))]
    by_name = {factor.name: factor for factor in factors}
    rest = as_one(ALL_ELSE, [factor for factor in factors if factor.name not in named])
    few = replace(asked, factors=(*(by_name[name] for name in named), rest))
    matrix = _matrix([*named, ALL_ELSE], pairs)
    seed = asked.setting.question.seed
    shapley = shapley_effects(lambda points: few.values(points, progress), matrix, effort.orders, 4 * effort.base, seed)
    fair = [
        Fair(factor.name, len(factor.figures), float(share), float(low), float(high))
        for factor, share, low, high in zip(few.factors, shapley.share, shapley.low, shapley.high, strict=True)
    ]
    fair.sort(key=lambda part: (part.factor == ALL_ELSE, -part.share))
    return replace(found, fair=tuple(fair), orders=shapley.permutations)


def rent_index(book: Book, factors: Sequence[Factor]) -> RentIndex | None:
    """Return how a book holds the choice of a rent index.

    Indices of the same rent differ, and which of them is *the* rent is not known. The book holds that as the bounds of
    the month-0 rent of its reference equipment, which is drawn like every other figure.

    Parameters
    ----------
    book
        A loaded book.
    factors
        From `list_factors`.
    """
    address = f"equipment.{book.reference_equipment}.rent_usd_per_hour"
    for factor in factors:
        for figure in factor.figures:
            if figure.name == address:
                return RentIndex(factor.name, figure.low, figure.high, _quotes(book, figure))
    return None


def _quotes(book: Book, figure: Figure) -> tuple[Quote, ...]:
    """Return the newest quote of each series of the reference equipment, if it is recent."""
    newest: dict[str, Quote] = {}
    for row in book.table("price_history").rows:
        if row["equipment"] != book.reference_equipment or not -_FRESH_MONTHS <= book.month(row["month"]) <= 0:
            continue
        if row["series"] not in newest or newest[row["series"]].month < row["month"]:
            price = float(row["usd_per_hour"])
            newest[row["series"]] = Quote(row["series"], row["month"], price, figure.low <= price <= figure.high)
    return tuple(sorted(newest.values(), key=lambda quote: quote.usd_per_hour))
