"""A kept run leaves the program as a workbook, CSV or Parquet, and says there what it says here."""

import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner
from typer.testing import Result as Done

import deflator
from deflator.analysis import Result
from deflator.analysis.again import book_of
from deflator.cli import app
from deflator.errors import RunError
from deflator.report.cover import Export, export_of
from deflator.report.tidy import columns_of, sheet_of
from deflator.report.workbook import export, write_workbook
from spreadsheets import saved_by_libreoffice

TINY = str(Path(__file__).parents[1] / "books" / "tiny")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return deflator.run(TINY, "base+funding-freeze", 64, 8, out=tmp_path_factory.mktemp("kept") / "run")


@pytest.fixture(scope="module")
def found(result: Result) -> Export:
    return export_of(result, book_of(result.raw))


def cells(workbook: Path) -> dict[str, list[list[object]]]:
    with CalamineWorkbook.from_path(str(workbook)) as opened:
        return {name: opened.get_sheet_by_name(name).to_python() for name in opened.sheet_names}


def column(sheet: list[list[object]], name: str) -> list[object]:
    place = sheet[0].index(name)
    return [row[place] for row in sheet[1:]]


def carried(cover: list[list[object]]) -> dict[tuple[str, str], float]:
    """Return the sums on a cover by table and column."""
    start = next(place for place, row in enumerate(cover) if row[0] == "table")
    sums, table = {}, ""
    for first, _, _, name, total in cover[start + 1 :]:
        table = str(first or table)
        if name:
            sums[table, str(name)] = float(total)
    return sums


def typed(*words: str) -> Done:
    return CliRunner().invoke(app, ("export", *words))


def test_the_cover_comes_first_and_says_what_was_asked_of_what(result: Result, tmp_path: Path) -> None:
    export(result, tmp_path / "run.xlsx", book=TINY)
    sheets = cells(tmp_path / "run.xlsx")
    told = {str(row[0]): row[1] for row in sheets["cover"]}

    assert list(sheets) == ["cover", *columns_of(), "columns"]
    manifest = result.raw.manifest
    assert told["Paths"] == manifest.paths
    assert told["Draws of what is not known (0: central values)"] == manifest.draws
    assert told["Seed"] == str(manifest.seed)
    assert told["Fingerprint of the book"] == manifest.book["fingerprint"]
    assert told["Checksum of the results"] == manifest.checksum
    assert "not a forecast" in str(told["Use"])
    assert "deflator" in str(told["Made with"])


def test_libreoffice_shows_the_same_sums_and_cells(result: Result, found: Export, tmp_path: Path) -> None:
    export(result, tmp_path / "run.xlsx", book=TINY)
    saved = cells(saved_by_libreoffice(tmp_path / "run.xlsx", tmp_path))
    sums = carried(saved["cover"])

    assert sums == {
        (sheet.name, name): pytest.approx(total, rel=1e-12)
        for sheet in found.sheets
        for name, total in sheet.totals().items()
    }
    for (table, name), total in sums.items():
        numbers = [value for value in column(saved[table], name) if isinstance(value, float)]
        assert sum(numbers) == pytest.approx(total, rel=1e-12)
    assert column(saved["firms"], "name") == result.entities()["name"].to_list()
    assert column(saved["firms"], "p_break")[:-1] == pytest.approx(result.entities()["p_break"].to_list()[:-1])


def test_losses_of_holders_add_up_to_the_loss_of_all(found: Export) -> None:
    sums = {sheet.name: sheet.totals() for sheet in found.sheets}

    assert sums["losses"]["mean_musd"] == pytest.approx(sums["losses_all"]["mean_musd"], rel=1e-12)
    assert sums["layers"]["p_first"] == pytest.approx(1.0)


def test_breaks_are_counted_as_the_run_counted_them(result: Result, found: Export) -> None:
    breaks = next(sheet for sheet in found.sheets if sheet.name == "breaks").frame
    hard = result.raw.breaks().filter(pl.col("month").is_not_null()).height

    assert breaks.filter(pl.col("kind") == "hard")["paths"].sum() == hard > 0


def test_every_figure_of_the_book_is_there_with_its_grade(result: Result, found: Export) -> None:
    book = book_of(result.raw)
    figures = next(sheet for sheet in found.sheets if sheet.name == "figures").frame
    sources = next(sheet for sheet in found.sheets if sheet.name == "sources").frame

    assert figures.height == len(book.provenance) == sources["figures"].sum()
    assert figures["grade"].null_count() == 0
    assert figures.filter(pl.col("value").is_null() & pl.col("value_month").is_null()).is_empty()


def test_one_run_gives_the_same_bytes_twice(found: Export, tmp_path: Path) -> None:
    write_workbook(tmp_path / "a.xlsx", found)
    write_workbook(tmp_path / "b.xlsx", found)

    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_the_workbook_holds_no_macros_and_formulas_on_the_cover_alone(result: Result, tmp_path: Path) -> None:
    export(result, tmp_path / "run.xlsx", book=TINY)
    with zipfile.ZipFile(tmp_path / "run.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    assert not [name for name in parts if "vba" in name.lower() or "external" in name.lower()]
    assert [name for name, part in parts.items() if b"<f>" in part] == ["xl/worksheets/sheet1.xml"]


HOSTILE = ('=HYPERLINK("http://example.org")', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", "＝1+1", "<script>")


def test_cells_that_begin_like_a_formula_are_words_in_every_format(found: Export, tmp_path: Path) -> None:
    names = columns_of()["sources"]
    frame = pl.DataFrame({"source": HOSTILE, "title": HOSTILE, "url": HOSTILE, "source_date": HOSTILE,
                          "source_kind": HOSTILE, "figures": [-1] * len(HOSTILE)})  # fmt: skip
    hostile = Export("x", "=cmd()", (("=label", "@value"),), (sheet_of("sources", frame, names),), found.created)
    write_workbook(tmp_path / "hostile.xlsx", hostile)
    with zipfile.ZipFile(tmp_path / "hostile.xlsx") as archive:
        sheet, cover = (archive.read(f"xl/worksheets/sheet{number}.xml") for number in (2, 1))
    saved = cells(saved_by_libreoffice(tmp_path / "hostile.xlsx", tmp_path))

    assert b"<f>" not in sheet
    assert cover.count(b"<f>") == 1  # the sum of the column of numbers
    assert [str(cell).strip() for cell in column(saved["sources"], "title")] == [words.strip() for words in HOSTILE]
    assert column(saved["sources"], "figures") == [-1.0] * len(HOSTILE)

    from deflator.report.datapackage import write_package

    write_package(tmp_path / "csv", hostile, "csv")
    read = pl.read_csv(tmp_path / "csv" / "sources.csv")
    assert read["title"].to_list()[:-1] == ["'" + words for words in HOSTILE[:-1]]
    assert read["figures"].to_list() == [-1] * len(HOSTILE)
    write_package(tmp_path / "parquet", hostile, "parquet")
    assert pl.read_parquet(tmp_path / "parquet" / "sources.parquet")["title"].to_list() == list(HOSTILE)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_is_described_file_by_file(result: Result, found: Export, kind: str, tmp_path: Path) -> None:
    export(result, tmp_path / "folder", kind, book=TINY)
    export(result, tmp_path / "one.zip", kind, book=TINY)
    described = json.loads((tmp_path / "folder" / "datapackage.json").read_text(encoding="utf-8"))

    assert described["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert [resource["name"] for resource in described["resources"]] == list(columns_of())
    for resource, sheet in zip(described["resources"], found.sheets, strict=True):
        file = tmp_path / "folder" / resource["path"]
        names = [field["name"] for field in resource["schema"]["fields"]]
        read = pl.read_parquet(file) if kind == "parquet" else pl.read_csv(file, infer_schema_length=None)
        assert (read.columns, read.height, file.stat().st_size) == (names, sheet.frame.height, resource["bytes"])
        for name, total in resource["totals"].items():
            assert read[name].cast(pl.Float64).sum() == pytest.approx(total, rel=1e-12)
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert sorted(archive.namelist()) == sorted(path.name for path in (tmp_path / "folder").iterdir())
        assert json.loads(archive.read("datapackage.json")) == described


def test_chinese_changes_words_and_no_names(result: Result, tmp_path: Path) -> None:
    export(result, tmp_path / "zh.xlsx", language="zh", book=TINY)
    sheets = cells(tmp_path / "zh.xlsx")

    assert "并非预测" in str(sheets["cover"])
    assert sheets["firms"][0] == [described.name for described in columns_of()["firms"]]
    assert all(any("一" <= letter <= "鿿" for letter in str(row[-1])) for row in sheets["columns"][1:])


def test_a_book_that_is_not_that_of_the_run_is_refused(result: Result, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="its content has changed") as refused:
        export(result, tmp_path / "run.xlsx", book="fibre-2001")

    assert "--book" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_and_counts_what_it_wrote(result: Result, found: Export, tmp_path: Path) -> None:
    run = str(result.raw.folder)
    done = typed(run, "--book", TINY, "-o", str(tmp_path / "a.xlsx"), "--json")
    told = json.loads(done.stdout)

    assert done.exit_code == 0, done.stderr
    assert told["tables"] == {sheet.name: {"rows": sheet.frame.height, "totals": sheet.totals()}
                              for sheet in found.sheets}  # fmt: skip
    assert typed(run, "--book", TINY, "--csv", "-o", str(tmp_path / "b")).stdout.startswith("Written: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--xlsx", "--csv"), "only one format is written at a time; keep one of --xlsx, --parquet and --csv"),
        (("-o", "answer.ods"), "a workbook does not end with .ods; type -o answer.xlsx"),
        (("--csv", "-o", "answer.xlsx"), "--csv writes a folder or a .zip"),
        (("-o", "no/such/place.xlsx"), "the folder no/such does not exist"),
        (("-o", TINY + "/book.yaml", "--csv"), "something is there already"),
        (("--book", TINY + "/fleets.csv", "-o", "new.xlsx"), "is not a format of books"),
    ],
)
def test_what_cannot_be_written_is_refused_with_what_to_type(
    result: Result, words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = typed(str(result.raw.folder), *words)

    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("deflator.durable.flush_to_disk", full)
    with pytest.raises(RunError, match="No space left on device"):
        export(result, tmp_path / "run.xlsx", book=TINY)

    assert list(tmp_path.iterdir()) == []
