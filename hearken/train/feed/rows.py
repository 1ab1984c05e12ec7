"""One row of a batch: a pair's sound and caption, drawn, cropped and augmented; a pure function of the seed, the epoch and the pair.

Nothing here depends on the batch's other rows, on the worker or the rank that makes it, or on where a run was resumed.
Legend: `T` samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hearken.audio.worker import Worker
from hearken.augment.pairmix import concat, mix_waves
from hearken.augment.swap import swap
from hearken.errors import AudioError, DataError, ShardError
from hearken.train.augmentation import Augmentation
from hearken.train.feed.failures import Failures
from hearken.train.feed.pairs import ANY, Clips, Pairs
from hearken.train.feed.sounds import Sounds
from hearken.train.recipe import DataPart
from hearken.types import FloatArray

_CAPTION, _SWAP, _TEXT, _CROP, _WAVE, _SCENE, _MIX, _REPLACE = (
    int.from_bytes(word.encode(), "big") for word in ("capt", "swap", "text", "crop", "wave", "scen", "mixr", "repl")
)  # set the uses of one seed apart, so that none of them disturbs another
_MAX_TRIES = 1_000
_AVOIDING_TRIES = 100


@dataclass(frozen=True)
class Task:
    """What to make: row `row` of batch `step`, of `pair`, and if it is generated of the pair `partner` too.

    `avoid` are the sounds of the batch: what takes the place of a sound that cannot be read is none of these, if there are others.
    """

    epoch: int
    step: int
    row: int
    pair: int
    partner: int | None
    avoid: frozenset[int]


@dataclass(frozen=True)
class Made:
    """A row: its sound `samples` (T,), `text`, the `sound` it is of (-1 for a generated one), its clip's `name` and `pair`.

    `blended` is a second sound to be mixed in as a spectrogram, and the share that the first keeps.
    """

    row: int
    samples: FloatArray
    text: str
    sound: int
    name: str
    pair: int
    blended: tuple[FloatArray, float] | None = None


@dataclass(frozen=True)
class Maker:
    """Makes rows. `scenes` are the numbers of clips that may take a pair's place (`Augmentation.scenes`)."""

    clips: Clips
    pairs: Pairs
    data: DataPart
    augmentation: Augmentation
    sounds: Sounds
    failures: Failures
    seed: int
    scenes: range = range(0)

    def make(self, worker: Worker, task: Task, is_stopping: Callable[[], bool] = lambda: False) -> Made:
        """Return the row. Raises DataError when too many sounds cannot be read; once all `is_stopping`, no sound is blamed for it."""
        words = () if task.partner is None else (task.step, task.row)
        own = self._readable(worker, task, task.pair, words, is_stopping)
        if task.partner is None:
            return own
        return self._mixed(own, self._readable(worker, task, task.partner, (*words, 1), is_stopping), task)

    def _mixed(self, own: Made, other: Made, task: Task) -> Made:
        pairmix = self.augmentation.pairmix
        if pairmix is None:
            raise ValueError("a generated row without PairMix")
        mix = pairmix.draw(self._generator(_MIX, task.epoch, task.pair, (task.step, task.row)))
        samples, blended = own.samples, None
        if mix.level == "wave":
            samples = mix_waves(own.samples, other.samples, mix.weight)
        elif mix.level == "concat":
            samples = concat(own.samples, other.samples)
        else:
            blended = (other.samples, mix.weight)
        return Made(task.row, samples, pairmix.join(own.text, other.text), -1, f"{own.name} + {other.name}", own.pair, blended)

    def _readable(self, worker: Worker, task: Task, pair: int, words: tuple[int, ...], is_stopping: Callable[[], bool]) -> Made:
        """Return the row of `pair`, or of the first pair that can be read of those that take its place."""
        for candidate in self._candidates(task, pair):
            clip, caption = self._chosen(task.epoch, candidate, words)
            place = self.clips.places[clip]
            if self.failures.has(place):
                continue
            at = self._generator(_CROP, task.epoch, candidate, words).random() if self.data.crop == "random" else 0.0
            try:
                samples = self.sounds.get(worker, place, at)
            except (AudioError, ShardError) as error:
                if is_stopping():
                    raise  # the process was ended, which says nothing about the file
                self.failures.failed(self.clips.names[clip], place, error)
                continue
            samples = self.augmentation.wave(samples, self.sounds.rate_hz, self._generator(_WAVE, task.epoch, candidate, words))
            text = self._text(clip, caption, task.epoch, candidate, words)
            return Made(task.row, samples, text, self.clips.sounds[clip], self.clips.names[clip], candidate)
        raise DataError("There is no clip left that can be read.", "`hearken data check` says what is wrong with each.")

    def _candidates(self, task: Task, pair: int) -> Iterator[int]:
        """Yield the pair, and then those that take its place, one after the other: always the same."""
        yield pair
        generator = self._generator(_REPLACE, task.epoch, pair, ())
        for number in range(_MAX_TRIES):
            other = int(generator.integers(len(self.pairs)))
            if number >= _AVOIDING_TRIES or int(self.pairs.sound[other]) not in task.avoid:
                yield other

    def _chosen(self, epoch: int, pair: int, words: tuple[int, ...]) -> tuple[int, int]:
        """Return the clip and caption numbers of a pair: its own, or those of a scene that takes its place."""
        scenes = self.augmentation.scenes
        if scenes is not None:
            generator = self._generator(_SCENE, epoch, pair, words)
            number = scenes.draw(len(self.scenes), generator)
            if number is not None:
                clip = self.scenes[number]
                return clip, int(generator.integers(len(self.clips.captions[clip])))
        clip, caption = int(self.pairs.clip[pair]), int(self.pairs.caption[pair])
        if caption == ANY:
            caption = int(self._generator(_CAPTION, epoch, pair, words).integers(len(self.clips.captions[clip])))
        return clip, caption

    def _text(self, clip: int, caption: int, epoch: int, pair: int, words: tuple[int, ...]) -> str:
        text = self.clips.captions[clip][caption]
        if variations := self.clips.variations.get((clip, caption)):
            text = swap(text, variations, self.data.swap_probability, self._generator(_SWAP, epoch, pair, words))
        return self.augmentation.text(text, self._generator(_TEXT, epoch, pair, words))

    def _generator(self, word: int, epoch: int, pair: int, words: tuple[int, ...]) -> np.random.Generator:
        return np.random.default_rng([self.seed, epoch, pair, *words, word])
