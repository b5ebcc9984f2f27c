"""Payment clearing and contagion on networks of obligations: a library of its own, compiled throughout.

Import a public name from here: `from deflator.clearing import clear`. Its file is loaded when it is first
used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "BufferSales": "buffer_sales",
    "Cascade": "cascades",
    "Clearing": "payments",
    "ClearingError": "faults",
    "ClearingStatus": "status",
    "Deleveraging": "leverage_sales",
    "Distress": "distress",
    "NetworkValue": "valuation",
    "Raised": "asset_sales",
    "Reconstruction": "reconstruction",
    "SaleClearing": "asset_sales",
    "Spillover": "spillovers",
    "Valuation": "valuation",
    "black_cox": "valuation",
    "bounded_impact": "leverage_sales",
    "clear": "payments",
    "clear_lanes": "lanes",
    "clear_with_sales": "asset_sales",
    "debtrank": "distress",
    "default_cascade": "cascades",
    "deleverage": "leverage_sales",
    "eisenberg_noe": "valuation",
    "failure_cascade": "cascades",
    "furfine": "valuation",
    "lane_workspace": "lanes",
    "linear_debtrank": "distress",
    "linear_loss": "valuation",
    "merton": "valuation",
    "raise_cash": "asset_sales",
    "reconstruct": "reconstruction",
    "rogers_veraart": "valuation",
    "sell_below_buffer": "buffer_sales",
    "spill_over": "spillovers",
    "value_network": "valuation",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
