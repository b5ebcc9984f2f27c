"""Through which channel: what each channel adds to losses and breaks, as its Shapley value on common random numbers.

The game: a coalition is a set of channels that are on while all others are off, and its worth is what then happens on
the same paths. Channels that the scenario has off are off throughout and take no part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from deflator.analysis.coalitions import Plan, Play, Played, play_all
from deflator.analysis.probability import Estimate, by_draw, estimate
from deflator.analysis.replay import Setting, position_of
from deflator.analysis.trials import varied
from deflator.book.spelling import did_you_mean, quoted
from deflator.engine import Economy, Status, simulate
from deflator.engine.layout import LANES
from deflator.engine.positions import CHANNELS
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError

Floats = NDArray[np.float64]
SYSTEM, LOSS, BREAK = "system_loss", "loss", "break"
PAIRS = 2
_FEWEST_PAIRS, _FEWEST_PATHS = 2, 8
_CONFIDENCE = 0.975


@dataclass(frozen=True)
class Outcome:
    """What is attributed.

    Parameters
    ----------
    kind
        `system_loss` (losses of all holders), `loss` (of one holder) or `break` (probability that an entity does).
    entity
        Holder or entity; empty for the system.
    position
        Row in the arrays of `Played`.
    """

    kind: str
    entity: str
    position: int

    @property
    def unit(self) -> str:
        """USD m, or a share of paths."""
        return "share" if self.kind == BREAK else "musd"


@dataclass(frozen=True)
class Part:
    """What one channel adds.

    Parameters
    ----------
    channel
        Name.
    value
        Shapley value; `mc_error` counts paths and orders.
    path_error, order_error
        Standard errors for want of paths and draws, and for want of orders in which channels are switched on.
    margin
        Half of the 95 % interval around the value.
    alone, last
        What it adds when all others are off, and when all others are on; None where not played.
    """

    channel: str
    value: Estimate
    path_error: float
    order_error: float
    margin: float
    alone: Estimate | None
    last: Estimate | None


@dataclass(frozen=True)
class Division:
    """An outcome divided among channels.

    Parameters
    ----------
    outcome
        What is divided.
    first_round, all_on, total
        With all channels off, with all on, and the difference.
    amplification, amplification_error
        `all_on` over `first_round` and its Monte Carlo error; None where nothing happens in the first round.
    parts
        What each channel adds, the largest first; the values sum to `total`.
    interactions
        Shapley interaction index of two channels, the largest first; empty unless every coalition was played.
    """

    outcome: Outcome
    first_round: Estimate
    all_on: Estimate
    total: Estimate
    amplification: float | None
    amplification_error: float | None
    parts: tuple[Part, ...]
    interactions: Mapping[tuple[str, str], Estimate]

    def whole(self) -> dict[str, Any]:
        """Return what is divided, beside its parts, for a document."""
        return {
            "outcome": self.outcome.kind,
            "entity": self.outcome.entity or None,
            "unit": self.outcome.unit,
            "first_round": self.first_round,
            "all_on": self.all_on,
            "total": self.total,
            "amplification": self.amplification,
            "amplification_error": self.amplification_error,
        }


@dataclass(frozen=True, eq=False)
class Attribution:
    """The game as it was played; every outcome can be divided from it.

    Parameters
    ----------
    setting
        What was simulated.
    players, absent
        Channels that take part, and those that the scenario has off.
    plan, played
        How coalitions were chosen, and what they brought about.
    outcomes
        All that can be divided.
    """

    setting: Setting
    players: tuple[str, ...]
    absent: tuple[str, ...]
    plan: Plan
    played: Played
    outcomes: tuple[Outcome, ...]

    def played_as(self) -> dict[str, Any]:
        """Return how the game was played, for the head of a document."""
        return {
            "channels": self.players,
            "channels_off": self.absent,
            "exact": self.plan.exact,
            "orders": None if self.plan.exact else 2 * (self.plan.pairs or 0),
            "sets_played": self.played.coalitions,
        }

    def divide(self, outcome: Outcome) -> Division:
        """Divide one outcome among the channels."""
        at, played = outcome.position, self.played
        none, everyone = played.none[at], played.everyone[at]
        ratio, ratio_error = self._ratio(everyone, none)
        parts = [self._part(player, outcome) for player in range(len(self.players))]
        pairs: dict[tuple[str, str], Estimate] = {}
        if played.interactions is not None:
            found = {
                (self.players[one], self.players[other]): self._estimate(played.interactions[one, other, at], outcome)
                for one in range(len(self.players))
                for other in range(one + 1, len(self.players))
            }
            pairs = dict(sorted(found.items(), key=lambda pair: -abs(pair[1].value)))
        return Division(
            outcome=outcome,
            first_round=self._estimate(none, outcome),
            all_on=self._estimate(everyone, outcome),
            total=self._estimate(everyone - none, outcome),
            amplification=ratio,
            amplification_error=ratio_error,
            parts=tuple(sorted(parts, key=lambda part: (-abs(part.value.value), part.channel))),
            interactions=pairs,
        )

    def to_frame(self) -> pl.DataFrame:
        """Return what each channel adds to each outcome, in USD m or shares of paths; a row each."""
        return parts_frame([self.divide(outcome) for outcome in self.outcomes])

    def _part(self, player: int, outcome: Outcome) -> Part:
        at, played = outcome.position, self.played
        value = self._estimate(played.values[player, at], outcome)
        orders = float(played.order_error[player, at])
        draws = min(self.setting.economy.draws, played.path.size)
        freedom = draws - 1 if draws > 1 else played.path.size - 1
        margin = math.hypot(
            stdtrit(max(freedom, 1), _CONFIDENCE) * value.mc_error,
            stdtrit(played.order_freedom, _CONFIDENCE) * orders if orders else 0.0,
        )
        return Part(
            channel=self.players[player],
            value=Estimate(value.value, value.low, value.high, math.hypot(value.mc_error, orders)),
            path_error=value.mc_error,
            order_error=orders,
            margin=margin,
            alone=None if played.alone is None else self._estimate(played.alone[player, at], outcome),
            last=None if played.last is None else self._estimate(played.last[player, at], outcome),
        )

    def _estimate(self, by_path: Floats, outcome: Outcome) -> Estimate:
        draw = self.played.path % self.setting.economy.draws
        found = estimate(*by_draw(by_path, draw), self.setting.question.chance)
        if outcome.kind != BREAK:
            return found
        # A share that moved on no path is not known exactly: one more path for, one against (Bonett and Price 2012).
        floor = math.sqrt(2.0) / (by_path.size + 2)
        return Estimate(found.value, found.low, found.high, max(found.mc_error, floor))

    def _ratio(self, above: Floats, below: Floats) -> tuple[float | None, float | None]:
        """Return the ratio of two means over paths, and its error by the delta method, by draw if there are several."""
        if not below.sum() > 0.0:
            return None, None
        ratio = float(above.sum() / below.sum())
        misses = above - ratio * below
        draws = self.setting.economy.draws
        if draws > 1:
            misses = np.bincount(self.played.path % draws, misses, draws).astype(np.float64)
        count = misses.size
        return ratio, math.sqrt(count / max(count - 1, 1) * float((misses**2).sum())) / float(below.sum())


def parts_frame(divisions: list[Division]) -> pl.DataFrame:
    """Return what each channel adds to some outcomes, a row each."""
    rows = [
        {
            "outcome": division.outcome.kind, "entity": division.outcome.entity or None,
            "unit": division.outcome.unit, "channel": part.channel,
            "value": part.value.value, "low": part.value.low, "high": part.value.high,
            "mc_error": part.value.mc_error, "path_error": part.path_error, "order_error": part.order_error,
            "margin": part.margin,
            "alone": part.alone and part.alone.value, "alone_error": part.alone and part.alone.mc_error,
            "last": part.last and part.last.value, "last_error": part.last and part.last.mc_error,
        }
        for division in divisions
        for part in division.parts
    ]  # fmt: skip
    words = dict.fromkeys(("outcome", "entity", "unit", "channel"), pl.String)
    figures = ("value", "low", "high", "mc_error", "path_error", "order_error", "margin", "alone", "alone_error",
               "last", "last_error")  # fmt: skip
    return pl.DataFrame(rows, words | dict.fromkeys(figures, pl.Float64))


def outcomes_of(setting: Setting) -> tuple[Outcome, ...]:
    """Return what can be attributed: losses of all holders and of each, and breaks of all that can break."""
    economy = setting.economy
    named = [(SYSTEM, "")]
    named += [(LOSS, economy.entities[at]) for at in _holders(economy)]
    named += [(BREAK, economy.entities[at]) for at in _breakable(economy)]
    return tuple(Outcome(kind, entity, place) for place, (kind, entity) in enumerate(named))


def _holders(economy: Economy) -> list[int]:
    """Return who can lose on claims: holders of facilities, and lenders, who share new loans."""
    lenders = np.flatnonzero(economy.links["entities.lender"])
    holders = {*economy.links["claims.holder"].tolist(), *lenders.tolist()}
    return sorted(at for at in holders if at < len(economy.entities))


def _breakable(economy: Economy) -> list[int]:
    count = len(economy.entities)
    own = economy.links["entities.account"][:count] == np.arange(count)
    return np.flatnonzero((economy.links["entities.can_default"][:count] == 1) & own).tolist()


def outcome_named(setting: Setting, kind: str, entity: str = "") -> Outcome:
    """Return the outcome that is asked for.

    Raises
    ------
    RunError
        When there is no such holder, or no such entity that can break.
    """
    if kind == BREAK:
        position_of(setting.economy, entity)
    for outcome in outcomes_of(setting):
        if (outcome.kind, outcome.entity) == (kind, entity):
            return outcome
    holders = [setting.economy.entities[at] for at in _holders(setting.economy)]
    known = entity in setting.economy.entities
    message = f"{entity} holds no claim on which it could lose" if known else f"there is no holder {quoted(entity)}"
    hint = did_you_mean(entity, holders) or f"use one of {', '.join(holders)}"
    raise RunError([Fault("", 0, "--loss", message, hint)])


def attribute(
    setting: Setting,
    pairs: int | None = PAIRS,
    ends: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
    announce: Callable[[float], None] | None = None,
) -> Attribution:
    """Play coalitions of channels on the paths of a question, for all outcomes at once.

    Parameters
    ----------
    setting
        From `prepare`.
    pairs
        Antithetic pairs of orders for each block of 64 paths; None plays all coalitions.
    ends
        Whether each channel is also played alone and left out alone.
    threads
        Threads to use, all processors when None; they change no result.
    progress
        Told the paths done and the paths to do, over coalitions.
    announce
        Told, after a few coalitions, the seconds that all take.

    Raises
    ------
    RunError
        When no channel is on, or paths or pairs are too few for any error.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> question = Question(load_book("fibre-2001"), load_scenario("base", ["rent.level=0.5"]), paths=8, draws=4)
    >>> told = attribute(prepare(question), pairs=2, ends=False)
    >>> division = told.divide(told.outcomes[0])
    >>> abs(sum(part.value.value for part in division.parts) - division.total.value) < 1e-6
    True
    """
    economy, question = setting.economy, setting.question
    on = economy.links["world.channels"]
    players = tuple(name for name, state in zip(CHANNELS, on, strict=True) if state)
    _check(setting, players, pairs)
    plan = Plan(len(players), question.paths_used, LANES, pairs, ends, question.seed)
    outcomes = outcomes_of(setting)
    played = play_all(_player(setting, players), plan, threads, progress, announce)
    if played.path.size < 2:
        message = f"{question.paths_used - played.path.size} of {question.paths_used} paths failed in some coalition"
        raise RunError([Fault("", 0, "", message, "try another seed")])
    absent = tuple(name for name in CHANNELS if name not in players)
    return Attribution(setting, players, absent, plan, played, outcomes)


def _check(setting: Setting, players: tuple[str, ...], pairs: int | None) -> None:
    faults = []
    if not players:
        message = f"no channel is on in {setting.question.scenario.name}, so there is nothing to attribute"
        faults.append(Fault("", 0, "channels", message, "switch one on with --set channels.rent=on"))
    if setting.question.paths_used < _FEWEST_PATHS:
        message = f"{setting.question.paths_used} paths are too few to tell an error"
        faults.append(Fault("", 0, "--paths", message, f"use at least {_FEWEST_PATHS}"))
    if pairs is not None and pairs < _FEWEST_PAIRS:
        message = f"{2 * pairs} orders are too few to tell an error"
        faults.append(Fault("", 0, "--orders", message, f"use at least {2 * _FEWEST_PAIRS}, or --exact"))
    if faults:
        raise RunError(faults)


def _player(setting: Setting, players: tuple[str, ...]) -> Play:
    """Return what plays a coalition of channels on some paths."""
    economy, question = setting.economy, setting.question
    holders, breakable = _holders(economy), _breakable(economy)

    def play(coalition: int, first: int, count: int) -> tuple[Floats, NDArray[np.bool_]]:
        off = [name for player, name in enumerate(players) if not coalition >> player & 1]
        trial = varied(setting, off=off).economy
        paths = simulate(trial, seed=question.seed, first_path=first, paths=count, chance=question.chance)
        lost = paths.loss_musd
        worth = np.concatenate([lost.sum(axis=0)[None], lost[holders], paths.break_month[breakable] > 0])
        return worth, paths.status == Status.OK

    return play


def check_precision(divisions: list[Division], precision: float, paths: int, draws: int) -> None:
    """Refuse an answer that is not as precise as was asked.

    Parameters
    ----------
    divisions
        What is told.
    precision
        Largest half-width of a channel's 95 % interval that is allowed, as a share of the total.
    paths, draws
        What the answer rests on.

    Raises
    ------
    RunError
        For every outcome whose intervals are wider, with the paths that would do.
    """
    faults = []
    for division in divisions:
        widest = max(division.parts, key=lambda part: part.margin)
        allowed = precision * abs(division.total.value)
        if widest.margin <= allowed:
            continue
        what = division.outcome.entity or "all holders"
        if allowed == 0.0:
            message = f"the channels change nothing for {what}, so no share of that can be a precision"
            faults.append(Fault("", 0, "--precision", message, "leave out --precision"))
            continue
        # Paths, draws and orders grow together, so that all errors fall with the root of their number.
        times = (widest.margin / allowed) ** 2
        share = widest.margin / abs(division.total.value)
        message = (
            f"{paths:,} paths give {widest.channel} an interval of ± {share:.0%} of the total of {what}, "
            f"not ± {precision:.0%}"
        )
        hint = f"use about --paths {_round_up(times * paths):,} --ignorance {_round_up(times * draws):,}"
        faults.append(Fault("", 0, "--precision", message, hint.replace(",", "")))
    if faults:
        raise RunError(faults)


def _round_up(number: float) -> int:
    """Return a round number that is at least as large.

    Examples
    --------
    >>> _round_up(1234.5), _round_up(90.0)
    (1300, 90)
    """
    unit = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return math.ceil(number / unit) * unit
