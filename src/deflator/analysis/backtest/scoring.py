"""Score what a book foretold against what happened: probabilities, order, timing and rents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.backtest import scores
from deflator.analysis.backtest.forecast import Forecast
from deflator.analysis.backtest.outcomes import Outcome, Outcomes
from deflator.analysis.backtest.rents import RentScore, score_rents
from deflator.analysis.backtest.scores import Floats, Interval, Rank
from deflator.analysis.backtest.timing import Timing, score_timing
from deflator.analysis.probability import Probability, by_draw, probability
from deflator.book.months import month_at
from deflator.messages import text

#: Probability from which a break counts as foretold.
LIKELY = 0.5
#: Fewest firms of a correlation or an area under the curve.
FEWEST = 3
_YEAR = 12
_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
CHALLENGERS = ("merton", "black_cox")


@dataclass(frozen=True)
class Firm:
    """A firm's forecast beside its fate.

    Parameters
    ----------
    entity, name
        Id, and name as people know it.
    event, month
        What happened, and when: months after the as-of month.
    foretold
        Probability that it breaks by the last month scored.
    median_month
        Median month of its breaks; None where it breaks on no path.
    merton, black_cox
        Probabilities of the value models; None where the book lacks debt or equity value.
    verdict
        `caught` (broke, foretold), `missed` (broke, not foretold), `false_alarm` or `passed`; `unseen` where it left
        view before the last month scored.
    """

    entity: str
    name: str
    event: str
    month: int
    foretold: Probability
    median_month: float | None
    merton: float | None
    black_cox: float | None
    verdict: str


@dataclass(frozen=True)
class Skill:
    """The engine against one other forecaster, on the firms that both speak of.

    Parameters
    ----------
    against
        `event_rate` (of these firms, which nobody knew before), `given_rate`, `merton` or `black_cox`.
    firms
        Firms that both speak of.
    brier, log
        Share of the other's score that the engine saves, with intervals over firms; above 0 is better than it.
    other_brier
        The other's own Brier score.
    other_auc
        The other's own area under the curve; None where it gives all firms the same.
    """

    against: str
    firms: int
    brier: Interval | None
    log: Interval | None
    other_brier: float
    other_auc: float | None


@dataclass(frozen=True)
class Horizon:
    """Scores of the probabilities of a break by some month.

    Parameters
    ----------
    months
        Months after the as-of month.
    firms, broke
        Firms of which it is known whether they had broken by then, and how many had.
    brier, log
        Proper scores, smaller is better.
    auc
        Area under the receiver operating curve; None where all had broken or none.
    skills
        Against other forecasters.
    """

    months: int
    firms: int
    broke: int
    brier: Interval
    log: Interval
    auc: Interval | None
    skills: tuple[Skill, ...]


@dataclass(frozen=True)
class Bin:
    """Firms with like probabilities, and how many broke: one point of the calibration chart."""

    low: float
    high: float
    firms: int
    foretold: float
    broke: int
    range_low: float
    range_high: float


@dataclass(frozen=True)
class Order:
    """How well the order of breaks was foretold.

    Parameters
    ----------
    firms
        Firms in the order.
    kendall, spearman
        Correlation of the foretold order with the one seen, beside those of shuffled forecasts.
    """

    firms: int
    kendall: Rank
    spearman: Rank


@dataclass(frozen=True)
class Backtest:
    """The whole answer.

    Parameters
    ----------
    as_of, until
        As-of month of the book, and the last month scored, in months after it.
    paths, draws, failed
        Paths that count, draws of what is not known, and paths that failed.
    soft
        Whether soft breaks count.
    firms
        By probability, highest first.
    horizons
        Earliest first; the last is `until`.
    calibration
        Bins that hold firms, at the last horizon.
    order_all, order_broken
        Over all firms, those that lasted tied last; and over those that broke.
    timing
        Of those that broke.
    rents
        One for each rent seen.
    not_told
        Entities that can break of which the table says nothing.
    refused
        What could not be scored, with the reason.
    """

    as_of: str
    until: int
    paths: int
    draws: int
    failed: int
    soft: bool
    firms: tuple[Firm, ...]
    horizons: tuple[Horizon, ...]
    calibration: tuple[Bin, ...]
    order_all: Order | None
    order_broken: Order | None
    timing: Timing | None
    rents: tuple[RentScore, ...]
    not_told: tuple[str, ...]
    refused: tuple[str, ...]

    def verdicts(self, verdict: str) -> list[Firm]:
        """Return the firms of one verdict."""
        return [firm for firm in self.firms if firm.verdict == verdict]


def backtest(
    forecast: Forecast,
    outcomes: Outcomes,
    seed: int,
    soft: bool = False,
    base_rate: float | None = None,
    repeats: int = scores.REPEATS,
) -> Backtest:
    """Score a forecast.

    Parameters
    ----------
    forecast
        From `foretell`.
    outcomes
        From `read_outcomes`.
    seed
        Of resamples and shuffles.
    soft
        Count soft breaks and distressed exchanges too.
    base_rate
        A yearly default rate that was known on the as-of date, to score against; a share.
    repeats
        Resamples of firms and shuffles of forecasts.

    Returns
    -------
    Backtest
        What cannot be scored is None or empty, and `refused` says why.
    """
    setting, until = forecast.setting, outcomes.until
    horizons = sorted({*range(_YEAR, until, _YEAR), until})
    judged = _Judged(forecast, outcomes, horizons, soft, repeats)
    refused: list[str] = []
    scored = tuple(judged.horizon(months, seed, base_rate, refused) for months in horizons)
    told = {one.entity for one in outcomes.firms}
    able = setting.economy.links["entities.can_default"]
    return Backtest(
        as_of=setting.question.book.as_of,
        until=until,
        paths=forecast.paths,
        draws=setting.economy.draws,
        failed=forecast.failed,
        soft=soft,
        firms=tuple(sorted(judged.firms(until), key=lambda firm: (-firm.foretold.value, firm.entity))),
        horizons=tuple(one for one in scored if one is not None),
        calibration=judged.calibration(until),
        order_all=judged.order(False, until, seed, refused),
        order_broken=judged.order(True, until, seed, refused),
        timing=judged.timing(until, seed, refused),
        rents=score_rents(forecast, outcomes.rents, refused),
        not_told=tuple(
            name for name, can in zip(setting.economy.entities, able, strict=False) if can and name not in told
        ),
        refused=tuple(refused),
    )


class _Judged:
    """Forecasts and outcomes of the same firms, side by side."""

    def __init__(self, forecast: Forecast, outcomes: Outcomes, horizons: list[int], soft: bool, repeats: int) -> None:
        self.forecast, self.outcomes, self.soft, self.repeats = forecast, outcomes.firms, soft, repeats
        self.months = np.stack([forecast.months(one.entity, soft) for one in outcomes.firms])
        self.broke = [one.broke(soft) for one in outcomes.firms]
        found = [forecast.challenged(one.entity, horizons) for one in outcomes.firms]
        self.challenged: dict[str, dict[int, Floats]] = {
            name: {
                months: np.array([np.nan if one is None else getattr(one.odds[place], name) for one in found])
                for place, months in enumerate(horizons)
            }
            for name in CHALLENGERS
        }

    def known(self, horizon: int) -> NDArray[np.intp]:
        """Return the firms of which it is known whether they had broken by a month."""
        return np.array(
            [
                place
                for place, (one, broke) in enumerate(zip(self.outcomes, self.broke, strict=True))
                if broke is not None or one.month >= horizon
            ],
            dtype=np.intp,
        )

    def happened(self, horizon: int) -> NDArray[np.bool_]:
        return np.array([month is not None and month <= horizon for month in self.broke])

    def counts(self, horizon: int) -> NDArray[np.int64]:
        return ((self.months > 0) & (self.months <= horizon)).sum(axis=1)

    def horizon(self, horizon: int, seed: int, base_rate: float | None, refused: list[str]) -> Horizon | None:
        """Score the probabilities of a break by a month."""
        known, date = self.known(horizon), month_at(horizon, self.forecast.setting.question.book.as_of)
        if known.size < FEWEST:
            refused.append(text("backtest.few_firms", date=date, firms=known.size, fewest=FEWEST))
            return None
        paths = self.forecast.paths
        share, safe = self.counts(horizon)[known] / paths, scores.seen_of(self.counts(horizon)[known], paths)
        happened = self.happened(horizon)[known]
        if happened.all() or not happened.any():
            which = text("backtest.all_broke") if happened.all() else text("backtest.none_broke")
            refused.append(text("backtest.no_contrast", date=date, which=which))

        def over(score: Callable[[Floats, NDArray[np.bool_]], float | None], given: Floats) -> Interval | None:
            return scores.resampled(
                known.size, lambda places: score(given[places], happened[places]), seed, self.repeats
            )

        brier, log = over(scores.brier, share), over(scores.log_score, safe)
        assert brier is not None  # as the log score, it has a value for any firms
        assert log is not None
        return Horizon(
            months=horizon,
            firms=int(known.size),
            broke=int(happened.sum()),
            brier=brier,
            log=log,
            auc=over(scores.auc, share),
            skills=tuple(self._skills(horizon, known, base_rate, seed)),
        )

    def _skills(self, horizon: int, known: NDArray[np.intp], base_rate: float | None, seed: int) -> Sequence[Skill]:
        happened, count = self.happened(horizon), known.size
        rates = {"event_rate": np.full(happened.size, (happened[known].sum() + 0.5) / (count + 1.0))}
        if base_rate is not None:
            rates["given_rate"] = np.full(happened.size, 1.0 - (1.0 - base_rate) ** (horizon / _YEAR))
        rates |= {name: by_month[horizon] for name, by_month in self.challenged.items()}
        found = []
        for name, foretold in rates.items():
            both = known[~np.isnan(foretold[known])]
            if both.size >= FEWEST:
                found.append(self._skill(name, foretold[both], both, horizon, seed))
        return found

    def _skill(self, name: str, other: Floats, both: NDArray[np.intp], horizon: int, seed: int) -> Skill:
        paths, counts, happened = self.forecast.paths, self.counts(horizon)[both], self.happened(horizon)[both]
        share, safe = counts / paths, scores.seen_of(counts, paths)
        other_safe = np.clip(other, 0.5 / (paths + 1.0), 1.0 - 0.5 / (paths + 1.0))

        def contrast(at: NDArray[np.intp]) -> bool:
            return bool(happened[at].any() and not happened[at].all())

        def brier(at: NDArray[np.intp]) -> float | None:
            if not contrast(at):
                return None
            return scores.skill(scores.brier(share[at], happened[at]), scores.brier(other[at], happened[at]))

        def log(at: NDArray[np.intp]) -> float | None:
            if not contrast(at):
                return None
            return scores.skill(
                scores.log_score(safe[at], happened[at]), scores.log_score(other_safe[at], happened[at])
            )

        return Skill(
            against=name,
            firms=int(both.size),
            brier=scores.resampled(both.size, brier, seed, self.repeats),
            log=scores.resampled(both.size, log, seed, self.repeats),
            other_brier=scores.brier(other, happened),
            other_auc=scores.auc(other, happened) if np.ptp(other) > 0.0 else None,
        )

    def firms(self, until: int) -> list[Firm]:
        """Return every firm with its forecast, its fate and the verdict."""
        draw, chance = self.forecast.values.draw, self.forecast.setting.question.chance
        known = set(self.known(until).tolist())
        labels = self.forecast.setting.labels
        found = []
        for place, one in enumerate(self.outcomes):
            breaks = (self.months[place] > 0) & (self.months[place] <= until)
            foretold = probability(*by_draw(breaks, draw), chance)
            when = self.months[place][self.months[place] > 0]
            value = {name: float(by_month[until][place]) for name, by_month in self.challenged.items()}
            found.append(
                Firm(
                    entity=one.entity,
                    name=labels[one.entity],
                    event=one.event,
                    month=one.month,
                    foretold=foretold,
                    median_month=float(np.median(when)) if when.size else None,
                    merton=None if np.isnan(value["merton"]) else value["merton"],
                    black_cox=None if np.isnan(value["black_cox"]) else value["black_cox"],
                    verdict=self._verdict(one, foretold.value) if place in known else "unseen",
                )
            )
        return found

    def _verdict(self, one: Outcome, foretold: float) -> str:
        if one.broke(self.soft) is not None:
            return "caught" if foretold >= LIKELY else "missed"
        return "false_alarm" if foretold >= LIKELY else "passed"

    def calibration(self, until: int) -> tuple[Bin, ...]:
        """Return how many of the firms with like probabilities broke."""
        known = self.known(until)
        if known.size < FEWEST:
            return ()
        share, happened = self.counts(until)[known] / self.forecast.paths, self.happened(until)[known]
        place = np.clip(np.digitize(share, _EDGES[1:-1]), 0, len(_EDGES) - 2)
        found = []
        for number in range(len(_EDGES) - 1):
            inside = place == number
            if not inside.any():
                continue
            firms, broke = int(inside.sum()), int(happened[inside].sum())
            low, high = scores.jeffreys(broke, firms)
            mean = float(share[inside].mean())
            found.append(Bin(_EDGES[number], _EDGES[number + 1], firms, mean, broke, low, high))
        return tuple(found)

    def order(self, broken_only: bool, until: int, seed: int, refused: list[str]) -> Order | None:
        """Return how the foretold order of breaks goes with the one seen.

        The foretold month is the mean over paths, a path without a break counting as the month after the last.
        """
        horizon = until + 1
        expected = np.where((self.months > 0) & (self.months <= until), self.months, horizon).mean(axis=1)
        seen = np.array([horizon if month is None else month for month in self.broke], dtype=np.float64)
        counted = np.flatnonzero(seen < horizon) if broken_only else self.known(until)
        which = text("backtest.those_that_broke") if broken_only else text("backtest.all_firms")
        if counted.size < FEWEST:
            refused.append(text("backtest.no_order_few", which=which, firms=counted.size, fewest=FEWEST))
            return None
        ranks = [
            scores.against_shuffles(expected[counted], seen[counted], correlation, seed, self.repeats)
            for correlation in (scores.kendall, scores.spearman)
        ]
        if ranks[0] is None or ranks[1] is None:
            refused.append(text("backtest.no_order_tied", which=which))
            return None
        return Order(int(counted.size), ranks[0], ranks[1])

    def timing(self, until: int, seed: int, refused: list[str]) -> Timing | None:
        """Return how far breaks were from the months foretold."""
        return score_timing(self.months, self.broke, until, (seed, self.repeats), refused)
