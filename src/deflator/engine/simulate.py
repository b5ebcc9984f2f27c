"""Simulate paths: blocks of lanes, one after another, in one thread that holds no lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from deflator.engine.compiled import kernel
from deflator.engine.elementary import exp
from deflator.engine.extended import advance
from deflator.engine.layout import TENTHS, TOLD, YARDSTICKS
from deflator.engine.month import run_month
from deflator.engine.pack import Economy
from deflator.engine.record import Record
from deflator.engine.records import allocate, forget, gather, lanes_for, rebind
from deflator.engine.setup import start_block


class Paths(NamedTuple):
    """What is kept of each path; the last axis is the path.

    Attributes
    ----------
    break_month, break_trigger
        First hard break of each entity, month 1..T or 0, and its `Trigger`; [entity, path]. For cohorts, the first
        month in which more than half of the members have broken.
    soft_month, soft_trigger
        The same for the first soft break.
    broken_share
        Share of each entity that had broken at the horizon; [entity, path].
    tenth_month
        First month by which a tenth, two tenths ... all members of a cohort had broken, or 0; [entity, 10, path].
    yardstick_month
        First month in which a layer of `layout.YARDSTICKS` crossed a measure of its own, or 0; [3, path].
    cause, cause_musd
        The three largest contributions to the shortfall at the break, as `Cause` and USD m; [entity, 3, path].
    loss_musd
        Losses each holder booked to the horizon, USD m; [entity, path].
    rent, funding
        Rent of the reference equipment (USD per unit-hour) and funding openness; [T + 1, path].
    ledger_residual, debt_residual, units_residual
        Largest imbalance over the months, relative to gross flow, opening debt and units; [path].
    status
        `Status` of each path.
    """

    break_month: np.ndarray
    break_trigger: np.ndarray
    soft_month: np.ndarray
    soft_trigger: np.ndarray
    broken_share: np.ndarray
    tenth_month: np.ndarray
    yardstick_month: np.ndarray
    cause: np.ndarray
    cause_musd: np.ndarray
    loss_musd: np.ndarray
    rent: np.ndarray
    funding: np.ndarray
    ledger_residual: np.ndarray
    debt_residual: np.ndarray
    units_residual: np.ndarray
    status: np.ndarray


def simulate(economy: Economy, *, seed: int, first_path: int, paths: int, chance: bool = True) -> Paths:
    """Simulate paths `first_path` up to `first_path + paths`.

    A path is a pure function of (economy, seed, its number): it does not depend on which others are simulated with
    it. Blocks are padded with copies of the last path, whose results are thrown away.

    Parameters
    ----------
    economy
        From `pack`.
    seed
        Key of all random draws, at least 0 and below 2**64.
    first_path, paths
        Which paths; path p uses ignorance draw p modulo the number of draws.
    chance
        False freezes path noise.

    Returns
    -------
    Paths
        One column per path.
    """
    block, kernels = block_for(economy), kernels_of(economy)
    lanes = block.paths.size
    found = _empty(economy, paths)
    for start in range(0, paths, lanes):
        width = min(lanes, paths - start)
        numbers = first_path + start + np.minimum(np.arange(lanes), width - 1)
        with _alone_at_first(kernels):
            run_block(economy, block, numbers, seed, chance)
        _keep(block, found, slice(start, start + width), width)
    return found


def kernels_of(economy: Economy) -> tuple[int, bool]:
    """Return what decides which kernels an economy runs: its width, and whether plug-ins stand between the steps."""
    return lanes_for(economy), bool(economy.mechanisms)


_FIRST = threading.Lock()
_ran: set[tuple[int, bool]] = set()


@contextmanager
def _alone_at_first(kernels: tuple[int, bool]) -> Iterator[None]:
    """Let one thread run the first block: to compile a kernel in two at once is an error of the compiler."""
    if kernels in _ran:
        yield
        return
    with _FIRST:
        yield
        _ran.add(kernels)


class _Kept(threading.local):
    """The block that a thread used last, and the rows of the figures that it was laid out for."""

    block: Record | None = None
    rows: dict[str, slice] | None = None


_kept = _Kept()


def block_for(economy: Economy) -> Record:
    """Return the calling thread's block, laid out for an economy; what it held before is lost.

    Memory is laid out anew only for an economy of another shape than that of the thread's last simulation. So a thread
    that varies one economy neither allocates nor waits for memory to be mapped.
    """
    if _kept.block is not None and _kept.rows == economy.rows:
        try:
            rebind(_kept.block, economy)
            return _kept.block
        except ValueError:  # other links or months
            pass
    _kept.block = None  # the old one goes before the new one comes
    _kept.block, _kept.rows = allocate(economy, lanes_for(economy)), economy.rows
    return _kept.block


def run_block(economy: Economy, block: Record, numbers: np.ndarray, seed: int, chance: bool) -> None:
    """Simulate one block of paths from month 0 to the horizon; the block holds the state of the last month."""
    block.paths[:] = numbers.astype(np.uint64)
    block.draw[:] = numbers % economy.draws
    gather(economy.figures, block.draw, block.figures)
    forget(block)
    if economy.mechanisms:
        _run_extended(economy, block, np.uint64(seed), chance)
    else:
        run_paths(block, economy.months, np.uint64(seed), chance)


def _run_extended(economy: Economy, block: Record, seed: np.uint64, chance: bool) -> None:
    """Run every month with the mechanisms of plug-ins, which are called from here: the engine is not compiled anew."""
    start_block(block, economy.months, seed, chance)
    keep_month(0, block)
    for t in range(1, economy.months + 1):
        advance(economy, t, seed, chance, block)
        keep_month(t, block)


@kernel
def run_paths(block, months, seed, chance):
    """Run every month of a block and record the reference rent and funding openness."""
    start_block(block, months, seed, chance)
    keep_month(0, block)
    for t in range(1, months + 1):
        run_month(t, months, seed, chance, block)
        keep_month(t, block)


@kernel
def keep_month(t, block):
    """Record the reference rent and funding openness of a month."""
    for lane in range(block.paths.size):
        block.rent_path[t, lane] = exp(block.world.log_rent[lane])
        block.funding_path[t, lane] = block.world.openness[lane]


def _empty(economy: Economy, paths: int) -> Paths:
    entities, months = len(economy.entities), economy.months
    return Paths(
        break_month=np.zeros((entities, paths), dtype=np.int16),
        break_trigger=np.zeros((entities, paths), dtype=np.int8),
        soft_month=np.zeros((entities, paths), dtype=np.int16),
        soft_trigger=np.zeros((entities, paths), dtype=np.int8),
        broken_share=np.zeros((entities, paths)),
        tenth_month=np.zeros((entities, TENTHS, paths), dtype=np.int16),
        yardstick_month=np.zeros((len(YARDSTICKS), paths), dtype=np.int16),
        cause=np.zeros((entities, TOLD, paths), dtype=np.int16),
        cause_musd=np.zeros((entities, TOLD, paths)),
        loss_musd=np.zeros((entities, paths)),
        rent=np.zeros((months + 1, paths)),
        funding=np.zeros((months + 1, paths)),
        ledger_residual=np.zeros(paths),
        debt_residual=np.zeros(paths),
        units_residual=np.zeros(paths),
        status=np.zeros(paths, dtype=np.int8),
    )


def _keep(block: Record, found: Paths, where: slice, width: int) -> None:
    """Copy a block's outcome into the columns of its paths."""
    entities, ledger = block.entities, block.ledger
    count, lanes = len(found.break_month), block.paths.size
    for field in ("break_month", "break_trigger", "soft_month", "soft_trigger", "broken_share"):
        getattr(found, field)[:, where] = getattr(entities, field)[:count, :width]
    found.tenth_month[..., where] = block.tenths.month.reshape(-1, TENTHS, lanes)[:count, :, :width]
    found.yardstick_month[:, where] = block.yardsticks.month[:, :width]
    found.cause[..., where] = block.stories.cause.reshape(-1, TOLD, lanes)[:count, :, :width]
    found.cause_musd[..., where] = block.stories.musd.reshape(-1, TOLD, lanes)[:count, :, :width]
    found.loss_musd[:, where] = entities.lost[:count, :width]
    found.rent[:, where] = block.rent_path[:, :width]
    found.funding[:, where] = block.funding_path[:, :width]
    found.ledger_residual[where] = ledger.residual[:width]
    found.debt_residual[where] = ledger.debt_residual[:width]
    found.units_residual[where] = ledger.units_residual[:width]
    found.status[where] = ledger.status[:width]
