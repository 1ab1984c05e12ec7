"""What every audio encoder is: a network that turns a log-mel spectrogram into one vector.

Module and parameter names below an encoder are those of the public checkpoint, so that its state dict loads strictly.
The filters of the front end, which some public files carry as frozen parameters, are not kept here: the front end makes
them (`frontend/constants.py`), and `hearken convert` compares the file's with ours.

Legend: `B` batch, `T` samples, `L` spectrogram frames, `F` mel bands, `D` embedding, `M` tags.
"""

from __future__ import annotations

from torch import Tensor, nn

from hearken.audio.melspec import FrontEnd


class AudioEncoder(nn.Module):
    """Base of the audio encoders.

    `front_end` is the spectrogram that the public weights expect, `dim` the embedding size D, `segment_s` the length of
    sound that the authors feed at once, `max_num_frames` the longest input L that the architecture takes (None: any).
    Encoders that also read the waveform set `needs_wave`.
    """

    front_end: FrontEnd
    dim: int
    segment_s: float
    max_num_frames: int | None = None
    needs_wave: bool = False

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F); `wave` (B, T) is the sound itself, for those that need it."""
        raise NotImplementedError

    def tag_logits(self, embedding: Tensor) -> Tensor:
        """Return the AudioSet tag logits (B, M) of embeddings (B, D), before the sigmoid, where the network has such a head."""
        raise NotImplementedError
