"""Many files, several processes: every path gets its answer, whatever one of them does."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from hearken.audio.isolated import decode_isolated
from hearken.errors import AudioFormatError, AudioReadError, DigestError, ModelError, WorkerDiedError
from hearken.runtime.catalog import find_model
from hearken.runtime.model import load_model
from hearken.runtime.pool import FileEmbedder, _stage
from hearken.types import EmbeddedFile, Failure


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six sounds of 0.5 to 3 s, and three files that are none."""
    folder = tmp_path_factory.mktemp("sounds")
    for i in range(6):
        noise = 0.1 * np.random.default_rng(i).standard_normal(8_000 * (i + 1))
        soundfile.write(folder / f"{i}.wav", noise, 16_000)
    (folder / "empty.wav").touch()
    (folder / "page.mp3").write_text("<html><body>not found</body></html>")
    return folder


def names(folder: Path) -> list[str]:
    return [*(str(path) for path in sorted(folder.iterdir())), str(folder / "gone.wav")]


def test_every_path_is_answered_once(folder: Path) -> None:
    results = dict(FileEmbedder().embed_files(names(folder), jobs=2))
    assert sorted(results) == sorted(names(folder))
    kinds = {Path(path).name: type(result) for path, result in results.items()}
    assert [name for name, kind in sorted(kinds.items()) if kind is Failure] == ["empty.wav", "gone.wav", "page.mp3"]


def test_failures_say_stage_and_cause(folder: Path) -> None:
    results = dict(FileEmbedder().embed_files(names(folder), jobs=1))
    found = {Path(path).name: (result.stage, result.error) for path, result in results.items() if isinstance(result, Failure)}
    assert found == {
        "empty.wav": ("decode", "AudioEmptyError"),
        "page.mp3": ("decode", "AudioFormatError"),
        "gone.wav": ("read", "AudioReadError"),
    }


def test_vectors_equal_those_of_the_model_in_this_process(folder: Path) -> None:
    path = str(folder / "5.wav")
    ((_, result),) = FileEmbedder().embed_files([path], jobs=1)
    assert isinstance(result, EmbeddedFile)
    expected = load_model().embed([decode_isolated(path, rate_hz=32_000).samples])
    np.testing.assert_allclose(result.vectors.windows, expected.windows, atol=1e-5)
    assert result.vectors.spans == expected.spans
    assert (result.info.rate_hz, result.info.num_channels, result.duration_s) == (16_000, 1, 3.0)


def test_number_of_jobs_changes_nothing(folder: Path) -> None:
    clips = []
    for jobs in (1, 2):
        results = dict(FileEmbedder().embed_files(names(folder), jobs=jobs))
        clips.append({path: result.vectors.clip.tobytes() for path, result in results.items() if isinstance(result, EmbeddedFile)})
    assert clips[0] == clips[1]
    assert len(clips[0]) == 6


def test_stopping_early_ends_threads_and_processes(folder: Path) -> None:
    before = threading.active_count()
    results = FileEmbedder().embed_files(names(folder) * 20, jobs=2)
    next(results)
    results.close()  # type: ignore[attr-defined]
    time.sleep(0.2)
    assert threading.active_count() == before


def test_a_thread_that_searched_for_the_next_path_starts_nothing_after_the_stop(folder: Path) -> None:
    searching = threading.Event()

    def paths() -> Iterator[str]:
        yield str(folder / "0.wav")
        searching.set()
        time.sleep(0.5)
        yield str(folder / "1.wav")

    before = {child.pid for child in psutil.Process().children()}
    results = FileEmbedder().embed_files(paths(), jobs=1)
    next(results)
    searching.wait(5)
    results.close()  # type: ignore[attr-defined]
    assert [thread for thread in threading.enumerate() if thread.name == "hearken-crew"] == []
    assert [child for child in psutil.Process().children() if child.pid not in before] == []


def test_a_damaged_model_is_one_error_before_the_first_file(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(find_model("pocket"), tmp_path / "copy"))
    (copy / "audio_head.onnx").write_bytes(b"damaged")
    taken: list[str] = []
    paths = (taken.append(name) or name for name in names(folder))  # type: ignore[func-returns-value]
    with pytest.raises(DigestError, match=r"audio_head\.onnx"):
        list(FileEmbedder(copy).embed_files(paths, jobs=1))
    assert taken == []


def test_a_worker_that_dies_is_told_apart_from_a_bad_file() -> None:
    assert [_stage(kind("x")) for kind in (WorkerDiedError, AudioReadError, AudioFormatError)] == ["worker", "read", "decode"]


def test_error_of_the_path_source_reaches_the_caller(folder: Path) -> None:
    def paths() -> Iterator[str]:
        yield str(folder / "0.wav")
        raise RuntimeError("scan broke")

    with pytest.raises(RuntimeError, match="scan broke"):
        list(FileEmbedder().embed_files(paths(), jobs=1))


def test_progress_names_the_file(folder: Path) -> None:
    seen: list[str] = []
    path = str(folder / "5.wav")
    list(FileEmbedder().embed_files([path], jobs=1, on_progress=lambda name, seconds: seen.append(name)))
    assert set(seen) == {path}


def test_a_model_that_is_replaced_meanwhile_stops_the_run(folder: Path, tmp_path: Path) -> None:
    """A library must never get vectors of another model under the name of the first."""
    shutil.copytree(find_model("pocket"), tmp_path / "m")
    embedder = FileEmbedder(tmp_path / "m")
    config = tmp_path / "m" / "config.json"
    config.write_text(config.read_text().replace('"max_query_tokens": 64', '"max_query_tokens": 63'))
    with pytest.raises(ModelError, match="Another model was put into"):
        list(embedder.embed_files(names(folder), jobs=1))
