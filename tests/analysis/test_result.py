from pathlib import Path

import polars as pl
import pytest

import deflator
from deflator.errors import RunError

TINY = Path(__file__).parents[1] / "books" / "tiny"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> deflator.Result:
    book, scenario = deflator.load_book(TINY), deflator.load_scenario("base", ["rent.level=0.6"])
    folder = tmp_path_factory.mktemp("kept") / "run"
    return deflator.run(book, scenario, paths=200, ignorance=5, out=folder, threads=2)


def test_a_kept_run_opens_with_the_same_answer(result: deflator.Result) -> None:
    opened = deflator.Result.open(result.raw.folder)

    assert opened.raw.manifest == result.raw.manifest
    for table in ("layers", "entities", "cohorts", "losses", "rents", "funding", "robustness"):
        assert getattr(opened, table)().equals(getattr(result, table)())


def test_every_ranking_counts_every_path_once(result: deflator.Result) -> None:
    for ranking in (result.layers(), result.entities(), result.cohorts()):
        assert ranking["p_first"].sum() == pytest.approx(1.0)
        assert ranking["name"].to_list()[-1] == "none"


def test_the_answer_follows_from_the_raw_tables(result: deflator.Result) -> None:
    broke = result.raw.breaks().filter(pl.col("month").is_not_null())
    by_entity = dict(broke.group_by("entity").len().iter_rows())

    for row in result.entities().filter(pl.col("p_break").is_not_null()).to_dicts():
        assert row["p_break"] == pytest.approx(by_entity.get(row["name"], 0) / 200)
    lost = result.raw.losses()["loss_musd"].sum() / 200
    assert result.losses().filter(pl.col("holder") == "all")["mean_musd"].item() == pytest.approx(lost)


def test_a_pinned_rent_is_found_again_in_the_fan(result: deflator.Result) -> None:
    last = result.rents().row(-1, named=True)

    assert last["q05"] == pytest.approx(0.6, rel=0.01)
    assert last["q95"] == pytest.approx(0.6, rel=0.01)


def test_other_libraries_read_a_result_as_the_table_of_entities(result: deflator.Result) -> None:
    assert pl.DataFrame(result).equals(result.entities())
    assert result.to_pandas()["name"].tolist() == result.entities()["name"].to_list()


def test_a_notebook_shows_shares_ranges_and_the_disclaimer(result: deflator.Result) -> None:
    shown = result._repr_html_()

    assert shown.count("<tr>") == 3 + sum(
        table.height for table in (result.layers(), result.entities(), result.cohorts())
    )
    assert "not a forecast" in shown
    assert "Neo One" in shown


def test_names_are_escaped_for_a_notebook(result: deflator.Result) -> None:
    from deflator.analysis.notebook import answer_html

    hostile = result.entities().head(1).with_columns(label=pl.lit("<script>"))

    assert "<script>" not in answer_html("run", [hostile])


def test_pandas_is_asked_for_by_name_when_it_is_missing(
    result: deflator.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(RunError, match="pip install pandas"):
        result.to_pandas()


def test_a_folder_that_is_taken_is_refused_before_anything_is_simulated(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    told: list[int] = []

    with pytest.raises(RunError, match="something else"):
        deflator.run(
            deflator.load_book(TINY),
            deflator.load_scenario("base"),
            out=tmp_path,
            progress=lambda done, total: told.append(done),
        )

    assert told == []


def test_the_public_names_are_those_that_are_listed() -> None:
    assert dir(deflator) == ["Result", "__version__", "load_book", "load_scenario", "resume", "run"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        deflator.nothing  # noqa: B018


def test_a_book_and_a_scenario_can_be_given_by_name(tmp_path: Path) -> None:
    by_name = deflator.run("fibre-2001", "base", paths=64, ignorance=4, out=tmp_path / "named")
    book, scenario = deflator.load_book("fibre-2001"), deflator.load_scenario("base")
    loaded = deflator.run(book, scenario, paths=64, ignorance=4, out=tmp_path / "loaded")

    assert by_name.raw.manifest.checksum == loaded.raw.manifest.checksum
