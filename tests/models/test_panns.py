"""Cnn6, Cnn10 and Cnn14 are the authors' networks, and each mistake that one could make in them would show."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from hearken.audio.front_ends import MSCLAP2022_LOGMEL_44K, PANNS_LOGMEL_16K  # noqa: E402
from hearken.models import conv_blocks, panns  # noqa: E402
from hearken.models.panns import Cnn6, Cnn10, Cnn14, Cnn14DecisionLevelMax, Cnn14Wavcaps, PannsEncoder  # noqa: E402
from tests.golden.filling import fill, fill_zoo, waves  # noqa: E402
from tests.models.golden_panns import (  # noqa: E402
    ZOO_WAVE,
    assert_models,
    assert_places,
    assert_public_keys,
    assert_zoo,
    mels,
    num_parameters,
    outputs,
    replaced,
)


@pytest.fixture(scope="module")
def cnn10() -> nn.Module:
    return fill(Cnn10())


@pytest.fixture(scope="module")
def cnn14() -> nn.Module:
    return Cnn14()


@pytest.mark.parametrize(("case", "seed", "count", "num_samples"), [("a", 1000, 2, 64_000), ("b", 1005, 1, 52_345)])
def test_cnn10_layer_by_layer(cnn10: PannsEncoder, case: str, seed: int, count: int, num_samples: int) -> None:
    assert_models(cnn10, outputs("models", "panns_cnn10"), case, waves(seed, count, num_samples))


@pytest.mark.parametrize(("case", "seed", "count", "num_samples"), [("a", 1010, 2, 64_000), ("b", 1015, 1, 52_345)])
def test_cnn14_layer_by_layer(cnn14: PannsEncoder, case: str, seed: int, count: int, num_samples: int) -> None:
    assert_models(fill(cnn14), outputs("models", "panns_cnn14"), case, waves(seed, count, num_samples))


def test_a_pooled_last_block_would_show(cnn14: PannsEncoder) -> None:
    block = fill(cnn14).get_submodule("conv_block6")
    block.pool = (2, 2)
    with pytest.raises(AssertionError):
        assert_models(cnn14, outputs("models", "panns_cnn14"), "b", waves(1015, 1, 52_345))
    block.pool = (1, 1)


def test_zoo_and_public_keys(cnn14: PannsEncoder) -> None:
    for name, network in (("Cnn6", Cnn6()), ("Cnn10", Cnn10()), ("Cnn14", cnn14)):
        assert_public_keys(network, name)
        assert_zoo(fill_zoo(network), name)


def test_a_narrow_cnn10_differs_in_size_alone() -> None:
    """Cnn10 with 16 channels first: 9 cells of every kernel, batch norms, two layers."""
    narrow = Cnn10(width=16)
    sizes = (1, 16, 32, 64, 128)
    blocks = sum(9 * (a * b + b * b) + 4 * b for a, b in pairwise(sizes))
    assert sum(parameter.numel() for parameter in narrow.parameters()) == blocks + 2 * 64 + 128 * 129 + 527 * 129 == 378_335
    assert list(narrow.state_dict()) == list(Cnn10().state_dict())
    assert (narrow.dim, narrow(torch.zeros(1, 32, 64)).shape) == (128, (1, 128))


def test_decision_level_max(cnn14: PannsEncoder) -> None:
    network = Cnn14DecisionLevelMax()
    network.load_state_dict(cnn14.state_dict())
    network.eval()
    assert_public_keys(network, "Cnn14_DecisionLevelMax")
    fill_zoo(network)
    mel = mels(ZOO_WAVE.numpy())
    golden = outputs("zoo", "panns_Cnn14_DecisionLevelMax_out")["clipwise_output"]
    with torch.inference_mode():
        chances = network.framewise(mel)
        np.testing.assert_allclose(network.clipwise_logits(mel).sigmoid().numpy(), golden, rtol=0, atol=1e-5)
        np.testing.assert_allclose(chances.amax(1).numpy(), golden, rtol=0, atol=1e-5)
        assert chances.shape == (2, 201, 527)
        assert torch.equal(chances[:, 160:192].unique(dim=1), chances[:, 160:161])  # 32 frames are one moment
        assert torch.equal(chances[:, 192:], chances[:, 191:192].expand(-1, 9, -1))  # and the rest repeats the last
        assert network.framewise(mel[:, :192]).shape == (2, 192, 527)
        assert network(mel).shape == (2, 2048)
        mean = network.tag_logits(network(mel)).sigmoid().numpy()
        with pytest.raises(AssertionError):  # the mean over time is something else
            np.testing.assert_allclose(mean, golden, rtol=0, atol=1e-5)


def test_wavcaps_pools_once_more_and_has_no_dense_layers(cnn14: PannsEncoder) -> None:
    fill_zoo(cnn14)
    network = Cnn14Wavcaps().eval()
    network.load_state_dict({key: value for key, value in cnn14.state_dict().items() if not key.startswith("fc")})
    mel = mels(ZOO_WAVE.numpy())
    with torch.inference_mode():
        x = functional.avg_pool2d(cnn14.maps(cnn14.normalised(mel), None), 2).mean(3)
        torch.testing.assert_close(network(mel), x.amax(2) + x.mean(2), rtol=1e-6, atol=1e-6)
    assert (network.dim, network.segment_s, network.min_num_frames) == (2048, 30.0, 64)
    with pytest.raises(NotImplementedError):
        network.tag_logits(torch.zeros(1, 2048))


def test_wavcaps_draws_dropout_six_times(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    monkeypatch.setattr(panns.functional, "dropout", lambda x, p, training: (seen.append(p), x)[1])
    Cnn14Wavcaps()(torch.zeros(1, 64, 64))
    assert seen == [0.2] * 6


def test_parameters_are_counted_as_in_the_papers(cnn14: PannsEncoder) -> None:
    assert num_parameters(Cnn6()) == 5_920_911
    assert num_parameters(Cnn10()) == 6_302_735
    assert num_parameters(cnn14) == 81_837_071
    assert sum(parameter.numel() for parameter in cnn14.parameters()) == 81_837_071 - 1_083_456


def off_axis(bn0: nn.BatchNorm2d) -> Callable[[Tensor], Tensor]:
    """Statistics of the whole spectrogram, as of a single channel, where each mel band has its own."""
    first = bn0.running_mean[:1], bn0.running_var[:1], bn0.weight[:1], bn0.bias[:1]
    return lambda mel: functional.batch_norm(mel.unsqueeze(1), *first, training=False)


def test_a_wrong_axis_of_bn0_would_show(cnn10: PannsEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cnn10, "normalised", off_axis(cnn10.bn0))
    with pytest.raises(AssertionError):
        assert_models(cnn10, outputs("models", "panns_cnn10"), "b", waves(1005, 1, 52_345))


def test_wrong_pooling_in_a_block_would_show(cnn10: PannsEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv_blocks, "pooled", functional.max_pool2d)
    with pytest.raises(AssertionError):
        assert_models(cnn10, outputs("models", "panns_cnn10"), "b", waves(1005, 1, 52_345))


@pytest.mark.parametrize("kept", ["amax", "mean"])
def test_pooling_over_time_with_one_of_both_would_show(cnn10: PannsEncoder, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    def hidden(mel: Tensor, wave: Tensor | None = None) -> Tensor:
        x = cnn10.maps(cnn10.normalised(mel), wave).mean(3)
        return cnn10.layer(getattr(x, kept)(2))

    monkeypatch.setattr(cnn10, "hidden", hidden)
    with pytest.raises(AssertionError):
        assert_models(cnn10, outputs("models", "panns_cnn10"), "b", waves(1005, 1, 52_345))


def test_another_eps_would_show(cnn10: PannsEncoder) -> None:
    norm = cnn10.get_submodule("conv_block1.bn1")
    assert norm.eps == cnn10.bn0.eps == 1e-5  # below the tolerance it could not be told from 1e-6, so it is said here
    norm.eps = 1e-3
    with pytest.raises(AssertionError):
        assert_models(cnn10, outputs("models", "panns_cnn10"), "b", waves(1005, 1, 52_345))
    norm.eps = 1e-5


def test_a_missing_batch_norm_would_show(cnn10: PannsEncoder) -> None:
    before = replaced(cnn10, "conv_block3.bn2", nn.Identity())
    with pytest.raises(AssertionError):
        assert_models(cnn10, outputs("models", "panns_cnn10"), "b", waves(1005, 1, 52_345))
    replaced(cnn10, "conv_block3.bn2", before)


def test_dropout_only_while_training(cnn10: PannsEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, bool]] = []

    def dropout(x: Tensor, p: float, training: bool) -> Tensor:
        seen.append((p, training))
        return x

    monkeypatch.setattr(panns.functional, "dropout", dropout)
    mel = torch.zeros(1, 64, 64)
    cnn10(mel)
    Cnn10().train()(torch.zeros(2, 64, 64))
    chances = [0.2, 0.2, 0.2, 0.2, 0.5, 0.5]
    assert seen == [(p, False) for p in chances] + [(p, True) for p in chances]


def test_augmentation_sees_the_normalised_spectrogram_while_training(cnn10: PannsEncoder) -> None:
    seen: list[torch.Size] = []
    network = Cnn10()
    network.augment = lambda x: (seen.append(x.shape), torch.zeros_like(x))[1]
    mel = torch.randn(2, 48, 64, generator=torch.Generator().manual_seed(0))
    assert not network.train().normalised(mel).any()
    assert network.eval().normalised(mel).any()
    assert seen == [(2, 1, 48, 64)]


def test_gradients_reach_every_weight() -> None:
    network = Cnn10().train()
    mel = torch.randn(2, 64, 64, generator=torch.Generator().manual_seed(0))
    network.tag_logits(network(mel)).sum().backward()
    assert [name for name, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.isfinite().all()] == []


def test_other_front_ends_and_sizes() -> None:
    with torch.device("meta"):
        assert Cnn14(PANNS_LOGMEL_16K).front_end.rate_hz == 16_000
        network = Cnn14(MSCLAP2022_LOGMEL_44K, dim=1024, num_tags=10, segment_s=5.0)
    assert (network.dim, network.segment_s, network.fc_audioset.weight.shape) == (1024, 5.0, (10, 1024))


def test_what_only_subclasses_know() -> None:
    with pytest.raises(NotImplementedError):
        PannsEncoder(PANNS_LOGMEL_16K, 4, 4, 2, 10.0)(torch.zeros(1, 40, 64))


def test_places_before_pooling(cnn10: PannsEncoder) -> None:
    mel = mels(waves(1, 2, 32_000))  # 101 frames
    assert_places(cnn10, 6, mel)
    assert cnn10.token_dim == 512
    with torch.device("meta"):
        assert (Cnn14(dim=1024).token_dim, Cnn14(dim=1024).dim) == (2048, 1024)
    assert_places(fill(Cnn10(width=8)), 6, mel)


def test_places_of_the_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The places of the network that decides for each moment are those moments; the maps before them are drawn here, to be quick."""
    with torch.device("meta"):
        network = Cnn14DecisionLevelMax(dim=24).eval()
    network.fc1 = nn.Linear(2048, 24)
    maps = torch.randn(2, 2048, 5, 2, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(network, "normalised", lambda mel: mel)
    monkeypatch.setattr(network, "maps", lambda x, wave: maps)
    with torch.inference_mode():
        places = network.tokens(torch.zeros(2, 160, 64))
        assert places.shape == (2, 5, network.token_dim)
        torch.testing.assert_close(places.mean(1), network(torch.zeros(2, 160, 64)))
        torch.testing.assert_close(places, network.moments(torch.zeros(2, 160, 64)))
