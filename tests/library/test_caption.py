from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hearken.library.caption import read_caption
from hearken.limits import MAX_CAPTION_BYTES

CASES = {
    "a.txt": (b"\xef\xbb\xbf  a dog barks\n", "a dog barks"),
    "b.txt": (b"caf\xe9", "caf\ufffd"),
    "c.json": (b'{"caption": "rain falls"}', "rain falls"),
    "d.JSON": (b'{"captions": ["rain falls ", "water drips"]}', "rain falls water drips"),
    "e.json": (b'{"captions": [1, null, "bell"]}', "bell"),
    "f.json": (b'{"other": "x"}', ""),
    "g.json": (b'["caption"]', ""),
    "h.json": (b"{not json", ""),
    "i.json": (b"[" * 9_000, ""),
    "j.json": (b'{"caption": {"a": 1}}', ""),
    "k.txt": (b"", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_read_caption(tmp_path: Path, name: str) -> None:
    content, expected = CASES[name]
    (tmp_path / name).write_bytes(content)
    assert read_caption(str(tmp_path / name)) == expected


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("x" * (MAX_CAPTION_BYTES + 5))
    assert len(read_caption(str(tmp_path / "long.txt"))) == MAX_CAPTION_BYTES
    (tmp_path / "long.json").write_text(json.dumps({"caption": "x" * MAX_CAPTION_BYTES}))
    assert read_caption(str(tmp_path / "long.json")) == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_what_cannot_be_read_is_no_caption(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.txt")
    (tmp_path / "folder.txt").mkdir()
    for name in ("fifo.txt", "folder.txt", "absent.txt", "nul\0.txt"):
        assert read_caption(str(tmp_path / name)) == ""
    assert read_caption("") == ""
