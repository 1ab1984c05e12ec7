"""The exit codes: their values are a promise to scripts, the documentation lists them, and the program really uses them."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from hearken.cli import exits
from hearken.errors import HearkenError

ROOT = Path(__file__).resolve().parents[2]
CODES = {name: value for name, value in vars(exits).items() if name.startswith("EXIT_")}


def test_values() -> None:
    assert CODES == {"EXIT_DONE": 0, "EXIT_ERROR": 1, "EXIT_USAGE": 2, "EXIT_SOME_FAILED": 3, "EXIT_INTERRUPTED": 130}
    assert exits.EXIT_INTERRUPTED == 128 + signal.SIGINT


def test_an_error_of_ours_is_an_error() -> None:
    assert HearkenError.exit_code == exits.EXIT_ERROR


def test_the_documentation_lists_them() -> None:
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(row) for row in rows] == [*CODES.values(), exits.SIGNALLED + signal.SIGTERM]


def test_wrong_usage(cli) -> None:
    assert cli("no-such-command").code == exits.EXIT_USAGE
    assert cli("models", "--no-such-option").code == exits.EXIT_USAGE
    assert cli("--version").code == exits.EXIT_DONE
