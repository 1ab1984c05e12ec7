"""MS-CLAP's two models: names as the package's classes have them."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hearken.convert.convert import convert_state  # noqa: E402
from hearken.convert.read import Checkpoint  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from tests.convert.making import BERT, GPT2, audio_state, numbered, text_state, values  # noqa: E402


def public(year: str) -> dict[str, torch.Tensor]:
    """What `msclap.models.clap.CLAP` saves, with a small text side."""
    newer = year == "2023"
    audio = audio_state("htsat_msclap2023" if newer else "cnn14_msclap2022", "audio_encoder.base." + "htsat." * newer, filters="panns")
    text = text_state(GPT2 if newer else BERT, "caption_encoder.base.", pooler=not newer)
    state = {"logit_scale": torch.empty((), device="meta"), **audio, **text}
    for side, width in (("audio", 768 if newer else 2048), ("caption", 64)):
        prefix = f"{side}_encoder.projection."
        shapes = {"linear1.weight": (1024, width), "linear2.weight": (1024, 1024), "layer_norm.weight": (1024,), "layer_norm.bias": (1024,)}
        state |= {prefix + name: torch.empty(shape, device="meta") for name, shape in shapes.items()}
    return numbered(state)


@pytest.mark.parametrize(
    ("year", "audio", "pooling", "policy", "first"),
    [
        ("2022", "cnn14_msclap2022", "first", "msclap2022", "embeddings.word_embeddings.weight"),
        ("2023", "htsat_msclap2023", "last", "msclap2023", "wte.weight"),
    ],
)
def test_every_number_finds_its_place(year: str, audio: str, pooling: str, policy: str, first: str) -> None:
    state = public(year)
    done = convert_state(Checkpoint(Path("x"), state, "{'model': ...}"))
    config = done.config
    assert (done.format, config.audio.name, config.text.pooling, config.text.policy.name) == ("msclap", audio, pooling, policy)
    assert (config.projection, config.dim, config.temperature.kind, config.audio.segment_s) == (
        "residual",
        1024,
        "exp",
        7.0 if year == "2023" else 5.0,
    )
    base = "audio_encoder.base." + ("htsat." if year == "2023" else "")
    pairs = {
        "logit_scale": "logit_scale", "audio.encoder.bn0.bias": f"{base}bn0.bias", f"text.transformer.{first}": f"caption_encoder.base.{first}",
        "audio_projection.linear2.weight": "audio_encoder.projection.linear2.weight",
        "text_projection.layer_norm.bias": "caption_encoder.projection.layer_norm.bias",
    }  # fmt: skip
    assert values(done.state, pairs) == values(state, pairs.values())
    assert len(done.applied.used) + sum(len(dropped.names) for dropped in done.applied.dropped) == len(state)


def test_the_pooling_layer_of_2022_is_dropped_and_that_is_said() -> None:
    """The authors' code takes output 0, position 0: the pooling layer is in the file, and nothing reads it."""
    (dropped,) = convert_state(Checkpoint(Path("x"), public("2022"), "")).applied.dropped
    assert dropped.names == ("caption_encoder.base.pooler.dense.weight", "caption_encoder.base.pooler.dense.bias")
    assert "another token" in dropped.reason


def test_masks_of_older_transformers_are_dropped() -> None:
    old = public("2023") | {
        "caption_encoder.base.h.0.attn.bias": torch.zeros(1),
        "caption_encoder.base.h.0.attn.masked_bias": torch.zeros(()),
    }
    (dropped,) = convert_state(Checkpoint(Path("x"), old, "")).applied.dropped
    assert len(dropped.names) == 2


def test_the_captioner_is_refused_in_a_sentence() -> None:
    with pytest.raises(CheckpointError, match="captioning model") as caught:
        convert_state(Checkpoint(Path("x"), {"gpt.wte.weight": torch.zeros(1), "clap_project.0.weight": torch.zeros(1)}, ""))
    assert "msclap-2023" in caught.value.hint


def test_a_missing_number_is_named() -> None:
    state = public("2022")
    del state["audio_encoder.projection.layer_norm.bias"]
    with pytest.raises(CheckpointError, match=r"MS-CLAP 2022.* 1 missing: audio_projection\.layer_norm\.bias"):
        convert_state(Checkpoint(Path("x"), state, ""))
