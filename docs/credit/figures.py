"""Draw the pictures of the credit pages: `python docs/credit/figures.py` writes them beside this file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from deflator.credit import (
    DayCount,
    amortisation_schedule,
    black_cox_default_probability,
    convertible_value,
    days_between,
    debt_capacity,
    delayed_draw_loan,
    merton_default_probability,
    schwartz_forecast,
    sequential_waterfall,
    with_cash_sweep,
    work_out,
    wright_unit_cost,
    year_fraction,
)

Line = tuple[str, Sequence[float], Sequence[float]]

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 84, 48
# Okabe and Ito's colours, which remain apart for colour-blind readers; dashes tell the lines apart in print.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#555555")
DASHES = ("none", "8 4", "2 4", "10 4 2 4", "4 2")


def chart(title: str, across: str, up: str, lines: Sequence[Line]) -> str:
    """Draw lines in a frame with ticks and a legend, as SVG text."""
    xs = np.concatenate([np.asarray(x, dtype=float) for _, x, _ in lines])
    ys = np.concatenate([np.asarray(y, dtype=float) for _, _, y in lines])
    # Heights start at zero, unless all of them are so close that the picture would show nothing.
    lowest = ys.min() if ys.min() > 0.8 * ys.max() else min(ys.min(), 0.0)
    y_ticks = _ticks(lowest, ys.max())
    x_ticks = [x for x in _ticks(xs.min(), xs.max()) if xs.min() <= x <= xs.max()]

    def right(x: float) -> float:
        return LEFT + (x - xs.min()) / (xs.max() - xs.min()) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="#222">',
        f"<title>{title}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{title}</text>',
    ]
    for x in x_ticks:
        parts.append(f'<path d="M{right(x):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(f'<text x="{right(x):.1f}" y="{HEIGHT - 30}" text-anchor="middle">{x:g}</text>')
    for y in y_ticks:
        parts.append(f'<path d="M{LEFT} {down(y):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{down(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for place, (label, x_values, y_values) in enumerate(lines):
        stroke = f'stroke="{COLOURS[place]}" stroke-dasharray="{DASHES[place]}" stroke-width="2"'
        points = " ".join(f"{right(x):.1f},{down(y):.1f}" for x, y in zip(x_values, y_values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" {stroke}/>')
        legend = LEFT + place * (WIDTH - LEFT - RIGHT) / len(lines)
        parts.append(f'<path d="M{legend:.1f} 44h24" {stroke}/>')
        parts.append(f'<text x="{legend + 30:.1f}" y="48">{label}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 10}" text-anchor="end">{across}</text>')
    parts.append(f'<text x="16" y="{TOP - 8}" text-anchor="start">{up}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(scale * unit for unit in (1, 2, 5, 10) if scale * unit >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(tick * step, 10) for tick in range(first, last + 1)]


def amortisation() -> str:
    """Draw balances under four profiles, one of them sculpted to contracts that end after 36 months."""
    cash = np.where(np.arange(60) < 36, 4.5, 1.5)
    size = debt_capacity(cash, 0.1, 1.3)
    loans = {word: amortisation_schedule(word, size, 0.1, 60) for word in ("bullet", "linear", "level")}
    loans["sculpted"] = amortisation_schedule("sculpted", size, 0.1, 60, cash_flow=cash, target_dscr=1.3)
    lines = [(word, [0, *loan.due], [size, *loan.closing]) for word, loan in loans.items()]
    return chart("One loan, four profiles", "months", "balance, USD m", lines)


def cash_sweep() -> str:
    """Draw balances of one loan under three sweeps."""
    loan = amortisation_schedule("linear", 100.0, 0.1, 60)
    lines = []
    for share in (0.0, 0.5, 1.0):
        swept = with_cash_sweep(loan, np.full(60, 3.4), share)
        lines.append((f"{100 * share:g} % swept", [0, *swept.due], [100.0, *swept.closing]))
    return chart("A sweep takes the last instalments first", "months", "balance, USD m", lines)


def delayed_draw() -> str:
    """Draw the balance and the open commitment of a delayed-draw loan."""
    loan = delayed_draw_loan("level", 100.0, 0.11, [0, 20, 30, 0, 25, 40, 0, 20, 0], 0.8, 36)
    months = np.arange(10)
    balance = [0.0, *np.cumsum(loan.drawn), *loan.repayment.closing]
    lines = [
        ("balance", np.arange(len(balance)), balance),
        ("commitment still open", months, [100.0, *loan.undrawn]),
    ]
    return chart("Drawn against deliveries, then repaid", "months", "USD m", lines)


def waterfall() -> str:
    """Draw tranche balances of a sequential deal whose collateral loses value."""
    collateral = 1000 * np.exp(-0.05 * np.arange(1, 37))
    cash = -np.diff([1000, *collateral]) * 0.8 + 8
    deal = sequential_waterfall([700, 200, 100], [0.06, 0.1, 0.18], cash, collateral)
    months = np.arange(37)
    lines = [
        (name, months, [start, *deal.balance[:, tranche]])
        for tranche, (name, start) in enumerate([("senior", 700), ("mezzanine", 200), ("junior", 100)])
    ]
    lines.append(("collateral", months, [1000, *collateral]))
    return chart("Sequential pay: seniors first", "months", "USD m", lines)


def day_counts() -> str:
    """Draw the length of each month of a leap year under four conventions."""
    starts = [date(2024, month, 1) for month in range(1, 13)] + [date(2025, 1, 1)]
    lines = []
    for name in (DayCount.ACT_360, DayCount.ACT_365F, DayCount.ACT_ACT_ISDA, DayCount.THIRTY_360):
        shares = [12 * year_fraction(name, starts[month], starts[month + 1]) for month in range(12)]
        lines.append((name.value, np.arange(1, 13), shares))
    return chart("How long is a month of 2024?", "month", "twelfths of a year", lines)


def rate_of_return() -> str:
    """Draw present values with one, two and no roots."""
    rates = np.linspace(-0.1, 0.9, 101)
    deals = {"one rate": (-100, 70, 75), "two rates": (-100, 260, -160), "none": (-100, 240, -160)}
    start = date(2023, 1, 1)
    years = [days_between("Act/365F", start, start + timedelta(days=365 * year)) / 365 for year in range(3)]
    lines = []
    for name, amounts in deals.items():
        values = sum(amount * (1 + rates) ** -year for amount, year in zip(amounts, years, strict=True))
        lines.append((name, 100 * rates, values))
    return chart("Where is the present value zero?", "annual rate, %", "present value", lines)


def merton() -> str:
    """Draw Merton's probability against volatility for three leverages."""
    volatility = np.linspace(0.05, 0.8, 76)
    lines = [
        (
            f"debt {debt} % of assets",
            100 * volatility,
            100 * merton_default_probability(100, debt, 0.04, volatility, 1),
        )
        for debt in (50, 70, 90)
    ]
    return chart("Default within a year, if tested at its end", "asset volatility, %", "probability, %", lines)


def black_cox() -> str:
    """Draw both probabilities against the horizon."""
    years = np.linspace(0.05, 10, 100)
    terms = (100.0, 65.0, 0.04, 0.25, years)
    lines = [
        ("at any time (Black-Cox)", years, 100 * black_cox_default_probability(*terms)),
        ("at the end only (Merton)", years, 100 * merton_default_probability(*terms)),
    ]
    return chart("A test at every moment catches more", "years", "probability, %", lines)


def convertible() -> str:
    """Draw the value of a convertible against its share price."""
    prices = np.linspace(2, 120, 41)
    bonds = {
        spread: [
            convertible_value(
                price,
                100.0,
                62.5,
                risk_free_rate=0.04,
                credit_spread=spread,
                volatility=0.35,
                years=5.0,
                steps=100,
            )
            for price in prices
        ]
        for spread in (0.0, 0.06)
    }
    lines = [
        ("no spread", prices, [bond.value for bond in bonds[0.0]]),
        ("spread 6 %", prices, [bond.value for bond in bonds[0.06]]),
        ("its bond floor", prices, [bond.bond_floor for bond in bonds[0.06]]),
        ("shares", prices, [bond.parity for bond in bonds[0.06]]),
    ]
    return chart("A convertible between bond and shares", "share price, USD", "per 100 of face", lines)


def recovery() -> str:
    """Draw loss given default against the fall of collateral value, for three lags."""
    falls = np.linspace(0.0, 1.5, 61)
    lines = []
    for lag in (3, 9, 18):
        outcomes = [
            work_out(
                100.0,
                110.0,
                sale_cost_share=0.1,
                recourse_share=0.3,
                unsecured_recovery=0.35,
                discount_rate=0.1,
                lag_months=lag,
                value_decline_annual=fall,
            )
            for fall in falls
        ]
        lines.append((f"{lag} months", falls, [100 * each.loss_given_default for each in outcomes]))
    return chart("Waiting costs more when prices fall", "log fall of value a year", "LGD, %", lines)


def price_models() -> str:
    """Draw expected prices that return to a mean, and a cost that falls with experience."""
    years = np.linspace(0, 6, 61)
    lines: list[Line] = [
        (
            f"from {price:g} USD",
            years,
            [schwartz_forecast(price, 0.6, math.log(2.0), 0.35, year).expected_price for year in years],
        )
        for price in (1.0, 2.0, 4.0)
    ]
    made = 2 ** (years / 1.5)
    lines.append(("Wright, ratio 0.8", years, wright_unit_cost(2.5, 0.8, made)))
    return chart("Pulled back to a mean, or pushed down by experience", "years", "USD an hour", lines)


PICTURES = {
    "amortisation": amortisation,
    "cash-sweep": cash_sweep,
    "delayed-draw": delayed_draw,
    "waterfall": waterfall,
    "day-counts": day_counts,
    "rate-of-return": rate_of_return,
    "merton": merton,
    "black-cox": black_cox,
    "convertible": convertible,
    "recovery": recovery,
    "price-models": price_models,
}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (Path(__file__).parent / f"{name}.svg").write_text(draw(), encoding="utf-8")
