"""How a book of the past would have done: its probabilities, order, timing and rents beside what happened."""

from deflator.analysis.backtest.forecast import Forecast, foretell
from deflator.analysis.backtest.outcomes import EVENTS, Outcome, Outcomes, RentSeen, read_outcomes
from deflator.analysis.backtest.scoring import Backtest, backtest

__all__ = [
    "EVENTS",
    "Backtest",
    "Forecast",
    "Outcome",
    "Outcomes",
    "RentSeen",
    "backtest",
    "foretell",
    "read_outcomes",
]
