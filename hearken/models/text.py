"""The text side: captions to vectors, through any transformer that the `transformers` library knows.

A caption goes through the text policy, the tokenizer (`tokenizer.json`, the same file that the exported model uses), the
transformer and a pooling. Padding is masked and changes nothing.

Legend: `B` batch, `W` tokens of the longest caption, `D` embedding.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

import torch
from torch import Tensor, nn

from hearken.errors import InputError, ModelError
from hearken.models.config import Pooling, TextConfig

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class TextTower(nn.Module):
    """What every text encoder shares: `config`, the embedding size `dim`, and the way from words to token numbers."""

    def __init__(self, config: TextConfig, dim: int, tokenizer: Tokenizer | None, pad_id: int = 0) -> None:
        super().__init__()
        self.config, self.dim, self.pad_id = config, dim, pad_id
        self.tokenizer: Tokenizer | None = None if tokenizer is None else _own(tokenizer, config)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return embeddings (B, D) of token numbers (B, W); `attention_mask` (B, W) is 1 on tokens, 0 on padding."""
        raise NotImplementedError

    def tokenize(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return token numbers and mask (B, W), both int64 on the model's device.

        Raises InputError for a single string, or a text without one token; ModelError when the model has no tokenizer.
        """
        if isinstance(texts, str):
            raise InputError("Texts come as a list.", 'Put the one text into a list: ["a dog barks"].')
        if self.tokenizer is None:
            raise ModelError(f"The text encoder {self.config.name!r} has no tokenizer.", "Build it with tokenizer=, or pretrained=True.")
        policy = self.config.policy
        # the tokenizer itself cuts unless the policy slices
        rows = [encoding.ids[: policy.max_tokens] for encoding in self.tokenizer.encode_batch([policy(text) for text in texts])]
        if not all(rows):
            raise InputError("A text without a single word has no embedding.", "Describe a sound in a few words.")
        width = max(map(len, rows), default=0)
        device = next(self.parameters()).device
        input_ids = torch.tensor([row + [self.pad_id] * (width - len(row)) for row in rows], dtype=torch.int64)
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows], dtype=torch.int64)
        return input_ids.reshape(-1, width).to(device), mask.reshape(-1, width).to(device)

    def encode(self, texts: Sequence[str]) -> Tensor:
        """Return embeddings (B, D) of `texts`, before projection and norm. Raises as `tokenize`."""
        if not len(texts):
            return torch.zeros(0, self.dim, device=next(self.parameters()).device)
        embedding: Tensor = self(*self.tokenize(texts))
        return embedding


class TextEncoder(TextTower):
    """A transformer with random weights, as `config.architecture` describes it; `tokenizer` is copied, not changed.

    `hidden_dropout_prob` and its like are set in the architecture (see `build_text`). Raises ModelError for an
    architecture that `transformers` does not know, InputError for an unknown pooling.
    """

    def __init__(self, config: TextConfig, tokenizer: Tokenizer | None = None, transformer: nn.Module | None = None) -> None:
        if config.pooling not in get_args(Pooling):
            raise InputError(f"There is no pooling {config.pooling!r}.", f"One of {', '.join(get_args(Pooling))}.")
        transformer = make_transformer(config) if transformer is None else transformer
        settings: Any = transformer.config
        super().__init__(config, settings.hidden_size * (1 + (config.pooling == "mean_and_slope")), tokenizer, _pad_id(settings))
        self.transformer = transformer

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return embeddings (B, D) of token numbers (B, W); `attention_mask` (B, W) is 1 on tokens, 0 on padding at the end."""
        output = self.transformer(input_ids=input_ids, attention_mask=attention_mask)
        if self.config.pooling == "pooler":
            pooled: Tensor = output[1]
            return pooled
        return pool(output[0], attention_mask, self.config.pooling)


def pool(states: Tensor, mask: Tensor, pooling: Pooling) -> Tensor:
    """Return one vector (B, D) for the states (B, W, D) of the tokens where `mask` (B, W) is 1; those come first.

    ``first`` token (Primus et al. 2023: the class token), ``mean`` of all tokens (sentence-transformers), ``last`` token
    (MS-CLAP 2023's GPT-2); ``mean_and_slope`` of all tokens, (B, 2 D), which `hearken.audio.pooling` defines (pocket).
    """
    if pooling == "first":
        return states[:, 0]
    if pooling == "last":
        last = (mask.sum(1) - 1).clamp(min=0)
        return states[torch.arange(len(states), device=states.device), last]
    if pooling == "mean":
        weights = mask.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1)
    shares = mask.to(states.dtype)
    count = shares.sum(1, keepdim=True)
    rise = (2 * torch.arange(states.shape[1], dtype=states.dtype, device=states.device) + 1) / count - 1
    return torch.cat([torch.einsum("bw,bwd->bd", each / count, states) for each in (shares, 2 * shares * rise)], dim=1)


def make_transformer(config: TextConfig, pretrained: str | None = None) -> nn.Module:
    """Return the transformer of `config` with random weights, or with those of the hub id or folder `pretrained`.

    The pooling layer (a linear layer and tanh on the first token) exists only where the pooling uses it. Raises ModelError
    for an architecture that is unknown or impossible; OSError as `transformers` does when `pretrained` cannot be had.
    """
    from transformers import AutoConfig, AutoModel
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    try:
        settings = AutoConfig.for_model(**config.architecture)
        kind: Any = MODEL_MAPPING[type(settings)]
        takes_pooler = "add_pooling_layer" in inspect.signature(kind).parameters
        pooler = {"add_pooling_layer": config.pooling == "pooler"} if takes_pooler else {}
        settings.use_cache = False
        model: nn.Module = (
            AutoModel.from_pretrained(pretrained, config=settings, use_safetensors=True, **pooler)
            if pretrained
            else AutoModel.from_config(settings, **pooler)  # type: ignore[no-untyped-call]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The transformer of {config.name!r} cannot be built: {error}.") from error
    if config.pooling == "pooler" and not takes_pooler:
        raise ModelError(f"The transformer of {config.name!r} has no pooling layer.", 'Use "first", "mean" or "last".')
    return model.eval()


def _pad_id(settings: Any) -> int:  # noqa: ANN401 - a transformers configuration
    """The number that fills short rows; masked, but RoBERTa also counts positions by it."""
    pad_id = getattr(settings, "pad_token_id", None)
    return 0 if pad_id is None else int(pad_id)


def _own(tokenizer: Tokenizer, config: TextConfig) -> Tokenizer:
    """A copy of `tokenizer` that cuts as the policy says and never pads."""
    from tokenizers import Tokenizer

    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_padding()
    if config.policy.cut == "keep_end":
        copy.enable_truncation(config.policy.max_tokens)
    else:
        copy.no_truncation()
    return copy
