"""Pages that are made from the program when the site is built: its commands, its Python API, its notebooks."""

from __future__ import annotations

import base64
import importlib
import inspect
import json
import pkgutil
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MADE = "_made"
#: Packages that are offered to other programs; what is beneath them is reached through them.
PACKAGES = ("deflator", "deflator.book", "deflator.scenario", "deflator.ensemble", "deflator.analysis",
            "deflator.clearing", "deflator.credit", "deflator.data", "deflator.tape", "deflator.report",
            "deflator.plugins", "deflator.messages", "deflator.errors")  # fmt: skip
_PICTURES = {"image/png": "png", "image/svg+xml": "svg"}


def make_pages(docs: Path) -> None:
    """Write every made page anew below `docs/_made`."""
    made = docs / MADE
    shutil.rmtree(made, ignore_errors=True)
    (made / "api").mkdir(parents=True)
    (made / "notebooks").mkdir()
    (made / "cli.md").write_text(commands_page(), encoding="utf-8")
    for name, page in api_pages():
        (made / "api" / f"{name}.rst").write_text(page, encoding="utf-8")
    for notebook in sorted((docs / "notebooks").glob("*.ipynb")):
        page = notebook_page(json.loads(notebook.read_text(encoding="utf-8")), made / "notebooks", notebook.stem)
        (made / "notebooks" / f"{notebook.stem}.md").write_text(page, encoding="utf-8")


def commands_page() -> str:
    """Return a page with every command, its arguments and its options."""
    import typer

    from deflator.cli import app
    from deflator.messages import speaking

    with speaking("en"):
        command = typer.main.get_command(app)
        lines = ["# Commands", "", str(command.help), "", str(command.epilog), ""]
        lines += [line for path, found in _commands(command, ("deflator",)) for line in _command(path, found)]
    return "\n".join(lines)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, found in getattr(command, "commands", {}).items():
        if getattr(found, "commands", None):
            yield from _commands(found, (*path, name))
        else:
            yield (*path, name), found


def _command(path: tuple[str, ...], command: Any) -> list[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    shown = " ".join((*path, *(f"[{_metavar(one)}]" if not one.required else _metavar(one) for one in arguments)))
    lines = [f"## {' '.join(path)}", "", str(command.help or ""), "", "```text", f"{shown} [options]", "```", ""]
    lines += ["| | |", "| --- | --- |"]
    for one in command.params:
        name = (
            ", ".join(f"`{option}`" for option in one.opts) if one.param_type_name == "option" else f"`{_metavar(one)}`"
        )
        if one.name != "help":
            lines.append(f"| {name} | {_cell(one)} |")
    return [*lines, ""]


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _cell(parameter: Any) -> str:
    default = parameter.default
    told = "" if default in (None, False, ()) or callable(default) else f" Default: {default}."
    return f"{getattr(parameter, 'help', '') or ''}{told}".replace("|", "\\|").replace("<", "&lt;")


def api_pages() -> Iterator[tuple[str, str]]:
    """Yield a page for each public package, with its public modules."""
    for name in PACKAGES:
        try:
            package = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        modules = [name, *_public_modules(package)] if name != "deflator" else [name]
        lines = [name, "=" * len(name), ""]
        for module in modules:
            if module != name:
                lines += [module, "-" * len(module), ""]
            lines += [f".. automodule:: {module}", *_members(module, name), ""]
        yield name, "\n".join(lines)


def _public_modules(package: Any) -> list[str]:
    path = getattr(package, "__path__", None)
    return (
        sorted(
            f"{package.__name__}.{found.name}"
            for found in pkgutil.iter_modules(path)
            if not (found.ispkg or found.name == "__main__")
        )
        if path
        else []
    )


def _members(module: str, package: str) -> list[str]:
    """Return the names that a module defines itself: what it imports is documented where it stands."""
    found = importlib.import_module(module)
    own = [
        name
        for name, value in vars(found).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and getattr(value, "__module__", None) == module
    ]
    return [f"   :members: {', '.join(own)}"] if own else []


def notebook_page(notebook: Mapping[str, Any], folder: Path, stem: str) -> str:
    """Return an executed notebook as a page, with the outputs that are kept in it."""
    parts: list[str] = []
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        parts += [shown for output in cell["outputs"] if (shown := _output(output, folder, f"{stem}-{number}"))]
    return "\n\n".join(parts) + "\n"


def _output(output: Mapping[str, Any], folder: Path, name: str) -> str:
    """Return what a cell printed or drew."""
    if output["output_type"] == "stream":
        return f"```text\n{''.join(output['text']).rstrip()}\n```"
    data = output.get("data", {})
    for kind, ending in _PICTURES.items():
        if kind in data:
            content = "".join(data[kind])
            file = folder / f"{name}.{ending}"
            file.write_bytes(base64.b64decode(content) if ending == "png" else content.encode())
            return f"![{name}]({file.name})"
    return f"```text\n{''.join(data['text/plain']).rstrip()}\n```" if "text/plain" in data else ""
