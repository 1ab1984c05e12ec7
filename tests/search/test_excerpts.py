"""Sounds cut out into a zip or a folder: names that every system takes, and what becomes of sounds that cannot be cut."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from hearken.errors import AudioReadError, InputError
from hearken.search.excerpts import LIST_NAME, excerpt_names, write_folder, write_zip, zip_chunks
from hearken.search.listing import Line

LINES = [Line("/s/rain.wav", 1.25, 2.0, 9.0, 0.5), Line("/s/gone.wav", 0.0, 1.0, 1.0), Line("/t/rain.wav", 1.25, 2.0, 9.0)]


def cut(line: Line) -> bytes:
    if "gone" in line.path:
        raise AudioReadError("/s/gone.wav: there is no such file.")
    return f"{line.path} {line.start_s}".encode() * 100


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/s/rain.wav", "001 rain 0.0s.flac"),
        ("/s/..", "001 sound 0.0s.flac"),
        ('/s/a\\b:c*?"<>|.wav', "001 a_b_c______ 0.0s.flac"),
        ("/s/CON.wav", "001 CON_ 0.0s.flac"),
        ("/s/x\n\udce9.wav", "001 x__ 0.0s.flac"),
        (f"/s/{'ä' * 300}.wav", f"001 {'ä' * 48} 0.0s.flac"),
    ],
)
def test_names_are_safe(path, name) -> None:
    assert excerpt_names([Line(path, 0.0, 1.0, 1.0)]) == [name]
    assert len(name.encode()) < 256


def test_names_differ() -> None:
    names = excerpt_names(LINES * 400)
    assert len({name.casefold() for name in names}) == 1200
    assert names == sorted(names)


def test_a_zip_holds_the_sounds_and_the_list() -> None:
    data = b"".join(zip_chunks(LINES, cut))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["001 rain 1.2s.flac", "003 rain 1.2s.flac", LIST_NAME]
        assert archive.read("003 rain 1.2s.flac") == cut(LINES[2])
        rows = list(csv.DictReader(io.StringIO(archive.read(LIST_NAME).decode(), newline="")))
    assert [(row["file"], row["path"], row["problem"]) for row in rows] == [
        ("001 rain 1.2s.flac", "/s/rain.wav", ""),
        ("", "/s/gone.wav", "/s/gone.wav: there is no such file."),
        ("003 rain 1.2s.flac", "/t/rain.wav", ""),
    ]
    assert data == b"".join(zip_chunks(LINES, cut)), "the same list gives the same zip"


def test_a_zip_comes_piece_by_piece() -> None:
    seen: list[str] = []

    def noted(line: Line) -> bytes:
        seen.append(line.path)
        return cut(line)

    chunks = zip_chunks(LINES, noted)
    assert len(next(chunks)) > 1000
    assert seen == ["/s/rain.wav"], "nothing is cut before it is asked for"


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_what_was_written_is_told(tmp_path, form) -> None:
    done: list[tuple[int, int]] = []
    place = tmp_path / ("x.zip" if form == "zip" else "new/x")
    made = (write_zip if form == "zip" else write_folder)(place, LINES, cut, on_done=lambda *each: done.append(each))
    assert made.num_written == 2
    assert made.problems == (("/s/gone.wav", "/s/gone.wav: there is no such file."),)
    assert done == [(1, 3), (2, 3), (3, 3)]
    if form == "folder":
        assert sorted(path.name for path in place.iterdir()) == ["001 rain 1.2s.flac", "003 rain 1.2s.flac", LIST_NAME]


def test_an_unwritable_place_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_folder(tmp_path / "file", LINES, cut)
    with pytest.raises(InputError, match="cannot be written"):
        write_zip(tmp_path / "absent" / "x.zip", LINES, cut)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_a_failing_cut_leaves_no_zip(tmp_path) -> None:
    def broken(line: Line) -> bytes:
        raise RuntimeError("defect")

    with pytest.raises(RuntimeError):
        write_zip(Path(tmp_path / "x.zip"), LINES, broken)
    assert list(tmp_path.iterdir()) == []


def test_what_the_format_cannot_hold_is_told_and_the_others_are_there(tmp_path: Path) -> None:
    """A sound of twelve channels does not go into FLAC; the rest of the list is not its fault."""

    def fussy(line: Line) -> bytes:
        if "gone" in line.path:
            raise InputError("FLAC holds at most 8 channels.")
        return b"sound"

    assert write_zip(tmp_path / "a.zip", LINES, fussy).problems == (("/s/gone.wav", "FLAC holds at most 8 channels."),)
    for content in (b"".join(zip_chunks(LINES, fussy)), (tmp_path / "a.zip").read_bytes()):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert len(archive.namelist()) == 3
            assert b"at most 8 channels" in archive.read(LIST_NAME)
    assert write_folder(tmp_path / "out", LINES, fussy).num_written == 2
