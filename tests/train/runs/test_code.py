"""What code trains: the commit of a checkout of our own, and of no other."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("torch")

from hearken import __version__
from hearken.train.runs import code

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    made = tmp_path / "hearken"
    made.mkdir()
    (made / "x.py").write_text("1\n")
    return made


@needs_git
def test_a_checkout(package: Path) -> None:
    assert code.commit(package) == ""
    git(package.parent, "init", "-q")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "-qm", "one")
    head = git(package.parent, "rev-parse", "HEAD")
    assert code.commit(package) == head
    (package.parent / "beside.txt").write_text("not of the package")
    assert code.commit(package) == head
    (package / "x.py").write_text("2\n")
    assert code.commit(package) == f"{head}+changes"


@needs_git
def test_somebody_elses_checkout_says_nothing(package: Path) -> None:
    git(package.parent, "init", "-q")
    git(package.parent, "add", ".")
    git(package.parent, "commit", "-qm", "one")
    inner = package.parent / "venv" / "hearken"
    inner.mkdir(parents=True)
    assert code.commit(inner) == ""


def test_without_git(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code.shutil, "which", lambda name: None)
    assert code.commit(package) == ""
    monkeypatch.setattr(code.shutil, "which", lambda name: str(package / "no such program"))
    assert code.commit(package) == ""


def test_the_facts() -> None:
    facts = code.code_facts()
    assert facts["hearken"] == __version__
    assert (datetime.now(UTC) - datetime.fromisoformat(facts["at"])).total_seconds() < 60
    assert facts["num_threads"] >= 1
