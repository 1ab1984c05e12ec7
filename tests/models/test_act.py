"""ACT's encoder is the authors': names, sizes, every golden number; deliberate faults turn the same checks red."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import ACT_LOGMEL  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.models.act import Act  # noqa: E402
from hearken.models.audio_table import build_audio, build_tower  # noqa: E402
from hearken.models.config import AudioConfig  # noqa: E402
from tests.golden.filling import HERE, assert_close, fill, wave  # noqa: E402
from tests.models.golden_act import CASES, encoder, golden, mel  # noqa: E402

PREFIX = "encoder."


@pytest.fixture(autouse=True)
def no_gradients() -> object:
    with torch.no_grad():
        yield


def small() -> Act:
    """One narrow block: enough for behaviour that does not depend on size."""
    return fill(Act(1, 32, 2))


def test_names_shapes_and_types_are_those_of_the_file() -> None:
    keys = json.loads((HERE / "models" / "keys.json").read_text())["act"]
    with torch.device("meta"):
        state = build_audio("act").state_dict()
    ours = [
        (PREFIX + key, [list(tensor.shape), str(tensor.dtype).removeprefix("torch."), tensor.ndim > 0]) for key, tensor in state.items()
    ]
    assert ours == [(key, facts) for key, facts in keys.items() if key.startswith(PREFIX)]


def test_size_by_hand() -> None:
    """12 blocks of 12 d^2 + 13 d, patches (256 + 1) d, positions and class token 127 d, the head's norm and 527 tags, bn0's 2 * 64."""
    for name, depth, d in (("act", 12, 768), ("act_tiny", 4, 192)):
        with torch.device("meta"):
            count = sum(parameter.numel() for parameter in build_audio(name).parameters())
        assert count == depth * (12 * d * d + 13 * d) + 257 * d + 127 * d + 2 * d + 527 * (d + 1) + 128


@pytest.mark.parametrize("case", CASES)
def test_golden_numbers(case: str) -> None:
    data, net, sound = golden(), encoder(), mel(case)
    assert_close(data, f"{case}.patch", net.patch_embed(net.normalised(sound)))
    x = net.tokens_in(sound)
    assert_close(data, f"{case}.tokens_in", x)
    x = net.blocks(x)
    assert_close(data, f"{case}.blocks", x)
    head = net.mlp_head(x)
    assert_close(data, f"{case}.head527", head)
    assert net.token_dim == head.shape[-1] == 527
    tokens = net.tokens(sound)
    assert torch.equal(tokens, head)
    embedding = net(sound)
    torch.testing.assert_close(embedding, x[:, 0], rtol=0, atol=1e-5)
    torch.testing.assert_close(net.tag_logits(embedding), tokens[:, 0], rtol=0, atol=1e-5)


class TestFaults:
    def test_patches_band_by_band(self) -> None:
        net, x = encoder(), encoder().normalised(mel("t300"))
        wrong = net.patch_embed.proj(x.unflatten(1, (-1, 4)).transpose(2, 3).flatten(2))
        with pytest.raises(AssertionError):
            assert_close(golden(), "t300.patch", wrong)

    def test_the_class_token_last(self) -> None:
        x = encoder().tokens_in(mel("t300"))
        with pytest.raises(AssertionError):
            assert_close(golden(), "t300.tokens_in", torch.roll(x, -1, 1))

    def test_gelu_by_tanh(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for _, block in encoder().blocks.layers:
            monkeypatch.setattr(block.fn.mlp.gelu, "approximate", "tanh")
        with pytest.raises(AssertionError):
            assert_close(golden(), "t300.blocks", encoder().blocks(encoder().tokens_in(mel("t300"))))

    def test_norms_with_another_epsilon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Golden weights make large residuals, so one in a thousand is needed to show: it is the head's and each block's, not a rounding."""
        for module in encoder().modules():
            if isinstance(module, torch.nn.LayerNorm):
                monkeypatch.setattr(module, "eps", 1e-3)
        with pytest.raises(AssertionError):
            assert_close(golden(), "t300.head527", encoder().tokens(mel("t300")))


def test_frames_that_the_authors_do_not_feed_change_nothing() -> None:
    """A clip of ten seconds has 501 frames; the last is dropped, and whatever does not fill a patch."""
    net, generator = small(), torch.Generator().manual_seed(0)
    sound = torch.randn(2, 511, 64, generator=generator) * 20 - 40
    ten = net.tokens(sound[:, :500])
    assert ten.shape == (2, 126, 527)
    for frames in (501, 503, 511):
        assert torch.equal(net.tokens(sound[:, :frames]), ten)
    for frames, places in ((4, 2), (7, 2), (8, 3), (499, 125)):
        assert net.tokens(sound[:, :frames]).shape[1] == places
    assert torch.equal(net.tokens(sound[:, :7]), net.tokens(sound[:, :4]))
    first = net.tokens_in(sound[:, :40])[:, :5]  # the first positions, wherever it ends
    torch.testing.assert_close(first, net.tokens_in(sound[:, :16]), rtol=0, atol=1e-5)


def test_too_short_input_is_a_clear_error() -> None:
    with pytest.raises(InputError, match="at least 4"):
        small().tokens(torch.zeros(1, 3, 64))
    with pytest.raises(InputError, match="64 mel bands"):
        small()(torch.zeros(1, 64, 500))


def test_ten_seconds_of_sound_are_one_segment() -> None:
    tower = build_tower(AudioConfig("act_tiny"))
    assert (tower.encoder.front_end, tower.rate_hz, tower.token_dim, tower.dim) == (ACT_LOGMEL, 32_000, 527, 192)
    sound = torch.from_numpy(wave(3, 10 * 32_000))[None]
    heard = tower.tokens(sound)
    assert heard.values.shape == (1, 126, 527)
    assert torch.equal(heard.values, tower.encoder.tokens(tower.front_end(sound)))


def test_it_is_deterministic_in_evaluation_and_drops_out_in_training() -> None:
    net, sound = small(), mel("t300")
    assert torch.equal(net.tokens(sound), net.tokens(sound))
    net.train()
    assert not torch.equal(net.tokens(sound), net.tokens(sound))
    plain = Act(1, 32, 2, dropout=0.0).train()
    assert torch.equal(plain.tokens(sound), plain.tokens(sound))


def test_masks_act_behind_the_normalisation_and_in_training_alone() -> None:
    net, sound, seen = fill(Act(1, 32, 2, dropout=0.0)), mel("t300"), []

    def masks(x: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(x.shape))
        return torch.zeros_like(x)

    net.augment = masks
    plain = net.tokens(sound)
    assert not seen
    net.train()
    blanked = net.tokens(sound)
    assert seen == [(1, 1, 300, 64)]
    assert not torch.allclose(blanked, plain)
    assert np.allclose(net.normalised(sound), 0)


def test_every_parameter_learns() -> None:
    net = small().train()
    with torch.enable_grad():
        net.tokens(mel("t500")).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.abs().max() > 0 for parameter in net.parameters())
