"""Kept fingerprints: made once, again after a change, whole batches or none, and nothing lost when a run is broken off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.fingerprint import Fingerprint
from hearken.data import prints
from hearken.data.prints import PrintStore, Stamp, fingerprints, print_home, stamp
from hearken.errors import AudioFormatError, AudioReadError, DataError
from tests.audio.making import noise, write


def one(*frames: int) -> Fingerprint:
    return Fingerprint(np.array(frames, np.int32), np.full(len(frames), 9, np.int32), (len(frames),), 100)


def same(left: Fingerprint | None, right: Fingerprint) -> bool:
    return left is not None and (left.num_peaks, left.num_frames, left.frames.tolist(), left.bins.tolist()) == (
        right.num_peaks, right.num_frames, right.frames.tolist(), right.bins.tolist(),
    )  # fmt: skip


def stamps(count: int) -> list[Stamp]:
    return [(f"/x/{number}\udce9\n.wav", number, 10**18 + number) for number in range(count)]


def test_what_is_put_is_there_now_and_later(tmp_path: Path) -> None:
    names = stamps(3)
    with PrintStore(tmp_path / "new") as store:
        for name, print_ in zip(names, (one(1, 5), one(), one(70, 70, 99)), strict=True):
            store.put(name, print_)
        assert same(store.get(names[0]), one(1, 5))
    again = PrintStore(tmp_path / "new")
    assert len(again) == 3
    assert same(again.get(names[0]), one(1, 5))
    assert same(again.get(names[1]), one())
    assert same(again.get(names[2]), one(70, 70, 99))
    assert again.get(("/x/0\udce9\n.wav", 0, 5)) is None
    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".npz"]


def test_full_batches_are_written_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prints, "_BATCH", 2)
    store = PrintStore(tmp_path)
    for name in stamps(5):
        store.put(name, one(name[1]))
    assert len(PrintStore(tmp_path)) == 4
    store.flush()
    store.flush()
    again = PrintStore(tmp_path)
    assert [again.get(name).frames.tolist() for name in stamps(5)] == [[0], [1], [2], [3], [4]]  # type: ignore[union-attr]


def test_nothing_waits_long_to_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PrintStore(tmp_path)
    store.put(stamps(1)[0], one(1))
    assert len(PrintStore(tmp_path)) == 0
    monkeypatch.setattr(prints, "_KEEP_S", 0.0)
    store.put(stamps(2)[1], one(2))
    assert len(PrintStore(tmp_path)) == 2


def test_other_framings_and_versions_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PrintStore(tmp_path) as store:
        store.put(stamps(1)[0], one(1))
    assert len(PrintStore(tmp_path, num_shifts=2)) == 0
    monkeypatch.setattr(prints, "VERSION", 99)
    assert len(PrintStore(tmp_path)) == 0


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_batch_does_not_count(tmp_path: Path, damage: str) -> None:
    with PrintStore(tmp_path) as store:
        for name in stamps(50):
            store.put(name, one(*range(50)))
    (path,) = tmp_path.glob("*.npz")
    whole = path.read_bytes()
    open_store = PrintStore(tmp_path)
    flipped = bytearray(whole)
    for place in range(40, len(flipped) - 500, 31):
        flipped[place] ^= 255
    path.write_bytes({"cut": whole[:-200], "flipped": bytes(flipped), "empty": b"", "text": b"hello"}[damage])
    assert len(PrintStore(tmp_path)) == 0
    assert open_store.get(stamps(50)[3]) is None


def test_a_batch_that_makes_no_sense_does_not_count(tmp_path: Path) -> None:
    with PrintStore(tmp_path) as store:
        store.put(stamps(1)[0], one(1))
        store.put(stamps(2)[1], one(5, 3))  # not in order
    again = PrintStore(tmp_path)
    assert same(again.get(stamps(1)[0]), one(1))
    assert again.get(stamps(2)[1]) is None


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = PrintStore(tmp_path / "file" / "below")
    store.put(stamps(1)[0], one(1))
    with pytest.raises(DataError, match=r"Fingerprints cannot be kept in .*below"):
        store.flush()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "sounds").mkdir()
    made = [tmp_path / "sounds" / f"{number}.wav" for number in range(6)]
    for number, path in enumerate(made):
        write(tmp_path, "wav", noise(12_000, seed=number), 8_000).rename(path)
    made[2].write_text("<html>gone</html>")
    return [*made, tmp_path / "sounds" / "missing.wav"]


def collect(found: Iterator[Fingerprint | Exception]) -> list[str | tuple[int, ...]]:
    return [type(item).__name__ if isinstance(item, Exception) else item.num_peaks for item in found]  # type: ignore[union-attr]


@pytest.mark.parametrize("jobs", [1, 2])
def test_files_come_in_order_with_their_errors(files: list[Path], tmp_path: Path, jobs: int) -> None:
    done = []
    with PrintStore(tmp_path / "store") as store:
        found = list(fingerprints(files, store, jobs=jobs, on_done=lambda: done.append(1)))
    assert [type(item) for item in found] == [Fingerprint, Fingerprint, AudioFormatError, *[Fingerprint] * 3, AudioReadError]
    assert len(done) == 7
    assert len({item.frames.tobytes() for item in found if isinstance(item, Fingerprint)}) == 5
    assert len(PrintStore(tmp_path / "store")) == 5


def test_a_second_run_reads_no_file_that_did_not_change(files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PrintStore(tmp_path / "store") as store:
        first = collect(fingerprints(files, store))
    read: list[str] = []
    make = prints.fingerprint_file
    monkeypatch.setattr(prints, "fingerprint_file", lambda process, path, **more: (read.append(path.name), make(process, path, **more))[1])
    files[4].write_bytes(files[0].read_bytes())
    os.utime(files[4], ns=(1, 1))
    with PrintStore(tmp_path / "store") as store:
        second = collect(fingerprints(files, store))
    assert read == [files[2].name, files[4].name]
    assert second == [*first[:4], first[0], *first[5:]]
    assert len(PrintStore(tmp_path / "store")) == 6


def test_a_run_that_is_broken_off_loses_nothing(files: list[Path], tmp_path: Path) -> None:
    def run() -> None:
        with PrintStore(tmp_path / "store") as store:
            for number, _ in enumerate(fingerprints(files[:2] + files[3:6], store)):
                if number == 2:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert len(PrintStore(tmp_path / "store")) == 3


def test_a_stamp_tells_versions_apart(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    assert stamp(path) == (str(path), 1, path.stat().st_mtime_ns)
    with pytest.raises(FileNotFoundError):
        stamp(tmp_path / "b")


def test_the_folder_is_that_of_the_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path))
    assert print_home() == tmp_path / "fingerprints"
