"""What every audio encoder is: a network that turns a log-mel spectrogram into one vector.

Module and parameter names below an encoder are those of the public checkpoint, so that its state dict loads strictly.
The filters of the front end, which some public files carry as frozen parameters, are not kept here: the front end makes
them (`frontend/constants.py`), and `hearken convert` compares the file's with ours.

Legend: `B` batch, `T` samples, `L` spectrogram frames, `F` mel bands, `K` feature frames, `D` embedding, `M` tags, `S` places before
pooling, `E` size of a place.
"""

from __future__ import annotations

from torch import Tensor, nn

from hearken.audio.melspec import FrontEnd
from hearken.errors import InputError


class AudioEncoder(nn.Module):
    """Base of the audio encoders.

    `front_end` is the spectrogram that the public weights expect, `dim` the embedding size D, `segment_s` the length of
    sound that the authors feed at once, `min_num_frames` and `max_num_frames` the shortest and the longest input L that the
    architecture takes (None: any). Encoders that also read the waveform set `needs_wave`. An embedding that is the mean of
    feature frames, each of which stands for `mel_per_frame` spectrogram frames, can be had frame by frame (`frames`); None: it is not.
    Where `hears_slope`, the embedding is the mean of frames (B, K, D / 2) and behind it their slope (`audio/pooling.py`).
    """

    front_end: FrontEnd
    dim: int
    segment_s: float
    min_num_frames: int = 1
    max_num_frames: int | None = None
    needs_wave: bool = False
    mel_per_frame: int | None = None
    hears_slope: bool = False

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F); `wave` (B, T) is the sound itself, for those that need it."""
        raise NotImplementedError

    def frames(self, mel: Tensor) -> Tensor:
        """Return the feature frames (B, K, E) of log-mel `mel` (B, L, F), whose mean is the embedding; K = ceil(L / `mel_per_frame`).

        Raises NotImplementedError where `mel_per_frame` is None.
        """
        raise NotImplementedError

    @property
    def token_dim(self) -> int:
        """The size E of a place that `tokens` gives."""
        return self.dim // 2 if self.hears_slope else self.dim

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return the places (B, S, E) of log-mel `mel` (B, L, F), in order of time, that the network pools to its embedding.

        A captioner reads them (`models/captioner.py`). They are the feature frames where there are such; an encoder that does not
        say which they are has one place, the embedding. Raises as `forward`.
        """
        if self.mel_per_frame is not None:
            self.check(mel)
            return self.frames(mel)
        embedding: Tensor = self(mel, wave) if self.needs_wave else self(mel)
        return embedding.unsqueeze(1)

    def tag_logits(self, embedding: Tensor) -> Tensor:
        """Return the AudioSet tag logits (B, M) of embeddings (B, D), before the sigmoid.

        Raises NotImplementedError where the network has no head that reads the embedding: CRNN, VGGish, WavCaps' CNN14, two
        encoders side by side, and HTSAT, whose tags come from frames (`HTSAT.outputs`).
        """
        raise NotImplementedError

    def check(self, mel: Tensor) -> None:
        """Raise InputError unless `mel` is (B, L, F) with the front end's bands and at least `min_num_frames` frames."""
        name, bands = type(self).__name__, self.front_end.num_mels
        if mel.ndim != 3 or mel.shape[2] != bands:
            raise InputError(f"{name} reads spectrograms of clips by frames by {bands} mel bands, not of shape {tuple(mel.shape)}.")
        if mel.shape[1] < self.min_num_frames:
            raise InputError(
                f"{name} needs at least {self.min_num_frames} spectrogram frames; there are {mel.shape[1]}.", "Pad the clip with zeros."
            )
