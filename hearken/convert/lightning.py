"""Lightning files of the DCASE systems from Linz: 2023 (Primus et al.), 2024 (salsa), and the 2025 baseline.

Layouts of OptimusPrimus/dcase2023_task6b, OptimusPrimus/salsa and CPJKU/dcase2025_task6_baseline. Wrappers nest the audio
encoder two or three times as `model`. All of them read the first token of BERT or RoBERTa, trained with dropout 0.2.

Their experiments differ in more than weights: segments of 2 to 15 s, how tokens become one vector. Lightning writes such
settings beside the weights, and they are heeded; a file without them is taken as published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from hearken.convert.plan import ENCODER, Format, Plan
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Drop, Rename, Rule
from hearken.convert.taggers import PANNS, PASST, choose, encoder_rules, is_panns, is_passt
from hearken.convert.texts import text_architecture, text_rules
from hearken.errors import CheckpointError
from hearken.models.config import AudioConfig, DualConfig, Pooling, TemperatureConfig, TextConfig
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
    segment_s, pooling, max_tokens = _experiment(checkpoint.settings)
    deep = "project_audio.2.weight" in tensors
    sizes = [
        tensors[key].shape[0] for key in ("project_audio.2.weight", "project_audio.0.weight", "audio_projection.weight") if key in tensors
    ]
    return Plan(
        f"{title}, {audio} and {name}",
        DualConfig(
            AudioConfig(audio, rule=rule, segment_s=segment_s),
            TextConfig(name, architecture, pooling, replace(text_policy(policy), max_tokens=max_tokens)),
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
        notes=_told(segment_s, pooling, max_tokens) if checkpoint.settings else (),
    )


def _told(segment_s: float | None, pooling: Pooling, max_tokens: int) -> tuple[str, ...]:
    """What the experiment's settings changed, for the user."""
    heard = "" if segment_s is None else f"segments of {segment_s:g} s, "
    return (f"From its hyper_parameters: {heard}{pooling} pooling of at most {max_tokens} tokens.",)


def _experiment(settings: Mapping[str, Any]) -> tuple[float | None, Pooling, int]:
    """Segment length in seconds (None: as ever), pooling of tokens, and their number, as `settings` say.

    Raises CheckpointError for an experiment of which we build something else.
    """
    audio, text = (part if isinstance(part := settings.get(f"{side}_features"), Mapping) else {} for side in ("audio", "sentence"))
    segment_s, max_tokens = audio.get("segment_length"), text.get("max_sentence_tokens", 32)
    model = audio.get("model_config")
    wrong = [
        f"{name} is {found!r}, not {wanted!r}"
        for name, found, wanted in (
            ("aggregate", audio.get("aggregate", "mean"), "mean"),
            ("hop_length", audio.get("hop_length", segment_s), segment_s),
            ("return_sequence", model.get("return_sequence", False) if isinstance(model, Mapping) else False, False),
            ("normalize", settings.get("normalize", True), True),
            ("remove_punctuation", text.get("remove_punctuation", True), True),
        )
        if found != wanted
    ]
    if not isinstance(segment_s, int | float | None) or not isinstance(max_tokens, int):
        wrong.append("lengths are no numbers")
    if wrong:
        raise CheckpointError(f"This experiment is of a kind that is not built here: {'; '.join(wrong)}.", "See its hyper_parameters.")
    first = text.get("use_first_token", text.get("use_eos_token_as_embedding", True))
    return None if segment_s is None else float(segment_s), "first" if first else "mean", max_tokens


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
