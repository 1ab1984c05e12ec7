"""All pairs of a sound and a caption that a run learns from, in a form that half a million clips fit into: lists of texts and arrays.

Legend: `N` clips, `P` pairs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hearken.data.clip import Clip
from hearken.data.locate import none_here
from hearken.errors import MissingDataError, show
from hearken.train.feed.corpora import Opened, Place
from hearken.train.feed.failures import Failures
from hearken.train.feed.packs import Packed
from hearken.train.recipe import CaptionUse

IntArray = NDArray[np.int64]
ANY = -1
"""The caption of a pair whose caption is drawn anew in each epoch."""


@dataclass
class Clips:
    """Clips that have a sound and captions, from all corpora: `names`, `places`, `captions` (N); `sounds` is equal where the place is.

    `variations` are other ways to say a caption, by clip and caption number.
    """

    names: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    captions: list[tuple[str, ...]] = field(default_factory=list)
    sounds: list[int] = field(default_factory=list)
    variations: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    _by_place: dict[Place, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def add(self, name: str, place: Place, captions: tuple[str, ...]) -> int:
        """Add a clip and return its number."""
        number = len(self.names)
        self.names.append(name)
        self.places.append(place)
        self.captions.append(captions)
        self.sounds.append(self._by_place.setdefault(place, number))
        return number

    def add_corpus(self, opened: Opened, failures: Failures, variations: Mapping[tuple[str, str], tuple[str, ...]]) -> tuple[range, Told]:
        """Add the clips of a corpus that can be learnt from; the others go to `failures`. Return their numbers, and what to tell of it.

        Raises MissingDataError if there is none.
        """
        told, digest, first = Told(), hashlib.sha256(), len(self)
        for clip in opened.clips:
            captions = tuple(text for caption in clip.captions if (text := caption.strip()))
            place = opened.places.get(clip.id)
            if place is None or not captions:
                failures.left_out(opened.corpus.reference, clip, place)
                told.num_without_sound += place is None
                told.num_without_caption += place is not None
                continue
            number = self.add(clip.id, place, captions)
            for index, caption in enumerate(captions):
                if others := variations.get((clip.id, caption)):
                    self.variations[number, index] = others
                    told.num_varied += 1
            told.add(clip, captions, opened.duration_s(clip), digest)
        told.sha256 = opened.pack.index.digest if opened.pack else digest.hexdigest()
        if not told.num_clips:
            raise _nothing(opened, told)
        return range(first, len(self)), told


@dataclass
class Told:
    """What there is to tell of a corpus that is learnt from."""

    num_clips: int = 0
    num_captions: int = 0
    num_varied: int = 0
    num_without_sound: int = 0
    num_without_caption: int = 0
    known_s: float = 0.0
    num_of_known_length: int = 0
    sha256: str = ""

    def add(self, clip: Clip, captions: tuple[str, ...], duration_s: float | None, digest: hashlib._Hash) -> None:
        """Count a clip, and put its id, sound's path and captions into the digest."""
        self.num_clips += 1
        self.num_captions += len(captions)
        self.num_of_known_length += duration_s is not None
        self.known_s += duration_s or 0.0
        digest.update("\0".join((clip.id, clip.audio, *captions, "\n")).encode("utf-8", "surrogatepass"))


def _nothing(opened: Opened, told: Told) -> MissingDataError:
    name = show(opened.corpus.reference)
    if not opened.clips:
        return MissingDataError(
            f"Nothing is left of {name} to train on: all its clips are in what is validated or tested on.",
            "Give other data for validation and test, or keep some of its splits apart for them (`splits`).",
        )
    if told.num_without_caption:
        return MissingDataError(
            f"No clip of {name} has both a sound and a caption: {told.num_without_sound} without sound, {told.num_without_caption} without caption.",
            "A table has captions in a column `caption`, a folder in a .txt file beside each sound.",
        )
    return none_here(opened.corpus.reference)


@dataclass(frozen=True)
class Pairs:
    """The pairs of an epoch: `clip` and `caption` number (P,) of each, the caption possibly `ANY`, and its `sound` (P,).

    `shard` (P,) numbers the shards of packs that sounds come from, None where no pack is worth an order of its own.
    """

    clip: NDArray[np.int32]
    caption: NDArray[np.int32]
    sound: NDArray[np.int32]
    shard: NDArray[np.int32] | None

    def __len__(self) -> int:
        return len(self.clip)


def make_pairs(clips: Clips, parts: Sequence[tuple[range, int]], captions: CaptionUse, max_shards: int) -> Pairs:
    """Return the pairs of `parts`, each a range of clips and how often it counts.

    Up to `max_shards` shards in all, no order by shards is worth it.
    """
    clip_parts, caption_parts = [], []
    for numbers, repeat in parts:
        counts = np.array([len(clips.captions[number]) for number in numbers], np.int64)
        if captions == "one":
            counts[:] = 1
        chosen = np.repeat(np.arange(numbers.start, numbers.stop, dtype=np.int32), counts)
        which = (
            np.concatenate([np.arange(count, dtype=np.int32) for count in counts])
            if captions == "all"
            else np.full(len(chosen), ANY, np.int32)
        )
        clip_parts += [chosen] * repeat
        caption_parts += [which] * repeat
    clip = np.concatenate(clip_parts)
    shard = _shards([clips.places[number] for numbers, _ in parts for number in numbers], max_shards)
    start = parts[0][0].start
    return Pairs(
        clip, np.concatenate(caption_parts), np.array(clips.sounds, np.int32)[clip], None if shard is None else shard[clip - start]
    )


_FILES_IN_A_SHARD = 256


def _shards(places: Iterable[Place], max_shards: int) -> NDArray[np.int32] | None:
    """Return the number of the shard that each place lies in; files count as shards of 256 neighbours. None if that makes no difference."""
    known: dict[object, int] = {}
    found, files, packed = [], 0, set()
    for place in places:
        key: object
        if isinstance(place, Packed):
            key = (id(place.pack), place.shard)
            packed.add(key)
        else:
            key, files = files // _FILES_IN_A_SHARD, files + 1
        found.append(known.setdefault(key, len(known)))
    return np.array(found, np.int32) if len(packed) > max_shards else None
