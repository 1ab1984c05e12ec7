"""Two corpora compared by sound: what is in both is found, and what could not be compared is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.audio.sounds import SOUNDS
from hearken.data.clip import Clip, Corpus
from hearken.data.listening import Listening, same_sounds
from hearken.data.locate import locate
from hearken.errors import MissingDataError
from tests.audio.making import Sound, noise, write


def corpus(folder: Path, sounds: dict[str, Sound], *missing: str) -> Corpus:
    folder.mkdir(parents=True)
    for name, sound in sounds.items():
        write(folder, name.rpartition(".")[2], sound[:, None], 16_000).rename(folder / name)
    return Corpus(folder.name, folder, tuple(Clip(name, "", name) for name in (*sounds, *missing)))


def compare(training: Corpus, held_out: Corpus, store: Path, **more: object):
    return same_sounds((training, held_out), (locate(training), locate(held_out)), store=store, **more)


@pytest.fixture
def recordings() -> list[Sound]:
    return [noise(16_000 * 5, seed=seed)[:, 0] for seed in range(3)]


def test_pieces_are_found_in_other_formats(tmp_path: Path, recordings: list[Sound]) -> None:
    held_out = corpus(tmp_path / "test", {"a.wav": recordings[0], "b.flac": recordings[1]})
    pieces = {"one.ogg": recordings[1][16_000:64_000] * np.float32(0.3), "two.wav": recordings[2], "three.mp3": recordings[0][:48_000]}
    told: list[tuple[int, int | None]] = []
    training = corpus(tmp_path / "train", pieces)
    leaks, listening = compare(training, held_out, tmp_path / "store", on_progress=lambda done, total: told.append((done, total)))
    assert [(leak.kind, leak.training, leak.held_out) for leak in leaks] == [
        ("audio", "one.ogg", "b.flac"),
        ("audio", "three.mp3", "a.wav"),
    ]
    assert leaks[0].offset_s == pytest.approx(1.0, abs=0.02)
    assert leaks[1].offset_s == pytest.approx(0.0, abs=0.06)  # encoders of mp3 put some silence first
    assert 0.05 < (leaks[0].strength or 0.0) <= 1.0
    assert leaks[0].detail.startswith(f"begins at {leaks[0].offset_s:.2f} s of it; ")
    assert "landmarks agree" in leaks[0].detail
    assert listening == (Listening(3, 0, 0), Listening(2, 0, 0))
    assert told == [(number, 5) for number in range(1, 6)]


def test_a_recording_around_a_held_out_clip_is_found(tmp_path: Path, recordings: list[Sound]) -> None:
    held_out = corpus(tmp_path / "test", {"a.wav": recordings[0][32_000:]})
    leaks, _ = compare(corpus(tmp_path / "train", {"whole.wav": recordings[0]}), held_out, tmp_path / "store")
    assert leaks[0].offset_s == pytest.approx(-2.0, abs=0.02)
    assert "holds its beginning at 2.0" in leaks[0].detail


def test_what_could_not_be_compared_is_counted(tmp_path: Path, recordings: list[Sound]) -> None:
    sounds = {"good.wav": recordings[0], "silent.wav": np.zeros(16_000, np.float32), "short.wav": recordings[1][:1_200]}
    training = corpus(tmp_path / "train", sounds, "gone.wav", "away.wav")
    (tmp_path / "train" / "bad.wav").write_text("<html>404</html>")
    training = Corpus(training.reference, training.folder, (*training.clips, Clip("bad.wav", "", "bad.wav")))
    held_out = corpus(tmp_path / "test", {"a.wav": recordings[0]})
    leaks, (trained, tested) = compare(training, held_out, tmp_path / "store")
    assert [leak.training for leak in leaks] == ["good.wav"]
    assert (trained.num_compared, trained.num_missing, trained.num_plain) == (1, 2, 2)
    assert len(trained.unreadable) == 1
    assert "bad.wav" in trained.unreadable[0]
    assert tested == Listening(1, 0, 0)


def test_a_corpus_without_sound_is_named(tmp_path: Path, recordings: list[Sound]) -> None:
    here, silent = corpus(tmp_path / "here", {"a.wav": recordings[0]}), corpus(tmp_path / "mute", {}, "b.wav")
    for pair in ((here, silent), (silent, here)):
        with pytest.raises(MissingDataError, match=r"no sound of mute below .*mute"):
            compare(*pair, tmp_path / "store")


def test_different_sounds_of_one_kind_do_not_match(tmp_path: Path) -> None:
    def made(seed: int) -> Sound:
        return np.concatenate([SOUNDS[name](np.random.default_rng(seed)) for name in ("dog_bark", "rain")])

    leaks, _ = compare(corpus(tmp_path / "a", {"a.wav": made(1)}), corpus(tmp_path / "b", {"b.wav": made(2)}), tmp_path / "store")
    assert leaks == []
