"""What a newcomer may expect of every file."""

import ast
import re

from sources import PACKAGE, ROOT, name_of, python_files, text_files, tree_of

MOST_LINES = 600
MOST_FUNCTION_LINES = 100
# Written in pieces, so that this file does not name what it looks for.
PLACES = "|".join(f"/{name}/" for name in ("work", "home", "Users", "root"))
STAND_INS = "|".join(("raise NotImplementedError", r"\bTO" r"DO\b", r"\bFIX" r"ME\b", r"\bfor " r"now\b"))
GENERATED = {"uv.lock"}


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path, content in text_files()
        if path.name not in GENERATED
        for number, line in enumerate(content.splitlines(), 1)
        if re.search(rf"(?<![\w.:/])({PLACES})", line)
    ]

    assert found == []


def test_files_are_short_enough_to_read_in_one_sitting() -> None:
    long = [name_of(path) for path in python_files() if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES]

    assert long == []


def test_functions_are_short() -> None:
    long = [
        f"{name_of(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= MOST_FUNCTION_LINES
    ]

    assert long == []


def test_nothing_stands_in_for_the_real_thing() -> None:
    found = [
        f"{name_of(path)}:{number}"
        for path in python_files(PACKAGE)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(STAND_INS, line)
    ]

    assert found == []


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc", "manager"}

    assert [name_of(path) for path in python_files(PACKAGE) if drawers & set(path.with_suffix("").parts)] == []


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in python_files(ROOT / "tests") if path.name.startswith("test_")]

    assert sorted(names) == sorted(set(names))
