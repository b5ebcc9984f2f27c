"""The documentation builds without a warning, its examples run, and its notebooks do too."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest
import xlsxwriter
from sources import ROOT, project_files

DOCS = ROOT / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
#: Pages of these folders are tested where their packages are.
TESTED_ELSEWHERE = {"clearing", "credit"}
SESSION = re.compile(r"^```python\n(>>> .*?)^```", re.DOTALL | re.MULTILINE)
WITH_EXAMPLES = [
    path
    for path in project_files()
    if path.suffix == ".md"
    and path.parent.name not in TESTED_ELSEWHERE
    and SESSION.search(path.read_text(encoding="utf-8"))
]
#: Python blocks without prompts that show how to call, by the page; they run in an empty folder, in one go.
BLOCK = re.compile(r"^```python\n(?!>>> )(.*?)^```", re.DOTALL | re.MULTILINE)
WITH_BLOCKS = [
    path for path in project_files() if path.suffix == ".md" and BLOCK.search(path.read_text(encoding="utf-8"))
]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_site_builds_without_a_warning_and_asks_no_other_machine(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path)],
        capture_output=True, encoding="utf-8",
    )  # fmt: skip

    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    asked = [
        f"{page.name}: {address}"
        for page in pages
        for address in re.findall(
            r"<(?:script|img|iframe)\b[^>]*\bsrc=\"(https?://[^\"]+)|<link\b[^>]*stylesheet[^>]*href=\"(https?://[^\"]+)",
            page.read_text(encoding="utf-8"),
        )
    ]
    assert len(pages) > 50
    assert asked == []


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=named)
def test_the_examples_of_a_page_print_what_it_says(path: Path) -> None:
    from deflator import plugins

    blocks = SESSION.findall(path.read_text(encoding="utf-8"))  # a page is one session, as a reader would type it
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, path.name, str(path), 0)
    try:
        failed, attempted = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(session)
    finally:
        for offered in plugins._OFFERED.values():
            offered.clear()

    assert (failed, attempted > 0) == (0, True)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)

    nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()

    assert all(cell.outputs or not cell.source.strip() or "=" in cell.source or "def " in cell.source
               for cell in notebook.cells if cell.cell_type == "code")  # fmt: skip


def test_there_are_notebooks_and_they_keep_what_they_showed() -> None:
    assert len(NOTEBOOKS) == 3
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        assert any(cell.cell_type == "code" and cell.outputs for cell in cells), path.name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out what pages speak of: a kept run of `base`, and a tape."""
    from deflator import load_book, load_scenario, run

    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEFLATOR_RUNS", str(folder / "runs"))
        run(load_book("ai-2026-02"), load_scenario("base"), paths=64, ignorance=8)
    loan = {
        "Facility ID": "LN-0001", "borrower": "CRWV", "type": "term_loan", "committed_musd": 100, "drawn_musd": 100,
        "rate_kind": "fixed", "rate_or_spread": 0.09, "issue": "2025-03", "maturity": "2029-03",
        "amortisation": "bullet", "rank": 1, "recourse": 1,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(folder / "tape.xlsx")) as book:
        sheet = book.add_worksheet("loans")
        sheet.write_row(0, 0, loan)
        sheet.write_row(1, 0, loan.values())
    return folder


@pytest.mark.parametrize("path", WITH_BLOCKS, ids=named)
def test_the_code_of_a_page_runs(path: Path, place: Path) -> None:
    """Blocks of one page run after each other, as a reader would run them."""
    code = "\n".join(BLOCK.findall(path.read_text(encoding="utf-8")))

    told = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, encoding="utf-8",
                          env=os.environ | {"DEFLATOR_RUNS": str(place / "runs")})  # fmt: skip

    assert told.returncode == 0, told.stderr
