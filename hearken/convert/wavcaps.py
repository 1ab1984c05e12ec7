"""WavCaps' retrieval models: HTSAT or CNN14, and BERT.

Layout of `ASE` in XinhaoMei/WavCaps, `retrieval/models/ase_model.py`. Its audio encoders keep the front end's filters under names
of their own, its transformer is built without a pooling layer, and sound is pooled before two dense layers.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hearken.convert.filters import FILTERS
from hearken.convert.plan import ENCODER, Format, Plan, known_name
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Rename
from hearken.convert.taggers import encoder_rules
from hearken.convert.texts import text_architecture, text_rules
from hearken.errors import CheckpointError
from hearken.models.config import AudioConfig, DualConfig, TemperatureConfig, TextConfig
from hearken.text.normalize import text_policy

ARCHITECTURES = ("htsat", "cnn14_wavcaps")
_TELLING = {"htsat": "tscam_conv.weight", "cnn14_wavcaps": "conv_block6.conv1.weight"}
_AUDIO = r"audio_encoder\.audio_enc\."


def _recognise(state: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("audio_encoder.audio_enc.") for name in state)


def _plan(checkpoint: Checkpoint, asked: str | None) -> Plan:
    tensors = checkpoint.tensors
    found = next((name for name, key in _TELLING.items() if f"audio_encoder.audio_enc.{key}" in tensors), "")
    if not found:
        raise CheckpointError("The audio side of this WavCaps file is neither HTSAT nor CNN14.", "Its ResNet38 is not built here.")
    audio = known_name(asked, ARCHITECTURES) if asked else found
    name, architecture = text_architecture(tensors, "text_encoder.text_encoder.")
    dim = tensors.get("text_proj.2.weight")
    return Plan(
        f"WavCaps, {audio} and {name}",
        DualConfig(
            AudioConfig(audio),
            TextConfig(name, architecture, "first", text_policy("wavcaps")),
            projection="mlp",
            dim=1024 if dim is None else dim.shape[0],
            temperature=TemperatureConfig("abs", 0.07),
        ),
        (
            Rename("temp", "tau"),
            Rename(r"(audio|text)_proj\.(.+)", r"\1_projection.\2"),
            Rename(_AUDIO + r"audio_feats_extractor\.mel_trans\.(stft\..+)", rf"{FILTERS}spectrogram_extractor.\1"),
            Rename(_AUDIO + r"audio_feats_extractor\.log_trans\.melW", f"{FILTERS}logmel_extractor.melW"),
            *encoder_rules(_AUDIO, ENCODER),
            *text_rules(r"text_encoder\.text_encoder\.", pooler=False),
        ),
        tokenizer=name,
    )


FORMATS = (Format("wavcaps", "WavCaps .pt", _recognise, _plan, ARCHITECTURES),)
