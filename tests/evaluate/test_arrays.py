from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.arrays import read_arrays


def test_the_arrays_that_are_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=np.arange(3), two=np.eye(2))
    found = read_arrays(tmp_path / "a.npz", ("two", "three"), "")
    assert list(found) == ["two"]
    assert np.array_equal(found["two"], np.eye(2))


def test_what_is_no_archive_is_refused_with_the_hint(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, one=np.arange(1_000))
    whole = path.read_bytes()
    damaged = [b"", b"PK\3\4", whole[:-30], whole[: len(whole) // 2], b"\x93NUMPY\1\0v\0{'descr': (", whole.replace(b"NUMPY", b"NUMPX")]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(EvaluationError, match=r"no \.npz of plain arrays") as caught:
            read_arrays(path, ("one",), "Make it again.")
        assert caught.value.hint == "Make it again."
    with pytest.raises(EvaluationError, match="cannot be read: No such file"):
        read_arrays(tmp_path / "b.npz", ("one",), "")


def test_objects_are_never_built(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=np.array([{}], object))
    with pytest.raises(EvaluationError, match=r"no \.npz of plain arrays"):
        read_arrays(tmp_path / "a.npz", ("one",), "")
