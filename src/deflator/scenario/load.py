"""Find scenario files, add what they extend, put several together, and lay settings on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from deflator import plugins
from deflator.book.spelling import quoted
from deflator.errors import Fault, ScenarioError
from deflator.messages import text, translated
from deflator.scenario.content import Content
from deflator.scenario.document import Document, read_document
from deflator.scenario.reader import suggestion
from deflator.scenario.scenario import Scenario
from deflator.scenario.settings import read_setting
from deflator.scenario.tree import MOST_BYTES
from deflator.scenario.vocabulary import channels

_SUFFIXES = (".yaml", ".yml")


def shipped_scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the program.

    Examples
    --------
    >>> "essay" in shipped_scenarios()
    True
    """
    files = (item.name for item in _shipped_folder().iterdir())
    return tuple(sorted(file.removesuffix(".yaml") for file in files if file.endswith(".yaml")))


def scenario_files() -> dict[str, Traversable]:
    """Return the files of all scenarios that are known by name: the shipped ones, and those of plug-ins after them.

    A plug-in cannot give a shipped name another content.
    """
    folders = [resources.files(plugins.load("scenarios", name)) for name in plugins.names("scenarios")]
    found: dict[str, Traversable] = {}
    for folder in (_shipped_folder(), *folders):
        for file in sorted(folder.iterdir(), key=lambda item: item.name):
            if file.name.endswith(".yaml"):
                found.setdefault(file.name.removesuffix(".yaml"), file)
    return found


def load_scenario(spec: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """Return a scenario by name, by path, or put together from several.

    In `a+b` the right one decides wherever both name the same thing, except that a channel that either
    switches off is off; `extends` in a file follows the same law. Settings come last, the later over the
    earlier, and may switch a channel on again.

    Parameters
    ----------
    spec
        A shipped name, the path of a `.yaml` file, or several of them joined by `+`.
    settings
        Single changes such as `rent.level=1.5`, `monetisation.lab.scale={2026-07: 0.2}` or
        `channels.rent=off`.

    Raises
    ------
    ScenarioError
        With every fault of every file and setting.

    Examples
    --------
    >>> load_scenario("base+funding-freeze", ["rent.level=1.5"]).drivers["rent.level"].points
    (('+0', 1.5),)
    """
    whole = isinstance(spec, Path) or _is_file(Path(spec))
    faults: list[Fault] = []
    parts: list[tuple[Document, Content]] = []
    changes: list[Content] = []
    for name in [str(spec)] if whole else str(spec).split("+"):
        with _collecting(faults):
            parts.append(_assemble(_Request(name.strip(), Path(), str(spec), 0, ""), ()))
    for setting in settings:
        with _collecting(faults):
            changes.append(read_setting(setting))
    if faults:
        raise ScenarioError(dict.fromkeys(faults))
    content = reduce(Content.beside, [content for _, content in parts])
    return _settled(_scenario([document for document, _ in parts], content), changes, settings)


def parse_scenario(data: bytes, file: str) -> Scenario:
    """Return the scenario that the bytes of a file hold; it may extend shipped ones, and opens no other file.

    Parameters
    ----------
    data
        YAML or JSON.
    file
        How faults call it.

    Raises
    ------
    ScenarioError
        With every fault of it.

    Examples
    --------
    >>> heading = "name: mine, title: Mine, author: me, date: 2026-03-01, description: A test"
    >>> parse_scenario(f"{{{heading}, extends: base, channels: {{rent: off}}}}".encode(), "mine.yaml").channels["rent"]
    False
    """
    document, found = read_document(data, file)
    faults = list(found)
    parents: list[Content] = []
    for name, row in document.extends:
        with _collecting(faults):
            parents.append(_assemble(_Request(name, None, file, row, "extends"), ())[1])
    if faults:
        raise ScenarioError(dict.fromkeys(faults))
    return _scenario([document], reduce(Content.beside, [*parents, document.content]))


def with_settings(scenario: Scenario, settings: Sequence[str]) -> Scenario:
    """Return a scenario with settings on top, as `load_scenario` lays them.

    Raises
    ------
    ScenarioError
        With every fault of every setting.

    Examples
    --------
    >>> given = ["rent.level=1.5", "channels.rent=off"]
    >>> with_settings(load_scenario("base"), given) == load_scenario("base", given)
    True
    """
    faults: list[Fault] = []
    changes: list[Content] = []
    for setting in settings:
        with _collecting(faults):
            changes.append(read_setting(setting))
    if faults:
        raise ScenarioError(dict.fromkeys(faults))
    return _settled(scenario, changes, settings)


def _settled(scenario: Scenario, changes: Sequence[Content], settings: Sequence[str]) -> Scenario:
    """Return a scenario with changes on top, the later over the earlier, and their words in its title."""
    if not changes:
        return scenario
    change = reduce(Content.then, changes)
    return replace(
        scenario,
        title=text("scenario.with_settings", title=translated(scenario.title), settings=", ".join(settings)),
        drivers={**scenario.drivers, **change.drivers},
        channels={**scenario.channels, **change.channels},
        parameters={**scenario.parameters, **change.parameters},
        figures={**scenario.figures, **change.figures},
        counterfactual_covenants=change.covenants.get("counterfactual", scenario.counterfactual_covenants),
        mechanisms=_switched_on({**dict.fromkeys(scenario.mechanisms, True), **change.mechanisms}),
        origins={**scenario.origins, **change.origins},
    )


def _switched_on(mechanisms: Mapping[str, bool]) -> tuple[str, ...]:
    return tuple(name for name, on in mechanisms.items() if on)


@dataclass(frozen=True)
class _Request:
    """A scenario that is asked for, and who asks: the folder for relative paths, and the place for faults."""

    name: str
    folder: Path | None  # None: a shipped scenario asks, and sees shipped ones only
    file: str
    row: int
    field: str

    def refused(self, message: str, hint: str) -> ScenarioError:
        """Return the fault of the one who asks."""
        return ScenarioError([Fault(self.file, self.row, self.field, message, hint)])


@contextmanager
def _collecting(faults: list[Fault]) -> Iterator[None]:
    """Gather the faults of the block and go on after it."""
    try:
        yield
    except ScenarioError as error:
        faults.extend(error.faults)


def _assemble(request: _Request, chain: tuple[str, ...]) -> tuple[Document, Content]:
    """Return a document with everything it extends; `chain` names the files that led here."""
    source, file, folder = _find(request)
    if str(source) in chain:
        names = [Path(step).stem for step in (*chain[chain.index(str(source)) :], str(source))]
        raise request.refused(f"the scenarios extend each other in a circle: {' → '.join(names)}", "break it")
    try:
        with source.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise request.refused(f"{quoted(request.name)} cannot be read: {error.strerror}", "check the file") from None
    document, found = read_document(data, file)
    faults = list(found)
    parents: list[Content] = []
    for name, row in document.extends:
        with _collecting(faults):
            inner = _Request(name, folder, file, row, "extends")
            parents.append(_assemble(inner, (*chain, str(source)))[1])
    if faults:
        raise ScenarioError(faults)
    return document, reduce(Content.beside, [*parents, document.content])


def _find(request: _Request) -> tuple[Traversable, str, Path | None]:
    """Return the file of a scenario, how faults call it, and where it looks for files that it extends."""
    name = request.name
    known = scenario_files()
    if name in known:
        return known[name], f"{name}.yaml", None
    if request.folder is None or not name.endswith(_SUFFIXES):
        hint = f"{suggestion(name, known)}; or give the path of a .yaml file"
        raise request.refused(f"unknown scenario {quoted(name)}", hint)
    path = (request.folder / name).resolve()
    if not _is_file(path):
        raise request.refused(f"there is no file {quoted(name)}", "check the path")
    return path, str(request.folder / name), path.parent


def _is_file(path: Path) -> bool:
    """Tell whether a path is a file; one that the system cannot hold is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def _shipped_folder() -> Traversable:
    """Return the folder of the shipped scenarios."""
    return resources.files("deflator.scenario") / "scenarios"


def _scenario(documents: Sequence[Document], content: Content) -> Scenario:
    """Return the scenario of what was put together, under a joint heading."""
    first = documents[0]
    names = tuple(document.name for document in documents)
    return Scenario(
        name="+".join(names),
        title=" + ".join(document.title for document in documents),
        author=", ".join(dict.fromkeys(document.author for document in documents)),
        date=max(document.date for document in documents),
        description="\n\n".join(document.description for document in documents),
        extends=tuple(name for name, _ in first.extends) if len(documents) == 1 else names,
        drivers=content.drivers,
        channels={name: content.channels.get(name, True) for name in channels()},
        parameters=content.parameters,
        figures=content.figures,
        counterfactual_covenants=content.covenants.get("counterfactual", False),
        mechanisms=_switched_on(content.mechanisms),
        origins=content.origins,
    )
