"""Measure what each mechanism does to the headline: `python -m docs.model_table`.

It runs `base` and `essay` on the shipped book, on common draws, with one mechanism after the other switched off, and
puts what it finds between the marks of `docs/model.md`. Run it when numbers have changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from docs.marks import write_found
from numpy.typing import NDArray

from deflator import defaults
from deflator.analysis.breaks import SELDOM, Layer, layer_break
from deflator.analysis.counts import HEADLINE
from deflator.analysis.probability import Probability, probability
from deflator.analysis.replay import Setting, prepare
from deflator.analysis.trials import simulate_all, varied, watch
from deflator.book import load_book
from deflator.credit.monthly import LEVEL, LINEAR
from deflator.engine import Paths, Status
from deflator.engine.layout import LANDLORD, NEOCLOUD
from deflator.engine.positions import CHANNELS, P
from deflator.engine.record import Record
from deflator.ensemble import Question
from deflator.scenario import load_scenario

SCENARIOS = ("base", "essay")
PATHS = 2_000
LAYERS = ("landlord", "neocloud")
FIRMS = ("coreweave", "fluidstack", "abilene_jv")
MOVED = 1.2  # by a fifth
BEFORE = "2028-01"
BURNER = "openai"
PAGE = Path(__file__).parent / "model.md"

Floats = NDArray[np.float64]
Change = Callable[[Setting], Setting]


def figures_of(setting: Setting, name: str) -> Floats:
    """Return the figures of a `record.field`, shape [item, draw]; a copy."""
    return setting.economy.figures[setting.economy.rows[name]].copy()


def with_parameters(**values: float) -> Change:
    """Return a change that sets numbers of the model."""

    def change(setting: Setting) -> Setting:
        parameters = figures_of(setting, "world.parameters")
        for name, value in values.items():
            parameters[getattr(P, name)] = value
        return varied(setting, figures={"world.parameters": parameters})

    return change


def without(*channels: str) -> Change:
    """Return a change that switches channels off."""
    return lambda setting: varied(setting, off=channels)


def at_book_growth(setting: Setting) -> Setting:
    """Let revenue and demand grow as the book says, and no budget bind."""
    asked = setting.economy.requests
    courses = {
        f"{what}_{operation}": np.full_like(getattr(asked, f"{what}_{operation}"), value)
        for what in ("revenue", "demand")
        for operation, value in (("scale", 1.0), ("shift", 0.0), ("shock", 0.0))
    }
    shares = 1e6 * figures_of(setting, "segments.compute_share")
    return varied(setting, requests=courses, figures={"segments.compute_share": shares})


def with_open_funding(setting: Setting) -> Setting:
    """Keep funding openness where it was at month 0."""
    asked = setting.economy.requests
    courses = {
        "funding_level": np.full_like(asked.funding_level, np.nan),
        "funding_shift": np.zeros_like(asked.funding_shift),
        "funding_shock": np.zeros_like(asked.funding_shock),
    }
    still = with_parameters(
        confidence_weight_drawdown=0.0, confidence_weight_losses=0.0, confidence_weight_vendor=0.0,
        funding_volatility=0.0,
    )  # fmt: skip
    return varied(still(setting), requests=courses)


def with_free_running(setting: Setting) -> Setting:
    """Let units run at no cost of power and operations."""
    names = ("fleets.power_price", "fleets.opex")
    return varied(setting, figures={name: 0.0 * figures_of(setting, name) for name in names})


def with_lasting_contracts(setting: Setting) -> Setting:
    """Let no contract end before the horizon."""
    end, start = figures_of(setting, "contracts.end"), figures_of(setting, "contracts.start")
    horizon = setting.economy.months + 1.0
    return varied(setting, figures={"contracts.end": np.where(end > 0.0, np.maximum(end, start + horizon), end)})


def without_renewal_driver(setting: Setting) -> Setting:
    """Let buyers renew as the book says."""
    asked = setting.economy.requests
    return varied(setting, requests={"renewal_scale": np.ones_like(asked.renewal_scale)})


def without_old_debt(setting: Setting) -> Setting:
    """Take away what neoclouds and landlords owe at month 0; what is undrawn stays."""
    links = setting.economy.links
    layer = links["entities.layer"][links["facilities.borrower"]]
    kept = ~np.isin(layer, (NEOCLOUD, LANDLORD))[:, None]
    drawn, committed = figures_of(setting, "facilities.start_drawn"), figures_of(setting, "facilities.committed")
    return varied(setting, figures={
        "facilities.start_drawn": drawn * kept,
        "facilities.committed": np.where(kept, committed, np.maximum(committed - drawn, 0.0)),
    })  # fmt: skip


def without_maturities(setting: Setting) -> Setting:
    """Let nothing that is not repaid month by month fall due before the horizon."""
    until = figures_of(setting, "facilities.maturity")
    repays_itself = np.isin(setting.economy.links["facilities.profile"], (LINEAR, LEVEL))[:, None]
    return varied(setting, figures={"facilities.maturity": np.where(repays_itself, until, 1e9)})


#: What is switched off: the mechanism of the essay, how, and the change.
RUNS: tuple[tuple[str, str, Change], ...] = (
    ("M1", "`monetisation`, `demand` as the book has them, no budget binds (`compute_share_of_revenue` × 10⁶)",
     at_book_growth),
    ("M2", "`parent_support` = 0 for everybody",
     lambda setting: varied(setting, figures={"entities.parent_support": np.zeros((1, 1))})),
    ("M3", "openness stays at its month-0 value: no driver, no weights, `funding_volatility` = 0", with_open_funding),
    ("M3, M12", "channel `vendor` off", without("vendor")),
    ("M4", "`cohort_failure_funding_slope` = 0, `sublet_share_distressed` = 0",
     with_parameters(cohort_failure_funding_slope=0.0, sublet_share_distressed=0.0)),
    ("M4, M5", "channel `rent` off", without("rent")),
    ("M5, chance", "`rent_volatility_annual` = 0, `rent_jump_probability_monthly` = 0",
     with_parameters(rent_volatility_annual=0.0, rent_jump_probability_monthly=0.0)),
    ("M6", "`power_usd_per_mwh` = 0 and `opex_usd_per_hour` = 0: no avoidable cost", with_free_running),
    ("M7", "channel `generation` off", without("generation")),
    ("M8", "channel `insourcing` off", without("insourcing")),
    ("M9", "`contracts.end` beyond the horizon", with_lasting_contracts),
    ("M9, driver", "`renewal` scale 1", without_renewal_driver),
    ("M10", "neoclouds and landlords owe nothing at month 0", without_old_debt),
    ("M10", "channel `payment` off", without("payment")),
    ("M11", "channel `collateral` off", without("collateral")),
    ("M12", "channel `fire_sale` off", without("fire_sale")),
    ("M13", "channel `tenant` off", without("tenant")),
    ("M14", "`facilities.maturity` beyond the horizon, except loans that repay themselves", without_maturities),
    ("M14", "channel `lender` off", without("lender")),
    ("M15", "channel `confidence` off", without("confidence")),
    ("M16", "`restructuring_probability_base` = 1, its slope 0: nothing is liquidated, no unit is seized",
     with_parameters(restructuring_probability_base=1.0, restructuring_funding_slope=0.0)),
    ("–", "channel `delay` off", without("delay")),
    ("–", "`order_speed_monthly` = 0: nobody orders beyond the book", with_parameters(order_speed_monthly=0.0)),
    ("all", "every channel off", without(*CHANNELS)),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What is told of a run.

    Parameters
    ----------
    raw
        All that was kept of each path.
    kept
        Paths that ran to the horizon; the others count nowhere.
    draw
        Draw of each path.
    broke
        By name of layer or firm: on which paths it broke.
    """

    raw: Paths = field(repr=False)
    kept: NDArray[np.bool_]
    draw: NDArray[np.int64]
    broke: dict[str, NDArray[np.bool_]]

    def share(self, name: str) -> Probability:
        """Return the share of paths on which something broke, with its range and its error."""
        return self.share_of(self.broke[name])

    def share_of(self, happens: NDArray[np.bool_]) -> Probability:
        """Return the share of paths on which something happens, with its range over draws and its error."""
        draw = self.draw[self.kept]
        seen, paths = np.bincount(draw, happens[self.kept]), np.bincount(draw)
        return probability(seen, seen, paths, chance=True)

    @property
    def loss_busd(self) -> float:
        """What holders of debt lost, mean over paths, USD billions."""
        return float(self.raw.loss_musd.sum(axis=0)[self.kept].mean()) / 1000.0

    @property
    def end_rent(self) -> float:
        """Median rent of the reference equipment at the horizon, USD per unit-hour."""
        return float(np.median(self.raw.rent[-1, self.kept]))


def layers_of(setting: Setting) -> list[Layer]:
    """Return the layers that are told, as the headline of a run defines them."""
    economy = setting.economy
    rows = setting.question.book.table("entities").rows
    exposure = economy.exposure_musd
    found = []
    for name in LAYERS:
        at = np.flatnonzero(np.array(economy.layers) == name)
        stands_for = np.array([2 if (rows[i]["members"] or 1) > 1 else 1 for i in at])
        found.append(Layer(name, at, exposure[at], economy.links["entities.account"][at], stands_for))
    return found


def measure(setting: Setting, layers: list[Layer]) -> Outcome:
    """Simulate a setting and measure the headline."""
    paths = simulate_all(setting)
    draw = np.arange(paths.status.size) % setting.economy.draws
    share = setting.figures.parameter("layer_break_share")[draw]
    broke = {
        layer.name: layer_break(paths.break_month[layer.entities], layer, share, HEADLINE.obligors)[0] > 0
        for layer in layers
    }
    broke |= {name: paths.break_month[setting.economy.entities.index(name)] > 0 for name in FIRMS}
    return Outcome(paths, paths.status == Status.OK, draw, broke)


def per_cent(share: float) -> str:
    """Return a share in whole per cent; what was never or always seen is not told as certain.

    Examples
    --------
    >>> per_cent(0.0), per_cent(0.314), per_cent(1.0)
    ('<1 %', '31 %', '>99 %')
    """
    return "<1 %" if share < SELDOM else ">99 %" if share > 1.0 - SELDOM else f"{100 * share:.0f} %"


def in_words(found: Probability) -> str:
    """Return a share with its range over what is not known."""
    if found.low is None or found.high is None:
        return per_cent(found.value)
    return f"{per_cent(found.value)} ({100 * found.low:.0f}–{100 * found.high:.0f})"


def table_of(base: Outcome, found: list[Outcome]) -> list[str]:
    """Return the rows of one scenario: the whole model, then one mechanism after the other off."""
    names = (*LAYERS, *FIRMS)
    head = ["off", "how", *LAYERS, "CoreWeave", "Fluidstack", "Abilene JV", "losses, USD bn", "end rent, USD/h"]
    rows = [head, ["---"] * len(head)]
    whole = [in_words(base.share(name)) for name in names]
    rows.append(["nothing", "the whole model", *whole, f"{base.loss_busd:.0f}", f"{base.end_rent:.2f}"])
    for (mechanism, how, _), outcome in zip(RUNS, found, strict=True):
        shares = [per_cent(outcome.share(name).value) for name in names]
        rows.append([mechanism, how, *shares, f"{outcome.loss_busd:.0f}", f"{outcome.end_rent:.2f}"])
    return ["| " + " | ".join(row) + " |" for row in rows]


def errors_of(base: Outcome, found: list[Outcome]) -> tuple[float, float]:
    """Return the largest Monte Carlo error of a share, and of a difference to the whole model on common draws."""
    names = (*LAYERS, *FIRMS)
    level = max(outcome.share(name).mc_error for outcome in (base, *found) for name in names)
    gaps = []
    for outcome in found:
        both = outcome.kept & base.kept
        draw = base.draw[both]
        for name in names:
            gap = outcome.broke[name][both].astype(float) - base.broke[name][both]
            by_draw = np.bincount(draw, gap) / np.maximum(np.bincount(draw), 1)
            gaps.append(by_draw.std(ddof=1) / np.sqrt(by_draw.size))
    return level, max(gaps)


def turns(rent: Floats) -> NDArray[np.bool_]:
    """Return on which paths the rent rises by a fifth from a low and falls by a fifth from a high; rent [T + 1, path].

    Examples
    --------
    >>> turns(np.array([[1.0, 1.0], [1.3, 1.1], [1.0, 1.2]])).tolist()
    [True, False]
    """
    rise = (rent / np.minimum.accumulate(rent, axis=0)).max(axis=0)
    fall = (np.maximum.accumulate(rent, axis=0) / rent).max(axis=0)
    # To fall by a fifth is to lose 20 per cent: the high is then 1.25 times the low.
    return (rise >= MOVED) & (fall >= 1.0 / (2.0 - MOVED))


def burn_busd(setting: Setting, entity: str) -> float:
    """Return what an entity spends beyond what it takes in over a year of the central path, USD billions."""
    central = prepare(replace(setting.question, paths=1, draws=0, chance=False))
    at = central.economy.entities.index(entity)

    def keep(_month: int, block: Record) -> dict[str, Floats]:
        own = block.entities
        return {"cash": own.cash[at].copy(), "came": own.raised[at] + own.lent[at]}

    year = {name: values[:13, 0] for name, values in watch(central, keep).items() if name != "status"}
    return float(year["came"][1:].sum() - year["cash"][-1] + year["cash"][0]) / 1000.0


def checks_of(setting: Setting, base: Outcome, rent_still: Outcome, change: Change) -> list[str]:
    """Return what is said of rents and hyperscalers on the paths of `base`."""
    rent = base.raw.rent
    above = base.share_of(rent[-1] > rent[0])
    cycle = base.share_of(turns(rent))
    quiet = rent_still.share_of(turns(rent_still.raw.rent))
    no_orders = measure(with_parameters(order_speed_monthly=0.0)(change(setting)), [])
    alone = no_orders.share_of(turns(no_orders.raw.rent))
    hyperscalers = np.flatnonzero(np.array(setting.economy.layers) == "hyperscaler")
    early = (base.raw.break_month > 0) & (base.raw.break_month < setting.question.book.month(BEFORE))
    counts = {setting.economy.entities[i]: int((early[i] & base.kept).sum()) for i in hyperscalers}
    worst = max(counts, key=counts.__getitem__)
    residual = max(float(getattr(base.raw, f"{what}_residual").max()) for what in ("ledger", "debt", "units"))
    return [
        f"- Rents end above where they began on {in_words(above)} of the paths of `base`.",
        f"- Rents rise by 20 % from a low and fall by 20 % from a high on {in_words(cycle)} of them; without noise of "
        f"its own in the rent (row *M5, chance*) on {in_words(quiet)}; if besides nobody orders beyond the book, on "
        f"{in_words(alone)}.",
        f"- Before {BEFORE}, with chance and ignorance on, no hyperscaler breaks on more than {counts[worst]} of "
        f"{int(base.kept.sum())} paths; the model is asked for at most 1 % of them.",
        f"- {setting.labels[BURNER]} burns {burn_busd(setting, BURNER):.0f} USD bn in the first twelve months of the "
        "path with central figures and without noise.",
        f"- The largest imbalance of cash, debt or units on any path, relative to what moves, is {residual:.0e}.",
    ]


def main() -> None:
    """Measure, and write the tables into the page."""
    book = load_book(defaults.BOOK)
    lines: list[str] = []
    for name in SCENARIOS:
        setting = prepare(Question(book, load_scenario(name), paths=PATHS))
        layers = layers_of(setting)
        base = measure(setting, layers)
        found = [measure(change(setting), layers) for _, _, change in RUNS]
        level, gap = errors_of(base, found)
        lines += [f"### `{name}`", "", *table_of(base, found), ""]
        lines += [
            f"{PATHS} paths of {setting.economy.draws} draws. Monte Carlo error: at most {100 * level:.1f} points of a "
            f"share, at most {100 * gap:.1f} points of a difference to the whole model. Paths that failed, and are not "
            f"counted, over all rows: {sum(int((~outcome.kept).sum()) for outcome in (base, *found))}.",
            "",
        ]
        if name == "base":
            still = next(number for number, run in enumerate(RUNS) if run[0] == "M5, chance")
            checks = checks_of(setting, base, found[still], RUNS[still][2])
    lines += ["### Checks", "", *checks]
    write_found(PAGE, "python -m docs.model_table", lines)


if __name__ == "__main__":
    main()
