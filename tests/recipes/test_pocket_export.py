"""The exported graphs compute what the torch towers compute."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from pocket_data import Clip  # noqa: E402
from pocket_export import export, record  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402
from transformers import BertConfig, BertModel  # noqa: E402

from hearken.audio.melspec import log_mel  # noqa: E402
from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio, PocketText, slope_of  # noqa: E402
from hearken.runtime.model import Model, load_model  # noqa: E402

DIM = 32
WORDS = ["[UNK]", "a", "dog", "barks", "rain", "falls"]


@pytest.fixture(scope="module")
def towers() -> tuple[PocketAudio, PocketText]:
    torch.manual_seed(0)
    audio = PocketAudio(MobileNetV3(width=0.4, num_tags=7), torch.randn(7, DIM)).eval()
    config = BertConfig(vocab_size=len(WORDS), hidden_size=DIM, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
    return audio, PocketText(BertModel(config, add_pooling_layer=False), DIM).eval()


@pytest.fixture(scope="module")
def exported(towers: tuple[PocketAudio, PocketText], tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("exported")
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "words.json"))
    export(*towers, folder / "model", tokenizer=folder / "words.json")
    return load_model(folder / "model")


@pytest.mark.parametrize("num_samples", [5_000, 100_000, 400_000])
def test_audio_graphs_equal_torch(towers: tuple[PocketAudio, PocketText], exported: Model, num_samples: int) -> None:
    samples = (0.1 * np.random.default_rng(1).standard_normal(num_samples)).astype(np.float32)
    chunks = [log_mel(exported.policy.pad(chunk), exported.front_end) for chunk in exported.policy.chunks([samples])]
    with torch.no_grad():
        frames = torch.cat([towers[0].frames(torch.from_numpy(chunk)[None]) for chunk in chunks], dim=1)
        expected = towers[0].head(frames.mean(1), slope_of(frames))[0].numpy()
    np.testing.assert_allclose(exported.embed([samples]).clip, expected, atol=1e-4)


def test_a_model_may_hear_no_slope(towers: tuple[PocketAudio, PocketText], exported: Model, tmp_path: Path) -> None:
    export(*towers, tmp_path / "plain", tokenizer=exported.folder / "tokenizer.json", hears_slope=False)
    samples = (0.1 * np.random.default_rng(1).standard_normal(100_000)).astype(np.float32)
    chunk = log_mel(exported.policy.pad(samples), exported.front_end)
    with torch.no_grad():
        expected = towers[0].head(towers[0].frames(torch.from_numpy(chunk)[None]).mean(1))[0].numpy()
    np.testing.assert_allclose(load_model(tmp_path / "plain").embed([samples]).clip, expected, atol=1e-4)


def test_text_graph_is_near_torch_after_quantisation(towers: tuple[PocketAudio, PocketText], exported: Model) -> None:
    with torch.no_grad():
        expected = towers[1](torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])).numpy()
    found = exported.encode_text(["a dog barks", "rain falls"])
    assert ((found * expected).sum(axis=1) > 0.98).all()


def test_record_counts_licences(tmp_path: Path) -> None:
    clips = [Clip("a", "x", "g", licence, np.zeros((32, 128))) for licence in ("MIT", "CC0", "CC0")]
    record(tmp_path, {"seed": 1}, {"bridge": {"mAP": 0.5}}, clips)
    assert json.loads((tmp_path / "training.json").read_text()) == {
        "settings": {"seed": 1},
        "figures": {"bridge": {"mAP": 0.5}},
        "clips": 3,
        "licences": {"CC0": 2, "MIT": 1},
    }
