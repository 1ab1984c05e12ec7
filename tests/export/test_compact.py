"""Stored narrow, computed wide: smaller files, near outputs, and nothing that is widened anew at each run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

import onnxruntime  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from torch import nn  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.export.compact import LEAST_NUM_WEIGHTS, compact  # noqa: E402
from hearken.export.graphs import to_onnx  # noqa: E402


class Small(nn.Module):
    """A convolution, an activation and a linear layer; `linear` is stored turned around or not as the exporter likes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(1, 64, 5), nn.Linear(64, 48)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return self.linear(torch.relu(self.conv(mel.unsqueeze(1))).mean((2, 3)))


@pytest.fixture(scope="module")
def small() -> Small:
    torch.manual_seed(0)
    return Small().eval()


def write(small: Small, folder: Path) -> Path:
    to_onnx(small, {"mel": torch.zeros(1, 32, 16)}, folder / "graph.onnx", "frames", {"mel": {1: "L"}})
    return folder / "graph.onnx"


def run(path: Path, mel: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"mel": mel})[0]


@pytest.mark.parametrize(("bits", "bytes_a_weight", "tolerance"), [(16, 2, 1e-3), (8, 1, 1e-2)])
def test_the_file_shrinks_and_the_output_stays_near(small: Small, bits: int, bytes_a_weight: int, tolerance: float, tmp_path: Path) -> None:
    path, mel = write(small, tmp_path), np.random.default_rng(0).standard_normal((1, 32, 16)).astype(np.float32)
    before, wanted = path.stat().st_size, run(path, mel)
    compact(path, bits)
    num_weights = 64 * 25 + 64 * 48
    saved = before - path.stat().st_size
    assert saved == pytest.approx((4 - bytes_a_weight) * num_weights, abs=1_200)  # scales and nodes take a little
    error = np.abs(run(path, mel) - wanted).max() / np.abs(wanted).max()
    assert 0 < error < tolerance


@pytest.mark.parametrize("bits", [16, 8])
def test_what_is_widened_is_widened_when_the_graph_is_loaded(small: Small, bits: int, tmp_path: Path) -> None:
    path = write(small, tmp_path)
    compact(path, bits)
    assert "Cast" in {node.op_type for node in onnx.load(path).graph.node}
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    assert "Cast" not in {node.op_type for node in onnx.load(tmp_path / "loaded.onnx").graph.node}


def arrays(path: Path) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def test_eight_bits_are_steps_of_a_scale_for_each_channel(small: Small, tmp_path: Path) -> None:
    path = write(small, tmp_path)
    before = arrays(path)
    compact(path, 8)
    after = arrays(path)
    name = next(name for name, array in before.items() if array.shape == (64, 1, 5, 5))
    steps, scale = after[f"{name}_quantized"], after[f"{name}_scale"]
    assert (steps.dtype, scale.shape) == (np.int8, (64, 1, 1, 1))
    assert (np.abs(steps).max(axis=(1, 2, 3)) == 127).all()  # every channel uses the whole range
    assert (np.abs(steps * scale - before[name]) <= scale / 2 * (1 + 1e-5)).all()


def test_small_arrays_stay_as_they_are(small: Small, tmp_path: Path) -> None:
    path = write(small, tmp_path)
    before = arrays(path)
    compact(path, 16)
    after = arrays(path)
    kept = {name for name, array in before.items() if array.size < LEAST_NUM_WEIGHTS}
    assert kept
    assert all(np.array_equal(after[name], before[name]) for name in kept)
    assert {array.dtype.name for name, array in after.items() if name not in kept} == {"float16"}


def test_a_channel_of_zeros_stays_one(tmp_path: Path) -> None:
    silent = Small().eval()
    with torch.no_grad():
        silent.conv.weight.zero_()
    path, mel = write(silent, tmp_path), np.ones((1, 32, 16), np.float32)
    wanted = run(path, mel)
    compact(path, 8)
    assert np.isfinite(run(path, mel)).all()
    np.testing.assert_allclose(run(path, mel), wanted, atol=1e-2)


def test_weights_that_sixteen_bits_cannot_hold_are_refused_and_the_file_is_left_alone(tmp_path: Path) -> None:
    huge = Small().eval()
    with torch.no_grad():
        huge.conv.weight[0, 0, 0, 0] = 70_000
    path = write(huge, tmp_path)
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"graph\.onnx has weights beyond 65504"):
        compact(path, 16)
    assert path.read_bytes() == before


def test_other_numbers_of_bits_are_refused(small: Small, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="16 or 8 bits, not 4"):
        compact(write(small, tmp_path), 4)  # type: ignore[arg-type]
