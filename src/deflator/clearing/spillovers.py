"""What one round of selling costs everybody else who holds the same assets: linear fire-sale spillovers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from deflator.clearing.faults import refuse, shape_fault
from deflator.clearing.rows import figures_of, has_lanes, matrix_faults, same_lanes, told


@dataclass(frozen=True)
class Spillover:
    """Losses from one round of selling after a shock to asset prices.

    Parameters
    ----------
    direct_loss
        Loss of each bank from the shock itself, currency (a gain is negative), [bank] or [bank, lane].
    net_purchases
        What all banks together buy of each asset, currency; sales are negative, [asset] or [asset, lane].
    price_change
        Return of each asset from the selling, [asset] or [asset, lane].
    fire_sale_result
        Gain of each bank from those price changes, currency; losses are negative, [bank] or [bank, lane].
    aggregate_vulnerability
        Sum of those gains over all equity: the share of the system's equity that deleveraging wipes out when
        negative; a number or [lane].
    systemicness
        Part of it that is caused by the sales of each bank, [bank] or [bank, lane]; sums to the aggregate.
    """

    direct_loss: NDArray[np.float64]
    net_purchases: NDArray[np.float64]
    price_change: NDArray[np.float64]
    fire_sale_result: NDArray[np.float64]
    aggregate_vulnerability: Any
    systemicness: NDArray[np.float64]


def spill_over(
    weights: ArrayLike, assets: ArrayLike, leverage: ArrayLike, price_impact: ArrayLike, shock: ArrayLike
) -> Spillover:
    """Let banks that lose sell in proportion to their holdings until their leverage is what it was.

    Parameters
    ----------
    weights
        Share of each asset in each bank's portfolio, rows sum to one, [bank, asset].
    assets
        Total assets of each bank, currency, [bank].
    leverage
        Debt over equity that each bank returns to, [bank].
    price_impact
        Return of an asset per currency unit sold, [asset].
    shock
        Return of each asset in the shock, -1 for total loss, [asset] or [asset, lane].

    Returns
    -------
    Spillover
        One round, linear in the shock.

    Raises
    ------
    ClearingError
        Naming every figure out of range.

    References
    ----------
    Greenwood, Landier and Thesmar (2015), Vulnerable banks, Journal of Financial Economics 115, equations (1)
    to (6).

    Examples
    --------
    Two banks share one of two assets; only the first holds the asset that falls by 10 %.

    >>> result = spill_over([[0.5, 0.5], [0, 1]], [100, 100], [9, 9], [0, 0.001], [-0.1, 0])
    >>> result.net_purchases, result.fire_sale_result
    (array([-22.5, -22.5]), array([-1.125, -2.25 ]))
    """
    share = np.ascontiguousarray(weights, float)
    if share.ndim != 2:
        refuse([shape_fault("weights", share.shape, "[bank, asset]")])
    banks, kinds = share.shape
    found = matrix_faults("weights", share, (banks, kinds), high=1.0)
    size = figures_of("assets", assets, banks, found)
    geared = figures_of("leverage", leverage, banks, found)
    impact = figures_of("price_impact", price_impact, kinds, found)
    moved = figures_of("shock", shock, kinds, found, low=-1.0)
    refuse(found)
    size, geared, impact, moved = same_lanes(size, geared, impact, moved)
    lanes = moved.shape[1]
    direct, result, caused = (np.zeros((banks, lanes)) for _ in range(3))
    bought, change = np.zeros((kinds, lanes)), np.zeros((kinds, lanes))
    _spill(share, size, geared, impact, moved, direct, bought, change, result, caused)
    equity = (size / (1.0 + geared)).sum(axis=0)
    lanes_given = has_lanes(assets, leverage, price_impact, shock)
    figures = (-direct, bought, change, result, result.sum(axis=0) / equity, caused / equity)
    return Spillover(*(told(figure, lanes_given) for figure in figures))


@njit(cache=True, nogil=True, error_model="numpy")
def _spill(share, size, geared, impact, moved, direct, bought, change, result, caused):
    """Apply the chain shock, loss, sale, price, loss; the last array says whose sale caused it."""
    banks, kinds = share.shape
    lanes = moved.shape[1]
    for bank in range(banks):
        for kind in range(kinds):
            for lane in range(lanes):
                direct[bank, lane] += size[bank, lane] * share[bank, kind] * moved[kind, lane]
    for bank in range(banks):
        for kind in range(kinds):
            for lane in range(lanes):
                bought[kind, lane] += share[bank, kind] * geared[bank, lane] * direct[bank, lane]
    for kind in range(kinds):
        for lane in range(lanes):
            change[kind, lane] = impact[kind, lane] * bought[kind, lane]
    held = np.zeros((kinds, lanes))
    for bank in range(banks):
        for kind in range(kinds):
            for lane in range(lanes):
                held[kind, lane] += size[bank, lane] * share[bank, kind]
                result[bank, lane] += size[bank, lane] * share[bank, kind] * change[kind, lane]
    for bank in range(banks):
        for kind in range(kinds):
            for lane in range(lanes):
                sale = share[bank, kind] * geared[bank, lane] * direct[bank, lane]
                caused[bank, lane] += held[kind, lane] * impact[kind, lane] * sale
