"""From an encoder's own vector to the shared space: the closed table of projections.

Legend: `B` batch, `E` size of the encoder's embedding, `D` size of the shared space.
"""

from __future__ import annotations

from collections.abc import Callable

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


def none(size: int, dim: int) -> nn.Module:
    """Return no projection at all: the encoder's space is the shared one. Raises InputError unless E = D."""
    if size != dim:
        raise InputError(f"Without a projection both sizes must be equal; they are {size} and {dim}.", 'Use the "linear" projection.')
    return nn.Identity()


PROJECTIONS: dict[str, Callable[[int, int], nn.Module]] = {"linear": linear, "mlp": mlp, "residual": Residual, "none": none}
"""Name to constructor (E, D)."""


def build_projection(kind: str, size: int, dim: int) -> nn.Module:
    """Return the projection `kind` from embeddings (B, E = `size`) to (B, D = `dim`). Raises InputError for an unknown kind."""
    if kind not in PROJECTIONS:
        raise InputError(f"There is no projection {kind!r}.", f"One of {', '.join(PROJECTIONS)}.")
    return PROJECTIONS[kind](size, dim)
