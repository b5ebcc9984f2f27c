"""Entry odds: what buying in each month returns, and whether it pays to wait until somebody has broken.

Two measures, as no single one answers both questions. The *return* of an entry is the annual rate (XIRR) on what is
paid and received from the purchase to the horizon. The *wealth* of a plan is what one dollar of the as-of month has
become at the horizon: cash at the base rate until the purchase, and again with what is received after it. Wealth exists
on every path and is comparable between months, so regret and waiting are measured by it.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.assets import EQUIPMENT, FACILITY, Asset, Target
from deflator.analysis.loan_asset import loan_asset, loan_state
from deflator.analysis.medians import Median, median
from deflator.analysis.probability import Probability, by_draw, probability
from deflator.analysis.replay import Floats, Setting
from deflator.analysis.returns import Outcome, rates_of_return
from deflator.analysis.share_asset import share_asset, share_state
from deflator.analysis.trials import watch
from deflator.analysis.unit_asset import unit_asset, unit_state
from deflator.book.months import month_at
from deflator.book.spelling import did_you_mean, quoted
from deflator.engine import Status
from deflator.engine.layout import WORLD
from deflator.engine.record import Record
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError

#: Fewest paths on which a 5 % quantile has more than a handful below it.
FEWEST_PATHS = 100
#: A return over less than a year, made annual, says more of the calendar than of the purchase.
SHORTEST_MONTHS = 12
ANY = "any"
LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
QUANTILES = ("q05", "q25", "q50", "q75", "q95")
#: Outcomes of paths on which nothing is bought.
NOT_BOUGHT = (Outcome.NOTHING_TO_BUY, Outcome.NEXT_TO_NOTHING)
_YEAR = 12.0
#: Wealth at which a dollar counts as lost, so that one path with nothing left does not make regret endless.
_RUIN = 0.01
_OFTEN = 0.5


@dataclass(frozen=True)
class Returns:
    """Annual returns over paths.

    Parameters
    ----------
    median
        With its range and error; None where no path has a return.
    quantiles
        5, 25, 50, 75 and 95 % over the paths that have a return; total losses are among them, as -100 %.
    loss
        Share of the paths on which something was bought whose rate is below zero.
    outcomes
        Share of all paths by `Outcome`: they sum to one.
    """

    median: Median | None
    quantiles: tuple[float, ...]
    loss: Probability | None
    outcomes: Mapping[str, float]


@dataclass(frozen=True)
class Entry:
    """The odds of buying at the end of one month.

    Parameters
    ----------
    month, date
        Months after the as-of month, and the calendar month.
    price
        Median price over the paths on which there is something to buy; None without any.
    returns
        Annual returns of the purchase.
    wealth
        Annual growth of a dollar of the as-of month that waits in cash until the month.
    regret
        By how much the growth of that dollar falls short of that of the best month of the same path, in log points a
        year (0.05 is about 5 % a year): the mean over paths. Wealth below one per cent counts as one per cent.
    regret_error
        Monte Carlo standard error of it.
    """

    month: int
    date: str
    price: float | None
    returns: Returns
    wealth: Median
    regret: float
    regret_error: float

    @property
    def on_offer(self) -> float:
        """Share of paths on which something is bought."""
        outcomes = self.returns.outcomes
        return 1.0 - sum(outcomes[one.name.lower()] for one in NOT_BOUGHT)


@dataclass(frozen=True)
class Waiting:
    """Buying one month after the first hard break, beside buying now.

    Parameters
    ----------
    broken
        Whose break is waited for: a layer, an entity, or `any`.
    entered
        Share of paths with a break early enough to buy after it. On the others cash is held at the base rate.
    too_late
        Share of paths whose first break leaves less than the shortest time to hold.
    month
        Median month of the purchase, over the paths with one.
    returns
        Annual returns of the purchases; paths without one are `NOTHING_TO_BUY`.
    now, wait
        Annual growth of a dollar by the horizon over all paths: bought now, or by this plan.
    gain
        Annual growth of waiting less that of buying now, path by path.
    better, better_after_break
        Share of paths on which waiting ends with more: of all, and of those with a purchase after a break.
    """

    broken: str
    entered: Probability
    too_late: float
    month: int | None
    returns: Returns
    now: Median
    wait: Median
    gain: Median
    better: Probability
    better_after_break: Probability | None


@dataclass(frozen=True)
class EntryOdds:
    """The odds of entry by month.

    Parameters
    ----------
    target
        What is bought.
    unit
        Of the price: USD for a unit, of par, or USD m for all equity.
    entries
        By month.
    best_by_median, best_by_regret
        Month with the highest median return, of those in which at least half of the paths buy; and the month with the
        smallest mean regret.
    waiting
        Buying after the first break.
    paths, draws, horizon
        Paths that did not fail, draws, and the month of the horizon.
    """

    target: Target
    unit: str
    entries: tuple[Entry, ...]
    best_by_median: Entry | None
    best_by_regret: Entry
    waiting: Waiting
    paths: int
    draws: int
    horizon: str

    def to_frame(self) -> pl.DataFrame:
        """Return one row for each month of entry; rates are annual decimals."""
        return pl.DataFrame([_as_row(entry) for entry in self.entries], infer_schema_length=None)


def _as_row(entry: Entry) -> dict[str, object]:
    found, middle, loss = entry.returns, entry.returns.median, entry.returns.loss
    return {
        "month": entry.month,
        "date": entry.date,
        "price": entry.price,
        **dict(zip(QUANTILES, found.quantiles or (None,) * len(QUANTILES), strict=True)),
        "median_low": middle.low if middle else None,
        "median_high": middle.high if middle else None,
        "median_error": middle.mc_error if middle else None,
        "p_loss": loss.value if loss else None,
        "p_loss_low": loss.low if loss else None,
        "p_loss_high": loss.high if loss else None,
        "p_loss_error": loss.mc_error if loss else None,
        "wealth_growth": entry.wealth.value,
        "regret": entry.regret,
        "regret_error": entry.regret_error,
        **{f"share_{name}": share for name, share in found.outcomes.items()},
    }


@dataclass(frozen=True, eq=False)
class Followed:
    """Paths on which a thing can be bought, failed ones left out.

    Parameters
    ----------
    asset
        The thing.
    cash
        What a dollar of month 0 has become in cash, [T + 1, path].
    break_month
        First hard break of those waited for, 0 for none, [path].
    draw
        Draw of each path.
    """

    asset: Asset
    cash: Floats
    break_month: NDArray[np.int64]
    draw: NDArray[np.int64]


def entry_odds(
    setting: Setting, target: Target, every: int = 3, wait_for: str = ANY, progress: Progress | None = None
) -> EntryOdds:
    """Return the odds of buying a thing, by month of entry.

    Parameters
    ----------
    setting
        From `prepare`.
    target
        From `assets.target_of`.
    every
        Months between entries, from the as-of month on; the last leaves at least a year to the horizon.
    wait_for
        A layer, an entity or `any`: after whose first hard break the waiting plan buys.
    progress
        Told the paths done and the paths asked for.

    Raises
    ------
    RunError
        For too few paths, a horizon too near, a thing that nobody can buy, and nobody to wait for.

    Examples
    --------
    >>> from deflator.analysis.assets import target_of
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=100, draws=5))
    >>> found = entry_odds(setting, target_of(setting, "oc48"), every=12)
    >>> [entry.month for entry in found.entries]
    [0, 12, 24]
    """
    members = waited_for(setting, wait_for)
    _check(setting, every)
    followed = follow(setting, target, members, progress)
    return odds(setting, target, followed, every, wait_for)


def _check(setting: Setting, every: int) -> None:
    question, months = setting.question, setting.economy.months
    faults = []
    if question.paths_used < FEWEST_PATHS:
        message = f"{question.paths_used} paths are too few for quantiles of 5 and 95 %"
        faults.append(Fault("", 0, "--paths", message, f"use at least {FEWEST_PATHS}"))
    if months < SHORTEST_MONTHS:
        message = f"the horizon is {months} months away, and an entry is held for at least {SHORTEST_MONTHS}"
        faults.append(Fault("", 0, "--months", message, "use a later horizon"))
    if not 1 <= every <= max(months, 1):
        faults.append(Fault("", 0, "--every", f"{every} is out of range", f"use a number from 1 to {months}"))
    if faults:
        raise RunError(faults)


def waited_for(setting: Setting, name: str) -> NDArray[np.intp]:
    """Return the positions of those whose break is waited for."""
    economy = setting.economy
    able = economy.links["entities.can_default"][: len(economy.entities)] == 1
    layers = np.array(economy.layers)
    chosen = able & ((layers == name) | (np.array(economy.entities) == name) | (name == ANY))
    chosen &= economy.links["entities.layer"][: len(economy.entities)] != WORLD
    if not chosen.any():
        names = [ANY, *dict.fromkeys(layers[able].tolist()), *np.array(economy.entities)[able].tolist()]
        hint = did_you_mean(name, names) or f"use one of {', '.join(names[: len(set(layers[able])) + 1])}, or an entity"
        raise RunError([Fault("", 0, "--wait-for", f"there is nobody {quoted(name)} that can break", hint)])
    return np.flatnonzero(chosen)


def follow(
    setting: Setting,
    target: Target,
    members: NDArray[np.intp],
    progress: Progress | None = None,
    threads: int | None = None,
) -> Followed:
    """Simulate the paths of a question and keep what an entry needs of every month.

    Parameters
    ----------
    setting, target
        What is simulated, and what is bought.
    members
        Positions of those whose first hard break is waited for, from `waited_for`.
    progress, threads
        As for `analysis.trials.watch`.

    Raises
    ------
    RunError
        When every path fails, or on none of them there is ever anything to buy.
    """

    def keep(_: int, block: Record) -> dict[str, NDArray]:
        if target.kind == EQUIPMENT:
            state = unit_state(setting, target.position, block)
        elif target.kind == FACILITY:
            state = loan_state(setting, target.position, block)
        else:
            state = share_state(setting, target.position, block)
        broken = (block.entities.break_month[members] > 0).any(axis=0)
        return state | {"some_broken": broken, "cash_rate": np.maximum(block.world.base_rate, 0.0)}

    kept = watch(setting, keep, threads=threads, progress=progress)
    good = np.flatnonzero(kept.pop("status") == Status.OK)
    if not good.size:
        raise RunError([Fault("", 0, "", f"all {setting.question.paths_used} paths failed", "try another seed")])
    kept = {name: values[..., good] for name, values in kept.items()}
    draw = good % setting.economy.draws
    if target.kind == EQUIPMENT:
        asset = unit_asset(setting, target.position, kept, draw)
    elif target.kind == FACILITY:
        asset = loan_asset(setting, target.position, kept, draw)
    else:
        asset = share_asset(kept)
    if not any(asset.on_offer(month).any() for month in range(len(asset.price))):
        message = f"{target.name} has no price above zero on any path, so that there is nothing to buy"
        raise RunError([Fault("", 0, "THING", message, "ask for another equipment, facility or entity")])
    # A month's rate holds from the end of the month before.
    cash = np.cumprod(
        np.vstack([np.ones((1, good.size)), 1.0 + kept["cash_rate"][1:] / _YEAR]), axis=0, dtype=np.float64
    )
    broken = kept["some_broken"]
    return Followed(asset, cash, np.where(broken.any(axis=0), broken.argmax(axis=0), 0), draw)


def odds(setting: Setting, target: Target, followed: Followed, every: int, wait_for: str) -> EntryOdds:
    """Return the odds of entry from paths that were followed; parameters as for `entry_odds`."""
    question = setting.question
    horizon = len(followed.cash) - 1
    last = horizon - SHORTEST_MONTHS
    wealth = wealth_by_month(followed)
    logs = np.log(np.maximum(wealth, _RUIN)) * _YEAR / horizon
    grown = _annual(wealth, horizon)
    entries = tuple(
        _entry(setting, followed, month, grown[month], logs.max(axis=0) - logs[month])
        for month in range(0, last + 1, every)
    )
    # A month in which few paths have anything to buy is no entry point.
    medians = [entry for entry in entries if entry.returns.quantiles and entry.on_offer >= _OFTEN]
    return EntryOdds(
        target=target,
        unit={EQUIPMENT: "usd", FACILITY: "par"}.get(target.kind, "usd_m"),
        entries=entries,
        best_by_median=max(medians, key=lambda entry: entry.returns.quantiles[2], default=None),
        best_by_regret=min(entries, key=lambda entry: entry.regret),
        waiting=_waiting(setting, followed, wealth, wait_for),
        paths=len(followed.draw),
        draws=question.draws_used,
        horizon=month_at(horizon, question.book.as_of),
    )


def wealth_of(followed: Followed, month: int) -> Floats:
    """Return what a dollar becomes that is held in cash until a month and then buys, [path].

    What the purchase pays is held in cash to the horizon, what it costs afterwards is paid from cash; where there is
    nothing to buy, cash it stays.
    """
    payments = followed.asset.payments(month)
    price = -payments[0]
    to_end = followed.cash[-1] / followed.cash[month:]
    came = (payments[1:] * to_end[1:]).sum(axis=0)
    bought = price > 0.0
    wealth: Floats = followed.cash[month] * np.where(bought, came / np.where(bought, price, 1.0), to_end[0])
    return wealth


def wealth_by_month(followed: Followed) -> Floats:
    """Return what a dollar becomes that buys in each month which leaves a year to the horizon, [month, path]."""
    last = len(followed.cash) - 1 - SHORTEST_MONTHS
    return np.stack([wealth_of(followed, month) for month in range(last + 1)])


def wealth_of_waiting(followed: Followed, wealth: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what a dollar becomes that buys one month after the first break, and on which paths it buys at all.

    Parameters
    ----------
    followed
        Paths of a thing.
    wealth
        From `wealth_by_month`.
    """
    entry = followed.break_month + 1
    entered = (followed.break_month > 0) & (entry < len(wealth))
    bought = wealth[np.minimum(entry, len(wealth) - 1), np.arange(len(entry))]
    waited: Floats = np.where(entered, bought, followed.cash[-1])
    return waited, entered


def _annual(wealth: Floats, months: int) -> Floats:
    """Return the annual growth of a dollar; one that ends with nothing or less has grown by -100 %."""
    grown: Floats = np.maximum(wealth, 0.0) ** (_YEAR / months) - 1.0
    return grown


def _dates(setting: Setting, first: int, last: int) -> list[dt.date]:
    """Return the last days of some months."""
    days = []
    for month in range(first, last + 1):
        year, number = map(int, month_at(month, setting.question.book.as_of).split("-"))
        days.append(dt.date(year, number, calendar.monthrange(year, number)[1]))
    return days


def _entry(setting: Setting, followed: Followed, month: int, grown: Floats, regret: Floats) -> Entry:
    question = setting.question
    price = followed.asset.price[month][followed.asset.on_offer(month)]
    every_path = np.ones(len(followed.draw), dtype=np.bool_)
    rates, outcomes = _bought(setting, followed, month, every_path)
    wealth = median(grown, followed.draw, question.seed, question.chance)
    assert wealth is not None
    return Entry(
        month=month,
        date=month_at(month, question.book.as_of),
        price=float(np.median(price)) if price.size else None,
        returns=_returns(setting, rates, outcomes, followed.draw),
        wealth=wealth,
        regret=float(regret.mean()),
        regret_error=mean_error(regret, followed.draw),
    )


def _bought(setting: Setting, followed: Followed, month: int, at: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.int8]]:
    """Return the rate and the outcome of buying at the end of a month, on some of the paths."""
    asset = followed.asset
    rates, outcomes = rates_of_return(_dates(setting, month, len(followed.cash) - 1), asset.payments(month)[:, at])
    priced = (asset.price[month] > 0.0) & ~asset.on_offer(month) & (asset.least > 0.0)
    outcomes[priced[at]] = Outcome.NEXT_TO_NOTHING
    return rates, outcomes


def _returns(setting: Setting, rates: Floats, outcomes: NDArray[np.int8], draw: NDArray[np.int64]) -> Returns:
    question = setting.question
    known = rates[~np.isnan(rates)]
    lost = np.nan_to_num(rates) < 0.0
    bought = ~np.isin(outcomes, NOT_BOUGHT)
    return Returns(
        median=median(rates, draw, question.seed, question.chance),
        quantiles=tuple(float(level) for level in np.quantile(known, LEVELS)) if known.size else (),
        loss=share(lost[bought], draw[bought], question.chance),
        outcomes={one.name.lower(): float((outcomes == one).mean()) for one in Outcome},
    )


def share(happens: NDArray[np.bool_], draw: NDArray[np.int64], chance: bool) -> Probability | None:
    """Return the share of paths on which something happens; None without paths."""
    if not happens.size:
        return None
    return probability(*by_draw(happens, draw), chance)


def mean_error(values: Floats, draw: NDArray[np.int64]) -> float:
    """Return the standard error of a mean over paths that come in draws (Cochran 1977, chapter 9A).

    Examples
    --------
    >>> round(mean_error(np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1])), 3)
    1.0
    """
    clusters = len(np.unique(draw))
    groups = draw if clusters > 1 else np.arange(len(values))
    count = max(clusters, len(values) if clusters < 2 else 0)
    if count < 2:
        return float("inf")
    off = np.bincount(groups, values - values.mean())
    return float(np.sqrt(count / (count - 1) * (off**2).sum()) / len(values))


def _waiting(setting: Setting, followed: Followed, wealth: Floats, broken: str) -> Waiting:
    question = setting.question
    horizon = len(followed.cash) - 1
    entry = followed.break_month + 1
    ends, entered = wealth_of_waiting(followed, wealth)
    now, waited = _annual(wealth[0], horizon), _annual(ends, horizon)
    rates, outcomes = np.full(len(entry), np.nan), np.full(len(entry), Outcome.NOTHING_TO_BUY, dtype=np.int8)
    for month in np.unique(entry[entered]):
        at = entered & (entry == month)
        rates[at], outcomes[at] = _bought(setting, followed, int(month), at)
    chance, draw = question.chance, followed.draw
    middles = [median(values, draw, question.seed, chance) for values in (now, waited, waited - now)]
    shares = [share(entered, draw, chance), share(waited > now, draw, chance)]
    assert all(one is not None for one in (*middles, *shares))
    return Waiting(
        broken=broken,
        entered=shares[0],  # type: ignore[arg-type]
        too_late=float(((followed.break_month > 0) & ~entered).mean()),
        month=int(np.median(entry[entered])) if entered.any() else None,
        returns=_returns(setting, rates, outcomes, draw),
        now=middles[0],  # type: ignore[arg-type]
        wait=middles[1],  # type: ignore[arg-type]
        gain=middles[2],  # type: ignore[arg-type]
        better=shares[1],  # type: ignore[arg-type]
        better_after_break=share((waited > now)[entered], draw[entered], chance),
    )
