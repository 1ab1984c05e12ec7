"""The three ONNX graphs of a dual encoder: a segment's sound to its features, features to an embedding, words to an embedding.

PyTorch's tracing exporter writes them, so what is traced must not depend on the values it is traced with: every segment
has one length, which makes positions, shifts and resizings constants; words come one text at a time, without padding. Encoders
whose embedding is a mean of feature frames, such as *pocket*'s, are convolutions alone: their graph takes sound of any length.

Legend: `B` batch, `T` samples, `L` spectrogram frames, `F` mel bands, `K` feature frames, `C` features, `W` word pieces, `D` embedding.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.errors import ModelError
from hearken.models.encoder import AudioEncoder

OPSET = 17
SPLIT_BYTES = 64_000_000
"""Graphs from this size on keep their weights in a file of their own, NAME.data, which ONNX Runtime maps instead of reading."""
MAX_BYTES = 2_000_000_000  # a graph is a protobuf message, and those end at 2 GiB
_SMALLEST_TENSOR_BYTES = 1_024  # smaller ones stay in the graph, where the shapes are worked out
_EXAMPLE_NUM_WORDS = 8


class SegmentFeatures(nn.Module):
    """One segment's log-mel `mel` (1, L, F), and for some encoders its `wave` (1, T), to features (1, 1, C)."""

    def __init__(self, encoder: AudioEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return features (1, 1, C)."""
        features: Tensor = self.encoder(mel, wave) if self.encoder.needs_wave else self.encoder(mel)
        return features.unsqueeze(1)


class FrameFeatures(nn.Module):
    """Log-mel `mel` (B, L, F) of any length to feature frames (B, K, C)."""

    def __init__(self, encoder: AudioEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, mel: Tensor) -> Tensor:
        """Return features (B, K, C)."""
        return self.encoder.frames(mel)


class Head(nn.Module):
    """Features averaged over segments or frames (B, C), and their slope (B, C) where the encoder hears it, to unit-length embeddings (B, D)."""

    def __init__(self, projection: nn.Module) -> None:
        super().__init__()
        self.projection = projection

    def forward(self, pooled: Tensor, slope: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D)."""
        embedding = pooled if slope is None else torch.cat([pooled, slope], dim=-1)
        return functional.normalize(self.projection(embedding), dim=-1)


class Words(nn.Module):
    """The word pieces `input_ids` (1, W) of one text to a unit-length embedding (1, D); one text needs no padding, so no mask."""

    def __init__(self, encoder: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.encoder, self.projection = encoder, projection

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return the embedding (1, D)."""
        return functional.normalize(self.projection(self.encoder(input_ids, torch.ones_like(input_ids))), dim=-1)


def write_audio(encoder: AudioEncoder, projection: nn.Module, folder: Path, *, num_samples: int, by_frames: bool = False) -> int:
    """Write `audio_frames.onnx` for segments of `num_samples` samples, and `audio_head.onnx`; return the number of features C of a frame.

    With `by_frames` the first graph gives all feature frames of sound of any length, and `num_samples` is but an example; the second
    takes their slope as well where the encoder hears it (`head_inputs`). Raises ModelError when the encoder has an operation that ONNX lacks.
    """
    front_end = encoder.front_end
    mel = torch.zeros(1, front_end.num_frames(num_samples), front_end.num_mels)
    inputs = {"mel": mel} | ({"wave": torch.zeros(1, num_samples)} if encoder.needs_wave else {})
    if by_frames:
        axes = {"mel": {0: "B", 1: "L"}, "frames": {0: "B", 1: "K"}}
        to_onnx(FrameFeatures(encoder), {"mel": mel}, folder / "audio_frames.onnx", "frames", axes)
    else:
        to_onnx(SegmentFeatures(encoder), inputs, folder / "audio_frames.onnx", "frames", {})
    names = head_inputs(encoder, by_frames=by_frames)
    num_features = encoder.dim // len(names)
    axes = {name: {0: "B"} for name in (*names, "embedding")}
    to_onnx(Head(projection), {name: torch.zeros(1, num_features) for name in names}, folder / "audio_head.onnx", "embedding", axes)
    return num_features


def head_inputs(encoder: AudioEncoder, *, by_frames: bool) -> list[str]:
    """Return the names of what the head reads: the mean of features, and the slope of frames where the encoder hears it."""
    return ["pooled", "slope"] if by_frames and encoder.hears_slope else ["pooled"]


def write_text(encoder: nn.Module, projection: nn.Module, folder: Path, *, num_words: int) -> None:
    """Write `text.onnx`. `num_words` is the size of the vocabulary. Raises ModelError as `write_audio` does."""
    example = torch.arange(_EXAMPLE_NUM_WORDS).remainder(num_words).unsqueeze(0)
    to_onnx(Words(encoder, projection), {"input_ids": example}, folder / "text.onnx", "embedding", {"input_ids": {1: "W"}})


def to_onnx(module: nn.Module, inputs: Mapping[str, Tensor], path: Path, output: str, axes: dict[str, dict[int, str]]) -> None:
    """Write the graph of `module` in evaluation mode; the module itself stays as it is, in training or not."""
    num_bytes = sum(tensor.numel() * 4 for tensor in module.state_dict().values())
    if num_bytes > MAX_BYTES:
        raise ModelError(
            f"{path.name} would have {num_bytes / 1e9:.1f} GB of weights; the exporter writes graphs of up to {MAX_BYTES / 1e9:.1f} GB.",
            "Choose a smaller encoder.",
        )
    module = copy.deepcopy(module).cpu().float().eval()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the tracer warns of every Python branch; the check against torch is what decides
            torch.onnx.export(
                module, tuple(inputs.values()), path, input_names=list(inputs), output_names=[output], dynamic_axes=axes,
                opset_version=OPSET, dynamo=False,
            )  # fmt: skip
    except torch.onnx.errors.OnnxExporterError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ModelError(f"{path.name} cannot be written: {reason}") from error
    if path.stat().st_size >= SPLIT_BYTES:
        split_weights(onnx.load(path), path)


def split_weights(graph: Any, path: Path) -> None:  # noqa: ANN401  an onnx.ModelProto, which has no types
    """Write `graph` to `path` and its weights to `path`.data, replacing what was there."""
    weights = path.with_name(f"{path.name}.data")
    weights.unlink(missing_ok=True)  # or the weights would be appended to the old ones
    onnx.save_model(
        graph, path, save_as_external_data=True, all_tensors_to_one_file=True, location=weights.name,
        size_threshold=_SMALLEST_TENSOR_BYTES,
    )  # fmt: skip
    weights.chmod(path.stat().st_mode & 0o777)  # onnx makes it for its owner alone
