from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hearken.audio.worker import Worker
from hearken.errors import AudioFormatError, DataError, WorkerDiedError
from hearken.train.augmentation import build_augmentation
from hearken.train.feed.corpora import Place
from hearken.train.feed.failures import Failures
from hearken.train.feed.pairs import Clips, make_pairs
from hearken.train.feed.rows import Maker, Task
from hearken.train.feed.sound_worker import worker
from hearken.train.feed.sounds import Sounds
from hearken.train.recipe import DataPart, Named
from hearken.types import FloatArray


class Drawn(Sounds):
    """Sound n is 100 samples of n; those in `broken` cannot be read."""

    def __init__(self, *broken: int) -> None:
        super().__init__(8_000, None)
        self.broken, self.asked = broken, list[str]()

    def get(self, worker: Worker, place: Place, at: float = 0.0) -> FloatArray:
        self.asked.append(str(place))
        if int(str(place)) in self.broken:
            raise AudioFormatError(f"{place} is no sound.")
        return np.full(100, int(str(place)), np.float32)


def maker_of(sounds: Drawn, *augment: Named, num_clips: int = 10, scenes: int = 0) -> Maker:
    clips = Clips()
    for number in range(num_clips + scenes):
        clips.add(f"clip {number}", f"{number}", (f"first {number}", f"second {number}"))
    pairs = make_pairs(clips, [(range(num_clips), 1)], "all", 8)
    augmentation = build_augmentation(augment)
    failures = Failures(None)
    failures.num_clips = 100
    return Maker(clips, pairs, DataPart(), augmentation, sounds, failures, 1, range(num_clips, num_clips + scenes))


def task(pair: int, partner: int | None = None, epoch: int = 0, avoid: frozenset[int] = frozenset()) -> Task:
    return Task(epoch, 0, 0, pair, partner, avoid)


def test_a_pair_is_its_clip_and_caption() -> None:
    made = maker_of(Drawn()).make(worker(), task(7))
    assert (made.text, made.sound, made.name, made.pair, made.blended) == ("second 3", 3, "clip 3", 7, None)
    assert made.samples.tolist() == [3.0] * 100


def test_what_takes_the_place_of_a_broken_sound_is_always_the_same() -> None:
    sounds = Drawn(3)
    maker = maker_of(sounds)
    first = maker.make(worker(), task(7, avoid=frozenset(range(8))))
    assert first.sound in (8, 9)  # none of the batch
    assert maker.failures.num_failed == 1
    again = maker.make(worker(), task(7, avoid=frozenset(range(8))))
    assert (again.pair, again.text) == (first.pair, first.text)
    assert sounds.asked.count("3") == 1  # it is not tried again
    fresh = maker_of(Drawn(3)).make(worker(), task(7, avoid=frozenset(range(8))))
    assert fresh.pair == first.pair
    crowded = maker_of(Drawn(3)).make(worker(), task(7, avoid=frozenset(range(10))))
    assert crowded.sound != 3  # where all are in the batch, one comes twice


def test_no_sound_at_all() -> None:
    with pytest.raises(DataError, match="There is no clip left that can be read"):
        maker_of(Drawn(*range(10))).make(worker(), task(0))


def test_nobody_is_blamed_for_the_end() -> None:
    class Ended(Drawn):
        def get(self, *_: object) -> FloatArray:
            raise WorkerDiedError("ended")

    maker = maker_of(Ended())
    with pytest.raises(WorkerDiedError):
        maker.make(worker(), task(0), lambda: True)
    assert maker.failures.num_failed == 0


@pytest.mark.parametrize(("design", "length"), [("waveform", 100), ("concat", 200), ("spectrogram", 100)])
def test_two_pairs_become_one(design: str, length: int) -> None:
    made = maker_of(Drawn(), Named("pairmix", {"design": design, "fixed": 0.25, "joint": " and "})).make(worker(), task(7, partner=18))
    assert (made.text, made.sound, made.name) == ("second 3 and first 9", -1, "clip 3 + clip 9")
    assert len(made.samples) == length
    expected = {"waveform": [0.25 * 3 + 0.75 * 9], "concat": [3.0, 9.0], "spectrogram": [3.0]}[design]
    assert np.unique(made.samples).tolist() == expected
    if design == "spectrogram":
        assert made.blended is not None
        assert (made.blended[0].tolist(), made.blended[1]) == ([9.0] * 100, 0.25)
    else:
        assert made.blended is None


def test_a_scene_takes_a_pairs_place() -> None:
    maker = maker_of(Drawn(), Named("scene", {"corpus": "scenes.jsonl", "probability": 0.5}), scenes=3)
    made = [maker.make(worker(), task(pair)) for pair in range(20)]
    scenes = [each for each in made if each.sound >= 10]
    assert 4 <= len(scenes) <= 16
    assert all(each.text.endswith(f" {each.sound}") for each in made)
    assert {each.text.split()[0] for each in scenes} == {"first", "second"}


def test_swaps_leave_other_draws_alone() -> None:
    plain = maker_of(Drawn(), Named("noise", {"probability": 1.0}))
    swapped = replace(plain, data=DataPart(swap_probability=1.0))
    swapped.clips.variations[3, 1] = ("other",)
    one, other = (maker.make(worker(), task(7)) for maker in (plain, swapped))
    assert (one.text, other.text) == ("second 3", "other")
    assert np.array_equal(one.samples, other.samples)
    assert not np.array_equal(one.samples, plain.make(worker(), task(7, epoch=1)).samples)
