"""The table of caption losses is closed, and says what is wrong with a recipe."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.errors import InputError  # noqa: E402
from hearken.losses.captions import CAPTION_LOSSES, build_caption_loss  # noqa: E402
from hearken.losses.table import LOSSES  # noqa: E402


def test_every_entry_can_be_built_and_says_what_it_is() -> None:
    assert list(CAPTION_LOSSES) == ["cross_entropy", "label_smoothing"]
    logits, targets = torch.zeros(3, 4), torch.tensor([0, 1, 2])
    for name, entry in CAPTION_LOSSES.items():
        assert entry.summary
        assert entry.paper
        assert build_caption_loss(name)(logits, targets).item() == pytest.approx(torch.tensor(4.0).log().item())
    assert not set(CAPTION_LOSSES) & set(LOSSES)


def test_options() -> None:
    assert CAPTION_LOSSES["label_smoothing"].options == {"smoothing": 0.1, "ignore": None, "average": "counted"}
    assert CAPTION_LOSSES["cross_entropy"].options == {"ignore": None, "average": "counted"}
    loss = build_caption_loss("label_smoothing", smoothing=0, ignore=3, average="rows")
    assert (loss.smoothing, loss.ignore, loss.average) == (0.0, 3, "rows")


@pytest.mark.parametrize(
    ("name", "options", "said", "hint"),
    [
        ("smooth_labels", {}, "no loss of captions 'smooth_labels'", "label_smoothing"),
        ("nt_xent", {}, "no loss of captions", "Nearest"),
        ("cross_entropy", {"smoothing": 0.1}, "has no option 'smoothing'", "Nearest"),
        ("label_smoothing", {"smoothing": "0.1"}, "cannot be '0.1'", "0.1"),
        ("label_smoothing", {"smoothing": True}, "cannot be True", "0.1"),
        ("label_smoothing", {"ignore": 1.5}, "cannot be 1.5", "None"),
        ("label_smoothing", {"average": 1}, "cannot be 1", "counted"),
        ("label_smoothing", {"average": "sum"}, "no mean over 'sum'", "counted"),
    ],
)
def test_faults(name: str, options: dict[str, object], said: str, hint: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        build_caption_loss(name, **options)
    assert hint in str(caught.value.hint)
