"""The graphs compute what the modules compute, at every length they must take."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from torch import nn  # noqa: E402

from hearken.errors import ModelError  # noqa: E402
from hearken.export import graphs  # noqa: E402
from hearken.models.concat import ConcatEncoder  # noqa: E402
from hearken.models.pocket_encoder import PocketEncoder  # noqa: E402
from hearken.models.projection import TurnedTags  # noqa: E402
from tests.export.tiny import WORDS, TinyEncoder, TinyWaveEncoder, tiny_transformer  # noqa: E402

NUM_SAMPLES = 32_000


class FirstState(nn.Module):
    """A transformer's state at the first word piece."""

    def __init__(self, transformer: nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.mean(1)


def run(path: Path, **inputs: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, inputs)[0]


@pytest.fixture
def seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("kind", [TinyEncoder, TinyWaveEncoder])
def test_audio_graphs_equal_torch(kind: type[TinyEncoder], tmp_path: Path, seeded: None) -> None:
    encoder, projection = kind(), nn.Linear(24, 8)
    encoder.train()
    assert graphs.write_audio(encoder, projection, tmp_path, num_samples=NUM_SAMPLES) == 24
    assert encoder.training, "exporting must leave the network as it was"
    encoder.eval()
    mel, wave = 10 * torch.randn(1, 101, 64), torch.randn(1, NUM_SAMPLES)
    inputs = {"mel": mel.numpy()} | ({"wave": wave.numpy()} if encoder.needs_wave else {})
    features = run(tmp_path / "audio_frames.onnx", **inputs)
    with torch.no_grad():
        expected = encoder(mel, wave)
        np.testing.assert_allclose(features[:, 0], expected.numpy(), atol=1e-5)
        embedding = nn.functional.normalize(projection(expected.repeat(3, 1)), dim=-1)
    np.testing.assert_allclose(run(tmp_path / "audio_head.onnx", pooled=features[0].repeat(3, axis=0)), embedding.numpy(), atol=1e-5)


def test_a_graph_of_frames_takes_sound_of_any_length(tmp_path: Path, seeded: None) -> None:
    encoder, projection = PocketEncoder().eval(), nn.Linear(384, 8)
    assert graphs.write_audio(encoder, projection, tmp_path, num_samples=NUM_SAMPLES, by_frames=True) == 384
    for length in (32, 33, 320, 1_024):
        mel = torch.randn(2, length, 128)
        with torch.no_grad():
            expected = encoder.frames(mel).numpy()
        features = run(tmp_path / "audio_frames.onnx", mel=mel.numpy())
        assert features.shape == (2, -(-length // 32), 384)
        np.testing.assert_allclose(features, expected, atol=1e-5 * np.abs(expected).max())


def test_a_head_takes_the_slope_where_the_encoder_hears_it(tmp_path: Path, seeded: None) -> None:
    encoder, projection = PocketEncoder(hears_slope=True).eval(), TurnedTags(768, 8, num_tags=7)
    assert graphs.write_audio(encoder, projection, tmp_path, num_samples=NUM_SAMPLES, by_frames=True) == 384
    nodes = [node.op_type for node in onnx.load(tmp_path / "audio_head.onnx").graph.node]
    assert (nodes.count("Gemm"), nodes.count("MatMul")) == (2, 3), "each matrix is applied once"
    for count in (1, 5):
        pooled, slope = torch.randn(2, count, 384)
        with torch.no_grad():
            expected = nn.functional.normalize(projection(torch.cat([pooled, slope], 1)), dim=-1).numpy()
        found = run(tmp_path / "audio_head.onnx", pooled=pooled.numpy(), slope=slope.numpy())
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert graphs.write_audio(encoder, projection, tmp_path, num_samples=NUM_SAMPLES) == 768  # of segments it is the mean of both


@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet", "gpt2"])
def test_text_graph_equals_torch_at_every_length(kind: str, tmp_path: Path, seeded: None) -> None:
    encoder, projection = FirstState(tiny_transformer(kind)), nn.Linear(32, 8)
    graphs.write_text(encoder, projection, tmp_path, num_words=len(WORDS))
    words = graphs.Words(encoder, projection).eval()
    for length in (1, 2, 7, 8, 9, 77, 100):
        ids = torch.randint(4, len(WORDS), (1, length))
        with torch.no_grad():
            np.testing.assert_allclose(run(tmp_path / "text.onnx", input_ids=ids.numpy()), words(ids).numpy(), atol=1e-5)


def test_a_large_graph_keeps_its_weights_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeded: None) -> None:
    monkeypatch.setattr(graphs, "SPLIT_BYTES", 10_000)
    encoder = FirstState(tiny_transformer("bert"))
    for _ in range(2):  # the second time replaces, and does not append
        graphs.write_text(encoder, nn.Identity(), tmp_path, num_words=len(WORDS))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.onnx", "text.onnx.data"]
    num_bytes = sum(parameter.numel() * 4 for parameter in encoder.parameters())
    assert (tmp_path / "text.onnx.data").stat().st_size < 1.2 * num_bytes
    assert run(tmp_path / "text.onnx", input_ids=np.full((1, 5), 4)).shape == (1, 32)


def test_an_operation_without_onnx_is_a_named_error(tmp_path: Path) -> None:
    class Odd(nn.Module):
        def forward(self, pooled: torch.Tensor) -> torch.Tensor:
            return torch.diff(torch.special.bessel_j0(pooled))

    with pytest.raises(ModelError, match=r"audio_head\.onnx cannot be written"):
        graphs.write_audio(TinyEncoder(), Odd(), tmp_path, num_samples=NUM_SAMPLES)


def test_warnings_are_silenced_here_only(tmp_path: Path, seeded: None) -> None:
    graphs.write_audio(TinyEncoder(), nn.Identity(), tmp_path, num_samples=NUM_SAMPLES)
    assert onnx.load(tmp_path / "audio_head.onnx").opset_import[0].version == graphs.OPSET
    with pytest.warns(UserWarning, match="still heard"):
        warnings.warn("still heard", UserWarning, stacklevel=1)


def test_a_graph_that_no_file_could_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphs, "MAX_BYTES", 5_000)
    with pytest.raises(ModelError, match=r"audio_frames\.onnx would have 0\.0 GB of weights"):
        graphs.write_audio(TinyEncoder(), nn.Identity(), tmp_path, num_samples=NUM_SAMPLES)
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_reads_pieces_can_be_exported(tmp_path: Path, seeded: None) -> None:
    """How many pieces there are is worked out while the exporter traces, in whole numbers."""
    narrow = TinyEncoder()
    narrow.max_num_frames = 40
    encoder = ConcatEncoder(TinyEncoder(), narrow).eval()
    graphs.write_audio(encoder, nn.Identity(), tmp_path, num_samples=NUM_SAMPLES)
    mel = 10 * torch.randn(1, 101, 64)
    with torch.no_grad():
        np.testing.assert_allclose(run(tmp_path / "audio_frames.onnx", mel=mel.numpy())[:, 0], encoder(mel).numpy(), atol=1e-5)
