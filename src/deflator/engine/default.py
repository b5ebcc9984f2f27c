"""Step 12: who could not pay breaks; claims are restructured or collateral seized; others lose tenants and money."""

from __future__ import annotations

from deflator.credit.monthly import loss_given_default
from deflator.engine.breaks import note_hard, note_soft, note_tenths
from deflator.engine.codes import Category, Trigger
from deflator.engine.compiled import inline, kernel
from deflator.engine.covenants import collateral_value
from deflator.engine.elementary import log, normal_share
from deflator.engine.funding import ready_cash
from deflator.engine.layout import LENDER
from deflator.engine.positions import ON, P

_TOLERANCE = 1e-6  # of what is due: a smaller gap is rounding
_SHRUNK = 0.5
_UNSECURED_RANK = 3
_CONVERTIBLE_RANK = 4
_SPENT = 1e-9


@kernel
def impose_failures(t, entities, requests):
    """Mark the entities that the scenario lets stop paying from this month."""
    for i in range(entities.layer.size - 1):
        if requests.failure[i, t] >= 0.5:
            account = entities.account[i]
            for lane in range(entities.cash.shape[1]):
                entities.imposed[account, lane] = 1
            entities.stops[account] = entities.cash.shape[1]


@kernel
def find_breaks(t, world, entities, payments, tenths):
    """Find what share of each entity breaks this month, and record the first hard break with its trigger.

    A firm breaks whole: it missed a payment, or an event of default was neither cured nor waived. Of a cohort those
    members break whose liquidity falls short: with log liquidity spread around the cohort's, the share is
    Φ(-log coverage / dispersion), less what was already short at month 0; it never heals. A lender breaks when losses
    use up its capital.
    """
    for i in range(entities.layer.size - 1):
        struck = 0
        if entities.struck[i]:
            entities.hit[i, :] = 0.0
        entities.struck[i] = 0
        if entities.can_default[i] == 0:
            continue
        if entities.cohort[i]:
            entities.struck[i] = _break_members(t, world, entities, payments, tenths, i)
        elif _in_trouble(entities, payments, i):
            for lane in range(world.openness.size):
                if entities.going[i, lane] <= _SPENT:
                    continue
                if entities.layer[i] == LENDER:
                    _break_lender(t, entities, i, lane)
                else:
                    _break_firm(t, entities, i, lane, payments.owed[i, lane])
                struck += entities.hit[i, lane] > 0.0
            entities.struck[i] = struck


@kernel
def _in_trouble(entities, payments, i):
    """Return whether a firm breaks on some lane."""
    found = entities.stops[i]
    lends = entities.layer[i] == LENDER
    for lane in range(entities.missed.shape[1]):
        missed = entities.missed[i, lane] > _TOLERANCE * max(payments.owed[i, lane], 1.0)
        spent = lends & (entities.lost[i, lane] > entities.capital[i, lane])
        found += missed | spent | (entities.covenant_default[i, lane] != 0)
    return found > 0


@kernel
def _break_lender(t, entities, i, lane):
    spent = entities.lost[i, lane] > entities.capital[i, lane]
    if (spent or entities.imposed[i, lane]) and entities.break_month[i, lane] == 0:
        entities.broken_share[i, lane] = 1.0
        entities.shortfall[i, lane] = max(entities.lost[i, lane] - entities.capital[i, lane], 0.0)
        note_hard(t, entities, i, lane, Trigger.IMPOSED if entities.imposed[i, lane] else Trigger.CAPITAL)


@kernel
def _break_firm(t, entities, i, lane, due):
    missed = entities.missed[i, lane]
    stops = entities.imposed[i, lane] == 1 and entities.broken_share[i, lane] < 1.0
    if missed <= _TOLERANCE * max(due, 1.0) and entities.covenant_default[i, lane] == 0 and not stops:
        return
    entities.hit[i, lane] = 1.0
    entities.shortfall[i, lane] = missed
    entities.broken_share[i, lane] = 1.0
    paid_all = missed <= _TOLERANCE * max(due, 1.0)
    by_terms = paid_all and entities.covenant_default[i, lane] == 1
    note_hard(t, entities, i, lane, Trigger.COVENANT if by_terms else _why_missed(entities, i, lane))


@kernel
def _why_missed(entities, i, lane):
    """Return why a payment was missed: the scenario says so, debt fell due, or else the running payments."""
    if entities.imposed[i, lane]:
        return Trigger.IMPOSED
    if entities.matured[i, lane] > 0.0 and entities.matured[i, lane] >= entities.missed[i, lane]:
        return Trigger.MATURITY
    return Trigger.PAYMENT


@kernel
def _break_members(t, world, entities, payments, tenths, i):
    """Let members of a cohort break; return on how many lanes some do."""
    struck = 0
    for lane in range(world.openness.size):
        due, before, missed = payments.owed[i, lane], entities.broken_share[i, lane], entities.missed[i, lane]
        known, shortfall = entities.coverage_start[i, lane], entities.shortfall[i, lane]
        coverage = (payments.resources[i, lane] + payments.received[i, lane]) / due
        short = normal_share(-log(coverage) / world.parameters[P.cohort_dispersion_log, lane])
        short = short if coverage > 0.0 else 1.0
        quiet = (due <= 0.0) | (before >= 1.0) | (entities.going[i, lane] <= _SPENT)
        first = (t == 1) & (not quiet)
        start = min(short, 0.99) if first else known
        now = min(max((short - start) / (1.0 - start), before), 1.0)
        now = 1.0 if entities.imposed[i, lane] else now
        now = before if quiet else now
        hit = (now - before) / (1.0 - before) if now > before else 0.0
        entities.coverage_start[i, lane] = start
        entities.broken_share[i, lane] = now
        entities.hit[i, lane] = hit
        entities.shortfall[i, lane] = shortfall if quiet else missed
        struck += hit > 0.0
    if struck == 0:
        return 0
    for lane in range(world.openness.size):
        if entities.hit[i, lane] > 0.0:
            note_tenths(t, entities, tenths, i, lane)
            if entities.broken_share[i, lane] > _SHRUNK:
                note_hard(t, entities, i, lane, _why_missed(entities, i, lane))
    return struck


@kernel
def watch_soft_breaks(t, world, entities):
    """Record soft breaks: cash below a month of obligations with markets half shut, and a cohort shrunk to half."""
    p = world.parameters
    for i in range(entities.layer.size - 1):
        if entities.can_default[i] == 0:
            continue
        for lane in range(world.openness.size):
            least = p[P.min_liquidity_months, lane] * entities.operating_due[i, lane]
            shut = world.openness[lane] < 0.5 * world.openness_start[lane]
            if shut and entities.cash[i, lane] < least and entities.layer[i] != LENDER:
                note_soft(t, entities, i, lane, Trigger.LIQUIDITY)
            if entities.cohort[i] and entities.going[i, lane] < _SHRUNK:
                note_soft(t, entities, i, lane, Trigger.SHRINKAGE)


@inline
def restructuring_share(world, lane):
    """Return the share of what breaks that is restructured rather than liquidated; smaller when markets are shut."""
    p = world.parameters
    share = p[P.restructuring_probability_base, lane]
    share -= p[P.restructuring_funding_slope, lane] * (1.0 - world.openness[lane])
    return min(max(share, 0.0), 1.0)


@kernel
def resolve_defaults(
    world, entities, equipment, pairs, fleets, contracts, leases, facilities, claims, segments, ledger
):
    """Carry out what follows a break: write-offs, seizures, rejected contracts and leases.

    The restructured share goes on with a haircut on its debt. The liquidated share stops: its units are seized, what
    it sold is no longer delivered. Contracts and leases of what broke are rejected in part.
    """
    _write_off(world, entities, equipment, fleets, facilities, claims, ledger)
    _seize_units(world, entities, equipment, pairs, fleets)
    _reject_contracts(world, entities, equipment, pairs, contracts, segments)
    _reject_leases(world, entities, leases)
    for i in range(entities.layer.size - 1):
        if entities.struck[i] == 0:
            continue
        for lane in range(world.openness.size):
            hit = entities.hit[i, lane]
            if hit > 0.0:
                entities.going[i, lane] *= 1.0 - hit * (1.0 - restructuring_share(world, lane))
                entities.covenant_default[i, lane] = 0


@kernel
def _write_off(world, entities, equipment, fleets, facilities, claims, ledger):
    p = world.parameters
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        if entities.struck[i] == 0:
            continue
        for lane in range(world.openness.size):
            hit, balance = entities.hit[i, lane], facilities.balance[k, lane]
            if hit <= 0.0 or balance <= 0.0:
                continue
            restructured = restructuring_share(world, lane)
            lgd = _loss_share(world, entities, equipment, fleets, facilities, k, balance, lane)
            written = balance * hit * (restructured * p[P.restructuring_haircut, lane] + 1.0 - restructured)
            recovered = balance * hit * (1.0 - restructured) * (1.0 - lgd)
            facilities.balance[k, lane] -= written
            facilities.written_off[k, lane] += written
            facilities.shrunk[k] += 1
            facilities.undrawn[k, lane] *= 1.0 - hit
            called = _call_guarantor(world, entities, facilities, ledger, k, i, written - recovered, lane)
            for n in range(facilities.claim_ofs[k], facilities.claim_ofs[k + 1]):
                holder, share = claims.holder[n], claims.share[n, lane]
                entities.cash[holder, lane] += share * called
                entities.lost[holder, lane] += share * (written - recovered - called)
                entities.recent_loss[holder, lane] += share * (written - recovered - called)
                entities.claim[holder, lane] += share * recovered
                entities.claims[holder] = 1


@kernel
def _call_guarantor(world, entities, facilities, ledger, k, i, loss, lane):
    """Return what a guarantor other than the borrower pays of a loss: its part with recourse, out of cash at hand."""
    if facilities.guarantor[k] < 0:
        return 0.0
    account = entities.account[facilities.guarantor[k]]
    if account == i or entities.broken_share[account, lane] >= 1.0:
        return 0.0
    owed = loss * facilities.recourse[k, lane] * world.parameters[P.guarantor_performance, lane]
    called = min(max(owed, 0.0), ready_cash(entities, account, lane))
    entities.cash[account, lane] -= called
    ledger.flow[Category.SUPPORT, lane] += called
    return called


@kernel
def _loss_share(world, entities, equipment, fleets, facilities, k, balance, lane):
    """Return loss given default: collateral sold after costs and a lag, then the unsecured claim on the rest."""
    p = world.parameters
    if facilities.convertible[k] or facilities.rank[k] >= _CONVERTIBLE_RANK:
        unsecured = p[P.recovery_rate_convertible, lane]
    elif facilities.rank[k] >= _UNSECURED_RANK:
        unsecured = p[P.recovery_rate_unsecured, lane]
    else:
        unsecured = p[P.recovery_rate_secured, lane]
    return loss_given_default(
        balance,
        collateral_value(equipment, fleets, facilities, k, lane),
        p[P.sale_cost_share, lane],
        facilities.recourse[k, lane] if facilities.fleet_ofs[k + 1] > facilities.fleet_ofs[k] else 1.0,
        unsecured,
        p[P.appraisal_discount_rate, lane],
        p[P.recovery_lag_months, lane],
    )


@kernel
def _seize_units(world, entities, equipment, pairs, fleets):
    for f in range(fleets.owner.size):
        i, g = entities.account[fleets.owner[f]], fleets.equipment[f]
        if entities.struck[i] == 0:
            continue
        for lane in range(world.openness.size):
            gone = entities.hit[i, lane] * (1.0 - restructuring_share(world, lane))
            if gone > 0.0 and fleets.stage[f, lane] < 2:
                seized = fleets.there[f, lane] * gone
                equipment.pool[g, lane] += seized
                equipment.seized[g, lane] += seized
                fleets.live[f, lane] *= 1.0 - gone
                fleets.paid[f, lane] *= 1.0 - gone
                fleets.there[f, lane] = fleets.units[f, lane] * fleets.paid[f, lane]
    for q in range(pairs.owner.size):
        i, g = entities.account[pairs.owner[q]], pairs.equipment[q]
        if entities.struck[i] == 0:
            continue
        for lane in range(world.openness.size):
            gone = entities.hit[i, lane] * (1.0 - restructuring_share(world, lane))
            if gone > 0.0:
                seized = gone * pairs.extra[q, lane]
                equipment.pool[g, lane] += seized
                equipment.seized[g, lane] += seized
                pairs.extra[q, lane] -= seized


@kernel
def _reject_contracts(world, entities, equipment, pairs, contracts, segments):
    """End what a failed buyer rejects and what a liquidated seller no longer delivers.

    What a buyer loses with its seller it still wants: it seeks it on the spot market.
    """
    p = world.parameters
    for c in range(contracts.seller.size):
        seller, buyer = entities.account[contracts.seller[c]], entities.account[contracts.buyer[c]]
        s = contracts.segment[c]
        if entities.struck[seller] + entities.struck[buyer] == 0:
            continue
        for lane in range(world.openness.size):
            rejected = entities.hit[buyer, lane] * p[P.contract_rejection_share, lane]
            gone = entities.hit[seller, lane] * (1.0 - restructuring_share(world, lane))
            if rejected <= 0.0 and gone <= 0.0:
                continue
            left = contracts.active[c, lane] * (1.0 - rejected)
            if gone > 0.0 and s >= 0 and contracts.backstop[c] == 0:
                units = contracts.units[c, lane] * left * gone
                segments.displaced[s, lane] += units * equipment.performance[pairs.equipment[contracts.pair[c]], lane]
            contracts.active[c, lane] = left * (1.0 - gone)


@kernel
def _reject_leases(world, entities, leases):
    """Let a failed tenant leave part of its space: a guarantor steps in, otherwise it stands empty.

    With the channel `tenant` off investors stand in, so that no landlord loses by its tenant.
    """
    p = world.parameters
    insured = world.channels[ON.tenant] == 0
    for item in range(leases.landlord.size):
        tenant, guarantor = entities.account[leases.tenant[item]], leases.guarantor[item]
        if entities.struck[tenant] == 0:
            continue
        for lane in range(world.openness.size):
            hit = entities.hit[tenant, lane]
            if hit <= 0.0:
                continue
            left = leases.active[item, lane] * hit * p[P.contract_rejection_share, lane]
            leases.active[item, lane] -= left
            leases.vacated[item] += left > 0.0
            if insured:
                leases.insured[item, lane] += left
            elif guarantor >= 0 and entities.broken_share[entities.account[guarantor], lane] < 1.0:
                leases.guaranteed[item, lane] += left
            else:
                leases.void[item, lane] += left
