"""What the documents tell a reader to type exists."""

import re
import shlex
from collections.abc import Iterator

import typer
from sources import ROOT, name_of, project_files

from deflator.cli import app

COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?(deflator .*|make [a-z].*)$")


def typed_lines() -> Iterator[tuple[str, list[str]]]:
    """Yield every command in a code block of a document, in words."""
    for path in project_files():
        if path.suffix != ".md":
            continue
        inside, begun = False, ""
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = begun + row
            begun = line.removesuffix("\\") if inside and line.endswith("\\") else ""
            if begun:
                continue
            if line.startswith("```"):
                inside = not inside
            elif inside and (found := COMMAND.match(line)):
                yield f"{name_of(path)}:{number}", shlex.split(found[1], comments=True)


def fault_of(words: list[str]) -> str | None:
    """Return what is wrong with a `deflator` command line, if anything."""
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
    if getattr(command, "commands", {}) and words and not words[0].startswith("-"):
        return f"no command {words[0]}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    strange = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
    return f"no option {strange}" if strange else None


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    missing = [place for place, words in typed_lines() if words[0] == "make" and words[1] not in targets]

    assert missing == []


def test_every_command_and_option_that_is_shown_exists() -> None:
    wrong = [
        f"{place}: {fault}"
        for place, words in typed_lines()
        if words[0] == "deflator" and (fault := fault_of(words[1:]))
    ]

    assert wrong == []


def test_the_readme_shows_how_to_run_and_how_to_test() -> None:
    shown = [" ".join(words) for place, words in typed_lines() if place.startswith("README.md")]

    assert {"make run", "make test"} <= set(shown)


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{name_of(path)} -> {target}"
        for path in project_files()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if "://" not in target and not (path.parent / target).exists()
    ]

    assert broken == []
