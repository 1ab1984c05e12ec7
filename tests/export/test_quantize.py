"""Eight bits: smaller files, near vectors, and a loss that is what was lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnxruntime  # noqa: E402
from torch import nn  # noqa: E402

from hearken.export import graphs, quantize  # noqa: E402

NAMES = ["rain", "siren", "dog_bark", "piano"]


@pytest.fixture(scope="module")
def layers() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 64)).eval()


def write(layers: nn.Module, folder: Path) -> Path:
    graphs.to_onnx(layers, {"pooled": torch.zeros(1, 1, 64)}, folder / "text.onnx", "embedding", {"pooled": {1: "W"}})
    return folder / "text.onnx"


def run(path: Path, values: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"pooled": values})[0]


@pytest.mark.parametrize("split", [False, True])
def test_a_graph_becomes_smaller_and_stays_near(layers: nn.Module, split: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "SPLIT_BYTES", 1_000 if split else graphs.SPLIT_BYTES)
    path = write(layers, tmp_path)
    assert (tmp_path / "text.onnx.data").exists() == split
    size = sum(each.stat().st_size for each in tmp_path.iterdir())
    values = np.random.default_rng(0).standard_normal((1, 5, 64)).astype(np.float32)
    before = run(path, values)
    quantize.quantize_file(path)
    assert [each.name for each in tmp_path.iterdir()] == ["text.onnx"]
    assert path.stat().st_size < 0.4 * size
    after = run(path, values)
    assert 0 < np.abs(after - before).max() < 0.1


def test_a_large_quantised_graph_is_split_too(layers: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantize, "SPLIT_BYTES", 1_000)
    path = write(layers, tmp_path)
    quantize.quantize_file(path)
    assert (tmp_path / "text.onnx.data").exists()
    assert run(path, np.ones((1, 2, 64), np.float32)).shape == (1, 2, 64)


def test_the_share_of_products_tells_transformers_from_convolutions(layers: nn.Module, tmp_path: Path) -> None:
    assert quantize.share_in_products(write(layers, tmp_path)) > 0.9
    convolution = nn.Sequential(nn.Conv1d(1, 64, 8), nn.Conv1d(64, 64, 8), nn.Linear(50, 2)).eval()
    graphs.to_onnx(convolution, {"pooled": torch.zeros(1, 1, 64)}, tmp_path / "c.onnx", "embedding", {})
    assert quantize.share_in_products(tmp_path / "c.onnx") < 0.1


def test_the_quantiser_leaves_logging_as_it_was(layers: nn.Module, tmp_path: Path) -> None:
    level = logging.root.level
    quantize.quantize_file(write(layers, tmp_path))
    assert logging.root.level == level


class Side:
    """Vectors from the number of a sound or text; `turn` rotates the first sound's towards the second's."""

    def __init__(self, turn: float = 0.0) -> None:
        self.turn = turn

    def encode_audio(self, sounds: Sequence[np.ndarray], sample_rate: int) -> np.ndarray:
        vectors = np.eye(len(sounds), dtype=np.float32)
        vectors[0, :2] = np.cos(self.turn), np.sin(self.turn)
        return vectors

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(len(texts), dtype=np.float32)


def test_no_change_is_no_loss() -> None:
    loss = quantize.measure(Side(), Side(), rate_hz=16_000, names=NAMES)
    assert loss == quantize.Loss(1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 4)


def test_the_loss_is_what_was_lost() -> None:
    loss = quantize.measure(Side(), Side(turn=np.pi / 2), rate_hz=16_000, names=NAMES)
    assert (loss.audio_min, loss.audio_mean, loss.text_min) == pytest.approx((0.0, 0.75, 1.0), abs=1e-6)
    assert loss.same_top == 0.75  # "rain" is now a tie of all, which the first wins; "siren" ties with the first, which wins
    assert loss.mean_shift > 0
