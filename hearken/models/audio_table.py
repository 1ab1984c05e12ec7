"""The closed table of audio encoders: name, constructor, and what one wants to know before choosing.

`num_parameters` counts as the public checkpoint does, where there is one, its frozen front-end filters included. Where a paper
prints another number, the docs say so.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hearken.audio.front_ends import FRONT_ENDS, FrontEnd
from hearken.audio.length import Padding
from hearken.errors import InputError
from hearken.models.concat import ConcatEncoder
from hearken.models.config import AudioConfig
from hearken.models.encoder import AudioEncoder
from hearken.models.frame_tower import FrameTower
from hearken.models.patchout import Patchout
from hearken.models.tower import AudioTower

_PANNS = "Kong et al. 2020, PANNs"
_PASST = "Koutini et al. 2022, PaSST"
_HTSAT = "Chen et al. 2022, HTSAT"
_ZENODO = "https://zenodo.org/records/3987831/files/"
_LAION = "Wu et al. 2023, LAION-CLAP"
_EFFICIENTAT_FILES = "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/"
_OWN = "ours, for tests and small experiments: "
_UNTRAINED = "Apache-2.0 (no public weights)"
_PASST_FILES = "https://github.com/kkoutini/PaSST/releases/download/"


@dataclass(frozen=True)
class AudioEntry:
    """One audio encoder: its constructor is `maker` in `hearken.models.<module>`, called with `options`.

    `front_end` is a name of `audio/front_ends.py`; `segment_s` is how much sound the papers feed at once, `rule` how
    segments become one vector, `padding` what fills the last one. `checkpoint` is the public file (empty: none), `patchout` the (frequency, time) rows and
    columns that Primus et al. (2023), Table 2, leave out in training, from segments of `patchout_s`.
    """

    module: str
    maker: str
    paper: str
    num_parameters: int
    front_end: str
    segment_s: float
    licence: str
    checkpoint: str = ""
    hub_id: str = ""
    patchout: tuple[int, int] | None = None
    patchout_s: float = 10.0
    options: Mapping[str, Any] = field(default_factory=dict)
    rule: str = "dcase2023"
    padding: Padding = "zeros"


def _panns(module: str, maker: str, num_parameters: int, checkpoint: str, **more: Any) -> AudioEntry:  # noqa: ANN401
    values: dict[str, Any] = {"front_end": "panns_logmel_32k", "segment_s": 10.0, **more}
    values["options"] = {"front_end": values["front_end"]}
    licence = "CC-BY-4.0 (weights), MIT (code)"
    return AudioEntry(module, maker, _PANNS, num_parameters, licence=licence, checkpoint=f"{_ZENODO}{checkpoint}", **values)


def _passt(
    maker: str, num_parameters: int, file: str, patchout: tuple[int, int] | None, segment_s: float = 10.0, patchout_s: float = 10.0
) -> AudioEntry:
    facts = "passt_mel", segment_s, "Apache-2.0", f"{_PASST_FILES}{file}"
    return AudioEntry("passt", maker, _PASST, num_parameters, *facts, patchout=patchout, patchout_s=patchout_s)


def _htsat(num_parameters: int, front_end: str, segment_s: float = 10.0, paper: str = _HTSAT, **more: Any) -> AudioEntry:  # noqa: ANN401
    options = {"front_end": front_end, "segment_s": segment_s, **more.pop("options", {})}
    return AudioEntry("htsat", "HTSAT", paper, num_parameters, front_end, segment_s, options=options, **more)


def _mobilenet(width: float, num_parameters: int, checkpoint: str) -> AudioEntry:
    facts = "passt_mel", 10.0, "MIT", f"{_EFFICIENTAT_FILES}{checkpoint}"
    return AudioEntry(
        "mobilenet_encoder", "MobileNetEncoder", "Schmid et al. 2023, EfficientAT", num_parameters, *facts, options={"width": width}
    )


AUDIO_ENCODERS: dict[str, AudioEntry] = {
    # Primus et al. feed Cnn10 and Cnn14 up to 30 s at once; PANNs' own training crops have 10 s
    "cnn6": _panns("panns", "Cnn6", 5_920_911, "Cnn6_mAP=0.343.pth"),
    "cnn10": _panns("panns", "Cnn10", 6_302_735, "Cnn10_mAP=0.380.pth", segment_s=30.0),
    "cnn14": _panns("panns", "Cnn14", 81_837_071, "Cnn14_mAP=0.431.pth", segment_s=30.0),
    "cnn14_16k": _panns("panns", "Cnn14", 81_033_231, "Cnn14_16k_mAP=0.438.pth", front_end="panns_logmel_16k"),
    "cnn14_dlmax": _panns("panns", "Cnn14DecisionLevelMax", 81_837_071, "Cnn14_DecisionLevelMax_mAP=0.385.pth"),
    "resnet22": _panns("panns_resnet", "ResNet22", 64_758_543, "ResNet22_mAP=0.430.pth"),
    "resnet38": _panns("panns_resnet", "ResNet38", 74_866_703, "ResNet38_mAP=0.434.pth"),
    "wavegram_logmel_cnn14": _panns("panns_wavegram", "WavegramLogmelCnn14", 82_148_943, "Wavegram_Logmel_Cnn14_mAP=0.439.pth"),
    "panns_mobilenetv1": _panns("panns_mobilenet", "PannsMobileNetV1", 5_879_759, "MobileNetV1_mAP=0.389.pth"),
    "panns_mobilenetv2": _panns("panns_mobilenet", "PannsMobileNetV2", 5_158_799, "MobileNetV2_mAP=0.383.pth"),
    "passt_s": _passt("passt_s", 86_153_758, "v.0.0.9/passt-s-kd-ap.486.pt", (4, 50)),
    "passt_n": _passt("passt_n", 86_122_270, "v0.0.2-audioset/passt-s-f128-p16-s16-ap.468.pt", (2, 15)),
    "passt_l": _passt("passt_l", 50_714_398, "v.0.0.10/passt-l-kd-ap.47.pt", (4, 50)),
    "passt_s20": _passt("passt_s20", 86_231_326, "v0.0.5/passt-s-f128-20sec-p16-s10-ap.474-swa.pt", (4, 80), 20.0, patchout_s=15.0),
    "passt_s30": _passt("passt_s30", 86_308_126, "v0.0.5/passt-s-f128-30sec-p16-s10-ap.473-swa.pt", None, 30.0),
    "htsat": _htsat(31_325_143, "panns_logmel_32k", licence="not stated (code: MIT)", checkpoint="HTSAT_AudioSet_Saved_1.ckpt"),
    "htsat_laion_tiny": _htsat(31_325_143, "laion_htsat_logmel_48k", paper=_LAION, licence="CC0-1.0", hub_id="lukewys/laion_clap", checkpoint="630k-best.pt", padding="repeatpad"),
    "htsat_laion_base": _htsat(
        72_424_535, "laion_htsat_logmel_48k", paper=_LAION, licence="CC0-1.0", hub_id="lukewys/laion_clap",
        checkpoint="music_speech_audioset_epoch_15_esc_89.98.pt", options={"embed_dim": 128, "depths": (2, 2, 12, 2)},
        padding="repeatpad",
    ),
    "htsat_msclap2023": _htsat(
        31_325_143, "msclap2023_logmel_44k", 7.0, paper="Elizalde et al. 2023, MS-CLAP", licence="MS-PL", hub_id="microsoft/msclap",
        checkpoint="CLAP_weights_2023.pth", padding="repeat",
    ),
    "cnn14_msclap2022": AudioEntry(
        "panns", "Cnn14", "Elizalde et al. 2022, MS-CLAP", 81_837_071, "msclap2022_logmel_44k", 5.0, "MS-PL", "CLAP_weights_2022.pth",
        hub_id="microsoft/msclap", options={"front_end": "msclap2022_logmel_44k"}, padding="repeat",
    ),
    "cnn14_wavcaps": AudioEntry(
        "panns", "Cnn14Wavcaps", "Mei et al. 2024, WavCaps", 76_560_896, "panns_logmel_32k", 30.0, "academic use",
        "https://github.com/XinhaoMei/WavCaps/tree/master/retrieval",
        options={"front_end": "panns_logmel_32k"},
    ),
    "cnn14_htsat": AudioEntry(
        "audio_table", "cnn14_htsat", "Deshmukh et al. 2022, WavText5K", 110_995_302, "wavtext5k_logmel_44k", 20.0, "Apache-2.0 (no public weights)",
    ),
    "crnn_dcase2022": AudioEntry(
        "crnn", "Dcase2022Crnn", "Xie et al. 2022, DCASE 2022 baseline", 732_354, "dcase2022_logmel_44k", 30.0, "MIT", rule="whole"
    ),
    "mn04": _mobilenet(0.4, 983_599, "mn04_as_mAP_432.pt"),
    "mn10": _mobilenet(1.0, 4_876_831, "mn10_as_mAP_471.pt"),
    "vggish": AudioEntry("vggish", "Vggish", "Hershey et al. 2017, VGGish", 72_141_184, "vggish_logmel_16k", 10.0, "Apache-2.0", "vggish-10086976.pth"),
    "yamnet": AudioEntry("yamnet", "Yamnet", "Plakal and Ellis 2020, YAMNet", 3_740_425, "yamnet_logmel_16k", 10.0, "Apache-2.0", "yamnet.pth"),
    "pocket": AudioEntry(
        "pocket_encoder", "PocketEncoder", "ours, from Schmid et al. 2023, EfficientAT", 511_208, "passt_mel", 10.24, "Apache-2.0 (with the package)", rule="frames"
    ),
    "act": AudioEntry("act", "Act", "Mei et al. 2021, ACT", 85_756_303, "act_logmel", 10.0, "not stated", "audioset_deit.pth"),
    # The same networks, narrow and shallow, to see a training run from end to end in minutes on one core
    "passt_tiny": AudioEntry("passt", "passt_tiny", f"{_OWN}PaSST-N", 2_047_198, "passt_mel", 10.0, _UNTRAINED, patchout=(2, 15)),
    "cnn10_tiny": AudioEntry(
        "panns", "Cnn10", f"{_OWN}Cnn10", 378_335, "panns_logmel_32k", 30.0, _UNTRAINED, options={"front_end": "panns_logmel_32k", "width": 16}
    ),
    "act_tiny": AudioEntry(
        "act", "Act", f"{_OWN}ACT", 1_955_407, "act_logmel", 10.0, _UNTRAINED, options={"depth": 4, "dim": 192, "heads": 3}
    ),
    "htsat_mini": _htsat(
        1_693_282, "panns_logmel_32k", paper=f"{_OWN}HTSAT", licence=_UNTRAINED,
        options={"embed_dim": 24, "depths": (1, 1, 2, 1), "heads": (1, 2, 4, 8)},
    ),
}  # fmt: skip
"""Name to encoder."""


def cnn14_htsat(front_end: FrontEnd | None = None, wide: str = "cnn14", narrow: str = "htsat") -> ConcatEncoder:
    """Return the two encoders of WavText5K side by side, both on `front_end` (by default the paper's); `wide` and `narrow` may be others."""
    chosen = front_end or FRONT_ENDS["wavtext5k_logmel_44k"]
    return ConcatEncoder(build_audio(wide, front_end=chosen), build_audio(narrow, front_end=chosen))


def audio_entry(name: str) -> AudioEntry:
    """Return the table's entry `name`. Raises InputError, listing the nearest names, for an unknown one."""
    if name not in AUDIO_ENCODERS:
        near = difflib.get_close_matches(name.lower(), AUDIO_ENCODERS, n=4, cutoff=0.0)
        raise InputError(f"There is no audio encoder {name!r}.", f"Nearest: {', '.join(near)}.")
    return AUDIO_ENCODERS[name]


def build_audio(name: str, **options: Any) -> AudioEncoder:  # noqa: ANN401 - the constructors' own
    """Return the audio encoder `name` with random weights, in evaluation mode; `options` go to its constructor.

    Raises InputError for an unknown name or option.
    """
    entry = audio_entry(name)
    make = getattr(importlib.import_module(f"hearken.models.{entry.module}"), entry.maker)
    chosen = {**entry.options, **options}
    if isinstance(chosen.get("front_end"), str):
        chosen["front_end"] = _front_end(chosen["front_end"])
    if isinstance(chosen.get("patchout"), list | tuple):
        rows, columns = chosen["patchout"]
        chosen["patchout"] = Patchout(s_patchout_t=columns, s_patchout_f=rows)
    try:
        encoder: AudioEncoder = make(**chosen)
    except TypeError as error:
        raise InputError(f"The audio encoder {name!r} cannot be built with {options}: {error}.") from error
    return encoder.eval()


def resolve(config: AudioConfig) -> AudioConfig:
    """Return `config` with the table's defaults written out, so that a saved model does not depend on the table.

    Patchout is the paper's for its segment length; for shorter segments proportionally fewer columns are dropped, as in the
    authors' scripts (PaSST-S20: 11, 27, 53 and 80 for 2, 5, 10 and 15 s). Raises InputError for an unknown name.
    """
    entry = audio_entry(config.name)
    segment_s = entry.segment_s if config.segment_s is None else config.segment_s
    options = dict(config.options)
    if entry.patchout:
        rows, columns = entry.patchout
        options.setdefault("patchout", [rows, round(columns * min(1.0, segment_s / entry.patchout_s))])
    return replace(config, options=options, rule=config.rule or entry.rule, segment_s=segment_s, padding=config.padding or entry.padding)


def build_tower(config: AudioConfig) -> AudioTower:
    """Return the audio side that `config` describes, with random weights. Raises InputError for an unknown name or rule."""
    chosen = resolve(config)
    encoder = build_audio(chosen.name, **chosen.options)
    rule, padding = chosen.rule or "whole", chosen.padding or "zeros"
    if rule == "frames":
        return FrameTower(encoder, segment_s=chosen.segment_s, padding=padding).eval()
    return AudioTower(encoder, rule=rule, segment_s=chosen.segment_s, padding=padding).eval()


def _front_end(name: str) -> FrontEnd:
    if name not in FRONT_ENDS:
        raise InputError(f"There is no front end {name!r}.", f"One of {', '.join(FRONT_ENDS)}.")
    return FRONT_ENDS[name]
