"""A second opinion: default probabilities from the value of a firm's assets, beside those of the engine.

Both models read the same book. In the value models (Merton, Black and Cox) a firm defaults when its assets are worth
less than its debt; they know nothing of cash, maturities met by the market, covenants or other firms. In the engine a
firm breaks when it cannot pay, whatever it is worth. Where the two differ, one of these is why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.probability import Probability, by_draw, probability
from deflator.analysis.replay import Floats, Setting, walk
from deflator.book import Book
from deflator.book.cells import Row
from deflator.credit import amortisation_schedule, black_cox_default_probability, merton_default_probability
from deflator.engine import Status, Trigger
from deflator.engine.layout import HOURS_PER_MONTH, LANES, LENDER, MILLION
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError

_LATER_DEBT = 0.5
_YEAR = 12.0
#: Fewest changes of value from which a volatility is taken.
_FEWEST = 24


@dataclass(frozen=True)
class Odds:
    """Default probabilities of a firm up to a horizon.

    Parameters
    ----------
    months
        Horizon.
    due_musd
        Debt of the as-of date that falls due by then, USD m.
    default_point_musd
        That, and half of the debt due later: below it lenders are taken to act.
    merton
        Probability that assets are below the default point at the horizon.
    black_cox
        Probability that they are at any time up to it.
    value
        Share of the engine's own paths on which they are in any month up to it: the value models' event without
        their lognormal assets.
    engine
        Share of paths on which the firm breaks.
    """

    months: int
    due_musd: float
    default_point_musd: float
    merton: float
    black_cox: float
    value: float
    engine: Probability


@dataclass(frozen=True)
class Challenge:
    """Both models' view of a firm.

    Parameters
    ----------
    entity, name
        Id, and name as people know it.
    debt_musd, equity_musd, assets_musd
        Debt drawn, equity value, and their sum, at the as-of date, USD m.
    volatility
        Standard deviation of monthly log changes of debt plus equity around the mean of the month over paths, times
        the root of twelve.
    odds
        By horizon.
    breaks
        Paths on which the firm breaks in the engine, up to the last horizon.
    solvent_breaks
        Share of these on which its equity was above zero when it broke; None without breaks.
    triggers
        Share of the breaks by `Trigger`.
    """

    entity: str
    name: str
    debt_musd: float
    equity_musd: float
    assets_musd: float
    volatility: float
    odds: tuple[Odds, ...]
    breaks: int
    solvent_breaks: float | None
    triggers: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Values:
    """What firms were worth on the paths that did not fail, and when they broke.

    Parameters
    ----------
    debt, equity
        USD m, shape [T + 1, entity, path].
    break_month, trigger
        Shape [entity, path]; 0 where there is none.
    draw
        Draw of each path.
    """

    debt: Floats
    equity: Floats
    break_month: NDArray[np.int64]
    trigger: NDArray[np.int64]
    draw: NDArray[np.int64]


def follow_values(setting: Setting, progress: Progress | None = None) -> Values:
    """Simulate the paths of a question and keep what every firm owes and is worth, month by month.

    Parameters
    ----------
    setting
        From `prepare`.
    progress
        Told the paths done and the paths asked for, from time to time.

    Raises
    ------
    RunError
        When every path fails.
    """
    paths, count = setting.question.paths_used, len(setting.economy.entities)
    parts: list[tuple[NDArray, ...]] = []
    for first in range(0, paths, LANES):
        numbers = np.arange(first, min(first + LANES, paths))
        owed, worth = [], []
        for _, block in walk(setting, numbers):
            owed.append(block.entities.debt[:count].copy())
            worth.append(block.entities.equity[:count].copy())
        good = np.flatnonzero(block.ledger.status[: len(numbers)] == Status.OK)
        ends = (block.entities.break_month[:count, good], block.entities.break_trigger[:count, good])
        parts.append((np.stack(owed)[..., good], np.stack(worth)[..., good], *ends, numbers[good]))
        if progress:
            progress(int(numbers[-1]) + 1, paths)
    debt, equity, months, triggers, good = (np.concatenate(columns, axis=-1) for columns in zip(*parts, strict=True))
    if not good.size:
        message = f"all {paths} paths failed, so there is nothing to compare"
        raise RunError([Fault("", 0, "", message, "try another seed")])
    return Values(debt, equity, months, triggers, good % setting.economy.draws)


def balance(setting: Setting, position: int) -> tuple[float, float]:
    """Return debt and equity value of a firm at the as-of date, as the book has them, USD m.

    Raises
    ------
    RunError
        When the firm has no debt or no equity value in the book, or is a lender.
    """
    book, entity = setting.question.book, setting.economy.entities[position]
    row = book.table("entities").rows[book.table("entities").index[entity]]
    debt = sum(float(facility["drawn_musd"] or 0.0) for facility in _facilities(setting, position))
    equity = float(row["equity_value_musd"] or 0.0)
    missing = []
    if setting.economy.links["entities.layer"][position] == LENDER:
        missing.append("is a lender: what funds it is not in the book")
    else:
        missing += [] if debt > 0.0 else ["has no debt drawn in the book"]
        missing += [] if equity > 0.0 else ["has no equity value in the book"]
    if missing:
        hint = "a value model needs debt and equity; name no firm, and all that have them are compared"
        raise RunError([Fault("", 0, "ENTITY", f"{entity} {reason}", hint) for reason in missing])
    return debt, equity


def challenge(setting: Setting, position: int, values: Values, horizons: Sequence[int]) -> Challenge:
    """Compare the engine's default probabilities of a firm with those of the value models.

    Parameters
    ----------
    setting
        From `prepare`.
    position
        Of the firm.
    values
        From `follow_values`.
    horizons
        Months after the as-of month.

    Returns
    -------
    Challenge
        Probabilities of the value models are risk-neutral: assets are expected to grow at the base rate.

    Raises
    ------
    RunError
        When debt or equity is missing, or too little happens to measure a volatility.

    References
    ----------
    Merton (1974), Journal of Finance 29; Black and Cox (1976), Journal of Finance 31. Default point: Crosbie and Bohn
    (2003), Modeling Default Risk, Moody's KMV.
    """
    debt, equity = balance(setting, position)
    worth = values.debt[:, position] + values.equity[:, position]
    months, trigger = values.break_month[position], values.trigger[position]
    moves = volatility(worth, months)
    if moves is None:
        message = f"{setting.economy.entities[position]} breaks before its value has moved"
        raise RunError([Fault("", 0, "ENTITY", message, "ask for more paths with --paths")])
    odds = []
    for horizon in horizons:
        due = sum(due_by(setting.question.book, row, horizon) for row in _facilities(setting, position))
        point = due + _LATER_DEBT * (debt - due)
        fell = (_alive(worth, months)[: horizon + 1] & (worth[: horizon + 1] < point)).any(axis=0)
        terms = (debt + equity, point, _base_rate(setting.question.book), moves, horizon / _YEAR)
        odds.append(
            Odds(
                months=horizon,
                due_musd=due,
                default_point_musd=point,
                merton=float(merton_default_probability(*terms)),
                black_cox=float(black_cox_default_probability(*terms)),
                value=float(fell.mean()),
                engine=_engine_odds(setting, values, (months > 0) & (months <= horizon)),
            )
        )
    broke = np.flatnonzero((months > 0) & (months <= max(horizons)))
    names = Counter(Trigger(code).name.lower() for code in trigger[broke].tolist())
    entity = setting.economy.entities[position]
    solvent = values.equity[months[broke], position, broke] > 0.0
    return Challenge(
        entity=entity,
        name=setting.labels[entity],
        debt_musd=debt,
        equity_musd=equity,
        assets_musd=debt + equity,
        volatility=moves,
        odds=tuple(odds),
        breaks=len(broke),
        solvent_breaks=float(solvent.mean()) if broke.size else None,
        triggers={name: count / len(broke) for name, count in names.most_common()},
    )


def _alive(worth: Floats, months: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return the months up to the break; shape [T + 1, path]."""
    return (months == 0) | (np.arange(len(worth))[:, None] <= months)


def volatility(worth: Floats, months: NDArray[np.int64]) -> float | None:
    """Return the yearly volatility of what a firm is worth, up to its break.

    A change counts as far as it differs from the mean of its month over paths: growth that all paths share, such as
    loans drawn on schedule, is no risk.

    Parameters
    ----------
    worth
        Debt plus equity, shape [T + 1, path].
    months
        Month of the break, 0 for none; shape [path].

    Returns
    -------
    float or None
        None when there are too few changes between values above zero.

    Examples
    --------
    Up or down by a tenth, month after month, on fifty paths:

    >>> steps = np.random.default_rng(1).choice([-0.1, 0.1], (24, 50))
    >>> worth = 100.0 * np.exp(np.cumsum(np.vstack([np.zeros(50), steps]), axis=0))
    >>> round(volatility(worth, np.zeros(50, dtype=int)), 2)
    0.35
    """
    above = worth > 0.0
    counted = above[1:] & above[:-1] & _alive(worth, months)[1:]
    logs = np.log(np.where(above, worth, 1.0))
    changes = np.where(counted, np.diff(logs, axis=0), np.nan)
    several = counted.sum(axis=1) > 1
    surprises = [row[~np.isnan(row)] for row in changes[several]]
    if sum(row.size for row in surprises) < _FEWEST:
        return None
    # Each month's mean takes one degree of freedom.
    squares = sum(float(((row - row.mean()) ** 2).sum()) for row in surprises)
    found = float(np.sqrt(_YEAR * squares / sum(row.size - 1 for row in surprises)))
    return found if found > 0.0 else None


def due_by(book: Book, facility: Row, horizon: int) -> float:
    """Return how much of the principal drawn at the as-of date falls due in the months up to a horizon, USD m.

    Parameters
    ----------
    book
        The book of the facility.
    facility
        Its row.
    horizon
        Months after the as-of month.
    """
    drawn, left = float(facility["drawn_musd"] or 0.0), book.month(str(facility["maturity"]))
    profile = str(facility["profile"])
    if drawn <= 0.0 or left <= horizon:
        return drawn
    if profile in ("linear", "level"):
        rate = float(facility["rate_or_spread"] or 0.0)
        rate += _base_rate(book) if facility["rate_kind"] == "floating" else 0.0
        return float(amortisation_schedule(profile, drawn, rate, left).principal[:horizon].sum())
    if profile == "bullet":
        return 0.0
    flows = dict(_instalments(book, facility) if profile == "schedule" else _contracted(book, facility, left))
    total = sum(flows.values())
    early = sum(flow for month, flow in flows.items() if month <= horizon)
    return drawn * early / total if total > 0.0 else 0.0


def _instalments(book: Book, facility: Row) -> Iterator[tuple[int, float]]:
    for row in book.table("amortisation").rows:
        if row["facility"] == facility["facility"] and book.month(str(row["month"])) > 0:
            yield book.month(str(row["month"])), float(row["principal_musd"])


def _contracted(book: Book, facility: Row, left: int) -> Iterator[tuple[int, float]]:
    """Yield what the contracts pledged to a facility bill each month, USD m."""
    table = book.table("contracts")
    pledged = [table.rows[table.index[name]] for name in facility["collateral"] or () if name in table.index]
    for month in range(1, left + 1):
        yield (
            month,
            sum(
                row["units"] * row["rent_usd_per_hour"] * HOURS_PER_MONTH / MILLION
                for row in pledged
                if book.month(str(row["start"])) <= month < book.month(str(row["end"]))
            ),
        )


def _facilities(setting: Setting, position: int) -> list[Row]:
    """Return the loans of a firm and of those that it pays for."""
    book, economy = setting.question.book, setting.economy
    account = economy.links["entities.account"]
    return [
        row
        for row in book.table("facilities").rows
        if account[economy.entities.index(str(row["borrower"]))] == position
    ]


def _base_rate(book: Book) -> float:
    market = book.table("market")
    return float(market.rows[market.index["base_rate"]]["value"])


def _engine_odds(setting: Setting, values: Values, broke: NDArray[np.bool_]) -> Probability:
    return probability(*by_draw(broke, values.draw), setting.question.chance)
