"""Label smoothing against ACT's own numbers, and against sums made by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.errors import InputError  # noqa: E402
from hearken.losses.label_smoothing import CrossEntropy, LabelSmoothing  # noqa: E402

with np.load(Path(__file__).parents[1] / "golden" / "models" / "act.npz") as data:
    PRED, TARGET = torch.from_numpy(data["ls.pred"]), torch.from_numpy(data["ls.target"])
    PLAIN, IGNORING = float(data["ls.loss_smooth0.1"]), float(data["ls.loss_smooth0.1_ignore9"])


def test_golden() -> None:
    assert LabelSmoothing(0.1)(PRED, TARGET).item() == pytest.approx(PLAIN, rel=1e-6)
    assert LabelSmoothing(0.1, average="rows")(PRED, TARGET).item() == pytest.approx(PLAIN, rel=1e-6)
    assert LabelSmoothing(0.1, 9, "rows")(PRED, TARGET).item() == pytest.approx(IGNORING, rel=1e-6)


def test_the_mean_over_rows_that_count() -> None:
    """One of the six targets is token 9: the same sum over five rows instead of six."""
    assert (TARGET == 9).sum() == 1
    assert LabelSmoothing(0.1, 9)(PRED, TARGET).item() == pytest.approx(IGNORING * 6 / 5, rel=1e-6)


def test_by_hand() -> None:
    """Three tokens with probabilities 1/2, 1/4, 1/4; the first is right: -(0.8 ln 1/2 + 0.1 ln 1/4 + 0.1 ln 1/4) = 1.2 ln 2."""
    logits, target = torch.tensor([[0.5, 0.25, 0.25]]).log(), torch.tensor([0])
    assert LabelSmoothing(0.2)(logits, target).item() == pytest.approx(1.2 * math.log(2))
    assert CrossEntropy()(logits, target).item() == pytest.approx(math.log(2))
    # token 2 ignored: nobody is asked for it any more
    assert LabelSmoothing(0.2, 2)(logits, target).item() == pytest.approx((0.8 + 0.2) * math.log(2))


def test_without_smoothing_it_is_torch_s_cross_entropy() -> None:
    assert torch.equal(LabelSmoothing(0.0)(PRED, TARGET), CrossEntropy()(PRED, TARGET))
    reference = torch.nn.functional.cross_entropy
    assert CrossEntropy()(PRED, TARGET).item() == pytest.approx(reference(PRED, TARGET).item(), rel=1e-6)
    assert CrossEntropy(9)(PRED, TARGET).item() == pytest.approx(reference(PRED, TARGET, ignore_index=9).item(), rel=1e-6)


def test_rows_that_do_not_count_change_nothing_and_get_no_gradient() -> None:
    logits = PRED.clone().requires_grad_()
    counted = torch.tensor([True, True, False, True, False, True])
    loss = LabelSmoothing(0.1)(logits, TARGET, counted)
    assert loss.item() == pytest.approx(LabelSmoothing(0.1)(PRED[counted], TARGET[counted]).item(), rel=1e-6)
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[~counted].abs().max() == 0 < logits.grad[counted].abs().min()


def test_where_no_row_counts() -> None:
    logits = PRED.clone().requires_grad_()
    loss = LabelSmoothing(0.1)(logits, TARGET, torch.zeros(6, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.abs().max() == 0


def test_half_precision_is_widened() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        loss = LabelSmoothing(0.1)(PRED.bfloat16(), TARGET)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(LabelSmoothing(0.1)(PRED.bfloat16().float(), TARGET).item(), rel=1e-6)


def test_what_makes_no_sense() -> None:
    for bad in (-0.1, 1.0, float("nan")):
        with pytest.raises(InputError, match="smoothed"):
            LabelSmoothing(bad)
    with pytest.raises(InputError, match="ignored"):
        LabelSmoothing(ignore=-100)
    with pytest.raises(InputError, match="no mean"):
        LabelSmoothing(average="sum")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"\(6, 20\) and \(5,\)"):
        LabelSmoothing()(PRED, TARGET[:5])
    with pytest.raises(InputError, match="shapes"):
        LabelSmoothing()(PRED[None], TARGET)
    with pytest.raises(InputError, match="shapes"):
        LabelSmoothing()(PRED, TARGET, torch.ones(5, dtype=torch.bool))
