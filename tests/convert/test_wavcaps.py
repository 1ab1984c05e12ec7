"""WavCaps' retrieval models: names as `ASE` has them."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hearken.convert.convert import convert_state  # noqa: E402
from hearken.convert.read import Checkpoint  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from tests.convert.making import BERT, audio_state, linear, numbered, text_state, values  # noqa: E402


def public() -> dict[str, torch.Tensor]:
    state = {"temp": torch.empty((), device="meta"), **audio_state("htsat", "audio_encoder.audio_enc.", filters="wavcaps")}
    state |= text_state(BERT, "text_encoder.text_encoder.")
    for side, width in (("audio", 768), ("text", 64)):
        state |= linear(f"{side}_proj.0", width, 1024) | linear(f"{side}_proj.2", 1024, 1024)
    return numbered(state)


def test_every_number_finds_its_place() -> None:
    state = public()
    done = convert_state(Checkpoint(Path("x"), state, ""))
    config = done.config
    assert (done.format, config.audio.name, config.text.pooling, config.text.policy.name) == ("wavcaps", "htsat", "first", "wavcaps")
    assert (config.projection, config.dim, config.temperature.kind) == ("mlp", 1024, "abs")
    pairs = {
        "tau": "temp", "audio.encoder.tscam_conv.bias": "audio_encoder.audio_enc.tscam_conv.bias", "audio_projection.2.bias": "audio_proj.2.bias",
        "text_projection.0.weight": "text_proj.0.weight",
        "text.transformer.embeddings.LayerNorm.bias": "text_encoder.text_encoder.embeddings.LayerNorm.bias",
    }  # fmt: skip
    assert values(done.state, pairs) == values(state, pairs.values())
    assert len([name for name in done.applied.tensors if name.startswith("filters.")]) == 3
    assert (len(done.applied.used), done.applied.dropped, done.made) == (len(state), (), ())


def test_a_cnn_without_its_dense_layers_is_refused_in_a_sentence() -> None:
    with pytest.raises(CheckpointError, match="CNN without its dense layers"):
        convert_state(Checkpoint(Path("x"), {"audio_encoder.audio_enc.bn0.weight": torch.zeros(64)}, ""))
