"""Pay debts by selling an asset whose price falls with what is sold: one seller, and a network of sellers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.economy import Economy, Outcome, by_payer, one_lane, read_economy
from deflator.clearing.faults import choice_faults, range_faults, refuse
from deflator.clearing.network import network_faults
from deflator.clearing.payments import METHODS, Clearing, Method, as_clearing
from deflator.clearing.revaluation import Figures, in_lanes, settle_with_values
from deflator.clearing.rows import figures_of, same_lanes
from deflator.clearing.single import UnsoundError
from deflator.clearing.status import ClearingStatus
from deflator.errors import Fault


@dataclass(frozen=True)
class Raised:
    """What has to be sold to raise cash.

    Parameters
    ----------
    units
        Sold, NaN where no sale raises the cash.
    price
        At which they are sold, as a share of the price before; NaN likewise.
    most
        The most cash that any sale raises.
    status
        `SETTLED` or `SPIRAL`; numbers for several shortfalls.
    """

    units: Any
    price: Any
    most: float
    status: Any


def raise_cash(shortfall: ArrayLike, slope: float) -> Raised:
    """Find the smallest sale that raises a shortfall when the price is `exp(-slope * units)`.

    Parameters
    ----------
    shortfall
        Cash that is needed, in units at the price before, at least 0; a number or an array.
    slope
        Fall of the logarithm of the price per unit sold, above 0.

    Returns
    -------
    Raised
        With the status `SPIRAL` where the shortfall is above `1 / (slope * e)`: selling more then brings
        less.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Cifuentes, Ferrucci and Shin (2005), Liquidity risk and contagion, Journal of the European Economic
    Association 3, inverse demand of section 3; the sale is `-W0(-slope * shortfall) / slope`.

    Examples
    --------
    >>> raised = raise_cash(0.4, 0.5)
    >>> round(raised.units, 4), round(raised.price, 4)
    (0.5183, 0.7717)
    >>> raise_cash(0.8, 0.5).status.sentence
    'No sale raises the cash that is needed: each sale lowers the price by more than it brings in.'
    """
    needed = np.asarray(shortfall, float)
    refuse(
        range_faults("shortfall", needed) + range_faults("slope", np.asarray(slope, float), low=np.finfo(float).tiny)
    )
    flat = needed.ravel()
    solved = np.empty(flat.size)
    _sales(flat, float(slope), solved)
    units = solved.reshape(needed.shape)
    price, most = np.exp(-slope * units), 1.0 / (slope * math.e)
    code = np.where(np.isnan(units), ClearingStatus.SPIRAL, ClearingStatus.SETTLED)
    if needed.ndim == 0:
        return Raised(float(units), float(price), most, ClearingStatus(int(code)))
    return Raised(units, price, most, code)


@njit(cache=True, nogil=True, error_model="numpy")
def _sales(needed, slope, units):
    """Solve `u * exp(-u) = slope * needed` for the u of at most 1; NaN where there is none."""
    for place in range(needed.size):
        target = slope * needed[place]
        if target > math.exp(-1.0):
            units[place] = np.nan
            continue
        # Near the peak u is about 1 - sqrt(2 (1 - e * target)); Halley's steps then converge from anywhere
        # below.
        u = target if target < 0.2 else max(0.0, 1.0 - math.sqrt(max(0.0, 2.0 * (1.0 - math.e * target))))
        for _ in range(60):
            slack = u - target * math.exp(u)
            first = 1.0 - target * math.exp(u)
            if slack == 0.0 or first == 0.0:
                break
            second = -target * math.exp(u)
            step = slack / (first - 0.5 * slack * second / first)
            u -= step
            if abs(step) <= 1e-16 * u:
                break
        units[place] = u / slope


@dataclass(frozen=True)
class SaleClearing:
    """Payments that clear together with the price of what is sold to make them.

    Parameters
    ----------
    clearing
        Payments, equity at the final price, defaults, status.
    price
        Of the illiquid asset, as a share of the price before; a number or [lane].
    sold
        Units sold by each node, [node] or [node, lane].
    """

    clearing: Clearing
    price: Any
    sold: NDArray[np.float64]


def clear_with_sales(
    liabilities: Any,
    liquid_assets: ArrayLike,
    illiquid_units: ArrayLike,
    *,
    slope: float,
    minimum_ratio: float | None = None,
    external_liabilities: ArrayLike = 0.0,
    alpha: ArrayLike = 1.0,
    beta: ArrayLike = 1.0,
    method: Method = "auto",
    tolerance: float = 1e-12,
    max_rounds: int = 10_000,
) -> SaleClearing:
    """Clear payments when nodes sell an illiquid asset to pay, or to keep a ratio of equity to assets.

    All sales move one price, at which everybody values what they keep. An insolvent node sells all it has.

    Parameters
    ----------
    liabilities, external_liabilities, alpha, beta, method, tolerance, max_rounds
        As in `deflator.clearing.clear`.
    liquid_assets
        Cash of each node, currency, [node] or [node, lane].
    illiquid_units
        Units of the asset that each node holds, worth 1 each before any sale, [node] or [node, lane].
    slope
        Fall of the logarithm of the price per unit sold by all together.
    minimum_ratio
        None to sell what is lacking to pay. A number above 0 to sell what takes equity back to this share of
        the assets that remain; then debts are on the balance sheet, and cash need not cover them today.

    Returns
    -------
    SaleClearing
        With the highest price and the greatest payments.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Cifuentes, Ferrucci and Shin (2005), Journal of the European Economic Association 3, equations (3) to (8);
    Amini, Filipović and Minca (2016), Uniqueness of equilibrium in a payment system with liquidation costs,
    Operations Research Letters 44.

    Examples
    --------
    >>> result = clear_with_sales([[0, 0.6], [0, 0]], [0.2, 0], [1, 1], slope=0.5)
    >>> round(result.price, 4), result.sold.round(4)
    (0.7717, array([0.5183, 0.    ]))
    """
    nodes = np.shape(liabilities)[0]
    found: list[Fault] = choice_faults("method", method, METHODS) + range_faults("slope", np.asarray(slope, float))
    if minimum_ratio is not None:
        found += range_faults("minimum_ratio", np.asarray(minimum_ratio, float), low=1e-6, high=1.0)
    held = figures_of("illiquid_units", illiquid_units, nodes, found)
    if found:
        refuse(found + network_faults(liabilities))
    economy = read_economy(liabilities, liquid_assets, external_liabilities, 0, alpha, beta, None, None)
    one_economy = economy.lanes == 0 and np.ndim(illiquid_units) < 2
    cash, held = same_lanes(in_lanes(economy.resources, max(1, economy.lanes)), held)
    economy = replace(economy, network=economy.network.listed(), resources=cash)

    def sales(part: Economy, settled: Outcome, price: Figures, lanes: NDArray[np.int64]) -> Figures:
        owed = by_payer(part.network, settled.group_due).sum(axis=1)
        return _units_to_sell(
            owed, cash[:, lanes] + settled.received, settled.received, held[:, lanes], price, minimum_ratio
        )

    try:
        outcome, price = settle_with_values(
            economy,
            np.ones((1, cash.shape[1])),
            np.ones(cash.shape[1]),
            worth=lambda values, lanes: values * held[:, lanes],
            revalue=lambda *state: np.exp(-slope * sales(*state).sum(axis=0, keepdims=True)),
            start=1.0,
            method=method,
            tolerance=tolerance,
            max_rounds=max_rounds,
        )
    except UnsoundError:
        refuse(network_faults(liabilities))
        raise
    sold = sales(economy, outcome, price, np.arange(cash.shape[1]))
    economy = replace(economy, resources=cash + price * held)
    if one_economy:
        one = replace(economy, resources=economy.resources[:, 0])
        return SaleClearing(as_clearing(one, one_lane(outcome), tolerance), float(price[0, 0]), sold[:, 0])
    return SaleClearing(as_clearing(economy, outcome, tolerance), price[0], sold)


def _units_to_sell(
    owed: Figures, money: Figures, claims: Figures, held: Figures, price: Figures, minimum_ratio: float | None
) -> Figures:
    """Return the units [node, lane] that make payment possible or restore the ratio, if there are enough.

    Parameters
    ----------
    owed, money, claims, held, price
        Debts, cash with receipts, receipts alone, units held, [node, lane], and the price, [1, lane].
    """
    if minimum_ratio is None:
        units = (owed - money) / price
    else:
        equity = price * held + money - owed
        units = held - (equity / minimum_ratio - claims) / price
    return np.clip(units, 0.0, held)
