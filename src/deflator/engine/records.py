"""Lay out the memory of one block of lanes."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from deflator.clearing.lanes import lane_workspace
from deflator.engine import layout
from deflator.engine.codes import CATEGORIES, CAUSES
from deflator.engine.pack import Economy
from deflator.engine.record import Record

_STATE = ("State", "Flag", "Lane", "Count")
_DTYPE = {"Flag": np.int16, "Count": np.int64}  # flags are narrow: a block is read from memory every month
_WORD, _LINE = 8, 8  # bytes of a word, words of a line of the cache
_HUGE_PAGE = 2 << 20
_IN_LANES = ("Figure", "State", "Flag", "Lane")
_BY_NODE = ("touched", "impaired")
_MOST_BYTES = 32 << 20  # of a block of the usual width: about what a few cores have as a last cache


def lanes_for(economy: Economy) -> int:
    """Return how many paths a block of an economy holds.

    A block is passed over some fifty times a month. Where one of the usual width would come from memory each time, a
    narrow one takes more instructions for each path and is faster all the same. The width moves no result.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> lanes_for(prepare(Question(load_book("ai-2026-02"), load_scenario("base"), paths=1, draws=0)).economy)
    32
    """
    words = layout.LANES * len(economy.figures) + _words_of_state(tuple(_items(economy).items()), layout.LANES)
    return layout.LANES if _WORD * words <= _MOST_BYTES else layout.FEW_LANES


def allocate(economy: Economy, lanes: int) -> Record:
    """Return the records of an economy for a block of lanes; only links and requests are filled in.

    Parameters
    ----------
    economy
        What is simulated.
    lanes
        Paths in the block.
    """
    items = _items(economy)
    arena = _Arena(_whole_lines(len(economy.figures) * lanes) + _words_of_state(tuple(items.items()), lanes))
    figures = arena.take((len(economy.figures), lanes))
    state = arena.left
    usual = lanes in (layout.LANES, layout.FEW_LANES)  # the compiler knows these; any other is a variable to it
    names = ("block", "payments", "requests", *(layout.name_of(record) for record in layout.RECORDS))
    records = {
        layout.name_of(record): Record(
            layout.name_of(record),
            {
                field: _field(economy, figures, f"{layout.name_of(record)}.{field}", kind, items[record], lanes, arena)
                for field, kind in layout.kinds_of(record).items()
            },
            fixed=[field for field, kind in layout.kinds_of(record).items() if kind in ("Link", "Figure")],
            apart_from=names,
            in_lanes=[field for field, kind in layout.kinds_of(record).items() if kind in _IN_LANES and usual],
        )
        for record in layout.RECORDS
    }
    payments = _payments(items[layout.Entities], len(economy.links["network.group_payer"]), lanes)
    requests = economy.requests._asdict()
    return Record(
        "block",
        {
            "paths": np.zeros(lanes, dtype=np.uint64),
            "draw": np.zeros(lanes, dtype=np.int64),
            "figures": figures,  # of which the figures of the records are parts: kernels read those
            "state": state,  # the same for all state
            "payments": Record(
                "payments",
                payments,
                apart_from=names,
                in_lanes=[field for field in payments if field not in _BY_NODE and usual],
            ),
            "requests": Record("requests", requests, fixed=list(requests), apart_from=names),
            "rent_path": np.zeros((economy.months + 1, lanes)),
            "funding_path": np.zeros((economy.months + 1, lanes)),
            **records,
        },
        fixed=["paths", "draw"],
        apart_from=names,
        in_lanes=["paths", "draw", "figures", "rent_path", "funding_path"] if usual else [],
    )


def rebind(block: Record, economy: Economy) -> None:
    """Let a block serve an economy of the same shape: its links and requests take the place of those before.

    Parameters
    ----------
    block
        From `allocate` for an economy with the same rows of figures.
    economy
        What is simulated next.

    Raises
    ------
    ValueError
        When an array has another shape or type than the one whose place it takes.
    """
    for record in layout.RECORDS:
        name = layout.name_of(record)
        held = getattr(block, name)
        for field, kind in layout.kinds_of(record).items():
            if kind == "Link":
                held.rebind(field, economy.links[f"{name}.{field}"])
    for field, values in economy.requests._asdict().items():
        block.requests.rebind(field, values)


def forget(block: Record) -> None:
    """Set all state to zero, so that nothing of the paths simulated before is left."""
    block.state[:] = 0.0


def doubt(block: Record) -> None:
    """Let every count say that something may be there, after somebody changed state and counted nothing.

    Counts only say which work can be skipped, so this costs time and moves no result.
    """
    for record in layout.RECORDS:
        held = getattr(block, layout.name_of(record))
        for field, kind in layout.kinds_of(record).items():
            if kind == "Count":
                count = getattr(held, field)
                np.maximum(count, 1, out=count)


def _items(economy: Economy) -> dict[Any, int]:
    links = economy.links
    entities, pairs = len(links["entities.layer"]), len(links["pairs.owner"])
    return {
        layout.World: 0,
        layout.Entities: entities,
        layout.Causes: CAUSES * entities,
        layout.Stories: layout.TOLD * entities,
        layout.Tenths: layout.TENTHS * entities,
        layout.Yardsticks: len(layout.YARDSTICKS),
        layout.Equipment: len(economy.equipment),
        layout.Pairs: pairs,
        layout.Orders: int(links["pairs.orderable"].sum()) * layout.RING,
        layout.Fleets: len(links["fleets.owner"]),
        layout.Contracts: len(economy.contracts),
        layout.Leases: len(economy.leases),
        layout.Facilities: len(economy.facilities),
        layout.Amortisation: 0,
        layout.Covenants: len(links["covenants.facility"]),
        layout.Claims: len(links["claims.facility"]),
        layout.Segments: len(links["segments.entity"]),
        layout.Network: len(links["network.payee"]),
        layout.Ledger: CATEGORIES,
    }


@cache
def _words_of_state(items: tuple[tuple[Any, int], ...], lanes: int) -> int:
    """Return how many words all state takes, each array from the begin of a line of the cache."""
    return sum(
        _whole_lines(_words(_shape(kind, count, lanes), _DTYPE.get(kind, np.float64)))
        for record, count in items
        for kind in layout.kinds_of(record).values()
        if kind in _STATE
    )


def _shape(kind: str, items: int, lanes: int) -> tuple[int, ...]:
    return {"Lane": (lanes,), "Count": (items,)}.get(kind, (items, lanes))


def _words(shape: tuple[int, ...], dtype: Any) -> int:
    """Return how many words an array takes, the last one perhaps in part."""
    return -(-int(np.prod(shape)) * np.dtype(dtype).itemsize // _WORD)


def _whole_lines(words: int) -> int:
    return -(-words // _LINE) * _LINE


def _field(
    economy: Economy, figures: np.ndarray, name: str, kind: Any, items: int, lanes: int, arena: _Arena
) -> np.ndarray:
    if kind == "Link":
        return economy.links[name]
    if kind == "Figure":
        return figures[economy.rows[name]]
    return arena.take(_shape(kind, items, lanes), _DTYPE.get(kind, np.float64))


class _Arena:
    """One stretch of memory for a whole block, cut into arrays.

    It lies on huge pages where the system has them: hundreds of arrays that are all read every month would otherwise
    need more translations of addresses than a processor keeps.
    """

    def __init__(self, words: int) -> None:
        room = np.empty(_WORD * words + _HUGE_PAGE, dtype=np.uint8)
        start = -room.ctypes.data % _HUGE_PAGE
        self._free = room[start : start + _WORD * words].view(np.float64)
        self._free[:] = 0.0

    @property
    def left(self) -> np.ndarray:
        """What has not been taken yet."""
        return self._free

    def take(self, shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
        """Return the next part, zeros in this shape."""
        words = _words(shape, dtype)
        part, self._free = self._free[:words], self._free[_whole_lines(words) :]
        return part.view(dtype)[: int(np.prod(shape))].reshape(shape)


def _payments(nodes: int, groups: int, lanes: int) -> dict[str, np.ndarray]:
    """Return what `clear_lanes` reads and writes, its scratch memory included."""
    return {
        "resources": np.zeros((nodes, lanes)),
        "alpha": np.ones((nodes, lanes)),
        "beta": np.ones((nodes, lanes)),
        "ratio": np.ones((groups, lanes)),
        "received": np.zeros((nodes, lanes)),
        "defaulted": np.zeros((nodes, lanes), dtype=np.bool_),
        "rounds": np.zeros(lanes, dtype=np.int64),
        "residual": np.zeros(lanes),
        **lane_workspace(nodes, groups, lanes)._asdict(),
    }


def gather(figures: np.ndarray, draw: np.ndarray, out: np.ndarray) -> None:
    """Copy the figures of each lane's ignorance draw: at once for lanes whose draws follow each other.

    Parameters
    ----------
    figures
        Shape [figure, draw].
    draw
        Draw of each lane, shape [lane].
    out
        Shape [figure, lane].

    Examples
    --------
    >>> out = np.empty((1, 4))
    >>> gather(np.array([[10.0, 11.0, 12.0]]), np.array([1, 2, 0, 1]), out)
    >>> out
    array([[11., 12., 10., 11.]])
    """
    breaks = np.flatnonzero(np.diff(draw) != 1) + 1
    for first, end in pairwise((0, *breaks, draw.size)):
        out[:, first:end] = figures[:, draw[first] : draw[first] + end - first]
