"""Who belongs to whom, as whole numbers: the links of every record."""

from __future__ import annotations

import numpy as np

from deflator.credit.monthly import LEVEL, PROFILE_CODES
from deflator.engine import layout
from deflator.engine.codes import Category
from deflator.engine.index import Index, ints, keys, offsets, positions
from deflator.engine.positions import CHANNELS

_OPERATIONS_CLASS, _LEASE_CLASS, _CONTRACT_CLASS, _DEBT_CLASS = range(4)


def list_links(index: Index) -> dict[str, np.ndarray]:
    """Return the link arrays of a book by `record.field`."""
    return {
        **_entity_links(index),
        **_equipment_links(index),
        **_contract_links(index),
        **_lease_links(index),
        **_facility_links(index),
        **_covenant_links(index),
        **_payment_network(index),
        "world.channels": ints(index.scenario.channels[name] for name in CHANNELS),
        "world.role": ints(index.entity[name] for name in layout.ROLES),
        "world.reference": ints([index.equipment[index.book.reference_equipment]]),
    }


def _entity_links(index: Index) -> dict[str, np.ndarray]:
    rows = index.rows["entities"]
    firm = [row["layer"] not in ("world", "lender") and not row["parent"] for row in rows]
    lends = [row["layer"] == "lender" and bool(row["levered"]) for row in rows]
    segments = index.rows["demand"]
    return {
        "entities.layer": index.layer,
        "entities.account": index.accounts(),
        "entities.unlimited": ints([*(row["layer"] == "world" for row in rows), 1]),
        "entities.can_default": ints([*(a or b for a, b in zip(firm, lends, strict=True)), 0]),
        "entities.cohort": ints([*((row["members"] or 1) > 1 for row in rows), 0]),
        "entities.key": keys([*index.entity, "syndicate"]),
        **_sold_by(index),
        "entities.lender": ints([*(row["layer"] == "lender" for row in rows), 1]),
        "segments.entity": ints(index.entity[row["segment"]] for row in segments),
        "segments.key": keys(row["segment"] for row in segments),
    }


def _sold_by(index: Index) -> dict[str, np.ndarray]:
    """Return the contracts whose income each account receives, backstops aside."""
    accounts = index.accounts()
    sold: list[list[int]] = [[] for _ in accounts]
    for c, row in enumerate(index.rows["contracts"]):
        if row["kind"] != "backstop":
            sold[accounts[index.entity[row["seller"]]]].append(c)
    ofs, members = offsets(sold)
    return {"entities.sold_ofs": ofs, "entities.sold": members}


def _equipment_links(index: Index) -> dict[str, np.ndarray]:
    pair = {name: position for position, name in enumerate(index.pairs)}
    orderable = set(index.orderable)
    second_hand = index.entity[layout.ROLES[layout.SECOND_HAND]]
    owner = [index.entity[row["owner"]] for row in index.fleet_rows]
    equipment = [index.equipment[row["equipment"]] for row in index.fleet_rows]
    funded = {
        fleet: k for k, members in enumerate(index.pledged(index.fleet)) for fleet in members
    }  # a delivery is pledged once
    deliveries = len(index.rows["deliveries"])
    ordered = ints(
        g in orderable and o != second_hand and index.layer[o] in (layout.NEOCLOUD, layout.HYPERSCALER)
        for o, g in index.pairs
    )
    return {
        "equipment.vendor": ints(index.entity[row["vendor"]] for row in index.rows["equipment"]),
        "equipment.key": keys(index.equipment),
        "pairs.owner": ints(o for o, _ in index.pairs),
        "pairs.equipment": ints(g for _, g in index.pairs),
        "pairs.orderable": ordered,
        "pairs.ring": (np.cumsum(ordered) - 1) * ordered * layout.RING,
        "fleets.owner": ints(owner),
        "fleets.equipment": ints(equipment),
        "fleets.pair": ints(
            pair[o, g] if row["use"] == "rental" else -1
            for o, g, row in zip(owner, equipment, index.fleet_rows, strict=True)
        ),
        "fleets.lease": ints(index.lease.get(row["lease"] or "", -1) for row in index.fleet_rows),
        "fleets.is_delivery": ints([0] * (len(owner) - deliveries) + [1] * deliveries),
        "fleets.committed": ints(row.get("committed", 1) for row in index.fleet_rows),
        "fleets.customer": _customers(index),
        "fleets.facility": ints(funded.get(f, -1) for f in range(len(owner))),
        "fleets.key": keys(index.fleet_names),
    }


def _contract_links(index: Index) -> dict[str, np.ndarray]:
    rows = index.rows["contracts"]
    segment = positions(index.book.tables["demand"].keys)
    pair = {name: position for position, name in enumerate(index.pairs)}
    supplier_ofs, supplier_fleet = offsets([index.fleet[name] for name in (row["supplied_by"] or ())] for row in rows)
    seller = [index.entity[row["seller"]] for row in rows]
    return {
        "contracts.seller": ints(seller),
        "contracts.buyer": ints(index.entity[row["buyer"]] for row in rows),
        "contracts.segment": ints(segment.get(row["buyer"], -1) for row in rows),
        "contracts.pair": ints(pair[s, index.equipment[row["equipment"]]] for s, row in zip(seller, rows, strict=True)),
        "contracts.renewal": ints(layout.RENEWALS.index(row["renewal"]) for row in rows),
        "contracts.backstop": ints(row["kind"] == "backstop" for row in rows),
        "contracts.supplier_ofs": supplier_ofs,
        "contracts.supplier": supplier_fleet,
    }


def _lease_links(index: Index) -> dict[str, np.ndarray]:
    rows = index.rows["leases"]
    return {
        "leases.landlord": ints(index.entity[row["landlord"]] for row in rows),
        "leases.tenant": ints(index.entity[row["tenant"]] for row in rows),
        "leases.guarantor": ints(
            index.entity[row["guarantor"]] if row["guarantor"] not in (None, row["tenant"]) else -1 for row in rows
        ),
        "leases.from_plan": ints(row["rent_starts"] == "site_ready" for row in rows),
        "leases.key": keys(index.lease),
    }


def _facility_links(index: Index) -> dict[str, np.ndarray]:
    rows = index.rows["facilities"]
    new = index.borrowers
    count = len(rows)
    new_loan = np.full(len(index.entity) + 1, -1, dtype=np.int64)
    new_loan[new] = np.arange(count, count + len(new))
    scheduled = [k for k, row in enumerate(rows) if row["profile"] == "schedule"]
    schedule_row = {k: position for position, k in enumerate(scheduled)}
    names = [*index.facility, *(f"new:{index.rows['entities'][i]['entity']}" for i in new)]
    fleet_ofs, fleet = offsets(index.pledged(index.fleet))
    contract_ofs, contract = offsets(index.pledged(index.contract))
    lease_ofs, lease = offsets(index.site_leases())
    debt = [index.rows["holdings"][position] for position in index.claims]
    syndicate = len(index.entity)
    claim_facility = ints(
        [*(index.facility[row["issuer_or_facility"]] for row in debt), *range(count, count + len(new))]
    )
    return {
        "facilities.borrower": ints([*(index.entity[row["borrower"]] for row in rows), *new]),
        "facilities.guarantor": ints(
            [*(index.entity[row["guarantor"]] if row["guarantor"] else -1 for row in rows), *new]
        ),
        "facilities.signed": ints([*(row["signed"] for row in rows), *(1 for _ in new)]),
        "facilities.floating": ints([*(row["rate_kind"] == "floating" for row in rows), *(1 for _ in new)]),
        "facilities.profile": ints([*(PROFILE_CODES[row["profile"]] for row in rows), *(LEVEL for _ in new)]),
        "facilities.convertible": ints([*(row["type"] == "convertible" for row in rows), *(0 for _ in new)]),
        "facilities.revolver": ints([*(row["type"] == "revolver" for row in rows), *(0 for _ in new)]),
        "facilities.rank": ints([*(row["secured_rank"] for row in rows), *(1 for _ in new)]),
        "facilities.amortisation_row": ints([*(schedule_row.get(k, -1) for k in range(count)), *(-1 for _ in new)]),
        "entities.new_loan": new_loan,
        "facilities.fleet_ofs": fleet_ofs,
        "facilities.fleet": fleet,
        "facilities.contract_ofs": contract_ofs,
        "facilities.contract": contract,
        "facilities.lease_ofs": lease_ofs,
        "facilities.lease": lease,
        "facilities.key": keys(names),
        "facilities.claim_ofs": _claim_offsets(claim_facility, count + len(new)),
        "claims.facility": claim_facility,
        "claims.holder": ints([*(index.entity[row["holder"]] for row in debt), *(syndicate for _ in new)]),
    }


def _covenant_links(index: Index) -> dict[str, np.ndarray]:
    rows = index.rows["covenants"]
    counterfactual = index.scenario.counterfactual_covenants
    return {
        "covenants.facility": ints(index.facility[row["facility"]] for row in rows),
        "covenants.test": ints(layout.TESTS.index(row["test"]) for row in rows),
        "covenants.consequence": ints(layout.CONSEQUENCES.index(row["consequence"]) for row in rows),
        "covenants.every": ints(row["test_every_months"] for row in rows),
        "covenants.key": keys(index.book.tables["covenants"].keys),
        "covenants.active": ints(row["case"] == "book" or counterfactual for row in rows),
    }


def _payment_network(index: Index) -> dict[str, np.ndarray]:
    """Sort every possible payment of a month by payer and seniority: costs, rent for space, compute, debt by rank."""
    account = index.accounts()
    suppliers = index.entity[layout.ROLES[layout.SUPPLIERS]]
    links = _facility_links(index)
    contracts, leases = _contract_links(index), _lease_links(index)
    payments = [
        (account[i], _OPERATIONS_CLASS, suppliers, Category.OPERATIONS, i)
        for i in range(len(index.entity))
        if index.layer[i] != layout.WORLD
    ]
    payments += [
        (account[tenant], _LEASE_CLASS, account[landlord], Category.LEASE, item)
        for item, (tenant, landlord) in enumerate(zip(leases["leases.tenant"], leases["leases.landlord"], strict=True))
    ]
    payments += [
        (account[buyer], _CONTRACT_CLASS, account[seller], Category.CONTRACT, item)
        for item, (buyer, seller) in enumerate(
            zip(contracts["contracts.buyer"], contracts["contracts.seller"], strict=True)
        )
    ]
    payments += [
        (
            account[links["facilities.borrower"][k]],
            _DEBT_CLASS + links["facilities.rank"][k],
            account[holder],
            Category.INTEREST,
            item,
        )
        for item, (k, holder) in enumerate(zip(links["claims.facility"], links["claims.holder"], strict=True))
    ]
    payments = [payment for payment in payments if payment[0] != payment[2]]  # within one group nothing is paid
    payments.sort(key=lambda payment: payment[:2])
    groups = list(dict.fromkeys(payment[:2] for payment in payments))
    ofs, _ = offsets([[p for p, payment in enumerate(payments) if payment[:2] == group] for group in groups])
    return {
        "network.group_payer": ints(payer for payer, _ in groups),
        "network.group_ofs": ofs,
        "network.payee": ints(payment[2] for payment in payments),
        "network.nobody": np.full(len(payments), len(index.entity), dtype=np.int64),
        "network.kind": ints(payment[3] for payment in payments),
        "network.item": ints(payment[4] for payment in payments),
    }


def _customers(index: Index) -> np.ndarray:
    """Return who buys what each fleet and delivery will deliver; -1 when no contract waits for it."""
    customer = {
        name: index.entity[row["buyer"]] for row in index.rows["contracts"] for name in (row["supplied_by"] or ())
    }
    return ints(customer.get(name, -1) for name in index.fleet)


def _claim_offsets(claim_facility: np.ndarray, facilities: int) -> np.ndarray:
    """Return where the claims of each facility begin; they are sorted by facility."""
    return np.searchsorted(claim_facility, np.arange(facilities + 1)).astype(np.int64)
