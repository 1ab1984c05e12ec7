"""How well a model retrieves, on clips that it is not trained on: both directions, and the loss.

Every query is ranked against all clips, every clip against all queries. Sounds are encoded whole or from their start, without chance, so
the same weights give the same figures.

Legend: `N` clips, `Q` queries, `D` embedding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hearken.data.shards.order import permutation
from hearken.errors import DataError, show
from hearken.losses.base import Loss, Pairs
from hearken.metrics.ranks import ranks_of_tables
from hearken.metrics.retrieval import average_precision_at, recall_at
from hearken.models.dual import DualEncoder
from hearken.train.feed.held_out import HeldOut
from hearken.train.recipe import Positives
from hearken.train.step import autocast, seed_step
from hearken.types import FloatArray, Progress, silent

RECALLS = (1, 5, 10)
_SOUNDS_AT_ONCE, _TEXTS_AT_ONCE = 16, 64
_SAMPLES_AT_ONCE = 16 * 30 * 48_000  # padding counted: one clip of ten minutes must not make fifteen others as long
_ORDER_WORD = 0x6C6F6F6B


@dataclass(frozen=True)
class Embedded:
    """The vectors of a held-out set: of its clips `audio` (N, D), of its queries `text` (Q, D), and which belong together, `relevant` (Q, N).

    Clips that could not be read are not there, nor are queries that only they answer.
    """

    audio: FloatArray
    text: FloatArray
    relevant: NDArray[np.bool_]

    @property
    def scores(self) -> FloatArray:
        """The cosines (Q, N)."""
        return self.text @ self.audio.T


def embed(
    dual: DualEncoder, held_out: HeldOut, *, precision: str = "32", on_progress: Progress = silent, stop: Callable[[], bool] = bool
) -> Embedded:
    """Return the vectors of `held_out`; the model's mode is put back afterwards. `stop` may break it off with KeyboardInterrupt.

    Raises DataError when not one clip can be read.
    """
    numbers, audio = embed_sounds(dual, held_out.sounds(), len(held_out.clips), precision=precision, on_progress=on_progress, stop=stop)
    if not numbers:
        raise DataError(f"None of the {len(held_out.clips)} clips of {show(held_out.name)} can be read.", "`hearken data check` says why.")
    relevant = held_out.relevant[:, numbers]
    answered: NDArray[np.bool_] = np.any(relevant, axis=1)
    queries = [query for query, kept in zip(held_out.queries, answered.tolist(), strict=True) if kept]
    return Embedded(audio, embed_texts(dual, queries, precision=precision), relevant[answered])


@torch.no_grad()
def embed_sounds(
    dual: DualEncoder, sounds: Iterator[tuple[int, FloatArray]], count: int, *, precision: str = "32", on_progress: Progress = silent,
    stop: Callable[[], bool] = bool,
) -> tuple[list[int], FloatArray]:  # fmt: skip
    """Return the numbers of the `count` clips that `sounds` yields, and their vectors (N, D), in their order."""
    numbers: list[int] = []
    rows: list[Tensor] = []
    with evaluating(dual):
        device = next(dual.parameters()).device
        for group in grouped(sounds):
            if stop():
                raise KeyboardInterrupt
            wave, lengths = padded([samples for _, samples in group])
            with autocast(device, precision):
                rows.append(dual.encode_audio(wave.to(device), lengths).float().cpu())
            numbers += [number for number, _ in group]
            on_progress(len(numbers), count)
    return numbers, torch.cat(rows).numpy() if rows else np.zeros((0, dual.dim), np.float32)


@torch.no_grad()
def embed_texts(dual: DualEncoder, texts: Sequence[str], *, precision: str = "32") -> FloatArray:
    """Return the vectors (Q, D) of `texts`."""
    with evaluating(dual), autocast(next(dual.parameters()).device, precision):
        groups = [texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE)]
        rows = [dual.encode_text(some).float().cpu() for some in groups]
    return torch.cat(rows).numpy() if rows else np.zeros((0, dual.dim), np.float32)


def padded(sounds: Sequence[FloatArray]) -> tuple[Tensor, list[int]]:
    """Return sounds (T,) as one batch (B, T) that zeros fill up, and the length of each."""
    lengths = [len(samples) for samples in sounds]
    wave = np.zeros((len(sounds), max(lengths)), np.float32)
    for row, samples in zip(wave, sounds, strict=True):
        row[: len(samples)] = samples
    return torch.from_numpy(wave), lengths


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode; the mode of each part is put back afterwards."""
    was_training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in was_training:
            module.training = True


def device_of(accelerator: str) -> str:
    """Return the device that models are tried on: "cuda" where `accelerator` ("auto", "cuda", ...) allows it and there is one, else "cpu"."""
    return "cuda" if accelerator in ("auto", "cuda") and torch.cuda.is_available() else "cpu"


def figures(embedded: Embedded) -> dict[str, float]:
    """Return mAP@10 and R@1, 5, 10, text to audio (`t2a_`) and audio to text (`a2t_`), each the mean over queries.

    Audio to text leaves out clips without a query. R@k asks for any of a clip's captions, mAP@10 for all of them (`metrics/retrieval.py`).
    """
    asked = embedded.relevant.any(axis=0)
    values: dict[str, float] = {}
    for name, scores, relevant in (
        ("t2a", embedded.scores, embedded.relevant), ("a2t", embedded.scores.T[asked], embedded.relevant.T[asked])
    ):  # fmt: skip
        ranks = ranks_of_tables(scores, relevant)
        values[f"{name}_mAP@10"] = float(average_precision_at(ranks, 10).mean())
        values |= {f"{name}_R@{k}": float(recall_at(ranks, k).mean()) for k in RECALLS}
    return values


@torch.no_grad()
def loss_of(loss: Loss, embedded: Embedded, temperature: Tensor, *, batch: int, seed: int, positives: Positives = "clip") -> float:
    """Return the mean loss over all pairs of a clip and a query of it, in batches of `batch` pairs; whose order is drawn, for in that of
    the corpus the captions of one clip stand side by side.

    The last batch may be smaller, and counts by its pairs. All draws (impostors too) are a function of `seed`; `positives` as in training: pairs
    of one clip, or of one caption, are right for each other.
    """
    device = temperature.device
    order = permutation(int(embedded.relevant.sum()), seed, _ORDER_WORD)
    queries, clips = (torch.from_numpy(places[order]) for places in np.nonzero(embedded.relevant))
    audio, text = torch.from_numpy(embedded.audio), torch.from_numpy(embedded.text)
    loss.eval()
    total = 0.0
    for number, start in enumerate(range(0, len(clips), batch)):
        seed_step(seed, number)
        of_clips, of_queries = clips[start : start + batch], queries[start : start + batch]
        ids = of_queries if positives == "caption" else of_clips
        pairs = Pairs(audio[of_clips].to(device), text[of_queries].to(device), ids.to(device), temperature)
        total += float(loss(pairs)) * len(of_clips)
    return total / max(1, len(clips))


def grouped(sounds: Iterator[tuple[int, FloatArray]]) -> Iterator[list[tuple[int, FloatArray]]]:
    """Yield sounds in groups that are padded to the longest: so many at most, and fewer where one is long."""
    group: list[tuple[int, FloatArray]] = []
    longest = 0
    for sound in sounds:
        longest = max(longest, len(sound[1]))
        if group and (len(group) == _SOUNDS_AT_ONCE or longest * (len(group) + 1) > _SAMPLES_AT_ONCE):
            yield group
            group, longest = [], len(sound[1])
        group.append(sound)
    if group:
        yield group
