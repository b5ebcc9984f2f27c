"""A share of a firm: what it costs, what it is paid, and what dilution and failure leave of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deflator.analysis.assets import Asset
from deflator.analysis.replay import Floats, Setting
from deflator.engine.layout import HYPERSCALER, VENDOR
from deflator.engine.positions import P
from deflator.engine.record import Record


def share_state(setting: Setting, position: int, block: Record) -> dict[str, Floats]:
    """Return what a firm is worth, issues and pays out this month, USD m, and how much of it has broken; each [lane].

    The engine distributes a share p of the cash above the month-0 level as the last thing of a month, so that p/(1 - p)
    of what is left above it was paid.
    """
    entities, facilities, links = block.entities, block.facilities, setting.economy.links
    paid = np.zeros(entities.cash.shape[1])
    if links["entities.layer"][position] in (HYPERSCALER, VENDOR):
        share = np.minimum(block.world.parameters[P.excess_cash_payout_monthly], 1.0 - 1e-9)
        paid = np.maximum(entities.cash[position] - entities.start_cash[position], 0.0) * share / (1.0 - share)
    loans = np.flatnonzero(links["entities.account"][links["facilities.borrower"]] == position)
    price = np.where(facilities.conversion_price[loans] > 0.0, facilities.conversion_price[loans], np.inf)
    # What is converted becomes shares at the conversion price: so much at the share price of the as-of month.
    shares = (facilities.converted[loans] * facilities.share_price[loans] / price).sum(axis=0)
    return {
        "equity": entities.equity[position].copy(),
        "raised": entities.raised[position].copy(),
        "converted": shares,
        "start": entities.start_equity[position].copy(),
        "paid": paid,
        "broken": entities.broken_share[position].copy(),
    }


def share_asset(kept: Mapping[str, Floats]) -> Asset:
    """Return the whole equity of a firm as something to buy.

    Parameters
    ----------
    kept
        From `share_state`, [T + 1, path].

    Examples
    --------
    A firm worth 100 raises 25 from others, so that 100/125 of it is left; then it breaks.

    >>> flat = np.zeros((3, 1))
    >>> kept = {"equity": np.array([[100.0], [125.0], [90.0]]), "raised": np.array([[0.0], [25.0], [0.0]]),
    ...         "converted": flat, "start": flat + 100.0, "paid": flat, "broken": np.array([[0.0], [0.0], [1.0]])}
    >>> share_asset(kept).left.ravel().tolist()
    [1.0, 0.8, 0.0]
    """
    worth = np.maximum(kept["equity"], 0.0)
    start = kept["start"]
    before = np.vstack([worth[:1], worth[:-1]])
    ratio = np.where(start > 0.0, before / np.where(start > 0.0, start, 1.0), 0.0)
    issued = kept["raised"] + kept["converted"] * ratio
    issued[0] = 0.0
    together = before + issued
    stays = np.where(together > 0.0, before / np.where(together > 0.0, together, 1.0), 0.0)
    stays[issued <= 0.0] = 1.0
    going = 1.0 - np.vstack([np.zeros_like(worth[:1]), kept["broken"][:-1]])
    stays *= np.where(going > 0.0, (1.0 - kept["broken"]) / np.where(going > 0.0, going, 1.0), 0.0)
    left = np.cumprod(stays, axis=0, dtype=np.float64)
    endless = np.full(worth.shape[1], np.inf)
    resale: Floats = np.broadcast_to(worth[-1], worth.shape)
    return Asset(worth, kept["paid"], left, resale, endless, np.zeros(worth.shape[1]))
