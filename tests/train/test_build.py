"""From a recipe's model to a network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hearken.errors import CheckpointError, InputError, ModelError, ModelNotFoundError, RecipeError, RunError
from hearken.models.build import build_audio, save_audio
from hearken.models.config import TemperatureConfig
from hearken.train import build
from hearken.train.build import build_model, start_model, teacher_models
from hearken.train.recipe import AudioPart, ModelPart, Recipe, TextPart
from tests.train.small import model

SMALL = ModelPart(
    audio=AudioPart("cnn10_tiny", "random", segment_s=1.0, jitter_hz=(10, 2000)),
    text=TextPart("bert-tiny", "random", pooling="mean", policy="wavcaps", dropout=0.3),
    projection="mlp", dim=32, temperature=TemperatureConfig("abs", 0.07),
)  # fmt: skip


def test_the_parts_are_those_of_the_recipe() -> None:
    dual = build_model(SMALL, seed=1)
    assert (dual.config.audio.name, dual.config.audio.segment_s, dual.config.projection, dual.dim) == ("cnn10_tiny", 1.0, "mlp", 32)
    assert (dual.config.text.pooling, dual.config.text.policy.name) == ("mean", "wavcaps")
    assert dual.config.text.architecture["hidden_dropout_prob"] == 0.3
    assert dual.audio.front_end.jitter is not None
    assert float(dual.temperature.detach()) == pytest.approx(0.07)
    assert not dual.training


def test_random_weights_are_a_function_of_the_seed() -> None:
    first, again, other = (build_model(SMALL, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["audio_projection.0.weight"], other["audio_projection.0.weight"])


def test_an_encoder_of_a_folder(tmp_path: Path) -> None:
    torch.manual_seed(7)
    encoder = build_audio("cnn10_tiny")
    save_audio(encoder, "cnn10_tiny", tmp_path / "ears")
    part = ModelPart(audio=AudioPart("cnn10_tiny", str(tmp_path / "ears")), text=SMALL.text, dim=8)
    assert torch.equal(build_model(part, seed=1).audio.encoder.bn0.weight, encoder.bn0.weight)
    assert torch.equal(build_model(part, seed=1).audio.encoder.fc1.weight, encoder.fc1.weight)
    wrong = ModelPart(audio=AudioPart("cnn6", str(tmp_path / "ears")), text=SMALL.text, dim=8)
    with pytest.raises(CheckpointError, match="do not fit"):
        build_model(wrong, seed=1)
    deaf = ModelPart(audio=AudioPart("passt_tiny", str(tmp_path / "ears")), text=SMALL.text, dim=8)
    with pytest.raises(ModelError, match="another spectrogram"):
        build_model(deaf, seed=1)


def test_what_has_no_public_weights_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="no public weights of 'cnn10_tiny'"):
        build_model(ModelPart(audio=AudioPart("cnn10_tiny"), text=SMALL.text), seed=0)


def test_public_weights_that_were_converted_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path))
    encoder = build_audio("mn04")
    save_audio(encoder, "mn04", tmp_path / "weights" / "mn04")
    dual = build_model(ModelPart(audio=AudioPart("mn04"), text=SMALL.text, dim=8), seed=0)
    assert all(torch.equal(value, dual.audio.encoder.state_dict()[name]) for name, value in encoder.state_dict().items())


def test_a_spectrogram_of_ones_own_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path))
    save_audio(build_audio("mn04"), "mn04", tmp_path / "weights" / "mn04")
    part = AudioPart("mn04", options={"front_end": "panns_logmel_32k"})
    with pytest.raises(InputError, match="cannot be built"):  # a MobileNet has one spectrogram alone
        build_model(ModelPart(audio=part, text=SMALL.text, dim=8), seed=0)
    torch.manual_seed(3)
    encoder = build_audio("cnn10_tiny")
    save_audio(encoder, "cnn10_tiny", tmp_path / "ears")
    other = AudioPart("cnn10_tiny", str(tmp_path / "ears"), {"front_end": "wavtext5k_logmel_44k"})
    assert torch.equal(build_model(ModelPart(audio=other, text=SMALL.text, dim=8), seed=1).audio.encoder.fc1.weight, encoder.fc1.weight)


def test_encoders_side_by_side_and_parts_of_others_get_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path))
    monkeypatch.setattr(build, "_public", public := {name: build_audio(name) for name in ("cnn14", "htsat")}.__getitem__)
    pair = build_model(ModelPart(audio=AudioPart("cnn14_htsat"), text=SMALL.text, dim=8), seed=2).audio.encoder
    assert torch.equal(pair.wide.fc1.weight, public("cnn14").fc1.weight)
    assert torch.equal(pair.narrow.patch_embed.proj.weight, public("htsat").patch_embed.proj.weight)
    part = build_model(ModelPart(audio=AudioPart("cnn14_wavcaps"), text=SMALL.text, dim=8), seed=2).audio.encoder
    assert torch.equal(part.conv_block6.conv1.weight, public("cnn14").conv_block6.conv1.weight)


def test_a_start_is_a_folder_a_run_or_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dual = model(seed=11)
    dual.save_pretrained(tmp_path / "mine")
    dual.save_pretrained(tmp_path / "runs" / "paper" / "row" / "best")
    (tmp_path / "runs" / "paper" / "row" / "run.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    for name in ("mine", str(tmp_path / "mine"), "runs/paper/row", "paper/row"):
        assert torch.equal(start_model(name).audio_projection.weight, dual.audio_projection.weight)
    assert build_model(ModelPart(start="mine"), seed=0).dim == dual.dim
    (teacher,) = teacher_models(Recipe(teachers=("paper/row",)), dual.rate_hz)
    assert not any(weight.requires_grad for weight in teacher.parameters())
    assert teacher_models(Recipe(), dual.rate_hz) == ()
    with pytest.raises(RecipeError, match="paper/row hears 32000 samples a second, and what learns from it 16000"):
        teacher_models(Recipe(teachers=("paper/row",)), 16_000)


def test_a_run_without_a_model_says_so(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(RunError, match="no model yet"):
        start_model(str(tmp_path))


def test_a_slip_of_the_pen_is_seen() -> None:
    with pytest.raises(ModelNotFoundError, match="no model 'poket'") as caught:
        start_model("poket")
    assert "pocket" in caught.value.hint


def test_an_unknown_start_is_refused() -> None:
    with pytest.raises((InputError, ModelError)):
        start_model("no such model")
