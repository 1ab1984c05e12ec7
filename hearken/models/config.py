"""What a model is made of, as plain data: these dataclasses are the `config.json` of a saved model.

Every value is checked where it is used; an unknown key is an error, so that a newer file is never half understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeVar

from hearken.audio.length import Padding
from hearken.errors import ModelError
from hearken.text.normalize import TextPolicy

Pooling = Literal["first", "mean", "mean_and_slope", "pooler", "last"]
TemperatureKind = Literal["fixed", "abs", "exp"]
_Config = TypeVar("_Config")


@dataclass(frozen=True)
class AudioConfig:
    """The audio side: encoder `name` (of AUDIO_ENCODERS), `options` of its constructor, and how long sound is cut.

    `rule` is an averaging rule of `audio/segments.py`, `segment_s` the length of a segment in seconds, `padding` what fills the
    last one; None means what the table says of this encoder.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    rule: str | None = None
    segment_s: float | None = None
    padding: Padding | None = None


@dataclass(frozen=True)
class TextConfig:
    """The text side: `architecture` is a transformers configuration with its `model_type` (or that of `WordMean`).

    `name` says where it comes from: a name of TEXT_ENCODERS, a hub id or a folder.
    """

    name: str
    architecture: dict[str, Any]
    pooling: Pooling = "first"
    policy: TextPolicy = field(default_factory=TextPolicy)


@dataclass(frozen=True)
class TemperatureConfig:
    """The temperature tau that scores are divided by: `value` to start from, and how it is kept.

    ``fixed`` (the state's `tau` never learns; DCASE 2024 and 2025 systems), ``abs`` (tau is learnt, its absolute value
    counts; Primus et al. 2023, WavCaps), ``exp`` (`logit_scale` = -ln tau is learnt; LAION-CLAP, MS-CLAP).
    """

    kind: TemperatureKind = "fixed"
    value: float = 0.05


@dataclass(frozen=True)
class DualConfig:
    """A dual encoder: both sides, the `projection` of both to the shared space of size `dim`, the temperature.

    `projection` is a name of PROJECTIONS, or two as "AUDIO+TEXT" where the sides differ.
    """

    audio: AudioConfig
    text: TextConfig
    projection: str = "linear"
    dim: int = 1024
    temperature: TemperatureConfig = field(default_factory=TemperatureConfig)

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as nested mappings of plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> DualConfig:
        """Return the configuration that `to_json` wrote. Raises ModelError for missing or unknown keys."""
        values = dict(mapping)
        values["audio"] = read_audio(_part(values, "audio"))
        values["text"] = read_text(_part(values, "text"))
        values["temperature"] = _made(TemperatureConfig, _part(values, "temperature"))
        return _made(cls, values)


@dataclass(frozen=True)
class DecoderConfig:
    """A captioner's decoder, of a `kind` of `models/decoder.py`: its width, layers, heads, the hidden size of its blocks, and dropout.

    The defaults are those of ACT-m (Mei et al. 2021; `settings.yaml`).
    """

    kind: str = "cross"
    width: int = 512
    num_layers: int = 4
    num_heads: int = 8
    hidden: int = 2048
    dropout: float = 0.2


@dataclass(frozen=True)
class CaptionerConfig:
    """A captioner: what listens, and what writes; the vocabulary is a file of its own."""

    audio: AudioConfig
    decoder: DecoderConfig = field(default_factory=DecoderConfig)

    def to_json(self) -> dict[str, Any]:
        """Return the configuration as nested mappings of plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, mapping: Mapping[str, Any]) -> CaptionerConfig:
        """Return the configuration that `to_json` wrote. Raises ModelError for missing or unknown keys."""
        values = dict(mapping)
        values["audio"] = read_audio(_part(values, "audio"))
        values["decoder"] = _made(DecoderConfig, _part(values, "decoder"))
        return _made(cls, values)


def read_audio(mapping: Mapping[str, Any]) -> AudioConfig:
    """Return the audio side from the mapping of a `config.json`. Raises ModelError for missing or unknown keys."""
    return _made(AudioConfig, mapping)


def read_text(mapping: Mapping[str, Any]) -> TextConfig:
    """Return the text side from the mapping of a `config.json`. Raises ModelError for missing or unknown keys."""
    return _made(TextConfig, {**mapping, "policy": _made(TextPolicy, _part(mapping, "policy"))})


def _part(mapping: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = mapping.get(key, {})
    if not isinstance(part, Mapping):
        raise ModelError(f"The configuration's {key!r} must be a mapping.")
    return part


def _made(kind: type[_Config], mapping: Mapping[str, Any]) -> _Config:
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(mapping) - known)
    if unknown:
        raise ModelError(f"The configuration has unknown keys for {kind.__name__}: {', '.join(unknown)}.", "It may be of a newer Hearken.")
    try:
        return kind(**mapping)
    except TypeError as error:
        raise ModelError(f"The configuration lacks something: {error}.") from error
