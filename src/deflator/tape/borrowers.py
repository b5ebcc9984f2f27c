"""Who owes: a borrower of the book by id, name or ticker, or a generic one of a layer. Nothing is guessed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from deflator.book import Book
from deflator.tape.schema import Profile, profiles

#: Words that say of what legal form a firm is, not which firm.
_FORMS = frozenset({
    "inc", "incorporated", "corp", "corporation", "co", "company", "ltd", "limited", "llc", "lp", "plc", "nv", "bv",
    "sa", "se", "ag", "gmbh", "holdings", "holding", "group",
})  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_LIKELY, _MOST_LIKELY = 0.6, 3


@dataclass(frozen=True)
class Obligor:
    """Who owes a loan.

    Parameters
    ----------
    key
        Id of the entity, or `layer/profile`.
    entities
        The entity; of a generic borrower all entities of the book that it may behave like.
    matched_by
        `entity`, `id`, `name`, `ticker` or `profile`.
    """

    key: str
    entities: tuple[str, ...]
    matched_by: str

    @property
    def generic(self) -> bool:
        """Whether the book does not name the borrower."""
        return self.matched_by == "profile"


def plain_name(name: str) -> str:
    """Return the name of a firm without its legal form, punctuation and what stands in brackets.

    Examples
    --------
    >>> plain_name("CoreWeave, Inc."), plain_name("Oracle (AI infrastructure part)"), plain_name("Nebius Group N.V.")
    ('coreweave', 'oracle', 'nebius')
    """
    bare = name.split("(")[0].casefold().replace(".", "").replace("&", " and ")
    words = _WORD.findall(bare)
    while len(words) > 1 and words[-1] in _FORMS:
        words.pop()
    return " ".join(words)


class Borrowers:
    """The entities of a book by the names under which a lender may know them.

    Parameters
    ----------
    book
        Any loaded book.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self._by_name: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for row in book.table("entities").rows:
            if row["layer"] == "world":
                continue
            entity = str(row["entity"])
            for kind, name in (("id", entity), ("name", str(row["name"])), ("ticker", row["ticker"])):
                if name:
                    self._by_name[plain_name(str(name))].add((entity, kind))
                if kind == "id":
                    self._by_name[entity.casefold()].add((entity, kind))

    def find(self, name: str) -> list[Obligor]:
        """Return the borrowers that a name means: one, none, or several when it is ambiguous.

        Examples
        --------
        >>> from deflator.book import load_book
        >>> known = Borrowers(load_book("ai-2026-02"))
        >>> known.find("CRWV")[0], known.find("Core Weave")
        (Obligor(key='coreweave', entities=('coreweave',), matched_by='ticker'), [])
        """
        found = self._by_name.get(name.strip().casefold()) or self._by_name.get(plain_name(name)) or set()
        kinds: dict[str, str] = {}
        for entity, kind in sorted(found, key=lambda pair: ("id", "name", "ticker").index(pair[1])):
            kinds.setdefault(entity, kind)
        return [Obligor(entity, (entity,), kind) for entity, kind in sorted(kinds.items())]

    def likely(self, name: str) -> list[str]:
        """Return the ids that were perhaps meant, the likeliest first; they are offered, never taken."""
        joined = {key.replace(" ", ""): key for key in self._by_name}
        close = get_close_matches(plain_name(name).replace(" ", "")[:60], joined, n=_MOST_LIKELY, cutoff=_LIKELY)
        return list(dict.fromkeys(entity for key in close for entity, _ in sorted(self._by_name[joined[key]])))

    @cached_property
    def debt_shares(self) -> Mapping[str, float]:
        """Debt over debt plus equity value at month 0, by entity; without either, 0."""
        drawn: dict[str, float] = defaultdict(float)
        for row in self.book.table("facilities").rows:
            if row["signed"]:
                drawn[str(row["borrower"])] += float(row["drawn_musd"])
        found = {}
        for row in self.book.table("entities").rows:
            debt, equity = drawn[str(row["entity"])], float(row["equity_value_musd"] or 0.0)
            found[str(row["entity"])] = debt / (debt + equity) if debt + equity > 0.0 else 0.0
        return found

    def comparables(self, layer: str, profile: Profile) -> tuple[str, ...]:
        """Return the entities of a layer whose share of debt is that of a profile; captive ones are left out."""
        last = profile.high >= 1.0
        return tuple(
            str(row["entity"])
            for row in self.book.table("entities").rows
            if row["layer"] == layer
            and not row["parent"]
            and profile.low <= self.debt_shares[str(row["entity"])]
            and (last or self.debt_shares[str(row["entity"])] < profile.high)
        )

    def generic(self, layer: str, profile: str) -> Obligor | None:
        """Return a generic borrower; None where the book has nobody like it."""
        found = self.comparables(layer, profiles()[profile])
        return Obligor(f"{layer}/{profile}", found, "profile") if found else None

    def possible_profiles(self, layer: str) -> list[str]:
        """Return the profiles for which the book has entities of the layer."""
        return [name for name, profile in profiles().items() if self.comparables(layer, profile)]
