"""Files of the audio captioning transformer: whole captioners, and the encoder that was trained on AudioSet before (XinhaoMei/ACT).

A captioner's file is `{"model", "optimizer", "beam_size", "epoch"}`; an encoder's is `{"model"}`, or a bare state dict. Our networks keep the
authors' names. Shapes tell all sizes but the number of heads: one for every 64 numbers in the encoder, eight in the decoder (`settings.yaml`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hearken.convert.plan import ENCODER, Format, Plan, known_name
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Drop, Rename
from hearken.errors import CheckpointError, show
from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig
from hearken.models.decoder import CrossDecoder

NAMES = ("act",)
DECODER = "decoder."
_POSITIONS = "pos_encoder.pe"
_HEADS, _HEAD_SIZE = 8, 64
_PUBLIC = {"depth": 12, "dim": 768, "heads": 12}


_CAPTIONER = {"encoder.pos_embedding": 3, "encoder_linear.weight": 2, "word_emb.weight": 2, "dec_fc.weight": 2}
_ENCODER = {"pos_embedding": 3, "cls_token": 3, "blocks.layers.0.0.fn.qkv.weight": 2}


def _is_captioner(state: Mapping[str, Tensor]) -> bool:
    return state.keys() >= _CAPTIONER.keys()


def _is_encoder(state: Mapping[str, Tensor]) -> bool:
    return state.keys() >= _ENCODER.keys()


def _plan_captioner(checkpoint: Checkpoint, asked: str | None) -> Plan:
    tensors = checkpoint.tensors
    _check(checkpoint, asked, _CAPTIONER)
    words, width = tensors["word_emb.weight"].shape
    if width < _HEADS or width % _HEADS:
        raise CheckpointError(f"The file's words are {width} wide, which {_HEADS} heads cannot share.")
    _check_positions(tensors, width)
    decoder = DecoderConfig(
        width=width, num_layers=_count(tensors, r"transformer_decoder\.layers\.(\d+)\."), num_heads=_HEADS, hidden=_hidden(tensors)
    )
    rules = (
        Drop(re.escape(_POSITIONS), "the table of positions, which the decoder makes itself; it is the same"),
        Rename(r"encoder\.(.+)", rf"{ENCODER}\1"),
        Rename(r"((?:encoder_linear|transformer_decoder|word_emb|dec_fc)\..+)", rf"{DECODER}\1"),
    )
    note = f"How many heads the decoder has, no file says: {_HEADS}, as in the authors' settings.yaml."
    config = CaptionerConfig(AudioConfig("act", _options(tensors, "encoder.")), decoder)
    return Plan("the audio captioning transformer", config, rules, notes=(note,), num_words=words)


def _plan_encoder(checkpoint: Checkpoint, asked: str | None) -> Plan:
    _check(checkpoint, asked, _ENCODER)
    return Plan("ACT's encoder", AudioConfig("act", _options(checkpoint.tensors, "")), (Rename("(.+)", r"\1"),))


def _check(checkpoint: Checkpoint, asked: str | None, wanted: Mapping[str, int]) -> None:
    """Raise CheckpointError unless the file has the names `wanted`, each of so many axes, and may be what was `asked` for."""
    if asked is not None:
        known_name(asked, NAMES)
    tensors = checkpoint.tensors
    if not all(name in tensors and tensors[name].ndim == axes for name, axes in wanted.items()):
        message = f"The file {show(checkpoint.path)} has not the names and shapes of an audio captioning transformer."
        raise CheckpointError(message, "Leave --as out, or get the file again.")


def _options(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Any]:
    """The encoder's options where its shapes are not those of the public files."""
    dim = tensors[f"{prefix}pos_embedding"].shape[-1]
    depth = _count(tensors, re.escape(prefix) + r"blocks\.layers\.(\d+)\.")
    found = {"depth": depth, "dim": dim, "heads": max(1, dim // _HEAD_SIZE)}
    return {} if found == _PUBLIC else found


def _count(tensors: Mapping[str, Tensor], pattern: str) -> int:
    """How many layers there are; that their numbers run from 0 is seen when names are compared."""
    return len({match[1] for match in (re.match(pattern, name) for name in tensors) if match})


def _hidden(tensors: Mapping[str, Tensor]) -> int:
    layer = tensors.get("transformer_decoder.layers.0.linear1.weight")
    return DecoderConfig.hidden if layer is None or layer.ndim != 2 else len(layer)


def _check_positions(tensors: Mapping[str, Tensor], width: int) -> None:
    """Raise CheckpointError unless the file's table of positions, if it has one, is the one that our decoder makes."""
    if _POSITIONS not in tensors:
        return
    own = CrossDecoder(DecoderConfig(width=width, num_layers=1, num_heads=1, hidden=1), 1, 1).positions
    table = tensors[_POSITIONS].flatten(0, -2)[: len(own)].float()
    if table.shape != own.shape or not torch.allclose(table, own, atol=1e-3):
        raise CheckpointError(f"The file's {_POSITIONS} is another table of positions than that of the audio captioning transformer.")


FORMATS = (
    Format("act_captioner", "audio captioning transformer .pth", _is_captioner, _plan_captioner, NAMES),
    Format("act_encoder", "ACT's encoder .pth", _is_encoder, _plan_encoder, NAMES),
)
