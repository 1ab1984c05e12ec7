"""A captioner on one screen: an audio encoder that keeps its places, a decoder that writes one word after the other.

    sound --> log-mel --> audio encoder --> places (S of them) \
                                                                 decoder --> the next word, again and again --> caption
    <sos> and the words so far -------------------------------/

This is the audio captioning transformer (Mei et al. 2021) with `act` and a ``cross`` decoder, as Kim et al. (2023) train it, and with any other
encoder of the table and a ``prefix`` decoder a modern small one. The parts are named in `config.json`.

Legend: `B` batch, `T` samples, `S` places, `E` size of a place, `W` tokens, `V` vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from hearken.errors import ModelError, show
from hearken.models import hub, weights
from hearken.models.audio_table import build_tower, resolve
from hearken.models.blend import Blend
from hearken.models.config import CaptionerConfig
from hearken.models.decoder import Decoder, Heard, build_decoder
from hearken.models.tower import AudioTower
from hearken.text.vocabulary import Vocabulary, read_vocabulary


class Captioner(nn.Module):
    """A captioner made of what `config` names, with random weights, that writes with `vocabulary`.

    `rate_hz` is the sample rate that `hear` expects. Raises InputError or ModelError, naming the nearest names, for parts that do not exist.
    """

    def __init__(self, config: CaptionerConfig, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.config, self.vocabulary = replace(config, audio=resolve(config.audio)), vocabulary
        self.audio: AudioTower = build_tower(self.config.audio)
        self.decoder: Decoder = build_decoder(config.decoder, len(vocabulary), self.audio.token_dim)
        self.rate_hz = self.audio.rate_hz

    def hear(self, wave: Tensor, num_samples: Tensor | Sequence[int] | None = None, blend: Blend | None = None) -> Heard:
        """Return what the decoder reads of sounds `wave` (B, T), full scale = 1, mono, at `rate_hz`; arguments as for `DualEncoder.encode_audio`."""
        return self.audio.tokens(wave, num_samples, blend)

    def forward(self, tokens: Tensor, heard: Heard, padding: Tensor | None = None) -> Tensor:
        """Return logits (B, W, V) of the token after each of `tokens` (B, W), the first of which is `<sos>`."""
        logits: Tensor = self.decoder(tokens, heard, padding)
        return logits

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the model folder: `config.json`, `model.safetensors`, `vocabulary.json`. Raises ModelError when it cannot."""
        vocabulary = json.dumps(self.vocabulary.to_json(), ensure_ascii=False) + "\n"
        config = {"kind": "captioner", **self.config.to_json()}
        weights.save(Path(folder), config, self.state_dict(), beside={weights.VOCABULARY: vocabulary})

    @classmethod
    def from_pretrained(cls, name: str | Path, *, endpoint: str | None = None, revision: str | None = None) -> Captioner:
        """Return the captioner of a folder or, when there is none of this name, of a hub id; in evaluation mode.

        Raises ModelNotFoundError, DownloadError, ModelError, and CheckpointError for weights that do not fit.
        """
        folder = hub.locate(name, endpoint=endpoint, revision=revision)
        saved = weights.read(folder, kind="captioner")
        captioner = cls(CaptionerConfig.from_json(saved.config), load_vocabulary(folder / weights.VOCABULARY))
        weights.load_strict(captioner, saved.state, str(name))
        return captioner.eval()

    def push_to_hub(self, repo_id: str, *, endpoint: str | None = None, token: str | None = None, private: bool = False) -> str:
        """Write the model to the hub as `repo_id` (made if need be) and return its address. Raises DownloadError."""
        return hub.push(self.save_pretrained, repo_id, endpoint=endpoint, token=token, private=private)


def load_vocabulary(path: Path) -> Vocabulary:
    """Return the vocabulary in the file `path`. Raises ModelError where there is none, or it is damaged."""
    try:
        mapping = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"The vocabulary {show(path)} cannot be read: {error}.", "Save the model again.") from error
    if not isinstance(mapping, dict):
        raise ModelError(f"The vocabulary {show(path)} is damaged.", "Save the model again.")
    return read_vocabulary(mapping)
