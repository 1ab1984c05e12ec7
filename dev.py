#!/usr/bin/env python3
"""Two commands for a fresh clone, with nothing but Python 3.11 or newer:

    python3 dev.py demo [FOLDER]     install Hearken into .venv and run its demo (on the sounds in FOLDER, if given)
    python3 dev.py test [ARGS...]    install it with all extras into .venv-test; run ruff, mypy and pytest (ARGS go to pytest)

An environment is made once and brought up to date when pyproject.toml or constraints.txt changed; the package is installed
in place, so edits to the code need no installation. A folder of that name that this script did not make is never touched.
Only the standard library is used here.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)
MARKER = "hearken-environment.txt"  # in every environment that we begin to make: this one may be deleted and made anew
SHARED_OUT = ("--numprocesses=logical", "--maxprocesses=4", "--dist=worksteal")  # a process of tests for each core, up to four
STAMP = "hearken-installed.txt"  # in every one that is complete: what it was made from


def say(text: str) -> None:
    """Print a line at once, before what the next program prints."""
    print(text, flush=True)


def python_of(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(extras: str) -> str:
    """Return what an up-to-date environment was made from: interpreter, place, extras, requirements."""
    facts = [sys.version, sys.base_prefix, str(ROOT), extras]
    facts += [hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in ("pyproject.toml", "constraints.txt")]
    return "\n".join(facts)


def ensure(environment: Path, extras: str) -> Path:
    """Make or update `environment` with the package and `extras` (such as "[dev]"); return its interpreter."""
    python, stamp, wanted = python_of(environment), environment / STAMP, fingerprint(extras)
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    clear_place(environment)
    say(f"Installing hearken{extras} into {environment.name} (once; a few minutes at most) ...")
    try:
        venv.create(environment, with_pip=True, symlinks=os.name != "nt")
    except subprocess.CalledProcessError:
        shutil.rmtree(environment, ignore_errors=True)
        raise SystemExit("Python cannot make virtual environments here. On Debian or Ubuntu: apt install python3-venv") from None
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    run([*pip, "--constraint", str(ROOT / "constraints.txt"), "--editable", f"{ROOT}{extras}"])
    stamp.write_text(wanted, encoding="utf-8")
    return python


def clear_place(environment: Path) -> None:
    """Leave an empty folder that carries our mark. Ends the program if something is there that is not ours to delete."""
    is_ours = not environment.is_symlink() and any((environment / name).is_file() for name in (MARKER, STAMP))
    if os.path.lexists(environment) and not is_ours:
        raise SystemExit(
            f"{environment} was not made by this script and is left as it is: rename or delete it and run this again, "
            "or install into an environment of your own as docs/install.md says."
        )
    if is_ours:
        shutil.rmtree(environment)
    environment.mkdir()
    (environment / MARKER).write_text("Made by dev.py, which may delete it and make it anew.\n", encoding="utf-8")


def run(command: Sequence[str], folder: Path = ROOT) -> None:
    """Run a program in `folder`; leave with its exit code if that is not 0."""
    code = subprocess.run(command, cwd=folder, check=False).returncode
    if code:
        raise SystemExit(code)


def demo(arguments: list[str]) -> None:
    """Install the package with its web page and run `hearken demo` where the user is."""
    python = ensure(ROOT / ".venv", "[serve]")
    run([str(python), "-m", "hearken", "demo", *arguments], Path.cwd())


def test(arguments: list[str]) -> None:
    """Install everything and run ruff, mypy and pytest; the first that fails ends it."""
    python = str(ensure(ROOT / ".venv-test", "[train,data,report,serve,mcp,java-metrics,dev]"))
    for title, command in (
        ("ruff check", ["-m", "ruff", "check", "."]),
        ("ruff format", ["-m", "ruff", "format", "--check", "."]),
        ("mypy", ["-m", "mypy"]),
        ("pytest", ["-m", "pytest", *SHARED_OUT, *arguments]),
    ):
        say(f"== {title}")
        run([python, *command])


def main() -> None:
    """Run the command named first."""
    commands = {"demo": demo, "test": test}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        raise SystemExit(__doc__)
    if sys.version_info < OLDEST_PYTHON:
        raise SystemExit(f"Hearken needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer; this is {sys.version.split()[0]}.")
    try:
        commands[sys.argv[1]](sys.argv[2:])
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
