"""Fire sales in rounds: banks whose leverage is out of bounds sell, prices fall, and leverage moves again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.faults import range_faults, refuse, shape_fault
from deflator.clearing.rows import figures_of, has_lanes, matrix_faults, same_lanes, told
from deflator.clearing.status import status_of


@dataclass(frozen=True)
class Deleveraging:
    """Where a spiral of sales ends.

    Parameters
    ----------
    price
        Of each asset as a share of its price at the start, [asset] or [asset, lane].
    holdings
        Left with each bank at those prices, currency, [bank, asset] or [bank, asset, lane].
    equity
        Below 0 for an insolvent bank, currency, [bank] or [bank, lane].
    sold
        Of each asset over all rounds, at the prices before each sale, currency, [asset] or [asset, lane].
    fire_sale_loss
        Of each bank, beyond the loss that started it, currency, [bank] or [bank, lane].
    rounds, residual, status
        Rounds with a sale, the last round's sales as a share of all holdings, and a `ClearingStatus`; per
        lane where there are lanes.
    """

    price: NDArray[np.float64]
    holdings: NDArray[np.float64]
    equity: NDArray[np.float64]
    sold: NDArray[np.float64]
    fire_sale_loss: NDArray[np.float64]
    rounds: Any
    residual: Any
    status: Any


@njit(cache=True, nogil=True, error_model="numpy")
def bounded_impact(sold, price, floor, slope):
    """Return by which share a price falls when an amount is sold: never below a floor.

    Depth depends on the level: the nearer the price is to its floor, the less it still falls.

    Parameters
    ----------
    sold
        Amount sold, currency.
    price, floor
        Present price and the price at which other buyers step in, in the same unit.
    slope
        Steepness at the start, per currency unit.

    References
    ----------
    Cont and Schaanning (2017), Fire sales, indirect contagion and systemic stress testing, Norges Bank
    Working Paper 02/2017, market impact function of section 2.3.

    Examples
    --------
    >>> round(bounded_impact(100.0, 1.0, 0.5, 0.0025), 6)
    0.1106
    """
    if price <= floor:
        return 0.0
    return (1.0 - floor / price) * -np.expm1(-sold * slope)


def deleverage(
    holdings: ArrayLike,
    equity: ArrayLike,
    other_assets: ArrayLike,
    depth: ArrayLike,
    *,
    loss: ArrayLike = 0.0,
    most_leverage: float = 33.0,
    target_leverage: float | None = None,
    floor: ArrayLike = 0.5,
    slippage: float = 0.5,
    insolvent_sell: bool = True,
    tolerance: float = 1e-12,
    max_rounds: int = 1_000,
) -> Deleveraging:
    """Let banks above a leverage limit sell marketable assets down to a target, round by round.

    Parameters
    ----------
    holdings
        Marketable assets of each bank, currency, [bank, asset].
    equity, other_assets
        Equity, and assets that cannot be sold, currency, [bank].
    depth
        Amount whose sale would take the whole price at the slope of the start, currency, [asset].
    loss
        Loss on the other assets that starts it, currency, [bank] or [bank, lane].
    most_leverage, target_leverage
        Assets over equity beyond which a bank sells, and to which it returns (95 % of the limit if None).
    floor
        Price below which an asset does not fall, as a share of the price at the start, [asset].
    slippage
        Share of a round's price fall that sellers suffer on what they sell in it.
    insolvent_sell
        Whether a bank without equity sells all it has, or nothing.
    tolerance
        Sales of less than this share of all holdings count as none.
    max_rounds
        Most rounds.

    Returns
    -------
    Deleveraging
        Look at `status`.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Cont and Schaanning (2017), Norges Bank Working Paper 02/2017, section 2.

    Examples
    --------
    >>> result = deleverage([[50, 0], [40, 40]], [4, 6], [50, 20], [200, 200], loss=[1.5, 0])
    >>> result.rounds, result.price.round(3)
    (3, array([0.725, 0.84 ]))
    """
    target = 0.95 * most_leverage if target_leverage is None else target_leverage
    owned = np.ascontiguousarray(holdings, float)
    if owned.ndim != 2:
        refuse([shape_fault("holdings", owned.shape, "[bank, asset]")])
    banks, kinds = owned.shape
    found = matrix_faults("holdings", owned, (banks, kinds))
    own = figures_of("equity", equity, banks, found)
    other = figures_of("other_assets", other_assets, banks, found)
    market = figures_of("depth", depth, kinds, found, low=np.finfo(float).tiny)
    lowest = figures_of("floor", floor, kinds, found, high=1.0)
    lost = figures_of("loss", loss, banks, found)
    found += range_faults("most_leverage", np.asarray(most_leverage, float), low=1.0)
    found += range_faults("target_leverage", np.asarray(target, float), low=1.0, high=most_leverage)
    found += range_faults("slippage", np.asarray(slippage, float), high=1.0)
    refuse(found)
    own, other, lost = same_lanes(own, other, lost)
    lanes = lost.shape[1]
    left, rest = own - lost, other - lost
    before = left.copy()
    held = np.repeat(owned[:, :, None], lanes, axis=2)
    price, sold = np.ones((kinds, lanes)), np.zeros((kinds, lanes))
    rounds, residual = np.zeros(lanes, np.int64), np.zeros(lanes)
    slope = np.where(lowest < 1.0, 1.0 / (np.where(lowest < 1.0, 1.0 - lowest, 1.0) * market), 0.0)
    _sell_in_rounds(
        held, left, rest, lowest[:, 0], slope[:, 0], most_leverage, target, slippage, insolvent_sell,
        tolerance, max_rounds, price, sold, rounds, residual,
    )  # fmt: skip
    lanes_given = has_lanes(equity, other_assets, loss)
    return Deleveraging(
        price=told(price, lanes_given),
        holdings=told(held, lanes_given),
        equity=told(left, lanes_given),
        sold=told(sold, lanes_given),
        fire_sale_loss=told(before - left, lanes_given),
        rounds=told(rounds, lanes_given),
        residual=told(residual, lanes_given),
        status=status_of(told(residual, lanes_given), tolerance),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _sell_in_rounds(
    held, equity, other, floor, slope, limit, target, slippage, insolvent_sell, tolerance, max_rounds,
    price, sold, rounds, residual,
):  # fmt: skip
    """Run the rounds of every lane until nobody sells; a lane at rest does not change any more."""
    banks, kinds, lanes = held.shape
    share, volume, total = np.empty((banks, lanes)), np.empty((kinds, lanes)), np.zeros(lanes)
    for bank in range(banks):
        for kind in range(kinds):
            for lane in range(lanes):
                total[lane] += held[bank, kind, lane]
    for _ in range(max_rounds):
        _shares_to_sell(held, equity, other, limit, target, insolvent_sell, share)
        volume[:] = 0.0
        residual[:] = 0.0
        for bank in range(banks):
            for kind in range(kinds):
                for lane in range(lanes):
                    amount = share[bank, lane] * held[bank, kind, lane]
                    volume[kind, lane] += amount
                    residual[lane] += amount / total[lane] if amount > 0.0 else 0.0
        if not (residual > tolerance).any():
            return
        for lane in range(lanes):
            rounds[lane] += residual[lane] > tolerance
        for kind in range(kinds):
            for lane in range(lanes):
                if residual[lane] > tolerance:
                    fall = bounded_impact(volume[kind, lane], price[kind, lane], floor[kind], slope[kind])
                    price[kind, lane] *= 1.0 - fall
                    sold[kind, lane] += volume[kind, lane]
                    for bank in range(banks):
                        amount, part = held[bank, kind, lane], share[bank, lane]
                        equity[bank, lane] -= (1.0 - (1.0 - slippage) * part) * amount * fall
                        held[bank, kind, lane] = (1.0 - part) * amount * (1.0 - fall)


@njit(cache=True, nogil=True, error_model="numpy")
def _shares_to_sell(held, equity, other, limit, target, insolvent_sell, share):
    """Find the share of its marketable assets that each bank sells to be back at the target."""
    banks, kinds, lanes = held.shape
    for bank in range(banks):
        for lane in range(lanes):
            marketable = 0.0
            for kind in range(kinds):
                marketable += held[bank, kind, lane]
            own, assets = equity[bank, lane], marketable + other[bank, lane]
            share[bank, lane] = 0.0
            if marketable > 0.0 and assets > limit * own and (own > 0.0 or insolvent_sell):
                share[bank, lane] = min(1.0, (assets - target * max(own, 0.0)) / marketable)
