"""A story in words and tables, and as one JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deflator.analysis.story import Part, Source, Story
from deflator.analysis.story_words import EventWords, musd_words
from deflator.analysis.words import UNKNOWN, per_cent, significant
from deflator.book.cells import write_cell
from deflator.cli.output import Column, say, table
from deflator.engine.codes import Cause, Trigger
from deflator.messages import text
from deflator.report.plain import plain

if TYPE_CHECKING:
    from deflator.analysis.choose_path import Chosen
    from deflator.analysis.replay import Setting

_MOST_EVENTS = 16
_MOST_SOURCES = 12
_DIGITS = 3


def print_story(story: Story, setting: Setting, chosen: Chosen | None) -> None:
    """Print the story of an entity, then those of its partners.

    Parameters
    ----------
    story
        From `analysis.story.tell`.
    setting
        What was replayed.
    chosen
        How the path was found; None when it was asked for.
    """
    words = EventWords(setting)
    say(_heading(story))
    question = setting.question
    say(text("why.replayed", path=story.path, scenario=question.scenario.name, book=question.book.name,
             seed=question.seed, draw=story.draw))  # fmt: skip
    if chosen:
        share = per_cent(chosen.breaking / chosen.searched)
        say(text("why.median", breaking=f"{chosen.breaking:,}", searched=f"{chosen.searched:,}", share=share))
    say()
    _print_events(story, words)
    _print_causes(story, words)
    _print_course(story)
    _print_sources(story)
    for partner in story.partners:
        _print_partner(partner, words)
    say(text("common.disclaimer"))


def as_document(story: Story, setting: Setting, chosen: Chosen | None) -> dict[str, Any]:
    """Return everything that is told as plain data, events with their sentences."""
    question = setting.question
    return {
        "book": {"name": question.book.name, "fingerprint": question.book.fingerprint},
        "scenario": {"name": question.scenario.name, "fingerprint": question.scenario.fingerprint},
        "as_of": question.book.as_of,
        "months": setting.economy.months,
        "seed": question.seed,
        "draws": setting.economy.draws,
        "chance": question.chance,
        "chosen": chosen,
        **_document(story, EventWords(setting)),
        "disclaimer": text("common.disclaimer"),
    }


def _document(story: Story, words: EventWords) -> dict[str, Any]:
    document: dict[str, Any] = plain(story)
    document["trigger_sentence"] = _trigger(Trigger[story.trigger.upper()])
    for event, written in zip(story.events, document["events"], strict=True):
        written |= {"date": words.month(event.month), "sentence": words.sentence(event)}
    document["partners"] = [_document(partner, words) for partner in story.partners]
    return document


def _heading(story: Story) -> str:
    if story.broke:
        trigger = _trigger(Trigger[story.trigger.upper()])
        return text("why.heading_broke", name=story.name, date=story.date, trigger=trigger)
    if story.layer == "lender":
        headroom = text("why.headroom_capital", headroom=per_cent(story.headroom))
    else:
        headroom = text("why.headroom_cash", headroom=significant(max(story.headroom, 0.0)))
    return text("why.heading_unbroken", name=story.name, date=story.date, headroom=headroom)


def _print_events(story: Story, words: EventWords) -> None:
    """Print the events that weigh most, in their order."""
    optional = sorted((event for event in story.events if not event.essential), key=lambda event: -event.musd)
    kept = set(map(id, optional[:_MOST_EVENTS]))
    told = [event for event in story.events if event.essential or id(event) in kept]
    rows = [[words.month(event.month), words.sentence(event)] for event in told]
    table(text("why.title_events"), [text("why.column_date"), text("why.column_event")], rows)
    _say_left_out("why.left_out", len(story.events) - len(told))


def _say_left_out(key: str, count: int) -> None:
    if count:
        say(text(key, count=count))
        say()


def _print_causes(story: Story, words: EventWords) -> None:
    """Print what took the money; of a lender, on whom it was lost."""
    missing = significant(story.shortfall_musd, _DIGITS)
    if story.layer == "lender":
        columns: list[Column] = [text("why.column_borrower"), *_right("lost", "part")]
        rows = [[words.name(part.cause), *_musd(part.worse_musd, part.shortfall_musd)] for part in story.causes]
        table(text("why.title_losses", shortfall=missing), columns, rows)
        return
    columns = [text("why.column_cause"), *_right("first", "last", "worse", "part")]
    rows = [
        [_cause(part), *_musd(part.first_musd, part.last_musd, part.worse_musd, part.shortfall_musd)]
        for part in story.causes
    ]
    paid = text("why.title_causes_unpaid")
    table(text("why.title_causes", shortfall=missing) if story.shortfall_musd > 0.0 else paid, columns, rows)


def _print_course(story: Story) -> None:
    names = ("cash", "buffer", "debt", "equity", "income", "ebitda", "service", "rent", "openness", "headroom")
    rows = [
        [
            moment.date,
            *_musd(moment.cash_musd, moment.buffer_musd, moment.debt_musd, moment.equity_musd),
            *_musd(moment.income_musd, moment.ebitda_musd, moment.service_musd),
            f"{moment.rent_usd:.2f}",
            per_cent(moment.openness),
            UNKNOWN if moment.headroom is None else f"{100.0 * moment.headroom:.0f} %",
        ]
        for moment in story.course
    ]
    table(text("why.title_course"), [text("why.column_date"), *_right(*names)], rows)


def _print_sources(story: Story) -> None:
    """Print the figures that matter most, and below them the documents, each once."""
    columns: list[Column] = [text("why.column_figure"), *_right("book", "drawn")]
    columns += [text(f"why.column_{name}") for name in ("grade", "as_of", "source")]
    shown = story.sources[:_MOST_SOURCES]
    rows = [
        [f"{source.table}.{source.row}.{source.column}", *_figures(source), source.grade, source.as_of, source.source]
        for source in shown
    ]
    table(text("why.title_sources"), columns, rows)
    _say_left_out("why.sources_left_out", len(story.sources) - len(rows))
    documents = {source.source: source.title for source in shown}
    table(text("why.title_documents"), [text("why.column_source"), text("why.column_title")], documents.items())


def _print_partner(story: Story, words: EventWords) -> None:
    """Print why another broke, and those behind it."""
    trigger = _trigger(Trigger[story.trigger.upper()])
    say(text("why.title_partner", name=story.name, date=story.date, trigger=trigger))
    say()
    _print_events(story, words)
    _print_causes(story, words)
    for partner in story.partners:
        _print_partner(partner, words)


def _figures(source: Source) -> list[str]:
    """Return a figure as the book has it and as drawn; months stay as they are."""
    return [
        write_cell(value) if isinstance(value, str) else significant(value, _DIGITS)
        for value in (source.book, source.drawn)
    ]


def _right(*names: str) -> list[Column]:
    return [(text(f"why.column_{name}"), "right") for name in names]


def _musd(*sums: float | None) -> list[str]:
    return [musd_words(value) for value in sums]


def _trigger(trigger: Trigger) -> str:
    return trigger.sentence


def _cause(part: Part) -> str:
    return Cause[part.cause.upper()].sentence
