"""The shortest sound that a network takes: rules that fill every segment up take any, others need a few spectrogram frames.

The baselines of DCASE 2022 and 2023 read each clip as a whole. A click of some milliseconds has fewer frames than their networks have
strides; in training it is followed by zeros, as it would be in a batch of theirs.
"""

from __future__ import annotations

from hearken.models.passt import PATCH, PaSST
from hearken.models.tower import AudioTower

OWN_LENGTH = ("whole", "d25_windows", "hear21passt")
"""The rules by which a short clip is one window of its own length."""


def least_samples(tower: AudioTower) -> int:
    """Return the fewest samples of a sound that `tower` takes, in training too, at its rate; 1 where its rule fills sounds up."""
    if tower.segments.rule not in OWN_LENGTH:
        return 1
    encoder, front_end = tower.encoder, tower.encoder.front_end
    num_frames = encoder.min_num_frames
    if isinstance(encoder, PaSST):  # a column of patches must be left by patchout
        num_frames = PATCH + encoder.patchout.s_patchout_t * encoder.patch_embed.proj.stride[0]
    num_samples = 2  # one sample has no difference to another, which PaSST's front end takes
    while front_end.num_frames(num_samples) < num_frames:
        num_samples += front_end.hop
    return num_samples
