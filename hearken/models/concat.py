"""Two audio encoders side by side: CNN14 and HTSAT of WavText5K, one vector after the other.

Deshmukh et al., "Audio retrieval with WavText5K and CLAP training" (Interspeech 2023), equation 5: f(a) = Concat(CNN14(a),
HTSAT(a)), 2048 + 768 numbers, on the spectrogram `wavtext5k_logmel_44k`. The paper cuts a random 20 s for CNN14 and a random
10 s for HTSAT. There is no public code. Ours is deterministic: CNN14 reads the whole segment, and HTSAT reads it in equal
consecutive pieces, as few as its limit of 1024 frames allows (three for 20 s, since 10 s at this rate and hop are 1379
frames), whose vectors are averaged.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `D` = the sum of both embeddings' sizes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hearken.errors import InputError
from hearken.models.encoder import AudioEncoder

SEGMENT_S = 20.0


class ConcatEncoder(AudioEncoder):
    """`wide` reads all, `narrow` pieces of at most its `max_num_frames`; both read the front end of `wide`.

    Raises InputError when their front ends differ, or one of them needs the waveform.
    """

    def __init__(self, wide: AudioEncoder, narrow: AudioEncoder, segment_s: float = SEGMENT_S) -> None:
        super().__init__()
        if wide.front_end != narrow.front_end or wide.needs_wave or narrow.needs_wave:
            raise InputError("Encoders side by side must read one and the same spectrogram.", "Build both with the same front_end.")
        self.front_end, self.segment_s, self.max_num_frames = wide.front_end, segment_s, wide.max_num_frames
        self.dim = wide.dim + narrow.dim
        self.min_num_frames = max(wide.min_num_frames, narrow.min_num_frames)
        self.wide, self.narrow = wide, narrow

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D), `wide` first, of log-mel `mel` (B, L, F)."""
        return torch.cat((self.wide(mel), self._pieces(mel)), dim=1)

    def _pieces(self, mel: Tensor) -> Tensor:
        """The mean embedding of `narrow` over pieces of equal length; their number is the smallest that fits."""
        num_frames = int(mel.shape[1])  # a plain number, also while the exporter traces: it rounds quotients otherwise
        limit = self.narrow.max_num_frames or num_frames
        count = max(1, -(-num_frames // limit))
        size = num_frames // count
        starts = [(num_frames - size) * number // max(1, count - 1) for number in range(count)]
        embedded: Tensor = self.narrow(torch.cat([mel[:, start : start + size] for start in starts]))
        return embedded.reshape(count, len(mel), -1).mean(0)
