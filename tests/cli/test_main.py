"""Exit codes and error texts: what happens around the commands."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hearken
from hearken import errors
from hearken.cli import main

ALL_ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.HearkenError)]


def test_version(cli) -> None:
    assert cli("--version") == (0, f"hearken {hearken.__version__}\n", "")


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("search", "--help")])
def test_help(cli, arguments) -> None:
    code, out, err = cli(*arguments)
    assert (code, err) == (0, "")
    assert "Usage: hearken" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("search",), "TEXT"),
        (("search", "x", "-k", "0"), "'-k'"),
        (("search", "x", "-k", "many"), "'-k'"),
        (("search", "x", "--lbrary", "y"), "--lbrary"),
        (("search", "x", "--min-duration", "-1"), "--min-duration"),
        (("index",), "Missing argument"),
        (("serach", "x"), "serach"),
        (("embed", "a.wav"), "--out"),
    ],
)
def test_wrong_usage_is_2(cli, arguments, message) -> None:
    code, out, err = cli(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_every_error_of_the_tree_is_a_sentence_a_hint_and_1(cli, answers) -> None:
    assert len(ALL_ERRORS) >= 24
    for kind in ALL_ERRORS:
        answers.error = kind("It went wrong.", "Do it right.")
        assert cli("info") == (1, "", "Error: It went wrong.\nHint: Do it right.\n")


def test_no_hint_no_line(cli, answers) -> None:
    answers.error = errors.StoreError("It went wrong.")
    assert cli("info", "--json") == (1, "", "Error: It went wrong.\n")


def test_errors_of_the_system_are_sentences_too(cli, answers) -> None:
    answers.error = PermissionError(errno.EACCES, "Permission denied", "/x\x1b[1m/\udce9")
    code, out, err = cli("info")
    assert (code, out) == (1, "")
    assert err.startswith("Error: Permission denied (/x\\x1b[1m/\\udce9).\nHint: ")


def test_a_defect_shows_no_traceback(cli, answers) -> None:
    answers.error = ZeroDivisionError("division by zero")
    code, out, err = cli("info")
    assert (code, out) == (1, "")
    assert (
        err
        == "Error: Something went wrong inside Hearken: ZeroDivisionError: division by zero\nHint: Set HEARKEN_DEBUG=1 for the details.\n"
    )


def test_a_developer_gets_the_traceback(answers, monkeypatch) -> None:
    monkeypatch.setenv("HEARKEN_DEBUG", "1")
    answers.error = ZeroDivisionError("division by zero")
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        main.run(["info"])


def test_ctrl_c_is_130(cli, answers) -> None:
    answers.error = KeyboardInterrupt()
    assert cli("info").code == 130


def test_ctrl_c_while_a_compiled_module_is_loaded_is_ctrl_c(cli, answers) -> None:
    answers.error = ImportError("initialization failed")
    answers.error.__cause__ = KeyboardInterrupt()
    assert cli("search", "x") == (130, "", "")


def test_ctrl_c_while_the_commands_are_imported_is_ctrl_c() -> None:
    code = (
        "import sys\nclass Stop:\n    def find_spec(self, name, *_):\n        if name == 'typer':\n            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stop())\nfrom hearken.cli.main import run\nrun()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_once_more_ends_what_is_ending_silently() -> None:
    code = (
        "import threading, time\nfrom hearken.cli import main, program\ndef app(**_):\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n    print('now', flush=True)\n    time.sleep(60)\n"
        "program.app = app\nmain.run()"
    )
    started = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "now\n"
    for _ in range(2):
        started.send_signal(signal.SIGINT)
        time.sleep(0.3)
    _, err = started.communicate(timeout=20)
    assert (started.returncode, err) == (130, "")


def test_python_m_is_the_same_program() -> None:
    done = subprocess.run([sys.executable, "-m", "hearken", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"hearken {hearken.__version__}\n")


@pytest.mark.skipif(os.name == "nt", reason="no such pipes on Windows")
def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "hearken", "models", "--json"], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_versions_agree() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert re.findall(r'^version = "(.+)"$', text, re.MULTILINE) == [hearken.__version__]
