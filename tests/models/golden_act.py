"""The audio captioning transformer filled as the golden numbers have it, and the toy that its searches are held to."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from hearken.models.act import Act
from hearken.models.config import DecoderConfig
from hearken.models.decoder import CrossDecoder, Heard
from tests.golden.filling import HERE, fill, grid

START, END, WORDS = 0, 9, 20
CASES = {"t500": (1800, 500, 2), "t300": (1810, 300, 1)}


@cache
def golden() -> dict[str, np.ndarray]:
    with np.load(HERE / "models" / "act.npz") as data:
        return {name: data[name] for name in data}


def mel(case: str) -> Tensor:
    """Spectrograms (B, L, 64) of a case."""
    seed, frames, count = CASES[case]
    return torch.from_numpy(np.stack([grid(seed + number, frames, 64, -40.0, 20.0) for number in range(count)]))


@cache
def encoder() -> Act:
    filled = fill(Act(), lambda key: f"encoder.{key}")
    assert isinstance(filled, Act)
    return filled


@cache
def decoder() -> CrossDecoder:
    filled = fill(CrossDecoder(DecoderConfig(), WORDS, 527))
    assert isinstance(filled, CrossDecoder)
    return filled


@cache
def heard(case: str) -> Heard:
    with torch.inference_mode():
        return Heard(encoder().tokens(mel(case)))


def toy_step(case: str, tokens: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Log-probabilities (R, V) of the toy decoding: three times the logits, the last word 6 less likely, the end more so with length."""
    keys = [(case, int(row), tuple(line)) for row, line in zip(rows, tokens.tolist(), strict=True)]
    new = [place for place, key in enumerate(keys) if key not in _ASKED]
    if new:  # several searches come by the same beginnings
        with torch.inference_mode():
            chosen = torch.from_numpy(tokens[new])
            logits = 3 * decoder()(chosen, heard(case).rows(torch.from_numpy(rows[new])))[:, -1]
            logits[torch.arange(len(chosen)), chosen[:, -1]] -= 6
            logits[:, END] += tokens.shape[1] - 5
            _ASKED.update(zip((keys[place] for place in new), logits.log_softmax(-1).numpy(), strict=True))
    return np.stack([_ASKED[key] for key in keys])


_ASKED: dict[tuple[str, int, tuple[int, ...]], np.ndarray] = {}
