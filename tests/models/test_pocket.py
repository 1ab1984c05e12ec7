"""The pocket model starts as the tag bridge, to the number, and every weight can learn."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from hearken.audio.pooling import mean_and_slope  # noqa: E402
from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import FrameTransformer, PocketAudio, PocketText, slope_of  # noqa: E402


@pytest.fixture
def audio() -> PocketAudio:
    torch.manual_seed(0)
    return PocketAudio(MobileNetV3(width=0.4, num_tags=5).eval(), torch.eye(5, 8)).eval()


def test_starts_as_probabilities_times_tag_vectors(audio: PocketAudio) -> None:
    pooled = torch.randn(3, 384)
    probabilities = torch.sigmoid(audio.tagger.tags(audio.tagger.hidden(pooled)))
    expected = torch.cat([probabilities, torch.zeros(3, 3)], dim=1) / probabilities.norm(dim=1, keepdim=True)
    torch.testing.assert_close(audio.head(pooled), expected)


def test_forward_is_head_of_mean_and_slope(audio: PocketAudio) -> None:
    mel = torch.randn(2, 64, 128)
    frames = audio.frames(mel)
    torch.testing.assert_close(audio(mel), audio.head(frames.mean(1), slope_of(frames)))


def test_the_slope_is_that_of_the_runtime() -> None:
    frames = torch.randn(2, 7, 5)
    expected = torch.stack([torch.from_numpy(mean_and_slope(clip.numpy())[5:]) for clip in frames])
    torch.testing.assert_close(slope_of(frames), expected)


def test_without_a_slope_nothing_is_turned(audio: PocketAudio) -> None:
    pooled = torch.randn(3, 384)
    torch.testing.assert_close(audio.head(pooled, torch.zeros(3, 384)), audio.head(pooled))


def test_two_orders_differ_by_the_sign_of_the_turn(audio: PocketAudio) -> None:
    """What both have in common is the content; what they differ by is the turn of one course, and of its opposite."""
    pooled, slope = torch.randn(2, 384), torch.randn(2, 384)
    content = audio.head(pooled)
    course = audio.turn(audio.head(pooled + slope / 2) - audio.head(pooled - slope / 2))
    assert course.norm(dim=1).min() > 0.01
    torch.testing.assert_close(audio.head(pooled, slope), nn.functional.normalize(content + course, dim=-1))
    torch.testing.assert_close(audio.head(pooled, -slope), nn.functional.normalize(content - course, dim=-1))


def test_a_transformer_over_frames_starts_as_the_identity_and_learns() -> None:
    transformer, frames = FrameTransformer(12, num_layers=1, num_heads=3), torch.randn(2, 5, 12)
    torch.testing.assert_close(transformer(frames), frames)
    audio = PocketAudio(MobileNetV3(width=0.4, num_tags=5).eval(), torch.eye(5, 8), num_layers=1)
    audio(torch.randn(1, 64, 128))[:, 0].sum().backward()
    assert audio.transformer is not None
    assert audio.transformer.out.weight.grad is not None


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


def test_where_there_is_a_sense_the_course_of_the_words_counts() -> None:
    """Of two words the slope is half their difference; backwards it is opposite, and so is what the turn adds."""
    text = PocketText(Stub(), dim=4)
    nn.init.constant_(text.sense.bias, 0.5)
    text.transformer.forward = lambda input_ids, attention_mask: (nn.functional.one_hot(input_ids, 4).float(),)  # type: ignore[method-assign]
    forwards, backwards = text(torch.tensor([[0, 1], [1, 0]]), torch.ones(2, 2, dtype=torch.int64))
    late, early = (nn.functional.normalize(torch.tensor(row), dim=0) for row in ([0.25, 0.75, 0.0, 0.0], [0.75, 0.25, 0.0, 0.0]))
    content, turned = torch.tensor([0.5**0.5, 0.5**0.5, 0.0, 0.0]), 0.5 * text.turn(late - early)
    torch.testing.assert_close(forwards, nn.functional.normalize(content + turned, dim=0))
    torch.testing.assert_close(backwards, nn.functional.normalize(content - turned, dim=0))
    assert turned.norm() > 0.1


def test_both_towers_start_with_the_same_turn(audio: PocketAudio) -> None:
    torch.testing.assert_close(audio.turn.weight, PocketText(Stub(), dim=8).turn.weight)
