"""What `deflator calibrate` prints of history matching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deflator.analysis.calibration.matching import RULED_OUT
from deflator.analysis.words import per_cent, significant
from deflator.cli.calibrate_tables import headings
from deflator.cli.output import say, table
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.calibration.matching import Matching
    from deflator.book import Book

_NARROWED = 0.1
_FAR = 2.0


def print_matching(found: Matching, book: Book, seed: int) -> None:
    """Print what observations say of the parameters, and what they do not."""
    say(text("calibrate.match.heading", book=book.name, draws=f"{found.draws:,}", observations=len(found.matches),
             seed=seed))  # fmt: skip
    say()
    _print_matches(found)
    say(text("calibrate.match.kept", kept=per_cent(found.kept), bound=f"{RULED_OUT:g}"))
    for one, other in found.conflicts:
        say(text("calibrate.match.conflict", one=one, other=other))
    for match in found.matches:
        if match.implausibility > _FAR:
            distance = f"{match.implausibility:.1f}"
            say(text("calibrate.match.calm", observation=match.observation.observation, distance=distance))
    say()
    _print_ranges(found)
    narrowed = [one.parameter for one in found.ranges if one.narrowed > _NARROWED]
    if narrowed:
        say(text("calibrate.match.identified", parameters=", ".join(narrowed)))
    else:
        say(text("calibrate.match.none_identified"))
    say()
    say(text("calibrate.match.nothing"))
    for name, reason in found.unseen.items():
        say("  " + text("calibrate.match.unseen", parameter=name, reason=text(f"calibrate.reason.{reason}")))
    say()
    say(text("calibrate.match.legend", bound=f"{RULED_OUT:g}").strip())


def _print_matches(found: Matching) -> None:
    rows = [
        [
            one.observation.observation,
            one.observation.date,
            one.observation.market,
            significant(one.observation.value, 3),
            significant(one.observation.tolerance),
            one.observation.unit,
            f"{significant(one.low)}–{significant(one.high)}",
            f"{one.implausibility:.1f}",
            per_cent(one.ruled_out),
        ]
        for one in found.matches
    ]
    names = headings("observation", "date", "market", "observed", "tolerance", "unit", "draws", "distance", "ruled_out",
                     left=3)  # fmt: skip
    table(text("calibrate.match.title_matches"), names, rows)


def _print_ranges(found: Matching) -> None:
    rows = [
        [
            one.parameter,
            f"{significant(one.low)}–{significant(one.high)}",
            f"{significant(one.kept_low)}–{significant(one.kept_high)}",
            f"{100 * one.narrowed:+.0f} %",
        ]
        for one in found.ranges
    ]
    table(text("calibrate.match.title_ranges"), headings("parameter", "all_draws", "kept", "narrowed"), rows)
