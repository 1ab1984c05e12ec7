"""Pairs of near vectors: the same ones as by comparing every sound with every other, in far less time."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.search import alike
from hearken.search.alike import components, namesakes, near_pairs


def near_copies(count: int, dim: int, spread: float) -> np.ndarray:
    """Unit vectors of which every fourth is a neighbour of an earlier one."""
    generator = np.random.default_rng(7)
    vectors = generator.standard_normal((count, dim)).astype(np.float32)
    vectors[::4] = vectors[1::4] + spread * generator.standard_normal((len(vectors[::4]), dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("least", [0.9, 0.99, 0.9999])
@pytest.mark.parametrize("rows", [16, 512])
def test_no_pair_is_missed(monkeypatch, least, rows) -> None:
    monkeypatch.setattr(alike, "_ROWS_PER_BLOCK", rows)
    monkeypatch.setattr(alike, "_COLUMNS_PER_BLOCK", 100)
    units = near_copies(800, 24, 0.05 if least < 0.999 else 0.002)
    lengths = np.where(np.arange(800) % 3 == 0, 10.0, 10.05)
    lengths[::40] = 99.0
    cosines = units @ units.T
    every = {(i, j) for i in range(800) for j in range(i + 1, 800) if cosines[i, j] >= least}
    assert {tuple(pair) for pair in near_pairs(units, lengths, least, same_length=False).tolist()} == every
    same = {(i, j) for i, j in every if abs(lengths[i] - lengths[j]) <= 0.01 * max(lengths[i], lengths[j])}
    assert 10 < len(same) < len(every)
    assert {tuple(pair) for pair in near_pairs(units, lengths, least).tolist()} == same


def test_few_comparisons_are_made(monkeypatch) -> None:
    units, compared = near_copies(4_000, 8, 1e-4), []
    monkeypatch.setattr(alike, "_ROWS_PER_BLOCK", 100)
    matmul = np.ndarray.__matmul__

    class Counting(np.ndarray):
        def __matmul__(self, other):
            if getattr(other, "ndim", 0) == 2 and len(self) <= 100:
                compared.append(len(self) * other.shape[1])
            return matmul(np.asarray(self), np.asarray(other))

    pairs = near_pairs(units.view(Counting), np.full(4_000, 5.0), 0.9999)
    assert len(pairs) >= 900
    assert 0 < sum(compared) < 0.15 * 4_000**2


def test_progress_and_nothing() -> None:
    seen: list[tuple[int, int | None]] = []
    near_pairs(near_copies(600, 8, 0.1), np.ones(600), 0.99, on_progress=lambda *each: seen.append(each))
    assert seen == [(512, 600), (600, 600)]
    assert near_pairs(np.ones((1, 4), np.float32), np.ones(1), 0.9).shape == (0, 2)


def test_namesakes_differ_in_the_suffix() -> None:
    found = namesakes([["a.wav"], ["A.mp3", "x.wav"], ["b.wav"], ["b.wav"], ["c.wav", "c.flac"]])
    assert [group.tolist() for group in found] == [[0, 1]]


def test_components() -> None:
    assert components(np.array([[3, 1], [5, 6], [1, 0], [6, 8]]), 9) == [[0, 1, 3], [5, 6, 8]]
    assert components(np.zeros((0, 2), np.int64), 3) == []
