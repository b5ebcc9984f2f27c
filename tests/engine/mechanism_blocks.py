"""A block of a few lanes that a test changes by hand: each lane is a case, and differs only by that change."""

from dataclasses import replace

import numpy as np
from economies import SEED, TINY, book, economy

from deflator.engine import pack
from deflator.engine.layout import Requests
from deflator.engine.month import run_month
from deflator.engine.positions import CHANNELS, PARAMETERS
from deflator.engine.records import allocate, doubt, forget, gather
from deflator.engine.setup import start_block
from deflator.scenario import load_scenario
from deflator.scenario.figures import draw_figures

#: A month that no test reaches.
NEVER = 10_000.0


class Case:
    """Lanes of one economy, all of them the same path: change figures, start, change state, run months.

    Links and requests are copies, so that a test may change them as well.
    """

    def __init__(self, of=None, lanes=2):
        of = of or economy()
        self.economy = replace(
            of,
            links={name: values.copy() for name, values in of.links.items()},
            requests=Requests(*(values.copy() for values in of.requests)),
        )
        self.block = allocate(self.economy, lanes)
        gather(of.figures, self.block.draw, self.block.figures)
        forget(self.block)
        self.month = 0

    def __getattr__(self, record):
        return getattr(self.block, record)

    def at(self, name):
        """Return the position of an entity, an equipment, a contract, a lease, a facility (`new:` for new loans)."""
        of = self.economy
        lists = (of.entities, of.equipment, of.contracts, of.leases, of.facilities)
        return next(names.index(name) for names in lists if name in names)

    def fleet(self, name):
        """Return the position of a fleet or a delivery of the book."""
        of = book()
        return [*of.tables["fleets"].keys, *of.tables["deliveries"].keys].index(name)

    def pair(self, owner, equipment):
        """Return the position of the units of an equipment that an owner lets."""
        links = self.economy.links
        hit = (links["pairs.owner"] == self.at(owner)) & (links["pairs.equipment"] == self.at(equipment))
        return int(np.flatnonzero(hit)[0])

    def parameter(self, name):
        """Return a model parameter of every lane, to be changed in place."""
        return self.block.world.parameters[PARAMETERS.index(name)]

    def set(self, **parameters):
        """Give model parameters a value, or one value a lane."""
        for name, value in parameters.items():
            self.parameter(name)[:] = value
        return self

    def switch(self, on, *channels):
        """Switch channels on or off; all of them when none is named."""
        for channel in channels or CHANNELS:
            self.block.world.channels[CHANNELS.index(channel)] = on
        return self

    def start(self, chance=False):
        """Bring the block to month 0; what a test then changes by hand is not passed over."""
        start_block(self.block, self.economy.months, np.uint64(SEED), chance)
        doubt(self.block)
        return self

    def changed(self):
        """Work out again what follows from state that a test changed by hand: dates, units that are there, counts."""
        contracts, leases, fleets = self.contracts, self.leases, self.fleets
        contracts.starts[...] = contracts.start + contracts.delay
        leases.opens[...] = leases.start + leases.delay
        late = np.where(leases.from_plan[:, None] == 1, 0.0, leases.delay)
        leases.rent_from[...], leases.rent_until[...] = leases.start + late, leases.end + late
        fleets.arrives[...] = fleets.in_service + fleets.delay
        fleets.there[...] = fleets.units * fleets.paid
        doubt(self.block)
        return self

    def run(self, months=1, chance=False):
        """Run so many months."""
        for t in range(self.month + 1, self.month + months + 1):
            run_month(t, self.economy.months, np.uint64(SEED), chance, self.block)
        self.month += months
        return self


def calm(case):
    """Take away all that moves by itself: growth, expected falls, deliveries, ends, and want of money."""
    case.set(growth_long_run_annual=0.0, expected_obsolescence_annual=0.0, power_price_volatility=0.0)
    case.segments.growth[...] = 0.0
    case.segments.compute_share[...] = 100.0
    case.entities.growth[...] = 0.0
    case.entities.start_cash[...] += 1e5
    case.fleets.in_service[case.fleets.is_delivery == 1] = NEVER
    case.equipment.life[...] = NEVER
    for record in (case.contracts, case.leases):
        record.start[record.start > 0.0] = NEVER
        record.end[...] = 2.0 * NEVER
    case.leases.building_cost[...] = 0.0
    return case


def changed_book(changes=(), added=(), removed=()):
    """Return the tiny book with other cells, `{(table, key): {column: cell}}`, more rows and fewer."""
    base = book(TINY)
    tables = dict(base.tables)
    for (table, key), cells in dict(changes).items():
        found = zip(tables[table].keys, tables[table].rows, strict=True)
        tables[table] = replace(
            tables[table], rows=tuple({**row, **cells} if name == key else row for name, row in found)
        )
    for table, key in removed:
        kept = [place for place, name in enumerate(tables[table].keys) if name != key]
        tables[table] = replace(
            tables[table],
            rows=tuple(tables[table].rows[place] for place in kept),
            keys=tuple(tables[table].keys[place] for place in kept),
        )
    for table, rows in dict(added).items():
        before = tables[table]
        tables[table] = replace(before, rows=(*before.rows, *rows.values()), keys=(*before.keys, *rows))
    known = {place: known for place, known in base.provenance.items() if place[1] in tables[place[0]].index}
    return replace(base, tables=tables, provenance=known)


def packed(changed, *settings):
    """Return the economy of a changed book without ignorance."""
    scenario = load_scenario("base", settings)
    scenario.check(changed)
    return pack(changed, scenario, draw_figures(changed, scenario, 1, SEED, ignorance=False))
