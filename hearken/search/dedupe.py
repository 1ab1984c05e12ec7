"""Sounds that a library holds more than once: exact copies, the same recording in another form, and parts that were cut out of it.

Nothing is ever deleted here. Exact copies have one content. The same recording in another format, rate or level is told by the stored
vectors, by the rules of `folding.py`, which would rather miss one than take two recordings for one. By listening (`cuts.py`) those of
other names, and parts, are found too. Of each group one is kept: see `quality`.

Legend: `M` sounds, `D` embedding size.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from hearken.errors import QueryError
from hearken.library.blocks import IntArray
from hearken.library.protocol import Store
from hearken.library.records import FileRecord, HalfArray
from hearken.library.snapshot import Snapshot
from hearken.library.vectors import VectorCache
from hearken.search.alike import components, namesakes, near_pairs
from hearken.search.confidence import unit
from hearken.search.folding import NAMESAKE_CLIP, SAME_CLIP, SAME_WINDOW, leaders
from hearken.types import FloatArray, Progress, silent

Kind = Literal["copy", "link", "same", "part"]
"""What a file is to the one that is kept: the same bytes, the same file by another name, the same recording in another form, a part of it."""

LOSSLESS = ("pcm_", "flac", "alac", "wavpack", "ape", "tta", "shorten", "tak", "wmalossless", "als", "truehd", "mlp")
"""How the names of codecs begin that keep every sample."""
MIN_SIMILARITY = SAME_CLIP
_LEAST_SIMILARITY = 0.9
_NOWHERE = (-1, -1)  # of a file whose device and inode nobody knows: it is no link
_MOMENTS_SHARE = 10  # windows may differ ten times as much as clips: what `folding.py` asks, .999 for .9999


class Extra(NamedTuple):
    """A file that could go: what it is to the kept one, and how alike they are (cosine of clips, 1 for the same bytes, None for a part)."""

    record: FileRecord
    kind: Kind
    similarity: float | None


@dataclass(frozen=True)
class Group:
    """One recording: the file to keep, and the others, the most alike first."""

    kept: FileRecord
    extras: tuple[Extra, ...]

    def bytes_of(self, *kinds: Kind) -> int:
        """Return the bytes on disk of the extras of these kinds; a link takes none."""
        return sum(extra.record.size for extra in self.extras if extra.kind in kinds and extra.kind != "link")


@dataclass(frozen=True)
class Sounds:
    """The different sounds of a library: all files of each, best first, their clip vectors (M, D), and their file number in the snapshot."""

    files: tuple[tuple[FileRecord, ...], ...]
    clips: FloatArray
    numbers: tuple[int, ...]
    snapshot: Snapshot

    def windows(self, sound: int) -> HalfArray:
        """Return the windows of a sound by which a recording is known again."""
        return self.snapshot.long_windows(self.numbers[sound])


Pairs = Mapping[tuple[int, int], float]
"""Parts that were heard: (the longer sound, the part of it) and how well they agree."""


def sounds_of(store: Store, cache: VectorCache, left_out: Container[str] = ()) -> Sounds:
    """Return the sounds of a library, without the files at the paths `left_out` and those whose vectors cannot be used. Raises StoreError."""
    with store.snapshot():
        snapshot = cache.snapshot()
        files: dict[str, list[FileRecord]] = defaultdict(list)
        for record in store.files():
            if record.path not in left_out:
                files[record.content_hash].append(record)
    ranked = [sorted(own, key=quality) for own in files.values()]
    numbers = snapshot.numbers_of(np.array([own[0].id for own in ranked], np.int64))
    known = [place for place in range(len(ranked)) if numbers[place] >= 0]
    clips = unit(np.asarray(snapshot.clips(numbers[known]), np.float32))
    return Sounds(tuple(tuple(ranked[place]) for place in known), clips, tuple(int(numbers[place]) for place in known), snapshot)


def quality(record: FileRecord) -> tuple[bool, int, int, float, int, int, str]:
    """Return a key by which the best of several files of one recording comes first.

    Lossless before lossy, then the higher sample rate, more channels, the longer (by tenths of a second), the larger; then the shorter
    path. What a file was made from it cannot tell: a WAV that was an MP3 once counts as lossless.
    """
    lossy = not record.codec.lower().startswith(LOSSLESS)
    return lossy, -record.rate_hz, -record.num_channels, -round(record.duration_s, 1), -record.size, len(record.path), record.path


def find_groups(
    sounds: Sounds,
    places: Mapping[str, tuple[int, int]],
    *,
    min_similarity: float = MIN_SIMILARITY,
    same: Pairs | None = None,
    parts: Pairs | None = None,
    on_progress: Progress = silent,
) -> list[Group]:
    """Return the groups of two and more files, those that would save most first.

    `places` are device and inode of files by path, to know links; `same` and `parts` what was heard (`cuts.py`). With less than the
    usual `min_similarity`, other recordings are taken for the same. Raises QueryError for a similarity that makes no sense.
    """
    if not _LEAST_SIMILARITY <= min_similarity <= 1:
        raise QueryError(f"A similarity must be from {_LEAST_SIMILARITY:g} to 1, not {min_similarity!r}.")
    leading = _same_recordings(sounds, min_similarity, same or {}, on_progress)
    whole = dict(enumerate(leading))
    for (longer, part), _ in sorted((parts or {}).items(), key=lambda each: -sounds.files[each[0][0]][0].duration_s):
        if whole[leading[part]] == leading[part] and leading[longer] != leading[part] and whole[leading[longer]] == leading[longer]:
            whole[leading[part]] = leading[longer]
    members: dict[int, list[int]] = defaultdict(list)
    for sound, leader in enumerate(leading):
        members[whole[leader]].append(sound)
    made = [_group(sounds, leader, own, leading, places) for leader, own in members.items()]
    found = [group for group in made if group.extras]
    return sorted(found, key=lambda group: (-group.bytes_of("copy", "same", "part"), group.kept.path))


def _same_recordings(sounds: Sounds, min_similarity: float, same: Pairs, on_progress: Progress) -> list[int]:
    """Return for each sound (M,) the one that stands for its recording, the best there is."""
    first = [own[0] for own in sounds.files]
    pairs = [np.array(sorted(same), np.int64).reshape(-1, 2), _candidates(sounds, min_similarity, on_progress)]
    leading = list(range(len(first)))
    heard = {frozenset(pair) for pair in same}
    window = min(SAME_WINDOW, 1 - _MOMENTS_SHARE * (1 - min_similarity))
    for own in components(np.concatenate(pairs), len(first)):
        best = sorted(own, key=lambda sound: quality(first[sound]))
        every = leaders(
            [first[sound] for sound in best],
            sounds.clips[best].astype(np.float16),
            lambda index, best=best: sounds.windows(best[index]),  # type: ignore[misc]
            same_clip=min_similarity,
            same_window=window,
        )
        for index, sound in enumerate(best):
            leader = best[every[index]]
            if leader == sound:
                leader = next((other for other in best[:index] if leading[other] == other and frozenset((other, sound)) in heard), sound)
            leading[sound] = leading[leader]
    return leading


def _candidates(sounds: Sounds, min_similarity: float, on_progress: Progress) -> IntArray:
    """Return the pairs (P, 2) of sounds that may be the same recording by the rules for any names, and those for namesakes."""
    loud = np.array([index for index, own in enumerate(sounds.files) if "silent" not in own[0].flags], np.int64)
    durations_s = np.array([own[0].duration_s for own in sounds.files])
    found = [loud[near_pairs(sounds.clips[loud], durations_s[loud], min_similarity, on_progress=on_progress)]]
    for group in namesakes([[os.path.basename(record.path) for record in own] for own in sounds.files]):
        here = group[np.isin(group, loud)]
        found.append(here[near_pairs(sounds.clips[here], durations_s[here], min(NAMESAKE_CLIP, min_similarity))])
    return np.concatenate(found).reshape(-1, 2)


def _group(sounds: Sounds, leader: int, own: Sequence[int], leading: Sequence[int], places: Mapping[str, tuple[int, int]]) -> Group:
    kept = sounds.files[leader][0]
    seen = {places.get(kept.path, _NOWHERE)} - {_NOWHERE}
    extras = []
    for sound in sorted(own, key=lambda each: (each != leader, quality(sounds.files[each][0]))):
        is_part = leading[sound] != leader
        cosine = None if is_part else round(float(sounds.clips[sound] @ sounds.clips[leader]), 5)
        for record in sounds.files[sound][1 if sound == leader else 0 :]:
            place = places.get(record.path, _NOWHERE)
            kind: Kind = "link" if place in seen else "part" if is_part else "copy" if sound == leader else "same"
            seen |= {place} - {_NOWHERE}
            extras.append(Extra(record, kind, 1.0 if sound == leader else cosine))
    return Group(kept, tuple(extras))
