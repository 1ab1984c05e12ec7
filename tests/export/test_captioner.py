"""A decoder as a graph: the same numbers for any number of clips, places and words, in 32 bits and nearly so in 8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from torch import nn  # noqa: E402

from hearken.errors import ModelError  # noqa: E402
from hearken.export import captioner as captioner_module  # noqa: E402
from hearken.export.captioner import FILE, PlainAttention, export_decoder, largest_delta  # noqa: E402
from hearken.models.config import DecoderConfig  # noqa: E402
from hearken.models.decoder import Decoder, Heard, build_decoder  # noqa: E402

WORDS, SIZE = 40, 12


def small(kind: str) -> Decoder:
    torch.manual_seed(0)
    decoder = build_decoder(DecoderConfig(kind, 16, 2, 2, 32, 0.1), WORDS, SIZE)
    with torch.no_grad():
        for parameter in decoder.parameters():
            if parameter.ndim > 1:
                parameter.mul_(3.0)
    return decoder


@pytest.fixture(scope="module", params=["prefix", "cross"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Decoder, Path]:
    decoder, folder = small(request.param), tmp_path_factory.mktemp("decoder")
    decoder.train()
    assert export_decoder(decoder, folder) <= 1e-4
    assert decoder.training
    assert not any(isinstance(module, PlainAttention) for module in decoder.modules())
    return decoder.eval(), folder / FILE


def run(path: Path, heard: np.ndarray, padding: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["log_probabilities"], {"heard": heard, "padding": padding, "tokens": tokens})[0]


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(("batch", "places", "words"), [(1, 1, 1), (1, 1, 20), (1, 17, 1), (3, 17, 20), (5, 40, 100)])
@torch.no_grad()
def test_any_number_of_each(exported: tuple[Decoder, Path], batch: int, places: int, words: int, padded: bool) -> None:
    decoder, path = exported
    rng = np.random.default_rng(7)
    heard = rng.standard_normal((batch, places, SIZE), np.float32)
    padding = np.arange(places) >= rng.integers(1, places + 1, (batch, 1)) if padded else np.zeros((batch, places), np.bool_)
    tokens = rng.integers(0, WORDS, (batch, words))
    ours = run(path, heard, padding, tokens)
    expected = decoder(torch.from_numpy(tokens), Heard(torch.from_numpy(heard), torch.from_numpy(padding)))[:, -1].log_softmax(-1)
    assert (ours.shape, ours.dtype) == ((batch, WORDS), np.float32)
    np.testing.assert_allclose(ours, expected.numpy(), rtol=0, atol=1e-4)
    plain = decoder(torch.from_numpy(tokens), Heard(torch.from_numpy(heard)))[:, -1].log_softmax(-1)
    assert padding.any() == bool((plain - expected).abs().max() > 1e-3)


def test_names_and_kinds_of_what_goes_in_and_out(exported: tuple[Decoder, Path]) -> None:
    graph = onnx.load(exported[1]).graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in (*graph.input, *graph.output)}
    assert kinds == {
        "heard": onnx.TensorProto.FLOAT,
        "padding": onnx.TensorProto.BOOL,
        "tokens": onnx.TensorProto.INT64,
        "log_probabilities": onnx.TensorProto.FLOAT,
    }


@pytest.mark.parametrize("kind", ["prefix", "cross"])
def test_eight_bits_are_smaller_and_near(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    decoder = build_decoder(DecoderConfig(kind, 64, 2, 2, 256, 0.1), 400, SIZE)
    for parameter in decoder.parameters():
        parameter.data += 0.01 * torch.randn(parameter.shape)  # PyTorch's layers begin as copies of one
    exact, small = tmp_path / "exact.onnx", tmp_path / "small.onnx"
    assert export_decoder(decoder, exact) <= 1e-4
    delta = export_decoder(decoder, small, int8=True)
    assert 1e-4 < delta < 0.2
    assert delta == largest_delta(decoder, small)
    assert small.stat().st_size < 0.6 * exact.stat().st_size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exact.onnx", "small.onnx"]


def test_a_graph_that_differs_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = small("prefix")
    for delta in (2e-4, float("nan")):
        monkeypatch.setattr(captioner_module, "largest_delta", lambda *_, found=delta: found)
        with pytest.raises(ModelError, match="is not the decoder"):
            export_decoder(decoder, tmp_path / "decoder.onnx")
        assert list(tmp_path.iterdir()) == []


@torch.no_grad()
def test_the_difference_is_measured(exported: tuple[Decoder, Path]) -> None:
    """Scores that are larger by 0.5 for one word move no log-probability by more than that, and this word's by nearly as much."""
    decoder, path = exported
    scores = decoder.scores
    louder = torch.zeros(WORDS)
    louder[3] = 0.5
    decoder.scores = lambda states: scores(states) + louder  # type: ignore[method-assign]
    try:
        assert 0.3 < largest_delta(decoder, path) <= 0.5
    finally:
        del decoder.scores
    assert largest_delta(decoder, path) <= 1e-4


@pytest.mark.parametrize("masked", [(False, False), (True, False), (False, True), (True, True)])
@torch.no_grad()
def test_plain_attention_is_pytorchs(masked: tuple[bool, bool]) -> None:
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(8, 2).eval()
    query, memory = torch.randn(4, 3, 8), torch.randn(5, 3, 8)
    blocked = torch.rand(4, 5) < 0.3 if masked[0] else None
    absent = torch.tensor([[False] * 5, [False, False, True, True, True], [False] * 4 + [True]]) if masked[1] else None
    if blocked is not None:
        blocked[:, 0] = False
    expected = theirs(query, memory, memory, key_padding_mask=absent, attn_mask=blocked)[0]
    ours, weights = PlainAttention(theirs)(query, memory, memory, key_padding_mask=absent, attn_mask=blocked, need_weights=False)
    torch.testing.assert_close(ours, expected)
    assert weights is None
