"""MS-CLAP, 2022 (CNN14 and BERT) and 2023 (HTSAT and GPT-2).

Layout of `CLAP` in microsoft/CLAP, `msclap/models/clap.py`: base and projection of each side, and `logit_scale`. The 2022
model reads BERT's first token: its code takes output 0, position 0, and so leaves the pooling layer, which the file holds,
without use.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hearken.convert.plan import ENCODER, Format, Plan, known_name
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Rename
from hearken.convert.taggers import encoder_rules
from hearken.convert.texts import text_architecture, text_rules
from hearken.errors import CheckpointError
from hearken.models.config import AudioConfig, DualConfig, Pooling, TemperatureConfig, TextConfig
from hearken.text.normalize import text_policy

ARCHITECTURES = ("cnn14_msclap2022", "htsat_msclap2023")


def _recognise(state: Mapping[str, Tensor]) -> bool:
    return any(name.startswith("caption_encoder.base.") for name in state)


def _is_captioner(state: Mapping[str, Tensor]) -> bool:
    return any(name.startswith(("clap_project.", "gpt.")) for name in state)


def _plan(checkpoint: Checkpoint, asked: str | None) -> Plan:
    tensors = checkpoint.tensors
    newer = any(name.startswith("audio_encoder.base.htsat.") for name in tensors)
    audio = known_name(asked, ARCHITECTURES) if asked else ARCHITECTURES[newer]
    name, architecture = text_architecture(tensors, "caption_encoder.base.")
    pooling: Pooling = "last" if architecture["model_type"] == "gpt2" else "first"
    dim = tensors.get("caption_encoder.projection.linear2.weight")
    return Plan(
        f"MS-CLAP {'2023' if newer else '2022'}, {audio} and {name}",
        DualConfig(
            AudioConfig(audio),
            TextConfig(name, architecture, pooling, text_policy("msclap2023" if newer else "msclap2022")),
            projection="residual",
            dim=1024 if dim is None else dim.shape[0],
            temperature=TemperatureConfig("exp"),
        ),
        (
            Rename("logit_scale", "logit_scale"),
            Rename(r"audio_encoder\.projection\.(.+)", r"audio_projection.\1"),
            Rename(r"caption_encoder\.projection\.(.+)", r"text_projection.\1"),
            *encoder_rules(r"audio_encoder\.base\.(?:htsat\.)?", ENCODER),
            *text_rules(r"caption_encoder\.base\.", pooler=False),
        ),
        tokenizer=name,
    )


def _refuse_captioner(checkpoint: Checkpoint, asked: str | None) -> Plan:  # noqa: ARG001 - every plan has these
    raise CheckpointError(
        "This is MS-CLAP's captioning model, which writes texts and has no space that texts and sounds share.",
        "Convert CLAP_weights_2023.pth instead (msclap-2023).",
    )


FORMATS = (
    Format("msclap", "MS-CLAP .pth", _recognise, _plan, ARCHITECTURES),
    Format("clapcap", "MS-CLAP's captioner (refused)", _is_captioner, _refuse_captioner),
)
