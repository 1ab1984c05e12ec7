"""The torch twin of `audio/melspec.py`: log-mel spectrograms of batches, on any device, through which gradients pass.

Legend: `B` batch, `T` samples, `L` frames, `F` mel bands, `K` = n_fft // 2 + 1 frequency bins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.front_ends import FrontEnd
from hearken.audio.mel_filters import mel_band
from hearken.audio.melspec import hann, surround
from hearken.errors import AudioEmptyError, InputError
from hearken.frontend.jitter import Jitter, shifted

_FRAMES_PER_BLOCK = 64  # on a CPU; measured a third faster than all at once: a block stays inside the second-level cache


def _hann(front_end: FrontEnd) -> Tensor:
    """The Hann window (n_fft,): numpy's, but for ``htk`` torch's, which is what LAION-CLAP's torchaudio multiplies by.

    The two differ by a last digit, and the quietest bands of that front end hold nothing but its effect.
    """
    if front_end.mel != "htk":
        return torch.from_numpy(hann(front_end))
    left = (front_end.n_fft - front_end.win_length) // 2
    window = torch.hann_window(front_end.win_length, front_end.periodic_window)
    return functional.pad(window, (left, front_end.n_fft - front_end.win_length - left))


class LogMel(nn.Module):
    """The log-mel spectrogram of `front_end`, equal to numpy's `log_mel` to 1e-4.

    It has no state to save: window and filters are made from the constants. `jitter` (a Jitter, or its two ranges in Hz)
    moves the filter bank's edges in training mode, as PaSST's authors do; in evaluation mode it does nothing.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, front_end: FrontEnd, jitter: Jitter | tuple[int, int] | None = None) -> None:
        super().__init__()
        self.front_end = front_end
        self.jitter = Jitter(*jitter) if isinstance(jitter, tuple) else jitter
        filters, self.low, self.high = mel_band(front_end)
        self.register_buffer("window", _hann(front_end), persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Follow a move to another device, but not a change to half precision: the constants keep their own."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        device = self.window.device
        self.window = _hann(self.front_end).to(device)
        self.filters = torch.from_numpy(mel_band(self.front_end)[0]).to(device)
        return self

    def forward(self, wave: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return log-mel (B, L, F) of `wave` (B, T), full scale = 1, at the front end's rate; float32 also under autocast.

        `generator` draws the jitter, once for the batch (torch's global generator without it). Frames are laid as
        `audio.melspec.log_mel` does. Raises InputError for other shapes and for whole numbers, AudioEmptyError when
        nothing is left after pre-emphasis.
        """
        return self.compress(self.energy(wave, generator))

    def energy(self, wave: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return what the logarithm is taken of, mel energies (B, L, F) of `wave` (B, T) (magnitudes where the front end has them).

        Arguments and errors as for `forward`.
        """
        if wave.ndim != 2:
            raise InputError(f"Sound comes as (batch, samples), not with {wave.ndim} axes.")
        if not wave.is_floating_point():
            raise InputError(f"Sound comes as floats of full scale 1, not as {wave.dtype}.", "Divide by the largest whole number.")
        with torch.autocast(wave.device.type, enabled=False):
            return self._mel(wave.float(), generator)

    def compress(self, mel: Tensor) -> Tensor:
        """Return the log-mel (B, L, F) of mel energies (B, L, F)."""
        with torch.autocast(mel.device.type, enabled=False):
            return self._compress(mel)

    def extra_repr(self) -> str:
        """Return the front end's name, for print."""
        return self.front_end.name

    def _mel(self, wave: Tensor, generator: torch.Generator | None) -> Tensor:
        front_end = self.front_end
        if front_end.preemphasis:
            wave = wave[:, 1:] - front_end.preemphasis * wave[:, :-1]
        if not wave.shape[1]:
            raise AudioEmptyError("A sound of no samples has no spectrogram.")
        left, right, reflect = surround(front_end, wave.shape[1])
        padded = functional.pad(wave[:, None], (left, right), mode="reflect" if reflect else "constant")[:, 0]
        frames = padded.unfold(1, front_end.n_fft, front_end.hop)
        filters, low, high = self._filters(generator)
        blocks = torch.split(frames, _FRAMES_PER_BLOCK, 1) if wave.device.type == "cpu" else (frames,)
        return torch.cat([self._power(block, low, high) @ filters for block in blocks], 1)

    def _power(self, frames: Tensor, low: int, high: int) -> Tensor:
        """Power or magnitude (B, L, high - low) of frames (B, L, n_fft)."""
        spectrum = torch.view_as_real(torch.fft.rfft(frames * self.window)[..., low:high])
        power = (spectrum[..., 0].square() + spectrum[..., 1].square()).float()
        return self._root(power) if self.front_end.magnitude else power

    @staticmethod
    def _root(power: Tensor) -> Tensor:
        """The square root, whose slope at nought (silence) is taken as nought rather than infinite."""
        silent = power == 0
        return torch.where(silent, power, torch.where(silent, torch.ones_like(power), power).sqrt())

    def _filters(self, generator: torch.Generator | None) -> tuple[Tensor, int, int]:
        if not self.training or self.jitter is None:
            return self.filters, self.low, self.high
        filters, low, high = mel_band(shifted(self.front_end, self.jitter.draw(generator)))
        return torch.from_numpy(filters).to(self.filters), low, high

    def _compress(self, mel: Tensor) -> Tensor:
        front_end = self.front_end
        mel = (mel + front_end.log_floor if front_end.add_floor else mel.clamp_min(front_end.log_floor)).log()
        mel = mel * (front_end.log_scale / front_end.divide) + front_end.shift / front_end.divide
        if front_end.top_db is not None:
            mel = torch.maximum(mel, mel.amax((1, 2), keepdim=True) - front_end.top_db)
        return mel
