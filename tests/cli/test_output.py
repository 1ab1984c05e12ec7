"""Tables and texts for people, JSON for programs: widths, escapes, units."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from hearken.cli import output
from hearken.data.clip import Corpus, Query, Variation
from hearken.types import Failure, Hit

HOSTILE = "/s/[bold red]x[/] \x1b[31m\u202egnp.\n\udce9<img onerror>.wav"


def screen(width: int = 80, encoding: str = "utf-8") -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace")
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


def printed(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.TextIOWrapper)
    file.flush()
    assert isinstance(file.buffer, io.BytesIO)
    return file.buffer.getvalue().decode(file.encoding)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0:00.0"),
        (3.46, "0:03.5"),
        (59.96, "1:00.0"),
        (61.2, "1:01.2"),
        (3599.99, "1:00:00.0"),
        (7384.0, "2:03:04.0"),
        (-1.0, "0:00.0"),
    ],
)
def test_clock(seconds: float, text: str) -> None:
    assert output.clock(seconds) == text


@pytest.mark.parametrize(
    ("num_bytes", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1_500, "1.5 kB"), (28_400_000, "28.4 MB"), (3 * 10**15, "3000.0 TB")]
)
def test_size(num_bytes: int, text: str) -> None:
    assert output.size(num_bytes) == text


def test_plural() -> None:
    assert [output.plural(count, "file") for count in (0, 1, 12_345)] == ["0 files", "1 file", "12 345 files"]


@pytest.mark.parametrize(
    ("score", "cells"),
    [(0.0, "          "), (1.0, "██████████"), (0.25, "██▌       "), (-0.3, "          "), (1.1, "██████████"), (0.0125, "▏         ")],
)
def test_bar(score: float, cells: str) -> None:
    assert output.bar(score) == cells


def test_bar_without_unicode() -> None:
    assert output.bar(0.42, unicode=False) == "####      "


def test_shorten_takes_from_the_middle() -> None:
    assert output.shorten("abcdefghij", 10) == "abcdefghij"
    assert output.shorten("abcdefghij", 7) == "abc…hij"
    assert output.shorten("a long name of a sound.wav", 12) == "a lon…nd.wav"


@pytest.mark.parametrize("cells", range(1, 30))
def test_shorten_never_exceeds_the_cells(cells: int) -> None:
    for text in ("雨の音がする屋根の下で録音.wav", "x" * 40, "a b c d e f g h"):
        assert cell_len(output.shorten(text, cells)) <= cells


def test_path_text_keeps_the_name_and_dims_the_folder() -> None:
    text = output.path_text("/archive/field/2019/rain.wav", 20)
    assert text.plain.endswith("rain.wav")
    assert cell_len(text.plain) <= 20
    assert [str(span.style) for span in text.spans] == ["dim", "bold"]


def test_path_below_the_working_folder_is_relative(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert output.path_text(str(tmp_path / "in" / "a.wav"), 60).plain == "in/a.wav"


@pytest.mark.skipif(os.name == "nt", reason="Windows does not let go of a working folder")
def test_a_removed_working_folder_shortens_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert output.path_text("/s/a.wav", 60).plain == "/s/a.wav"
    assert output.path_text(str(tmp_path / "home" / "a.wav"), 60).plain == os.path.join("~", "a.wav")
    console = screen()
    console.print(output.hits_table([Hit("/s/rain.wav", 3.0, 8.0, 0.5, 62.0)], console))
    assert "/s/rain.wav" in printed(console)


def test_hits_table() -> None:
    hits = [Hit("/s/rain.wav", 3.0, 8.0, 0.5, 62.0, ("/s/rain2.wav", "/s/rain3.wav")), Hit("/s/wind.wav", 0.0, 5.0, 0.25, 5.0)]
    console = screen()
    console.print(output.hits_table(hits, console))
    lines = [line.rstrip() for line in printed(console).splitlines()]
    assert lines[0].split() == ["#", "score", "file", "at", "length"]
    assert lines[1] == "1  █████      0.50  /s/rain.wav  0:03.0-0:08.0  1:02.0  +2 alike"
    assert lines[2] == "2  ██▌        0.25  /s/wind.wav  0:00.0-0:05.0  0:05.0"


def test_narrow_terminals_lose_the_bars_before_the_names() -> None:
    hits = [Hit("/archive/field/2019/autumn/rain on the tin roof.wav", 3_600.0, 3_605.0, 0.5, 7_200.0, ("/a", "/b"))]
    for width in range(74, 140):
        console = screen(width)
        console.print(output.hits_table(hits, console))
        header, line = (line.rstrip() for line in printed(console).splitlines())
        assert line.startswith("1  ")
        assert "0.50" in line
        assert "1:00:00.0-1:00:05.0  2:00:00.0  +2 alike" in line
        assert ("█████" in line) == (width >= 85)
        assert cell_len(line) <= width
        assert header.split() == ["#", "score", "file", "at", "length"]


LONG = "Rain falls on a roof while thunder rumbles in the distance and a car passes by on wet asphalt."
HEARD = [
    Hit("/s/dog.wav", 0.0, 2.0, 0.5, 9.0, (), "A dog barks."), Hit("/s/x.wav", 0.0, 2.0, 0.25, 9.0),
    Hit("/s/rain.wav", 0.0, 2.0, 0.25, 9.0, (), LONG), Hit("/s/dog.wav", 4.0, 6.0, 0.2, 9.0, (), "A dog barks."),
]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 200])
def test_machine_captions_stand_below_the_first_hit_of_their_file_on_a_terminal(width) -> None:
    console = Console(file=screen(width).file, width=width, force_terminal=True, color_system=None, highlight=False)
    output.print_hits(HEARD, console)
    lines = [line.rstrip() for line in printed(console).splitlines()]
    assert [line.split()[0] for line in lines] == ["#", "1", "heard:", "2", "3", "heard:", "4"]
    assert lines[2] == "   heard: A dog barks. (machine-made)"
    assert lines[5].startswith("   heard: Rain falls on")
    assert lines[5].endswith(" (machine-made)")
    assert max(map(len, lines)) <= width
    assert (LONG in lines[5]) == (width == 200)


def test_machine_captions_are_escaped_and_stay_out_of_pipes() -> None:
    assert "\x1b" not in output.heard_text("A \x1b[31mdog\n barks", 80, 3).plain
    console = screen()
    output.print_hits(HEARD, console)
    assert len(printed(console).splitlines()) == 5
    assert "heard" not in printed(console)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize("width", [20, 80, 4_096])
def test_fault_F3_hostile_name_in_a_table(width: int, encoding: str) -> None:
    console = screen(width, encoding)
    console.print(output.hits_table([Hit(HOSTILE, 0.0, 1.0, 0.5, 1.0)], console))
    shown = printed(console)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert len(shown.splitlines()) == 2
    if width == 4_096:
        assert "[bold red]x[/] \\x1b[31m\\u202egnp.\\n\\udce9<img onerror>.wav" in shown


def test_fault_F3_hostile_name_in_json(capsys) -> None:
    hit = Hit(HOSTILE, 0.123456, 1.0, 0.12345678, 1.0, (HOSTILE,))
    output.print_json(output.hit_json(hit))
    printed_text = capsys.readouterr().out
    assert printed_text.isascii()
    assert json.loads(printed_text) == {
        "path": HOSTILE, "start_s": 0.123, "end_s": 1.0, "score": 0.123457, "duration_s": 1.0, "duplicates": [HOSTILE],
        "machine_caption": None,
        "confidence": None,
        "weak": False,
    }  # fmt: skip


def test_json_refuses_numbers_that_json_does_not_know() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        output.print_json({"score": float("nan")})


def test_a_narrow_table_folds_where_it_may_and_drops_what_is_empty() -> None:
    screen = Console(file=io.StringIO(), width=24)
    screen.print(output.table(("name", "none", "why"), [("audiocaps-fixed", "", "a long story")], folding=("why",), drop_empty=True))
    lines = screen.file.getvalue().splitlines()
    assert lines[0].split() == ["name", "why"]
    assert lines[1].split() == ["audiocaps-fixed", "a", "long"]
    assert lines[2].split() == ["story"]


def test_a_corpus_without_clips_is_told_to_be_one() -> None:
    queries = (Query("a dog", (("a", 1.0),)), Query("rain", (("b", 1.0),)))
    assert output.no_clips(Corpus("q", Path("q"), (), queries=queries)) == "q has no clips of its own, but 2 queries."
    assert (
        output.no_clips(Corpus("v", Path("v"), (), variations=(Variation("a", "x", ("y",)),)))
        == "v has no clips of its own, but 1 variation."
    )
    assert output.no_clips(Corpus("n", Path("n"), ())) == "n has no clips of its own."


def test_tables_of_facts_escape_too() -> None:
    console = screen(200)
    console.print(output.facts_table([("where", [HOSTILE])]))
    console.print(output.table(("name",), [(HOSTILE,)]))
    assert printed(console).count("\\u202egnp.\\n\\udce9") == 2


def test_console_of_a_pipe_cuts_nothing(monkeypatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert output.console().width == 4_096
    monkeypatch.setenv("COLUMNS", "70")
    assert output.console().width == 70


def test_a_failure_names_its_path_once() -> None:
    failures = [
        Failure("/a\x1b.wav", "decode", "E", message) for message in ("/a\\x1b.wav is empty.", "/a\\x1b.wav: Torn.", "/a\\x1b.wavs.", "No.")
    ]
    assert [output.reason(failure) for failure in failures] == ["is empty.", "Torn.", "/a\\x1b.wavs.", "No."]
    told = [output.failure_text(failure) for failure in failures]
    assert told == ["/a\\x1b.wav is empty.", "/a\\x1b.wav: Torn.", "/a\\x1b.wav: /a\\x1b.wavs.", "/a\\x1b.wav: No."]


def test_folder_hint(tmp_path) -> None:
    assert output.folder_hint(tmp_path) == "Give a sound file; `hearken index` takes folders."
    assert output.folder_hint(tmp_path / "a.wav") == ""


def test_indented_is_escaped(monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    screen = output.console()
    with screen.capture() as captured:
        screen.print(output.indented("[b]x\x1b yy", 2))
    assert [line.rstrip() for line in captured.get().splitlines()] == ["  [b]x\\x1b", "  yy"]
