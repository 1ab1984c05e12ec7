"""Near-duplicate folding: which hits are the same recording again, as a copy or in another format or bitrate.

Folding hides hits, so it must never take two recordings for one. Files fold when their bytes are equal, or when all of
this holds: their durations differ by at most 1 %, their clip vectors and each pair of their windows are alike, and
neither is silent (silence is like silence, whoever recorded it).

How alike depends on the names, because vectors tell kinds of sounds apart, not recordings. Among 1,678 real clips, many
of equal length, 474 pairs of different recordings had clip cosines of .995 and more, though copies as MP3 (128 kbit/s)
go down to .9976. So .995 is asked of files that have one name but for the suffix (`rain.wav`, `mp3/rain.mp3`), and of
all others .9999: six pairs reached that, and by their waveforms five are the same recording and one is two cuts of it.

Byte copies have all their names in common, whichever of them comes first. A file also folds with what folded at .9999
before it, under the leader of that; not with what folded by its name, as then each link of a chain would lead further.

Legend: `M` files, `N` windows of a file, `D` embedding size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

from hearken.library.records import FileRecord, HalfArray
from hearken.types import FloatArray

SAME_CLIP, SAME_WINDOW = 0.9999, 0.999  # whatever the names
NAMESAKE_CLIP, NAMESAKE_WINDOW = 0.995, 0.98  # of files of one name but for the suffix
SAME_DURATION = 0.01
_ROWS_PER_BLOCK = 256

Windows = Callable[[int], HalfArray]
"""Returns the windows (N, D) of one of the files."""


def leaders(
    records: Sequence[FileRecord], clips: HalfArray, windows: Windows, *, same_clip: float = SAME_CLIP, same_window: float = SAME_WINDOW
) -> list[int]:
    """Return for each of `records` (M, best first) the index of the first one that is the same recording; itself, if none.

    `clips` (M, D) are the clip vectors, `windows` returns the window vectors of the file of an index. `same_clip` and `same_window` are
    the cosines asked of files whatever their names; less than the usual ones takes other recordings for the same.
    """
    least = min(NAMESAKE_CLIP, same_clip)
    units = _unit(clips)
    durations = np.array([record.duration_s for record in records])
    quiet = np.array(["silent" in record.flags for record in records], bool)
    names: dict[str, set[tuple[str, str]]] = {}
    for record in records:
        names.setdefault(record.content_hash, set()).add(os.path.splitext(os.path.basename(record.path).casefold()))
    first_of: dict[str, int] = {}
    found: list[int] = []
    close: list[bool] = []  # whether a file leads, or is next to equal to its leader

    def same(index: int, other: int, cosine: float) -> bool:
        namesakes = _namesakes(names[records[index].content_hash], names[records[other].content_hash])
        clip, window = (min(NAMESAKE_CLIP, same_clip), min(NAMESAKE_WINDOW, same_window)) if namesakes else (same_clip, same_window)
        return close[other] and cosine >= clip and _same_windows(windows(index), windows(other), window)

    def nearly_equal(index: int, other: int, cosine: float) -> bool:
        return cosine >= same_clip and _same_windows(windows(index), windows(other), same_window)

    for start in range(0, len(records), _ROWS_PER_BLOCK):
        stop = min(start + _ROWS_PER_BLOCK, len(records))
        cosines = units[start:stop] @ units[:stop].T
        near = np.abs(durations[start:stop, None] - durations[:stop]) <= SAME_DURATION * np.maximum(
            durations[start:stop, None], durations[:stop]
        )
        alike = near & (cosines >= least) & ~quiet[:stop] & ~quiet[start:stop, None]
        for index in range(start, stop):
            row = index - start
            first = first_of.setdefault(records[index].content_hash, index)
            if first < index:
                found.append(found[first])
                close.append(close[first])
                continue
            others = (int(other) for other in np.flatnonzero(alike[row, :index]))
            match = next((other for other in others if same(index, other, float(cosines[row, other]))), index)
            leader = found[match] if match < index else index
            found.append(leader)
            close.append(leader == index or nearly_equal(index, leader, float(cosines[row, leader])))
    return found


def _namesakes(some: set[tuple[str, str]], others: set[tuple[str, str]]) -> bool:
    """Tell whether two sounds, each with the (stem, suffix) of all its files, have one name but for the suffix."""
    return any(stem == other_stem and suffix != other_suffix for stem, suffix in some for other_stem, other_suffix in others)


def _unit(vectors: HalfArray) -> FloatArray:
    wide = vectors.astype(np.float32)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-6), np.float32)


def _same_windows(some: HalfArray, other: HalfArray, cosine: float) -> bool:
    """Tell whether two files have the same course; re-encoding may add or drop a window at the end."""
    count = min(len(some), len(other))
    if abs(len(some) - len(other)) > 1:
        return False
    return bool(((_unit(some[:count]) * _unit(other[:count])).sum(axis=1) >= cosine).all())
