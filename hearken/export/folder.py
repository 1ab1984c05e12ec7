"""A dual encoder's network as the folder that `runtime/` runs: three graphs, the tokeniser, and what is no network as data.

The audio encoder gets segments of one length, and a clip is the mean of its segments' features, projected after the mean:
the rule of the authors of DCASE 2023's task 6b system, which `LengthPolicy.of_segments` states for sound of any length. A model by
the rule "frames", such as *pocket*, gets pieces of any length and gives frames; windows of them overlap, and are of two lengths.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hearken.audio.length import LengthPolicy
from hearken.errors import InputError
from hearken.export.compact import compact
from hearken.export.graphs import head_inputs, write_audio, write_text
from hearken.export.quantize import WORTH, quantize_file, share_in_products
from hearken.models.dual import DualEncoder
from hearken.models.frame_tower import FrameTower

FORMAT = 1
WINDOWS: dict[str, Any] = {"window_num_frames": 4, "hop_num_frames": 2, "context_num_frames": 16, "context_hop_num_frames": 8}
"""Moments and contexts of models by the rule "frames", in feature frames: with pocket's of 0.32 s, 1.28 s every 0.64 s and 5.12 s every 2.56 s."""
_TOKENIZER = "Build it with tokenizer=, or `hearken convert` it with --tokenizer FILE, and export that."
_HASHED = ("audio_frames.onnx", "audio_head.onnx", "text.onnx", "tokenizer.json")


@dataclass(frozen=True)
class Card:
    """What a configuration says to people: the model's name, what it is, and its licence."""

    name: str
    summary: str
    licence: str


def write_folder(dual: DualEncoder, folder: Path, card: Card, *, segment_s: float | None = None) -> LengthPolicy:
    """Write `dual` into `folder`, which is made, and return how the model will cut sound.

    A segment (by the rule "frames": a piece) is `segment_s` seconds, by default what the dual encoder's own audio side uses. Raises InputError when the
    encoder cannot take segments of this length or the text side has no tokenizer, ModelError when ONNX cannot express it.
    """
    tokenizer = dual.text.tokenizer
    if tokenizer is None:
        raise InputError("The text encoder has no tokenizer, so the exported model could not read.", _TOKENIZER)
    policy = segment_policy(dual, segment_s)
    folder.mkdir(parents=True)
    encoder, text = dual.audio.encoder, dual.text
    by_frames = isinstance(dual.audio, FrameTower)
    num_features = write_audio(encoder, dual.audio_projection, folder, num_samples=policy.chunk_num_samples, by_frames=by_frames)
    write_text(text, dual.text_projection, folder, num_words=tokenizer.get_vocab_size())
    tokenizer.save(str(folder / "tokenizer.json"))
    config: dict[str, Any] = {"format": FORMAT, **asdict(card), "dim": dual.dim, "num_features": num_features}
    config |= {"max_query_tokens": text.config.policy.max_tokens, "front_end": encoder.front_end.to_config()}
    config |= {"length_policy": policy.to_config(), "text_policy": asdict(text.config.policy)}
    config |= {"inputs": ["mel", "wave"]} if encoder.needs_wave else {}
    names = head_inputs(encoder, by_frames=by_frames)
    _write_config(folder, config | ({"head_inputs": names} if len(names) > 1 else {}))
    return policy


def segment_policy(dual: DualEncoder, segment_s: float | None = None) -> LengthPolicy:
    """Return the policy of segments of `segment_s` seconds (default: the dual encoder's own). Raises InputError for a length it cannot take."""
    encoder = dual.audio.encoder
    if isinstance(dual.audio, FrameTower):
        own = dual.audio.policy if segment_s is None else FrameTower(encoder, segment_s=segment_s, padding=dual.audio.policy.padding).policy
        return replace(own, **WINDOWS)
    segment_s = segment_s or dual.audio.segments.segment_s or encoder.segment_s
    policy = LengthPolicy.of_segments(dual.rate_hz, segment_s, dual.audio.segments.padding)
    num_frames = encoder.front_end.num_frames(policy.frame_num_samples)
    if num_frames < encoder.min_num_frames:
        least_s = encoder.min_num_frames * encoder.front_end.hop / dual.rate_hz
        raise InputError(f"The audio encoder needs at least {least_s:.2f} s at once, not {segment_s:g} s.", "Choose a longer --segment-s.")
    if encoder.max_num_frames is not None and num_frames > encoder.max_num_frames:
        most_s = encoder.max_num_frames * encoder.front_end.hop / dual.rate_hz
        raise InputError(f"The audio encoder takes at most {most_s:.1f} s at once, not {segment_s:g} s.", "Choose a shorter --segment-s.")
    return policy


def _write_config(folder: Path, config: dict[str, Any]) -> None:
    """Write `config.json` with the digests of the files that are there."""
    names = [name for graph in _HASHED for name in (graph, f"{graph}.data") if (folder / name).is_file()]
    digests = {name: _sha256(folder / name) for name in names}
    (folder / "config.json").write_text(json.dumps(config | {"files": digests}, indent=2) + "\n", encoding="utf-8")


def quantize_folder(folder: Path) -> list[str]:
    """Replace graphs in `folder` by ones with int8 matrices and return their names: the text's, and the sound's where that pays.

    Where it does not, the sound's weights are stored in 16 bits, unless they lie in a file beside the graph or are too large for that.
    """
    names = ["text.onnx"]
    if share_in_products(folder / "audio_frames.onnx") >= WORTH:
        names.append("audio_frames.onnx")
    for name in names:
        quantize_file(folder / name)
    halved = [name for name in ("audio_frames.onnx", "audio_head.onnx") if name not in names and _halve(folder / name)]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    told = f"{config['summary']}; {' and '.join(names)} in 8 bits" + (f", {' and '.join(halved)} in 16" if halved else "")
    _write_config(folder, config | {"summary": told})
    return names


def _halve(graph: Path) -> bool:
    """Store the weights of `graph` in 16 bits, and say whether that was possible."""
    if graph.with_name(f"{graph.name}.data").is_file():
        return False
    try:
        compact(graph, 16)
    except InputError:
        return False
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
