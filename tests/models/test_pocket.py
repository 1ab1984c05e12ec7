"""The pocket model starts as the tag bridge, to the number, and every weight can learn."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio, PocketText  # noqa: E402


@pytest.fixture
def audio() -> PocketAudio:
    torch.manual_seed(0)
    return PocketAudio(MobileNetV3(width=0.4, num_tags=5).eval(), torch.eye(5, 8)).eval()


def test_starts_as_probabilities_times_tag_vectors(audio: PocketAudio) -> None:
    pooled = torch.randn(3, 384)
    probabilities = torch.sigmoid(audio.tagger.tags(audio.tagger.hidden(pooled)))
    expected = torch.cat([probabilities, torch.zeros(3, 3)], dim=1) / probabilities.norm(dim=1, keepdim=True)
    torch.testing.assert_close(audio.head(pooled), expected)


def test_forward_is_head_of_mean_frames(audio: PocketAudio) -> None:
    mel = torch.randn(2, 64, 128)
    torch.testing.assert_close(audio(mel), audio.head(audio.frames(mel).mean(1)))


def test_every_audio_weight_gets_a_gradient(audio: PocketAudio) -> None:
    audio(torch.randn(2, 64, 128))[:, 0].sum().backward()
    without = [name for name, p in audio.named_parameters() if p.grad is None]
    assert without == []


class Stub(nn.Module):
    """A transformer whose states are its input numbers, repeated over D = 4."""

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor]:
        return (input_ids.unsqueeze(-1).float() * torch.tensor([1.0, 0.0, 2.0, 0.0]),)


def test_text_is_the_masked_mean_through_an_identity() -> None:
    text = PocketText(Stub(), dim=4)
    out = text(torch.tensor([[3, 5, 99]]), torch.tensor([[1, 1, 0]]))
    torch.testing.assert_close(out, torch.tensor([[1.0, 0.0, 2.0, 0.0]]) / 5**0.5)


def test_padding_changes_nothing() -> None:
    text = PocketText(Stub(), dim=4)
    short = text(torch.tensor([[3, 5]]), torch.tensor([[1, 1]]))
    padded = text(torch.tensor([[3, 5, 0, 0]]), torch.tensor([[1, 1, 0, 0]]))
    torch.testing.assert_close(short, padded)
