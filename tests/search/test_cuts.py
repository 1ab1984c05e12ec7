"""Listening for the same recording: real decoding of copies, of parts, and of sounds that are only alike."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.search import cuts
from hearken.search.cuts import listen
from hearken.search.dedupe import sounds_of
from tests.small_library import SmallLibrary, unit

soundfile = pytest.importorskip("soundfile")
RATE_HZ = 16_000


def music(seed: int, length_s: float = 12.0) -> np.ndarray:
    """Tones that begin at random times, with a little noise: many landmarks."""
    generator = np.random.default_rng(seed)
    samples = 0.003 * generator.standard_normal(int(length_s * RATE_HZ))
    for _ in range(int(12 * length_s)):
        start, count = int(generator.integers(len(samples) - 3200)), 3200
        tone = np.sin(2 * np.pi * generator.uniform(200, 3500) * np.arange(count) / RATE_HZ) * np.exp(-np.arange(count) / 800)
        samples[start : start + count] += 0.15 * tone
    return np.clip(samples, -1, 1).astype(np.float32)


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cuts")
    one, two = music(1), music(2)
    files = {
        "one.wav": one, "one quiet.flac": 0.3 * one, "part.wav": one[3 * RATE_HZ : 8 * RATE_HZ], "two.wav": two, "far.wav": music(3),
        "silent.wav": np.zeros(RATE_HZ, np.float32),
    }  # fmt: skip
    library = SmallLibrary(folder / "lib")
    for name, samples in files.items():
        soundfile.write(folder / name, samples, RATE_HZ)
        direction = unit(0, 0, 1, 0) if name == "far.wav" else unit(1, 0.01 * len(name), 0, 0)
        library.put(str(folder / name), [direction], duration_s=len(samples) / RATE_HZ)
    library.put(str(folder / "gone.wav"), [unit(1, 0, 0, 0)], duration_s=5.0)
    sounds = sounds_of(library.store, library.cache)
    names = [own[0].path.rpartition("/")[2] for own in sounds.files]
    seen: list[tuple[int, int | None]] = []
    found = listen(sounds, folder / "landmarks", jobs=1, on_progress=lambda *each: seen.append(each))
    yield names, found, seen, (sounds, folder / "landmarks")
    library.close()


def test_the_same_recording_and_its_part_are_found(heard) -> None:
    names, found, seen, _ = heard
    assert [{names[one], names[other]} for one, other in found.same] == [{"one.wav", "one quiet.flac"}]
    assert {(names[longer], names[part]) for longer, part in found.parts} == {("one.wav", "part.wav"), ("one quiet.flac", "part.wav")}
    assert min((*found.same.values(), *found.parts.values())) > 0.4
    assert seen[-1] == (6, 6), "what is far was not listened to"


def test_what_cannot_be_read_is_told(heard) -> None:
    _, found, _, _ = heard
    assert len(found.unreadable) == 1
    assert "gone.wav" in found.unreadable[0]


def test_landmarks_are_kept(heard, monkeypatch) -> None:
    _, found, _, (sounds, folder) = heard
    monkeypatch.setattr("hearken.data.prints.fingerprint_file", lambda *args, **options: pytest.fail("it was listened to again"))
    assert listen(sounds, folder).same == found.same


def test_batches_hold_whole_groups(heard, monkeypatch) -> None:
    sounds = heard[3][0]
    monkeypatch.setattr(cuts, "_MAX_BATCH_S", 20.0)
    assert list(cuts._batches(sounds, [[0, 1], [2], [3, 4]])) == [[0, 1], [2], [3, 4]]
    monkeypatch.setattr(cuts, "_MAX_BATCH_S", 1e6)
    assert list(cuts._batches(sounds, [[0, 1], [2], [3, 4]])) == [[0, 1, 2, 3, 4]]
