from pathlib import Path

import pytest

from deflator.book import load_book, write_book
from deflator.ensemble.asked import BOOK, SCENARIO, read_book, read_scenario, scenario_text
from deflator.errors import DeflatorError, RunError
from deflator.scenario import load_scenario, shipped_scenarios

TINY = Path(__file__).parents[1] / "books" / "tiny"
SETTINGS = (
    "failure.coreweave.level={2026-08: on}", "rent.level={+3: 1e-3, 2027-01: 2}", "rent.shock={+0: -0.1}",
    "channels.rent=off", "figures.contracts.c1.end=2026-12", "covenants.counterfactual=on",
    "parameters.order_lag_months={value: 6, low: 3, high: 9}", "monetisation.lab.scale={}",
)  # fmt: skip


@pytest.mark.parametrize("name", [*shipped_scenarios(), "base+funding-freeze"])
@pytest.mark.parametrize("settings", [(), SETTINGS])
def test_a_scenario_that_is_kept_with_a_run_is_read_back_whole(
    tmp_path: Path, name: str, settings: tuple[str, ...]
) -> None:
    asked = load_scenario(name, settings)
    (tmp_path / SCENARIO).write_text(scenario_text(asked), encoding="utf-8")

    kept = read_scenario(tmp_path, asked.fingerprint)
    assert kept is not None
    assert kept.as_document() == asked.as_document()


def test_the_same_scenario_is_written_in_the_same_bytes_whatever_came_first(tmp_path: Path) -> None:
    texts = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / SCENARIO).write_text(scenario_text(load_scenario("essay", ["rent.level=1.5"])), encoding="utf-8")
        texts.add((folder / SCENARIO).read_bytes())

    assert len(texts) == 1


def test_a_run_of_an_earlier_version_has_no_scenario_and_says_nothing_wrong(tmp_path: Path) -> None:
    assert read_scenario(tmp_path, "0" * 64) is None


def test_a_scenario_that_was_changed_after_the_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / SCENARIO).write_text(scenario_text(load_scenario("base", ["rent.level=1.5"])), encoding="utf-8")

    with pytest.raises(RunError, match="what the run was made with"):
        read_scenario(tmp_path, load_scenario("base").fingerprint)


def test_a_scenario_that_was_damaged_is_refused_with_its_row(tmp_path: Path) -> None:
    (tmp_path / SCENARIO).write_text("name: [", encoding="utf-8")

    with pytest.raises(DeflatorError, match=r"scenario\.yaml"):
        read_scenario(tmp_path, "0" * 64)


def test_a_book_that_is_kept_with_a_run_is_read_back_whole_and_no_other_is(tmp_path: Path) -> None:
    tiny = load_book(TINY)
    assert read_book(tmp_path, tiny.fingerprint) is None
    write_book(tiny, tmp_path / BOOK)

    assert read_book(tmp_path, tiny.fingerprint) == tiny
    with pytest.raises(RunError, match="made with 000000000000…; give the book of the run with --book"):
        read_book(tmp_path, "0" * 64)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", None])
def test_a_book_that_was_damaged_is_refused_with_what_to_type_next(tmp_path: Path, damage: bytes | None) -> None:
    write_book(load_book(TINY), tmp_path / BOOK)
    content = (tmp_path / BOOK).read_bytes()
    spoilt = content[:2000] + b"?" + content[2001:] if damage is None else damage
    (tmp_path / BOOK).write_bytes(spoilt)

    with pytest.raises(RunError, match=r"book\.zip: what the run keeps cannot be read: .*--book"):
        read_book(tmp_path, load_book(TINY).fingerprint)
