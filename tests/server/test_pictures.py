import threading
import time
from pathlib import Path

import numpy as np

from hearken.audio.peaks import Overview
from hearken.server import pictures
from hearken.server.pictures import PictureCache, key_of, packed, unpacked


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_is_kept_is_there_the_next_time_and_for_others(tmp_path: Path) -> None:
    cache, key = PictureCache(tmp_path / "cache" / "pictures"), key_of("ab", "x")
    assert cache.get(key) is None
    assert cache.got_or_made(key, lambda: b"made") == b"made"
    assert cache.got_or_made(key, lambda: b"made again") == b"made"
    assert PictureCache(cache.folder).get(key) == b"made"
    assert cache._making == {}


def test_damage_is_found_and_made_anew(tmp_path: Path) -> None:
    cache, key = PictureCache(tmp_path), key_of("ab", "x")
    cache.put(key, b"picture")
    path = next(path for path in tmp_path.rglob("*") if path.is_file())
    whole = path.read_bytes()
    for content in (whole[:-1], b"", whole[:3], whole + b"x", bytes([whole[0] ^ 1]) + whole[1:], whole[:-1] + b"?"):
        path.write_bytes(content)
        assert cache.get(key) is None
        assert not path.exists()
    cache.put(key, b"")
    assert cache.get(key) == b""


def test_what_was_not_looked_at_for_longest_goes(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, max_bytes=10_000)
    for index in range(30):
        cache.put(key_of("ab", "x", index), bytes(900))
        time.sleep(0.003)
        assert cache.get(key_of("ab", "x", 0)) is not None, index
        assert size_of(tmp_path) <= 10_000
    assert cache.get(key_of("ab", "x", 29)) is not None
    assert cache.get(key_of("ab", "x", 2)) is None
    cache.put("f" * 40, bytes(5_000))
    assert cache.get("f" * 40) is None


def test_half_written_files_of_killed_processes_are_swept(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, max_bytes=1_000)
    cache.put(key_of("a", "b"), b"x")
    stale = next(path for path in tmp_path.iterdir()) / "key.tmp-1-2"
    stale.write_bytes(b"half")
    import os

    os.utime(stale, (1, 1))
    for index in range(9):
        cache.put(key_of("a", "c", index), bytes(200))
    assert not stale.exists()


def test_a_folder_that_takes_nothing_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = PictureCache(tmp_path / "cache" / "pictures")
    assert [cache.got_or_made("0" * 40, lambda: b"made") for _ in range(2)] == [b"made"] * 2


def test_who_wants_the_same_waits_for_the_first(tmp_path: Path) -> None:
    cache, made, got = PictureCache(tmp_path), [], []

    def make() -> bytes:
        made.append(1)
        time.sleep(0.1)
        return b"x"

    threads = [threading.Thread(target=lambda: got.append(cache.got_or_made("1" * 40, make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (got, made) == ([b"x"] * 8, [1])


def test_keys_tell_sounds_and_parameters_apart() -> None:
    keys = {
        key_of("ab", "x"),
        key_of("ac", "x"),
        key_of("ab", "y"),
        key_of("ab", "x", 1),
        key_of("ab", "x", 1.0),
        key_of("ab", "x", "1"),
        key_of("a", "bx"),
    }
    assert len(keys) == 7
    assert all(len(key) == 40 and key.isalnum() for key in keys)
    assert key_of("ab", "x", 1) == key_of("ab", "x", 1)


def test_an_overview_comes_back(tmp_path: Path) -> None:
    sides = np.array([[-32_767, 0, 5], [1, 2, 32_767]], np.int16)
    found = unpacked(packed(Overview(sides[0], sides[1], 256, 700, 44_100)))
    assert (found.bin_num_samples, found.num_samples, found.rate_hz) == (256, 700, 44_100)
    np.testing.assert_array_equal([found.low, found.high], sides)
    assert pictures.FOLDER_NAME == "pictures"
