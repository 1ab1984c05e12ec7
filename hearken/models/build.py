"""Every model by name: `build_dual("passt_n+roberta-large")`, `build_captioner("act", words)`, `build_audio("cnn14")`.

The tables themselves are `audio_table.py` and `text_table.py`; here are the pairs, and the folders of lone audio encoders.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from hearken.errors import InputError
from hearken.models import weights
from hearken.models.audio_table import AUDIO_ENCODERS, AudioEntry, audio_entry, build_audio
from hearken.models.captioner import Captioner
from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig, DualConfig, Pooling, TemperatureConfig, read_audio
from hearken.models.dual import DualEncoder
from hearken.models.encoder import AudioEncoder
from hearken.models.text import TextTower
from hearken.models.text_table import TEXT_ENCODERS, TextEntry, build_text
from hearken.text.normalize import TextPolicy
from hearken.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = [
    "AUDIO_ENCODERS", "TEXT_ENCODERS", "AudioEntry", "TextEntry", "audio_entry", "build_audio", "build_captioner", "build_dual", "build_text",
    "load_audio", "save_audio",
]  # fmt: skip


def build_dual(
    pair: str = "",
    *,
    audio: str | AudioConfig = "",
    text: str | TextTower = "",
    segment_s: float | None = None,
    rule: str | None = None,
    projection: str = "linear",
    dim: int = 1024,
    temperature: TemperatureConfig | None = None,
    pretrained_text: bool = False,
    pooling: Pooling | None = None,
    policy: TextPolicy | str | None = None,
    dropout: float | None = None,
    tokenizer: Tokenizer | Path | str | None = None,
) -> DualEncoder:
    """Return a dual encoder by the names of its parts, as "audio+text" or apart as `audio` and `text`; in evaluation mode.

    The defaults are those of Primus et al. (2023): a linear layer to 1024 numbers; segments as the table says. Weights are random but for `pretrained_text` (see `build_text`, which also explains the arguments after it); a
    `text` tower that is handed in keeps its weights. Raises InputError for unknown names, listing the nearest.
    """
    if bool(pair) == bool(audio and text):
        raise InputError('Name the parts once: as "audio+text", or as audio= and text=.')
    if pair:
        audio, _, text = pair.partition("+")
    if isinstance(audio, str):
        audio_entry(audio)
        audio = AudioConfig(audio, rule=rule, segment_s=segment_s)
    tower = text
    if isinstance(tower, str):
        tower = build_text(tower, pretrained=pretrained_text, pooling=pooling, policy=policy, dropout=dropout, tokenizer=tokenizer)
    config = DualConfig(audio, tower.config, projection, dim, temperature or TemperatureConfig())
    return DualEncoder(config, text=tower).eval()


CAPTION_DECODERS = {
    "cross": DecoderConfig("cross"),
    "prefix": DecoderConfig("prefix", width=256, num_heads=4, hidden=1024, dropout=0.1),
}
"""What `build_captioner` makes of a decoder's name: that of ACT-m, and one that a small set of captions can fill."""


def build_captioner(
    pair: str, vocabulary: Vocabulary, *, decoder: DecoderConfig | None = None, segment_s: float | None = None, rule: str | None = None
) -> Captioner:
    """Return a captioner by the names of its parts, "audio+decoder", with random weights; in evaluation mode.

    Without a decoder's name it is ``cross``, as ACT's: "act" is ACT-m (Mei et al. 2021), "passt_n+prefix" PaSST before a small transformer.
    `decoder` says it in full instead. Raises InputError for unknown names, listing the nearest, and for a decoder that is named twice.
    """
    audio, _, kind = pair.partition("+")
    if kind and decoder is not None:
        raise InputError("Name the decoder once: as audio+decoder, or as decoder=.")
    if kind and kind not in CAPTION_DECODERS:
        raise InputError(f"There is no decoder {kind!r}.", f"One of {', '.join(CAPTION_DECODERS)}.")
    audio_entry(audio)
    config = CaptionerConfig(AudioConfig(audio, rule=rule, segment_s=segment_s), decoder or CAPTION_DECODERS[kind or "cross"])
    return Captioner(config, vocabulary).eval()


def save_audio(encoder: AudioEncoder, config: str | AudioConfig, folder: str | Path) -> None:
    """Write a lone audio encoder as a model folder of kind "audio_encoder"; `config` is the name (and options) it was built by.

    Raises ModelError when it cannot be written.
    """
    chosen = AudioConfig(config) if isinstance(config, str) else config
    weights.save(Path(folder), {"kind": "audio_encoder", "audio": asdict(chosen)}, encoder.state_dict())


def load_audio(folder: str | Path) -> AudioEncoder:
    """Return the audio encoder that `save_audio` or `hearken convert` wrote, in evaluation mode.

    Raises ModelNotFoundError, ModelError, and CheckpointError for weights that do not fit.
    """
    saved = weights.read(Path(folder), kind="audio_encoder")
    config = read_audio(saved.config.get("audio", {}))
    encoder = build_audio(config.name, **config.options)
    weights.load_strict(encoder, saved.state, str(folder))
    return encoder.eval()
