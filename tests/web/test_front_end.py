"""The dashboard that is shipped is the one whose sources are here."""

import hashlib
import json
import re
from pathlib import Path

from deflator.messages import LANGUAGES

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "deflator" / "web" / "static"
MOST_FIRST_BYTES, MOST_SCRIPT_BYTES = 195_000, 480_000
# Named in frontend/vite.config.ts too.
SOURCES = (
    "src",
    "build",
    "public",
    "index.html",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
)


def sources() -> list[Path]:
    found = [
        path
        for name in SOURCES
        for path in ((ROOT / "frontend" / name).rglob("*") if "." not in name else [ROOT / "frontend" / name])
    ]
    found += [
        path
        for path in (ROOT / "src" / "deflator" / "messages").glob("*/*.toml")
        if path.name.startswith(("dashboard", "terms"))
    ]
    return sorted((path for path in found if path.is_file()), key=lambda path: path.relative_to(ROOT).as_posix())


def checksum() -> str:
    total = hashlib.sha256()
    for path in sources():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(ROOT).as_posix()}\n{content}\n".encode())
    return total.hexdigest()


def test_the_shipped_dashboard_is_built_from_the_sources_as_they_stand() -> None:
    assert json.loads((STATIC / "build.json").read_text())["sources"] == checksum(), "run make frontend"


def test_the_page_asks_for_its_own_files_and_for_nothing_else() -> None:
    page = (STATIC / "index.html").read_text()
    asked = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert asked
    assert all(address.startswith("/") and (STATIC / address.removeprefix("/")).is_file() for address in asked)


def read_at_once(assets: Path, name: str, found: set[str]) -> set[str]:
    """Return a script with all that it imports before it runs."""
    if name not in found:
        found.add(name)
        for other in re.findall(r'(?:from|import)"\./([\w.-]+\.js)"', (assets / name).read_text()):
            read_at_once(assets, other, found)
    return found


def test_the_scripts_of_the_first_page_and_of_all_stay_small() -> None:
    assets = STATIC / "assets"
    sizes = {path.name: path.stat().st_size for path in assets.glob("*.js")}
    first = sum(sizes[name] for name in read_at_once(assets, "dashboard.js", set()))
    words = max(sizes[f"{language}.js"] for language in LANGUAGES)

    assert first + words < MOST_FIRST_BYTES
    assert sum(sizes.values()) < MOST_SCRIPT_BYTES


def test_the_lock_file_pins_every_package_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert len(packages) > 10
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if not entry.get("integrity")] == []
