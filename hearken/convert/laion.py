"""LAION-CLAP's own files: HTSAT and RoBERTa, without fusion.

Layout of `CLAP` in LAION-AI/CLAP, `src/laion_clap/clap_module/model.py`: `audio_branch`, `text_branch`, one projection
each; the two `*_transform` networks serve a second loss that was switched off in the released models.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hearken.convert.plan import ENCODER, Format, Plan, known_name
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Drop, Rename
from hearken.convert.taggers import encoder_rules
from hearken.convert.texts import text_architecture, text_rules
from hearken.errors import CheckpointError
from hearken.models.config import AudioConfig, DualConfig, TemperatureConfig, TextConfig
from hearken.text.normalize import text_policy

ARCHITECTURES = ("htsat_laion_tiny", "htsat_laion_base")
ONE_SCALE = Drop(r"logit_scale_t", "scores here have one scale, logit_scale_a; it never changes an order")
_WIDTHS = {96: "htsat_laion_tiny", 128: "htsat_laion_base"}
_PATCH = "audio_branch.patch_embed.proj.weight"
_FUSION = "audio_branch.patch_embed.mel_conv2d.weight"


def refuse_fusion() -> CheckpointError:
    """Return the error for a fusion model."""
    return CheckpointError(
        "This is a fusion model, which mixes four pictures of a long sound in its first layer; such networks are not built here.",
        "Long sounds are cut into windows instead: convert an unfused model such as laion-630k-audioset or laion/clap-htsat-unfused.",
    )


def _recognise(state: Mapping[str, Tensor]) -> bool:
    return "text_transform.sequential.0.weight" in state and any(name.startswith("audio_branch.") for name in state)


def _plan(checkpoint: Checkpoint, asked: str | None) -> Plan:
    tensors = checkpoint.tensors
    if _FUSION in tensors:
        raise refuse_fusion()
    if _PATCH not in tensors or tensors[_PATCH].shape[0] not in _WIDTHS:
        raise CheckpointError("The audio side of this LAION file is not HTSAT.", "HTSAT-tiny and HTSAT-base can be converted.")
    audio = known_name(asked, ARCHITECTURES) if asked else _WIDTHS[tensors[_PATCH].shape[0]]
    name, architecture = text_architecture(tensors, "text_branch.")
    unused = Drop(r"(?:audio|text)_transform\..+", "served a second loss in training; embeddings do not pass through it")
    return Plan(
        f"LAION-CLAP, {audio} and {name}",
        DualConfig(
            AudioConfig(audio),
            TextConfig(name, architecture, "pooler", text_policy("laion")),
            projection="mlp",
            dim=tensors["text_projection.2.weight"].shape[0] if "text_projection.2.weight" in tensors else 512,
            temperature=TemperatureConfig("exp"),
        ),
        (
            unused,
            ONE_SCALE,
            Rename("logit_scale_a", "logit_scale"),
            Rename(r"((?:audio|text)_projection\..+)", r"\1"),
            *encoder_rules(r"audio_branch\.", ENCODER),
            *text_rules(r"text_branch\.", pooler=True),
        ),
        tokenizer=name,
    )


FORMATS = (Format("laion", "LAION-CLAP .pt", _recognise, _plan, ARCHITECTURES),)
