"""Wavegram-Logmel-CNN14 is the authors' network."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.models.panns_wavegram import WavegramLogmelCnn14  # noqa: E402
from tests.golden.filling import fill_zoo  # noqa: E402
from tests.models.golden_panns import ZOO_WAVE, assert_places, assert_public_keys, assert_zoo, mels, num_parameters, replaced  # noqa: E402

NAME = "Wavegram_Logmel_Cnn14"


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return fill_zoo(WavegramLogmelCnn14())


def test_numbers_keys_and_parameters(network: nn.Module) -> None:
    assert_public_keys(network, NAME)
    assert num_parameters(network) == 81_065_487 + 1_083_456
    assert_zoo(network, NAME)


def test_both_inputs_count(network: nn.Module) -> None:
    assert network.needs_wave
    mel = mels(ZOO_WAVE.numpy())
    with torch.inference_mode():
        whole = network(mel, ZOO_WAVE)
        assert (network(mel, ZOO_WAVE.flip(0)) - whole).abs().max() > 0.01
        assert (network(mel.flip(0), ZOO_WAVE) - whole).abs().max() > 0.01
    with pytest.raises(InputError, match="reads the waveform"):
        network(mel)


@pytest.mark.parametrize("wave", [torch.zeros(2, 60_000), torch.zeros(1, 64_000), torch.zeros(2, 1, 64_000), torch.zeros(2, 0)])
def test_sound_of_another_spectrogram_is_refused(network: nn.Module, wave: torch.Tensor) -> None:
    with pytest.raises(InputError, match="does not belong to 2 spectrograms of 201 frames"):
        network(torch.zeros(2, 201, 64), wave)


def test_the_shortest_sound(network: nn.Module) -> None:
    with torch.inference_mode():
        assert network(torch.zeros(1, 33, 64), torch.zeros(1, 10_240)).shape == (1, 2048)
    with pytest.raises(InputError, match="at least 33"):
        network(torch.zeros(1, 32, 64), torch.zeros(1, 10_239))


@pytest.mark.parametrize("name", ["pre_block1.conv2", "pre_bn0", "pre_block4.bn2"])
def test_another_part_would_show(network: nn.Module, name: str) -> None:
    before = replaced(network, name, nn.Identity())
    with pytest.raises(AssertionError):
        assert_zoo(network, NAME)
    replaced(network, name, before)


def test_maps_joined_the_other_way_would_show(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    cat = torch.cat
    monkeypatch.setattr(torch, "cat", lambda tensors, dim: cat(tensors[::-1], dim=dim))
    with pytest.raises(AssertionError):
        assert_zoo(network, NAME)


@pytest.mark.parametrize("num_samples", [52_345, 64_001, 20_480])
def test_any_length_of_sound(network: nn.Module, num_samples: int) -> None:
    wave = ZOO_WAVE[:1].repeat(1, 2)[:, :num_samples]
    with torch.inference_mode():
        assert network(mels(wave.numpy()), wave).shape == (1, 2048)


def test_the_wavegram_has_a_frame_for_640_samples(network: nn.Module) -> None:
    with torch.inference_mode():
        assert network.wavegram(ZOO_WAVE).shape == (2, 64, 100, 32)


def test_places_before_pooling(network: nn.Module) -> None:
    assert_places(network, 6, mels(ZOO_WAVE.numpy()), ZOO_WAVE)
