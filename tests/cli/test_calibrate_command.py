import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deflator.book import load_book
from deflator.book.book import Provenance
from deflator.book.write import write_book
from deflator.cli import app

TINY = Path(__file__).parents[1] / "books" / "tiny"
SMALL = ("--quick", "--fits", "4")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ("calibrate", *words), env={"COLUMNS": "150"})


@pytest.fixture(scope="module")
def storied(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the tiny book with two years of made prices of two generations on two lists."""
    book = load_book(TINY)
    table = book.tables["price_history"]
    known = next(iter(book.provenance.values()))
    rows, keys, provenance = [], [], {}
    for place in range(26):
        month = f"{2024 + place // 12}-{place % 12 + 1:02d}"
        for equipment, name, level, pace in (
            ("h100", "list_median", 4.0, 0.02), ("b200", "list_median", 6.0, 0.03), ("h100", "spot", 3.0, 0.025),
        ):  # fmt: skip
            step = 3 * (place // 3) if name == "list_median" else place
            price = round(level * math.exp(-pace * step + 0.08 * math.sin(5.0 * step**2)), 4)
            key = f"{month}|{equipment}|{name}"
            rows.append({"month": month, "equipment": equipment, "series": name, "usd_per_hour": price})
            keys.append(key)
            provenance["price_history", key, "usd_per_hour"] = replace(known, grade="reported", low=None, high=None)
    kept = {place: entry for place, entry in book.provenance.items() if place[0] != "price_history"}
    made = replace(
        book,
        tables={**book.tables, "price_history": replace(table, rows=tuple(rows), keys=tuple(keys))},
        provenance={**kept, **provenance},
    )
    assert all(isinstance(entry, Provenance) for entry in provenance.values())
    folder = tmp_path_factory.mktemp("storied") / "book"
    write_book(made, folder)
    return str(folder)


def test_rents_are_fitted_told_and_proposed_without_a_change_of_the_book(storied: str, tmp_path: Path) -> None:
    before = load_book(storied).fingerprint
    done = typed("rents", "--book", storied, *SMALL, "--json", "--write", str(tmp_path / "new.csv"),
                 "--figure", str(tmp_path / "fit.svg"))  # fmt: skip
    found = json.loads(done.stdout)
    with (tmp_path / "new.csv").open(encoding="utf-8") as stream:
        written = {row["parameter"]: row for row in csv.DictReader(stream)}

    assert done.exit_code == 0, done.stderr
    assert {one["series"] for one in found["series"]} == {"list_median", "spot"}
    stairs = next(one for one in found["series"] if (one["equipment"], one["series"]) == ("h100", "list_median"))
    assert stairs["unmoved"] > 0.6
    assert len(found["rents"]["estimates"]) == 5
    assert len(found["rents"]["profiles"]) == 5
    assert found["rents"]["series"] == ["h100:list_median", "h100:spot"]
    assert found["own_factors"]["series"] == ["b200/h100:list_median"]
    for one in found["proposals"]:
        assert one["low"] <= one["value"] <= one["high"], one
        assert float(written[one["parameter"]]["value"]) == one["value"]
    assert set(written) >= {"price_adjust_speed_lambda", "rent_jump_size_log", "own_factor_reversion_monthly"}
    assert (tmp_path / "fit.svg").stat().st_size > 10_000
    assert load_book(storied).fingerprint == before


def test_the_forecast_is_scored_on_months_that_were_not_used(storied: str, tmp_path: Path) -> None:
    done = typed("forecast", "--book", storied, *SMALL, "--fit-to", "2025-06", "--json",
                 "--figure", str(tmp_path / "forecast.svg"))  # fmt: skip
    found = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert [one["months"] for one in found["series"]] == [[f"2025-{month:02d}" for month in range(7, 13)] +
                                                          ["2026-01", "2026-02"]] * 3  # fmt: skip
    for one in found["series"]:
        assert set(one["crps"]) == {"engine", "drift", "flat"}
        assert all(score > 0.0 for score in one["crps"].values())
        assert one["coverage"]["engine"]["0.5"] <= one["coverage"]["engine"]["0.95"]
    assert 0 <= found["wins"] <= 3
    assert (tmp_path / "forecast.svg").stat().st_size > 10_000


def test_the_tables_say_what_is_taken_as_given_and_where_the_forecast_loses(storied: str) -> None:
    done = typed("forecast", "--book", storied, *SMALL)
    fitted = typed("rents", "--book", storied, *SMALL)

    assert done.exit_code == fitted.exit_code == 0, done.stderr + fitted.stderr
    for words in ("scores better than both others on", "80 %", "drift", "not a forecast"):
        assert words in done.stdout, words
    for words in ("Taken as given", "J-statistic", "Schwartz", "own_factor_reversion_monthly", "high end"):
        assert words in fitted.stdout, words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rents", "--book", str(TINY)), "no series of h100 has 10 changes"),
        (("rents", "--book", "fibre-2001"), "no series of oc48 has 10 changes"),
        (("rents", "--fit-to", "June"), "write YYYY-MM"),
        (("rents", "--fit-to", "2027-01"), "is after the as-of month"),
        (("rents", "--write", str(TINY / "book.yaml")), "there is a file already"),
        (("rents", "--figure", "fit.doc"), "not a kind of figure"),
        (("forecast", "--book", str(TINY)), "no series has prices enough"),
        (("forecast", "--seed", "-1"), "-1 is below 0"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(words: tuple[str, ...], said: str) -> None:
    done = typed(*words, "--quick")

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_without_a_part_all_other_parameters_are_matched_to_observations() -> None:
    done = CliRunner().invoke(app, ("calibrate", "--book", str(TINY), "--draws", "64"), env={"COLUMNS": "150"})
    kept = CliRunner().invoke(app, ("calibrate", "--book", str(TINY), "--draws", "64", "--json"))
    found = json.loads(kept.stdout)

    assert done.exit_code == kept.exit_code == 0, done.stderr + kept.stderr
    for words in ("not ruled out", "recovery_lag_months", "No observation tells these parameters", "aircraft"):
        assert words in done.stdout, words
    assert 0.0 < found["kept"] <= 1.0
    assert found["unseen"]["market_depth_units_per_month"].startswith("no forced sale")
