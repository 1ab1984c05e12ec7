"""`hearken embed`: the arrays, the exit codes, and that the file is whole or absent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hearken.cli import embed
from hearken.types import AudioInfo, Embedded, EmbeddedFile, Failure, Span


class FakeEmbedder:
    """Yields results in the order of completion, here backwards; names with `bad` fail."""

    name, digest, dim = "fake", "f" * 64, 2

    def __init__(self, model: str) -> None:
        self.model = model

    def embed_files(self, paths: Iterable[str], *, jobs: int) -> Iterator[tuple[str, EmbeddedFile | Failure]]:
        for path in reversed(list(paths)):
            yield path, Failure(path, "decode", "AudioFormatError", "No sound.", "Convert it.") if "bad" in path else self.result(path)

    def result(self, path: str) -> EmbeddedFile:
        count = 1 + ("long" in path)
        windows = np.tile(np.float32([0.6, 0.8]), (count, 1))
        spans = tuple(Span(float(number), number + 1.5) for number in range(count))
        return EmbeddedFile(AudioInfo("wav", "pcm", 8_000, 1, 8_000), 1.0, frozenset(), Embedded(np.float32([1.0, 0.0]), windows, spans))


@pytest.fixture(autouse=True)
def embedder(monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.pool.FileEmbedder", FakeEmbedder)


def test_vectors_in_the_order_given(cli, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "x.npz"
    assert cli("embed", "a.wav", "b\udce9.wav", "a.wav", "--out", str(out)) == (0, f"2 vectors of 2 numbers in {out}\n", "")
    with np.load(out) as arrays:
        assert arrays.files == ["paths", "vectors"]
        assert arrays["paths"].tolist() == [f"{tmp_path}/a.wav", f"{tmp_path}/b\udce9.wav"]
        assert arrays["vectors"].dtype == np.float32
        assert arrays["vectors"].tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_windows(cli, tmp_path) -> None:
    out = tmp_path / "x.npz"
    assert cli("embed", "/a.wav", "/long.wav", "--windows", "--out", str(out)).code == 0
    with np.load(out) as arrays:
        assert arrays["window_vectors"].shape == (3, 2)
        assert arrays["spans"].tolist() == [[0.0, 1.5], [0.0, 1.5], [1.0, 2.5]]
        assert arrays["window_files"].tolist() == [0, 1, 1]


def test_some_failed_is_3(cli, tmp_path) -> None:
    out = tmp_path / "x.npz"
    code, printed, err = cli("embed", "/bad\x1b.wav", "/a.wav", "--out", str(out))
    assert (code, err) == (3, "failed: /bad\\x1b.wav: No sound.\n")
    assert printed.startswith("1 vector of 2 numbers")
    code, printed, err = cli("embed", "/bad.wav", "/a.wav", "--out", str(out), "--json")
    assert (code, err) == (3, "")
    assert json.loads(printed) == {
        "out": str(out), "model": "fake", "digest": "f" * 64, "dim": 2, "paths": ["/a.wav"],
        "failures": [{"path": "/bad.wav", "error": "AudioFormatError", "message": "No sound."}],
    }  # fmt: skip


def test_all_failed_is_1_and_nothing_is_written(cli, tmp_path) -> None:
    code, out, err = cli("embed", "/bad.wav", "--out", str(tmp_path / "x.npz"))
    assert (code, out) == (1, "")
    assert err == "Error: None of 1 file could be used. No sound.\nHint: Convert it.\n"
    assert os.listdir(tmp_path) == []


def test_out_must_be_an_npz(cli, tmp_path) -> None:
    code, _, err = cli("embed", "/a.wav", "--out", str(tmp_path / "x.wav"))
    assert code == 1
    assert "does not end in .npz" in err


class UncalledEmbedder(FakeEmbedder):
    """A test fails if anything is embedded."""

    def embed_files(self, paths: Iterable[str], *, jobs: int) -> Iterator[tuple[str, EmbeddedFile | Failure]]:
        raise AssertionError("embedding began")


def test_a_folder_that_is_not_there_is_noticed_at_once(cli, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.pool.FileEmbedder", UncalledEmbedder)
    code, out, err = cli("embed", "/a.wav", "--out", str(tmp_path / "no" / "x.npz"))
    assert (code, out) == (1, "")
    assert err == f"Error: There is no folder {tmp_path / 'no'} for the output.\nHint: Make it first, or write to another place.\n"


def test_an_output_that_is_a_folder_is_noticed_at_once(cli, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("hearken.runtime.pool.FileEmbedder", UncalledEmbedder)
    (tmp_path / "x.npz").mkdir()
    code, _, err = cli("embed", "/a.wav", "--out", str(tmp_path / "x.npz"))
    assert code == 1
    assert err == f"Error: The output {tmp_path / 'x.npz'} is a folder.\nHint: Name a file in it.\n"


def test_a_plain_name_goes_into_the_working_folder(cli, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli("embed", "/a.wav", "--out", "x.npz").code == 0
    assert os.listdir(tmp_path) == ["x.npz"]


def test_no_keyword_of_numpy_becomes_an_array(monkeypatch) -> None:
    """Numpy 2.0's savez has no `allow_pickle`: whatever keyword it gets is an array of that name."""
    saved = {}
    monkeypatch.setattr(np, "savez", lambda file, **arrays: saved.update(arrays))
    embed.npz({"/a.wav": FakeEmbedder("").result("/a.wav")}, windows=True)
    assert set(saved) == {"paths", "vectors", "window_vectors", "spans", "window_files"}


def test_as_many_jobs_as_cores_that_we_may_use(cli, tmp_path, monkeypatch) -> None:
    asked = []

    class Noting(FakeEmbedder):
        def embed_files(self, paths: Iterable[str], *, jobs: int) -> Iterator[tuple[str, EmbeddedFile | Failure]]:
            asked.append(jobs)
            return super().embed_files(paths, jobs=jobs)

    monkeypatch.setattr("hearken.runtime.pool.FileEmbedder", Noting)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 2, 5}, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    assert cli("embed", "/a.wav", "--out", str(tmp_path / "x.npz")).code == 0
    assert cli("embed", "/a.wav", "--out", str(tmp_path / "x.npz"), "--jobs", "2").code == 0
    assert asked == [3, 2]


def test_fault_S2_the_old_file_survives_a_failed_write(cli, tmp_path, monkeypatch) -> None:
    out = tmp_path / "x.npz"
    out.write_bytes(b"old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    assert cli("embed", "/a.wav", "--out", str(out)).code == 1
    assert out.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_folder_is_told_where_folders_go(cli, tmp_path) -> None:
    (tmp_path / "bad").mkdir()
    told = "Give a sound file; `hearken index` takes folders.\n"
    assert cli("embed", str(tmp_path / "bad"), "--out", str(tmp_path / "x.npz")).err.endswith(f"Hint: {told}")
    assert cli("embed", str(tmp_path / "bad"), "/a.wav", "--out", str(tmp_path / "x.npz")).err.endswith(f"bad: No sound. {told}")
