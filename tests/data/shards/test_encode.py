"""Files to samples, in a process of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.audio.synth import save_wav
from hearken.audio.worker import Worker
from hearken.data.shards import encode as module
from hearken.data.shards.codec import decode_sound
from hearken.data.shards.encode import encode_file, encoder, stretch
from hearken.data.shards.recipe import Cut, Recipe
from hearken.errors import AudioFormatError, AudioReadError, WorkerDiedError


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with encoder() as one:
        yield one


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wav") / "noise\udce9.wav"
    save_wav(path, np.random.default_rng(0).standard_normal(200_000))
    return path


def test_a_file_becomes_a_sample(worker: Worker, wav: Path) -> None:
    recipe = Recipe(rate_hz=16_000)
    sound, data = encode_file(worker, wav, recipe, 0.0)
    assert (sound.rate_hz, sound.num_samples, sound.from_s, sound.gain, sound.cut, sound.flags) == (16_000, 100_000, 0.0, 1.0, False, ())
    wanted = decode(wav, rate_hz=16_000).samples
    assert np.abs(decode_sound(data, recipe, 100_000, 1.0) - wanted).max() <= 2.0**-16 * 1.01


def test_the_stretch_is_cut_out(worker: Worker, wav: Path) -> None:
    whole = decode(wav, rate_hz=32_000).samples
    for keep, place, first in (("start", 0.0, 0), ("middle", 0.5, 84_000), ("random", 0.25, 42_000)):
        recipe = Recipe(cut=Cut(1.0, keep))  # type: ignore[arg-type]
        sound, data = encode_file(worker, wav, recipe, place)
        assert (sound.num_samples, sound.from_s, sound.cut) == (32_000, first / 32_000, True)
        assert np.array_equal(decode_sound(data, recipe, 32_000, 1.0), whole[first : first + 32_000])


def test_lengths_around_the_limit(wav: Path) -> None:
    for size, length, cut in ((199_999, 199_999, True), (200_000, 200_000, False), (200_001, 200_000, False), (None, 200_000, False)):
        for place in (0.0, 0.5):
            samples, first, was_cut, flags = stretch(str(wav), 32_000, size, place)
            assert (len(samples), first, was_cut, flags) == (length, 0, cut, frozenset())


def test_long_files_are_read_twice_rather_than_held(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = stretch(str(wav), 32_000, 20_000, 0.75)
    monkeypatch.setattr(module, "_KEPT_NUM_SAMPLES", 70_000)
    twice = stretch(str(wav), 32_000, 20_000, 0.75)
    assert np.array_equal(held[0], twice[0])
    assert held[1:] == twice[1:] == (135_000, True, frozenset())
    assert len(stretch(str(wav), 32_000, None, 0.0)[0]) == 200_000


def test_decoding_stops_when_enough_is_there(wav: Path) -> None:
    told: list[float] = []
    assert len(stretch(str(wav), 32_000, 10, 0.0, told.append)[0]) == 10
    assert told == [2.048]  # the first of four blocks


def test_what_is_no_sound_is_a_named_error(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(AudioFormatError):
        encode_file(worker, tmp_path / "text.wav", Recipe(), 0.0)
    with pytest.raises(AudioReadError):
        encode_file(worker, tmp_path / "gone.wav", Recipe(), 0.0)
    assert worker.num_starts == 1


def test_one_death_is_forgiven_and_two_are_not(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with encoder() as one:
        real, deaths = one.request, []

        def request(message, **options):
            if len(deaths) < allowed:
                deaths.append(1)
                one.start()
                child = one._child
                send = child.send

                def killed(message, stall_s):  # behind the worker's look at whether the child is alive, or that could start another one
                    os.kill(child.pid, signal.SIGKILL)
                    send(message, stall_s)

                monkeypatch.setattr(child, "send", killed)
            return real(message, **options)

        monkeypatch.setattr(one, "request", request)
        allowed = 1
        first = encode_file(one, wav, Recipe(), 0.0)
        allowed = 3
        with pytest.raises(WorkerDiedError):
            encode_file(one, wav, Recipe(), 0.0)
        assert encode_file(one, wav, Recipe(), 0.0) == first


GOOD = {"num_samples": 5, "from_s": 0.0, "gain": 1.0, "cut": False, "flags": []}
NONSENSE = [
    {"num_samples": 0}, {"num_samples": "5"}, {"from_s": -1.0}, {"from_s": 1}, {"gain": 0.5}, {"gain": float("inf")}, {"flags": ["x"]},
    {"flags": None},
]  # fmt: skip


def test_answers_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(body, arrays):
        one = encoder()
        monkeypatch.setattr(one, "request", lambda message: (body, arrays))
        return encode_file(one, Path("x.wav"), Recipe(), 0.0)

    data = np.ones(3, np.uint8)
    assert answered(GOOD, [data])[1] == b"\x01\x01\x01"
    for change in NONSENSE:
        with pytest.raises(WorkerDiedError, match="answered nonsense"):
            answered(GOOD | change, [data])
    for arrays in ([], [data, data], [data.astype(np.float32)], [data[:0]], [data[np.newaxis]]):
        with pytest.raises(WorkerDiedError, match="answered nonsense"):
            answered(GOOD, arrays)
    assert len(NONSENSE) == 8
