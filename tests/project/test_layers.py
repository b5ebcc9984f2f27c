"""Each package builds on those below it, and on nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sources import PACKAGE, name_of, python_files, tree_of

FOUNDATION = ("errors", "messages", "defaults", "durable")
#: Lower ones first; what stands in one line knows nothing of its neighbours.
LAYERS = (
    ("plugins",),
    ("clearing", "credit"),
    ("book",),
    ("scenario", "data"),
    ("engine",),
    ("ensemble",),
    ("analysis",),
    ("tape",),
    ("report",),
    ("web",),
    ("cli",),
    ("__main__",),
)
HEIGHT = {name: height for height, names in enumerate((FOUNDATION, *LAYERS)) for name in names}
FOREIGN_TO = {
    "engine": {"polars", "rich", "typer", "yaml"},
    "analysis": {"rich", "typer", "yaml", "matplotlib"},
    "ensemble": {"rich", "typer", "yaml"},
    "data": {"numba", "scipy", "typer", "rich"},
    "book": {"numba", "scipy", "typer", "rich"},
    "clearing": {"pydantic", "typer", "rich"},
    "credit": {"pydantic", "typer", "rich"},
}


def package_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} imports relatively; name the package"
            whole = node.module == "deflator"
            names = [f"deflator.{alias.name}" for alias in node.names] if whole else [str(node.module)]
            yield from ((name, node.lineno) for name in names)


def test_every_package_has_its_place() -> None:
    there = {package_of(path) for path in python_files(PACKAGE)} - {"__init__"}

    assert there <= set(HEIGHT)


def test_imports_lead_downward_only() -> None:
    upward = []
    for path in python_files(PACKAGE):
        own = package_of(path)
        for name, line in imports(path):
            parts = name.split(".")
            target = parts[1] if parts[0] == "deflator" and len(parts) > 1 else own
            if own == "__init__" or target in (own, "__version__"):
                continue
            if HEIGHT[target] >= HEIGHT[own]:
                upward.append(f"{name_of(path)}:{line} imports {name}")

    assert upward == []


@pytest.mark.parametrize("package", FOREIGN_TO)
def test_a_package_stays_with_its_trade(package: str) -> None:
    strayed = [
        f"{name_of(path)}:{line} imports {name}"
        for path in python_files(PACKAGE / package)
        for name, line in imports(path)
        if name.split(".")[0] in FOREIGN_TO[package]
    ]

    assert strayed == []


def test_the_package_itself_imports_nothing_of_ours_before_it_is_asked() -> None:
    at_once = [
        node
        for node in tree_of(PACKAGE / "__init__.py").body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("deflator")
    ]

    assert at_once == []
