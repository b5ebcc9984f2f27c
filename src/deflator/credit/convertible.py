"""What a convertible is worth: a bond with credit risk and a right to shares without."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from deflator.credit.faults import Arguments


@dataclass(frozen=True)
class ConvertibleValue:
    """A convertible in its parts.

    Parameters
    ----------
    value
        Price for the face amount given, accrued interest included.
    cash_part
        What of it is expected in cash, and so bears the issuer's credit spread.
    share_part
        What of it is expected in shares.
    bond_floor
        Value of the same bond without the right to convert.
    parity
        Value of the shares on conversion today.
    """

    value: float
    cash_part: float
    share_part: float
    bond_floor: float
    parity: float


def convertible_value(
    share_price: float,
    face: float,
    conversion_price: float,
    *,
    risk_free_rate: float,
    credit_spread: float,
    volatility: float,
    years: float,
    coupon_rate: float = 0.0,
    coupons_per_year: int = 2,
    dividend_yield: float = 0.0,
    steps: int = 1000,
) -> ConvertibleValue:
    """Value a convertible that its holder may exchange for shares at any time, by the two-part tree.

    Cash that the issuer has still to pay is discounted at the risk-free rate plus its spread; shares, which
    the issuer can always print, at the risk-free rate. The tree is tilted so that the share price at which
    conversion begins lies midway between two last nodes: the error then falls smoothly with the steps, and a
    second tree of half as many takes most of it out. Who converts forgoes the coupons to come, at maturity
    the last one too.

    Parameters
    ----------
    share_price, conversion_price
        In the same currency per share, above 0; the holder gets face / conversion price shares.
    face
        Principal repaid at maturity, above 0.
    risk_free_rate, credit_spread, dividend_yield
        Continuously compounded, annual decimals; the spread is not negative.
    volatility
        Standard deviation of the log share price over a year, above 0.
    years
        Time to maturity, above 0.
    coupon_rate
        Annual decimal on face, paid in arrears and counted back from maturity.
    coupons_per_year
        Coupon dates in a year, 1 to 12.
    steps
        Steps of the larger tree.

    Returns
    -------
    ConvertibleValue
        Price, its cash and share parts, bond floor and parity.

    Raises
    ------
    CreditError
        For every argument that is out of range, and for steps too long to hold the drift.

    Notes
    -----
    The holder decides at each node by discounts that differ between cash and shares. Near conversion and at a
    spread above some ten percent the value is therefore not quite falling in the spread.

    References
    ----------
    Tsiveriotis and Fernandes (1998), Valuing convertible bonds with credit risk, Journal of Fixed Income 8,
    95-102, on the flexible binomial tree of Tian (1999), Journal of Futures Markets 19, 817-843.

    Examples
    --------
    >>> bond = convertible_value(50.0, 100.0, 62.5, risk_free_rate=0.04, credit_spread=0.0,
    ...                          volatility=0.3, years=5.0)
    >>> round(bond.value, 2), round(bond.bond_floor, 2), round(bond.parity, 2)
    (102.21, 81.87, 80.0)
    """
    given = Arguments("convertible_value")
    share = given.number("share_price", share_price, above=0)
    owed = given.number("face", face, above=0)
    strike = given.number("conversion_price", conversion_price, above=0)
    rate = given.number("risk_free_rate", risk_free_rate)
    spread = given.number("credit_spread", credit_spread, minimum=0)
    moves = given.number("volatility", volatility, above=0)
    life = given.number("years", years, above=0)
    coupon = given.number("coupon_rate", coupon_rate, minimum=0)
    frequency = given.whole("coupons_per_year", coupons_per_year, minimum=1, maximum=12)
    dividends = given.number("dividend_yield", dividend_yield, minimum=0)
    length = given.whole("steps", steps, minimum=8, maximum=20_000)
    _refuse_few_steps(given, length, rate - dividends, moves, life)
    given.check()
    times = life - np.arange(math.ceil(life * frequency - 1e-9))[::-1] / frequency
    paid = owed * coupon / frequency
    terms = (share, owed, owed / strike, rate, spread, moves, life, dividends, times, paid)
    coarse, fine = (_tree(*terms, np.empty((2, count + 1))) for count in (length // 2, length))
    weight = length / (length - length // 2)
    cash_part, share_part = (weight * fine - (weight - 1.0) * coarse).tolist()
    discounts = np.exp(-(rate + spread) * times)
    return ConvertibleValue(
        value=cash_part + share_part,
        cash_part=cash_part,
        share_part=share_part,
        bond_floor=float(paid * discounts.sum() + owed * discounts[-1]),
        parity=share * owed / strike,
    )


def _refuse_few_steps(given: Arguments, steps: int, drift: float, volatility: float, years: float) -> None:
    """Refuse steps too long to hold the drift: twice what keeps the chance of a rise below one leaves room to tilt."""
    if given.refused("volatility") or given.refused("years"):
        return
    needed = math.ceil(4 * (drift / volatility) ** 2 * years)  # the second tree has half the steps
    if steps < needed:
        message = f"{steps} steps cannot hold a drift of {drift:g} with volatility {volatility:g}"
        given.refuse("steps", message, f"use at least {needed}")


@njit(cache=True, nogil=True, error_model="numpy")
def _tree(
    share_price,
    face,
    shares,
    rate,
    credit_spread,
    volatility,
    years,
    dividend_yield,
    times,
    coupon,
    parts,
):
    cash_part, share_part = parts
    steps = cash_part.size - 1
    step = years / steps
    width = volatility * math.sqrt(step)
    # Half a node above an end node, the shares are worth what is repaid.
    start = math.log((face + coupon) / (shares * share_price))
    end = math.floor((start / width + steps) / 2.0)
    tilt = (start - (2.0 * end + 1.0 - steps) * width) / steps
    up, down = math.exp(tilt + width), math.exp(tilt - width)
    chance = (math.exp((rate - dividend_yield) * step) - down) / (up - down)
    risk_free = math.exp(-rate * step)
    risky = math.exp(-(rate + credit_spread) * step)
    coupon_ix = times.size - 2
    for level in range(steps, -1, -1):
        now = level * step
        # Coupons of the step just ahead, this instant excepted, reach this level as risky cash.
        ahead = 0.0
        while coupon_ix >= 0 and times[coupon_ix] > now:
            ahead += coupon * math.exp(-(rate + credit_spread) * (times[coupon_ix] - now))
            coupon_ix -= 1
        parity = shares * share_price * down**level
        for node in range(level + 1):
            if level == steps:
                cash_part[node], share_part[node] = face + coupon, 0.0
            else:
                held = chance * cash_part[node + 1] + (1.0 - chance) * cash_part[node]
                cash_part[node] = risky * held + ahead
                held = chance * share_part[node + 1] + (1.0 - chance) * share_part[node]
                share_part[node] = risk_free * held
            if parity > cash_part[node] + share_part[node]:
                cash_part[node], share_part[node] = 0.0, parity
            parity *= up / down
    return parts[:, 0]
