"""Levers at some size: what they change in the economy of a case, which keeps all its random draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.lever_case import (
    LEVERS,
    SOLD,
    Case,
    cancellable_of,
    covenants_of,
    debts_of,
    figure_of,
    kept_of,
    price_of,
    sold_of,
)
from deflator.analysis.lever_costs import fee_musd
from deflator.analysis.replay import Floats, Setting
from deflator.analysis.trials import varied
from deflator.engine.layout import CONTRACTED_COVERAGE, DSCR, LENDER, MIN_LIQUIDITY
from deflator.errors import Fault, RunError


def check_sizes(case: Case, sizes: Mapping[str, float]) -> None:
    """Refuse sizes outside the range of their lever.

    Raises
    ------
    RunError
        With every lever that has no meaning for the entity or is out of range.
    """
    by_name = {lever.name: lever for lever in case.levers}
    faults = []
    for name, size in sizes.items():
        lever = by_name.get(name)
        if lever is None:
            faults.append(Fault("", 0, name, "there is no such lever", f"use one of {', '.join(LEVERS)}"))
        elif not 0.0 <= size <= lever.most * (1.0 + 1e-12):
            faults.append(Fault("", 0, name, f"{size:g} is out of range", f"use a number from 0 to {lever.most:g}"))
    if faults:
        raise RunError(faults)


def applied(case: Case, sizes: Mapping[str, float]) -> Setting:
    """Return the setting with levers of some sizes; fees are paid out of cash at the start.

    Raises
    ------
    RunError
        When a size is outside its range.
    """
    check_sizes(case, sizes)
    economy, links, i = case.setting.economy, case.setting.economy.links, case.position
    changed: dict[str, Floats] = {}

    def figure(name: str) -> Floats:
        return changed.setdefault(name, economy.figures[economy.rows[name]].copy())

    size = {name: float(sizes.get(name, 0.0)) for name in LEVERS}
    if size["extend"] > 0.0:
        debts = debts_of(case)
        figure("facilities.maturity")[debts] += round(size["extend"])
        figure("facilities.start_rate")[debts] += case.terms.extension_spread
        _shift_schedules(figure("amortisation.share"), links["facilities.amortisation_row"][debts], economy.months,
                         round(size["extend"]))  # fmt: skip
    if size["equity"] > 0.0:
        worth = "entities.capital" if links["entities.layer"][i] == LENDER else "entities.start_equity"
        figure(worth)[i] += size["equity"]
        figure("entities.start_cash")[i] += size["equity"]
    if size["capex"] > 0.0:
        figure("fleets.units")[cancellable_of(case)] *= 1.0 - size["capex"]
        figure("entities.free_power_mw")[i] *= 1.0 - size["capex"]
    if size["covenant"] > 0.0:
        tests = covenants_of(case)
        least = np.isin(links["covenants.test"][tests], (DSCR, CONTRACTED_COVERAGE, MIN_LIQUIDITY))
        figure("covenants.threshold")[tests] *= np.where(least, 1.0 - size["covenant"], 1.0 + size["covenant"])[:, None]
    if size["cure"] > 0.0:
        figure("covenants.cure")[covenants_of(case)] += round(size["cure"])
    if any(size[kind] > 0.0 for kind in SOLD):
        _sell(case, size, figure("contracts.units"), figure("contracts.start_rent"))
    if size["insourcing"] > 0.0:
        units = figure("contracts.units")
        for whole, kept in kept_of(case.setting):
            units[kept] = size["insourcing"] * units[whole]
            units[whole] *= 1.0 - size["insourcing"]
    fees = sum(fee_musd(case, name, size[name]) for name in ("covenant", "cure", "capex"))
    if fees > 0.0:
        figure("entities.start_cash")[i] -= fees
    return varied(case.setting, figures=changed)


def _shift_schedules(shares: Floats, rows: NDArray[np.int64], months: int, later: int) -> None:
    """Move repayment schedules to later months: what falls due is the same share of what is left, later."""
    for row in rows[rows >= 0]:
        own = slice(row * (months + 1), (row + 1) * (months + 1))
        before = shares[own].copy()
        shares[own] = 0.0
        shares[own][later + 1 :] = before[1 : max(months + 1 - later, 1)]


def _sell(case: Case, size: Mapping[str, float], units: Floats, rents: Floats) -> None:
    """Fill the contracts that levers sell, as shares of the units uncommitted at the as-of month, by draw."""
    let = figure_of(case, "world.market")[2]
    shares = {"presale": size["presale"] * let, "forward": size["forward"] * (1.0 - size["presale"]) * let,
              "backstop": np.full_like(let, size["backstop"])}  # fmt: skip
    for kind in SOLD:
        for contract, pair in sold_of(case, kind):
            units[contract] = shares[kind] * case.expected["free"][pair]
            rents[contract] = price_of(case, kind, pair)
