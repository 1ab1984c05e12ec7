"""Multi-level test-time augmentation of a dual encoder's sound side: Kim et al. (2023), section 3, for retrieval.

Copies of a sound are augmented at half strength (`half.py`), averaged at a layer of the audio encoder and at the output by a strategy
(`strategy.py`), and the result is averaged with that of the sound itself (section 4.3). The two layers are

1. up to `layer`: the audio encoder's embedding of each segment ("encoder", what the paper takes), or the output of a part of it, such
   as ``encoder.conv_block4`` or ``encoder.blocks.2``; segments are averaged over the copies, each with the same one;
2. all behind it: the mean over segments, the projection, unit length. The output is the cosine with a query.

For any one query the mean of cosines is the cosine's product with the mean of the unit vectors. So that mean is kept as it is and
not brought to unit length, which would divide all scores of a clip by a number of its own and change the order in which a query sees
clips. A clip whose copies disagree has a shorter vector, and lower scores, as averaging its scores would give.

Legend: `T` samples, `N` segments, `E` embedding of the encoder, `D` shared space, `S` strategies.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.errors import InputError
from hearken.models.dual import DualEncoder
from hearken.models.frame_tower import of_pieces
from hearken.train.augmentation import Augmentation
from hearken.tta.embed import ENCODER, Passes, find_module
from hearken.tta.engine import aggregate, layer_means
from hearken.tta.half import for_model
from hearken.tta.heard import Copies, Heard
from hearken.tta.strategy import Strategy
from hearken.tta.strategy import strategy as read_strategy
from hearken.types import FloatArray

_ON_CPU, _ELSEWHERE = 8, 64


class MultiTTA:
    """Test-time augmentation of the sounds that `dual` hears, by `strategy` (or its text).

    `augmentation` is that of training: what `build_augmentation(recipe.augment)` gives. It is halved here; without one, or where
    nothing of it is for sounds, Kim's is taken. `.augmentation` says what is done. All draws are a function of `seed`, clip and copy.
    `layer` names where copies meet first; at most `max_batch` segments go through the encoder at a time (None: 8 on a CPU, whose caches
    hold no more, 64 elsewhere). The model is put into evaluation mode: batch norms, dropout and patchout do nothing new.

    Raises InputError for another strategy than one of two layers, for a layer that is not there or where copies cannot meet, for masks
    that have no place in this network, and for a seed below 0.
    """

    def __init__(
        self, dual: DualEncoder, strategy: Strategy | str, augmentation: Augmentation | None = None, *,
        seed: int = 0, layer: str = ENCODER, max_batch: int | None = None,
    ) -> None:  # fmt: skip
        self.strategy = _of_two_layers(strategy)
        if seed < 0 or (max_batch is not None and max_batch < 1):
            raise InputError(f"A seed is at least 0 and a batch has at least one segment, not {seed} and {max_batch}.")
        self.dual, self.seed, self.layer = dual.eval(), seed, layer
        self.max_batch = max_batch or default_batch(dual)
        self.augmentation = for_model(dual.audio, augmentation)
        self._module = find_module(dual.audio, layer)
        self._cost = {"clips": 0, "inputs": 0, "encoder_rows": 0, "encoder_calls": 0, "spectrograms": 0, "seconds": 0.0}

    @property
    def cost(self) -> dict[str, float]:
        """What has been done since the start: `clips`, `inputs` (copies), `encoder_rows` (segments through the encoder) in `encoder_calls`,
        `spectrograms` (of segments), `seconds` in all and `seconds_per_clip`."""
        return {**self._cost, "seconds_per_clip": self._cost["seconds"] / max(1, self._cost["clips"])}

    def to_json(self) -> dict[str, Any]:
        """Return what belongs into a record of figures: strategy, layer, seed, and the augmentations as they were used."""
        return {
            "strategy": str(self.strategy),
            "tau": self.strategy.tau,
            "layer": self.layer,
            "seed": self.seed,
            **self.augmentation.to_json(),
        }

    def encode(self, samples: FloatArray, clip: str) -> FloatArray:
        """Return the vector (D,) float32 of one sound, `samples` (T,) float32, full scale = 1, at `dual.rate_hz`; `clip` is its id.

        With tau = 1 it is what `dual.encode_audio` gives. Its length is at most 1 (see above). Raises AudioEmptyError for no samples.
        """
        vector: FloatArray = self.encode_all(samples, clip, [self.strategy])[0]
        return vector

    @torch.no_grad()
    def encode_all(self, samples: FloatArray, clip: str, strategies: Sequence[Strategy | str]) -> FloatArray:
        """Return the vectors (S, D) of one sound by several strategies. Copies are the same for all, and where they meet at the encoder's
        output they are encoded once for all. Arguments and errors as for `encode`.
        """
        began = time.monotonic()
        chosen = [_of_two_layers(each) for each in strategies]
        self.dual.eval()
        inputs = max((each.tau for each in chosen if each.tau > 1), default=0)
        plain = self._plain(samples) if any(each.tau == 1 for each in chosen) else None
        made = iter(self._augmented(samples, clip, [each for each in chosen if each.tau > 1]) if inputs else ())
        vectors = [plain if each.tau == 1 and plain is not None else next(made) for each in chosen]
        self._add({"clips": 1, "inputs": inputs, "seconds": time.monotonic() - began})
        return torch.stack(vectors).float().cpu().numpy() if vectors else np.zeros((0, self.dual.dim), np.float32)

    def _plain(self, samples: FloatArray) -> Tensor:
        device = next(self.dual.parameters()).device
        return self.dual.encode_audio(torch.from_numpy(np.array(samples, np.float32))[None].to(device))[0]

    def _augmented(self, samples: FloatArray, clip: str, strategies: Sequence[Strategy]) -> list[Tensor]:
        """The vector (D,) of each strategy."""
        copies = Copies(self.dual.audio, samples, clip, self.augmentation, seed=self.seed, max_block=self.max_batch)
        passes, at_once = Passes(self.dual.audio), max(1, self.max_batch // copies.clean.num_segments)
        clean = self._finish(passes.each([copies.clean]), copies)[0]
        shared = self._embedded(copies, passes, range(max(each.tau for each in strategies)), at_once) if len(strategies) > 1 else None
        vectors = []
        for strategy in strategies:
            if self._module is None:
                vector = self._at_encoder(copies, passes, strategy, at_once, shared)
            else:
                vector = self._inside(copies, passes, strategy, at_once, self._module)
            vectors.append((clean + vector) / 2)
        self._add({"encoder_rows": passes.rows, "encoder_calls": passes.calls, "spectrograms": copies.num_spectrograms})
        return vectors

    def _embedded(self, copies: Copies, passes: Passes, numbers: Iterable[int], at_once: int) -> list[Tensor] | None:
        """The encoder's embeddings (N, E) of copies, to be used more than once; None where copies meet before."""
        if self._module is not None:
            return None
        chosen = list(numbers)
        parts = [chosen[first : first + at_once] for first in range(0, len(chosen), at_once)]
        return list(chain.from_iterable(passes.each([copies.make(number) for number in part]) for part in parts))

    def _at_encoder(self, copies: Copies, passes: Passes, strategy: Strategy, at_once: int, shared: list[Tensor] | None) -> Tensor:
        def finish(embeddings: Sequence[Tensor]) -> list[Tensor]:
            return self._finish(embeddings, copies)

        if shared is not None:
            return _tensor(aggregate(strategy, shared[: strategy.tau], [list, finish], max_batch=at_once))
        made = (copies.make(number) for number in range(strategy.tau))
        return _tensor(aggregate(strategy, made, [passes.each, finish], max_batch=at_once))

    def _inside(self, copies: Copies, passes: Passes, strategy: Strategy, at_once: int, module: nn.Module) -> Tensor:
        first, last = strategy.partitions
        made: Iterator[tuple[int, Heard]] = ((number, copies.make(number)) for group in first for number in group)
        means = passes.meeting(made, module, first, at_once=at_once)
        ((_, output),) = layer_means(means, lambda embeddings: self._finish(embeddings, copies), last, max_batch=at_once)
        return _tensor(output)

    def _finish(self, embeddings: Sequence[Tensor], copies: Copies) -> list[Tensor]:
        """The second layer: unit vectors (D,) of embeddings (N, E) of segments."""
        stacked, weights = torch.stack(list(embeddings)), copies.cutting.weights
        slope = self.dual.audio.encoder.hears_slope
        pooled = stacked.mean(1) if weights is None else of_pieces(stacked, weights, hears_slope=slope)
        return list(functional.normalize(self.dual.audio_projection(pooled), dim=-1))

    def _add(self, done: dict[str, float]) -> None:
        for name, value in done.items():
            self._cost[name] += value


def default_batch(dual: DualEncoder) -> int:
    """Return how many segments go through the encoder at a time where nobody says."""
    return _ON_CPU if next(dual.parameters()).device.type == "cpu" else _ELSEWHERE


def _of_two_layers(strategy: Strategy | str) -> Strategy:
    found = read_strategy(strategy) if isinstance(strategy, str) else strategy
    if found.num_layers != 2:
        raise InputError(f"A strategy here has two layers, the encoder's and the output, not {found.num_layers}.")
    return found


def _tensor(value: Any) -> Tensor:  # noqa: ANN401 - what the engine gives is what the layers gave
    if not isinstance(value, Tensor):
        raise TypeError(f"a layer gave {type(value).__name__}")
    return value
