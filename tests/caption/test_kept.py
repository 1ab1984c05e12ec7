"""Files of captions: what is in them, that they can be gone on with, and that no other file is ever touched."""

from __future__ import annotations

import csv
import errno
import json
import os
from pathlib import Path

import pytest

from hearken.caption.files import CaptionedFile, CaptionedSpan
from hearken.caption.heard import MadeCaption
from hearken.caption.kept import COLUMNS, CaptionsFile, name_of, row_json
from hearken.errors import InputError
from hearken.types import Span

BY = "tiny 0123456789ab beam 3"
FORMATS = ("csv", "json", "jsonl")


def told(path: str, text: str = "A dog, barking.") -> CaptionedFile:
    return CaptionedFile(path, MadeCaption(text, -0.5), 12.25)


ROW = row_json(told("/a.wav"))
WHOLE = {"machine_made_by": BY, "machine_made": True, "captions": [ROW]}
LONG = CaptionedFile(
    "/long.wav", MadeCaption("Rain.", -1.0), 60.0,
    (CaptionedSpan(Span(0.0, 30.0), MadeCaption("Rain.", -0.25)), CaptionedSpan(Span(30.0, 60.0), MadeCaption('A "dog".', -0.75))),
)  # fmt: skip


def lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_csv_line_by_line(tmp_path: Path) -> None:
    kept = CaptionsFile(tmp_path / "x.csv", BY)
    kept.add(told("/b.wav"))
    assert lines(kept.path) == [list(COLUMNS), ["/b.wav", "12.250", "", "", "A dog, barking.", "-0.500000", BY]]
    kept.add(LONG)
    assert [line[:5] for line in lines(kept.path)[2:]] == [
        ["/long.wav", "60.000", "0.000", "30.000", "Rain."],
        ["/long.wav", "60.000", "30.000", "60.000", 'A "dog".'],
        ["/long.wav", "60.000", "", "", "Rain."],
    ]


def test_stretches_without_their_sound_are_done_again(tmp_path: Path) -> None:
    first = CaptionsFile(tmp_path / "x.csv", BY)
    for each in (told("/a.wav"), LONG):
        first.add(each)
    whole = first.path.read_text()
    first.path.write_text(whole[: whole.rstrip().rindex("\n") + 1])
    assert list(CaptionsFile(first.path, BY).done) == ["/a.wav"]


def test_json_lines_and_json(tmp_path: Path) -> None:
    for form in ("jsonl", "json"):
        kept = CaptionsFile(tmp_path / f"x.{form}", BY)
        kept.add(LONG)
        kept.add(told("/\udce9.wav"))
        assert kept.path.exists() == (form == "jsonl")
        kept.finish(["/\udce9.wav", "/long.wav"])
    rows = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert rows == [{**row_json(told("/\udce9.wav")), "machine_made_by": BY}, {**row_json(LONG), "machine_made_by": BY}]
    whole = json.loads((tmp_path / "x.json").read_text())
    assert whole == {"machine_made_by": BY, "machine_made": True, "captions": [row_json(told("/\udce9.wav")), row_json(LONG)]}
    assert row_json(LONG)["spans"][1] == {"start_s": 30.0, "end_s": 60.0, "caption": 'A "dog".', "score": -0.75}


@pytest.mark.parametrize("form", FORMATS)
def test_going_on_where_it_stopped(tmp_path: Path, form: str) -> None:
    first = CaptionsFile(tmp_path / f"x.{form}", BY)
    for each in (LONG, told("/z\n\x1b.wav"), told("/a.wav")):
        first.add(each)
    first.finish([])
    second = CaptionsFile(first.path, BY)
    assert list(second.done) == ["/long.wav", "/z\\n\\x1b.wav", "/a.wav"]
    assert second.done["/long.wav"] == LONG
    second.add(told("/m.wav", "New."))
    second.finish(["/a.wav", "/m.wav", "/z\n\x1b.wav"])
    assert list(CaptionsFile(first.path, BY).done) == ["/a.wav", "/m.wav", "/z\\n\\x1b.wav", "/long.wav"]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_killed_run_loses_the_line_it_was_writing(tmp_path: Path, form: str) -> None:
    first = CaptionsFile(tmp_path / f"x.{form}", BY)
    for name in "ab":
        first.add(told(f"/{name}.wav"))
    first.path.write_bytes(first.path.read_bytes()[:-30])
    second = CaptionsFile(first.path, BY)
    assert list(second.done) == ["/a.wav"]
    second.add(told("/c.wav"))
    assert list(CaptionsFile(first.path, BY).done) == ["/a.wav", "/c.wav"]


@pytest.mark.parametrize("form", FORMATS)
def test_captions_of_another_captioner_stay(tmp_path: Path, form: str) -> None:
    first = CaptionsFile(tmp_path / f"x.{form}", BY)
    first.add(told("/a.wav"))
    first.finish([])
    before = first.path.read_bytes()
    with pytest.raises(InputError, match=f"were made by {BY}, not by other"):
        CaptionsFile(first.path, "other")
    assert first.path.read_bytes() == before


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("csv", "a,b\n"), ("csv", "mine"), ("csv", ",".join(COLUMNS) + "\n/a,1,,,x,y,b\n"), ("csv", ",".join(COLUMNS) + "\n/a,1,b\n"), ("csv", "\0\n"), ("json", "{}"), ("json", "[]"),
        ("json", '{"captions": [], "mine": 1}'), ("json", "[" * 200_000), ("jsonl", "[" * 200_000 + "\n"), ("json", json.dumps({**WHOLE, "mine": 1})),
        ("json", json.dumps({**WHOLE, "captions": [{**ROW, "note": 1}]})), ("json", json.dumps({**WHOLE, "captions": [{**ROW, "score": float("nan")}]})),
        ("json", json.dumps({**WHOLE, "captions": [{**ROW, "spans": [{}]}]})), ("json", json.dumps({**WHOLE, "captions": [{**ROW, "score": 10**400}]})),
        ("jsonl", json.dumps({**ROW, "note": 1, "machine_made_by": BY}) + "\n"), ("jsonl", '{"path": "/a.wav", "mine": 1}'), ("jsonl", json.dumps(ROW)),
        ("csv", ",".join(COLUMNS) + "\n/a,1,,,x,nan,b\n"), ("json", "mine"), ("jsonl", "{}\n"), ("jsonl", "mine\n"), ("jsonl", "mine"), ("jsonl", "[1]\n"), ("json", '{"captions": [1], "machine_made_by": ""}'),
    ],
)  # fmt: skip
def test_a_file_of_somebody_else_is_never_touched(tmp_path: Path, form: str, content: str) -> None:
    path = tmp_path / f"x.{form}"
    path.write_text(content)
    with pytest.raises(InputError, match="holds something else than captions that Hearken wrote"):
        CaptionsFile(path, BY)
    assert path.read_text() == content


@pytest.mark.parametrize("form", FORMATS)
def test_each_path_has_a_name_of_its_own(tmp_path: Path, form: str) -> None:
    paths = ["/a\nb.wav", "/a\\nb.wav", "/a\\\nb.wav", "/\udce9.wav", "/\\udce9.wav"]
    assert len({*map(name_of, paths)}) == len(paths)
    kept = CaptionsFile(tmp_path / f"x.{form}", BY)
    for number, path in enumerate(paths):
        kept.add(told(path, f"{number}."))
    kept.finish(paths)
    again = CaptionsFile(kept.path, BY)
    again.finish(paths)
    third = CaptionsFile(kept.path, BY)
    for number, path in enumerate(paths):
        assert third.known(path) == told(path, f"{number}.")
    assert third.known("/other.wav") is None


@pytest.mark.parametrize("form", FORMATS)
def test_two_at_a_time_lose_nothing(tmp_path: Path, form: str) -> None:
    first, second = CaptionsFile(tmp_path / f"x.{form}", BY), CaptionsFile(tmp_path / f"x.{form}", BY)
    first.add(told("/a.wav"))
    second.add(LONG)
    first.finish(["/a.wav"])
    second.finish(["/long.wav"])
    assert CaptionsFile(first.path, BY).done == {"/long.wav": LONG, "/a.wav": told("/a.wav")}
    first.add(told("/long.wav", "Heard anew."))
    first.finish([])
    assert CaptionsFile(first.path, BY).done["/long.wav"].made.text == "Heard anew.", "what was made last counts"


def test_what_an_earlier_run_left_is_written_anew_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = CaptionsFile(tmp_path / "x.csv", BY)
    kept.add(told("/a.wav"))
    kept.path.write_text(kept.path.read_text() + "/torn")
    again = CaptionsFile(kept.path, BY)
    again.add(told("/b.wav"))
    monkeypatch.setattr("hearken.caption.kept.replacing", None)
    again.add(told("/c.wav"))
    assert list(CaptionsFile(kept.path, BY).done) == ["/a.wav", "/b.wav", "/c.wav"]


@pytest.mark.parametrize("form", FORMATS)
def test_what_took_its_place_meanwhile_stays(tmp_path: Path, form: str) -> None:
    kept = CaptionsFile(tmp_path / f"x.{form}", BY)
    kept.add(told("/a.wav"))
    kept.path.write_text("mine")
    with pytest.raises(InputError, match="something else"):
        kept.finish([])
    assert kept.path.read_text() == "mine"


def test_two_that_began_together_may_write_the_columns_twice(tmp_path: Path) -> None:
    kept = CaptionsFile(tmp_path / "x.csv", BY)
    kept.add(told("/a.wav"))
    kept.path.write_text(kept.path.read_text() + ",".join(COLUMNS) + "\n")
    assert list(CaptionsFile(kept.path, BY).done) == ["/a.wav"]


def test_a_last_line_without_a_line_break(tmp_path: Path) -> None:
    """Editors leave it so; it is whole, and must not get lost."""
    for form in ("csv", "jsonl"):
        kept = CaptionsFile(tmp_path / f"x.{form}", BY)
        kept.add(told("/a.wav"))
        kept.path.write_text(kept.path.read_text()[:-1])
        assert list(CaptionsFile(kept.path, BY).done) == ["/a.wav"]


@pytest.mark.parametrize(
    ("form", "content"), [("csv", "path,dur"), ("csv", ",".join(COLUMNS)), ("jsonl", '{"pa'), ("jsonl", '{"path": "/a.w')]
)
def test_a_first_line_that_was_cut_off(tmp_path: Path, form: str, content: str) -> None:
    (tmp_path / f"x.{form}").write_text(content)
    kept = CaptionsFile(tmp_path / f"x.{form}", BY)
    assert kept.done == {}
    kept.add(told("/a.wav"))
    assert list(CaptionsFile(kept.path, BY).done) == ["/a.wav"]


@pytest.mark.skipif(os.name == "nt", reason="links and pipes")
def test_links_are_followed_and_pipes_refused(tmp_path: Path) -> None:
    for name in ("there.csv", "not-yet.csv"):
        (tmp_path / "link.csv").symlink_to(name)
        (tmp_path / "there.csv").touch()
        kept = CaptionsFile(tmp_path / "link.csv", BY)
        kept.add(told("/a.wav"))
        kept.finish([])
        assert (tmp_path / "link.csv").is_symlink()
        assert list(CaptionsFile(tmp_path / name, BY).done) == ["/a.wav"]
        (tmp_path / "link.csv").unlink()
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="is no file"):
        CaptionsFile(tmp_path / "pipe.csv", BY)


@pytest.mark.parametrize("form", FORMATS)
def test_fault_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    kept = CaptionsFile(tmp_path / f"x.{form}", BY)
    kept.add(told("/a.wav"))
    kept.finish([])
    before = kept.path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("hearken.caption.kept.replacing", full)
    with pytest.raises(InputError, match=rf"x\.{form} cannot be written: No space left"):
        kept.finish([])
    monkeypatch.setattr(Path, "open", full)
    if form != "json":
        with pytest.raises(InputError, match="cannot be written"):
            kept.add(told("/b.wav"))
    monkeypatch.undo()
    assert kept.path.read_bytes() == before


def test_who_made_them_is_one_line(tmp_path: Path) -> None:
    kept = CaptionsFile(tmp_path / "x.csv", "a\nrun")
    kept.add(told("/a.wav"))
    assert list(CaptionsFile(kept.path, "a\nrun").done) == ["/a.wav"]


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_file_has_nothing_to_lose(tmp_path: Path, form: str) -> None:
    (tmp_path / f"x.{form}").touch()
    kept = CaptionsFile(tmp_path / f"x.{form}", BY)
    kept.add(told("/a.wav"))
    kept.finish([])
    assert list(CaptionsFile(kept.path, BY).done) == ["/a.wav"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="holds something else"):
        CaptionsFile(tmp_path / "x.csv", BY)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "f.csv").mkdir()
    for name, message in (("x.txt", r"ends in none of \.csv"), ("no/x.csv", "no folder"), ("f.csv", "is a folder")):
        with pytest.raises(InputError, match=message):
            CaptionsFile(tmp_path / name, BY)


@pytest.mark.skipif(os.name == "nt", reason="modes")
@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_may_only_be_read_is_left_alone_and_others_keep_their_mode(tmp_path: Path, form: str) -> None:
    kept = CaptionsFile(tmp_path / f"x.{form}", BY)
    kept.add(told("/a.wav"))
    kept.finish([])
    kept.path.chmod(0o640)
    again = CaptionsFile(kept.path, BY)
    again.add(told("/b.wav"))
    again.finish([])
    assert kept.path.stat().st_mode & 0o777 == 0o640
    kept.path.chmod(0o444)
    before = kept.path.read_bytes()
    with pytest.raises(InputError, match=rf"x\.{form} may only be read"):
        CaptionsFile(kept.path, BY)
    assert (kept.path.read_bytes(), kept.path.stat().st_mode & 0o777) == (before, 0o444)


def test_a_folder_that_may_not_be_written_to_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.caption.kept.os.access", lambda path, mode: path != tmp_path.resolve())
    with pytest.raises(InputError, match="may not be written to"):
        CaptionsFile(tmp_path / "x.csv", BY)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    with pytest.raises(InputError, match="may not be written to"):
        CaptionsFile(tmp_path / "closed" / "x.csv", BY)
