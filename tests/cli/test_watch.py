"""`hearken watch`: what is followed, what is printed, how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hearken.cli import watch
from hearken.errors import InputError
from hearken.library.index import IndexReport
from hearken.search.following import Follower, Step
from tests.cli.conftest import FakeLibrary

NOTHING = IndexReport(3, 0, 3, 0, 0, 0, 0, 0, 0.0, 0.1)


@pytest.fixture
def watching(answers, monkeypatch: pytest.MonkeyPatch):
    """Run the command with a follower that tells of given steps and is then interrupted."""
    app = typer.Typer()
    app.command()(watch.watch)

    def call(steps: list[Step], *arguments: str):
        def run(self: Follower) -> None:
            call.follower = self
            self.index(self.roots)
            for step in steps:
                self.tell(step)
            raise KeyboardInterrupt

        monkeypatch.setattr(Follower, "run", run)
        return CliRunner().invoke(app, list(arguments))

    return call


def test_named_folders_are_followed_and_ctrl_c_is_130(watching, answers, tmp_path: Path) -> None:
    result = watching(
        [Step("indexed", ("/s",), replace(NOTHING, indexed=1_200, moved=1, audio_s=90.0, wall_s=2.0))], str(tmp_path), "--poll"
    )
    assert result.exit_code == 130
    (line,) = result.stdout.splitlines()
    assert line[10:] == "/s: 1 200 indexed, 1 moved (1.5 min of sound in 2.0 s)"
    assert "Watching " in result.stderr
    assert "Ended." in result.stderr
    assert watching.follower.always_poll
    assert next(call for call in answers.calls if call[0] == "index")[1] == ([str(tmp_path)],)


def test_without_folders_the_librarys_own_are_followed(watching, answers) -> None:
    watching([])
    assert next(call for call in answers.calls if call[0] == "index")[1][0][0] == "/s"


def test_a_library_without_folders_says_so(watching, monkeypatch: pytest.MonkeyPatch) -> None:
    real = FakeLibrary.info
    monkeypatch.setattr(FakeLibrary, "info", lambda self: replace(real(self), stats=replace(real(self).stats, roots=())))
    assert isinstance(watching([]).exception, InputError)


def test_only_news_is_told(watching) -> None:
    failed = replace(NOTHING, failed=2)
    gone = replace(NOTHING, absent=("/s",), kept=3)
    steps = [
        Step("indexed", ("/s",), failed),
        Step("indexed", ("/s",), failed),
        Step("indexed", ("/s",), NOTHING),
        Step("indexed", ("/s",), NOTHING),
        Step("indexed", ("/s",), gone),
        Step("away", ("/s",)),
        Step("back", ("/s",)),
        Step("waiting", ("/s",), message="Another process is writing."),
    ]
    told = [line[10:] for line in watching(steps, "/s").stdout.splitlines()]
    assert told == [
        "/s: 2 failed",
        "/s: 3 files, nothing new",
        "/s: not there, or empty: /s; what is known of it is kept",
        "/s: there again.",
        "/s: Another process is writing. Waiting for it.",
    ]


def test_json_is_a_line_for_each_step(watching) -> None:
    steps = [Step("polling", ("/s\x1b\udcff",)), Step("indexed", ("/s",), NOTHING)]
    result = watching(steps, "/s", "--json")
    first, second = [json.loads(line) for line in result.stdout.splitlines()]
    assert (first["state"], first["roots"]) == ("polling", ["/s\x1b\udcff"])
    assert second["report"]["scanned"] == 3
    assert result.stderr == ""


def test_many_folders_are_not_all_named(watching) -> None:
    result = watching([], "/a", "/b", "/c", "/d", "/e")
    assert "Watching /a, /b, /c and 2 more." in result.stderr
