"""The records that a simulation reads and writes: one per kind of thing, with all that is known of it.

Conventions, for every array of the engine:

- The last axis is the lane: one path of the block that is being simulated. Loops run over items outside, lanes inside.
- `*_ofs` holds offsets: the members of item `i` stand at `[ofs[i], ofs[i + 1])` of a flat list. -1 means "none".
- Months are counted from the as-of month; 0 is the as-of month, the first simulated month is 1.
- Money is in USD millions, rents in USD per unit-hour, rates are annual decimals.

What a field is stands in its annotation, and `records.allocate` follows it:

- `Link`: who belongs to whom; whole numbers [item], the same for all paths.
- `Figure`: a figure of the book [item, lane]; differs by ignorance draw.
- `State`: what changes from month to month [item, lane]; starts at zero.
- `Flag`: the same, whole numbers.
- `Lane`: state of the whole economy [lane].
- `Count`: on how many lanes something is so; whole numbers [item]. It only says which work can be skipped.
- `Request`: what the scenario asks for, by month [item, T + 1] or [T + 1]; the same for all paths.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np

Link: TypeAlias = np.ndarray
Figure: TypeAlias = np.ndarray
State: TypeAlias = np.ndarray
Flag: TypeAlias = np.ndarray
Lane: TypeAlias = np.ndarray
Count: TypeAlias = np.ndarray
Request: TypeAlias = np.ndarray

#: Paths that a block simulates side by side, and how many where a block so wide would not fit a cache. Kernels are
#: compiled for each of these widths, and once more for any other.
LANES, FEW_LANES = 32, 8

HOURS_PER_MONTH = 730.0
HOURS_PER_YEAR = 8760.0
MILLION = 1e6
MONTH_IN_YEARS = 1.0 / 12.0
MILLIONTH = 1e-6  # multiplying is several times faster than dividing
#: USD m a month that one unit earns at a rent of one USD an hour.
MUSD_PER_HOURLY_USD = HOURS_PER_MONTH / MILLION

APPLICATION, LAB, HYPERSCALER, NEOCLOUD, LANDLORD, LENDER, VENDOR, WORLD = range(8)
LAYERS = ("application", "lab", "hyperscaler", "neocloud", "landlord", "lender", "vendor", "world")
INSOURCE, SPOT, LEAVE = range(3)
RENEWALS = ("insource", "spot", "none")
LTV, DSCR, CONTRACTED_COVERAGE, MIN_LIQUIDITY, LEVERAGE, LOAN_TO_COST, CROSS_DEFAULT, USE_OF_PROCEEDS = range(8)
TESTS = ("ltv", "dscr", "contracted_coverage", "min_liquidity", "leverage", "loan_to_cost", "cross_default",
         "use_of_proceeds")  # fmt: skip
SWEEP, DRAW_STOP, MARGIN_CALL, EVENT_OF_DEFAULT = range(4)
CONSEQUENCES = ("sweep", "draw_stop", "margin_call", "event_of_default")
END_USERS, INVESTORS, SUPPLIERS, SECOND_HAND = range(4)
ROLES = ("world_end_users", "world_investors", "world_suppliers", "world_secondhand")
#: Orders that are on their way are kept by month of arrival in a ring of this many months.
RING = 40
#: How many causes of a break are kept.
TOLD = 3
#: In how many parts a cohort is split for the reading in which its parts break one by one.
TENTHS = 10
#: Measures of a layer's own: a cohort of applications halved by attrition; a tenth of all principal lost by lenders;
#: a year's sales of vendors half of their peak.
YARDSTICKS = ("application", "lender", "vendor")


class World(NamedTuple):
    """The whole economy: parameters, prices and openness."""

    channels: Link  # [channel] 1 where the channel is on
    role: Link  # [4] positions of the world accounts
    reference: Link  # [1] position of the reference equipment
    parameters: Figure  # [parameter]
    market: Figure  # [3] PUE, base rate, utilisation of uncommitted units
    # drivers
    common: Lane  # factor that moves all revenue and demand
    growth_memory: Lane  # share of month-0 growth above the long run that is left
    rent_noise: Lane
    funding_noise: Lane
    noise: Lane  # scratch
    base_rate: Lane
    base_rate_walk: Lane
    power: Lane  # power price over the book's
    log_power: Lane
    # funding
    openness_start: Lane  # funding openness at month 0
    logit_openness: Lane
    openness: Lane
    capacity: Lane  # what lenders can lend this month
    requested: Lane  # what borrowers ask for this month
    granted: Lane  # share of it that they get
    loss_pressure: Lane  # recent losses over the capital of the lenders exposed
    vendor_health: Lane
    vendor_sales: Lane  # a year's, smoothed; those outside the book included
    vendor_peak: Lane
    # the rent market
    log_rent_start: Lane
    log_rent: Lane
    log_target: Lane  # where demand would equal supply
    log_move: Lane  # log of the rent that is tried over month 0
    cheapness: Lane  # month-0 rent over it
    rent: Lane  # of the reference, USD per unit-hour
    demand: Lane
    supply: Lane
    demand_slope: Lane
    supply_slope: Lane
    lower: Lane
    upper: Lane
    turnover: Lane  # share of what is on offer that is let
    takings: Lane
    paid: Lane
    unit_price_start: Lane  # USD m a month that a unit of performance let spot took at month 0
    expected_decline: Lane  # log fall of rents a year that owners and appraisers expect
    amount: Lane  # lent, or paid, by the function that runs
    term: Lane
    monthly_rate: Lane
    rest: Lane
    backed: Lane
    bought: Lane
    spent: Lane
    ordered: Lane
    shipments: Lane  # ordered, at the price over the book's
    order_share: Lane
    forced: Lane
    cheapest: Lane  # price of new performance, USD per unit of it
    space_rent: Lane  # average rent for space at month 0, USD per kW-hour


class Entities(NamedTuple):
    """Balance sheets; one account more than the book has: the syndicate through which new loans are lent."""

    layer: Link
    account: Link  # whose cash pays: the parent's for a captive entity
    unlimited: Link  # 1 for world accounts
    can_default: Link
    cohort: Link
    key: Link  # identity for random draws
    new_loan: Link  # the facility of its new loans
    lender: Link  # 1 for lenders and holders of new loans
    sold_ofs: Link
    sold: Link  # contracts whose income it receives
    start_cash: Figure
    start_revenue: Figure  # USD m a month
    growth: Figure
    fixed_cost: Figure  # USD m a month
    start_equity: Figure
    capital: Figure
    minimum_liquidity: Figure
    parent_support: Figure
    own_cost_ratio: Figure
    planned_raise: Figure  # USD m a month
    free_power_mw: Figure
    # stocks
    cash: State
    revenue: State  # USD m a month, before members leave
    earns: Count  # paths on which it has any
    going: State  # share of the entity that is still in business
    staying: State  # share of a cohort that attrition beyond the usual has left
    debt: State
    equity: State
    franchise: State
    power_left_mw: State
    lost: State  # losses booked so far
    recent_loss: State
    claim: State  # recoveries still expected from seized equipment
    claims: Count  # 0 until it has expected some on a path
    exposure_weight: State  # share of all debt at month 0
    capital_share: State  # share of all lenders' capital
    insourced: State  # performance moved to own units so far
    ending: State  # performance under contracts that end this month, which own units may replace
    own_arrived: State
    rented_start: State  # performance rented at month 0
    # this month
    raised: State
    burn: State  # smoothed cash burn before capital raised
    cash_before: State
    distress: State
    attrition: State  # share of a cohort that left this month
    income: State  # contracts, spot, rent and end users, as billed
    start_income: State
    operating_due: State
    ebitda: State
    hit: State  # share that breaks this month
    access: State  # share of a loan request that lenders sign
    builds: Count  # paths on which it builds this month
    building_due: State  # this month
    building_left: State
    building_loans: State  # what loans secured on sites still give
    building_funded: State  # share that loans fund
    building_paid: State  # share that goes ahead
    scheduled_due: State  # debt service of the month without maturities
    wanted_loan: State  # what it asks of the market to stay above its buffer
    best_margin: State  # of new equipment that it may order
    let_performance: State  # let uncommitted
    shortfall: State
    missed: State  # payments it missed this month
    coverage_start: State
    lent: State
    insolvent_months: Flag
    imposed: Flag
    stops: Count  # paths on which the scenario lets it stop paying
    struck: Count  # paths on which some of it breaks this month
    covenant_default: Flag
    draw_stopped: Flag
    matured: State  # debt that fell due and was not refinanced
    # record
    broken_share: State
    break_month: Flag
    break_trigger: Flag
    soft_month: Flag
    soft_trigger: Flag


class Causes(NamedTuple):
    """Where each entity's cash went: row `cause * (E + 1) + entity`."""

    now: State
    start: State
    drift: State  # sum over months of what was worse than in the first month
    used: Count  # 0 until something may have been there on some path


class Stories(NamedTuple):
    """Why each entity broke: row `entity * TOLD + rank`, largest cause first."""

    cause: Flag
    musd: State


class Tenths(NamedTuple):
    """Members of a cohort as ten firms: row `entity * TENTHS + tenth`."""

    month: Flag  # in which the tenth had broken


class Yardsticks(NamedTuple):
    """Layers by measures of their own: application, GPU credit, vendor; row by `YARDSTICKS`."""

    month: Flag  # in which the measure was first crossed
    level: State


class Equipment(NamedTuple):
    """Generations of hardware."""

    vendor: Link
    key: Link
    performance: Figure
    kw: Figure
    new_price: Figure
    vendor_cost: Figure
    used_price: Figure
    start_rent: Figure
    own_volatility: Figure
    life: Figure
    launch: Figure
    own_factor: State  # rent at month 0 over the reference rent
    deviation: State  # log
    rent_ratio: State  # rent over the reference rent this month
    rent: State
    market_performance: State
    offered: State  # units on offer, before owners idle some
    avoidable: State  # avoidable cost per unit-hour of what is on offer
    sublet: State
    estate: State  # units in liquidation that are on offer
    let: State  # share of what is offered that is let
    value_scale: State
    cap_scale: State
    value: State
    uncapped: State  # share of what rents make a unit worth that the price of new performance leaves
    appraised: State
    impact: State
    price_factor: State  # new price over the book's
    forced: State
    pool: State  # seized units still to be sold
    pooled: Count  # paths on which there are some
    seized: State
    arrived: State
    retired: State
    opening: State
    trailing: State  # log rent a year ago, smoothed
    rent_years: State  # what a dollar an hour of rent over a new unit's life is worth, in years
    cost_years: State  # the same of costs, which do not fall
    offer_price: State  # USD, 0 while not on sale


class Pairs(NamedTuple):
    """Units of one equipment that one owner lets."""

    owner: Link
    equipment: Link
    orderable: Link
    ring: Link  # first row of its orders; 0 for those that nobody orders
    power_cost: State  # USD per unit-hour at the book's power price
    opex: State
    used: Count  # 0 until it has had units on some path
    extended: Count  # 0 until some of them were bought since month 0
    awaits: Count  # 0 until it has ordered any
    units: State  # in service
    extra: State  # in service, ordered or bought since month 0
    contracted: State  # running
    reserved: State  # kept for contracts about to start
    sells: Count  # contracts served from it, backstops aside
    fill: State  # share of what is contracted that can be delivered
    offered: State
    let: State
    takings: State
    margin: State  # what a new unit earns over its price, less one
    ordered: State


class Orders(NamedTuple):
    """Units on their way: row `pairs.ring + month of arrival modulo RING`."""

    units: State


class Fleets(NamedTuple):
    """Owned units and deliveries."""

    owner: Link
    equipment: Link
    pair: Link  # -1 for units that the owner uses
    lease: Link
    is_delivery: Link
    committed: Link
    customer: Link  # buyer of the contract that waits for it
    facility: Link
    key: Link
    units: Figure
    in_service: Figure
    power_price: Figure
    opex: Figure
    unit_price: Figure
    delay: State
    arrives: State  # month in which service begins
    due: State  # share of the price this month
    paying: Count  # paths on which something is due
    paid: State  # share of the price that is paid and of the units that are not seized
    there: State  # units that are paid and not seized
    live: State  # units in service
    value: State
    stage: Flag  # 0 waiting, 1 in service, 2 retired


class Contracts(NamedTuple):
    """Sales of compute."""

    seller: Link
    buyer: Link
    segment: Link  # of the buyer
    pair: Link
    renewal: Link
    backstop: Link
    supplier_ofs: Link
    supplier: Link
    units: Figure
    start_rent: Figure
    start: Figure
    end: Figure
    take_or_pay: Figure
    prepaid: Figure
    delay_right: Figure
    delay: State
    starts: State  # month of service, delay included
    active: State  # share of the units
    price: State
    until: State  # first month after the last one billed
    prepays: Count  # paths on which something is paid ahead
    credit: State  # prepaid and not yet used
    bill: State
    sublet: State
    subletting: Count  # paths on which some of it is sublet
    pv: State


class Leases(NamedTuple):
    """Powered space."""

    landlord: Link
    tenant: Link
    guarantor: Link
    from_plan: Link
    key: Link
    mw: Figure
    rent: Figure  # USD m a month
    start: Figure
    end: Figure
    building_cost: Figure
    delay: State
    opens: State  # month in which the site is open
    rent_from: State
    rent_until: State  # first month that owes no rent any more
    sites: Count  # paths on which there is something to build
    building_due: State  # share of the building cost this month
    built: State  # share of the building cost that is paid
    active: State  # share that the tenant still rents
    vacated: Count  # paths on which a tenant has left some of it
    void: State  # share standing empty
    relet: State  # share let to others
    guaranteed: State  # share that the guarantor pays for
    insured: State  # share that investors pay for, with the channel `tenant` off
    due: State
    income: State


class Facilities(NamedTuple):
    """Debts; the last ones are the new loans, one per borrower."""

    borrower: Link
    guarantor: Link
    signed: Link
    floating: Link
    profile: Link
    convertible: Link
    revolver: Link
    rank: Link
    key: Link
    amortisation_row: Link
    fleet_ofs: Link
    fleet: Link
    contract_ofs: Link
    contract: Link
    lease_ofs: Link
    lease: Link
    claim_ofs: Link  # claims are sorted by facility
    committed: Figure
    start_drawn: Figure
    start_rate: Figure
    maturity: Figure
    conversion_price: Figure
    share_price: Figure
    recourse: Figure
    balance: State
    rate: State
    until: State
    undrawn: State
    months_left: State
    interest: State
    principal: State
    maturing: State  # what the borrower seeks to refinance
    refinanced: State
    swept: State
    sweeping: Count  # paths on which something is swept this month
    collateral: State
    maturing_paths: Count
    owing: Count  # paths on which something is owed or was drawn this month
    to_build: State  # what it has to give for what is left to pay of its sites
    stopped: Flag
    opening: State
    drawn: State
    repaid: State
    written_off: State
    converted: State
    moved: Count  # paths on which something is drawn this month
    shrunk: Count  # paths on which something is written off or converted this month
    lent: State  # drawn since month 0
    ever_drawn: State


class Amortisation(NamedTuple):
    """Row `schedule * (T + 1) + month`: share of the remaining principal that is due."""

    share: Figure


class Covenants(NamedTuple):
    """Tests on facilities."""

    facility: Link
    test: Link
    consequence: Link
    every: Link
    active: Link
    key: Link
    threshold: Figure
    cure: Figure
    headroom: State
    breached: Flag  # months since the breach was found


class Claims(NamedTuple):
    """Who holds which share of a facility."""

    facility: Link
    holder: Link
    share: Figure


class Segments(NamedTuple):
    """Buyers of uncommitted compute."""

    entity: Link
    key: Link
    spot_spend: Figure
    compute_share: Figure
    spot_share: Figure
    growth: Figure
    elasticity: Figure
    log_index: State
    start_units: State  # performance units
    wanted: State
    start_contracted: State  # performance under contract at month 0
    displaced: State  # performance lost with a failed seller and still wanted
    limit: State  # performance units that the budget pays for at the month-0 rent
    contracted: State  # USD m a month
    contracted_units: State  # performance
    bought: State


class Network(NamedTuple):
    """What is due between accounts this month: edges sorted by payer and seniority."""

    group_payer: Link
    group_ofs: Link
    payee: Link
    nobody: Link  # the syndicate, which owes nothing, as payee of every edge: payments that reach no one
    kind: Link
    item: Link
    live: Count  # 0 where nothing is due on any path
    due: State


class Ledger(NamedTuple):
    """Sums that must come out, and how far off they are."""

    flow: State  # [category]
    before: Lane
    after: Lane
    gross: Lane
    residual: Lane
    debt_residual: Lane
    units_residual: Lane
    status: Lane


class Requests(NamedTuple):
    """What the scenario asks for, by month."""

    revenue_scale: Request  # [entity, T + 1]
    revenue_shift: Request
    revenue_shock: Request
    demand_scale: Request  # [segment, T + 1]
    demand_shift: Request
    demand_shock: Request
    efficiency_shift: Request  # [T + 1]
    funding_level: Request
    funding_shift: Request
    funding_shock: Request
    base_rate_level: Request
    base_rate_shift: Request
    power_scale: Request
    power_shock: Request
    rent_level: Request
    rent_shock: Request
    supply_scale: Request  # [equipment, T + 1]
    price_scale: Request
    delay_shift: Request  # [lease, T + 1]
    delay_shift_own: Request  # [T + 1] of deliveries to their owners' sites
    insourcing_scale: Request  # [entity, T + 1]
    renewal_scale: Request
    failure: Request
    vendor_scale: Request  # [T + 1]


RECORDS = (
    World,
    Entities,
    Causes,
    Stories,
    Tenths,
    Yardsticks,
    Equipment,
    Pairs,
    Orders,
    Fleets,
    Contracts,
    Leases,
    Facilities,
    Amortisation,
    Covenants,
    Claims,
    Segments,
    Network,
    Ledger,
)


@cache
def kinds_of(record: Any) -> dict[str, str]:
    """Return what each field of a record is: `Link`, `Figure`, `State`, `Flag`, `Lane` or `Count`."""
    return {field: kind.__forward_arg__ for field, kind in record.__annotations__.items()}


def name_of(record: type) -> str:
    """Return the prefix of a record's fields in packed arrays: `contracts` for `Contracts`."""
    return record.__name__.lower()
