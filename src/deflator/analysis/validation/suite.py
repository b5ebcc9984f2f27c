"""The whole suite: stability of the headline under one scenario after another, and the past where it can be scored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from deflator.analysis.backtest import Backtest, backtest, foretell, read_outcomes
from deflator.analysis.backtest.scores import REPEATS, REPEATS_QUICK
from deflator.analysis.calibration import Effort as FitEffort
from deflator.analysis.calibration import ForecastTest, study_forecast
from deflator.analysis.replay import prepare
from deflator.analysis.validation.stability import QUICK, Effort, Stability, stability
from deflator.book import Book, load_book, outcomes_beside, shipped_books
from deflator.ensemble import Progress, Question
from deflator.errors import DeflatorError
from deflator.scenario import load_scenario

#: Units of progress of one scenario; a backtest takes as long as a few cases.
_SCENARIO, _PAST, _RENTS = 1_000, 40, 600
_PAST_PATHS, _PAST_DRAWS = (4_000, 256), (250, 32)
#: Rate of defaults of speculative-grade issuers in 2000 (Moody's, see the sources of fibre-2001).
PAST_RATE = 0.0571
#: Members of the ensemble of fits of rents, as `deflator calibrate forecast` takes.
_FITS = 24


@dataclass(frozen=True)
class Validation:
    """All that was found.

    Parameters
    ----------
    book, as_of
        Name of the book whose headline was moved about, and its as-of month.
    effort, seed, quick
        How much was tried, and with which draws.
    stabilities
        By scenario, in the order asked for.
    pasts
        Every shipped book with outcomes beside it, scored under `base`, by name.
    labels
        Name of every entity, as people know it.
    rents
        The density forecast of rents from a part of the book's own price history; None where `no_rents` says why.
    no_rents
        Why there is none; empty where there is.
    seconds
        How long it took.
    """

    book: str
    as_of: str
    effort: Effort
    seed: int
    quick: bool
    stabilities: tuple[Stability, ...]
    pasts: tuple[tuple[str, Backtest], ...]
    labels: dict[str, str]
    seconds: float
    rents: ForecastTest | None = None
    no_rents: str = ""


def validate(
    book: Book,
    scenarios: Sequence[str],
    settings: Sequence[str] = (),
    quick: bool = False,
    seed: int = 2026,
    progress: Progress | None = None,
) -> Validation:
    """Run the suite.

    Parameters
    ----------
    book
        Whose headline is moved about.
    scenarios
        Names; each is moved about by itself.
    settings
        Changes to all of them, in the words of `--set`.
    quick
        Few cases of few paths: that the suite runs, not what it says.
    seed
        Of all draws.
    progress
        Told work done and all work, in units of its own.
    """
    start = time.perf_counter()
    effort = QUICK if quick else Effort()
    past = [name for name in shipped_books() if outcomes_beside(name)]
    total = _SCENARIO * len(scenarios) + _PAST * len(past) + _RENTS
    found = []
    for place, name in enumerate(scenarios):
        question = Question(book, load_scenario(name, list(settings)), effort.paths, effort.draws, seed=seed)

        def told(done: int, cases: int, before: int = place * _SCENARIO) -> None:
            if progress:
                progress(before + _SCENARIO * done // cases, total)

        found.append(stability(question, settings, effort, told))
    pasts = []
    for place, name in enumerate(past, 1):
        pasts.append((name, score_past(name, quick, seed)))
        if progress:
            progress(_SCENARIO * len(scenarios) + _PAST * place, total)
    reached = _SCENARIO * len(scenarios) + _PAST * len(past)

    def fitted(done: int, searches: int) -> None:
        if progress:
            progress(reached + _RENTS * done // searches, total)

    rents, no_rents = score_rents(book, quick, seed, fitted)
    labels = {str(row["entity"]): str(row["name"]) for row in book.table("entities").rows}
    elapsed = time.perf_counter() - start
    return Validation(
        book.name, book.as_of, effort, seed, quick, tuple(found), tuple(pasts), labels, elapsed, rents, no_rents
    )


def score_rents(
    book: Book, quick: bool, seed: int, progress: Progress | None = None
) -> tuple[ForecastTest | None, str]:
    """Score the density forecast of rents from a part of the book's price history.

    Parameters
    ----------
    book
        Whose history.
    quick
        Whether few fits will do.
    seed
        Of all draws.
    progress
        Told searches done and all searches.

    Returns
    -------
    tuple
        The scores, or None and the reason: most books hold too few prices.
    """
    effort = FitEffort.quick(seed) if quick else FitEffort(fits=_FITS, seed=seed)
    try:
        return study_forecast(book, None, effort, progress), ""
    except DeflatorError as error:
        return None, "; ".join(str(fault) for fault in error.faults)


def score_past(name: str, quick: bool, seed: int) -> Backtest:
    """Score a shipped book against what lies beside it.

    Parameters
    ----------
    name
        Of the book.
    quick
        Whether few paths will do.
    seed
        Of all draws.
    """
    paths, draws = _PAST_PATHS[quick], _PAST_DRAWS[quick]
    setting = prepare(Question(load_book(name), load_scenario("base"), paths, draws, seed=seed))
    file = outcomes_beside(name)
    assert file is not None  # asked only of books that have one
    repeats = REPEATS_QUICK if quick else REPEATS
    return backtest(foretell(setting), read_outcomes(file, setting), seed, base_rate=PAST_RATE, repeats=repeats)
