"""Rents of equipment from the price lists of clouds and marketplaces, as medians by equipment and kind of provider."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Any

from deflator.book import Book, Provenance, Source
from deflator.book.edit import NewRow
from deflator.data.feed import FRESH_HOURS, Answer, ask, extra_module
from deflator.data.proposal import FORMAT, LeftOut, Proposal

#: Providers by kind, as the series of `price_history` are named; others are left out by name.
TIERS = {
    "hyperscaler": ("aws", "azure", "gcp", "oci"),
    "neocloud": ("crusoe", "cloudrift", "digitalocean", "hotaisle", "jarvislabs", "lambdalabs", "nebius", "seeweb",
                 "verda", "vultr"),
    "marketplace": ("lium", "runpod", "vastai"),
}  # fmt: skip
_TIER_OF = {provider: tier for tier, providers in TIERS.items() for provider in providers}
_FEWEST = 2


def ask_prices(offline: bool = False, fresh_hours: float = FRESH_HOURS) -> Answer:
    """Return every offer of a GPU on demand that price lists hold now.

    Raises
    ------
    FeedError
        When the lists cannot be fetched, or their library is not installed.
    """
    return ask("prices", _fetch, offline, fresh_hours)


def _fetch() -> list[dict[str, Any]]:
    gpuhunt = extra_module("gpuhunt", "gpuhunt")
    return [
        {
            "provider": item.provider, "instance": item.instance_name, "location": item.location,
            "gpu": item.gpu_name, "gpus": item.gpu_count, "usd_per_hour": float(item.price), "spot": bool(item.spot),
        }
        for item in gpuhunt.query(min_gpu_count=1)
        if item.gpu_name
    ]  # fmt: skip


def propose_prices(book: Book, answer: Answer) -> Proposal:
    """Return the medians of list prices as new rows of the book's price history.

    A provider counts once, with the median over its regions and sizes, so that one with many regions does not weigh
    more. Spot offers are left out, since they are interruptible; so is a median of fewer than two providers.

    Parameters
    ----------
    book
        Any loaded book; hardware is matched by its id.
    answer
        From `ask_prices`.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> offers = [
    ...     {"provider": name, "gpu": "H100", "gpus": 8, "usd_per_hour": usd, "spot": False}
    ...     for name, usd in (("lambdalabs", 24.0), ("nebius", 20.0))
    ... ]
    >>> found = propose_prices(load_book("ai-2026-02"), Answer(offers, "2026-01-20T00:00:00+00:00"))
    >>> [(row.cells["series"], row.cells["usd_per_hour"]) for row in found.rows]
    [('list_median_neocloud', '2.75')]
    """
    month, day = answer.at[:7], answer.at[:10]
    source = Source(f"price_lists_{day}", f"On-demand list prices of clouds and marketplaces, collected {day}",
                    "https://github.com/dstackai/gpuhunt", day, "price list")  # fmt: skip
    rows: list[NewRow] = []
    left_out = [
        LeftOut(provider, f"{count} offers", "neither a hyperscaler, a neocloud nor a marketplace that is known")
        for provider, count in sorted(_unknown(answer.rows).items())
    ]
    for equipment in book.table("equipment").index:
        for tier, prices in _by_tier(answer.rows, equipment).items():
            series = f"list_median_{tier}"
            value = median(prices.values())
            told = f"{value:.4g} USD an hour from {len(prices)} providers"
            reason = _refusal(book, month, equipment, series, len(prices))
            if reason:
                left_out.append(LeftOut(f"{equipment} {series} {month}", told, reason))
                continue
            note = f"median over {', '.join(sorted(prices))}, each with the median of its on-demand offers"
            spread = (min(prices.values()), max(prices.values()))
            known = Provenance("derived", day, *spread, source.source, note, None)
            cells = {"month": month, "equipment": equipment, "series": series, "usd_per_hour": f"{value:.15g}"}
            rows.append(NewRow("price_history", cells, {"usd_per_hour": known}))
    return Proposal(FORMAT, book.name, book.fingerprint, "deflator data prices", answer.at,
                    (source,) if rows else (), (), tuple(rows), tuple(left_out))  # fmt: skip


def _refusal(book: Book, month: str, equipment: str, series: str, providers: int) -> str | None:
    """Return why a median cannot stand in the book; None where it can."""
    if month > book.as_of:
        return f"it is later than the book's as-of month {book.as_of}: a book knows nothing of the time after it"
    if f"{month}|{equipment}|{series}" in book.table("price_history").index:
        return "the book has a price of that month"
    return f"fewer than {_FEWEST} providers list it" if providers < _FEWEST else None


def _by_tier(offers: Sequence[dict[str, Any]], equipment: str) -> dict[str, dict[str, float]]:
    """Return the price per unit-hour of each provider of an equipment, by kind of provider."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for offer in offers:
        tier = _TIER_OF.get(offer["provider"])
        if tier and not offer["spot"] and _plain(offer["gpu"]) == _plain(equipment) and offer["gpus"] > 0:
            found[tier][offer["provider"]].append(offer["usd_per_hour"] / offer["gpus"])
    return {tier: {name: median(each) for name, each in found[tier].items()} for tier in TIERS if tier in found}


def _unknown(offers: Sequence[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for offer in offers:
        if offer["provider"] not in _TIER_OF:
            counts[offer["provider"]] += 1
    return counts


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
