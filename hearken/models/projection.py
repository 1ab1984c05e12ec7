"""From an encoder's own vector to the shared space: the closed table of projections.

Legend: `B` batch, `C` feature channels, `E` size of the encoder's embedding, `D` size of the shared space.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.errors import InputError

TURN = 0.6
"""How far a turn reaches at the start; at zero neither side would learn where the other puts order."""
_TURN_SEED = 384


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

    def content(self, embedding: Tensor) -> Tensor:
        """Return what tags and hidden layer say (B, D) of `embedding` (B, E)."""
        hidden = functional.hardswish(self.hidden(embedding))
        projected: Tensor = torch.sigmoid(self.tags(hidden)) @ self.bridge + self.residual(hidden)
        return projected

    def forward(self, embedding: Tensor) -> Tensor:
        """Return the projected embeddings (B, D) of `embedding` (B, E)."""
        return self.content(embedding)


def new_turn(dim: int) -> nn.Linear:
    """Return the turn (D to D), the same one for both sides at their start, so that each finds order where the other puts it."""
    turn = nn.Linear(dim, dim, bias=False)
    nn.init.orthogonal_(turn.weight, gain=TURN, generator=torch.Generator().manual_seed(_TURN_SEED))
    return turn


def with_turn(content: Callable[[Tensor], Tensor], turn: nn.Linear, pooled: Tensor, slope: Tensor, share: Tensor | None = None) -> Tensor:
    """Return content and turned course (..., D), not of unit length, of features averaged over time, `pooled` (..., C), and their `slope` (..., C).

    `content` gives unit vectors (B, D) of features (B, C). What the late half sounds like, the mean and half of the slope, less what
    the early half does is the course; it is turned by `turn` and added, times `share` (..., 1) where that is given. All three go
    through `content` together.
    """
    three = torch.stack([pooled, pooled + slope / 2, pooled - slope / 2])
    whole, late, early = content(three.flatten(0, -2)).view(*three.shape[:-1], turn.in_features)
    course: Tensor = turn(late - early)
    turned: Tensor = whole + (course if share is None else share * course)
    return turned


def sense_of(sense: nn.Linear, pooled: Tensor) -> Tensor:
    """Return what `sense` (C to 1) tells (B, 1) of `pooled` (B, C). Not a matrix product, so that 8 bits leave it alone: a sign hangs on it."""
    told: Tensor = (pooled * sense.weight).sum(-1, keepdim=True) + sense.bias
    return told


class TurnedTags(TagBridge):
    """The head of *pocket* since it hears order: a `TagBridge` for the mean of the features, and for their slope the *turn*.

    It reads embeddings of an encoder that hears slopes, mean and slope one behind the other (`with_turn`). The turn starts as
    that of `models/pocket.py`. Raises InputError for an odd E.
    """

    def __init__(self, size: int, dim: int, num_hidden: int = 512, num_tags: int = 527) -> None:
        if size % 2:
            raise InputError(f"Mean and slope have one size, so both together cannot have {size} numbers.", 'Use the "tags" projection.')
        super().__init__(size // 2, dim, num_hidden, num_tags)
        self.turn = new_turn(dim)

    def forward(self, embedding: Tensor) -> Tensor:
        """Return the projected embeddings (B, D) of `embedding` (B, E), mean and slope."""
        pooled, slope = embedding.chunk(2, dim=-1)
        return with_turn(lambda features: functional.normalize(self.content(features), dim=-1), self.turn, pooled, slope)


class Turned(nn.Module):
    """The text projection of *pocket* since it tells order: a linear layer for the mean of the states, and for their slope the *turn*.

    It reads embeddings of the pooling `mean_and_slope`. The course counts as much as the *sense* of the sentence tells, which starts
    at zero (`models/pocket.py`). Raises InputError for an odd E.
    """

    def __init__(self, size: int, dim: int) -> None:
        super().__init__()
        if size % 2:
            raise InputError(f"Mean and slope have one size, so both together cannot have {size} numbers.", 'Use the "linear" projection.')
        self.content = nn.Linear(size // 2, dim, bias=False)
        self.turn = new_turn(dim)
        self.sense = nn.Linear(size // 2, 1)
        nn.init.zeros_(self.sense.weight)
        nn.init.zeros_(self.sense.bias)

    def forward(self, embedding: Tensor) -> Tensor:
        """Return the projected embeddings (B, D) of `embedding` (B, E), mean and slope."""
        pooled, slope = embedding.chunk(2, dim=-1)
        share = sense_of(self.sense, pooled)
        return with_turn(lambda states: functional.normalize(self.content(states), dim=-1), self.turn, pooled, slope, share)


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
    "turned": Turned,
    "turned_tags": TurnedTags,
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
    audio, text = kinds(kind)
    return build_projection(audio, audio_size, dim), build_projection(text, text_size, dim)


def kinds(kind: str) -> tuple[str, str]:
    """Return the kinds of projection of both sides, which "AUDIO+TEXT" names; one name stands for both."""
    audio, _, text = kind.partition("+")
    return audio, text or audio
