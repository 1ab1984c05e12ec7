"""Pocket read back out of its graphs: the same vectors as the graphs give, and weights that can be exported and read again."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from hearken.audio.decode import decode  # noqa: E402
from hearken.audio.sounds import SOUNDS, synthesise  # noqa: E402
from hearken.audio.synth import RATE_HZ  # noqa: E402
from hearken.convert import pocket  # noqa: E402
from hearken.convert.pocket import load_pocket, read_pocket  # noqa: E402
from hearken.errors import DigestError, ModelError  # noqa: E402
from hearken.export.compact import LEAST_NUM_WEIGHTS  # noqa: E402
from hearken.export.folder import Card, quantize_folder, write_folder  # noqa: E402
from hearken.export.graphs import to_onnx, write_text  # noqa: E402
from hearken.export.quantize import quantize_file  # noqa: E402
from hearken.models.config import AudioConfig, DualConfig, TextConfig  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.models.pocket import PocketText  # noqa: E402
from hearken.runtime.catalog import find_model, read_config  # noqa: E402
from hearken.runtime.model import load_model  # noqa: E402
from tests.export.tiny_dual import TINY_BERT, tiny_dual, word_pieces  # noqa: E402

SHARED = Path(os.environ.get("HEARKEN_SHARED", Path(__file__).parents[3] / "shared")) / "audio"
TEXTS = ["a dog barks", "Rain falls on a tin roof, and thunder rolls far away.", "door", "glass breaking " * 40]


@pytest.fixture(scope="module")
def dual() -> DualEncoder:
    return load_pocket()


def noise(num_samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(num_samples).standard_normal(num_samples)).astype(np.float32)


@pytest.mark.parametrize("num_samples", [2_000, 10_240, 10_241, 327_680, 327_681, 900_000])
def test_sound_of_every_length_is_what_the_graphs_say(dual: DualEncoder, num_samples: int) -> None:
    sound = noise(num_samples)
    np.testing.assert_allclose(dual.encode_arrays([sound], 32_000), load_model().encode_audio([sound], 32_000), atol=1e-5)


def test_sounds_of_all_kinds_are_what_the_graphs_say(dual: DualEncoder) -> None:
    sounds = [synthesise(name).astype(np.float32) for name in SOUNDS]
    ours = dual.encode_arrays(sounds, RATE_HZ)
    np.testing.assert_allclose(ours, load_model().encode_audio(sounds, RATE_HZ), atol=1e-5)
    assert np.abs(np.diff(ours, axis=0)).max() > 0.05, "sounds that all look alike would prove nothing"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real recordings are not beside this checkout")
def test_recordings_are_what_the_graphs_say(dual: DualEncoder) -> None:
    with open(SHARED / "metadata.csv", newline="", encoding="utf-8") as file:
        paths = [SHARED / row["file"] for row in list(csv.DictReader(file))[::400]]
    sounds = [decode(path, rate_hz=32_000).samples for path in paths]
    np.testing.assert_allclose(dual.encode_arrays(sounds, 32_000), load_model().encode_audio(sounds, 32_000), atol=1e-5)


def test_texts_are_near_what_the_graph_says_which_rounds_activations(dual: DualEncoder) -> None:
    """Measured on the 272 captions of dev: 0.9913 at the least, 0.9947 on average."""
    with torch.no_grad():
        cosines = (dual.encode_text(TEXTS).numpy() * load_model().encode_text(TEXTS)).sum(1)
    assert cosines.min() > 0.985, cosines
    assert cosines.max() < 0.99999, "then nothing would be rounded"


def test_it_is_a_model_of_our_own(dual: DualEncoder, tmp_path: Path) -> None:
    assert (dual.dim, dual.rate_hz, dual.config.audio.rule, float(dual.temperature)) == (384, 32_000, "frames", pytest.approx(0.05))
    assert dual.config.text.policy.max_tokens == 64
    assert not any(weight.isnan().any() for weight in dual.parameters())
    dual.save_pretrained(tmp_path)
    loaded = DualEncoder.from_pretrained(tmp_path)
    sound = noise(50_000)
    np.testing.assert_array_equal(loaded.encode_arrays([sound], 32_000), dual.encode_arrays([sound], 32_000))


@pytest.mark.parametrize("int8", [False, True])
def test_exported_again_it_is_pocket_to_the_bit(dual: DualEncoder, tmp_path: Path, int8: bool) -> None:
    folder = tmp_path / "again"
    write_folder(dual, folder, Card("again", "a test", "CC0"))
    if int8:
        assert quantize_folder(folder) == ["text.onnx"]
    model, shipped = load_model(folder), load_model()
    long = noise(900_000)
    one, other = model.embed([long]), shipped.embed([long])
    assert one.spans == other.spans
    atol = 2e-3 if int8 else 1e-5  # with the 8 bits of the text come 16 of the sound, where shipped weights have 32
    np.testing.assert_allclose(one.windows, other.windows, atol=atol)
    np.testing.assert_allclose(one.clip, other.clip, atol=atol)
    if int8:
        np.testing.assert_allclose(model.encode_text(TEXTS), shipped.encode_text(TEXTS), atol=1e-5)
    again = read_pocket(folder, read_config(folder)).state_dict()
    for name, value in dual.state_dict().items():
        rounded = int8 and name.startswith("audio") and value.numel() >= LEAST_NUM_WEIGHTS
        assert torch.equal(value.half().float() if rounded else value, again[name]), name


class Shipped(torch.nn.Module):
    """The text side as `recipes/pocket_export.py` writes it."""

    def __init__(self, text: PocketText) -> None:
        super().__init__()
        self.text = text

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return self.text(input_ids, torch.ones_like(input_ids))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[DualEncoder, Path]:
    """A model of pocket's form and its graphs, with random weights and few of them in its text side, in which order counts."""
    pieces, folder = word_pieces(), tmp_path_factory.mktemp("small") / "model"
    torch.manual_seed(0)
    text = TextConfig(pocket.TEXT, TINY_BERT, "mean_and_slope")
    dual = DualEncoder(DualConfig(AudioConfig("pocket", {"hears_slope": True}), text, "turned_tags+turned", 16), pieces).eval()
    with torch.no_grad():
        for name, weight in dual.named_parameters():
            weight.normal_(mean=float("LayerNorm.weight" in name), std=0.3)
    write_folder(dual, folder, Card("small", "a test", "CC0"))
    return dual, folder


def embed(graph: Path, words: list[int]) -> np.ndarray:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"input_ids": np.array([words])})[0])


@pytest.mark.parametrize("int8", [False, True])
def test_words_that_tell_order_are_read_back(
    small: tuple[DualEncoder, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, int8: bool
) -> None:
    monkeypatch.setitem(pocket.TEXT_ENCODERS, pocket.TEXT, replace(pocket.TEXT_ENCODERS[pocket.TEXT], architecture=TINY_BERT))
    dual, folder, again = small[0], tmp_path / "shipped", tmp_path / "again"
    for copy in (folder, again):
        shutil.copytree(small[1], copy)
    text = PocketText(dual.text.transformer, 16)
    ours = {name.replace("content", "projection"): value for name, value in dual.text_projection.state_dict().items()}
    text.load_state_dict(ours, strict=False)
    to_onnx(Shipped(text), {"input_ids": torch.ones(1, 8, dtype=torch.int64)}, folder / "text.onnx", "embedding", {"input_ids": {1: "W"}})
    if int8:
        quantize_file(folder / "text.onnx")
    read = read_pocket(folder, read_config(folder))
    assert (read.config.text.pooling, read.config.projection) == ("mean_and_slope", "turned_tags+turned")
    state = dual.state_dict()
    rounded = {name for name, value in read.state_dict().items() if name != "tau" and not torch.equal(value, state[name])}
    assert bool(rounded) == int8
    assert not any("sense" in name or "bias" in name for name in rounded), "a sign hangs on the sense"
    write_text(read.text, read.text_projection, again, num_words=30_522)
    if int8:
        quantize_file(again / "text.onnx")
    forwards, backwards = [101, 1037, 3899, 2059, 4542, 102], [101, 4542, 2059, 1037, 3899, 102]
    np.testing.assert_allclose(embed(again / "text.onnx", forwards), embed(folder / "text.onnx", forwards), atol=1e-6)
    with torch.no_grad():
        near = read.encode_tokens(torch.tensor([forwards]), torch.ones(1, 6, dtype=torch.int64)).numpy()
    np.testing.assert_allclose(embed(folder / "text.onnx", forwards), near, atol=0.1 if int8 else 1e-5)
    assert np.abs(embed(folder / "text.onnx", forwards) - embed(folder / "text.onnx", backwards)).max() > 0.01
    final = read_pocket(again, read_config(again)).state_dict()
    assert all(torch.equal(value, final[name]) for name, value in read.state_dict().items())


def test_another_kind_of_model_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    write_folder(tiny_dual(), folder, Card("tiny", "a test", "CC0"))
    with pytest.raises(ModelError, match="is not built like pocket") as caught:
        read_pocket(folder, read_config(folder))
    assert "weights that it was exported from" in caught.value.hint


@pytest.mark.parametrize("graph", ["audio_head.onnx", "text.onnx"])
def test_half_of_another_model_is_named(tmp_path: Path, graph: str) -> None:
    folder, other = tmp_path / "mixed", tmp_path / "other"
    shutil.copytree(find_model("pocket"), folder)
    write_folder(tiny_dual(), other, Card("tiny", "a test", "CC0"))
    shutil.copyfile(other / graph, folder / graph)
    with pytest.raises(ModelError, match="is not built like pocket"):
        read_pocket(folder, read_config(folder))


def test_a_damaged_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "hearken" / "assets" / "pocket"
    shutil.copytree(find_model("pocket"), place)
    monkeypatch.setattr(pocket, "__file__", str(tmp_path / "hearken" / "convert" / "pocket.py"))
    with (place / "text.onnx").open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"\0\1\2\3")
    with pytest.raises(DigestError, match=r"text\.onnx is damaged"):
        load_pocket()
    (place / "config.json").write_text(json.dumps(["no"]))
    with pytest.raises(ModelError, match="cannot be read"):
        load_pocket()
