"""The command line speaks the language that was asked for."""

import os
import subprocess
import sys

import pytest

from deflator.messages import LANGUAGES, VARIABLE, speaking, spoken, text


def typed(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deflator", *arguments]
    known = {
        name: value for name, value in os.environ.items() if name not in (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG")
    }
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=known | environment | {"PYTHONUTF8": "1"})


@pytest.mark.parametrize(
    ("arguments", "environment", "language"),
    [
        (("--lang", "zh"), {}, "zh"),
        (("--lang=zh",), {VARIABLE: "en"}, "zh"),
        ((), {VARIABLE: "zh"}, "zh"),
        ((), {"LANG": "zh_CN.UTF-8"}, "zh"),
        ((), {"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ((), {"LANG": "de_DE.UTF-8"}, "en"),
        ((), {}, "en"),
    ],
)
def test_the_flag_counts_before_the_variable_and_that_before_the_locale(
    arguments: tuple[str, ...], environment: dict[str, str], language: str
) -> None:
    told = typed(*arguments, "scenarios", **environment)

    with speaking(language):
        assert told.returncode == 0
        assert text("scenario.cli.shipped") in told.stdout


def test_a_language_without_messages_is_refused_with_those_that_have_some() -> None:
    told = typed("--lang", "xx", "scenarios")

    assert told.returncode == 2
    assert "Traceback" not in told.stderr
    assert all(language in told.stderr for language in LANGUAGES)


def test_what_is_spoken_ends_with_its_block() -> None:
    before = spoken()
    with speaking("zh"), pytest.raises(ValueError, match="no messages in 'xx'"), speaking("xx"):
        pass

    assert spoken() == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scenario_template_is_valid_in_every_language(language: str, tmp_path: object) -> None:
    file = f"{tmp_path}/mine.yaml"

    assert typed("--lang", language, "scenario", "init", file).returncode == 0
    assert typed("--lang", language, "scenario", "check", file).returncode == 0
