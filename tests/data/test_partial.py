"""Parts of files and their marks: bytes are only gone on from where they are known to be of that address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.partial import begin, discard, finish, kept, num_bytes, part_of, version_of

URL = "http://host/x.wav"


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """Five bytes of version "v" of `URL`."""
    part = part_of(tmp_path / "x.wav")
    begin(part, URL, "v")
    part.write_bytes(b"12345")
    return part


def test_what_is_there_is_known_by_address_and_version(part: Path) -> None:
    assert part.name == "x.wav.part"
    assert kept(part, URL) == (5, "v")
    assert kept(part, "http://host/y.wav") == (0, "")
    assert (num_bytes(part), num_bytes(part.with_name("none"))) == (5, 0)


@pytest.mark.parametrize("marks", ["", "{", "[]", "3", '{"url": "http://host/x.wav"}', '{"version": "v"}', None])
def test_without_good_marks_nothing_is_known(part: Path, marks: str | None) -> None:
    place = part.with_name("x.wav.part.json")
    place.unlink()
    if marks is not None:
        place.write_text(marks)
    assert kept(part, URL) == (0, "")


@pytest.mark.parametrize("version", [None, 3, ""])
def test_bytes_may_be_of_no_known_version(part: Path, version: object) -> None:
    part.with_name("x.wav.part.json").write_text(json.dumps({"url": URL, "version": version}))
    assert kept(part, URL) == (5, "")


def test_beginning_anew_takes_the_old_bytes_away_before_the_marks_change(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        begin(part, URL, "w")
    assert kept(part, URL) == (0, "v")


def test_a_finished_file_is_in_its_place_and_a_discarded_one_nowhere(part: Path, tmp_path: Path) -> None:
    finish(part, tmp_path / "x.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]
    assert (tmp_path / "x.wav").read_bytes() == b"12345"
    begin(part, URL, "v")
    part.write_bytes(b"1")
    for _ in range(2):
        discard(part)
        assert [path.name for path in tmp_path.iterdir()] == ["x.wav"]


@pytest.mark.parametrize(
    ("etag", "changed", "version"),
    [('"a"', "Mon", '"a"'), ('W/"a"', "Mon", "Mon"), ("", "Mon", "Mon"), (None, None, ""), ('W/"a"', None, "")],
)
def test_a_weak_tag_is_no_version(etag: str | None, changed: str | None, version: str) -> None:
    assert version_of(etag, changed) == version
