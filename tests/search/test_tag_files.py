"""Labels in files: the table, and texts beside the sounds."""

from __future__ import annotations

import pytest

from hearken.errors import InputError
from hearken.search.tag_files import SIDECAR, write_sidecars, write_table
from hearken.search.tagging import Tagged


def test_table(tmp_path) -> None:
    write_table(tmp_path / "x.csv", [Tagged("00", ("/a.wav", "/b\n.wav"), (("Dog", 0.61), ("=x", 0.6))), Tagged("01", ("/c.wav",), ())])
    assert (tmp_path / "x.csv").read_bytes().decode().splitlines() == [
        "path,label,score", "/a.wav,Dog,0.61", "/a.wav,'=x,0.6", "/b\\n.wav,Dog,0.61", "/b\\n.wav,'=x,0.6",
    ]  # fmt: skip
    with pytest.raises(InputError, match="cannot be written"):
        write_table(tmp_path / "absent" / "x.csv", [])


def test_sidecars(tmp_path) -> None:
    for name in ("a.wav", "none.wav"):
        (tmp_path / name).write_bytes(b"sound")
    paths = tuple(str(tmp_path / name) for name in ("a.wav", "gone.wav"))
    done = write_sidecars([Tagged("00", paths, (("Dog", 0.6), ("Bark", 0.5))), Tagged("01", (str(tmp_path / "none.wav"),), ())])
    assert (done.num_written, [path for path, _ in done.problems]) == (1, [paths[1]])
    assert (tmp_path / f"a.wav{SIDECAR}").read_text() == "Dog\nBark\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", f"a.wav{SIDECAR}", "none.wav"]
