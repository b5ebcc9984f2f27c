"""What levers cost, as present value in USD m, and who bears it; prices are of the book or the terms."""

from __future__ import annotations

import numpy as np

from deflator.analysis.economics import free_entry_rent
from deflator.analysis.lever_case import (
    Case,
    cancellable_of,
    covenants_of,
    debts_of,
    figure_of,
    kept_of,
    parameter_of,
    price_of,
    sold_of,
    worth_of,
)
from deflator.analysis.replay import Floats
from deflator.engine.layout import HOURS_PER_MONTH, HOURS_PER_YEAR, MILLION
from deflator.engine.positions import P


def cost_musd(case: Case, name: str, size: float, presale: float = 0.0) -> float:
    """Return what a lever of some size costs, present value in USD m, never below zero.

    Parameters
    ----------
    case
        From `case_of`.
    name, size
        The lever.
    presale
        Share that is sold ahead besides: forwards are sold on the rest.

    Notes
    -----
    Extension: spread on what is drawn until the new maturity. Equity: what passes to new holders,
    X·δ·E ÷ ((1 - δ)·E + X). Forwards and sales ahead: the expected rent above the price.
    Capital spending: the net value of the units forgone, and the cancellation fee. Amendments: the fee. Backstop: what
    the vendor is expected to pay. Insourcing: the discount on what is kept.
    """
    if size <= 0.0:
        return 0.0
    if name == "extend":
        return _extension_cost(case, size)
    if name == "equity":
        worth, below = worth_of(case), case.terms.equity_discount
        return size * below * worth / ((1.0 - below) * worth + size)
    if name in ("forward", "presale"):
        return _sale_cost(case, name, size * (1.0 - presale if name == "forward" else 1.0))
    if name == "backstop":
        return _backstop_cost(case, size)
    if name == "insourcing":
        return _insourcing_cost(case, size)
    return fee_musd(case, name, size) + (_forgone(case) * size if name == "capex" else 0.0)


def _discounts(case: Case, months: int | None = None) -> Floats:
    """Return the value at the as-of month of one in each month from 1."""
    rate = parameter_of(case, P.appraisal_discount_rate)
    found: Floats = np.exp(-rate * np.arange(1, (months or case.last) + 1) / 12.0)
    return found


def _extension_cost(case: Case, months: float) -> float:
    total = 0.0
    for k in debts_of(case):
        drawn, maturity = (float(figure_of(case, f"facilities.{field}")[k].mean())
                           for field in ("start_drawn", "maturity"))  # fmt: skip
        life = max(round(maturity + months), 1)
        total += drawn * case.terms.extension_spread / 12.0 * float(_discounts(case, life).sum())
    return total


def _sale_cost(case: Case, kind: str, share: float) -> float:
    let = float(figure_of(case, "world.market")[2].mean())
    total = 0.0
    for _, pair in sold_of(case, kind):
        units = share * let * float(case.expected["free"][pair].mean())
        above = case.expected["spot"][:, pair] - price_of(case, kind, pair)
        total += units * HOURS_PER_MONTH / MILLION * float((above * _discounts(case)).sum())
    return max(total, 0.0)


def _backstop_cost(case: Case, share: float) -> float:
    total, performs = 0.0, parameter_of(case, P.guarantor_performance)
    for _, pair in sold_of(case, "backstop"):
        most = share * float(case.expected["free"][pair].mean())
        bought = np.minimum(case.expected["unsold"][:, pair], most).mean(axis=-1)
        monthly = bought * performs * price_of(case, "backstop", pair) * HOURS_PER_MONTH / MILLION
        total += float((monthly * _discounts(case)).sum())
    return total


def _insourcing_cost(case: Case, share: float) -> float:
    links = case.setting.economy.links
    pairs = case.expected["pairs"].astype(int).tolist()
    units, ends = (figure_of(case, f"contracts.{name}").mean(axis=1) for name in ("units", "end"))
    below = parameter_of(case, P.renewal_price_discount)
    months, discounts = np.arange(1, case.last + 1), _discounts(case)
    total = 0.0
    for whole, _ in kept_of(case.setting):
        pair = pairs.index(int(links["contracts.pair"][whole]))
        monthly = share * units[whole] * below * case.expected["spot"][:, pair] * HOURS_PER_MONTH / MILLION
        total += float((monthly * discounts * (months >= ends[whole])).sum())
    return total


def fee_musd(case: Case, name: str, size: float) -> float:
    """Return what is paid at once for an amendment or for cancelled orders, USD m."""
    links = case.setting.economy.links
    if size <= 0.0:
        return 0.0
    if name == "capex":
        binding = [f for f in cancellable_of(case) if links["fleets.committed"][f]]
        units, price = (figure_of(case, f"fleets.{field}")[binding].mean(axis=1)
                        for field in ("units", "unit_price"))  # fmt: skip
        return float(size * parameter_of(case, P.order_cancellation_fee_share) * (units * price).sum() / MILLION)
    tested = np.unique(links["covenants.facility"][covenants_of(case)])
    committed = figure_of(case, "facilities.committed")[tested].mean(axis=1)
    return float(case.terms.amendment_fee * committed.sum())


def _forgone(case: Case) -> float:
    """Return the net value of the deliveries that can be cancelled: what they earn over their lives above their price.

    At the rents of the as-of month: hours let · (rent - free-entry rent) · annuity, which is value less price.
    """
    links = case.setting.economy.links
    discount, decline = (parameter_of(case, row) for row in (P.appraisal_discount_rate, P.expected_obsolescence_annual))
    pue, _, let = figure_of(case, "world.market").mean(axis=1)
    total = 0.0
    for f in cancellable_of(case):
        g = links["fleets.equipment"][f]
        fleet = {name: float(figure_of(case, f"fleets.{name}")[f].mean())
                 for name in ("units", "unit_price", "power_price", "opex", "in_service")}  # fmt: skip
        kw, life, rent = (float(figure_of(case, f"equipment.{name}")[g].mean())
                          for name in ("kw", "life", "start_rent"))  # fmt: skip
        years = np.array(life / 12.0)
        running = kw * pue * fleet["power_price"] / 1000.0 + fleet["opex"]
        entry = free_entry_rent(np.array(fleet["unit_price"]), np.array(running), np.array(let), np.array(decline),
                                np.array(discount), years)  # fmt: skip
        rate = discount + decline
        annuity = (1.0 - np.exp(-rate * years)) / rate if rate else years
        worth = max(float(let * HOURS_PER_YEAR * (rent - entry) * annuity), 0.0) * fleet["units"] / MILLION
        total += worth * float(np.exp(-discount * max(fleet["in_service"], 0.0) / 12.0))
    return total


def bearer_of(name: str) -> str:
    """Return who bears the cost of a lever: `holders` of shares, the `vendor`, or the `firm`."""
    return {"equity": "holders", "backstop": "vendor"}.get(name, "firm")
