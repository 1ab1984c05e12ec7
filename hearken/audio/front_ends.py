"""Log-mel front ends as data: every constant of every published system's spectrogram, in one closed table.

numpy (`audio/melspec.py`) and torch (`frontend/log_mel.py`) read the same `FrontEnd`. The constants are those of the
authors' code, where papers and code differ too; `tests/golden/frontends.npz` holds the output of that code.

| name | code it agrees with |
|---|---|
| passt_mel | PaSST and EfficientAT, `AugmentMelSTFT` in evaluation mode (top of the range: half the rate less half the jitter) |
| panns_logmel_32k | PANNs, HTSAT, WavCaps, audio-text retrieval of Mei et al.: torchlibrosa, 50 to 14 000 Hz |
| panns_logmel_16k | PANNs' 16 kHz models |
| wavtext5k_logmel_44k | paper constants of WavText5K |
| msclap2022_logmel_44k | msclap 2022 (CNN14); the `n_fft: 1028` of its configuration file is never used |
| msclap2023_logmel_44k | msclap 2023 (HTSAT): sound at 44.1 kHz meets filters made for 32 kHz, so bands lie 1.38 times higher than named |
| laion_htsat_logmel_48k | LAION-CLAP without fusion |
| laion_fusion_mel_48k | LAION-CLAP's fusion input: HTK mel without norm |
| act_logmel | audio captioning transformer: full band, nothing more than 80 dB below the loudest value of the clip |
| dcase2022_logmel_44k, dcase2023_logmel_44k | the DCASE baselines: native 44.1 kHz, 40 ms windows, natural logarithm |
| vggish_logmel_16k, yamnet_logmel_16k | AudioSet's VGGish and YAMNet: magnitudes, frames that lie inside the sound |
"""

from __future__ import annotations

import math
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import Any, Literal


@dataclass(frozen=True)
class FrontEnd:
    """All constants of a log-mel spectrogram.

    `window` is a Hann window of `win_length` samples, centred in `n_fft`. `mel` names scale and norm at once:
    ``kaldi`` (1127 ln(1 + f / 700), triangles on the mel axis, no norm, Nyquist bin zero), ``slaney`` (librosa's
    default) or ``htk`` (2595 lg(1 + f / 700), triangles on the frequency axis, no norm). The log is
    ``(scale * ln(max(m, floor) or m + floor) + shift) / divide``; `add_floor` picks the sum.

    `pad` says what surrounds the sound: its reflection, zeros, or nothing (``none``: frames lie inside the sound and
    have `win_length` samples). `magnitude` takes the spectrum's magnitude instead of its power, `top_db` lifts what lies
    more than that many output units below the loudest value of the clip, `filter_rate_hz` is the rate that the filters
    are made for where the authors made them for another than `rate_hz`, and `double` computes the spectrum in double
    precision, as librosa and Google's numpy code do: with a low floor it shows, by whole units in the quietest bands.
    """

    name: str
    rate_hz: int
    n_fft: int
    win_length: int
    hop: int
    num_mels: int
    fmin_hz: float
    fmax_hz: float
    mel: Literal["kaldi", "slaney", "htk"]
    periodic_window: bool
    preemphasis: float
    log_scale: float
    log_floor: float
    add_floor: bool
    shift: float
    divide: float
    pad: Literal["reflect", "zeros", "none"] = "reflect"
    magnitude: bool = False
    top_db: float | None = None
    filter_rate_hz: int = 0
    double: bool = False

    def num_frames(self, num_samples: int) -> int:
        """Return the number of frames L that `num_samples` samples give."""
        used = num_samples - (1 if self.preemphasis else 0)
        return 1 + (max(0, used - self.win_length) if self.pad == "none" else used) // self.hop

    def whiten(self, log_value: float) -> float:
        """Return where `log_value`, on the scale of the logarithm, lies on the scale of the output."""
        return (log_value + self.shift) / self.divide

    def to_config(self) -> dict[str, Any]:
        """Return the constants for a configuration file; optional ones only where they are not the default."""
        defaults = {field.name: field.default for field in fields(self) if field.default is not MISSING}
        return {name: value for name, value in asdict(self).items() if name not in defaults or value != defaults[name]}


_DECIBEL = 10.0 / math.log(10.0)

PASST_MEL = FrontEnd(
    name="passt_mel", rate_hz=32_000, n_fft=1024, win_length=800, hop=320, num_mels=128, fmin_hz=0.0, fmax_hz=15_000.0,
    mel="kaldi", periodic_window=False, preemphasis=0.97, log_scale=1.0, log_floor=1e-5, add_floor=True, shift=4.5, divide=5.0,
)  # fmt: skip
PANNS_LOGMEL_32K = FrontEnd(
    name="panns_logmel_32k", rate_hz=32_000, n_fft=1024, win_length=1024, hop=320, num_mels=64, fmin_hz=50.0, fmax_hz=14_000.0,
    mel="slaney", periodic_window=True, preemphasis=0.0, log_scale=_DECIBEL, log_floor=1e-10, add_floor=False, shift=0.0, divide=1.0,
)  # fmt: skip
PANNS_LOGMEL_16K = replace(
    PANNS_LOGMEL_32K, name="panns_logmel_16k", rate_hz=16_000, n_fft=512, win_length=512, hop=160, fmax_hz=8_000.0
)  # fmt: skip
MSCLAP2022_LOGMEL_44K = replace(PANNS_LOGMEL_32K, name="msclap2022_logmel_44k", rate_hz=44_100)
MSCLAP2023_LOGMEL_44K = replace(MSCLAP2022_LOGMEL_44K, name="msclap2023_logmel_44k", filter_rate_hz=32_000)
WAVTEXT5K_LOGMEL_44K = replace(MSCLAP2022_LOGMEL_44K, name="wavtext5k_logmel_44k", fmax_hz=8_000.0)
LAION_HTSAT_LOGMEL_48K = replace(PANNS_LOGMEL_32K, name="laion_htsat_logmel_48k", rate_hz=48_000, hop=480)
LAION_FUSION_MEL_48K = replace(LAION_HTSAT_LOGMEL_48K, name="laion_fusion_mel_48k", mel="htk")
ACT_LOGMEL = replace(
    PANNS_LOGMEL_32K, name="act_logmel", hop=640, fmin_hz=0.0, fmax_hz=16_000.0, pad="zeros", top_db=80.0, double=True
)  # fmt: skip
DCASE2023_LOGMEL_44K = FrontEnd(
    name="dcase2023_logmel_44k", rate_hz=44_100, n_fft=2048, win_length=1764, hop=882, num_mels=64, fmin_hz=0.0, fmax_hz=22_050.0,
    mel="slaney", periodic_window=True, preemphasis=0.0, log_scale=1.0, log_floor=2.220446049250313e-16, add_floor=True,
    shift=0.0, divide=1.0, pad="zeros", double=True,
)  # fmt: skip
DCASE2022_LOGMEL_44K = replace(DCASE2023_LOGMEL_44K, name="dcase2022_logmel_44k", fmin_hz=12.0, fmax_hz=8_000.0)
VGGISH_LOGMEL_16K = FrontEnd(
    name="vggish_logmel_16k", rate_hz=16_000, n_fft=512, win_length=400, hop=160, num_mels=64, fmin_hz=125.0, fmax_hz=7_500.0,
    mel="kaldi", periodic_window=True, preemphasis=0.0, log_scale=1.0, log_floor=0.01, add_floor=True, shift=0.0, divide=1.0,
    pad="none", magnitude=True, double=True,
)  # fmt: skip
YAMNET_LOGMEL_16K = replace(VGGISH_LOGMEL_16K, name="yamnet_logmel_16k", log_floor=0.001)

FRONT_ENDS = {
    front_end.name: front_end
    for front_end in (
        PASST_MEL, PANNS_LOGMEL_32K, PANNS_LOGMEL_16K, WAVTEXT5K_LOGMEL_44K, MSCLAP2022_LOGMEL_44K, MSCLAP2023_LOGMEL_44K,
        LAION_HTSAT_LOGMEL_48K, LAION_FUSION_MEL_48K, ACT_LOGMEL, DCASE2022_LOGMEL_44K, DCASE2023_LOGMEL_44K, VGGISH_LOGMEL_16K,
        YAMNET_LOGMEL_16K,
    )
}  # fmt: skip
