"""The whole method on one screen: two encoders, two projections, one space, one temperature.

    sound --> log-mel --> audio encoder --> mean over segments --> projection --> unit length \
                                                                                               cosine / temperature
    words --> tokens ---> text encoder ---> pooling -------------> projection --> unit length /

Training pulls the vectors of a sound and its caption together and pushes all others apart (`losses/`); searching is one
product of matrices. This is Primus, Koutini and Widmer (2023), section 2, and with other parts LAION-CLAP, MS-CLAP,
WavCaps and both DCASE baselines: the parts are named in `config.json` and made by `build.py`.

Legend: `B` batch, `T` samples, `A` sounds, `C` captions, `D` size of the shared space.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.decode import check_samples
from hearken.errors import InputError
from hearken.models import hub, weights
from hearken.models.audio_table import build_tower, resolve
from hearken.models.blend import Blend
from hearken.models.config import DualConfig, TemperatureConfig
from hearken.models.projection import build_projections, kinds
from hearken.models.text import TextTower
from hearken.models.text_table import restore_text
from hearken.models.tower import AudioTower


class DualEncoder(nn.Module):
    """A dual encoder made of what `config` names, with random weights; `tokenizer` is a `tokenizers.Tokenizer`.

    `dim` is the size D of the shared space, `rate_hz` the sample rate that `encode_audio` expects. Give a ready `text`
    tower to keep its weights. Raises InputError or ModelError, naming the nearest names, for parts that do not exist.
    """

    def __init__(self, config: DualConfig, tokenizer: Any = None, *, text: TextTower | None = None) -> None:  # noqa: ANN401
        super().__init__()
        self.config, self.dim = replace(config, audio=resolve(config.audio)), config.dim
        self.audio: AudioTower = build_tower(self.config.audio)
        self.text: TextTower = text if text is not None else restore_text(config.text, tokenizer)
        self._check_slopes(*kinds(config.projection))
        self.audio_projection, self.text_projection = build_projections(config.projection, self.audio.dim, self.text.dim, config.dim)
        self.rate_hz = self.audio.rate_hz
        self._add_temperature(config.temperature)

    def encode_audio(self, wave: Tensor, num_samples: Tensor | Sequence[int] | None = None, blend: Blend | None = None) -> Tensor:
        """Return unit-length embeddings (B, D) of sounds `wave` (B, T), full scale = 1, mono, at `rate_hz`.

        Clips of a batch may differ in length: `num_samples` (B,) says how much of each row is sound. The projection comes
        after the mean over segments, as in the authors' code. `blend` mixes second sounds into some rows, as spectrograms.
        Raises InputError and AudioEmptyError.
        """
        return functional.normalize(self.audio_projection(self.audio(wave, num_samples, blend)), dim=-1)

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """Return unit-length embeddings (B, D) of `texts`. Raises InputError for a text of no word."""
        return functional.normalize(self.text_projection(self.text.encode(texts)), dim=-1)

    def encode_tokens(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return unit-length embeddings (B, D) of token numbers (B, W); `attention_mask` (B, W) is 1 on tokens."""
        return functional.normalize(self.text_projection(self.text(input_ids, attention_mask)), dim=-1)

    def similarity(self, audio: Tensor, text: Tensor) -> Tensor:
        """Return the cosines (A, C) of embeddings `audio` (A, D) and `text` (C, D)."""
        return audio @ text.T

    def logits(self, audio: Tensor, text: Tensor) -> Tensor:
        """Return what the softmax of the loss sees: cosines over the temperature, (A, C)."""
        return self.similarity(audio, text) / self.temperature

    def forward(self, wave: Tensor, num_samples: Tensor | Sequence[int] | None, texts: Sequence[str]) -> Tensor:
        """Return the logits (B, C) of sounds `wave` (B, T) and `texts` (C), as `encode_audio` and `encode_text` take them."""
        return self.logits(self.encode_audio(wave, num_samples), self.encode_text(texts))

    def _check_slopes(self, audio: str, text: str) -> None:
        if audio.startswith("turned") and not self.audio.encoder.hears_slope:
            raise InputError(
                f"{self.config.audio.name} does not hear slopes, which {audio} turns.",
                'Give it the option hears_slope (pocket has it), or take "tags".',
            )
        if text.startswith("turned") and self.text.config.pooling != "mean_and_slope":
            raise InputError(
                f"The pooling {self.text.config.pooling} gives no slopes, which {text} turns.",
                'Take the pooling "mean_and_slope" for the text, or the projection "linear".',
            )

    @property
    def temperature(self) -> Tensor:
        """The temperature tau (), positive; see `TemperatureConfig` for the three ways to keep it."""
        return torch.exp(-self.logit_scale) if self.config.temperature.kind == "exp" else self.tau.abs()

    def _add_temperature(self, config: TemperatureConfig) -> None:
        if config.value <= 0 or config.kind not in ("fixed", "abs", "exp"):
            raise InputError(f"A temperature is fixed, abs or exp, and positive; not {config}.")
        if config.kind == "exp":
            self.logit_scale = nn.Parameter(torch.tensor(-math.log(config.value)))
        elif config.kind == "abs":
            self.tau = nn.Parameter(torch.tensor(config.value))
        else:
            self.register_buffer("tau", torch.tensor(config.value))

    @torch.no_grad()
    def encode_arrays(self, sounds: Sequence[np.ndarray], sample_rate: int) -> np.ndarray:
        """Return embeddings (B, D) float32 of arrays (T,), (channels, T) or (T, channels) at `sample_rate` Hz.

        They are mixed to mono, resampled and padded to a batch. Raises AudioError subclasses for what is no sound.
        """
        clips = [torch.from_numpy(check_samples(sound, sample_rate, self.rate_hz).samples) for sound in sounds]
        if not clips:
            return np.zeros((0, self.dim), np.float32)
        wave = nn.utils.rnn.pad_sequence(clips, batch_first=True).to(next(self.parameters()).device)
        return self.encode_audio(wave, [len(clip) for clip in clips]).float().cpu().numpy()

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the model folder: `config.json`, `model.safetensors`, `tokenizer.json`. Raises ModelError when it cannot."""
        tokenizer = self.text.tokenizer.to_str() if self.text.tokenizer else None
        weights.save(Path(folder), {"kind": "dual", **self.config.to_json()}, self.state_dict(), tokenizer)

    @classmethod
    def from_pretrained(cls, name: str | Path, *, endpoint: str | None = None, revision: str | None = None) -> DualEncoder:
        """Return the model of a folder or, when there is none of this name, of a hub id; in evaluation mode.

        Raises ModelNotFoundError, DownloadError, ModelError, and CheckpointError for weights that do not fit.
        """
        saved = weights.read(hub.locate(name, endpoint=endpoint, revision=revision), kind="dual")
        model = cls(DualConfig.from_json(saved.config), saved.tokenizer())
        weights.load_strict(model, saved.state, str(name))
        return model.eval()

    def push_to_hub(self, repo_id: str, *, endpoint: str | None = None, token: str | None = None, private: bool = False) -> str:
        """Write the model to the hub as `repo_id` (made if need be) and return its address. Raises DownloadError."""
        return hub.push(self.save_pretrained, repo_id, endpoint=endpoint, token=token, private=private)
