"""A book in one .zip file, and zip files that are none."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from deflator.book import Book, load_book, write_book
from deflator.errors import BookError


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_folder_packed_by_hand_loads_whether_or_not_it_is_named_inside(tiny: Book, tmp_path: Path) -> None:
    write_book(tiny, tmp_path / "book")
    files = {path.name: path.read_bytes() for path in (tmp_path / "book").iterdir()}

    assert load_book(packed(tmp_path / "flat.zip", files)) == tiny
    nested = {f"mine/{name}": content for name, content in files.items()} | {"__MACOSX/mine/._fleets.csv": b"x"}
    assert load_book(packed(tmp_path / "nested.zip", nested)) == tiny


def test_one_book_makes_one_file_to_the_byte(tiny: Book, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        write_book(tiny, tmp_path / name)

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert (tmp_path / "one.zip").stat().st_size < 20_000


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a bomb": (lambda path: packed(path, {"entities.csv": b"0" * 60_000_000}), "it unpacks to 60,000,000 bytes"),
    "a way out": (lambda path: packed(path, {"../evil.csv": b"x"}), "'../evil.csv' leads out of its folder"),
    "no archive": (lambda path: path.write_bytes(b"PK"), "it is no readable .zip file"),
    "no book": (lambda path: packed(path, {"photo.jpg": b"x"}), "it holds 0 files book.yaml"),
    "two books": (lambda path: packed(path, {"a/book.yaml": b"", "b/book.yaml": b""}), "it holds 2 files book.yaml"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_zip_file_that_is_no_book_is_refused_and_unpacked_nowhere(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, told = HOSTILE[kind]
    make(tmp_path / "book.zip")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with pytest.raises(BookError) as refused:
        load_book(tmp_path / "book.zip")
    assert told in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["book.zip"]


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "book.zip", "w") as archive:
        archive.writestr("fleets.csv", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("fleets.csv", b"another")

    with pytest.raises(BookError, match="stands twice"):
        load_book(tmp_path / "book.zip")
