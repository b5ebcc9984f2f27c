"""Where the files of the project lie, and how its Python reads."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "deflator"
_FOLDERS = ("src", "tests", "bench", "docs", "frontend", ".ci")
_MADE = {".git", "__pycache__", "node_modules", "_made", "_build"}


def project_files() -> list[Path]:
    """Return every file that is kept with the project; build products and what git itself keeps are left out."""
    found = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    for folder in _FOLDERS:
        found += (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return sorted(path for path in found if not _MADE & set(path.parts))


def text_files() -> Iterator[tuple[Path, str]]:
    """Yield every file that people read, with its content."""
    for path in project_files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def python_files(folder: Path = ROOT) -> list[Path]:
    """Return the Python files of the project, or of a folder of it."""
    return [path for path in project_files() if path.suffix == ".py" and path.is_relative_to(folder)]


@cache
def tree_of(path: Path) -> ast.Module:
    """Return how a Python file reads."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    """Return the path as a reader knows it, from the root of the project."""
    return path.relative_to(ROOT).as_posix()
