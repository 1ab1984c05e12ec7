"""Small parts for tests: a text encoder of 20 thousand parameters, an audio encoder of one layer, and their configuration."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from hearken.models.config import AudioConfig, DualConfig, Pooling, TemperatureConfig, TextConfig
from hearken.text.normalize import TextPolicy

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "barks", "rain", "falls", "on", "tin", "roof")
BERT: dict[str, Any] = {
    "model_type": "bert", "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32,
    "max_position_embeddings": 64,
}  # fmt: skip
GPT2: dict[str, Any] = {"model_type": "gpt2", "vocab_size": 40, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
ROBERTA: dict[str, Any] = {**BERT, "model_type": "roberta", "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}


def tokenizer() -> Tokenizer:
    made = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.pre_tokenizer = WhitespaceSplit()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made


def text_config(pooling: Pooling = "first", architecture: dict[str, Any] | None = None, **policy: Any) -> TextConfig:
    return TextConfig("small", dict(architecture or BERT), pooling, TextPolicy(**{"name": "test", "max_tokens": 8, **policy}))


def dual_config(projection: str = "linear", kind: str = "fixed", audio: AudioConfig | None = None) -> DualConfig:
    chosen = audio or AudioConfig("mn04", segment_s=0.5)
    return DualConfig(chosen, text_config(), projection, 24, TemperatureConfig(kind, 0.05))  # type: ignore[arg-type]
