"""What the recipe's teachers hear in the training clips: tags of mn04, with YAMNet's if wanted, as vectors of the tag bridge."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from pocket_data import Clip
from pocket_measure import frames_of_clips, heads
from pocket_towers import Words
from torch import Tensor
from torch.nn import functional

from hearken.audio.decode import decode
from hearken.models.pocket import PocketAudio

NAMES = ("mn04", "mn04+yamnet")
_PATCH_NUM_SAMPLES, _HOP_NUM_SAMPLES, _RATE_HZ = 15_600, 7_800, 16_000


def yamnet_tags(shared: Path, clips: list[Clip], stored: Path) -> np.ndarray:
    """Return YAMNet's 521 probabilities for every clip, averaged over its patches; they are kept in the file `stored` (.npy)."""
    if stored.exists():
        return np.asarray(np.load(stored), np.float32)
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(shared / "weights" / "yamnet" / "yamnet_classification.tflite"), num_threads=1)
    network.allocate_tensors()
    place, answer = network.get_input_details()[0]["index"], network.get_output_details()[0]["index"]
    found = []
    for clip in clips:
        samples = decode(shared / "audio" / clip.file, rate_hz=_RATE_HZ).samples
        samples = np.pad(samples, (0, max(0, _PATCH_NUM_SAMPLES - len(samples))))
        tags = []
        for start in range(0, len(samples) - _PATCH_NUM_SAMPLES + 1, _HOP_NUM_SAMPLES):
            network.set_tensor(place, samples[start : start + _PATCH_NUM_SAMPLES])
            network.invoke()
            tags.append(network.get_tensor(answer)[0])
        found.append(np.mean(tags, axis=0))
    stored.parent.mkdir(parents=True, exist_ok=True)
    np.save(stored, np.array(found, np.float32))
    return np.array(found, np.float32)


def yamnet_names(shared: Path) -> list[str]:
    """Return the names of YAMNet's tags, in its order."""
    with open(shared / "weights" / "audioset" / "yamnet_label_list.txt", encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


class Teachers:
    """The bridge vectors of the untouched taggers in `names` ("mn04" or "mn04+yamnet").

    `audio` is the tower at its start.
    """

    def __init__(self, audio: PocketAudio, words: Words, clips: list[Clip], shared: Path, cache: Path, names: str) -> None:
        if names not in NAMES:
            raise SystemExit(f"--teachers must be one of {', '.join(NAMES)}")
        self.clips = heads(audio, frames_of_clips(audio, clips), slope=False)
        if names == "mn04":
            return
        tags = torch.from_numpy(yamnet_tags(shared, clips, cache / "yamnet_train.npy"))
        yamnet = functional.normalize(tags @ words.in_parts(yamnet_names(shared)), dim=-1)
        self.clips = functional.normalize(self.clips + yamnet, dim=-1)

    def only(self, places: list[int]) -> Teachers:
        """Return the same for the clips at `places` alone."""
        kept = copy.copy(self)
        kept.clips = self.clips[places]
        return kept

    def of(self, members: list[tuple[int, ...]]) -> Tensor:
        """Return the vectors (B, D) of sounds made of clips."""
        return functional.normalize(torch.stack([self.clips[list(indices)].mean(0) for indices in members]), dim=-1)
