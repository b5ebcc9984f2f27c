"""A part of a loan: what the market asks for it, what it pays, and what is left of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.assets import Asset
from deflator.analysis.replay import Floats, Setting
from deflator.credit.monthly import LEVEL, LINEAR, SCHEDULE, SCULPTED, loss_given_default
from deflator.engine.codes import Category
from deflator.engine.layout import MILLION
from deflator.engine.positions import P
from deflator.engine.record import Record

_MOST_TURNS, _FREE_TURNS = 20.0, 5.0
#: USD m below which a loan is repaid: what is left is rounding.
_NOTHING = 1e-6
_UNSECURED_RANK, _CONVERTIBLE_RANK = 3, 4


def loan_state(setting: Setting, position: int, block: Record) -> dict[str, Floats]:
    """Return what a loan owes and pays this month, USD m, and what its price depends on; each [lane]."""
    links, facilities, entities = setting.economy.links, block.facilities, block.entities
    i = int(links["entities.account"][links["facilities.borrower"][position]])
    names = ("balance", "opening", "drawn", "repaid", "written_off", "converted", "interest", "until")
    found = {name: getattr(facilities, name)[position].copy() for name in names}
    group = _group_of(links, position)
    ratio = block.payments.ratio[group].copy() if group is not None else np.ones_like(found["balance"])
    first, last = links["facilities.fleet_ofs"][position : position + 2]
    pledged = links["facilities.fleet"][first:last]
    units = np.where(block.fleets.stage[pledged] < 2, block.fleets.there[pledged], 0.0)
    appraised = block.equipment.appraised[links["fleets.equipment"][pledged]]
    return found | {
        "ratio": ratio,
        "collateral": (units * appraised).sum(axis=0) / MILLION,
        "hit": entities.hit[i].copy(),
        "debt": entities.debt[i].copy(),
        "ebitda": entities.ebitda[i].copy(),
        "equity": entities.equity[i].copy(),
        "openness": block.world.openness.copy(),
        "openness_start": block.world.openness_start.copy(),
        "base_rate": block.world.base_rate.copy(),
        "loan_rate": facilities.rate[position].copy(),
    }


def _group_of(links: Mapping[str, NDArray], position: int) -> int | None:
    """Return the group of payments of one seniority to which the debt service of a loan belongs."""
    claims = np.flatnonzero(links["claims.facility"] == position)
    edges = (links["network.kind"] == Category.INTEREST) & np.isin(links["network.item"], claims)
    if not edges.any():
        return None
    return int(np.searchsorted(links["network.group_ofs"], np.flatnonzero(edges)[0], side="right") - 1)


def loan_asset(setting: Setting, position: int, kept: Mapping[str, Floats], draw: NDArray[np.int64]) -> Asset:
    """Return one dollar of par of a loan as something to buy.

    A part of a loan is paid its share of interest and principal; of what is written off, the part that the engine
    expects to recover, in the month of the default at its value then; and for what is converted, the shares at the
    value of that month.

    Parameters
    ----------
    setting
        What was simulated.
    position
        Of the facility.
    kept
        From `loan_state`, [T + 1, path].
    draw
        Draw of each path.
    """
    economy = setting.economy
    figures, rows = economy.figures, economy.rows
    parameters = figures[rows["world.parameters"]][:, draw]
    owed = kept["opening"] + kept["drawn"]
    part = _per(owed)
    recovered = recoveries(setting, position, kept, draw)
    conversion = figures[rows["facilities.conversion_price"]][position, draw]
    share_price = figures[rows["facilities.share_price"]][position, draw]
    borrower = economy.links["entities.account"][economy.links["facilities.borrower"][position]]
    start = figures[rows["entities.start_equity"]][borrower, draw]
    before = np.vstack([kept["equity"][:1], kept["equity"][:-1]])
    able = (conversion > 0.0) & (start > 0.0)
    shares = np.where(able, share_price * np.maximum(before, 0.0) / np.where(able, conversion * start, 1.0), 0.0)
    # The interest of a month is owed on what was drawn before it; what is drawn in the month is not ours.
    opening = _per(kept["opening"])
    income = kept["interest"] * kept["ratio"] * opening
    income += (kept["repaid"] + recovered + kept["converted"] * shares) * part
    gone = np.clip((kept["repaid"] + kept["written_off"] + kept["converted"]) * part, 0.0, 1.0)
    # A loan that is not drawn yet has nothing to lose: its first dollar of par counts from its first draw.
    stays = np.where(owed > _NOTHING, 1.0 - gone, 1.0)
    income[0], stays[0] = 0.0, 1.0
    left = np.cumprod(stays, axis=0, dtype=np.float64)
    price = np.where(kept["balance"] > _NOTHING, _prices(setting, position, kept, draw, parameters), 0.0)
    endless = np.full(price.shape[1], np.inf)
    return Asset(price, income, left, np.broadcast_to(price[-1], price.shape), endless, np.zeros(price.shape[1]))


def _per(musd: Floats) -> Floats:
    """Return one over a sum of money; 0 for what is rounding."""
    there = musd > _NOTHING
    return np.where(there, 1.0 / np.where(there, musd, 1.0), 0.0)


def recoveries(setting: Setting, position: int, kept: Mapping[str, Floats], draw: NDArray[np.int64]) -> Floats:
    """Return what the engine expects lenders to recover of what is written off, USD m, [T + 1, path].

    The rule is that of the engine: collateral after sale costs, then the unsecured claim on the rest, discounted for
    the lag; of the liquidated part only. Collateral is that of the month before, ahead of its seizure.
    """
    economy = setting.economy
    links = economy.links
    p = economy.figures[economy.rows["world.parameters"]][:, draw]
    found = np.zeros_like(kept["balance"])
    if links["facilities.convertible"][position] or links["facilities.rank"][position] >= _CONVERTIBLE_RANK:
        unsecured = p[P.recovery_rate_convertible]
    elif links["facilities.rank"][position] >= _UNSECURED_RANK:
        unsecured = p[P.recovery_rate_unsecured]
    else:
        unsecured = p[P.recovery_rate_secured]
    pledged = np.diff(links["facilities.fleet_ofs"])[position] > 0
    recourse = economy.figures[economy.rows["facilities.recourse"]][position, draw] if pledged else np.ones(len(draw))
    for month, path in zip(*np.nonzero(kept["written_off"] > 0.0), strict=True):
        shut = 1.0 - kept["openness"][month, path]
        restructured = p[P.restructuring_probability_base, path] - p[P.restructuring_funding_slope, path] * shut
        restructured = min(max(restructured, 0.0), 1.0)
        exposed = kept["balance"][month, path] + kept["written_off"][month, path]
        lgd = loss_given_default(
            exposed,
            kept["collateral"][max(month - 1, 0), path],
            p[P.sale_cost_share, path],
            recourse[path],
            unsecured[path],
            p[P.appraisal_discount_rate, path],
            p[P.recovery_lag_months, path],
        )
        found[month, path] = exposed * kept["hit"][month, path] * (1.0 - restructured) * (1.0 - lgd)
    return found


def _prices(
    setting: Setting, position: int, kept: Mapping[str, Floats], draw: NDArray[np.int64], parameters: Floats
) -> Floats:
    """Return the market price of a dollar of par, [T + 1, path].

    At the as-of month a loan is taken to stand at par. After it, its margin over the base rate moves as the engine's
    spread on a new loan of this borrower does since month 1 (the first with earnings), and what is still due by its
    profile is discounted at base rate plus margin.
    """
    economy = setting.economy
    links = economy.links
    rate = kept["loan_rate"] + (kept["base_rate"] if links["facilities.floating"][position] else 0.0)
    margin = rate[0] - kept["base_rate"][0]
    spread = _new_spreads(setting, position, kept, parameters)
    moved = np.vstack([np.zeros_like(spread[:1]), spread[1:] - spread[1]])
    asked = np.maximum(kept["base_rate"] + margin + moved, 0.0)
    profile = int(links["facilities.profile"][position])
    months = len(rate) - 1
    shares = np.zeros((months + 1, len(draw)))
    if profile == SCHEDULE:
        row = int(links["facilities.amortisation_row"][position]) * (months + 1)
        shares = economy.figures[economy.rows["amortisation.share"]][row : row + months + 1][:, draw]
    paid = np.maximum(rate, 0.0)
    return np.stack(
        [
            present_value(profile, paid[month], asked[month], kept["until"][month] - month, shares[month + 1 :])
            for month in range(months + 1)
        ]
    )


def _new_spreads(setting: Setting, position: int, kept: Mapping[str, Floats], p: Floats) -> Floats:
    """Return the engine's spread on a new loan of the borrower; one on pledged income is priced by its payers."""
    links = setting.economy.links
    pledges = [np.diff(links[f"facilities.{what}_ofs"])[position] for what in ("lease", "contract")]
    earned = 12.0 * kept["ebitda"]
    turns = np.where(earned > 0.0, kept["debt"] / np.where(earned > 0.0, earned, 1.0), _MOST_TURNS)
    levered = np.maximum(np.minimum(turns, _MOST_TURNS) - _FREE_TURNS, 0.0) * (0.0 if any(pledges) else 1.0)
    tightened = np.maximum(kept["openness_start"] - kept["openness"], 0.0)
    spread: Floats = p[P.spread_leverage_slope] * levered + p[P.spread_funding_slope] * tightened
    return spread


def present_value(profile: int, rate: Floats, asked: Floats, months_left: Floats, shares: Floats) -> Floats:
    """Return the present value of what one dollar of a loan still pays.

    Parameters
    ----------
    profile
        How principal is repaid, as in `deflator.credit.monthly`. Sculpted principal is taken as even.
    rate, asked
        Annual rate that the loan pays, and that the market asks for, [path].
    months_left
        Months to maturity; at least one payment is left, [path].
    shares
        Of an explicit schedule: share of the principal left that is due in each coming month, [month, path]; what is
        due beyond them is due at maturity.

    Examples
    --------
    A loan that pays what the market asks for stands at par, whatever its profile; one that pays more, above.

    >>> ten, eight, year = np.array([0.1]), np.array([0.08]), np.array([12.0])
    >>> [round(float(present_value(p, ten, ten, year, np.zeros((0, 1)))[0]), 9) for p in range(5)]
    [1.0, 1.0, 1.0, 1.0, 1.0]
    >>> round(float(present_value(0, ten, eight, year, np.zeros((0, 1)))[0]), 4)
    1.0192
    """
    last = np.maximum(np.ceil(months_left), 1.0)
    left, worth, factor = np.ones_like(rate), np.zeros_like(rate), np.ones_like(rate)
    for month in range(1, int(last.max()) + 1):
        to_go = np.maximum(last - month + 1.0, 1.0)
        due = np.zeros_like(rate)
        if profile in (LINEAR, SCULPTED):
            due = left / to_go
        elif profile == LEVEL:
            monthly = np.maximum(rate / 12.0, 1e-12)
            due = left * monthly / np.expm1(to_go * np.log1p(monthly))
        elif profile == SCHEDULE and month <= len(shares):
            due = left * np.clip(shares[month - 1], 0.0, 1.0)
        due = np.where(month >= last, left, due)
        factor = factor / (1.0 + asked / 12.0)
        worth += (left * rate / 12.0 + due) * factor
        left = left - due
    return worth
