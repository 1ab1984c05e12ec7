"""A captioner's decoder as one ONNX graph that says the next word, for `caption/captioner.py`, which needs no PyTorch.

The graph has no memory: each step reads all that was heard and all words so far again. Captions are short and these decoders small, and so
one graph serves any search. Batch, places and words may have any number each.

Legend: `B` batch, `S` places of what was heard, `E` size of a place, `W` tokens, `V` vocabulary.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.errors import ModelError, show
from hearken.export.graphs import to_onnx
from hearken.export.quantize import quantize_file
from hearken.models.decoder import MAX_TOKENS, Decoder, Heard

FILE = "decoder.onnx"
MAX_DELTA = 1e-4
"""How far a log-probability of the graph may be from the decoder's."""
_EXAMPLE = (2, 5, 4)  # B, S, W to trace with
_SIZES = ((1, 1, 1), (3, 17, 20), (2, 3, 1), (1, 40, 7))


class PlainAttention(nn.Module):
    """PyTorch's `attention` (with its axes: places, batch, width), whose own code makes a graph for one batch size alone.

    For masks of truth values, true where nothing is to be seen; its other options change nothing but speed.
    """

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        self.heads, self.batch_first, self.out_proj = attention.num_heads, attention.batch_first, attention.out_proj
        # apart from each other, or their cutting would be a step of the graph that keeps them from being put in 8 bits
        self.weights = nn.ParameterList(attention.in_proj_weight.detach().chunk(3))
        self.biases = nn.ParameterList(attention.in_proj_bias.detach().chunk(3))

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, *, attn_mask: Tensor | None = None, key_padding_mask: Tensor | None = None,
        **_: bool,
    ) -> tuple[Tensor, None]:  # fmt: skip
        """Return what `query` (W, B, D) gathers from `value` (S, B, D), and no weights; `key_padding_mask` (B, S), `attn_mask` (W, S)."""
        layers = zip((query, key, value), self.weights, self.biases, strict=True)
        projected = [functional.linear(x, weight, bias).transpose(0, 1) for x, weight, bias in layers]
        query, key, value = (x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2) for x in projected)
        visible = None if attn_mask is None else ~attn_mask[None, None]
        if key_padding_mask is not None:
            there = ~key_padding_mask[:, None, None]
            visible = there if visible is None else visible & there
        seen = functional.scaled_dot_product_attention(query, key, value, visible)
        return self.out_proj(seen.transpose(1, 2).flatten(2).transpose(0, 1)), None


class NextWord(nn.Module):
    """What the graph computes: `heard` (B, S, E), `padding` (B, S) and `tokens` (B, W) to log-probabilities (B, V)."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = copy.deepcopy(decoder)
        for module in list(self.decoder.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.MultiheadAttention):
                    setattr(module, name, PlainAttention(child))

    def forward(self, heard: Tensor, padding: Tensor, tokens: Tensor) -> Tensor:
        """Return the log-probabilities (B, V) of the token after the last one."""
        return self.decoder.log_probabilities(tokens, Heard(heard, padding))


def export_decoder(decoder: Decoder, path: Path, *, int8: bool = False) -> float:
    """Write `decoder` to `path` (a file, or a folder that gets `decoder.onnx`) and return the largest difference of a log-probability.

    Inputs of the graph: `heard` (B, S, E) float32, `padding` (B, S) bool, true where there is nothing, `tokens` (B, W) int64, the start first;
    output: `log_probabilities` (B, V) float32 of the next token. With `int8` matrices are in 8 bits. The difference is measured over batches
    of several sizes, some with padding. Raises ModelError when the decoder has an operation that ONNX lacks, or when a graph in 32 bits
    differs by more than MAX_DELTA; the file is removed then.
    """
    path = path / FILE if path.is_dir() else path
    axes = {"heard": {0: "B", 1: "S"}, "padding": {0: "B", 1: "S"}, "tokens": {0: "B", 1: "W"}, "log_probabilities": {0: "B"}}
    heard, padding, tokens = _inputs(decoder, *_EXAMPLE)
    to_onnx(NextWord(decoder), {"heard": heard, "padding": padding, "tokens": tokens}, path, "log_probabilities", axes)
    delta = largest_delta(decoder, path)
    if not delta <= MAX_DELTA:
        path.unlink()
        path.with_name(f"{path.name}.data").unlink(missing_ok=True)
        raise ModelError(f"The graph {show(path)} is not the decoder: log-probabilities differ by {delta:.2g}.")
    if int8:
        quantize_file(path)
        delta = largest_delta(decoder, path)
    return delta


@torch.no_grad()
def largest_delta(decoder: Decoder, path: Path, sizes: Iterable[tuple[int, int, int]] = _SIZES) -> float:
    """Return how far log-probabilities of the graph `path` are from the decoder's at most, over batches of B, S, W as `sizes` says."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    was_training = decoder.training
    decoder.eval()
    worst = 0.0
    for number, size in enumerate(sizes):
        heard, padding, tokens = _inputs(decoder, *size, seed=number)
        theirs = session.run(None, {"heard": heard.numpy(), "padding": padding.numpy(), "tokens": tokens.numpy()})[0]
        ours = decoder.log_probabilities(tokens.to(_device(decoder)), Heard(heard.to(_device(decoder)), padding.to(_device(decoder))))
        worst = max(worst, float(np.abs(theirs - ours.cpu().numpy()).max()))
    decoder.train(was_training)
    return worst


def _inputs(decoder: Decoder, batch: int, places: int, words: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Places, padding behind some of them (each row has one place at least), and tokens, drawn."""
    rng = np.random.default_rng(seed)
    heard = rng.standard_normal((batch, places, decoder.heard_dim), np.float32)
    padding = np.arange(places) >= rng.integers(1, places + 1, (batch, 1))
    tokens = rng.integers(0, decoder.num_words, (batch, min(words, MAX_TOKENS)))
    return torch.from_numpy(heard), torch.from_numpy(padding), torch.from_numpy(tokens)


def _device(decoder: Decoder) -> torch.device:
    return next(decoder.parameters()).device
