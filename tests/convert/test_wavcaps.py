"""WavCaps' retrieval models: names as `ASE` has them."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hearken.convert.convert import convert_state  # noqa: E402
from hearken.convert.read import Checkpoint  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from tests.convert.making import BERT, audio_state, linear, numbered, text_state, values  # noqa: E402


def public(audio: str = "htsat", audio_width: int = 768) -> dict[str, torch.Tensor]:
    state = {"temp": torch.empty((), device="meta"), **audio_state(audio, "audio_encoder.audio_enc.", filters="wavcaps")}
    state |= text_state(BERT, "text_encoder.text_encoder.")
    for side, width in (("audio", audio_width), ("text", 64)):
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


def test_cnn14_without_dense_layers() -> None:
    state = public("cnn14_wavcaps", 2048)
    assert not [name for name in state if ".fc" in name and "audio_enc" in name]
    assert state["audio_encoder.audio_enc.audio_feats_extractor.log_trans.melW"].shape == (513, 64)
    done = convert_state(Checkpoint(Path("x"), state, ""))
    assert (done.config.audio.name, done.format) == ("cnn14_wavcaps", "wavcaps")
    pairs = {
        "audio.encoder.conv_block6.bn2.bias": "audio_encoder.audio_enc.conv_block6.bn2.bias",
        "audio_projection.0.weight": "audio_proj.0.weight",
    }
    assert values(done.state, pairs) == values(state, pairs.values())
    assert (len(done.applied.used), done.applied.dropped, done.made) == (len(state), (), ())


def test_another_cnn_is_refused_in_a_sentence() -> None:
    with pytest.raises(CheckpointError, match="neither HTSAT nor CNN14"):
        convert_state(Checkpoint(Path("x"), {"audio_encoder.audio_enc.bn0.weight": torch.zeros(64)}, ""))
