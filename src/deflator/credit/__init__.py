"""Credit mathematics as a library of its own: schedules, waterfalls, structural default, recovery.

Import a public name from here: `from deflator.credit import xirr`. Its file is loaded when it is first used,
so that importing the package costs nothing. `deflator.credit.monthly` holds the compiled scalar functions.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "CreditError": "faults",
    "DayCount": "day_counts",
    "days_between": "day_counts",
    "year_fraction": "day_counts",
    "Profile": "amortisation",
    "TimeProfile": "amortisation",
    "Schedule": "schedule",
    "amortisation_schedule": "amortisation",
    "dated_schedule": "amortisation",
    "debt_capacity": "amortisation",
    "shares_due_of_remaining": "amortisation",
    "SweptSchedule": "sweeps",
    "with_cash_sweep": "sweeps",
    "DelayedDraw": "draws",
    "delayed_draw_loan": "draws",
    "Waterfall": "waterfall",
    "pay_by_rank": "waterfall",
    "sequential_waterfall": "waterfall",
    "InternalRate": "rate_of_return",
    "RateStatus": "rate_of_return",
    "xirr": "rate_of_return",
    "MertonFirm": "structural",
    "black_cox_default_probability": "structural",
    "merton_default_probability": "structural",
    "merton_from_equity": "structural",
    "ConvertibleValue": "convertible",
    "convertible_value": "convertible",
    "Workout": "recovery",
    "work_out": "recovery",
    "PriceForecast": "price_models",
    "schwartz_forecast": "price_models",
    "wright_unit_cost": "price_models",
}
__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
