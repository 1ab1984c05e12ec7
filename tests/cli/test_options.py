"""The shared options: each is spelt and explained alike wherever it appears."""

from __future__ import annotations

import typer

from hearken.cli.main import app

COMMANDS = typer.main.get_command(app).commands


def test_same_option_same_words() -> None:
    helps: dict[str, set[str]] = {}
    for name, command in COMMANDS.items():
        for parameter in command.params:
            if parameter.param_type_name == "option" and not (name in {"embed", "demo"} and parameter.name == "model"):
                helps.setdefault(parameter.opts[0], set()).add(parameter.help or "")
    assert len(helps) >= 15
    assert {option for option, texts in helps.items() if len(texts) != 1 or texts == {""}} == set()


def test_library_and_json_are_where_design_puts_them() -> None:
    def having(option: str) -> set[str]:
        return {name for name, command in COMMANDS.items() if any(option in parameter.opts for parameter in command.params)}

    assert having("--library") == {"index", "search", "similar", "info", "doctor", "forget"}
    assert having("--json") == {"index", "search", "similar", "info", "doctor", "forget", "embed", "models"}
    assert having("--model") == {"index", "search", "similar", "doctor", "embed"}
