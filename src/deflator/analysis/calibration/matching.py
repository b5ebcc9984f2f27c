"""History matching: which draws of the model's parameters dated observations rule out, and which they cannot."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Setting, prepare
from deflator.analysis.trials import watch
from deflator.book import Book
from deflator.engine.layout import APPLICATION, LAB
from deflator.engine.record import Record
from deflator.ensemble import Progress, Question
from deflator.errors import Fault, RunError
from deflator.scenario import load_scenario

Floats = NDArray[np.float64]

#: A draw is ruled out when an observation is further off than three standard deviations (Pukelsheim 1994: whatever
#: unimodal law, 95 % lie within).
RULED_OUT = 3.0
_MONTHS = 12
_DRAWDOWN = 0.6  # fall of technology shares in the bust that the venture figure is of
_LEAST_LEFT = 20


@dataclass(frozen=True)
class Observation:
    """Something that was seen, and how near a model can be expected to come to it.

    Parameters
    ----------
    observation, book
        Short name, and the book it belongs to; empty where it is of a comparable market and counts for every book.
    quantity
        What of the model it is held against: a key of `QUANTITIES`.
    date, value, tolerance, unit
        When, what, and the standard deviation of measurement and of what the model leaves out together, a judgement.
    market, title, url, note
        Where it was seen, in which document, and how it was read.
    """

    observation: str
    book: str
    quantity: str
    date: str
    value: float
    tolerance: float
    unit: str
    market: str
    title: str
    url: str
    note: str


@cache
def observations() -> tuple[Observation, ...]:
    """Return every observation of the table beside this module.

    Examples
    --------
    >>> sorted({one.market for one in observations()})[:3]
    ['US bankruptcies', 'aircraft', 'compute']
    """
    text = (resources.files("deflator.analysis.calibration") / "observations.csv").read_text(encoding="utf-8")
    return tuple(
        Observation(**{**row, "value": float(row["value"]), "tolerance": float(row["tolerance"])})  # type: ignore[arg-type]
        for row in csv.DictReader(text.splitlines())
    )


@dataclass(frozen=True, eq=False)
class Seen:
    """What a quantity is computed from.

    Parameters
    ----------
    parameter
        Draws of a parameter by name, [draw].
    openness
        Funding openness, [month, path of a draw, draw].
    raised
        USD m that labs and applications raised, [month, path of a draw, draw].
    """

    parameter: Callable[[str], Floats]
    openness: Floats
    raised: Floats


#: Mean and standard deviation by chance of a quantity in each draw.
Quantity = Callable[[Seen], tuple[Floats, Floats]]


def _spread_move(seen: Seen) -> tuple[Floats, Floats]:
    """Return the widest rise of the spread of new loans over two months of the first year: slope x fall of openness."""
    fall = (seen.openness[:-2] - seen.openness[2:]).max(axis=0)
    move = seen.parameter("spread_funding_slope") * fall
    return move.mean(axis=0), move.std(axis=0)


def _lab_raises(seen: Seen) -> tuple[Floats, Floats]:
    """Return what labs and applications raise in the first year."""
    raised = seen.raised[1:].sum(axis=0)
    return raised.mean(axis=0), raised.std(axis=0)


def _certain(name: str) -> Quantity:
    """Return the quantity that is a parameter itself."""

    def quantity(seen: Seen) -> tuple[Floats, Floats]:
        drawn = seen.parameter(name)
        return drawn, np.zeros_like(drawn)

    return quantity


def _site_delay(seen: Seen) -> tuple[Floats, Floats]:
    return seen.parameter("delivery_delay_mean_months"), seen.parameter("delivery_delay_std_months")


def _forced_sale_discount(seen: Seen) -> tuple[Floats, Floats]:
    """Return the discount when a month's depth is sold by force: 1 - exp(-κ)."""
    discount = -np.expm1(-seen.parameter("price_impact_kappa"))
    return discount, np.zeros_like(discount)


def _restructuring_share(seen: Seen) -> tuple[Floats, Floats]:
    shut = 1.0 - seen.parameter("funding_openness_base")
    share = seen.parameter("restructuring_probability_base") - seen.parameter("restructuring_funding_slope") * shut
    return np.clip(share, 0.0, 1.0), np.zeros_like(share)


def _openness_after_drawdown(seen: Seen) -> tuple[Floats, Floats]:
    """Return the openness to which a lasting drawdown leads, over openness before."""
    base = seen.parameter("funding_openness_base")
    target = np.log(base / (1.0 - base)) - seen.parameter("confidence_weight_drawdown") * _DRAWDOWN
    left = 1.0 / (1.0 + np.exp(-target)) / base
    return left, np.zeros_like(left)


QUANTITIES: Mapping[str, tuple[Quantity, tuple[str, ...]]] = {
    "spread_move_two_months": (_spread_move, ("spread_funding_slope", "funding_volatility", "funding_mean_reversion")),
    "lab_raises_first_year": (_lab_raises, ("funding_openness_base", "round_size_months_of_burn",
                                            "equity_sale_max_share_annual")),
    "spread_other": (_certain("spread_base_subig"), ("spread_base_subig",)),
    "site_delay": (_site_delay, ("delivery_delay_mean_months", "delivery_delay_std_months")),
    "forced_sale_discount": (_forced_sale_discount, ("price_impact_kappa",)),
    "recovery_lag": (_certain("recovery_lag_months"), ("recovery_lag_months",)),
    "relet_void": (_certain("relet_void_months"), ("relet_void_months",)),
    "restructuring_share": (_restructuring_share, ("restructuring_probability_base", "restructuring_funding_slope")),
    "openness_after_drawdown": (_openness_after_drawdown, ("confidence_weight_drawdown", "funding_openness_base")),
}  # fmt: skip
#: Parameters asked for that no observation touches, and why.
UNSEEN: Mapping[str, str] = {
    "demand_price_elasticity_scale": "no_quantities",
    "confidence_weight_losses": "no_losses",
    "confidence_weight_vendor": "no_pull_back",
    "market_depth_units_per_month": "no_volumes",
    "price_impact_recovery_months": "no_volumes",
    "delay_termination_hazard": "no_cancellation",
}


@dataclass(frozen=True)
class Match:
    """One observation against all draws.

    Parameters
    ----------
    observation
        What was seen.
    low, median, high
        Quantity in the draws: 5 %, 50 % and 95 %.
    implausibility
        Median over draws of the distance, in standard deviations of chance and tolerance together.
    ruled_out
        Share of draws that this observation alone rules out.
    """

    observation: Observation
    low: float
    median: float
    high: float
    implausibility: float
    ruled_out: float


@dataclass(frozen=True)
class Range:
    """One parameter before and after.

    Parameters
    ----------
    parameter
        Which one.
    low, high
        5 % and 95 % of all draws.
    kept_low, kept_high
        The same of the draws that are left.
    narrowed
        Share of the width that is gone.
    """

    parameter: str
    low: float
    high: float
    kept_low: float
    kept_high: float
    narrowed: float


@dataclass(frozen=True, eq=False)
class Matching:
    """What dated observations say of the other parameters.

    Parameters
    ----------
    matches
        Each observation.
    draws, kept
        Draws, and share of them that no observation rules out.
    conflicts
        Pairs of observations of the same quantity that no draw meets together.
    ranges
        Parameters that some observation touches, those narrowed most first.
    unseen
        Parameters that none touches, with the key of the reason.
    """

    matches: tuple[Match, ...]
    draws: int
    kept: float
    conflicts: tuple[tuple[str, str], ...]
    ranges: tuple[Range, ...]
    unseen: Mapping[str, str]


def match_history(
    book: Book, draws: int = 512, paths: int = 4, seed: int = 2026, progress: Progress | None = None
) -> Matching:
    """Hold draws of the model's parameters against dated observations.

    Parameters
    ----------
    book
        Any loaded book; observations of other books do not count.
    draws
        Draws of everything that is not known.
    paths
        Paths for each draw, over which chance is averaged.
    seed
        Of the draws.
    progress
        Told paths done and all paths.

    Raises
    ------
    RunError
        When fewer than twenty draws are left: the observations contradict the book, or each other.

    References
    ----------
    Craig, Goldstein, Seheult and Smith (1997), Pressure matching for hydrocarbon reservoirs, in Case Studies in
    Bayesian Statistics III: implausibility |z - E(f)| / √(variance of all that is between them).
    """
    seen = _simulate(book, draws, paths, seed, progress)
    wanted = [one for one in observations() if one.book in ("", book.name)]
    found = {one.observation: QUANTITIES[one.quantity][0](seen) for one in wanted}
    far = {one.observation: implausibility(*found[one.observation], one) for one in wanted}
    conflicts = _conflicts(wanted, far)
    worst = np.max([_of_quantity(name, wanted, far) for name in dict.fromkeys(one.quantity for one in wanted)], axis=0)
    left = worst <= RULED_OUT
    if left.sum() < _LEAST_LEFT:
        message = f"{int(left.sum())} of {draws} draws are left, fewer than {_LEAST_LEFT}"
        raise RunError([Fault("", 0, "observations", message, "use more draws, or widen the ranges of the book")])
    touched = dict.fromkeys(name for one in wanted for name in QUANTITIES[one.quantity][1])
    ranges = sorted((_range(name, seen.parameter(name), left) for name in touched), key=lambda one: -one.narrowed)
    matches = tuple(_match(one, found[one.observation][0], far[one.observation]) for one in wanted)
    return Matching(matches, draws, float(left.mean()), conflicts, tuple(ranges), UNSEEN)


def implausibility(mean: Floats, deviation: Floats, observed: Observation) -> Floats:
    """Return how far an observation is from each draw, in standard deviations of chance and tolerance together.

    Examples
    --------
    >>> seen = Observation("o", "", "q", "2025", 3.0, 4.0, "", "", "", "", "")
    >>> implausibility(np.array([3.0, 13.0]), np.array([0.0, 3.0]), seen).tolist()
    [0.0, 2.0]
    """
    return np.abs(mean - observed.value) / np.sqrt(deviation**2 + observed.tolerance**2)


def _of_quantity(quantity: str, wanted: Sequence[Observation], far: Mapping[str, Floats]) -> Floats:
    """Return the distance of a quantity: to the nearest of its observations, which are of different markets and states.

    Two observations of one quantity that lie apart say that it varies: a draw need meet one of them.
    """
    return np.min([far[one.observation] for one in wanted if one.quantity == quantity], axis=0)


def _conflicts(wanted: Sequence[Observation], far: Mapping[str, Floats]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for place, one in enumerate(wanted):
        for other in wanted[place + 1 :]:
            if one.quantity == other.quantity:
                both = (far[one.observation] <= RULED_OUT) & (far[other.observation] <= RULED_OUT)
                if not both.any():
                    pairs.append((one.observation, other.observation))
    return tuple(pairs)


def _match(one: Observation, quantity: Floats, far: Floats) -> Match:
    low, median, high = (float(level) for level in np.quantile(quantity, [0.05, 0.5, 0.95]))
    return Match(one, low, median, high, float(np.median(far)), float((far > RULED_OUT).mean()))


def _range(name: str, drawn: Floats, left: NDArray[np.bool_]) -> Range:
    low, high = (float(level) for level in np.quantile(drawn, [0.05, 0.95]))
    kept_low, kept_high = (float(level) for level in np.quantile(drawn[left], [0.05, 0.95]))
    width = high - low
    return Range(name, low, high, kept_low, kept_high, 1.0 - (kept_high - kept_low) / width if width > 0.0 else 0.0)


def _simulate(book: Book, draws: int, paths: int, seed: int, progress: Progress | None) -> Seen:
    question = Question(book, load_scenario("base"), paths=draws * paths, draws=draws, seed=seed)
    setting: Setting = prepare(question)
    layer = setting.economy.links["entities.layer"]
    places = np.flatnonzero((layer == LAB) | (layer == APPLICATION))

    def keep(month: int, block: Record) -> dict[str, Floats]:
        return {
            "openness": block.world.openness.copy(),
            "raised": block.entities.raised[places].sum(axis=0),
        }

    kept = watch(setting, keep, draws * paths, progress=progress, last=min(_MONTHS, setting.economy.months))
    shape = (-1, paths, draws)
    return Seen(setting.figures.parameter, kept["openness"].reshape(shape), kept["raised"].reshape(shape))
