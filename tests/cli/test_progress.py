"""The progress bar: on a terminal only."""

from __future__ import annotations

import io
import sys

import pytest

from hearken.cli.progress import IndexProgress, sound_text
from hearken.library.index import IndexEvent

EVENTS = [
    IndexEvent("scan", 5, 0, 0.0, 0.0, 0),
    IndexEvent("embed", 2, 5, 7_200.0, 120.0, 1, "/s/[red].wav"),
    IndexEvent("done", 5, 5, 9_000.0, 150.0, 1),
]


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def drive(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, *, quiet: bool, width: int = 120) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(width))
    with IndexProgress(quiet=quiet) as progress:
        for event in EVENTS:
            progress(event)
        assert progress.last == EVENTS[-1]
    return stream.getvalue()


def test_on_a_terminal(monkeypatch) -> None:
    shown = drive(Terminal(), monkeypatch, quiet=False)
    assert "5/5" in shown
    assert "2.50 h of sound, 150x real time, 1 failed" in shown


@pytest.mark.parametrize("width", [50, 60, 74, 80])
def test_a_narrow_terminal_keeps_bar_count_and_time(monkeypatch, width) -> None:
    shown = drive(Terminal(), monkeypatch, quiet=False, width=width)
    last = [line for line in shown.splitlines() if "5/5" in line][-1]
    assert "━" * 12 in last
    assert "0:00" in last or "--:--" in last
    assert "real time" not in shown


def test_the_graph_counts_windows(monkeypatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "EVENTS", [*EVENTS, IndexEvent("graph", 16_384, 300_000, 9_000.0, 0.0, 1)])
    shown = drive(Terminal(), monkeypatch, quiet=False)
    assert "Ordering for search" in shown
    assert "16384/300000" in shown
    assert "windows" in shown


def test_captions_count_sounds(monkeypatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "EVENTS", [*EVENTS, IndexEvent("caption", 96, 4_000, 0.0, 0.0, 0)])
    shown = drive(Terminal(), monkeypatch, quiet=False)
    assert "Captioning" in shown
    assert "96/4000" in shown
    assert "sounds" in shown


def test_nothing_in_a_pipe_or_when_quiet(monkeypatch) -> None:
    assert drive(io.StringIO(), monkeypatch, quiet=False) == ""
    assert drive(Terminal(), monkeypatch, quiet=True) == ""


def test_sound_text() -> None:
    assert [sound_text(event) for event in EVENTS] == [
        "",
        "2.00 h of sound, 120x real time, 1 failed",
        "2.50 h of sound, 150x real time, 1 failed",
    ]
