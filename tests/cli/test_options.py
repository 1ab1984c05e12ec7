"""The shared options: each is spelt and explained alike wherever it appears."""

from __future__ import annotations

import pytest
import typer

from hearken.cli.main import app
from hearken.cli.options import hit_count, seconds
from hearken.limits import MAX_HITS

COMMANDS = typer.main.get_command(app).commands


def test_same_option_same_words() -> None:
    helps: dict[str, set[str]] = {}
    for name, command in COMMANDS.items():
        for parameter in command.params:
            if parameter.param_type_name == "option" and not (
                parameter.name == "out" or (name in {"embed", "demo"} and parameter.name == "model")
            ):
                helps.setdefault(parameter.opts[0], set()).add(parameter.help or "")
    assert len(helps) >= 15
    assert {option for option, texts in helps.items() if len(texts) != 1 or texts == {""}} == set()


def test_library_and_json_are_where_design_puts_them() -> None:
    def having(option: str) -> set[str]:
        return {name for name, command in COMMANDS.items() if any(option in parameter.opts for parameter in command.params)}

    assert having("--library") == {"index", "search", "similar", "info", "doctor", "forget"}
    assert having("--json") == {"index", "search", "similar", "info", "doctor", "forget", "embed", "models", "export"} | (
        set(COMMANDS) & {"convert"}
    )
    assert having("--model") == {"index", "search", "similar", "doctor", "embed"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0.0), ("1.5", 1.5), (".5", 0.5), (90.0, 90.0), ("1:00", 60.0), ("75:30", 4_530.0), ("0:03.5", 3.5), ("1:02:03", 3_723.0)],
)
def test_lengths(text, expected) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "-1", "abc", "1:5", "1:60", "1:99:00", "1:60:00", "1:", ":30", "nan", "inf", "1e9", "1:2:3:4", "1,5", "\u0661"]
)
def test_what_is_no_length_is_a_sentence(text) -> None:
    with pytest.raises(typer.BadParameter, match="is no length: give seconds such as 90, or M:SS"):
        seconds(text)


def test_hit_count() -> None:
    assert [hit_count("1"), hit_count(10), hit_count(str(MAX_HITS))] == [1, 10, MAX_HITS]
    for text in ("0", "-3", "abc", "2.5", "", str(MAX_HITS + 1), "1\x1b"):
        with pytest.raises(typer.BadParameter, match="is not a whole number from 1 to") as error:
            hit_count(text)
        assert "\x1b" not in error.value.message


def test_the_sentence_names_the_option(cli, answers) -> None:
    code, _, err = cli("search", "x", "-k", "abc")
    assert code == 2
    assert f"Invalid value for '-k': 'abc' is not a whole number from 1 to {MAX_HITS}." in err
    assert "'--max-duration': '1:5' is no length" in cli("similar", "x.wav", "--max-duration", "1:5").err
    assert cli("search", "x", "--min-duration", "1:00:01").code == 0
    assert answers.calls[-1][2]["min_duration_s"] == 3_601.0
