"""Draw the pictures of the clearing pages: `python -m docs.clearing.figures` writes them beside this file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from docs.credit.figures import Line, chart

from deflator.clearing import (
    black_cox,
    bounded_impact,
    clear,
    clear_with_sales,
    debtrank,
    default_cascade,
    deleverage,
    eisenberg_noe,
    failure_cascade,
    linear_debtrank,
    linear_loss,
    merton,
    raise_cash,
    reconstruct,
    rogers_veraart,
    sell_below_buffer,
    spill_over,
)

NODES = 40


def drawn_network(nodes: int = NODES, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw liabilities, external assets and external liabilities of firms that are all just solvent."""
    rng = np.random.default_rng(seed)
    owed = rng.pareto(1.5, (nodes, nodes)) * (rng.random((nodes, nodes)) < 0.15)
    np.fill_diagonal(owed, 0.0)
    outside = 0.2 * owed.sum(axis=1) + 0.2
    needed = np.maximum(owed.sum(axis=1) + outside - owed.sum(axis=0), 0.0)
    return owed, 1.05 * needed + 0.3, outside


def losses() -> np.ndarray:
    """Return shares of external assets that are lost."""
    return np.linspace(0.0, 1.0, 41)


def eisenberg_noe_picture() -> str:
    """Draw unpaid debts against the loss on external assets: with the network, and if everybody were paid."""
    owed, assets, outside = drawn_network()
    loss = losses()
    result = clear(owed, assets[:, None] * (1.0 - loss), external_liabilities=outside)
    due = result.due[0]
    paid_in = owed.sum(axis=0)[:, None]
    alone = np.maximum(due - assets[:, None] * (1.0 - loss) - paid_in, 0.0)
    share = 100.0 / due.sum(axis=0)
    lines: list[Line] = [
        ("with contagion", 100 * loss, share * result.shortfall.sum(axis=0)),
        ("if everybody else paid", 100 * loss, share * alone.sum(axis=0)),
    ]
    return chart("Unpaid debts when external assets fall", "loss on external assets, %", "unpaid, % of debts", lines)


def rogers_veraart_picture() -> str:
    """Draw unpaid debts at three bankruptcy costs."""
    owed, assets, outside = drawn_network()
    loss = losses()
    lines: list[Line] = []
    for kept in (1.0, 0.8, 0.5):
        shocked = assets[:, None] * (1.0 - loss)
        result = clear(owed, shocked, external_liabilities=outside, alpha=kept, beta=kept)
        unpaid = 100 * result.shortfall.sum(axis=0) / result.due[0].sum(axis=0)
        lines.append((f"{100 * kept:g} % survives", 100 * loss, unpaid))
    return chart("Bankruptcy costs spread defaults", "loss on external assets, %", "unpaid, % of debts", lines)


def seniority_picture() -> str:
    """Draw what senior and junior creditors of one firm get."""
    cash = np.linspace(0.0, 120.0, 61)
    senior, junior = np.zeros((3, 3)), np.zeros((3, 3))
    senior[0, 1], junior[0, 2] = 40.0, 60.0
    assets = np.zeros((3, cash.size))
    assets[0] = cash
    result = clear([senior, junior], assets)
    equal = clear(senior + junior, assets)
    lines: list[Line] = [
        ("senior", cash, 100 * result.share_paid[0, 0]),
        ("junior", cash, 100 * result.share_paid[1, 0]),
        ("both, if they ranked alike", cash, 100 * equal.share_paid[0, 0]),
    ]
    return chart("Seniors first", "cash of the debtor", "paid, % of claim", lines)


def cross_holdings_picture() -> str:
    """Draw payments of a firm that can pay only with its shares in another."""
    cash = np.linspace(0.0, 16.0, 65)
    owed = np.zeros((3, 3))
    owed[1, 2], owed[0, 2] = 3.0, 4.0
    assets = np.zeros((3, cash.size))
    assets[1] = cash
    lines: list[Line] = []
    for share in (1.0, 0.5, 0.25):
        holdings = np.zeros((3, 3))
        holdings[0, 1] = share
        result = clear(owed, assets, crossholdings=0.999 * holdings)
        lines.append((f"holds {100 * share:g} %", cash, result.payments[0]))
    return chart(
        "Shares pay debts once their firm has paid its own",
        "cash of the firm held",
        "paid by the holder",
        lines,
    )


def lanes_picture() -> str:
    """Draw how many rounds lanes need against the loss."""
    owed, assets, outside = drawn_network(120, 3)
    loss = losses()
    lines: list[Line] = []
    for kept in (1.0, 0.7):
        shocked = assets[:, None] * (1.0 - loss)
        result = clear(owed, shocked, external_liabilities=outside, alpha=kept, beta=kept, method="picard")
        lines.append((f"{100 * kept:g} % survives", 100 * loss, result.rounds))
    return chart("A lane stops when it has settled", "loss on external assets, %", "rounds", lines)


def debtrank_picture() -> str:
    """Draw DebtRank against the distress of one node: the largest debtor, and the tenth."""
    claims, equity = lending()
    start = np.linspace(0.0, 1.0, 41)
    impact = np.minimum(1.0, claims.T / equity)
    by_size = np.argsort(claims.sum(axis=0))
    lines: list[Line] = []
    for name, node in (("largest debtor", by_size[-1]), ("tenth", by_size[-10])):
        shock = np.zeros((NODES, start.size))
        shock[node] = start
        lines.append((name, 100 * start, 100 * debtrank(impact, equity, shock).debtrank))
    return chart("What the distress of one debtor adds", "its distress, %", "other equity lost, %", lines)


def linear_debtrank_picture() -> str:
    """Draw equity lost in the system against a common shock."""
    claims, equity = lending()
    start = np.linspace(0.0, 0.5, 41)
    shock = np.repeat(start[None, :], NODES, axis=0)
    impact = np.minimum(1.0, claims.T / equity)
    lines: list[Line] = [
        ("linear DebtRank", 100 * start, 100 * (linear_debtrank(claims, equity, shock).debtrank + start)),
        ("single-hit DebtRank", 100 * start, 100 * (debtrank(impact, equity, shock).debtrank + start)),
        ("the shock itself", 100 * start, 100 * start),
    ]
    return chart("Distress before default", "equity lost in the shock, %", "equity lost in the end, %", lines)


def lending() -> tuple[np.ndarray, np.ndarray]:
    """Draw claims, half as large as equity on average, and equity."""
    owed, _, _ = drawn_network()
    return owed.T, np.maximum(2.0 * owed.sum(axis=0), 1.0)


def network_valuation_picture() -> str:
    """Draw the value of a claim against its debtor's equity, by valuation function."""
    equity = np.linspace(-10.0, 10.0, 201)
    lines: list[Line] = []
    for name, one in (
        ("Eisenberg-Noe", eisenberg_noe()),
        ("Rogers-Veraart", rogers_veraart(0.5, 0.5)),
        ("linear", linear_loss()),
        ("Merton", merton(0.3)),
        ("Black-Cox", black_cox(0.3, 0.4)),
    ):
        lines.append((name, equity, [one.value(each, 10.0, 12.0, 9.0, one.parameters) for each in equity]))
    return chart("What a claim is worth", "equity of the debtor", "share of face value", lines)


def failure_costs_picture() -> str:
    """Draw how many firms fail against a fall of all assets, by integration."""
    rng = np.random.default_rng(11)
    pattern = (rng.random((NODES, NODES)) < 0.1) * 1.0
    np.fill_diagonal(pattern, 0.0)
    fall = np.linspace(0.0, 0.3, 61)
    lines: list[Line] = []
    for held in (0.1, 0.3, 0.5):
        holdings = held * pattern / np.maximum(pattern.sum(axis=0), 1.0)
        calm = failure_cascade(holdings, np.ones(NODES), np.zeros(NODES), np.zeros(NODES)).value
        assets = np.ones((NODES, fall.size))
        assets[: NODES // 4] -= 2.0 * fall
        failed = failure_cascade(holdings, assets, 0.85 * calm, 0.3 * calm).failed
        lines.append((f"{100 * held:g} % held by others", 100 * fall, failed.sum(axis=0)))
    return chart(
        "More integration carries failures further",
        "fall of the assets of ten firms, half of it, %",
        "firms that fail",
        lines,
    )


def default_cascade_picture() -> str:
    """Draw defaults against the loss, by recovery."""
    owed, assets, outside = drawn_network()
    loss = losses() / 5.0
    lines: list[Line] = []
    for recovery in (0.0, 0.5, 0.9):
        result = default_cascade(owed, assets[:, None] * (1.0 - loss), outside, recovery=recovery)
        lines.append((f"recovery {100 * recovery:g} %", 100 * loss, result.failed.sum(axis=0)))
    return chart("Low recoveries bring down more firms", "loss on external assets, %", "firms that default", lines)


def spillovers_picture() -> str:
    """Draw aggregate vulnerability against the shock to one asset, by leverage."""
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.full(4, 0.6), 12)
    shock = np.linspace(0.0, 0.2, 21)
    prices = np.zeros((4, shock.size))
    prices[0] = -shock
    lines: list[Line] = []
    for leverage in (10.0, 20.0, 30.0):
        result = spill_over(weights, np.full(12, 100.0), np.full(12, leverage), np.full(4, 2e-5), prices)
        lines.append((f"debt is {leverage:g} times equity", 100 * shock, -100 * result.aggregate_vulnerability))
    return chart("What deleveraging costs", "fall of one asset, %", "equity lost to sales, %", lines)


def deleveraging_picture() -> str:
    """Draw the loss from fire sales against the initial loss, by depth of the market."""
    rng = np.random.default_rng(9)
    holdings = rng.random((20, 3)) * 30.0
    loss = np.linspace(0.0, 3.0, 61) * np.ones((20, 1)) * rng.uniform(0.5, 1.0, (20, 1))
    lines: list[Line] = []
    for depth in (300.0, 1000.0, 3000.0):
        result = deleverage(holdings, np.full(20, 5.0), np.full(20, 75.0), np.full(3, depth), loss=loss)
        lines.append((f"depth {depth:g}", loss.sum(axis=0), result.fire_sale_loss.sum(axis=0)))
    return chart("Nothing happens, then much", "loss that starts it", "further loss from fire sales", lines)


def bounded_impact_picture() -> str:
    """Draw the fall of a price against sales, by level."""
    sold = np.linspace(0.0, 2000.0, 101)
    lines: list[Line] = [
        (f"price {price:g}", sold, [100 * bounded_impact(each, price, 0.5, 0.0025) for each in sold])
        for price in (1.0, 0.8, 0.6)
    ]
    return chart("The nearer the floor, the less a price falls", "sold", "fall of the price, %", lines)


def buffer_sales_picture() -> str:
    """Draw failures step by step, by price impact."""
    rng = np.random.default_rng(13)
    assets = rng.uniform(50.0, 150.0, 30)
    ratio = rng.uniform(0.04, 0.08, 30)
    bonds = assets[:, None] * rng.uniform(0.05, 0.15, (30, 2))
    lines: list[Line] = []
    for impact in (0.0, 0.02, 0.1):
        slope = -np.log(1.0 - impact) / 0.05
        cash = 0.05 * assets
        result = sell_below_buffer(
            bonds,
            cash,
            assets - cash - bonds.sum(axis=1),
            assets * (1.0 - ratio),
            shock=[0.0, 0.15],
            slope=slope,
        )
        lines.append((f"impact {100 * impact:g} %", np.arange(7), [0, *np.cumsum(result.failures)]))
    return chart("Failures step by step", "step", "banks that have failed", lines)


def asset_sales_picture() -> str:
    """Draw the price at which a shortfall is met: by one seller, and by two that share the market."""
    needed = np.linspace(0.0, 0.73, 74)
    owed = np.zeros((3, 3, needed.size))
    owed[0, 2], owed[1, 2] = 0.5 * needed, 0.5 * needed
    shared = clear_with_sales(owed, np.zeros((3, needed.size)), [0.8, 0.8, 0.0], slope=0.5)
    lines: list[Line] = [
        ("one seller with enough to sell", needed, raise_cash(needed, 0.5).price),
        ("two sellers with 0.8 units each", needed, shared.price),
    ]
    return chart("Raising cash moves the price", "cash that is needed", "price", lines)


def reconstruction_picture() -> str:
    """Draw unpaid debts on the true network and on two that are rebuilt from its totals."""
    owed, assets, outside = drawn_network()
    loss = losses() / 5.0
    lent, borrowed = owed.sum(axis=0), owed.sum(axis=1)
    networks = {
        "true": owed,
        "maximum entropy": reconstruct(lent, borrowed).exposures.T,
        "minimum density": reconstruct(lent, borrowed, method="minimum_density").exposures.T,
    }
    lines: list[Line] = []
    for name, matrix in networks.items():
        result = clear(matrix, assets[:, None] * (1.0 - loss), external_liabilities=outside, alpha=0.7, beta=0.7)
        lines.append((name, 100 * loss, result.defaulted.sum(axis=0)))
    return chart("Contagion on rebuilt networks", "loss on external assets, %", "firms that default", lines)


PICTURES = {
    "eisenberg-noe": eisenberg_noe_picture,
    "rogers-veraart": rogers_veraart_picture,
    "seniority": seniority_picture,
    "cross-holdings": cross_holdings_picture,
    "lanes": lanes_picture,
    "debtrank": debtrank_picture,
    "linear-debtrank": linear_debtrank_picture,
    "network-valuation": network_valuation_picture,
    "failure-costs": failure_costs_picture,
    "default-cascade": default_cascade_picture,
    "spillovers": spillovers_picture,
    "deleveraging": deleveraging_picture,
    "bounded-impact": bounded_impact_picture,
    "buffer-sales": buffer_sales_picture,
    "asset-sales": asset_sales_picture,
    "reconstruction": reconstruction_picture,
}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (Path(__file__).parent / f"{name}.svg").write_text(draw(), encoding="utf-8")
