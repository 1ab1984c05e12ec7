"""Finding the clips of a set in which a sound, or a part of it, occurs: votes of landmarks for a clip and an offset.

Legend: `E` entries of the index, `L` landmarks of a sound, `H` hits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hearken.audio.fingerprint import FRAME_RATE_HZ, Fingerprint, IntArray

NUM_SHIFTS = 2
"""Framings of the sounds in an index (see `fingerprint`); those that are looked up have one."""
MIN_VOTES = 15
MIN_SHARE = 0.01
"""Two sounds match if so many different hashes agree about the offset: `MIN_VOTES`, and `MIN_SHARE` of the landmarks that the
looked-up sound has where the two overlap on top of that.

Measured with 1,200 recordings, 0.5 to 10 s of each against all: chance reached 8 votes of 170 landmarks (1 s), 13 of 2,600 (10 s).
"""

_PART_FRAMES = round(60 * FRAME_RATE_HZ)  # long sounds are looked up minute by minute, or a short loan would drown in them
_MAX_HITS = 2_000_000  # that are held at once
_COMMON = 2_000  # entries of one hash: above, it is a tone or a click that says nothing, if it is also a thousandth of all
_OFFSET_BITS, _RANK_BITS = 24, 17  # 74 hours of offset; landmarks of one part

KeyArray = NDArray[np.int64]


@dataclass(frozen=True)
class Match:
    """A part of a sound that occurs in the clip with number `clip` of the index.

    `offset_s` is where the sound begins in the clip (negative: the clip begins inside the sound), `votes` the number of
    different hashes that say so, `share` that of the landmarks in the overlap, 0 to 1.
    """

    clip: int
    offset_s: float
    votes: int
    share: float


class FingerprintIndex:
    """Landmarks of many clips, sorted. It takes 12 bytes for each: about 5 kB for a second of sound."""

    def __init__(self, fingerprints: Iterable[Fingerprint]) -> None:
        """Take the fingerprints of clips 0, 1, ..., made with `NUM_SHIFTS`."""
        hashes, frames, lengths, counts = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], [], []
        for one in fingerprints:
            for parts, part in zip((hashes, frames), one.landmarks(), strict=True):
                parts.append(part)
            lengths.append(one.num_frames)
            counts.append(len(hashes[-1]))
        every = np.concatenate(hashes)
        order = np.argsort(every, kind="stable")
        self._hashes: IntArray = every[order]
        self._frames: IntArray = np.concatenate(frames)[order]
        self._clips: IntArray = np.repeat(np.arange(len(counts), dtype=np.int32), counts)[order]
        self._num_frames = np.array(lengths, np.int64)
        self._common = max(_COMMON, len(every) // 1_000)

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self._num_frames)

    def find(self, sound: Fingerprint) -> list[Match]:
        """Return the clips that match `sound`, in their order, each with its best offset. `sound` has one framing."""
        best: dict[int, Match] = {}
        hashes, frames = sound.landmarks()
        for start in range(0, sound.num_frames, _PART_FRAMES):
            low, high = np.searchsorted(frames, [start, start + _PART_FRAMES])
            for match in self._matches(hashes[low:high], frames[low:high]):
                if match.clip not in best or match.votes > best[match.clip].votes:
                    best[match.clip] = match
        return [best[clip] for clip in sorted(best)]

    def _matches(self, hashes: IntArray, frames: IntArray) -> Iterator[Match]:
        """Yield what is above the thresholds for some landmarks (L,) of a sound."""
        keys, alone, votes = _votes(self._hits(hashes, frames))
        candidates = np.flatnonzero(votes >= MIN_VOTES)
        for place in candidates[np.lexsort((-alone[candidates], -votes[candidates]))].tolist():
            clip, offset = int(keys[place]) >> _OFFSET_BITS, (int(keys[place]) & (1 << _OFFSET_BITS) - 1) - (1 << _OFFSET_BITS - 1)
            inside = np.searchsorted(frames, [-offset, self._num_frames[clip] - offset])
            share = int(votes[place]) / max(int(inside[1] - inside[0]), 1)
            if votes[place] >= MIN_VOTES + MIN_SHARE * (inside[1] - inside[0]):
                yield Match(clip, offset / FRAME_RATE_HZ, int(votes[place]), min(share, 1.0))

    def _hits(self, hashes: IntArray, frames: IntArray) -> KeyArray:
        """Return, sorted and each once, clip, offset and hash of all entries with one of the hashes, as one number (H,)."""
        first = np.searchsorted(self._hashes, hashes, "left")
        counts = np.searchsorted(self._hashes, hashes, "right") - first
        counts[counts > self._common] = 0
        _, ranks = np.unique(hashes, return_inverse=True)
        found = [np.zeros(0, np.int64)]
        for chosen in _portions(counts):
            mine = np.repeat(chosen, counts[chosen])
            entry = first[mine] + _counting(counts[chosen])
            offsets = self._frames[entry].astype(np.int64) - frames[mine] + (1 << _OFFSET_BITS - 1)
            clips = self._clips[entry].astype(np.int64)
            found.append(np.unique((clips << _OFFSET_BITS | offsets) << _RANK_BITS | ranks[mine]))
        return np.unique(np.concatenate(found)) if len(found) > 2 else found[-1]


def is_plain(sound: Fingerprint) -> bool:
    """Say whether a sound has too few different landmarks to match anything: silence, a tone, a click, most of what is below 0.3 s."""
    return len(np.unique(sound.landmarks()[0])) <= MIN_VOTES


def _portions(counts: KeyArray) -> Iterator[KeyArray]:
    """Yield the places where there are counts, in rows whose counts make up about `_MAX_HITS`."""
    places = np.flatnonzero(counts)
    number = np.cumsum(counts[places]) // _MAX_HITS
    yield from np.split(places, np.flatnonzero(np.diff(number)) + 1) if len(places) else ()


def _counting(counts: KeyArray) -> KeyArray:
    """Return 0, 1, ... up to each of the counts, in a row."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _votes(hits: KeyArray) -> tuple[KeyArray, KeyArray, KeyArray]:
    """Return each clip and offset that got votes, as one number; its votes; these and those of the better neighbouring offset."""
    keys, votes = np.unique(hits >> _RANK_BITS, return_counts=True)
    next_is_near = np.append(np.diff(keys) == 1, False) if len(keys) else np.zeros(0, np.bool_)
    after = np.where(next_is_near, np.append(votes[1:], 0), 0) if len(keys) else votes
    before = np.zeros_like(votes)
    before[1:] = np.where(next_is_near[:-1], votes[:-1], 0)
    return keys, votes, votes + np.maximum(before, after)
