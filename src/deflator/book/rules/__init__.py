"""What must hold between the cells of a book: one function for each rule, which yields its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deflator.book.draft import Draft
from deflator.book.rules import compute, debt, evidence, structure
from deflator.errors import Fault

Rule = Callable[[Draft], Iterator[Fault]]

# A rule is judged when the columns that it needs were read in full: a sum over a column with an unreadable
# cell would only accuse the wrong row. Rules of single rows pass over cells that could not be read.
RULES: dict[Rule, tuple[str, ...]] = {
    structure.keys_are_unique: (),
    structure.references_exist: (),
    structure.names_mean_one_thing: (),
    structure.world_is_there: ("entities.entity",),
    structure.parents_do_not_circle: (),
    structure.market_keys_are_there: ("market.key",),
    structure.horizon_follows_as_of: ("book.as_of", "book.horizon"),
    structure.reference_equipment_exists: ("book.reference_equipment", "equipment.equipment"),
    structure.reference_series_exists: (
        "book.reference_equipment", "book.reference_series",
        "price_history.series", "price_history.equipment",
    ),
    compute.periods_run_forward: (),
    compute.deliveries_lie_ahead: ("book.as_of",),
    compute.prices_are_known: ("book.as_of",),
    compute.leases_house_their_tenants: (),
    compute.suppliers_fit_their_contract: (),
    compute.sellers_own_what_they_sell: (
        "book.as_of", "book.horizon",
        "fleets.owner", "fleets.equipment", "fleets.units", "fleets.in_service_month", "fleets.use",
        "deliveries.owner", "deliveries.equipment", "deliveries.units", "deliveries.month", "deliveries.use",
        "contracts.seller", "contracts.equipment", "contracts.units", "contracts.start", "contracts.end",
        "contracts.kind",
    ),
    debt.facilities_run_forward: ("book.as_of",),
    debt.draws_stay_within_commitments: (),
    debt.convertibles_name_their_price: (),
    debt.collateral_is_pledged_once: (),
    debt.schedules_repay_what_is_drawn: (
        "amortisation.facility", "amortisation.principal_musd",
        "facilities.facility", "facilities.profile", "facilities.drawn_musd",
    ),
    debt.schedules_end_by_maturity: ("book.as_of",),
    debt.covenants_use_their_unit: (),
    debt.holdings_name_what_they_hold: (),
    debt.holders_sum_to_one: (
        "holdings.issuer_or_facility", "holdings.instrument", "holdings.share_or_musd", "facilities.facility",
    ),
    evidence.figures_have_provenance: ("provenance.table", "provenance.row", "provenance.field"),
    evidence.provenance_has_a_figure: (),
    evidence.ranges_hold_the_figure: ("provenance.low", "provenance.high"),
    evidence.nothing_is_known_early: ("book.as_of",),
    evidence.parameters_are_the_known_ones: ("parameters.parameter",),
    evidence.parameters_are_within_bounds: (),
}  # fmt: skip


def check(draft: Draft) -> Iterator[Fault]:
    """Yield everything that does not hold in a book.

    Parameters
    ----------
    draft
        The book with typed cells.
    """
    for rule, needs in RULES.items():
        if draft.knows(needs):
            yield from rule(draft)
