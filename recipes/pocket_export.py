"""Write the trained pocket model as it ships: three ONNX graphs, tokenizer, configuration with digests, and what the training was."""

from __future__ import annotations

import hashlib
import json
import shutil
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from pocket_data import FRONT_END, POLICY, Clip
from torch import Tensor, nn

from hearken.export.compact import compact
from hearken.limits import MAX_QUERY_TOKENS
from hearken.models.pocket import PocketAudio, PocketText

OPSET = 17


class _Frames(nn.Module):
    def __init__(self, audio: PocketAudio) -> None:
        super().__init__()
        self.audio = audio

    def forward(self, mel: Tensor) -> Tensor:
        return self.audio.frames(mel)


class _Head(nn.Module):
    def __init__(self, audio: PocketAudio) -> None:
        super().__init__()
        self.audio = audio

    def forward(self, pooled: Tensor, slope: Tensor | None = None) -> Tensor:
        return self.audio.head(pooled, slope)


class _Text(nn.Module):
    """One text at a time needs no padding; the batch axis stays 1."""

    def __init__(self, text: PocketText) -> None:
        super().__init__()
        self.text = text

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.text(input_ids, torch.ones_like(input_ids))


def export(audio: PocketAudio, text: PocketText, out: Path, *, tokenizer: Path, hears_slope: bool = True) -> None:
    """Write the model folder `out`: three graphs, `tokenizer.json` and `config.json` with their digests."""
    out.mkdir(parents=True, exist_ok=True)
    mel = torch.zeros(1, 10 * 32, FRONT_END.num_mels)
    num_features = audio.frames(mel).shape[-1]
    _to_onnx(_Frames(audio), (mel,), out / "audio_frames.onnx", ["mel"], "frames", {"mel": {0: "B", 1: "L"}, "frames": {0: "B", 1: "K"}})
    inputs = ["pooled", "slope"] if hears_slope else ["pooled"]
    example = tuple(torch.zeros(1, num_features) for _ in inputs)
    _to_onnx(_Head(audio), example, out / "audio_head.onnx", inputs, "embedding", {name: {0: "B"} for name in (*inputs, "embedding")})
    for name in ("audio_frames.onnx", "audio_head.onnx"):
        compact(out / name, 16)
    plain = out / "text_float.onnx"
    _to_onnx(_Text(text), (torch.ones(1, 8, dtype=torch.int64),), plain, ["input_ids"], "embedding", {"input_ids": {1: "W"}})
    quantize_dynamic(plain, out / "text.onnx", per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    plain.unlink()
    shutil.copyfile(tokenizer, out / "tokenizer.json")
    files = ("audio_frames.onnx", "audio_head.onnx", "text.onnx", "tokenizer.json")
    config = {
        "format": 1,
        "name": "pocket",
        "summary": "everyday sounds, their order and their moments; mn04 ears and MiniLM words; offline, one thread",
        "licence": "Apache-2.0 (weights derive from MIT and Apache-2.0 models; see MODEL_CARD.md)",
        "dim": int(audio.bridge.shape[1]),
        "num_features": num_features,
        "head_inputs": inputs,
        "max_query_tokens": MAX_QUERY_TOKENS,
        "front_end": FRONT_END.to_config(),
        "length_policy": POLICY.to_config(),
        "files": {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in files},
    }
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def record(out: Path, settings: dict[str, Any], figures: dict[str, Any], clips: list[Clip]) -> None:
    """Write `training.json`, what the model card is made from: settings, dev figures, and the licences of the clips."""
    licences = Counter(clip.license for clip in clips)
    training = {"settings": settings, "figures": figures, "clips": len(clips), "licences": dict(licences.most_common())}
    (out / "training.json").write_text(json.dumps(training, indent=2) + "\n", encoding="utf-8")


def _to_onnx(
    module: nn.Module, example: tuple[Tensor, ...], path: Path, names: list[str], output: str, axes: dict[str, dict[int, str]]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of every Python branch; the parity test is what decides
        torch.onnx.export(
            module.eval(), example, path, input_names=names, output_names=[output], dynamic_axes=axes, opset_version=OPSET, dynamo=False
        )
