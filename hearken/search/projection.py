"""A library as a map: a place in the plane for every sound, so that what sounds alike lies close together, and regions with names.

Clip vectors are reduced to their `NUM_COMPONENTS` strongest directions (PCA) and laid out by t-SNE (van der Maaten and Hinton 2008), as
scikit-learn has it. Above `MAX_LANDMARKS` sounds an even sample of them is laid out, and each of the others is put beside the landmarks
that are nearest to it. Regions are found by k-means over the plane; each is called by what most of its sounds are likest to
(`region_names`). The same vectors always give the same map.

Legend: `F` sounds, `L` landmarks, `D` embedding size, `V` terms, `K` regions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import MissingExtraError, extra_hint
from hearken.library.words import STOP_WORDS
from hearken.types import FloatArray

NUM_COMPONENTS = 50
MAX_LANDMARKS = 20_000
MIN_SOUNDS = 3
_PERPLEXITY = 30.0
_SEED = 7
_NEAREST = 5
_ROWS_PER_STEP = 2_048
_MAX_REGIONS = 24
_HUB_SHARE = 0.5  # of what a term scores with all sounds is taken off: some terms are a little like everything
_SECOND_SHARE = 0.5  # a second term is told where it has so many of the votes of the first
_WORD_SHARE, _WORD_LIFT = 0.6, 2.0

IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Layout:
    """Places `xy` (F, 2) within 0 to 1, the region of each sound (F,), and how many sounds of each region are likest to each term (K, V)."""

    xy: FloatArray
    regions: IntArray
    votes: IntArray


def lay_out(clips: FloatArray, terms: FloatArray) -> Layout:
    """Return the map of clip vectors (F, D), at least `MIN_SOUNDS` of them, with votes for the vectors of terms (V, D).

    Raises MissingExtraError where scikit-learn is absent.
    """
    reduced = _reduce(clips)
    chosen = landmarks(len(reduced))
    placed = _spread(_tsne(reduced[chosen]))
    xy = placed if len(chosen) == len(reduced) else _fill_in(reduced, chosen, placed)
    regions = _regions(xy, chosen)
    return Layout(xy, regions, _votes(clips, terms, regions))


def landmarks(count: int) -> IntArray:
    """Return which of `count` sounds are laid out: all, or `MAX_LANDMARKS` evenly spread over them, as neighbours by id are often alike."""
    if count <= MAX_LANDMARKS:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, MAX_LANDMARKS).round().astype(np.int64))


def num_regions(count: int) -> int:
    """Return how many regions a map of `count` sounds has."""
    return int(min(_MAX_REGIONS, max(1, round(np.sqrt(count) / 2)), count))


def region_names(votes: IntArray, terms: Sequence[str], words: Sequence[Counter[str]], sizes: Sequence[int]) -> list[str]:
    """Return a name for each region (K,): a word that most files of it, and few others, have in their names or folders; or else the
    term with most `votes` (K, V), and a second one where it has nearly as many, or the first is another region's name already.

    `words` counts, for each region, in how many files a word stands; `sizes` are their numbers of files.
    """
    total, everywhere = sum(sizes), sum(words, Counter[str]())
    names: dict[int, str] = {}
    for region in sorted(range(len(sizes)), key=lambda each: (-sizes[each], each)):
        word = _shared_word(words[region], sizes[region], everywhere, total)
        choices = [word] if word else _best_terms(votes[region], terms)
        taken = set(names.values())
        names[region] = next((choice for choice in choices if choice not in taken), choices[0] if choices else "")
    return [names[region] for region in range(len(sizes))]


def _best_terms(votes: IntArray, terms: Sequence[str]) -> list[str]:
    """Return what a region may be called by its votes (V,), best first."""
    order = [int(place) for place in np.argsort(-votes, kind="stable")[:4] if votes[place] > 0]
    if not order:
        return []
    first = terms[order[0]]
    pairs = [f"{first}, {_low(terms[place])}" for place in order[1:]]
    is_close = len(order) > 1 and votes[order[1]] >= _SECOND_SHARE * votes[order[0]]
    return [pairs[0], first, *pairs[1:]] if is_close else [first, *pairs]


def _low(term: str) -> str:
    return term[:1].lower() + term[1:]


def _shared_word(words: Counter[str], size: int, everywhere: Counter[str], total: int) -> str:
    """Return the word in upper case that most files of a region share, and files elsewhere do not; "" for none."""
    for word, count in sorted(words.items(), key=lambda item: (-item[1], -len(item[0]), item[0])):
        if count < _WORD_SHARE * size:
            return ""
        if count / size >= _WORD_LIFT * everywhere[word] / total and word.isalpha() and len(word) > 2 and word not in STOP_WORDS:
            return word.capitalize()
    return ""


def _reduce(clips: FloatArray) -> FloatArray:
    """Return (F, C) with the strongest directions of `clips` about their mean, which landmarks alone decide."""
    sample = clips[landmarks(len(clips))].astype(np.float64)
    mean = sample.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(sample - mean, rowvar=False))
    axes = vectors[:, ::-1][:, : min(NUM_COMPONENTS, clips.shape[1])]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)  # the sign is arbitrary otherwise
    steps = [(clips[start : start + _ROWS_PER_STEP] - mean) @ axes for start in range(0, len(clips), _ROWS_PER_STEP)]
    return np.concatenate(steps).astype(np.float32)


def _tsne(reduced: FloatArray) -> FloatArray:
    """Return places (L, 2) of sounds (L, C)."""
    spread = float(reduced[:, 0].std())
    if len(reduced) < 2 * MIN_SOUNDS or not spread:
        return _in_a_ring(len(reduced))
    manifold = _sklearn("manifold")
    begin = reduced[:, :2] / spread * 1e-4  # as t-SNE's own PCA start, but of the PCA that is here already
    perplexity = min(_PERPLEXITY, (len(reduced) - 1) / 3)
    made = manifold.TSNE(2, perplexity=perplexity, init=np.ascontiguousarray(begin), random_state=_SEED, learning_rate="auto", n_jobs=1)
    placed: FloatArray = made.fit_transform(reduced).astype(np.float32)
    return placed


def _in_a_ring(count: int) -> FloatArray:
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([np.cos(turns), np.sin(turns)]).astype(np.float32)


def _spread(placed: FloatArray) -> FloatArray:
    """Return places within 0 to 1, both axes to one scale, the picture in the middle."""
    low, high = placed.min(axis=0), placed.max(axis=0)
    size = max(float((high - low).max()), 1e-9)
    spread: FloatArray = ((placed - (low + high) / 2) / size + 0.5).clip(0, 1).astype(np.float32)
    return spread


def _fill_in(reduced: FloatArray, chosen: IntArray, placed: FloatArray) -> FloatArray:
    """Return places (F, 2) for all sounds: landmarks where they are, others at the median of those of their nearest landmarks.

    (A mean of neighbours that lie apart would fall between them, where nothing like it is.) A little noise keeps copies from
    hiding each other.
    """
    xy = np.empty((len(reduced), 2), np.float32)
    anchors = reduced[chosen]
    squares = (anchors**2).sum(axis=1)
    for start in range(0, len(reduced), _ROWS_PER_STEP):
        rows = reduced[start : start + _ROWS_PER_STEP]
        distances = squares[None, :] - 2 * (rows @ anchors.T)
        nearest = np.argpartition(distances, _NEAREST, axis=1)[:, :_NEAREST]
        xy[start : start + len(rows)] = np.median(placed[nearest], axis=1)
    xy += np.random.default_rng(_SEED).normal(0, 0.3 / np.sqrt(len(chosen)), xy.shape).astype(np.float32)
    xy[chosen] = placed
    return xy.clip(0, 1)


def _regions(xy: FloatArray, chosen: IntArray) -> IntArray:
    cluster = _sklearn("cluster")
    made = cluster.KMeans(num_regions(len(chosen)), random_state=_SEED, n_init=4).fit(_distinct(xy[chosen]))
    regions: IntArray = made.predict(xy).astype(np.int64)
    used = np.unique(regions)
    return np.searchsorted(used, regions)


def _distinct(xy: FloatArray) -> FloatArray:
    """Return `xy` moved apart by less than a screen shows: k-means warns of sounds that all lie in one place."""
    return xy + np.linspace(0, 1e-4, len(xy), dtype=np.float32)[:, None]


def _votes(clips: FloatArray, terms: FloatArray, regions: IntArray) -> IntArray:
    """Return how many sounds of each region are likest to each term (K, V)."""
    votes = np.zeros((int(regions.max()) + 1, len(terms)), np.int64)
    if not len(terms):
        return votes
    usual = clips.mean(axis=0, dtype=np.float64).astype(np.float32) @ terms.T * _HUB_SHARE
    for start in range(0, len(clips), _ROWS_PER_STEP):
        best = (clips[start : start + _ROWS_PER_STEP] @ terms.T - usual).argmax(axis=1)
        np.add.at(votes, (regions[start : start + len(best)], best), 1)
    return votes


def _sklearn(part: str) -> Any:  # noqa: ANN401  a module
    import importlib

    try:
        return importlib.import_module(f"sklearn.{part}")
    except ImportError as error:
        raise MissingExtraError("A map of the library needs scikit-learn.", extra_hint("serve")) from error
