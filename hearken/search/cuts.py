"""Listening for the same recording: files that stored vectors take for near are decoded, and their landmarks compared.

So a copy as MP3 under another name is found, and a part that was cut out of a longer sound. Who is near is told by the best window of the
one for the clip vector of the other: a cut of a few seconds may sound unlike all of its original. Landmarks decide.

Legend: `M` sounds, `D` embedding size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hearken.audio.fingerprint import Fingerprint
from hearken.audio.fingerprint_index import NUM_SHIFTS, FingerprintIndex, Match, is_plain
from hearken.data.prints import PrintStore, fingerprints
from hearken.library.blocks import IntArray
from hearken.search.alike import components
from hearken.search.dedupe import Sounds
from hearken.types import Progress, silent

NEAR = 0.9
"""The least cosine of a sound's clip vector with a window of the other, for the two to be listened to."""
MIN_SHARE = 0.2
"""The least share of common landmarks where two sounds overlap: re-encoded copies have more, loops in different mixes less."""
_MOST_NEAR = 8  # sounds that one is compared with
_SOUNDS_PER_BLOCK = 64
_SLACK_S = 0.3  # encoders put up to a tenth of a second of silence before a sound
_MAX_BATCH_S = 20_000.0  # of sound whose landmarks are held at once: 100 MB


@dataclass(frozen=True)
class Heard:
    """What listening found, by pairs of sounds with the share of common landmarks: `same` recordings, and `parts`: (longer, part of it)."""

    same: dict[tuple[int, int], float]
    parts: dict[tuple[int, int], float]
    unreadable: tuple[str, ...] = ()


def listen(sounds: Sounds, folder: Path, *, jobs: int = 1, on_progress: Progress = silent) -> Heard:
    """Return what landmarks tell of the sounds that are near each other. They are made by `jobs` processes and kept in `folder`.

    Raises DataError where that cannot be written; sounds that cannot be read are named in the answer.
    """
    pairs = _near(sounds)
    heard, unreadable = Heard({}, {}), list[str]()
    total, done = len(np.unique(pairs)), 0
    near: dict[int, set[int]] = {}
    for one, other in pairs.tolist():
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    with PrintStore(folder, num_shifts=NUM_SHIFTS) as store:
        for batch in _batches(sounds, components(pairs, len(sounds.files))):
            known: dict[int, Fingerprint] = {}
            paths = [Path(sounds.files[sound][0].path) for sound in batch]
            with closing(fingerprints(paths, store, jobs=jobs)) as made:  # type: ignore[type-var]
                for sound, found in zip(batch, made, strict=True):
                    done += 1
                    on_progress(done, total)
                    if not isinstance(found, Fingerprint):
                        unreadable.append(found.message)
                    elif not is_plain(found):
                        known[sound] = found
            _compare(sounds, known, near, heard)
    return Heard(heard.same, heard.parts, tuple(unreadable))


def _compare(sounds: Sounds, known: dict[int, Fingerprint], near: dict[int, set[int]], heard: Heard) -> None:
    """Look all sounds of a batch up in one index of them, and note what is the same or a part."""
    order = list(known)
    index = FingerprintIndex(known.values())
    for sound in order:
        for match in index.find(_first_framing(known[sound])):
            other = order[match.clip]
            if other in near[sound] and match.share >= MIN_SHARE:
                _note(sounds, heard, sound, other, match)


def _note(sounds: Sounds, heard: Heard, sound: int, other: int, match: Match) -> None:
    mine_s, other_s = (sounds.files[each][0].duration_s for each in (sound, other))
    apart_s = abs(mine_s - other_s)
    if abs(match.offset_s) <= _SLACK_S and apart_s <= max(_SLACK_S, 0.01 * other_s):
        heard.same[min(sound, other), max(sound, other)] = round(match.share, 3)
    elif match.offset_s >= -_SLACK_S and match.offset_s + mine_s <= other_s + _SLACK_S and mine_s < other_s:
        heard.parts[other, sound] = round(match.share, 3)


def _first_framing(found: Fingerprint) -> Fingerprint:
    """Return the landmarks of the first framing: what is looked up has one, what is in an index all."""
    count = found.num_peaks[0]
    return Fingerprint(found.frames[:count], found.bins[:count], (count,), found.num_frames)


def _near(sounds: Sounds) -> IntArray:
    """Return the pairs (·, 2) of sounds of which one has a window near the clip vector of the other: for each sound the nearest few."""
    snapshot = sounds.snapshot
    number_of = {number: sound for sound, number in enumerate(sounds.numbers)}
    found = [np.zeros((0, 2), np.int64)]
    loud = [sound for sound, own in enumerate(sounds.files) if "silent" not in own[0].flags]
    for start in range(0, len(loud), _SOUNDS_PER_BLOCK):
        block = loud[start : start + _SOUNDS_PER_BLOCK]
        best = np.maximum.reduceat(snapshot.scores(sounds.clips[block]), snapshot.first_rows, axis=1)
        best[:, ~snapshot.alive] = -1.0
        count = min(_MOST_NEAR + 1, best.shape[1])
        nearest = np.argpartition(-best, count - 1, axis=1)[:, :count]
        for row, sound in enumerate(block):
            others = (number_of.get(int(number), sound) for number in nearest[row] if best[row, number] >= NEAR)
            pairs = [(min(sound, other), max(sound, other)) for other in others if other != sound]
            found.append(np.array(pairs, np.int64).reshape(-1, 2))
    return np.unique(np.concatenate(found), axis=0)


def _batches(sounds: Sounds, groups: list[list[int]]) -> Iterator[list[int]]:
    """Yield sounds to be compared with each other, whole groups together as long as they are not too long."""
    batch: list[int] = []
    length_s = 0.0
    for group in groups:
        group_s = sum(sounds.files[sound][0].duration_s for sound in group)
        if batch and length_s + group_s > _MAX_BATCH_S:
            yield batch
            batch, length_s = [], 0.0
        batch = batch + group
        length_s += group_s
    if batch:
        yield batch
