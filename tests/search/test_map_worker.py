from __future__ import annotations

import subprocess
import sys
from io import FileIO
from pathlib import Path

import numpy as np
import pytest

from hearken.audio import wire
from hearken.search import map_worker
from tests.small_library import SmallLibrary, unit

pytest.importorskip("sklearn")


@pytest.fixture
def library(tmp_path: Path):
    made = SmallLibrary(tmp_path / "library")
    for number in range(9):
        direction = [1.0, 0.1 * number, 0, 0] if number % 2 else [0, 0, 1.0, 0.1 * number]
        made.put(f"/s/{number}.wav", [unit(*direction)] * 2)
    made.refresh()
    yield made
    made.close()


def test_all_living_sounds_are_on_the_map_by_id(library: SmallLibrary, tmp_path: Path) -> None:
    library.remove("/s/4.wav")
    body, (ids, versions, xy, regions, votes) = map_worker.answer(tmp_path / "library", np.eye(4, dtype=np.float32))
    assert body == {"kind": "map", "generation": library.store.generation, "library_id": library.store.library_id, "model": "d" * 32}
    assert dict(zip(ids.tolist(), versions.tolist(), strict=True)) == library.store.file_versions()
    assert (xy.shape, len(regions), votes.sum()) == ((8, 2), 8, 8)


def test_of_too_many_a_sample_is(library: SmallLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_worker, "MAX_SOUNDS", 5)
    _, (ids, *_) = map_worker.answer(tmp_path / "library", np.eye(4, dtype=np.float32))
    assert len(ids) == 5
    assert (ids[0], ids[-1]) == (1, 9)


def test_too_few_have_none(library: SmallLibrary, tmp_path: Path) -> None:
    library.remove(*[f"/s/{number}.wav" for number in range(7)])
    assert map_worker.answer(tmp_path / "library", np.eye(4, dtype=np.float32))[0]["kind"] == "empty"


def test_the_process_answers_one_message_also_with_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hearken.search.map_worker", str(tmp_path / "nowhere")]
    with subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert isinstance(process.stdin, FileIO)
        assert isinstance(process.stdout, FileIO)
        wire.send(process.stdin, {}, [np.eye(4, dtype=np.float32)])
        body, _ = wire.receive(process.stdout)
    assert (body["kind"], body["class"]) == ("error", "LibraryNotFoundError")


def test_the_process_ends_when_nobody_is_left_to_hear_the_answer() -> None:
    """As when the server was killed while a large map was being laid out."""
    slow = "import sys, time; from hearken.search import map_worker as m; m.answer = lambda *_: time.sleep(60); m.main('x')"
    with subprocess.Popen([sys.executable, "-c", slow], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert isinstance(process.stdin, FileIO)
        wire.send(process.stdin, {}, [np.eye(4, dtype=np.float32)])
        process.stdin.close()
        try:
            assert process.wait(20) == 1
        finally:
            process.kill()
