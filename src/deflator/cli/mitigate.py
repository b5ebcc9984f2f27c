"""`deflator mitigate`: what brings the break probability of an entity under a target, and at what cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator import defaults
from deflator.cli import asking
from deflator.cli.asking import check_figure
from deflator.cli.output import Column, emit_json, reporting, say, table
from deflator.cli.run import showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from deflator.analysis.mitigate import Mitigation, Outcome

#: Paths, draws, grades and halvings of an answer, and of one that is quick.
_USUAL: tuple[int, int, tuple[float, ...], int] = (1_200, 300, (0.25, 0.5, 1.0), 4)
_QUICK: tuple[int, int, tuple[float, ...], int] = (128, 32, (1.0,), 2)
_WHOLE = {"extend", "cure", "equity"}


def mitigate(
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help=text("mitigate.entity"))],
    target: Annotated[float, typer.Option(help=text("mitigate.target"))],
    by: Annotated[str | None, typer.Option(metavar="YYYY-MM", help=text("mitigate.by"))] = None,
    asked: Annotated[list[str] | None, typer.Option("--with", metavar="LEVER=SIZE", help=text("mitigate.with"))] = None,
    precision: Annotated[float | None, typer.Option(help=text("mitigate.precision"))] = None,
    buyer: Annotated[str | None, typer.Option(help=text("mitigate.buyer"))] = None,
    equity_discount: Annotated[float, typer.Option(help=text("mitigate.equity_discount"))] = 0.10,
    extension_spread: Annotated[float, typer.Option(help=text("mitigate.extension_spread"))] = 0.01,
    forward_price: Annotated[float | None, typer.Option(help=text("mitigate.forward_price"))] = None,
    forward_discount: Annotated[float, typer.Option(help=text("mitigate.forward_discount"))] = 0.10,
    presale_price: Annotated[float | None, typer.Option(help=text("mitigate.presale_price"))] = None,
    amendment_fee: Annotated[float, typer.Option(help=text("mitigate.amendment_fee"))] = 0.005,
    backstop_price: Annotated[float, typer.Option(help=text("mitigate.backstop_price"))] = 0.6,
    book: asking.Book = defaults.BOOK,
    scenario: asking.Scenario = defaults.SCENARIO,
    settings: asking.Settings = None,
    paths: asking.Paths = None,
    ignorance: Annotated[str | None, typer.Option(metavar="N|off", help=text("mitigate.ignorance"))] = None,
    seed: asking.Seed = defaults.SEED,
    quick: asking.Quick = False,
    figure: asking.Picture = None,
    json: asking.Json = False,
) -> None:
    """Search levers on common random numbers; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis.lever_case import Terms
        from deflator.analysis.mitigate import mitigate
        from deflator.report.mitigate import draw_mitigation

        check_figure(figure)
        terms = Terms(equity_discount, extension_spread, forward_price, forward_discount, presale_price, amendment_fee,
                      backstop_price)  # fmt: skip
        sizes = _sizes(asked or [])
        usual_paths, draws, grades, halvings = _QUICK if quick else _USUAL
        setting = asking.setting_of(book, scenario, settings, paths or usual_paths, ignorance or str(draws), seed)
        with showing_progress(setting.question.scenario.name) as progress:
            found = mitigate(setting, entity, target, by, terms, sizes=sizes, precision=precision, buyer=buyer,
                             grades=grades, halvings=halvings, progress=progress)  # fmt: skip
        if figure:
            draw_mitigation(found, figure)
        if json:
            emit_json(_document(found))
        else:
            _print(found)


def _sizes(asked: list[str]) -> dict[str, float]:
    """Return the sizes of `--with`, or refuse all that are not of its form."""
    sizes, faults = {}, []
    for words in asked:
        name, _, size = words.partition("=")
        try:
            sizes[name] = float(size)
        except ValueError:
            faults.append(Fault("", 0, "--with", f"{words!r} gives no size", "write it as extend=12 or equity=500"))
    if faults:
        raise RunError(faults)
    return sizes


def _document(found: Mitigation) -> dict[str, Any]:
    return asking.asked(found.case.setting) | {
        # The contracts that levers fill stand in a changed book; the question was asked of the one that was given.
        "book": {"name": found.book.name, "fingerprint": found.book.fingerprint},
        "entity": found.entity,
        "target": found.target,
        "by": found.by,
        "terms": found.case.terms,
        "prices_usd": found.case.prices_usd,
        "met_beyond_error": found.sure,
        "total_cost_musd": found.together.total_musd,
        "trials": found.trials,
        "heuristic": True,
        "outcomes": found.to_frame().to_dicts(),
    }


def _print(found: Mitigation) -> None:
    from deflator.analysis.words import per_cent, per_cent_range

    question, base = found.case.setting.question, found.base.odds
    say(text("mitigate.heading", book=question.book.name, scenario=question.scenario.name,
             paths=f"{question.paths_used:,}", draws=f"{question.draws_used:,}", seed=question.seed))  # fmt: skip
    say(text("mitigate.base", name=found.case.setting.labels[found.entity], odds=per_cent(base.value, base.mc_error),
             range=per_cent_range(base.low, base.high), by=found.by, target=per_cent(found.target)))  # fmt: skip
    say()
    columns: list[Column] = [text("mitigate.column_lever"), (text("mitigate.column_size"), "right"),
                             (text("mitigate.column_cost"), "right"), text("mitigate.column_bearer"),
                             (text("mitigate.column_odds"), "right"), (text("mitigate.column_range"), "right"),
                             (text("mitigate.column_change"), "right")]  # fmt: skip
    table(text("mitigate.title_graded"), columns, [row for one in found.graded for row in _rows(one)])
    alone = [row for one in found.alone for row in _rows(one)]
    if alone:
        table(text("mitigate.title_alone", target=per_cent(found.target)), columns, alone)
    else:
        say(text("mitigate.none_alone", target=per_cent(found.target)))
        say()
    cost = _musd(found.together.total_musd)
    table(text("mitigate.title_together", cost=cost, trials=found.trials), columns, list(_rows(found.together)))
    say(text("mitigate.sure" if found.sure else "mitigate.unsure", target=per_cent(found.target)))
    say()
    if found.asked:
        table(text("mitigate.title_asked", cost=_musd(found.asked.total_musd)), columns, list(_rows(found.asked)))
    for lever in found.case.levers:
        if lever.refused:
            reason = text(f"mitigate.refused_{lever.refused}")
            say(text("mitigate.refused", lever=text(f"mitigate.lever_{lever.name}"), reason=reason))
    say()
    say(text("mitigate.legend", forward=f"{found.case.prices_usd['forward']:.2f}",
             presale=f"{found.case.prices_usd['presale']:.2f}").strip())  # fmt: skip
    say(text("common.disclaimer"))


def _rows(outcome: Outcome) -> Iterator[list[str]]:
    """Yield a row for each lever; what they do together stands in the last."""
    from deflator.analysis.lever_costs import bearer_of
    from deflator.analysis.words import per_cent, per_cent_range

    odds = outcome.odds
    told = [per_cent(odds.value, odds.mc_error), per_cent_range(odds.low, odds.high),
            f"{100.0 * outcome.change:+.0f} ±{100.0 * outcome.change_error:.0f}"]  # fmt: skip
    names = list(outcome.sizes)
    for name in names:
        size = outcome.sizes[name]
        number = f"{size:,.0f}" if name in _WHOLE else f"{100.0 * size:.3g}"
        yield [
            text(f"mitigate.lever_{name}"),
            text(f"mitigate.size_{name}", size=number),
            _musd(outcome.cost_musd[name]),
            text(f"mitigate.bearer_{bearer_of(name)}"),
            *(told if name == names[-1] else ("", "", "")),
        ]


def _musd(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 10.0 else f"{cost:.1f}"
