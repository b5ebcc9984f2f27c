"""Every message that is asked for exists and is filled, and every message that exists is asked for."""

import ast
import re
from collections.abc import Iterator
from string import Formatter

import pytest
from sources import PACKAGE, ROOT, name_of, project_files, python_files, tree_of

from deflator.analysis.claims import list_claims
from deflator.book import load_book, shipped_books
from deflator.book.schema import header_schema, parameter_rules, schema
from deflator.messages import LANGUAGES, catalogue
from deflator.scenario import load_scenario, shipped_scenarios

#: A language is called by its own name everywhere.
NAMES_OF_LANGUAGES = {"dashboard.language_zh"}
#: Translations of what stands in tables, by the words of the first language.
TABLES = "tables."


def asked_for() -> list[tuple[str, ast.Call]]:
    """Return every call of `text`, with where it stands."""
    return [
        (f"{name_of(path)}:{node.lineno}", node)
        for path in python_files(PACKAGE)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text" and node.args
    ]


def pattern(key: ast.expr) -> str | None:
    """Return the keys that an argument can be, as a pattern; None when it is a variable."""
    if isinstance(key, ast.Constant):
        return re.escape(str(key.value))
    if isinstance(key, ast.IfExp):
        either = [pattern(key.body), pattern(key.orelse)]
        return None if None in either else f"(?:{either[0]}|{either[1]})"
    if isinstance(key, ast.JoinedStr):
        pieces = (re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in key.values)
        return "".join(pieces)
    return None


def dashboard_keys() -> list[tuple[str, str]]:
    """Return every key of a message in the sources of the dashboard as a pattern, with where it stands."""
    return [
        (f"{name_of(path)}:{number}", ".+".join(map(re.escape, re.split(r"\$\{[^}]*\}", key))))
        for path in project_files()
        if path.is_relative_to(ROOT / "frontend" / "src") and path.suffix in {".svelte", ".ts"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for key in re.findall(r"""["']((?:dashboard\w*|terms)\.[\w.]+)["']""", line)
        + re.findall(r"`((?:dashboard\w*|terms)\.(?:[\w.]|\$\{[^}]*\})+)`", line)
    ]


def test_every_message_that_the_dashboard_asks_for_exists() -> None:
    missing = [place for place, keys in dashboard_keys() if not any(re.fullmatch(keys, key) for key in catalogue())]

    assert len(dashboard_keys()) > 10
    assert missing == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_dashboard_speaks_every_language_in_full(language: str) -> None:
    spoken = {key: message for key, message in catalogue(language).items() if key.startswith("dashboard")}

    assert spoken.keys() == {key for key in catalogue("en") if key.startswith("dashboard")}
    for key, message in spoken.items():
        assert set(re.findall(r"\{(\w+)\}", message)) == set(re.findall(r"\{(\w+)\}", catalogue("en")[key])), key


def test_every_message_that_is_asked_for_exists() -> None:
    missing = [
        place
        for place, call in asked_for()
        if (keys := pattern(call.args[0])) and not any(re.fullmatch(keys, key) for key in catalogue())
    ]

    assert missing == []


def test_every_message_is_asked_for() -> None:
    patterns = [keys for _, call in asked_for() if (keys := pattern(call.args[0]))]
    patterns += [keys for _, keys in dashboard_keys()]
    constants = {
        node.value
        for path in python_files(PACKAGE)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    asked = re.compile("|".join(dict.fromkeys(patterns)))
    unused = [key for key in catalogue() if key not in constants and not asked.fullmatch(key)]

    assert unused == []


def test_the_places_of_a_message_are_those_that_are_filled() -> None:
    wrong = []
    for place, call in asked_for():
        given = {keyword.arg for keyword in call.keywords}
        key = call.args[0]
        if None in given or not isinstance(key, ast.Constant):
            continue
        places = {name for _, name, _, _ in Formatter().parse(catalogue()[str(key.value)]) if name is not None}
        if places != given - {"language"}:
            wrong.append(f"{place} fills {sorted(map(str, given))} of {sorted(places)}")

    assert wrong == []


def places(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_messages(language: str) -> None:
    assert {key for key in catalogue(language) if not key.startswith(TABLES)} == set(catalogue("en"))
    assert all(isinstance(message, str) for message in catalogue(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_has_the_same_places_in_every_language(language: str) -> None:
    wrong = [key for key, said in catalogue("en").items() if places(catalogue(language)[key]) != places(said)]

    assert wrong == []


def words_of_tables() -> Iterator[str]:
    """Yield what the program's tables, books and scenarios say to a reader, in the first language."""
    yield from (rule.meaning for rule in parameter_rules().values())
    for claim in list_claims():
        yield from filter(None, (claim.statement, claim.null, claim.statistic, claim.why))
    for scenario in map(load_scenario, shipped_scenarios()):
        yield from (scenario.title, scenario.description)
    yield from (load_book(name).title for name in shipped_books())
    yield from (column.description for column in header_schema().columns)
    for table in schema().values():
        for column in table.columns:
            yield from (column.description, column.column.replace("_", " "))


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_what_tables_say_is_translated_and_nothing_that_they_no_longer_say(language: str) -> None:
    said = {key.removeprefix(TABLES) for key in catalogue(language) if key.startswith(TABLES)}

    assert said == set(words_of_tables())


def test_no_message_is_left_in_the_other_language() -> None:
    """What stands in Chinese has a Chinese character or no English word; names and abbreviations are no words."""
    chinese = re.compile(r"[\u3400-\u9fff]")
    word = re.compile(r"[a-z]{3,}")
    names = re.compile(r"\{[^}]*\}|`[^`]*`|[A-Z][A-Za-z–.]+")
    left = [
        key for key, said in catalogue("zh").items() if not chinese.search(said) and word.search(names.sub("", said))
    ]
    strayed = [key for key, said in catalogue("en").items() if chinese.search(said) and key not in NAMES_OF_LANGUAGES]

    assert (left, strayed) == ([], [])


def test_one_thing_has_one_word_in_chinese() -> None:
    """Books, grades, layers, breaks and tapes are called alike on every page, command and report."""
    others = ("账册", "推算", "假定", "已报告", "贷款方", "新云", "房东", "断裂", "未知量", "群组", "预支率", "贷款带")
    strayed = [(key, word) for key, said in catalogue("zh").items() for word in others if word in said]

    assert strayed == []
