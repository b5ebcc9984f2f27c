"""The clearing pages: their examples run, their pictures are the ones the script draws."""

import doctest
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "clearing"
PAGE_NAMES = sorted(page.name for page in PAGES.glob("*.md"))
NUMBER = re.compile(r"-?\d+\.\d+")


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_every_example_of_a_clearing_page_runs_and_prints_what_it_says(name):
    text = (PAGES / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    # One page is one session, as a reader would type it.
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, name, name, 0)

    failed, attempted = doctest.DocTestRunner().run(session)

    assert failed == 0
    assert attempted > 0


def test_every_clearing_page_is_in_the_index():
    index = (PAGES / "index.md").read_text(encoding="utf-8")

    assert sorted({"index.md", *re.findall(r"\]\((.+?\.md)\)", index)}) == PAGE_NAMES


@pytest.mark.parametrize("name", [page.removesuffix(".md") for page in PAGE_NAMES if page != "index.md"])
def test_every_clearing_picture_is_what_its_script_draws(name, pictures):
    committed = (PAGES / f"{name}.svg").read_text(encoding="utf-8")
    drawn = pictures[name]()

    assert NUMBER.sub("#", committed) == NUMBER.sub("#", drawn)
    # A coordinate may fall on the other side of a rounding on another processor, and no further.
    places = [float(number) for number in NUMBER.findall(committed)]
    assert places == pytest.approx([float(number) for number in NUMBER.findall(drawn)], abs=0.11)
    assert f"]({name}.svg)" in (PAGES / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pictures():
    sys.path.insert(0, str(ROOT))
    try:
        return importlib.import_module("docs.clearing.figures").PICTURES
    finally:
        sys.path.remove(str(ROOT))
