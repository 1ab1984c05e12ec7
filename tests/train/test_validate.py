"""Figures by hand, and the same figures again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from hearken.errors import DataError
from hearken.losses.table import build_loss
from hearken.train import validate
from hearken.train.validate import Embedded, embed, figures, loss_of
from tests.train.small import TEXTS, model


class Sounds:
    """Five clips of noise, the third of which cannot be read; the first two share a caption."""

    name = "noise"
    clips = tuple("abcde")
    queries = TEXTS[:4]
    relevant = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]], bool)

    def sounds(self, start: int = 0) -> Iterator[tuple[int, np.ndarray]]:
        for number in (0, 1, 3, 4):
            sound = np.random.default_rng(number).standard_normal(9_000 + 3_000 * number).astype(np.float32) / 10
            sound.flags.writeable = False
            yield number, sound


def test_what_cannot_be_read_is_left_out() -> None:
    embedded = embed(model(), Sounds())  # type: ignore[arg-type]
    assert embedded.audio.shape == (4, 24)
    assert embedded.text.shape == (3, 24)
    assert embedded.relevant.tolist() == [[True, True, False, False], [False, False, True, False], [False, False, False, True]]


def test_clips_do_not_change_each_other_and_the_mode_is_put_back() -> None:
    dual = model(dropout=True, patchout=[2, 1])
    dual.train()
    dual.text.eval()
    one, again = (embed(dual, Sounds()) for _ in range(2))  # type: ignore[arg-type]
    assert np.array_equal(one.audio, again.audio)
    assert dual.training
    assert dual.audio.encoder.training
    assert not dual.text.training
    alone = dual.eval().encode_audio(torch.tensor(dict(Sounds().sounds())[3])[None])[0]
    np.testing.assert_allclose(alone.detach().numpy(), one.audio[2], atol=1e-5)


def test_figures_by_hand() -> None:
    audio = np.eye(3, dtype=np.float32)
    text = np.array([[0.9, 0.1, 0.0], [0.8, 0.5, 0.0], [0.0, 0.2, 0.9], [0.7, 0.0, 0.1]], np.float32)  # scores, as audio is the identity
    relevant = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], bool)
    found = figures(Embedded(audio, text, relevant))
    assert found["t2a_mAP@10"] == pytest.approx((1 + 1 / 2 + 1 + 1 / 2) / 4)
    assert found["t2a_R@1"] == 0.5
    assert found["t2a_R@5"] == 1.0
    # clip 0 ranks texts 0, 1, 3, 2; clip 1: 1, 2, 0, 3; clip 2: 2, 3, then the rest
    assert found["a2t_mAP@10"] == pytest.approx(1.0)
    assert found["a2t_R@1"] == 1.0
    unasked = figures(Embedded(audio, text[:3][:2], relevant[:2]))
    assert unasked["a2t_R@1"] == 1.0, "a clip without a query is no query either"


def test_the_loss_is_the_mean_over_pairs() -> None:
    unit = torch.nn.functional.normalize(torch.randn(6, 8, generator=torch.Generator().manual_seed(1)), dim=-1).numpy()
    embedded = Embedded(unit[:3], unit[3:], np.eye(3, dtype=bool))
    loss, temperature = build_loss("nt_xent"), torch.tensor(0.1)
    scores = torch.from_numpy(embedded.scores) / 0.1
    whole = (torch.nn.functional.cross_entropy(scores, torch.arange(3)) + torch.nn.functional.cross_entropy(scores.T, torch.arange(3))) / 2
    assert loss_of(loss, embedded, temperature, batch=8, seed=0) == pytest.approx(float(whole), rel=1e-5)

    def of_two(pair: list[int]) -> float:
        part = scores[pair][:, pair]
        both = torch.nn.functional.cross_entropy(part, torch.arange(2)) + torch.nn.functional.cross_entropy(part.T, torch.arange(2))
        return 2 * float(both) / 2 / 3  # the pair that is left alone costs nothing

    found = {loss_of(loss, embedded, temperature, batch=2, seed=seed) for seed in range(12)}
    expected = [of_two(pair) for pair in ([0, 1], [0, 2], [1, 2])]
    assert all(any(value == pytest.approx(each, rel=1e-5) for each in expected) for value in found)
    assert len({round(value, 5) for value in found}) > 1, "the order is not drawn"


def test_fault_T5_where_nothing_can_be_read_there_is_nothing_to_tell() -> None:
    class Silent(Sounds):
        def sounds(self, start: int = 0) -> Iterator[tuple[int, np.ndarray]]:
            yield from ()

    with pytest.raises(DataError, match="None of the 5 clips of noise can be read"):
        embed(model(), Silent())  # type: ignore[arg-type]


def test_the_loss_knows_what_belongs_together() -> None:
    """Two clips have one caption: by clip they are wrong for each other and the loss is ln 2, by caption none is wrong."""
    same = np.array([[1.0, 0.0]], np.float32)
    embedded = Embedded(audio=np.repeat(same, 2, axis=0), text=same, relevant=np.array([[True, True]]))
    loss = build_loss("nt_xent", same_clip="removed")
    by_clip, by_caption = (
        loss_of(loss, embedded, torch.tensor(1.0), batch=2, seed=0, positives=positives) for positives in ("clip", "caption")
    )
    assert by_clip == pytest.approx(np.log(2))
    assert by_caption == pytest.approx(0.0, abs=1e-6)


def test_a_long_sound_is_not_padded_to_by_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "_SAMPLES_AT_ONCE", 100)
    sounds = [(number, np.zeros(length, np.float32)) for number, length in enumerate([10, 20, 30, 90, 10, 10, 200, 5] + [1] * 20)]
    groups = [[len(samples) for _, samples in group] for group in validate.grouped(iter(sounds))]
    assert groups == [[10, 20, 30], [90], [10, 10], [200], [5] + [1] * 15, [1] * 5]
