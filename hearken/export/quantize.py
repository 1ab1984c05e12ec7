"""Eight-bit weights for exported graphs, and what that costs: measured, not promised.

Matrix products are quantised dynamically (weights to int8 for each output channel, activations while running), as
`recipes/pocket_export.py` does for *pocket*. Convolutions stay as they are: ONNX Runtime runs them slower in eight bits.

Legend: `B` sounds and texts, `D` embedding.
"""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from hearken.audio.resample import resample
from hearken.audio.sounds import SOUNDS, synthesise
from hearken.audio.synth import RATE_HZ
from hearken.export.check import Encodes
from hearken.export.graphs import SPLIT_BYTES, split_weights
from hearken.types import FloatArray

WORTH = 0.5
"""The audio graph is quantised when at least this share of its weights is in matrix products."""


@dataclass(frozen=True)
class Loss:
    """What eight bits changed on the sounds of `hearken demo` and their names.

    Lowest and mean cosine between an embedding before and after; `same_top` is the share of texts whose best sound
    stayed, `mean_shift` the mean number of places that a sound moved in a text's ranking of `num_sounds` sounds.
    """

    audio_min: float
    audio_mean: float
    text_min: float
    text_mean: float
    same_top: float
    mean_shift: float
    num_sounds: int


def quantize_file(path: Path) -> None:
    """Replace the graph `path` by one with int8 matrices; weights in a file beside it are found and replaced too."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    small = path.with_name(f"int8-{path.name}")
    with _quiet():
        quantize_dynamic(
            path, small, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"], use_external_data_format=False,
        )  # fmt: skip
    path.with_name(f"{path.name}.data").unlink(missing_ok=True)
    small.replace(path)
    if path.stat().st_size >= SPLIT_BYTES:
        split_weights(onnx.load(path), path)


def share_in_products(path: Path) -> float:
    """Return the share of a graph's weights, by number, that matrix products use."""
    graph = onnx.load(path, load_external_data=False).graph
    sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in graph.initializer}
    used = {name for node in graph.node if node.op_type in {"MatMul", "Gemm"} for name in node.input}
    return sum(size for name, size in sizes.items() if name in used) / max(1, sum(sizes.values()))


def measure(before: Encodes, after: Encodes, *, rate_hz: int, names: Sequence[str] | None = None) -> Loss:
    """Return what changed between two versions of a model. `names` of `SOUNDS` default to all of them."""
    names = list(SOUNDS if names is None else names)
    sounds = [resample(synthesise(name).astype(np.float32), RATE_HZ, rate_hz) for name in names]
    texts = [name.replace("_", " ") for name in names]
    old, new = ((side.encode_audio(sounds, rate_hz), side.encode_text(texts)) for side in (before, after))
    audio, text = ((mine * yours).sum(axis=1) for mine, yours in zip(old, new, strict=True))
    places = [_places(words @ heard.T) for heard, words in (old, new)]
    return Loss(
        audio_min=float(audio.min()), audio_mean=float(audio.mean()), text_min=float(text.min()), text_mean=float(text.mean()),
        same_top=float((places[0].argmin(axis=1) == places[1].argmin(axis=1)).mean()),
        mean_shift=float(np.abs(places[0] - places[1]).mean()), num_sounds=len(names),
    )  # fmt: skip


def _places(scores: FloatArray) -> NDArray[np.intp]:
    """Place, from 0, of every sound in each text's ranking: scores (B, B) to places (B, B)."""
    return np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the quantiser's advice (it logs to the root logger) off the terminal."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.root.setLevel(level)
