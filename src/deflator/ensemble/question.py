"""What is asked of a run, and the name that it has by that."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from deflator import __version__, defaults
from deflator.book import Book
from deflator.book.months import month_at
from deflator.ensemble.manifest import FORMAT
from deflator.errors import Fault, RunError
from deflator.scenario import Scenario

MOST_PATHS = 10_000_000
_MOST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Question:
    """What is asked: a book under a scenario, on how many paths.

    Parameters
    ----------
    book, scenario
        What is known, and what may happen.
    paths
        Paths to simulate. With chance off a path is determined by its draw, so no more than `draws` are run.
    draws
        Draws of the uncertain figures; 0 leaves ignorance out, and every figure has its central value.
    chance
        Whether paths have noise.
    seed
        Seed of all draws.
    months
        Months to simulate after the as-of month; None for the horizon of the book.
    target_error
        Monte Carlo standard error, a share, at which no more paths are simulated; None to simulate all.

    Raises
    ------
    DeflatorError
        With everything that is out of range, and everything for which the scenario does not fit the book.
    """

    book: Book
    scenario: Scenario
    paths: int = defaults.PATHS
    draws: int = defaults.DRAWS
    chance: bool = True
    seed: int = defaults.SEED
    months: int | None = None
    target_error: float | None = None

    def __post_init__(self) -> None:
        asked = {
            "paths": (self.paths, 1, MOST_PATHS),
            "ignorance": (self.draws, 0, MOST_PATHS),
            "seed": (self.seed, 0, _MOST_SEED),
            "months": (self.book.months if self.months is None else self.months, 1, self.book.months),
        }
        faults = [
            Fault("", 0, name, f"{value:,} is out of range", f"use a number from {low:,} to {high:,}")
            for name, (value, low, high) in asked.items()
            if not low <= value <= high
        ]
        if self.target_error is not None and not 0.0 < self.target_error < 1.0:
            hint = "use a share such as 0.005, which is half of one per cent"
            faults.append(Fault("", 0, "target_error", f"{self.target_error:g} is out of range", hint))
        if faults:
            raise RunError(faults)
        self.scenario.check(self.book_used)

    @property
    def book_used(self) -> Book:
        """The book up to the months that are asked for."""
        if self.months is None:
            return self.book
        return replace(self.book, horizon=month_at(self.months, self.book.as_of))

    @property
    def ignorance(self) -> bool:
        """Whether uncertain figures are drawn."""
        return self.draws > 0

    @property
    def draws_used(self) -> int:
        """Draws that the paths need: no more than there are paths."""
        return min(max(self.draws, 1), self.paths)

    @property
    def paths_used(self) -> int:
        """Paths that can differ."""
        return self.paths if self.chance else self.draws_used

    @property
    def name(self) -> str:
        """Identity of the run: two runs with one name have the same results."""
        decides = (
            FORMAT, __version__, self.book.fingerprint, self.scenario.fingerprint,
            self.book_used.months, self.paths, self.draws, self.chance, self.seed,
            *([] if self.target_error is None else [self.target_error]),
        )  # fmt: skip
        digest = hashlib.sha256(repr(decides).encode()).hexdigest()
        return f"{re.sub(r'[^A-Za-z0-9+_.-]', '-', self.scenario.name)}-{digest[:10]}"
