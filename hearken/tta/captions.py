"""Multi-level test-time augmentation of a captioner: Kim et al. (2023), section 3, as the paper has it.

Copies of a sound are augmented at half strength (`half.py`) and averaged by a strategy (`strategy.py`) at the two outputs that a captioner
has (equation 2):

1. the encoder's, once: the places (S, E) that the decoder reads. All copies of a clip are cut alike, so place is averaged with place;
2. the decoder's, at every step of the search: how probable each token is as the next one. Probabilities are averaged, not their logarithms,
   for the words so far, which are the same for all.

Conventional TTA averages at the second alone, Mid-TTA at the first alone, Multi-TTA groups at the first and their means at the second. What comes out
is averaged with the distribution of the sound itself (section 4.3), and the search sees that one distribution only.

Legend: `T` samples, `C` copies of a batch, `S` places, `E` size of a place, `R` beginnings of captions, `W` tokens, `V` vocabulary.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hearken.caption.beam import Step, Written
from hearken.caption.decoding import Decoding
from hearken.caption.search import search, spoken
from hearken.errors import InputError
from hearken.models.captioner import Captioner
from hearken.models.decoder import Heard as Places
from hearken.train.augmentation import Augmentation
from hearken.train.captioning.write import write
from hearken.tta.engine import layer_means
from hearken.tta.half import for_model
from hearken.tta.heard import Copies, Heard
from hearken.tta.strategy import Partition, Strategy
from hearken.tta.strategy import strategy as read_strategy
from hearken.types import FloatArray

_ON_CPU, _ELSEWHERE = 8, 64


class CaptionTTA:
    """Test-time augmentation of the captions that `captioner` writes, by `strategy` (or its text).

    `augmentation` is that of training and is halved here; without one, or where nothing of it is for sounds, Kim's is taken. `.augmentation` says
    what is done. All draws are a function of `seed`, clip and copy. At most `max_batch` segments go through the encoder at a time, and as many
    beginnings of captions through the decoder, but never fewer than those of one clip (None: 8 on a CPU, 64 elsewhere). The captioner is put into
    evaluation mode.

    Raises InputError for another strategy than one of two layers, for masks that have no place in this network, for a seed below 0 and an
    empty batch.
    """

    def __init__(
        self, captioner: Captioner, strategy: Strategy | str, augmentation: Augmentation | None = None, *,
        seed: int = 0, max_batch: int | None = None,
    ) -> None:  # fmt: skip
        self.strategy = read_strategy(strategy) if isinstance(strategy, str) else strategy
        if self.strategy.num_layers != 2:
            raise InputError(f"A captioner has two layers to average at, encoder and decoder, not {self.strategy.num_layers}.")
        if seed < 0 or (max_batch is not None and max_batch < 1):
            raise InputError(f"A seed is at least 0 and a batch has at least one segment, not {seed} and {max_batch}.")
        self.captioner, self.seed = captioner.eval(), seed
        self._device = next(captioner.parameters()).device
        self.max_batch = max_batch or (_ON_CPU if self._device.type == "cpu" else _ELSEWHERE)
        self.augmentation = for_model(captioner.audio, augmentation)
        self._cost = {
            "clips": 0, "inputs": 0, "encoder_rows": 0, "encoder_calls": 0, "spectrograms": 0, "steps": 0, "decoder_rows": 0,
            "decoder_calls": 0, "seconds": 0.0,
        }  # fmt: skip

    @property
    def cost(self) -> dict[str, float]:
        """What has been done since the start: `clips`, `inputs` (copies), `encoder_rows` (segments) in `encoder_calls`, `spectrograms` (of
        segments), `steps` of searches, `decoder_rows` (beginnings, once for each distribution) in `decoder_calls`, `seconds`, `seconds_per_clip`.

        Where tau = 1 nothing but clips and seconds is counted.
        """
        return {**self._cost, "seconds_per_clip": self._cost["seconds"] / max(1, self._cost["clips"])}

    def to_json(self) -> dict[str, Any]:
        """Return what belongs into a record of figures: strategy, seed, and the augmentations as they were used."""
        return {"strategy": str(self.strategy), "tau": self.strategy.tau, "seed": self.seed, **self.augmentation.to_json()}

    @torch.no_grad()
    def write(self, samples: FloatArray, clip: str, decoding: Decoding) -> Written:
        """Return the caption of one sound, `samples` (T,) float32, full scale = 1, at `captioner.rate_hz`; `clip` is its id.

        With tau = 1 it is what the captioner writes without augmentation. Raises AudioEmptyError for no samples.
        """
        began = time.monotonic()
        self.captioner.eval()
        if self.strategy.tau == 1:
            wave = torch.from_numpy(np.array(samples, np.float32))[None].to(self._device)
            written = write(self.captioner, self.captioner.hear(wave), decoding)[0]
        else:
            words = self.captioner.vocabulary
            step = spoken(self.step(samples, clip), words)
            written = search(step, 1, start=words.start, end=words.end, decoding=decoding)[0]
            self._add(inputs=self.strategy.tau)
        self._add(clips=1, seconds=time.monotonic() - began)
        return written

    @torch.no_grad()
    def step(self, samples: FloatArray, clip: str) -> Step:
        """Return what a search asks: log-probabilities (R, V) float64 of the next token, averaged as the strategy says; tau is above 1.

        The encoder's part is done here, once; the decoder's at every call. Arguments and errors as for `write`.
        """
        copies = Copies(self.captioner.audio, samples, clip, self.augmentation, seed=self.seed, max_block=self.max_batch)
        at_encoder, at_decoder = self.strategy.partitions
        clean = self._hear([copies.clean])[0]
        at_once = max(1, self.max_batch // copies.clean.num_segments)
        made = ((number, copies.make(number)) for group in at_encoder for number in group)
        means = [mean for _, mean in sorted(layer_means(made, self._hear, at_encoder, max_batch=at_once), key=lambda found: found[0])]
        self._add(spectrograms=copies.num_spectrograms)

        @torch.no_grad()
        def step(tokens: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:  # noqa: ARG001 - there is one clip
            self._add(steps=1)
            so_far = torch.from_numpy(tokens).to(self._device)
            augmented = self._mean(so_far, means, at_decoder)
            found: NDArray[np.float64] = ((self._next(so_far, [clean])[0] + augmented) / 2).log().cpu().numpy()
            return found

        return step

    def _hear(self, copies: Sequence[Heard]) -> list[Tensor]:
        """The first layer: the places (S, E) of each of `copies`, which are of one sound; one that comes twice is computed once."""
        different = list({id(copy): copy for copy in copies}.values())
        blocks = []
        for number in range(len(different[0].mels)):
            places = self._places(torch.cat([copy.mels[number] for copy in different]), [copy.waves[number] for copy in different])
            blocks.append(places.reshape(len(different), -1, places.shape[-1]))
        rows = dict(zip(map(id, different), torch.cat(blocks, dim=1), strict=True))
        return [rows[id(copy)] for copy in copies]

    def _places(self, mel: Tensor, waves: Sequence[Tensor]) -> Tensor:
        encoder = self.captioner.audio.encoder
        self._add(encoder_rows=len(mel), encoder_calls=1)
        dtype = next((parameter.dtype for parameter in encoder.parameters()), torch.float32)
        if encoder.needs_wave:
            return encoder.tokens(mel.to(dtype), torch.cat(list(waves)).to(dtype))
        return encoder.tokens(mel.to(dtype))

    def _mean(self, tokens: Tensor, means: Sequence[Tensor], partition: Partition) -> Tensor:
        """The mean (R, V) of the distributions that `means`, places (S, E) each, give."""
        at_once = max(1, self.max_batch // len(tokens))
        ((_, mean),) = layer_means(enumerate(means), lambda batch: self._next(tokens, batch), partition, max_batch=at_once)
        return torch.as_tensor(mean)

    def _next(self, tokens: Tensor, heard: Sequence[Tensor]) -> list[Tensor]:
        """The second layer: how probable each token is (R, V), float64, after `tokens` (R, W), for each of `heard` (S, E)."""
        count, places = len(tokens), torch.stack(list(heard)).repeat_interleave(len(tokens), dim=0)
        self._add(decoder_rows=len(places), decoder_calls=1)
        logits = self.captioner(tokens.repeat(len(heard), 1), Places(places))[:, -1]
        return list(logits.double().softmax(dim=-1).split(count))

    def _add(self, **done: float) -> None:
        for name, value in done.items():
            self._cost[name] += value
