"""Lightning files of the DCASE systems from Linz: 2023 (Primus et al.), 2024 (salsa), and the 2025 baseline.

Layouts of OptimusPrimus/dcase2023_task6b, OptimusPrimus/salsa and CPJKU/dcase2025_task6_baseline. Wrappers nest the audio
encoder two or three times as `model`. All of them read the first token of BERT or RoBERTa, trained with dropout 0.2.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hearken.convert.plan import ENCODER, Format, Plan
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Drop, Rename, Rule
from hearken.convert.taggers import PANNS, PASST, choose, encoder_rules, is_panns, is_passt
from hearken.convert.texts import text_architecture, text_rules
from hearken.errors import CheckpointError
from hearken.models.config import AudioConfig, DualConfig, TemperatureConfig, TextConfig
from hearken.text.normalize import text_policy

_AUDIO = r"audio_embedding_model\.(?:model\.)+"
_DROPOUT = {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.2}
_SALSA = (
    Drop("timing_tau", "temperature of a loss on the order of sounds, which scores do not use"),
    Drop("audio_token", "first input of a transformer over segments, which this model has no layers of"),
    Drop(r"posencode\..+", "positions for a transformer over segments, which this model has no layers of"),
)


def _is_2025(state: Mapping[str, Tensor]) -> bool:
    return "audio_projection.weight" in state and any(name.startswith("text_embedding_model.") for name in state)


def _is_2023(state: Mapping[str, Tensor]) -> bool:
    return "project_audio.0.weight" in state and any(name.startswith("sentence_embedding_model.") for name in state)


def _audio_name(checkpoint: Checkpoint, asked: str | None) -> str:
    """The audio encoder in the file."""
    prefix = "audio_embedding_model."
    state: dict[str, Tensor] = {}
    for key, tensor in checkpoint.tensors.items():
        if key.startswith(prefix):
            name = key.removeprefix(prefix)
            while name.startswith("model."):
                name = name.removeprefix("model.")
            state[name] = tensor
    names = PASST if is_passt(state) else PANNS if is_panns(state) else None
    if names is None:
        raise CheckpointError(
            "The audio side of this file is neither PaSST nor of PANNs.", "Only these can be converted from Lightning files."
        )
    return choose(Checkpoint(checkpoint.path, state, ""), encoder_rules(), names, asked)


def _dual(
    checkpoint: Checkpoint, asked: str | None, title: str, text: str, rule: str, policy: str, temperature: str, rules: tuple[Rule, ...]
) -> Plan:
    tensors = checkpoint.tensors
    audio = _audio_name(checkpoint, asked)
    name, architecture = text_architecture(tensors, text, **_DROPOUT)
    deep = "project_audio.2.weight" in tensors
    sizes = [
        tensors[key].shape[0] for key in ("project_audio.2.weight", "project_audio.0.weight", "audio_projection.weight") if key in tensors
    ]
    return Plan(
        f"{title}, {audio} and {name}",
        DualConfig(
            AudioConfig(audio, rule=rule),
            TextConfig(name, architecture, "first", text_policy(policy)),
            projection="mlp" if deep else "linear",
            dim=sizes[0],
            temperature=TemperatureConfig("fixed" if temperature == "fixed" else "abs"),
        ),
        (
            *rules,
            Rename("tau", "tau"),
            *encoder_rules(_AUDIO, ENCODER),
            *text_rules(text.replace(".", r"\."), pooler=False),
        ),
        tokenizer=name,
    )


def _plan_2025(checkpoint: Checkpoint, asked: str | None) -> Plan:
    rules = (Rename(r"((?:audio|text)_projection\.(?:weight|bias))", r"\1"),)
    return _dual(checkpoint, asked, "DCASE 2025 baseline", "text_embedding_model.", "d25", "dcase", "fixed", rules)


def _plan_2023(checkpoint: Checkpoint, asked: str | None) -> Plan:
    deep = "project_audio.2.weight" in checkpoint.tensors
    rest = r"(\d\..+)" if deep else r"0\.(.+)"
    rules: tuple[Rule, ...] = (
        Rename(rf"project_audio\.{rest}", r"audio_projection.\1"),
        Rename(rf"project_sentence\.{rest}", r"text_projection.\1"),
    )
    text = "sentence_embedding_model."
    if "timing_tau" not in checkpoint.tensors:
        return _dual(checkpoint, asked, "DCASE 2023 system", text, "dcase2023", "dcase2023", "abs", rules)
    return _dual(checkpoint, asked, "DCASE 2024 system (salsa)", text, "dcase2023", "dcase", "fixed", (*_SALSA, *rules))


FORMATS = (
    Format("dcase2025", "DCASE 2025 baseline .ckpt", _is_2025, _plan_2025, (*PASST, *PANNS)),
    Format("dcase2023", "DCASE 2023 and 2024 (salsa) systems .ckpt", _is_2023, _plan_2023, (*PASST, *PANNS)),
)
