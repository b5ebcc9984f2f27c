"""`deflator backtest`: a book of the past scored against what happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import Column, emit_json, note, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.backtest import Backtest
    from deflator.analysis.backtest.scores import Interval, Rank
    from deflator.analysis.replay import Setting

_PATHS, _PATHS_QUICK = 4_000, 256
_DRAWS_QUICK = "32"
VERDICTS = ("caught", "missed", "false_alarm", "passed", "unseen")


def backtest(
    book: Annotated[str, typer.Argument(metavar="BOOK", help=text("backtest.book"))],
    outcomes: Annotated[Path | None, typer.Option(metavar="FILE", help=text("backtest.outcomes"))] = None,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    soft: Annotated[bool, typer.Option("--soft", help=text("backtest.soft"))] = False,
    base_rate: Annotated[float | None, typer.Option(metavar="RATE", help=text("backtest.base_rate"))] = None,
    paths: asking.Paths = None,
    ignorance: Annotated[str | None, asking.IGNORANCE_DRAWS] = None,
    seed: asking.Seed = defaults.SEED,
    quick: asking.Quick = False,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Simulate from the as-of date and score; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.backtest import backtest as score
        from deflator.analysis.backtest import foretell, read_outcomes
        from deflator.analysis.backtest.scores import REPEATS, REPEATS_QUICK

        check_figure(figure)
        if base_rate is not None and not 0.0 <= base_rate < 1.0:
            message = text("backtest.rate_odd", rate=base_rate)
            raise RunError([Fault("", 0, "--base-rate", message, text("backtest.rate_hint"))])
        draws = ignorance or (_DRAWS_QUICK if quick else asking.IGNORANCE)
        setting = asking.setting_of(book, scenario, settings, paths or (_PATHS_QUICK if quick else _PATHS), draws, seed)
        seen = read_outcomes(outcomes or _shipped(book), setting)
        with showing_progress(setting.question.scenario.name) as progress:
            repeats = REPEATS_QUICK if quick else REPEATS
            found = score(foretell(setting, progress), seen, seed, soft, base_rate, repeats)
        if figure:
            from deflator.report.backtest import draw_backtest

            draw_backtest(found, setting.question.book.name, setting.question.scenario.name, figure)
        if json:
            emit_json(asking.asked(setting) | {"answer": found})
        else:
            _print(setting, found)
        if figure:
            note(text("asking.drawn", file=figure))


def _shipped(book: str) -> Path:
    """Return the outcomes that lie beside a book.

    Raises
    ------
    RunError
        When it has none.
    """
    from deflator.book import outcomes_beside

    found = outcomes_beside(book)
    if found is None:
        message = text("backtest.no_outcomes", book=book)
        raise RunError([Fault("", 0, "--outcomes", message, text("backtest.no_outcomes_hint"))])
    return found


def _print(setting: Setting, found: Backtest) -> None:
    from deflator.book.months import month_at

    question = setting.question
    say(text("backtest.heading", book=question.book.name, scenario=question.scenario.name, as_of=found.as_of,
             end=month_at(found.until, found.as_of), paths=f"{found.paths:,}", draws=f"{found.draws:,}",
             seed=question.seed))  # fmt: skip
    say(text("backtest.counted_soft") if found.soft else text("backtest.counted_hard"))
    if found.failed:
        say(text("backtest.failed", failed=f"{found.failed:,}"))
    say()
    _print_firms(found)
    for line in names_by_verdict(found):
        say(line)
    say()
    _print_horizons(found)
    _print_calibration(found)
    _print_order(found)
    _print_timing(found)
    _print_rents(found)
    if found.refused:
        table(text("backtest.title_refused"), [""], [[line] for line in found.refused])
    if found.not_told:
        say(text("backtest.not_told", names=", ".join(found.not_told)))
        say()
    say(text("backtest.legend").strip())
    say(text("common.disclaimer"))


def names_by_verdict(found: Backtest) -> Iterator[str]:
    """Yield hits and misses by name."""
    from deflator.analysis.backtest.scoring import LIKELY
    from deflator.analysis.words import per_cent

    for verdict in VERDICTS:
        names = "; ".join(firm.name for firm in found.verdicts(verdict))
        if names or verdict in ("caught", "missed", "false_alarm"):
            told = {"names": names or text("backtest.names_none")}
            if verdict != "unseen":
                told["likely"] = per_cent(LIKELY)
            yield text(f"backtest.names_{verdict}", **told)


def _heading(*names: str) -> list[Column]:
    return [(text(f"backtest.column_{name}"), "right") for name in names]


def interval(found: Interval | None, digits: int = 2) -> str:
    """Return a score and its interval in one cell."""
    from deflator.analysis.words import UNKNOWN

    if found is None:
        return UNKNOWN
    told = {name: f"{getattr(found, name):.{digits}f}" for name in ("value", "low", "high")}
    return text("backtest.interval", **told)


def _print_firms(found: Backtest) -> None:
    from deflator.analysis.words import UNKNOWN, per_cent, per_cent_range
    from deflator.book.months import month_at

    rows = []
    for firm in found.firms:
        event, month = text(f"backtest.event_{firm.event}"), month_at(firm.month, found.as_of)
        middle = UNKNOWN if firm.median_month is None else month_at(round(firm.median_month), found.as_of)
        rows.append([
            firm.name, text("backtest.event_told", event=event, month=month),
            per_cent(firm.foretold.value, firm.foretold.mc_error),
            per_cent_range(firm.foretold.low, firm.foretold.high), middle, per_cent(firm.merton),
            per_cent(firm.black_cox), text(f"backtest.verdict_{firm.verdict}"),
        ])  # fmt: skip
    columns: list[Column] = [text("backtest.column_name"), text("backtest.column_event")]
    columns += [*_heading("foretold", "range", "median", "merton", "black_cox"), text("backtest.column_verdict")]
    table(text("backtest.title_firms"), columns, rows)


def _print_horizons(found: Backtest) -> None:
    from deflator.analysis.words import UNKNOWN
    from deflator.book.months import month_at

    rows, skills = [], []
    for one in found.horizons:
        date = month_at(one.months, found.as_of)
        rows.append([date, one.firms, one.broke, interval(one.brier), interval(one.log), interval(one.auc)])
        for skill in one.skills:
            their_auc = UNKNOWN if skill.other_auc is None else f"{skill.other_auc:.2f}"
            skills.append([date, text(f"backtest.against_{skill.against}"), skill.firms, interval(skill.brier),
                           interval(skill.log), f"{skill.other_brier:.2f}", their_auc])  # fmt: skip
    if rows:
        columns: list[Column] = [text("backtest.column_by"), *_heading("firms", "broke", "brier", "log", "auc")]
        table(text("backtest.title_horizons"), columns, rows)
        columns = [text("backtest.column_by"), text("backtest.column_against")]
        columns += _heading("firms", "brier_skill", "log_skill", "their_brier", "their_auc")
        table(text("backtest.title_skills"), columns, skills)


def _print_calibration(found: Backtest) -> None:
    from deflator.analysis.words import per_cent, per_cent_range

    rows = [
        [per_cent_range(one.low, one.high), one.firms, per_cent(one.foretold), one.broke,
         per_cent(one.broke / one.firms), per_cent_range(one.range_low, one.range_high)]
        for one in found.calibration
    ]  # fmt: skip
    if rows:
        columns = _heading("probability", "firms", "mean", "broke", "share", "range")
        table(text("backtest.title_calibration"), columns, rows)


def _rank(found: Rank) -> list[str]:
    from deflator.analysis.words import p_value

    return [f"{found.value:.2f}", f"{found.low:.2f} – {found.high:.2f}", p_value(found.p_value)]


def _print_order(found: Backtest) -> None:
    rows: list[list[Any]] = []
    orders = (("backtest.all_firms", found.order_all), ("backtest.those_that_broke", found.order_broken))
    for key, order in orders:
        if order:
            rows.append([text(key), order.firms, *_rank(order.kendall), *_rank(order.spearman)])
    if rows:
        columns: list[Column] = [text("backtest.column_order_of")]
        columns += _heading("firms", "kendall", "shuffled", "chance", "spearman", "shuffled", "chance")
        table(text("backtest.title_order"), columns, rows)


def _print_timing(found: Backtest) -> None:
    if found.timing:
        one = found.timing
        row = [one.firms, one.left_out, interval(one.error, 1), interval(one.distance, 1), interval(one.covered)]
        table(text("backtest.title_timing"), _heading("firms", "left_out", "error", "distance", "covered"), [row])


def _print_rents(found: Backtest) -> None:
    from deflator.analysis.words import significant
    from deflator.book.months import month_at

    def told(flags: Sequence[bool]) -> str:
        return "/".join(text("backtest.yes") if flag else text("backtest.no") for flag in flags)

    rows = [
        [one.equipment, month_at(one.month, found.as_of), significant(one.seen, 3), significant(one.median, 3),
         f"{significant(one.low)}–{significant(one.high)}", significant(one.crps), significant(one.flat),
         told(one.covered)]
        for one in found.rents
    ]  # fmt: skip
    if rows:
        columns: list[Column] = [text("backtest.column_equipment")]
        columns += _heading("month", "seen", "foretold", "range", "crps", "flat", "inside")
        table(text("backtest.title_rents"), columns, rows)
