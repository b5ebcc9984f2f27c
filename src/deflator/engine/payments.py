"""Step 11: all that is due this month is paid as far as everybody can: the greatest clearing vector."""

from __future__ import annotations

import math

from deflator.clearing.lanes import LaneWorkspace, clear_lanes
from deflator.engine.codes import Category, Cause, Status
from deflator.engine.compiled import inline, kernel
from deflator.engine.debt import draw_revolvers
from deflator.engine.lanes import nothing
from deflator.engine.layout import INVESTORS, LENDER, SUPPLIERS
from deflator.engine.ledger import cause_row, pay
from deflator.engine.positions import ON, P

_TOLERANCE = 1e-9
_MOST_ROUNDS = 500
_NOT_CLEARED = int(Status.NOT_CLEARED)


@kernel
def list_dues(entities, leases, contracts, facilities, claims, network):
    """Write what is due on every edge of the payment network: costs, rent, compute, debt service and calls."""
    for edge in range(network.payee.size):
        kind, item = network.kind[edge], network.item[edge]
        if kind == Category.INTEREST and facilities.owing[claims.facility[item]] == 0:
            if network.live[edge] > 0:
                network.due[edge, :] = 0.0
            network.live[edge] = 0
            continue
        network.live[edge] = 1
        if kind == Category.INTEREST:
            _list_service(facilities, claims, network, edge, item)
            continue
        for lane in range(network.due.shape[1]):
            if kind == Category.OPERATIONS:
                due = entities.operating_due[item, lane]
            elif kind == Category.LEASE:
                due = leases.due[item, lane]
            else:
                due = contracts.bill[item, lane]
            network.due[edge, lane] = due


@kernel
def _list_service(facilities, claims, network, edge, item):
    """Write a holder's share of the interest and principal due on a facility this month."""
    k = claims.facility[item]
    sweeping = facilities.sweeping[k] > 0
    for lane in range(network.due.shape[1]):
        due = facilities.interest[k, lane] + _principal_due(facilities, k, sweeping, lane)
        network.due[edge, lane] = claims.share[item, lane] * due


@inline
def _principal_due(facilities, k, sweeping, lane):
    """Return principal due on a facility this month, sweeps and collateral calls included, at most the balance."""
    swept = facilities.swept[k, lane] if sweeping else 0.0
    return min(facilities.principal[k, lane] + swept, facilities.balance[k, lane])


@kernel
def seek_liquidity(world, entities, facilities, claims, network, causes, ledger):
    """Let those who would fall short, if all others pay, draw revolvers and call on parents.

    Parents and main owners cover their share of what is still lacking.
    """
    need = entities.shortfall
    for i in range(entities.layer.size):
        for lane in range(need.shape[1]):
            need[i, lane] = -max(entities.cash[i, lane], 0.0)
    for group in range(network.group_payer.size):
        payer = network.group_payer[group]
        for lane in range(need.shape[1]):
            world.amount[lane] = need[payer, lane]
        for edge in range(network.group_ofs[group], network.group_ofs[group + 1]):
            payee = network.payee[edge]  # never the payer
            for lane in range(need.shape[1]):
                world.amount[lane] += network.due[edge, lane]
            for lane in range(need.shape[1]):
                need[payee, lane] -= network.due[edge, lane]
        for lane in range(need.shape[1]):
            need[payer, lane] = world.amount[lane]
    draw_revolvers(world, entities, facilities, claims, ledger, need)
    for i in range(entities.layer.size - 1):
        if entities.unlimited[i] or entities.can_default[i] == 0:
            continue
        if nothing(need[i]):
            continue
        for lane in range(need.shape[1]):
            if need[i, lane] > 0.0 and entities.imposed[i, lane] == 0:
                support = need[i, lane] * entities.parent_support[i, lane]
                entities.cash[i, lane] += support
                entities.cash[world.role[INVESTORS], lane] -= support
                ledger.flow[Category.SUPPORT, lane] += support
    _call_capital(world, entities, ledger)


@kernel
def _call_capital(world, entities, ledger):
    """Bring lenders' accounts back to zero where they lent more than they had: investors answer capital calls."""
    for i in range(entities.layer.size):
        if entities.lender[i] == 0:
            continue
        for lane in range(entities.cash.shape[1]):
            world.amount[lane] = max(-entities.cash[i, lane], 0.0)
        pay(world, entities, ledger, Category.SUPPORT, world.role[INVESTORS], i)


@kernel
def clear_payments(world, entities, facilities, claims, leases, contracts, network, payments, causes, ledger):
    """Find and make the payments of the month.

    A defaulter loses the bankruptcy cost on its cash, which goes to advisers; its payees get what is left by
    seniority (Eisenberg and Noe 2001, Rogers and Veraart 2013, Elsinger 2009). With the channel `payment` off,
    investors make payees whole, so that nobody misses a payment because another did.
    """
    lanes = network.due.shape[1]
    for i in range(entities.layer.size):
        unlimited = entities.unlimited[i] == 1
        for lane in range(lanes):
            stops = entities.imposed[i, lane] != 0
            kept = 1.0 - world.parameters[P.bankruptcy_cost_share, lane]
            cash = math.inf if unlimited else max(entities.cash[i, lane], 0.0)
            silent = stops & (not unlimited)
            payments.alpha[i, lane] = 0.0 if silent else kept
            payments.beta[i, lane] = 0.0 if silent else 1.0
            payments.resources[i, lane] = 0.0 if silent else cash
    for group in range(network.group_payer.size):
        if payments.impaired[network.group_payer[group]]:  # it fell short last month
            payments.ratio[group, :] = 1.0
    _hold_receipts_back(entities, network, payments)
    linked = world.channels[ON.payment] == 1
    if not linked:
        _count_full_receipts(network, payments)
    clear_lanes(
        network.group_payer,
        network.group_ofs,
        network.payee if linked else network.nobody,
        network.due,
        payments.resources,
        payments.alpha,
        payments.beta,
        1.0,
        _TOLERANCE,
        _MOST_ROUNDS,
        payments.ratio,
        payments.received,
        payments.defaulted,
        payments.rounds,
        payments.residual,
        LaneWorkspace(
            payments.owed,
            payments.group_due,
            payments.available,
            payments.fall,
            payments.step,
            payments.step_before,
            payments.active,
            payments.touched,
            payments.impaired,
        ),
    )
    for lane in range(lanes):
        if not payments.residual[lane] <= _TOLERANCE:
            ledger.status[lane] = _NOT_CLEARED
    _charge_bankruptcy(world, entities, payments, ledger)
    _make_payments(world, entities, facilities, claims, leases, network, payments, causes, ledger)


@kernel
def _hold_receipts_back(entities, network, payments):
    """Let whoever stops paying by the scenario pay nobody, whatever comes in: its receipts pay for nothing."""
    for edge in range(network.payee.size):
        payee = network.payee[edge]
        if entities.stops[payee] == 0:
            continue
        for lane in range(network.due.shape[1]):
            if entities.imposed[payee, lane]:
                payments.resources[payee, lane] -= network.due[edge, lane]


@kernel
def _count_full_receipts(network, payments):
    """Count on every payment in full, as if investors stood in for whoever fails; a default costs receipts nothing."""
    payments.received[:, :] = 0.0
    for edge in range(network.payee.size):
        for lane in range(network.due.shape[1]):
            payments.received[network.payee[edge], lane] += network.due[edge, lane]
    for i in range(payments.resources.shape[0]):
        for lane in range(payments.resources.shape[1]):
            own, came = payments.resources[i, lane], payments.received[i, lane]
            payments.resources[i, lane] = own + came
            if 0.0 < own + came < math.inf:
                kept = payments.alpha[i, lane] * own + payments.beta[i, lane] * came
                payments.alpha[i, lane] = kept / (own + came)


@kernel
def _charge_bankruptcy(world, entities, payments, ledger):
    suppliers = world.role[SUPPLIERS]
    for i in range(entities.layer.size - 1):
        found = 0
        for lane in range(entities.cash.shape[1]):
            found += payments.defaulted[i, lane]
        if found == 0:
            continue
        for lane in range(entities.cash.shape[1]):
            if payments.defaulted[i, lane] and entities.imposed[i, lane] == 0:
                cost = (1.0 - payments.alpha[i, lane]) * payments.resources[i, lane]
                entities.cash[i, lane] -= cost
                entities.cash[suppliers, lane] += cost
                ledger.flow[Category.BANKRUPTCY, lane] += cost


@kernel
def _make_payments(world, entities, facilities, claims, leases, network, payments, causes, ledger):
    count = entities.layer.size
    entities.missed[:, :] = 0.0
    whole = world.channels[ON.payment] == 0
    for group in range(network.group_payer.size):
        if not _falls_short(network, payments, group):
            _pay_in_full(world, entities, network, ledger, group)
            continue
        for edge in range(network.group_ofs[group], network.group_ofs[group + 1]):
            if network.live[edge] == 0:
                continue
            _pay_in_part(whole, world, entities, network, payments, ledger, group, edge)
            if whole:
                _make_whole(world, entities, ledger)
            elif not nothing(world.rest):
                row = cause_row(causes, Cause.MISSED_RECEIPTS, count, network.payee[edge])
                for lane in range(network.due.shape[1]):
                    causes.now[row, lane] += world.rest[lane]
    _repay(whole, entities, facilities, claims, network, payments)


@inline
def _falls_short(network, payments, group):
    """Return whether some lane pays less than all that is due in a group."""
    if not payments.impaired[network.group_payer[group]]:
        return False
    short = 0
    for lane in range(payments.ratio.shape[1]):
        short += payments.ratio[group, lane] != 1.0
    return short > 0


@kernel
def _pay_in_full(world, entities, network, ledger, group):
    """Pay all that is due in a group, which is of one kind; nobody pays itself, so the payer's cash can wait."""
    first, end = network.group_ofs[group], network.group_ofs[group + 1]
    payer, kind = network.group_payer[group], network.kind[first]
    for lane in range(network.due.shape[1]):
        world.rest[lane] = entities.cash[payer, lane]
        world.amount[lane] = ledger.flow[kind, lane]
    for edge in range(first, end):
        payee = network.payee[edge]
        for lane in range(network.due.shape[1]):
            world.rest[lane] -= network.due[edge, lane]
            world.amount[lane] += network.due[edge, lane]
        for lane in range(network.due.shape[1]):
            entities.cash[payee, lane] += network.due[edge, lane]
    for lane in range(network.due.shape[1]):
        entities.cash[payer, lane] = world.rest[lane]
        ledger.flow[kind, lane] = world.amount[lane]


@kernel
def _pay_in_part(whole, world, entities, network, payments, ledger, group, edge):
    """Pay the share that a payer can; what a payee misses stands in `world.rest`."""
    payer, payee, kind = network.group_payer[group], network.payee[edge], network.kind[edge]
    for lane in range(network.due.shape[1]):
        due = network.due[edge, lane]
        paid = due * payments.ratio[group, lane]
        entities.cash[payer, lane] -= paid
        ledger.flow[kind, lane] += paid
        entities.missed[payer, lane] += due - paid
        world.amount[lane] = due if whole else paid
        world.rest[lane] = due - paid
    for lane in range(network.due.shape[1]):
        entities.cash[payee, lane] += world.amount[lane]


@kernel
def _make_whole(world, entities, ledger):
    """Let investors pay what a payee misses, which stands in `world.rest`."""
    investors = world.role[INVESTORS]
    for lane in range(world.rest.size):
        entities.cash[investors, lane] -= world.rest[lane]
        ledger.flow[Category.SUPPORT, lane] += world.rest[lane]


@kernel
def _repay(whole, entities, facilities, claims, network, payments):
    """Reduce balances by the principal that was paid and book unpaid interest as the loss of holders not made whole."""
    for k in range(facilities.borrower.size):
        if facilities.owing[k]:
            facilities.repaid[k, :] = 0.0
    for group in range(network.group_payer.size):
        short = _falls_short(network, payments, group)
        for edge in range(network.group_ofs[group], network.group_ofs[group + 1]):
            if network.kind[edge] != Category.INTEREST or network.live[edge] == 0:
                continue
            item = network.item[edge]
            k, holder = claims.facility[item], claims.holder[item]
            sweeping = facilities.sweeping[k] > 0
            for lane in range(network.due.shape[1]):
                ratio = payments.ratio[group, lane] if short else 1.0
                due = claims.share[item, lane] * _principal_due(facilities, k, sweeping, lane)
                facilities.repaid[k, lane] += due * ratio
            for lane in range(network.due.shape[1] if short and not whole else 0):
                interest = claims.share[item, lane] * facilities.interest[k, lane]
                unpaid = interest * (1.0 - payments.ratio[group, lane])
                entities.lost[holder, lane] += unpaid
                entities.recent_loss[holder, lane] += unpaid
    for k in range(facilities.borrower.size):
        if facilities.owing[k] == 0:
            continue
        for lane in range(facilities.balance.shape[1]):
            facilities.balance[k, lane] = max(facilities.balance[k, lane] - facilities.repaid[k, lane], 0.0)


@kernel
def share_syndicate(world, entities, ledger):
    """Share the account of new loans among lenders by capital: they fund what it lent and get what it received."""
    syndicate = entities.layer.size - 1
    for i in range(syndicate):
        if entities.layer[i] != LENDER:
            continue
        for lane in range(world.openness.size):
            share = entities.capital_share[i, lane]
            amount = share * entities.cash[syndicate, lane]
            world.amount[lane] = amount
            world.rest[lane] = share * entities.lost[syndicate, lane]
            world.spent[lane] = share * entities.recent_loss[syndicate, lane]
            ledger.flow[Category.DRAW, lane] += abs(amount)
        for lane in range(world.openness.size):
            entities.cash[i, lane] += world.amount[lane]
            entities.lost[i, lane] += world.rest[lane]
            entities.recent_loss[i, lane] += world.spent[lane]
    for lane in range(world.openness.size):
        entities.cash[syndicate, lane] = 0.0
        entities.lost[syndicate, lane] = 0.0
        entities.recent_loss[syndicate, lane] = 0.0
