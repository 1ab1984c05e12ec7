"""Which sounds of a large library may be the same: pairs of near vectors, found without comparing every sound with every other in Python.

Two unit vectors whose cosine is c lie sqrt(2 - 2 c) apart, and so do their projections on any direction, or less. Sorted along the
direction in which the library spreads most, a sound need only be compared with those just behind it: at a cosine of .9999 with some in a
hundred of all. Comparisons are matrix products, block by block.

Legend: `M` sounds, `P` pairs, `D` embedding size.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from hearken.library.blocks import IntArray
from hearken.library.records import DoubleArray
from hearken.search.folding import SAME_DURATION
from hearken.types import FloatArray, Progress, silent

_ROWS_PER_BLOCK = 512
_COLUMNS_PER_BLOCK = 65_536
_SAMPLE = 4_096
_ROUNDING = 2e-3  # what 16 bits may move a projection


def near_pairs(
    units: FloatArray, durations_s: DoubleArray, min_cosine: float, *, same_length: bool = True, on_progress: Progress = silent
) -> IntArray:
    """Return all pairs (P, 2) of `units` (M, D) with at least `min_cosine`, each once, and durations within 1 % unless `same_length` is false."""
    if len(units) < 2:
        return np.zeros((0, 2), np.int64)
    places = units @ _widest(units)
    order = np.argsort(places, kind="stable")
    sorted_places, rows, lengths = places[order], units[order], durations_s[order]
    reach = float(np.sqrt(max(0.0, 2 - 2 * min_cosine))) + _ROUNDING
    found = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(rows), _ROWS_PER_BLOCK):
        stop = min(start + _ROWS_PER_BLOCK, len(rows))
        end = int(np.searchsorted(sorted_places, sorted_places[stop - 1] + reach, side="right"))
        for left in range(start, end, _COLUMNS_PER_BLOCK):
            right = min(left + _COLUMNS_PER_BLOCK, end)
            alike = rows[start:stop] @ rows[left:right].T >= min_cosine
            if same_length:
                mine, others = lengths[start:stop, None], lengths[left:right]
                alike &= np.abs(mine - others) <= SAME_DURATION * np.maximum(mine, others)
            pairs = np.argwhere(alike) + np.array([start, left], np.int64)
            found.append(pairs[pairs[:, 0] < pairs[:, 1]])
        on_progress(stop, len(rows))
    return np.sort(order[np.concatenate(found)], axis=1)


def namesakes(names: Sequence[Iterable[str]]) -> list[IntArray]:
    """Return the sounds (·,) that share a file name but for its suffix, group by group; `names` (M) are the file names of each."""
    suffixes: dict[str, set[str]] = defaultdict(set)
    holders: dict[str, set[int]] = defaultdict(set)
    for number, own in enumerate(names):
        for name in own:
            stem, suffix = os.path.splitext(name.casefold())
            suffixes[stem].add(suffix)
            holders[stem].add(number)
    return [np.array(sorted(mine), np.int64) for stem, mine in holders.items() if len(mine) > 1 and len(suffixes[stem]) > 1]


def components(pairs: IntArray, count: int) -> list[list[int]]:
    """Return the sets of two or more of `count` sounds that are connected by `pairs` (P, 2), each in order, by their first."""
    parent = list(range(count))

    def top(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for one, other in pairs.tolist():
        first, second = sorted((top(one), top(other)))
        parent[second] = first
    members: dict[int, list[int]] = defaultdict(list)
    for number in np.unique(pairs).tolist():
        members[top(number)].append(number)
    return [members[first] for first in sorted(members)]


def _widest(units: FloatArray) -> FloatArray:
    """Return the unit direction (D,) in which some thousand of the sounds, taken evenly, spread most."""
    some = units[:: max(1, len(units) // _SAMPLE)]
    centred = some - some.mean(axis=0)
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    widest: FloatArray = directions[:, -1].astype(np.float32)
    return widest
