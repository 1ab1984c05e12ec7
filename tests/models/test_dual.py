"""The method: unit vectors, the authors' order of mean, projection and norm, three temperatures, saving and loading."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch.nn import functional  # noqa: E402

import hearken.models.dual as dual_module  # noqa: E402
from hearken.errors import AudioError, CheckpointError, InputError, ModelNotFoundError  # noqa: E402
from hearken.models.config import AudioConfig, DualConfig, TemperatureConfig  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.models.pocket import PocketText  # noqa: E402
from hearken.models.weights import read, save  # noqa: E402
from tests.golden.filling import fill, wave, waves  # noqa: E402
from tests.models.small import dual_config, text_config, tokenizer  # noqa: E402

RATE = 32_000
TEXTS = ["a dog barks", "rain falls on a tin roof"]


@pytest.fixture(scope="module")
def model() -> DualEncoder:
    torch.manual_seed(0)
    model = DualEncoder(dual_config(), tokenizer()).eval()
    fill(model.audio)  # livelier than random weights, which hear hardly any difference
    return model


@pytest.fixture(scope="module")
def sound() -> torch.Tensor:
    return torch.from_numpy(waves(3, 2, RATE))


def test_it_fits_on_one_screen() -> None:
    assert len(Path(str(dual_module.__file__)).read_text(encoding="utf-8").splitlines()) <= 160


def test_embeddings_are_unit_vectors_of_one_space(model: DualEncoder, sound: torch.Tensor) -> None:
    audio, text = model.encode_audio(sound), model.encode_text(TEXTS)
    assert audio.shape == text.shape == (2, 24)
    torch.testing.assert_close(audio.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(text.norm(dim=1), torch.ones(2))
    cosines = functional.cosine_similarity(audio[:, None], text[None], dim=-1)
    torch.testing.assert_close(model.similarity(audio, text), cosines)
    torch.testing.assert_close(model(sound, None, TEXTS), cosines / 0.05)


def test_projection_comes_after_the_mean_and_norm_after_the_projection(model: DualEncoder, sound: torch.Tensor) -> None:
    with torch.no_grad():
        halves = [model.audio.encoder(model.audio.front_end(sound[:, start : start + RATE // 2])) for start in (0, RATE // 2)]
        right = functional.normalize(model.audio_projection(torch.stack(halves).mean(0)), dim=-1)
        wrong = torch.stack([functional.normalize(model.audio_projection(half), dim=-1) for half in halves]).mean(0)
        torch.testing.assert_close(model.encode_audio(sound), right, atol=1e-5, rtol=0)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(functional.normalize(wrong, dim=-1), right, atol=1e-5, rtol=0)


def test_the_same_clip_gives_the_same_vector_whatever_the_batch(model: DualEncoder) -> None:
    clip = torch.from_numpy(wave(5, 20_000))
    batch = torch.zeros(2, 3 * RATE)
    batch[0, :20_000], batch[1] = clip, torch.from_numpy(wave(6, 3 * RATE))
    with torch.no_grad():
        torch.testing.assert_close(model.encode_audio(batch, [20_000, 3 * RATE])[:1], model.encode_audio(clip[None]), atol=1e-5, rtol=0)
        torch.testing.assert_close(model.encode_text(TEXTS)[:1], model.encode_text(TEXTS[:1]), atol=1e-6, rtol=0)
        torch.testing.assert_close(model.encode_tokens(*model.text.tokenize(TEXTS)), model.encode_text(TEXTS))


def test_arrays_of_any_rate_and_shape(model: DualEncoder) -> None:
    clip = wave(9, 20_000)
    with torch.no_grad():
        expected = model.encode_audio(torch.from_numpy(clip)[None]).numpy()
    longer = np.stack([wave(10, 40_000)] * 2)
    out = model.encode_arrays([clip, longer], RATE)
    np.testing.assert_allclose(out[:1], expected, atol=1e-5)
    assert (out.shape, out.dtype) == ((2, 24), np.float32)
    assert model.encode_arrays([clip], 16_000).shape == (1, 24)
    assert model.encode_arrays([], RATE).shape == (0, 24)
    with pytest.raises(AudioError):
        model.encode_arrays([np.full(10, np.nan, np.float32)], RATE)


@pytest.mark.parametrize(("kind", "name", "value"), [("fixed", "tau", 0.05), ("abs", "tau", 0.05), ("exp", "logit_scale", -math.log(0.05))])
def test_three_ways_to_keep_the_temperature(kind: str, name: str, value: float) -> None:
    model = DualEncoder(dual_config(kind=kind), tokenizer())
    assert model.state_dict()[name].shape == ()
    assert math.isclose(float(model.state_dict()[name]), value, rel_tol=1e-6)
    assert math.isclose(float(model.temperature.detach()), 0.05, rel_tol=1e-6)
    assert (name in dict(model.named_parameters())) is (kind != "fixed")


def test_a_learnt_temperature_learns_and_stays_positive() -> None:
    model = DualEncoder(dual_config(kind="abs"), tokenizer())
    vectors = functional.normalize(torch.randn(2, 24), dim=-1)
    model.logits(vectors, vectors).sum().backward()
    assert model.tau.grad is not None
    with torch.no_grad():
        model.tau.fill_(-0.02)
    assert math.isclose(float(model.temperature.detach()), 0.02, rel_tol=1e-6)
    for wrong in (TemperatureConfig("fixed", 0.0), TemperatureConfig("warm", 1.0)):  # type: ignore[arg-type]
        with pytest.raises(InputError, match="temperature"):
            DualEncoder(DualConfig(AudioConfig("mn04"), text_config(), temperature=wrong))


def test_every_weight_learns(sound: torch.Tensor) -> None:
    model = DualEncoder(dual_config(kind="exp"), tokenizer()).train()
    functional.cross_entropy(model(sound, None, TEXTS), torch.arange(2)).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None]
    assert [name for name in without if not name.startswith("audio.encoder.classifier")] == []  # the tag head serves no embedding


@pytest.mark.parametrize("projection", ["linear", "mlp", "residual"])
def test_saved_and_loaded_it_is_the_same(projection: str, tmp_path: Path, sound: torch.Tensor) -> None:
    model = DualEncoder(dual_config(projection, "exp"), tokenizer()).eval()
    model.save_pretrained(tmp_path / "model")
    again = DualEncoder.from_pretrained(tmp_path / "model")
    assert again.config == model.config
    assert not again.training
    with torch.no_grad():
        assert torch.equal(again.encode_audio(sound), model.encode_audio(sound))
        assert torch.equal(again.encode_text(TEXTS), model.encode_text(TEXTS))
        assert torch.equal(again.temperature, model.temperature)


def test_state_names(model: DualEncoder) -> None:
    tops = {name.split(".")[0] + "." + name.split(".")[1] if "." in name else name for name in model.state_dict()}
    assert tops == {"audio.encoder", "text.transformer", "audio_projection.weight", "audio_projection.bias", "text_projection.weight",
                    "text_projection.bias", "tau"}  # fmt: skip


def test_weights_that_do_not_fit_are_refused(model: DualEncoder, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    saved = read(tmp_path)
    state = {name: tensor for name, tensor in saved.state.items() if name != "text_projection.bias"}
    save(tmp_path, {"kind": "dual", **saved.config}, {**state, "text_transform.0": torch.zeros(1)}, saved.tokenizer_json)
    with pytest.raises(CheckpointError, match=r"missing text_projection\.bias; unexpected text_transform\.0"):
        DualEncoder.from_pretrained(tmp_path)
    with pytest.raises(ModelNotFoundError):
        DualEncoder.from_pretrained(tmp_path / "nothing" / "here" / "at all")


def test_push_and_pull(model: DualEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    from tests.models.hub_server import Hub

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    server, endpoint = Hub().start()
    try:
        model.push_to_hub("someone/ears", endpoint=endpoint, token="hf_test")
        again = DualEncoder.from_pretrained("someone/ears", endpoint=endpoint)
    finally:
        server.shutdown()
        server.server_close()
    assert torch.equal(again.encode_text(TEXTS), model.encode_text(TEXTS))


def test_a_turn_needs_slopes() -> None:
    with pytest.raises(InputError, match="does not hear slopes") as caught:
        DualEncoder(replace(dual_config(), projection="turned_tags+linear"), tokenizer())
    assert "hears_slope" in caught.value.hint
    with pytest.raises(InputError, match="first gives no slopes") as caught:
        DualEncoder(replace(dual_config(), projection="linear+turned"), tokenizer())
    assert "mean_and_slope" in caught.value.hint


def test_its_text_side_can_be_that_of_pocket() -> None:
    torch.manual_seed(0)
    config = replace(dual_config(), text=text_config("mean_and_slope"), projection="linear+turned", dim=16)
    dual = DualEncoder(config, tokenizer()).eval()
    text = PocketText(dual.text.transformer, 16).eval()
    with torch.no_grad():
        for weight in (text.projection.weight, text.turn.weight, text.sense.weight, text.sense.bias):
            weight.normal_(std=0.3)
        state = {name.replace("projection", "content"): value for name, value in text.state_dict().items() if "transformer" not in name}
        dual.text_projection.load_state_dict(state)
        ids, mask = dual.text.tokenize(["a dog barks", "rain falls on a tin roof", "rain"])
        assert not mask.all()
        ours = dual.encode_tokens(ids, mask)
        torch.testing.assert_close(ours, text(ids, mask))
        torch.testing.assert_close(ours[2:], text(ids[2:, :3], mask[2:, :3]))
        text.sense.weight.zero_()
        text.sense.bias.zero_()
        assert (ours - text(ids, mask)).abs().max() > 0.01, "then the sense would count for nothing"
