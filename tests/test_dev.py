"""The script for fresh clones: its commands, and that a second run installs nothing."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def dev(tmp_path, monkeypatch) -> ModuleType:
    """The script as a module, whose repository is a temporary folder and which installs nothing."""
    spec = importlib.util.spec_from_file_location("dev", ROOT / "dev.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text(name)
    module.ROOT = tmp_path
    module.commands = []
    module.run = lambda command, folder=None: module.commands.append([str(word) for word in command])
    monkeypatch.setattr(module.venv, "create", lambda folder, **options: make_environment(module, folder))
    return module


def make_environment(module: ModuleType, folder: Path) -> None:
    module.python_of(folder).parent.mkdir(parents=True)
    module.python_of(folder).touch()


def test_help() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "dev.py")], capture_output=True, text=True)
    assert done.returncode == 1
    assert "python3 dev.py demo [FOLDER]" in done.stderr


def test_demo_installs_once(dev, tmp_path, capsys) -> None:
    dev.demo(["my sounds", "--jobs", "2"])
    python = str(dev.python_of(tmp_path / ".venv"))
    assert dev.commands[0][:5] == [python, "-m", "pip", "install", "-qq"]
    assert dev.commands[0][-4:] == ["--constraint", str(tmp_path / "constraints.txt"), "--editable", f"{tmp_path}[serve]"]
    assert dev.commands[1] == [python, "-m", "hearken", "demo", "my sounds", "--jobs", "2"]
    dev.demo([])
    assert dev.commands[2:] == [[python, "-m", "hearken", "demo"]]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_install_anew(dev, tmp_path, name) -> None:
    dev.ensure(tmp_path / ".venv", "")
    (tmp_path / ".venv" / "stale").touch()
    (tmp_path / name).write_text("changed")
    dev.ensure(tmp_path / ".venv", "")
    assert len(dev.commands) == 2
    assert not (tmp_path / ".venv" / "stale").exists()


def test_an_installation_interrupted_in_pip_is_done_again(dev, tmp_path, monkeypatch) -> None:
    def interrupted(command: list[str], folder: Path | None = None) -> None:
        assert sorted(path.name for path in (tmp_path / ".venv").iterdir()) == ["bin" if os.name == "posix" else "Scripts", dev.MARKER]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dev, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dev.ensure(tmp_path / ".venv", "")
    dev.ensure(tmp_path / ".venv", "")
    assert len(dev.commands) == 1


def test_an_installation_interrupted_while_the_environment_is_made_is_done_again(dev, tmp_path, monkeypatch) -> None:
    def interrupted(folder: Path, **options: object) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(dev.venv, "create", interrupted)
        with pytest.raises(KeyboardInterrupt):
            dev.ensure(tmp_path / ".venv", "")
    dev.ensure(tmp_path / ".venv", "")
    assert len(dev.commands) == 1
    assert not (tmp_path / ".venv" / "half").exists()


def test_python_without_venv_leaves_nothing_behind(dev, tmp_path, monkeypatch) -> None:
    def unable(folder: Path, **options: object) -> None:
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(dev.venv, "create", unable)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        dev.ensure(tmp_path / ".venv", "")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("kind", ["environment", "empty folder", "file", "link"])
def test_what_the_user_made_is_left_alone(dev, tmp_path, kind) -> None:
    place, elsewhere = tmp_path / ".venv", tmp_path / "elsewhere"
    if kind == "environment":
        make_environment(dev, place)
    elif kind == "empty folder":
        place.mkdir()
    elif kind == "file":
        place.write_text("mine")
    else:
        make_environment(dev, elsewhere)
        (elsewhere / dev.MARKER).touch()
        place.symlink_to(elsewhere, target_is_directory=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit, match="was not made by this script and is left as it is: rename or delete it") as leaving:
        dev.demo([])
    assert str(leaving.value).startswith(str(place))
    assert "\n" not in str(leaving.value)
    assert sorted(tmp_path.rglob("*")) == before
    assert dev.commands == []


def test_an_older_environment_of_ours_has_only_the_stamp(dev, tmp_path) -> None:
    make_environment(dev, tmp_path / ".venv")
    (tmp_path / ".venv" / dev.STAMP).write_text("made from something else")
    dev.ensure(tmp_path / ".venv", "")
    assert len(dev.commands) == 1
    assert (tmp_path / ".venv" / dev.MARKER).is_file()


def test_test_passes_arguments_on(dev, tmp_path) -> None:
    dev.test(["-k", "search"])
    assert dev.commands[0][-1] == f"{tmp_path}[train,data,report,serve,mcp,java-metrics,dev]"
    assert [command[2] for command in dev.commands[1:]] == ["ruff", "ruff", "mypy", "pytest"]
    assert dev.commands[-1][3:] == [*dev.SHARED_OUT, "-k", "search"], "what the user says comes last, and so counts"


def test_constraints_pin_every_direct_dependency_within_its_range() -> None:
    pins = dict(re.findall(r"^([\w.-]+)==([\w.]+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    assert len(wanted) >= 20
    from packaging.requirements import Requirement

    canonical = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(canonical[requirement.name.lower()]), requirement
    assert pins["torch"] == "2.13.0"


def test_the_plain_installation_carries_no_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not any(re.match(r"torch|transformers|onnx\b|librosa|scipy", line) for line in project["dependencies"])


def test_no_registry_address_anywhere() -> None:
    files = [ROOT / name for name in ("pyproject.toml", "constraints.txt", "dev.py", ".ci/run", "README.md", "docs/install.md")]
    assert [file.name for file in files if re.search(r"index[-]url|find[-]links", file.read_text(encoding="utf-8"))] == []
