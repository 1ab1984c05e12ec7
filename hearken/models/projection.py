"""From an encoder's own vector to the shared space: the closed table of projections.

Legend: `B` batch, `E` size of the encoder's embedding, `D` size of the shared space.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.errors import InputError


def linear(size: int, dim: int) -> nn.Module:
    """Return the projection of Primus et al. (2023), section 2.3: one linear layer (B, E) -> (B, D)."""
    return nn.Linear(size, dim)


def mlp(size: int, dim: int) -> nn.Module:
    """Return the projection of LAION-CLAP and WavCaps: two linear layers with a ReLU between, (B, E) -> (B, D)."""
    return nn.Sequential(nn.Linear(size, dim), nn.ReLU(), nn.Linear(dim, dim))


class Residual(nn.Module):
    """The projection of MS-CLAP: a linear layer, plus a second on its GELU, under a LayerNorm; no biases in the layers."""

    def __init__(self, size: int, dim: int, dropout: float = 0.5) -> None:
        super().__init__()
        self.linear1 = nn.Linear(size, dim, bias=False)
        self.linear2 = nn.Linear(dim, dim, bias=False)
        self.layer_norm = nn.LayerNorm(dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, embedding: Tensor) -> Tensor:
        """Return the projected embeddings (B, D) of `embedding` (B, E)."""
        first = self.linear1(embedding)
        normed: Tensor = self.layer_norm(first + self.drop(self.linear2(functional.gelu(first))))
        return normed


class TagBridge(nn.Module):
    """The head of *pocket*: a tagger's probabilities times one vector for each tag, plus what the hidden layer adds.

    With `bridge` the sentence embeddings of the tags' names, and `residual` zero, sounds meet words before anything is trained on
    pairs of both (`models/pocket.py`). `num_hidden` and `num_tags` are mn04's.
    """

    def __init__(self, size: int, dim: int, num_hidden: int = 512, num_tags: int = 527) -> None:
        super().__init__()
        self.hidden = nn.Linear(size, num_hidden)
        self.tags = nn.Linear(num_hidden, num_tags)
        self.bridge = nn.Parameter(torch.randn(num_tags, dim) * dim**-0.5)
        self.residual = nn.Linear(num_hidden, dim, bias=False)
        nn.init.zeros_(self.residual.weight)

    def forward(self, embedding: Tensor) -> Tensor:
        """Return the projected embeddings (B, D) of `embedding` (B, E)."""
        hidden = functional.hardswish(self.hidden(embedding))
        projected: Tensor = torch.sigmoid(self.tags(hidden)) @ self.bridge + self.residual(hidden)
        return projected


def none(size: int, dim: int) -> nn.Module:
    """Return no projection at all: the encoder's space is the shared one. Raises InputError unless E = D."""
    if size != dim:
        raise InputError(f"Without a projection both sizes must be equal; they are {size} and {dim}.", 'Use the "linear" projection.')
    return nn.Identity()


PROJECTIONS: dict[str, Callable[[int, int], nn.Module]] = {
    "linear": linear,
    "mlp": mlp,
    "residual": Residual,
    "tags": TagBridge,
    "none": none,
}
"""Name to constructor (E, D)."""


def build_projection(kind: str, size: int, dim: int) -> nn.Module:
    """Return the projection `kind` from embeddings (B, E = `size`) to (B, D = `dim`). Raises InputError for an unknown kind."""
    if kind not in PROJECTIONS:
        raise InputError(f"There is no projection {kind!r}.", f"One of {', '.join(PROJECTIONS)}.")
    return PROJECTIONS[kind](size, dim)


def build_projections(kind: str, audio_size: int, text_size: int, dim: int) -> tuple[nn.Module, nn.Module]:
    """Return the projections of both sides to (B, D = `dim`): both of `kind`, or of the kinds "AUDIO+TEXT". Raises as `build_projection`."""
    audio, _, text = kind.partition("+")
    return build_projection(audio, audio_size, dim), build_projection(text or audio, text_size, dim)
