"""Mechanisms that a claim asserts, measured: every path is run as it is, and again with one thing switched off.

Each statistic returns, by path, 1 where the path bears the claim out, 0 where it does not (a half for a tie), and NaN
where the path cannot tell; and the figure that stands beside the essay's, by path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.breaks import first_credit
from deflator.analysis.economics import over_owners, unit_costs
from deflator.analysis.replay import Floats, Setting
from deflator.analysis.trials import Keep, varied
from deflator.engine import Trigger
from deflator.engine.codes import Cause
from deflator.engine.layout import APPLICATION, LAB, LAYERS, NEOCLOUD, SECOND_HAND, WORLD
from deflator.engine.record import Record

#: The trial with nothing changed, and the one with the funding window held shut.
AS_IS, SHUT = "as_is", "shut"
#: Smallest difference between two trials of a path that counts, relative.
NOTABLE = 0.01
SHUT_TO, SHUT_FROM, SHUT_UNTIL = 0.1, 5, 17
_RUNWAY_MONTH = 3
_YEAR = 12
_NEVER = 10_000
_FALLEN = 0.3
_HALF = 0.5
_TENTH = 0.1

Kept = Mapping[str, NDArray]
Seen = tuple[Floats, Floats | None]


@dataclass(frozen=True, eq=False)
class Trials:
    """Outcomes of the trials of one scenario, on the paths that fail in none of them.

    Parameters
    ----------
    setting
        The scenario as it is.
    kept
        By trial (`as_is`, `shut`, or the channel switched off): what `keeper` keeps, the last axis the path.
    draw
        Draw of each path.
    """

    setting: Setting
    kept: Mapping[str, Kept]
    draw: NDArray[np.int64]

    def __getitem__(self, name: str) -> NDArray:
        return self.kept[AS_IS][name]

    @property
    def last(self) -> int:
        """The month of the horizon."""
        return self.setting.economy.months

    def span(self, first: int, last: int) -> slice:
        """Return the months of a span as far as the horizon reaches; the last year where it does not reach at all."""
        return slice(first, last + 1) if first <= self.last else slice(max(self.last - _YEAR + 1, 1), self.last + 1)

    def month(self, calendar: str) -> int:
        """Return how many months a calendar month lies after the as-of month."""
        return self.setting.question.book.month(calendar)


def trial_of(setting: Setting, name: str) -> Setting:
    """Return the setting of a trial: as it is, with funding held shut, or with a channel switched off."""
    if name == AS_IS:
        return setting
    if name == SHUT:
        level = setting.economy.requests.funding_level.copy()
        level[SHUT_FROM:SHUT_UNTIL] = SHUT_TO
        return varied(setting, requests={"funding_level": level})
    return varied(setting, off=[name])


def keeper(setting: Setting) -> Keep:
    """Return what trials keep of each month, and of some months only."""
    economy = setting.economy
    links = economy.links
    count = len(economy.entities)
    reference = int(links["world.reference"][0])
    layers = np.arange(len(LAYERS))[:, None] == links["entities.layer"][None, :]
    into = layers.astype(np.float64)
    owners = np.flatnonzero(
        (links["pairs.equipment"] == reference) & (links["entities.layer"][links["pairs.owner"]] != WORLD)
    )
    second_hand = links["pairs.owner"] == links["world.role"][SECOND_HAND]

    def keep(month: int, block: Record) -> dict[str, NDArray]:
        entities, world, equipment = block.entities, block.world, block.equipment
        bought = block.causes.now[Cause.COMPUTE_COST * (count + 1) : (Cause.COMPUTE_COST + 1) * (count + 1)]
        on_sale = (equipment.new_price > 0.0) & (equipment.launch <= 0.0)
        newest = np.where(on_sale, equipment.launch, -np.inf).argmax(axis=0)
        lanes = np.arange(newest.size)
        kept: dict[str, NDArray] = {
            "rent": np.exp(world.log_rent),
            "openness": world.openness.copy(),
            "value": equipment.value[reference].copy(),
            "new_price": equipment.new_price[newest, lanes] * equipment.price_factor[newest, lanes],
            "income": into @ entities.income,
            "ebitda": into @ entities.ebitda,
            "bought": into @ bought,
            "own_income": entities.income[:count].astype(np.float32),
            "own_ebitda": entities.ebitda[:count].astype(np.float32),
        }
        if month in (0, _YEAR):
            costs = over_owners(unit_costs(block, month), owners)
            kept |= {f"unit_{name}": costs[name] for name in ("full", "cash", "meter")}
        if month == _RUNWAY_MONTH:
            cash, burn = np.maximum(entities.cash, 0.0), np.maximum(entities.burn, 1e-9)
            kept["runway"] = np.minimum(cash / burn, economy.months)[:count]
        if month == economy.months:
            sold = equipment.seized - equipment.pool
            resold = np.zeros_like(sold)
            np.add.at(resold, links["pairs.equipment"][second_hand], block.pairs.extra[second_hand])
            names = ("break_month", "break_trigger", "soft_month", "lost")
            kept |= {name: getattr(entities, name)[:count].copy() for name in names}
            kept |= {
                "seized": (sold * equipment.performance).sum(axis=0),
                "taken_over": (np.maximum(sold - resold, 0.0) * equipment.performance).sum(axis=0),
            }
        return kept

    return keep


def measured(kept: Kept, draw: NDArray[np.int64], draws: int) -> dict[str, Floats]:
    """Return by draw what figures take from the first months; paths of a draw hardly differ by then."""
    by_path = {name: kept[f"unit_{name}"][0] for name in ("full", "cash", "meter")}
    by_path["runway"] = kept["runway"][0]
    found = {name: np.full((*values.shape[:-1], draws), np.nan) for name, values in by_path.items()}
    for one in range(draws):
        for name, values in by_path.items():
            if (draw == one).any():
                found[name][..., one] = np.median(values[..., draw == one], axis=-1)
    return found


def monetisation_gap(trials: Trials, subject: str) -> Seen:
    """Tell whether applications and labs together lose money in the second year, before interest."""
    lost = trials["ebitda"][trials.span(13, 24)][:, [APPLICATION, LAB]].sum(axis=(0, 1))
    return (lost < 0.0).astype(np.float64), None


def first_of_layer(trials: Trials, subject: str) -> Seen | None:
    """Tell whether an entity is the first of its layer to break, hard or soft."""
    economy = trials.setting.economy
    if subject not in economy.entities:
        return None
    position = economy.entities.index(subject)
    layer = economy.links["entities.layer"]
    peers = [at for at in range(len(economy.entities)) if layer[at] == layer[position]
             and economy.links["entities.can_default"][at]]  # fmt: skip
    credit = first_credit(_either(trials)[peers].astype(np.int16))
    return np.where(credit[-1] == 1.0, np.nan, credit[peers.index(position)]), None


def _either(trials: Trials) -> NDArray[np.int64]:
    """Return the month of the first break of either kind, 0 for none; [entity, path]."""
    both = [np.where(trials[name][0] > 0, trials[name][0], _NEVER) for name in ("break_month", "soft_month")]
    first = np.minimum(*both)
    months: NDArray[np.int64] = np.where(first == _NEVER, 0, first)
    return months


def profitable_year(trials: Trials, subject: str) -> Seen | None:
    """Tell whether EBITDA turns positive, for a year at least, in 2028; the figure is the calendar year."""
    entities = trials.setting.economy.entities
    if subject not in entities or trials.last < _YEAR:
        return None
    positive = trials["own_ebitda"][1:, entities.index(subject)] > 0.0
    run = np.stack([positive[first : first + _YEAR].all(axis=0) for first in range(trials.last - _YEAR + 1)])
    month = np.where(run.any(axis=0), run.argmax(axis=0) + 1.0, np.nan)
    year, start = map(int, trials.setting.question.book.as_of.split("-"))
    within = (month >= trials.month("2028-01")) & (month <= trials.month("2028-12"))
    return within.astype(np.float64), year + (start - 1 + month) / 12.0


def window_shuts(trials: Trials, subject: str) -> Seen | None:
    """Tell whether openness falls below half of its as-of level in 2026; the figure is the lowest over it."""
    last = trials.month("2026-12")
    if last < 1:
        return None
    lowest = trials["openness"][1 : last + 1].min(axis=0) / trials["openness"][0]
    return (lowest < _HALF).astype(np.float64), lowest


def less_bought(trials: Trials, subject: str) -> Seen:
    """Tell whether labs and applications buy less compute with the funding window held shut."""
    months = trials.span(SHUT_FROM + 1, 24)
    bought = [run["bought"][months][:, [APPLICATION, LAB]].sum(axis=(0, 1)) for run in _pair(trials, subject)]
    return _lower(bought[1], bought[0])


def _pair(trials: Trials, other: str) -> tuple[Kept, Kept]:
    return trials.kept[AS_IS], trials.kept[other]


def _lower(value: Floats, than: Floats) -> Seen:
    """Return where one figure is notably lower than another, and by how much, relative."""
    change = np.where(than > 0.0, value / np.where(than > 0.0, than, 1.0) - 1.0, 0.0)
    return (change <= -NOTABLE).astype(np.float64), change


def _compared(name: str, first: int, last: int) -> Callable[[Trials, str], Seen]:
    """Return the statistic of a series that is lower with a channel than without it, averaged over some months."""

    def statistic(trials: Trials, subject: str) -> Seen:
        months = trials.span(first, last)
        on, off = (run[name][months].mean(axis=0) for run in _pair(trials, subject))
        return _lower(on, off)

    return statistic


def lower_lessor_income(trials: Trials, subject: str) -> Seen:
    """Tell whether lessors earn less in the third year with a channel than without it."""
    on, off = (run["income"][trials.span(25, 36), NEOCLOUD].sum(axis=0) for run in _pair(trials, subject))
    return _lower(on, off)


def more_losses(trials: Trials, subject: str) -> Seen:
    """Tell whether holders of debt lose more with a channel than without it."""
    on, off = (run["lost"][0].sum(axis=0) for run in _pair(trials, subject))
    change = np.where(off > 0.0, on / np.where(off > 0.0, off, 1.0) - 1.0, np.where(on > 0.0, 1.0, 0.0))
    return (change >= NOTABLE).astype(np.float64), change


def applications_first(trials: Trials, subject: str) -> Seen:
    """Tell whether an application cohort is the first of all to break, hard or soft."""
    layer = trials.setting.economy.links["entities.layer"][: len(trials.setting.economy.entities)]
    return _first_of_two(_either(trials), layer == APPLICATION, layer != APPLICATION), None


def layer_before_layer(trials: Trials, subject: str) -> Seen:
    """Tell whether the first hard break of one layer comes before that of another; `subject` is `one>other`."""
    one, other = subject.split(">")
    layers = np.array(trials.setting.economy.layers)
    return _first_of_two(trials["break_month"][0], layers == one, layers == other), None


def _first_of_two(months: NDArray, one: NDArray[np.bool_], other: NDArray[np.bool_]) -> Floats:
    """Return 1 where a group breaks before another, 0 where after, a half in one month, NaN where neither breaks."""
    timed = np.where(months > 0, months, _NEVER)
    first, second = (timed[group].min(axis=0, initial=_NEVER) for group in (one, other))
    before = np.where(first == second, _HALF, (first < second).astype(np.float64))
    found: Floats = np.where(np.minimum(first, second) == _NEVER, np.nan, before)
    return found


def rent_below(trials: Trials, subject: str) -> Seen:
    """Tell whether the reference rent falls below a level; the figure is the lowest of the path."""
    lowest = trials["rent"][1:].min(axis=0)
    return (lowest < float(subject)).astype(np.float64), lowest


def inverted(trials: Trials, subject: str) -> Seen | None:
    """Tell whether spot rent is below the full cost of the reference equipment after a year; the figure is the gap."""
    if trials.last < _YEAR:
        return None
    meter = trials["unit_meter"][1]
    return np.where(np.isnan(meter), np.nan, (meter < 0.0).astype(np.float64)), -meter


def revenue_falls(trials: Trials, subject: str) -> Seen | None:
    """Tell whether an entity's income falls to three tenths of its highest before; the figure is the deepest fall."""
    entities = trials.setting.economy.entities
    if subject not in entities:
        return None
    income = trials["own_income"][1:25, entities.index(subject)].astype(np.float64)
    peak = np.maximum.accumulate(income, axis=0)
    fall = 1.0 - (income / np.where(peak > 0.0, peak, 1.0)).min(axis=0)
    fall = np.where(peak[-1] > 0.0, fall, np.nan)
    return np.where(np.isnan(fall), np.nan, (fall >= 1.0 - _FALLEN).astype(np.float64)), fall


def maturities_later(trials: Trials, subject: str) -> Seen | None:
    """Tell whether more firms break at a maturity in 2028 and 2029 than before."""
    middle, last = trials.month("2027-12"), trials.month("2029-12")
    if not 0 < middle < trials.last:
        return None
    months = np.where(trials["break_trigger"][0] == Trigger.MATURITY, trials["break_month"][0], 0)
    early = ((months > 0) & (months <= middle)).sum(axis=0)
    late = ((months > middle) & (months <= last)).sum(axis=0)
    told = (months > 0).any(axis=0)
    return np.where(told, (late > early).astype(np.float64), np.nan), None


def survivors_buy(trials: Trials, subject: str) -> Seen:
    """Tell whether owners in business take over a tenth of what was seized and sold; the figure is their share."""
    sold = trials["seized"][0]
    share = np.where(sold > 0.0, trials["taken_over"][0] / np.where(sold > 0.0, sold, 1.0), np.nan)
    return np.where(np.isnan(share), np.nan, (share >= _TENTH).astype(np.float64)), share


DYNAMICS: dict[str, Callable[[Trials, str], Seen | None]] = {
    test.__name__: test
    for test in (
        monetisation_gap, first_of_layer, profitable_year, window_shuts, less_bought, applications_first, rent_below,
        inverted, lower_lessor_income, revenue_falls, more_losses, layer_before_layer, maturities_later, survivors_buy,
    )
} | {
    "lower_rent": _compared("rent", 13, 24),
    "lower_value": _compared("value", 13, 24),
    "lower_new_price": _compared("new_price", 24, 24),
    "lower_openness": _compared("openness", 13, 24),
}  # fmt: skip
