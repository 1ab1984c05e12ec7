"""The decoder "cross" is ACT's: names, and every golden number; deliberate faults turn the same checks red."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.models.config import DecoderConfig  # noqa: E402
from hearken.models.decoder import CrossDecoder, Heard, build_decoder  # noqa: E402
from tests.golden.filling import HERE, assert_close, fill  # noqa: E402
from tests.models.golden_act import CASES, WORDS, decoder, golden, heard  # noqa: E402


@pytest.fixture(autouse=True)
def no_gradients() -> object:
    with torch.no_grad():
        yield


def tokens(case: str) -> torch.Tensor:
    return torch.from_numpy(golden()[f"{case}.tokens"]).long()


def behind(case: str) -> torch.Tensor:
    """Where captions have ended (B, W)."""
    lengths = torch.from_numpy(golden()[f"{case}.token_lens"])
    return torch.arange(tokens(case).shape[1]) >= lengths[:, None]


def test_names_shapes_and_types_are_those_of_the_file() -> None:
    """All that is no encoder, but the table of positions, which the network makes."""
    keys = json.loads((HERE / "models" / "keys.json").read_text())["act"]
    with torch.device("meta"):
        state = build_decoder(DecoderConfig(), WORDS, 527).state_dict()
    ours = [(key, [list(tensor.shape), str(tensor.dtype).removeprefix("torch."), True]) for key, tensor in state.items()]
    assert ours == [(key, facts) for key, facts in keys.items() if not key.startswith(("encoder.", "pos_encoder."))]


@pytest.mark.parametrize("case", CASES)
def test_golden_numbers(case: str) -> None:
    data, net = golden(), decoder()
    memory = torch.relu(net.encoder_linear(heard(case).values)).transpose(0, 1)
    assert_close(data, f"{case}.encoded", memory)
    assert_close(data, f"{case}.encoded_first", memory[:4])
    assert_close(data, f"{case}.dec_logits", net(tokens(case), heard(case)).transpose(0, 1))
    assert_close(data, f"{case}.dec_logits_padmask", net(tokens(case), heard(case), behind(case)).transpose(0, 1))


def test_a_caption_that_ended_is_masked_in_the_golden_batch() -> None:
    assert behind("t500").any()


class TestFaults:
    @pytest.mark.parametrize("changed", [{"num_heads": 4}, {"num_layers": 3}])
    def test_another_shape(self, changed: dict[str, int]) -> None:
        net = fill(CrossDecoder(replace(DecoderConfig(), **changed), WORDS, 527))
        with pytest.raises(AssertionError):
            assert_close(golden(), "t300.dec_logits", net(tokens("t300"), heard("t300")).transpose(0, 1))

    def test_words_not_scaled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(decoder(), "width", 1)
        self.red()

    def test_positions_one_further(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(decoder()._buffers, "positions", torch.roll(decoder().positions, 1, 0))
        self.red()

    def test_no_relu(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch, "relu", lambda x: x)
        self.red()

    def red(self) -> None:
        with pytest.raises(AssertionError):
            assert_close(golden(), "t300.dec_logits", decoder()(tokens("t300"), heard("t300")).transpose(0, 1))


def small() -> CrossDecoder:
    return fill(CrossDecoder(DecoderConfig(width=16, num_layers=2, num_heads=2, hidden=32), 11, 6))


def drawn(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


def test_no_word_sees_a_later_one() -> None:
    net, sound = small(), Heard(drawn(2, 5, 6))
    first, second = torch.tensor([[0, 3, 4, 5], [0, 7, 8, 9]]), torch.tensor([[0, 3, 10, 5], [0, 7, 8, 1]])
    one, two = net(first, sound), net(second, sound)
    torch.testing.assert_close(one[0, :2], two[0, :2], rtol=0, atol=1e-6)
    torch.testing.assert_close(one[1, :3], two[1, :3], rtol=0, atol=1e-6)
    assert not torch.allclose(one[0, 2], two[0, 2])
    torch.testing.assert_close(net(first[:, :2], sound), one[:, :2], rtol=0, atol=1e-5)


def test_places_that_are_not_there_are_not_heard() -> None:
    net, places, words = small(), drawn(2, 5, 6), torch.tensor([[0, 3], [0, 7]])
    padding = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    whole = net(words, Heard(places, padding))
    torch.testing.assert_close(whole[1:], net(words[1:], Heard(places[1:, :3])), rtol=0, atol=1e-5)
    louder = places.clone()
    louder[1, 3:] = 100.0
    torch.testing.assert_close(net(words, Heard(louder, padding)), whole, rtol=0, atol=1e-6)
    assert not torch.allclose(net(words, Heard(louder)), whole)
