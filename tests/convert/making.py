"""Public checkpoints made here: the names and shapes of the authors' files, with numbers that anybody can make again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hearken.frontend.constants import panns_constants
from hearken.models.audio_table import build_audio
from hearken.models.text import make_transformer
from tests.golden import filling

FILTERS = ("spectrogram_extractor", "logmel_extractor")
MADE = ("relative_position_index", "attn_mask", "num_batches_tracked")
BERT = {"model_type": "bert", "vocab_size": 300, "max_position_embeddings": 40, "type_vocab_size": 2, "hidden_size": 64,
        "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 96}  # fmt: skip
ROBERTA = BERT | {"model_type": "roberta", "max_position_embeddings": 514, "type_vocab_size": 1, "pad_token_id": 1, "layer_norm_eps": 1e-5}
GPT2 = {"model_type": "gpt2", "vocab_size": 300, "n_positions": 40, "n_embd": 64, "n_layer": 1, "n_head": 1}


def golden_panns(name: str) -> dict[str, Tensor]:
    """The public state dict of a golden set of `models/`, filled by its rule, with the front end's filters."""
    keys = json.loads((filling.HERE / "models" / "keys.json").read_text())[name]
    return filling.state(keys) | panns_constants(build_audio(name.removeprefix("panns_")).front_end)


def golden_laion(size: str) -> dict[str, Tensor]:
    """The public state dict of a LAION set of `zoo/`, filled by its rule, with filters and index tables."""
    keys = json.loads((filling.HERE / "zoo" / f"laion_clap_HTSAT-{size}_roberta_keys.json").read_text())
    encoder = build_audio(f"htsat_laion_{size}")
    own = {"audio_branch." + key: tensor for key, tensor in (encoder.state_dict() | panns_constants(encoder.front_end)).items()}
    made = {}
    for key, shape in keys.items():
        if key.startswith("logit_scale"):
            made[key] = torch.tensor(math.log(1 / 0.07))
        elif any(part in key for part in (*FILTERS, *MADE)):
            made[key] = own[key]
        else:
            made[key] = torch.from_numpy(filling.zoo_value(key, shape))
    return made


def audio_state(name: str, prefix: str = "", *, filters: str | None = None) -> dict[str, Tensor]:
    """The public names of our encoder `name` below `prefix`, filters below `filters` of "panns" or "wavcaps" if told so."""
    with torch.device("meta"):
        encoder = build_audio(name)
    names = list(encoder.state_dict().items())
    constants = panns_constants(encoder.front_end, names=filters) if filters else {}
    return {prefix + key: tensor for key, tensor in [*constants.items(), *names]}


def text_state(architecture: Mapping[str, Any], prefix: str, *, pooler: bool = False) -> dict[str, Tensor]:
    """The names of a transformer of `transformers` below `prefix`."""
    from hearken.models.config import TextConfig

    with torch.device("meta"):
        transformer = make_transformer(TextConfig("x", dict(architecture), "pooler" if pooler else "first"))
    return {prefix + key: tensor for key, tensor in transformer.state_dict().items()}


def linear(prefix: str, size: int, dim: int) -> dict[str, Tensor]:
    """The names of a linear layer."""
    return {f"{prefix}.weight": torch.empty(dim, size, device="meta"), f"{prefix}.bias": torch.empty(dim, device="meta")}


def numbered(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same names and shapes, each tensor full of its number, without memory for it; real tensors stay as they are."""
    made = {}
    for number, (key, tensor) in enumerate(state.items()):
        made[key] = torch.tensor(number, dtype=tensor.dtype).expand(tensor.shape) if tensor.is_meta else tensor
    return made


def values(state: Mapping[str, Tensor], keys: Iterable[str]) -> list[float]:
    """The first number of each of `keys`."""
    return [float(state[key].reshape(-1)[0]) for key in keys]


def save(path: Path, value: object) -> Path:
    """Write `value` as PyTorch does and return `path`."""
    torch.save(value, path)
    return path
