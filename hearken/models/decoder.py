"""From what was heard to words: the decoders of captioners, one word at a time.

* ``cross``: the decoder of the audio captioning transformer (Mei et al. 2021; `models/TransModel.py`): words look at earlier words and then
  at what was heard; layer norm after each part, GELU, sinusoidal positions. Parameter names are those of its public checkpoints.
* ``prefix``: what was heard stands before the words as if it were some (ClipCap, Mokady et al. 2021; MS-CLAP's captioner), in one stack with
  layer norm before each part and learnt positions of words. Places of what was heard see each other and no word, and have sinusoidal
  positions, so that a caption can say what came first; words see all that was heard and the words before them.

Legend: `B` batch, `S` places of what was heard, `E` its size, `W` tokens, `V` vocabulary, `D` width, `N` = S + W.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.errors import InputError
from hearken.models.config import DecoderConfig

MAX_TOKENS = 100


@dataclass(frozen=True)
class Heard:
    """What a decoder reads of some sounds: `values` (B, S, E), and where there is nothing, `padding` (B, S) true (None: nowhere)."""

    values: Tensor
    padding: Tensor | None = None

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, numbers: Tensor) -> Heard:
        """Return those of the sounds `numbers` (R,), which may repeat."""
        return Heard(self.values[numbers], None if self.padding is None else self.padding[numbers])


class Decoder(nn.Module):
    """Base of the decoders: logits of the next word after each word. It knows `num_words` (V) and reads places of `heard_dim` numbers (E)."""

    def __init__(self, num_words: int, heard_dim: int) -> None:
        super().__init__()
        self.num_words, self.heard_dim = num_words, heard_dim

    def states(self, tokens: Tensor, heard: Heard, padding: Tensor | None = None) -> Tensor:
        """Return what `scores` reads: (B, W, D); arguments as for `forward`."""
        raise NotImplementedError

    def scores(self, states: Tensor) -> Tensor:
        """Return logits (..., V) of `states` (..., D)."""
        raise NotImplementedError

    def forward(self, tokens: Tensor, heard: Heard, padding: Tensor | None = None) -> Tensor:
        """Return logits (B, W, V): row w is about the token that follows `tokens` (B, W) up to w. `padding` (B, W) is true behind a caption.

        Raises InputError for more than MAX_TOKENS tokens.
        """
        return self.scores(self.states(tokens, heard, padding))

    def log_probabilities(self, tokens: Tensor, heard: Heard) -> Tensor:
        """Return the log-probabilities (B, V), float32, of the token that follows `tokens` (B, W): `forward` for the last token alone."""
        return functional.log_softmax(self.scores(self.states(tokens, heard)[:, -1]).float(), dim=-1)


class CrossDecoder(Decoder):
    """``cross``, see above."""

    positions: Tensor

    def __init__(self, config: DecoderConfig, num_words: int, heard_dim: int) -> None:
        super().__init__(num_words, heard_dim)
        self.width = config.width
        self.encoder_linear = nn.Linear(heard_dim, config.width)
        layer = nn.TransformerDecoderLayer(config.width, config.num_heads, config.hidden, config.dropout, "gelu")
        self.transformer_decoder = nn.TransformerDecoder(layer, config.num_layers)
        self.word_emb = nn.Embedding(num_words, config.width)
        self.dec_fc = nn.Linear(config.width, num_words)
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer("positions", _sinusoids(config.width), persistent=False)
        for weights in (self.word_emb.weight, self.dec_fc.weight):
            nn.init.uniform_(weights, -0.1, 0.1)
        nn.init.zeros_(self.dec_fc.bias)

    def states(self, tokens: Tensor, heard: Heard, padding: Tensor | None = None) -> Tensor:
        """Return (B, W, D), as `Decoder` says."""
        memory = torch.relu(self.encoder_linear(heard.values)).transpose(0, 1)
        count = _num_tokens(tokens)
        words = self.word_emb(tokens.T) * math.sqrt(self.width)
        words = self.dropout(words + self.positions[:count, None])
        found: Tensor = self.transformer_decoder(
            words, memory, tgt_mask=_causal(count, tokens.device), tgt_key_padding_mask=padding, memory_key_padding_mask=heard.padding
        )
        return found.transpose(0, 1)

    def scores(self, states: Tensor) -> Tensor:
        """Return logits (..., V)."""
        logits: Tensor = self.dec_fc(states)
        return logits


class _Block(nn.Module):
    """Attention and two dense layers, a layer norm before each; what comes out is added to what went in."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.heads, self.share = config.num_heads, config.dropout
        self.norm1, self.norm2 = nn.LayerNorm(config.width), nn.LayerNorm(config.width)
        self.qkv, self.proj = nn.Linear(config.width, 3 * config.width), nn.Linear(config.width, config.width)
        self.fc1, self.fc2 = nn.Linear(config.width, config.hidden), nn.Linear(config.hidden, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, visible: Tensor) -> Tensor:
        """Return (B, N, D) of `x` (B, N, D); `visible` (B or 1, 1, N, N) is true where a place (third axis) sees another (fourth)."""
        query, key, value = (part.reshape(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        share = self.share if self.training else 0.0
        seen = functional.scaled_dot_product_attention(query, key, value, visible, share)
        x = x + self.dropout(self.proj(seen.transpose(1, 2).flatten(2)))
        y: Tensor = x + self.dropout(self.fc2(self.dropout(functional.gelu(self.fc1(self.norm2(x))))))
        return y


class PrefixDecoder(Decoder):
    """``prefix``, see above; words and logits share one table."""

    def __init__(self, config: DecoderConfig, num_words: int, heard_dim: int) -> None:
        super().__init__(num_words, heard_dim)
        self.width = config.width
        self.bridge = nn.Sequential(nn.Linear(heard_dim, config.width), nn.GELU(), nn.Linear(config.width, config.width))
        self.order = nn.Parameter(torch.tensor(0.1))
        self.words = nn.Embedding(num_words, config.width)
        self.positions = nn.Parameter(torch.zeros(MAX_TOKENS, config.width))
        self.layers = nn.ModuleList(_Block(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.width)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.normal_(self.words.weight, std=0.02)
        nn.init.normal_(self.positions, std=0.01)

    def states(self, tokens: Tensor, heard: Heard, padding: Tensor | None = None) -> Tensor:
        """Return (B, W, D), as `Decoder` says."""
        count, before = _num_tokens(tokens), heard.values.shape[1]
        places = self.bridge(heard.values)
        places = places + (self.order * _sinusoids(self.width, before, tokens.device)).to(places.dtype)
        x = self.dropout(torch.cat([places, self.words(tokens) + self.positions[:count]], dim=1))
        visible = _visible(before, tokens, heard.padding, padding)
        for layer in self.layers:
            x = layer(x, visible)
        states: Tensor = self.norm(x[:, before:])
        return states

    def scores(self, states: Tensor) -> Tensor:
        """Return logits (..., V)."""
        return functional.linear(states, self.words.weight)


def build_decoder(config: DecoderConfig, num_words: int, heard_dim: int) -> Decoder:
    """Return the decoder that `config` names, for `num_words` words and sounds of `heard_dim` numbers a place. Raises InputError."""
    kinds: dict[str, type[CrossDecoder | PrefixDecoder]] = {"cross": CrossDecoder, "prefix": PrefixDecoder}
    if config.kind not in kinds:
        raise InputError(f"There is no decoder {config.kind!r}.", f"One of {', '.join(kinds)}.")
    if config.width % config.num_heads or config.width % 2:
        raise InputError(f"A decoder's width, {config.width}, must be even and a multiple of its heads, {config.num_heads}.")
    return kinds[config.kind](config, num_words, heard_dim)


def _num_tokens(tokens: Tensor) -> int:
    if tokens.shape[1] > MAX_TOKENS:
        raise InputError(f"A decoder reads up to {MAX_TOKENS} tokens; there are {tokens.shape[1]}.")
    return tokens.shape[1]


def _visible(before: int, tokens: Tensor, heard: Tensor | None, words: Tensor | None) -> Tensor:
    """Which places (B or 1, 1, N, N) a place sees: of what was heard all, of words those up to itself, and of padding (B, ...) none.

    A place sees itself in any case: a softmax over nothing is no number.
    """
    places = torch.arange(before + tokens.shape[1], device=tokens.device)
    seen = ((places < before) | (places <= places[:, None]))[None, None]
    if heard is None and words is None:
        return seen
    no_sound = torch.zeros(len(tokens), before, dtype=torch.bool, device=tokens.device) if heard is None else heard
    absent = torch.cat([no_sound, torch.zeros_like(tokens, dtype=torch.bool) if words is None else words], dim=1)
    return (seen & ~absent[:, None, None]) | (places == places[:, None])


def _causal(count: int, device: torch.device) -> Tensor:
    """Which places (W, W) a place may not see: those behind it."""
    places = torch.arange(count, device=device)
    return places > places[:, None]


def _sinusoids(width: int, count: int = MAX_TOKENS, device: torch.device | None = None) -> Tensor:
    """The positions (`count`, D) of Vaswani et al. (2017), section 3.5: sine and cosine side by side, for each frequency."""
    place = torch.arange(count, dtype=torch.float32, device=device)[:, None]
    rates = torch.exp(torch.arange(0, width, 2, dtype=torch.float32, device=device) * (-math.log(10_000.0) / width))
    return torch.stack([torch.sin(place * rates), torch.cos(place * rates)], dim=2).flatten(1)
