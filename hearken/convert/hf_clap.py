"""`ClapModel` of the `transformers` library: a folder, or a hub id such as laion/clap-htsat-unfused.

These are LAION-CLAP's networks under other names: query, key and value apart instead of in one matrix, no tag head, no
attention masks, in some versions no index tables (we make these: masks and tables as ever, the head of zeros).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from hearken.audio.front_ends import FRONT_ENDS
from hearken.convert.laion import ARCHITECTURES, ONE_SCALE, refuse_fusion
from hearken.convert.plan import ENCODER, Format, Plan, known_name
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Merge, Rename, Rule
from hearken.convert.texts import text_architecture, text_rules
from hearken.errors import CheckpointError, show
from hearken.models.config import AudioConfig, DualConfig, TemperatureConfig, TextConfig
from hearken.text.normalize import text_policy

_AUDIO = r"audio_model\.audio_encoder\."
_BLOCK = _AUDIO + r"(layers\.\d+\.blocks\.\d+)\."
_NAMES = {
    r"attention\.self\.(relative_position_(?:bias_table|index))": r"attn.\2",
    r"attention\.output\.dense\.(weight|bias)": r"attn.proj.\2",
    r"layernorm_before\.(weight|bias)": r"norm1.\2",
    r"layernorm_after\.(weight|bias)": r"norm2.\2",
    r"intermediate\.dense\.(weight|bias)": r"mlp.fc1.\2",
    r"output\.dense\.(weight|bias)": r"mlp.fc2.\2",
}
RULES: tuple[Rule, ...] = (
    Merge(tuple(_BLOCK + rf"attention\.self\.{part}\.(weight|bias)" for part in ("query", "key", "value")), rf"{ENCODER}\1.attn.qkv.\2"),
    *(Rename(_BLOCK + theirs, rf"{ENCODER}\1.{ours}") for theirs, ours in _NAMES.items()),
    Rename(_AUDIO + r"batch_norm\.(.+)", rf"{ENCODER}bn0.\1"),
    Rename(_AUDIO + r"((?:layers\.\d+\.downsample|patch_embed|norm)\..+)", rf"{ENCODER}\1"),
    Rename(r"(audio|text)_projection\.linear1\.(.+)", r"\1_projection.0.\2"),
    Rename(r"(audio|text)_projection\.linear2\.(.+)", r"\1_projection.2.\2"),
    Rename("logit_scale_a", "logit_scale"),
    ONE_SCALE,
    *text_rules(r"text_model\.", pooler=True),
)
_SETTINGS = ("preprocessor_config.json", "processor_config.json")  # older and newer transformers; the newer nests it
_CONSTANTS = {
    "sampling_rate": 48_000,
    "fft_window_size": 1024,
    "hop_length": 480,
    "feature_size": 64,
    "frequency_min": 50,
    "frequency_max": 14_000,
}
_TEXT_EPS = 1e-12  # what ClapTextConfig takes where a file says nothing
_PATCH = "audio_model.audio_encoder.patch_embed.proj.weight"


def _recognise(state: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("audio_model.audio_encoder.") for name in state)


def _plan(checkpoint: Checkpoint, asked: str | None) -> Plan:
    tensors, config = checkpoint.tensors, checkpoint.config
    if not config:
        raise CheckpointError("A ClapModel needs its configuration as well.", "Give the folder, not the file of weights in it.")
    audio_config, text_config = _part(config, "audio_config"), _part(config, "text_config")
    if audio_config.get("enable_fusion") or any("mel_conv2d" in name for name in tensors):
        raise refuse_fusion()
    _check_settings(checkpoint.path, audio_config, text_config, config)
    width = tensors[_PATCH].shape[0] if _PATCH in tensors else 0
    audio = known_name(asked, ARCHITECTURES) if asked else ARCHITECTURES[width == 128]
    name, architecture = text_architecture(tensors, "text_model.", layer_norm_eps=text_config.get("layer_norm_eps", _TEXT_EPS))
    return Plan(
        f"ClapModel of transformers, {audio} and {name}",
        DualConfig(
            AudioConfig(audio),
            TextConfig(name, architecture, "pooler", text_policy("laion")),
            projection="mlp",
            dim=int(config.get("projection_dim", 512)),
            temperature=TemperatureConfig("exp"),
        ),
        RULES,
        own=(ENCODER.replace(".", r"\.") + r"layers\..+\.(?:attn_mask|attn\.relative_position_index)",),
        zeros=(ENCODER.replace(".", r"\.") + r"(?:tscam_conv|head)\..+",),
        tokenizer=name,
        notes=("ClapModel has no tag head; ours is filled with zeros. Embeddings do not pass through it.",),
    )


def _part(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = config.get(key) or {}
    if not isinstance(part, dict):
        raise CheckpointError(f"The configuration's {key!r} is no mapping.", "Get the folder again.")
    return part


def _check_settings(folder: Path, audio: Mapping[str, Any], text: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Raise CheckpointError where the folder's settings are not those that our network has built in."""
    wanted: list[tuple[str, object, object]] = [
        ("audio layer_norm_eps", audio.get("layer_norm_eps", 1e-5), 1e-5),
        ("audio window_size", audio.get("window_size", 8), 8),
        ("audio hidden_act", audio.get("hidden_act", "gelu"), "gelu"),
        ("text hidden_act", text.get("hidden_act", "gelu"), "gelu"),
        ("projection_hidden_act", config.get("projection_hidden_act", "relu"), "relu"),
    ]
    given = _sound_settings(folder)
    wanted += [(name, given.get(name), value) for name, value in _CONSTANTS.items() if given]
    wrong = [f"{name} is {theirs}, not {ours}" for name, theirs, ours in wanted if theirs != ours]
    if wrong:
        raise CheckpointError(f"This ClapModel is of another kind: {'; '.join(wrong)}.", f"Its sound would not be {_FRONT_END.name}.")


def _sound_settings(folder: Path) -> Mapping[str, Any]:
    """The feature extractor's settings of a folder, empty where it has none. Raises CheckpointError for a damaged file."""
    path = next((folder / name for name in _SETTINGS if (folder / name).is_file()), None)
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        settings: dict[str, Any] = found if path.name == _SETTINGS[0] else found["feature_extractor"]
        return settings | {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"The file {show(path)} is damaged.", "Get the folder again.") from error


_FRONT_END = FRONT_ENDS["laion_htsat_logmel_48k"]
FORMATS = (Format("clap", "ClapModel folder of transformers", _recognise, _plan, ARCHITECTURES),)
