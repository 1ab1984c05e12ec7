"""Which transformer the text side of a file is, told from its tensors.

Shapes say all but the number of heads, which is one for every 64 numbers in every BERT, RoBERTa and GPT-2 that public
checkpoints hold (the small BERTs too).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hearken.convert.plan import COUNTERS, TEXT
from hearken.convert.rules import Drop, Rename, Rule
from hearken.errors import CheckpointError
from hearken.models.text_table import TEXT_ENCODERS

_HEAD_SIZE = 64
_ROBERTA_POSITIONS = 514  # 512, counted from 2
_NO_POOLER = "the authors read another token: their model never uses this layer"
_MASKS = Drop(r".*\.attn\.(?:bias|masked_bias)", "a mask that transformers makes itself")


def text_rules(prefix: str, *, pooler: bool) -> tuple[Rule, ...]:
    """Return the rules for a transformer below `prefix`, a regular expression; its pooling layer is used or dropped."""
    drop = () if pooler else (Drop(prefix + r"pooler\..+", _NO_POOLER),)
    return (COUNTERS, Drop(prefix + _MASKS.pattern, _MASKS.reason), *drop, Rename(prefix + "(.+)", rf"{TEXT}\1"))


def text_architecture(tensors: Mapping[str, Tensor], prefix: str, **extra: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
    """Return the name (of TEXT_ENCODERS, or the kind) and `transformers` architecture of the tensors below `prefix`.

    `extra` are settings that shapes do not tell, such as dropout. Raises CheckpointError for a kind that is not known.
    """
    shapes = {name.removeprefix(prefix): tuple(tensor.shape) for name, tensor in tensors.items() if name.startswith(prefix)}
    if "wte.weight" in shapes:
        found = _gpt2(shapes)
    elif "embeddings.word_embeddings.weight" in shapes and "embeddings.token_type_embeddings.weight" in shapes:
        found = _bert(shapes)
    else:
        raise CheckpointError("The file's text encoder is of a kind that is not known.", "BERT, RoBERTa and GPT-2 can be converted.")
    for name, entry in TEXT_ENCODERS.items():
        if found.items() <= {**_DEFAULTS[found["model_type"]], **entry.architecture}.items():
            return name, {**entry.architecture, **extra}
    return found["model_type"], {**found, **extra}


_DEFAULTS: dict[str, dict[str, Any]] = {
    "bert": {"max_position_embeddings": 512, "type_vocab_size": 2},
    "roberta": {},
    "gpt2": {},
}


def _bert(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    vocabulary, hidden = shapes["embeddings.word_embeddings.weight"]
    positions, types = shapes["embeddings.position_embeddings.weight"][0], shapes["embeddings.token_type_embeddings.weight"][0]
    found: dict[str, Any] = {
        "model_type": "bert", "vocab_size": vocabulary, "max_position_embeddings": positions, "type_vocab_size": types,
        "hidden_size": hidden, "num_hidden_layers": _layers(shapes, r"encoder\.layer\.(\d+)\."), "num_attention_heads": max(1, hidden // _HEAD_SIZE),
        "intermediate_size": shapes.get("encoder.layer.0.intermediate.dense.weight", (4 * hidden,))[0],
    }  # fmt: skip
    if types == 1 or positions == _ROBERTA_POSITIONS:
        marks = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
        return {**found, "model_type": "roberta", "layer_norm_eps": 1e-5, **marks}
    return found


def _gpt2(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    vocabulary, hidden = shapes["wte.weight"]
    sizes = {"n_embd": hidden, "n_layer": _layers(shapes, r"h\.(\d+)\."), "n_head": max(1, hidden // _HEAD_SIZE)}
    return {"model_type": "gpt2", "vocab_size": vocabulary, "n_positions": shapes.get("wpe.weight", (1_024,))[0], **sizes}


def _layers(shapes: Mapping[str, tuple[int, ...]], pattern: str) -> int:
    return max((int(match[1]) + 1 for match in (re.match(pattern, name) for name in shapes) if match), default=0)
