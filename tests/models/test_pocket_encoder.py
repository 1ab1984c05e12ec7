"""Pocket's ears: mn04 whose batch norms were multiplied into the convolutions, to the number."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from hearken.audio.pooling import mean_and_slope  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket_encoder import PocketEncoder  # noqa: E402


def folded(features: nn.Module) -> list[torch.Tensor]:
    """Weights and biases of the convolutions of `features` with the batch norm behind each multiplied in, in order."""
    found: list[torch.Tensor] = []
    modules = [module for module in features.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d)]
    for conv, norm in zip(modules[::2], modules[1::2], strict=True):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        found += [conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale]
    return found


@torch.no_grad()
def test_it_is_mn04_with_folded_batch_norms() -> None:
    torch.manual_seed(0)
    whole, encoder = MobileNetV3(width=0.4).eval(), PocketEncoder().eval()
    for module in whole.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2.0)
            module.weight.uniform_(0.5, 2.0)
            module.bias.normal_(0, 0.1)
    convolutions = [module for module in encoder.modules() if isinstance(module, nn.Conv2d)]
    ours = [tensor for module in convolutions for tensor in (module.weight, module.bias)]
    for own, other in zip(ours, folded(whole.features), strict=True):
        own.copy_(other)
    pairs = zip(
        (module for module in encoder.modules() if isinstance(module, nn.Linear)),
        (module for module in whole.features.modules() if isinstance(module, nn.Linear)),
        strict=True,
    )
    for own, other in pairs:
        own.load_state_dict(other.state_dict())
    mel = torch.randn(2, 96, 128)
    torch.testing.assert_close(encoder.frames(mel), whole.frames(mel), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(encoder(mel), whole.frames(mel).mean(1), atol=1e-4, rtol=1e-4)
    assert encoder(mel).abs().max() > 0.1, "zeros would prove nothing"


def test_there_is_no_statistic_of_a_batch() -> None:
    encoder = PocketEncoder()
    assert not [module for module in encoder.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    assert list(encoder.buffers()) == []
    mel = torch.randn(3, 64, 128)
    torch.testing.assert_close(encoder.train()(mel)[:1], encoder.eval()(mel[:1]), atol=1e-5, rtol=1e-4)


def test_frames_and_other_widths() -> None:
    assert PocketEncoder().frames(torch.zeros(1, 65, 128)).shape == (1, 3, 384)
    assert PocketEncoder(width=1.0).dim == 960
    with pytest.raises(InputError, match="mel bands"):
        PocketEncoder()(torch.zeros(1, 128, 100))


@torch.no_grad()
def test_it_may_hear_the_slope_too() -> None:
    torch.manual_seed(0)
    encoder, plain, mel = PocketEncoder(hears_slope=True).eval(), PocketEncoder().eval(), torch.randn(2, 200, 128)
    plain.load_state_dict(encoder.state_dict())
    assert (encoder.dim, encoder.token_dim, plain.dim, plain.token_dim) == (768, 384, 384, 384)
    expected = torch.stack([torch.from_numpy(mean_and_slope(frames.numpy())) for frames in plain.frames(mel)])
    torch.testing.assert_close(encoder(mel), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(encoder(mel)[:, :384], plain(mel))
    assert encoder(mel)[:, 384:].abs().max() > 0.01, "zeros would prove nothing"
    torch.testing.assert_close(encoder.tokens(mel), plain.tokens(mel))


@torch.no_grad()
def test_places_are_the_feature_frames() -> None:
    torch.manual_seed(0)
    encoder, mel = PocketEncoder().eval(), torch.randn(2, 200, 128)
    places = encoder.tokens(mel)
    assert places.shape == (2, 7, encoder.token_dim)
    torch.testing.assert_close(places.mean(1), encoder(mel))
    with pytest.raises(InputError, match="128 mel bands"):
        encoder.tokens(mel[:, :, :64])
