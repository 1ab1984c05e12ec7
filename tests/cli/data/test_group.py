"""The group itself: without a command it helps, and every command says what it is for."""

from __future__ import annotations

import pytest
import typer

from hearken.cli.data.group import app, resumable
from hearken.cli.main import run


@pytest.mark.parametrize("arguments", [["data"], ["data", "--help"], ["data", "-h"]])
def test_help_names_every_command(arguments, capsys) -> None:
    with pytest.raises(SystemExit):
        run(arguments)
    shown = capsys.readouterr()
    text = shown.out + shown.err
    names = [command.name for command in app.registered_commands]
    assert len(names) == 8
    assert [name for name in names if f" {name} " not in text] == []


def test_a_command_that_there_is_not(capsys) -> None:
    with pytest.raises(SystemExit) as leaving:
        run(["data", "chekc"])
    assert leaving.value.code == 2
    assert "check" in capsys.readouterr().err


def test_an_interrupted_command_says_that_it_can_go_on(capsys) -> None:
    def long_one(reference: str) -> None:
        assert reference == "x"
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as leaving:
        resumable(long_one)("x")
    assert leaving.value.exit_code == 130
    assert capsys.readouterr().err == "Interrupted. What was done is kept; run the same command again to go on.\n"
    named = {command.name: command.callback for command in app.registered_commands}
    assert sorted(name for name, callback in named.items() if hasattr(callback, "__wrapped__")) == [
        "check", "collect", "compose", "pack", "prepare",
    ]  # fmt: skip
