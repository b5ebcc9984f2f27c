"""Price lists become medians by equipment and kind of provider, each provider counted once."""

import json
from typing import Any

import gpuhunt
import pytest
from typer.testing import CliRunner

from deflator.book import load_book
from deflator.cli import app
from deflator.data import apply_proposal
from deflator.data.feed import Answer
from deflator.data.prices import ask_prices, propose_prices

NOW = "2026-01-20T12:00:00+00:00"  # a month of which the shipped book has no list prices


def offer(provider: str, gpu: str, usd: float, gpus: int = 1, spot: bool = False) -> dict[str, Any]:
    return {"provider": provider, "gpu": gpu, "gpus": gpus, "usd_per_hour": usd, "spot": spot}


def listed(name: str, gpu: str | None, count: int, price: float, spot: bool = False) -> gpuhunt.CatalogItem:
    return gpuhunt.CatalogItem(
        provider=name, instance_name="x", location="y", price=price, cpu=8, memory=64.0,
        gpu_count=count, gpu_name=gpu,
        gpu_memory=80.0, spot=spot, disk_size=None, gpu_vendor=gpuhunt.AcceleratorVendor.NVIDIA,
    )  # fmt: skip


def test_a_provider_with_many_regions_counts_once_and_spot_offers_do_not_count() -> None:
    offers = [
        *(offer("nebius", "H100", 8 * 2.0, gpus=8) for _ in range(9)),
        offer("lambdalabs", "H100", 3.0),
        offer("vultr", "H100", 4.0),
        offer("vultr", "H100", 0.5, spot=True),
    ]

    found = propose_prices(load_book("ai-2026-02"), Answer(offers, NOW))

    (row,) = found.rows
    assert (row.cells["series"], row.cells["usd_per_hour"]) == ("list_median_neocloud", "3")
    known = row.provenance["usd_per_hour"]
    assert (known.grade, known.low, known.high) == ("derived", 2.0, 4.0)


def test_prices_after_the_as_of_month_are_told_and_not_proposed() -> None:
    offers = [offer("nebius", "H100", 2.0), offer("vultr", "H100", 2.2)]

    found = propose_prices(load_book("ai-2026-02"), Answer(offers, "2026-11-01T00:00:00+00:00"))

    assert not found
    assert "later than the book's as-of month" in found.left_out[0].reason


def test_one_provider_is_no_median_and_an_unknown_one_is_named() -> None:
    found = propose_prices(
        load_book("ai-2026-02"), Answer([offer("nebius", "H100", 2.0), offer("newco", "H100", 1.0)], NOW)
    )

    assert not found.rows
    assert [one.what for one in found.left_out] == ["newco", "h100 list_median_neocloud 2026-01"]


def test_a_proposal_of_prices_makes_a_sound_book() -> None:
    book = load_book("ai-2026-02")
    offers = [offer(name, gpu, 2.0) for name in ("nebius", "vultr") for gpu in ("H200", "MI300X", "B200")]

    changed = apply_proposal(book, propose_prices(book, Answer(offers, NOW)))

    assert len(changed.table("price_history")) > len(book.table("price_history"))


def test_offers_are_read_from_the_library_without_those_that_name_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [listed("nebius", "H100", 8, 16.0), listed("aws", None, 1, 1.0)]
    monkeypatch.setattr(gpuhunt, "query", lambda **_: items)

    assert [(row["provider"], row["gpus"], row["usd_per_hour"]) for row in ask_prices().rows] == [("nebius", 8, 16.0)]


def test_the_command_tells_programs_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        gpuhunt, "query", lambda **_: [listed("nebius", "H100", 8, 16.0), listed("vultr", "H100", 1, 3.0)]
    )

    result = CliRunner().invoke(app, ["data", "prices", "--json"])

    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["changes"] == []
    assert told["proposal"]["left_out"][0]["value"] == "2.5 USD an hour from 2 providers"
