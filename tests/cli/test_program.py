"""The commands in one application; `test_architecture` says which."""

from __future__ import annotations

import subprocess
import sys

from hearken.cli import main, program


def test_the_start_has_the_commands_when_asked() -> None:
    assert main.app is program.app


def test_the_start_imports_no_command_before_it_runs() -> None:
    code = "import sys, hearken.cli.main\nprint(*(name for name in sys.modules if name == 'typer' or name.startswith('hearken.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["hearken.cli", "hearken.cli.exits", "hearken.cli.main", "hearken.errors"]
