"""The documentation tells the truth: every command, option, error, flag and limit is in it, and what can run, runs."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from hearken import errors
from hearken.cli.main import app
from hearken.limits import TABLE
from hearken.types import FLAGS

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "CHANGELOG.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(app).commands
HAS_MODEL = (ROOT / "hearken" / "assets" / "pocket" / "config.json").is_file()
needs_model = pytest.mark.skipif(not HAS_MODEL, reason="the pocket model is not built yet")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def section(command: str) -> str:
    match = re.search(rf"^## `hearken {command}`\n(.*?)(?=^## |\Z)", page("docs/cli.md"), re.MULTILINE | re.DOTALL)
    assert match, f"docs/cli.md has no heading for {command}"
    return match[1]


def test_all_pages_are_seen() -> None:
    assert PAGES[2:] == [f"docs/{name}.md" for name in ("cli", "design", "faults", "install", "library", "python")]


def test_no_heading_without_a_command() -> None:
    assert set(re.findall(r"^## `hearken (\w+)`", page("docs/cli.md"), re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_its_row_and_every_row_its_option(name: str) -> None:
    rows = re.findall(r"^\| `(--?[\w-]+)", section(name), re.MULTILINE)
    options = [parameter.opts[0] for parameter in COMMANDS[name].params if parameter.param_type_name == "option"]
    assert sorted(rows) == sorted(set(options))
    assert len(rows) >= 1


def test_options_of_the_program_itself() -> None:
    options = {opt for parameter in typer.main.get_command(app).params for opt in parameter.opts}
    text = page("docs/cli.md")
    assert {option for option in options if f"`{option}`" not in text} == set()
    assert {"--version", "--install-completion"} <= options


def test_every_error_has_its_row() -> None:
    names = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.HearkenError)}
    rows = set(re.findall(r"^\| `(\w+Error)` \|", page("docs/faults.md"), re.MULTILINE))
    assert rows == names - {"HearkenError"}
    assert len(rows) >= 23


def test_every_error_that_is_made_is_met_by_a_test() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "hearken").rglob("*.py"))
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path.name != Path(__file__).name)
    made = {name for name in vars(errors) if name.endswith("Error") and re.search(rf"\b{name}\(\s*f?[\"']", sources)}
    assert len(made) >= 15
    assert {name for name in made if not re.search(rf"\b{name}\b", tests)} == set()


def test_every_flag_and_limit_has_its_row() -> None:
    text = page("docs/faults.md")
    assert re.findall(r"^\| `([a-z_]+)` \| [^|]*\| [^|]*\|$", text.split("## Errors")[0], re.MULTILINE) == list(FLAGS)
    rows = [f"| `{limit.name}` | {limit.value} {limit.unit} | {limit.help} |" for limit in TABLE]
    assert len(rows) >= 15
    assert [row for row in rows if row not in text] == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", page(name))
    assert [target for target in targets if not ((ROOT / name).parent / target).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_python_blocks_are_python(name: str) -> None:
    for block in blocks(page(name), "python"):
        ast.parse(block)


def commands_in(name: str) -> list[list[str]]:
    """The `hearken` command lines in the console blocks of a page, without shell comments and output."""
    lines = [line.removeprefix("$ ") for block in blocks(page(name), "console") for line in block.splitlines()]
    lines = [line for line in lines if line.startswith("hearken ") and "[" not in line and "..." not in line]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_console_lines_are_valid_usage() -> None:
    """Options that do not exist, or values that do not fit, would make parsing fail."""
    lines = [line for name in PAGES for line in commands_in(name)]
    assert len(lines) >= 5
    for command, *rest in lines:
        COMMANDS[command].make_context(command, [word for word in rest if word != "--json"])


def test_readme_has_five_examples_and_two_commands() -> None:
    text = page("README.md")
    assert len(re.findall(r"^<!-- example: hearken .+ -->$", text, re.MULTILINE)) == 5
    assert [block.strip() for block in blocks(text, "console")[:2]] == ["python3 dev.py demo", "python3 dev.py test"]
    assert len(commands_in("README.md")) == 5


def test_the_ci_command_is_the_readme_command() -> None:
    assert page(".ci/run").strip().endswith("exec python3 dev.py test")
    assert os.name == "nt" or os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_picture_is_there_and_asks_the_network_for_nothing() -> None:
    picture = page("docs/figures/search.svg")
    assert picture.startswith("<svg")
    assert re.findall(r"url\((?!#)", picture) == []


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HEARKEN_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)


@needs_model
def test_the_python_page_runs(tmp_path: Path) -> None:
    """All but the first block, which searches a library that a reader would have, and does nothing that others do not."""
    snippets = blocks(page("docs/python.md"), "python")
    assert len(snippets) == 3
    for snippet in snippets[1:]:
        done = run_python(snippet, tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout


@needs_model
def test_the_readme_runs(tmp_path: Path) -> None:
    """The Python example, and the five commands, on a few of the demo's sounds."""
    from hearken.audio.sounds import synthesise
    from hearken.audio.synth import save_wav

    (tmp_path / "sounds").mkdir()
    for name in ("rain", "dog_bark", "telephone"):
        save_wav(tmp_path / "sounds" / f"{name}.wav", synthesise(name))
    (snippet,) = blocks(page("README.md"), "python")
    done = run_python(snippet, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "dog_bark.wav" in done.stdout.splitlines()[0]
    for line in commands_in("README.md"):
        done = run_python(f"from hearken.cli.main import run\nrun({line!r})", tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        assert done.stdout
