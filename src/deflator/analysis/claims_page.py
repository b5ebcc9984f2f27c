"""The page of the essay's claims: `python -m deflator.analysis.claims_page > docs/claims.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from deflator import defaults
from deflator.analysis.claim_words import essay_words, found_words, mechanism_lines
from deflator.analysis.claims import MECHANISMS, Claims, by_mechanism, check_claims
from deflator.analysis.replay import prepare
from deflator.book import load_book
from deflator.ensemble import Question
from deflator.messages import text, translated
from deflator.scenario import load_scenario

_PATHS, _DRAWS = 768, 96


def claims_page(found: Sequence[Claims], book: str, seed: int) -> str:
    """Return the page, in Markdown.

    Parameters
    ----------
    found
        The claims under each scenario.
    book, seed
        What they were checked with.
    """
    return "\n".join(_lines(found, book, seed)) + "\n"


def _lines(found: Sequence[Claims], book: str, seed: int) -> Iterator[str]:
    first = found[0]
    yield from (text("claims.page.title"), "", text("claims.page.made"), "")
    for paragraph in ("intro", "method", "caution"):
        yield from (text(f"claims.page.{paragraph}"), "")
    yield from (
        text("claims.page.made_with", book=book, paths=f"{first.paths:,}", draws=f"{first.draws:,}", seed=seed),
        "",
    )
    grouped = [by_mechanism(claims.checks) for claims in found]
    for mechanism in MECHANISMS:
        yield from (f"## {mechanism}", "")
        yield text("claims.page.columns", scenarios=" | ".join(claims.scenario for claims in found))
        yield f"| {' | '.join(['---'] * (2 + len(found)))} |"
        for row in zip(*(group[mechanism] for group in grouped), strict=True):
            claim = row[0].claim
            said = f"`{claim.id}` {translated(claim.statement)}"
            cells = [said, essay_words(claim), *(_cell(found_words(one)) for one in row)]
            yield f"| {' | '.join(cells)} |"
        yield from ("", f"{text('claims.page.tested')}:", "")
        for check in grouped[0][mechanism]:
            yield f"- `{check.claim.id}`: {' '.join(mechanism_lines(check.claim))}"
        yield ""
    yield text("common.disclaimer")


def _cell(words: Sequence[str]) -> str:
    return f"**{words[0]}**" + "".join(f"<br>{word}" for word in words[1:])


if __name__ == "__main__":
    shipped = load_book(defaults.BOOK)
    settings = [
        prepare(Question(shipped, load_scenario(name), _PATHS, _DRAWS)) for name in (defaults.SCENARIO, "essay")
    ]
    sys.stdout.write(claims_page(check_claims(settings), shipped.name, defaults.SEED))
