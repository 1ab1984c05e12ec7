"""The bars: on a terminal only, and never markup out of a title."""

from __future__ import annotations

import re

import pytest

from hearken.cli.bars import CountBar, DownloadBar, StepLine


def test_the_bar_is_silent_in_a_pipe_and_shows_bytes_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with DownloadBar("x", quiet=False) as bar:
        bar(1, 2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    with DownloadBar("cnn14", quiet=False) as bar:
        bar(1_000_000, 2_000_000)
        bar(2_000_000, None)
    assert "cnn14" in capsys.readouterr().err


def test_a_narrow_terminal_keeps_name_and_bytes_on_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    with DownloadBar("https://zenodo.org/records/3987831/files/Cnn14.pth", quiet=False) as bar:
        bar(1_000_000, 327_000_000)
    shown = capsys.readouterr().err
    assert "Cnn14.pth 1.0/327.0 MB" in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "zenodo" not in shown


@pytest.mark.parametrize("quiet", [True, False])
def test_things_are_counted(quiet: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "xterm")
    with CountBar("[red]Decoding", "clips", quiet=quiet) as bar:
        bar(3, 7)
        bar(7, 7)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert ("[red]Decoding" in shown, "7/7 clips" in shown) == (not quiet, not quiet)


@pytest.mark.parametrize(("quiet", "terminal"), [(False, True), (True, True), (False, False)])
def test_steps_are_shown_on_a_terminal(
    quiet: bool, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    with CountBar("caption", "clips", quiet=quiet) as bar, StepLine("Scoring", quiet=quiet) as line:
        bar(3, 3)
        bar.close()
        line("[red]METEOR")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert ("Scoring: [red]METEOR ..." in shown) == (terminal and not quiet)
