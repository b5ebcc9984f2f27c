"""Fire sales of banks with a minimum ratio, a buffer above it and a target: cash first, then sales."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.faults import range_faults, refuse, shape_fault
from deflator.clearing.rows import figures_of, has_lanes, matrix_faults, same_lanes, told


@dataclass(frozen=True)
class BufferSales:
    """How a shock to prices plays out step by step.

    Parameters
    ----------
    failures
        Banks that fall below the minimum in each step, [step] or [step, lane].
    sold
        Share of all units of all assets that has been sold by each step, [step] or [step, lane].
    price
        Of each asset in the end, as a share of the price before the shock, [asset] or [asset, lane].
    failed
        Who has failed, [bank] or [bank, lane].
    equity
        In the end, currency, [bank] or [bank, lane].
    """

    failures: NDArray[np.int64]
    sold: NDArray[np.float64]
    price: NDArray[np.float64]
    failed: NDArray[np.bool_]
    equity: NDArray[np.float64]


def sell_below_buffer(
    holdings: ArrayLike,
    cash: ArrayLike,
    other_assets: ArrayLike,
    debts: ArrayLike,
    *,
    shock: ArrayLike,
    slope: ArrayLike,
    minimum: float = 0.03,
    buffer: float = 0.04,
    target: float = 0.05,
    steps: int = 6,
) -> BufferSales:
    """Let banks below a buffer of equity over assets repay debt, first with cash, then with sales.

    In each step the sales ordered in the step before are made, all at the middle of the old and the new
    price. Then a bank below the minimum fails, and orders the sale of all it has; a bank below the buffer
    repays what takes it to the target, as far as cash goes, and orders the sale of the rest, pro rata over
    its assets.

    Parameters
    ----------
    holdings
        Units of each asset, worth 1 each before the shock, [bank, asset].
    cash, other_assets, debts
        Rest of the balance sheet, currency, [bank].
    shock
        Share by which each price falls at the start, [asset] or [asset, lane].
    slope
        Fall of the logarithm of a price when all units of the asset are sold, [asset].
    minimum, buffer, target
        Ratios of equity to assets, rising.
    steps
        Number of steps.

    Returns
    -------
    BufferSales
        Step by step.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Farmer, Kleinnijenhuis, Nahai-Williamson and Wetzer (2020), Foundations of system-wide financial stress
    testing with heterogeneous institutions, Bank of England Staff Working Paper 861, section 5.

    Examples
    --------
    >>> result = sell_below_buffer([[40], [40]], [5, 5], [55, 55], [94, 96], shock=[0.03], slope=[0.5])
    >>> result.failures, result.failed
    (array([1, 1, 0, 0, 0, 0]), array([ True,  True]))
    """
    owned = np.ascontiguousarray(holdings, float)
    if owned.ndim != 2:
        refuse([shape_fault("holdings", owned.shape, "[bank, asset]")])
    banks, kinds = owned.shape
    found = matrix_faults("holdings", owned, (banks, kinds))
    money = figures_of("cash", cash, banks, found)
    other = figures_of("other_assets", other_assets, banks, found)
    owed = figures_of("debts", debts, banks, found)
    steep = figures_of("slope", slope, kinds, found)
    fall = figures_of("shock", shock, kinds, found, high=1.0)
    found += range_faults("minimum", np.asarray(minimum, float), high=buffer)
    found += range_faults("buffer", np.asarray(buffer, float), high=target)
    found += range_faults("target", np.asarray(target, float), low=np.finfo(float).tiny, high=1.0)
    refuse(found)
    money, other, owed, fall, steep = same_lanes(money, other, owed, fall, steep)
    lanes = fall.shape[1]
    held = np.repeat(owned[:, :, None], lanes, axis=2)
    price, money, owed = 1.0 - fall, money.copy(), owed.copy()
    failures, sold = np.zeros((steps, lanes), np.int64), np.zeros((steps, lanes))
    failed, equity = np.zeros((banks, lanes), np.bool_), np.empty((banks, lanes))
    figures = (failures, sold, price, failed, equity)
    _step_by_step(held, money, other, owed, steep, minimum, buffer, target, *figures)
    lanes_given = has_lanes(cash, other_assets, debts, shock, slope)
    return BufferSales(*(told(figure, lanes_given) for figure in figures))


@njit(cache=True, nogil=True, error_model="numpy")
def _step_by_step(held, cash, other, debts, slope, minimum, buffer, target, failures, sold, price, failed, equity):
    """Run all steps of every lane."""
    banks, kinds, lanes = held.shape
    order = np.zeros(held.shape)
    units, out = np.zeros((kinds, lanes)), np.zeros((kinds, lanes))
    for bank in range(banks):
        units += held[bank]
    for step in range(failures.shape[0]):
        _make_sales(held, cash, order, units, slope, price, out)
        for lane in range(lanes):
            everything = units[:, lane].sum()
            sold[step, lane] = out[:, lane].sum() / everything if everything > 0.0 else 0.0
        order[:] = 0.0
        for bank in range(banks):
            for lane in range(lanes):
                marketable = 0.0
                for kind in range(kinds):
                    marketable += held[bank, kind, lane] * price[kind, lane]
                assets = cash[bank, lane] + marketable + other[bank, lane]
                equity[bank, lane] = assets - debts[bank, lane]
                share = 0.0
                if failed[bank, lane]:
                    continue
                if equity[bank, lane] < minimum * assets:
                    failed[bank, lane] = True
                    failures[step, lane] += 1
                    share = 1.0
                elif equity[bank, lane] < buffer * assets:
                    needed = max(0.0, assets - equity[bank, lane] / target)
                    paid = min(min(cash[bank, lane], needed), debts[bank, lane])
                    cash[bank, lane] -= paid
                    debts[bank, lane] -= paid
                    share = min(1.0, (needed - paid) / marketable) if marketable > 0.0 else 0.0
                for kind in range(kinds):
                    order[bank, kind, lane] = share * held[bank, kind, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _make_sales(held, cash, order, units, slope, price, out):
    """Move prices by what was ordered and hand over units for cash, at the middle of old and new price."""
    banks, kinds, lanes = held.shape
    for kind in range(kinds):
        for lane in range(lanes):
            volume = 0.0
            for bank in range(banks):
                volume += order[bank, kind, lane]
            before = price[kind, lane]
            if units[kind, lane] > 0.0:
                price[kind, lane] *= np.exp(-volume / units[kind, lane] * slope[kind, lane])
            out[kind, lane] += volume
            for bank in range(banks):
                held[bank, kind, lane] -= order[bank, kind, lane]
                cash[bank, lane] += order[bank, kind, lane] * 0.5 * (before + price[kind, lane])
