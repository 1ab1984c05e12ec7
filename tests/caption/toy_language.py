"""A captioner without a network: tables of chances that depend on the clip and on all tokens so far, and all captions there are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from hearken.caption.beam import IntArray

START, END, WORDS = 0, 1, (2, 3, 4)
SIZE = 5


class Toy:
    """A step that knows how often it was asked, and about how many rows at most. The start is never written."""

    def __init__(self, seed: int = 0, sharpness: float = 1.5) -> None:
        self.seed, self.sharpness = seed, sharpness
        self.num_asked, self.most_rows = 0, 0

    def __call__(self, tokens: IntArray, rows: IntArray) -> np.ndarray:
        assert tokens.dtype == rows.dtype == np.int64
        assert (tokens[:, 0] == START).all()
        assert (tokens[:, 1:] != END).all()
        self.num_asked, self.most_rows = self.num_asked + 1, max(self.most_rows, len(rows))
        return np.stack([self.after(tuple(line[1:]), int(clip)) for line, clip in zip(tokens.tolist(), rows, strict=True)])

    def after(self, beginning: tuple[int, ...], clip: int) -> np.ndarray:
        scores = self.sharpness * np.random.default_rng([self.seed, clip, len(beginning), *beginning]).standard_normal(SIZE)
        scores[START] = -np.inf
        found: np.ndarray = scores - np.log(np.exp(scores).sum())
        return found

    def chance(self, caption: tuple[int, ...], clip: int) -> float:
        """The log-probability of a whole caption, its end included."""
        return sum(float(self.after(caption[:place], clip)[token]) for place, token in enumerate((*caption, END)))


def captions(max_tokens: int) -> Iterator[tuple[int, ...]]:
    """All captions of at most `max_tokens` words."""
    for count in range(max_tokens + 1):
        yield from itertools.product(WORDS, repeat=count)


def greedy(toy: Toy, clip: int, max_tokens: int) -> tuple[int, ...]:
    """The likeliest token, again and again."""
    caption: tuple[int, ...] = ()
    while len(caption) < max_tokens and (token := int(toy.after(caption, clip).argmax())) != END:
        caption = (*caption, token)
    return caption
