import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import PASST_MEL  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.frontend.log_mel import LogMel  # noqa: E402
from hearken.frontend.masks import MASK_RULES, PANNS_MASKS, PASST_MASKS, MaskRule, Masks, SpecAugment, apply_masks, draw_masks  # noqa: E402


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_published_numbers() -> None:
    assert MaskRule(64, 2, 8, 2, 0.0, "integers") == PANNS_MASKS
    assert (PASST_MASKS.time_width, PASST_MASKS.num_time, PASST_MASKS.freq_width, PASST_MASKS.num_freq) == (192, 1, 48, 1)
    assert set(MASK_RULES) == {"panns", "htsat", "act", "wavcaps", "passt"}


def test_torchlibrosas_draws_in_its_order() -> None:
    """Time before frequency, clip by clip, width before start: the stripes that its code makes from the same seed."""
    generator = seeded(4)
    wanted = []
    for width, size in ((64, 300), (8, 64)):
        for _ in range(3):
            clip = []
            for _ in range(2):
                wide = int(torch.randint(0, width, (1,), generator=generator))
                first = int(torch.randint(0, size - wide, (1,), generator=generator))
                clip.append((first, first + wide))
            wanted.append(tuple(clip))
    assert draw_masks(PANNS_MASKS, 3, 300, 64, seeded(4)) == Masks(tuple(wanted[:3]), tuple(wanted[3:]))


def test_torchaudios_draws_in_its_order() -> None:
    """Frequency before time, all clips at once, width before start, both cut to whole numbers."""
    generator = seeded(4)
    wanted = []
    for width, size in ((48, 128), (192, 998)):
        wide = torch.rand(5, generator=generator) * width
        first = (torch.rand(5, generator=generator) * (size - wide)).long()
        wanted.append(tuple(((int(start), int(start + length)),) for start, length in zip(first, wide.long(), strict=True)))
    assert draw_masks(PASST_MASKS, 5, 998, 128, seeded(4)) == Masks(time=wanted[1], freq=wanted[0])


@given(st.sampled_from([PANNS_MASKS, PASST_MASKS]), st.integers(1, 5), st.integers(1, 400), st.integers(1, 130), st.integers(0, 99))
def test_every_stripe_is_narrower_than_its_width_and_ends_inside(
    rule: MaskRule, batch: int, num_frames: int, num_mels: int, seed: int
) -> None:
    masks = draw_masks(rule, batch, num_frames, num_mels, seeded(seed))
    for stripes, width, count, size in (
        (masks.time, rule.time_width, rule.num_time, num_frames),
        (masks.freq, rule.freq_width, rule.num_freq, num_mels),
    ):
        assert len(stripes) == batch
        for clip in stripes:
            assert len(clip) == count
            assert all(0 <= stop - first < width and stop <= max(size, width) for first, stop in clip)
    assert apply_masks(torch.ones(batch, num_frames, num_mels), masks, 0.0).shape == (batch, num_frames, num_mels)


def test_all_widths_and_places_occur() -> None:
    masks = draw_masks(PANNS_MASKS, 1_000, 100, 64, seeded(0))
    assert {stop - first for clip in masks.freq for first, stop in clip} == set(range(8))
    assert {stop - first for clip in masks.time for first, stop in clip} == set(range(64))
    assert {first for clip in masks.freq for first, _ in clip} >= set(range(57))


def test_apply_by_hand_leaves_the_rest_and_the_argument_alone() -> None:
    mel = torch.arange(1.0, 13).view(1, 4, 3)
    masks = Masks(time=(((1, 2), (3, 3)),), freq=(((0, 1),),))
    assert apply_masks(mel, masks, -1.0).tolist() == [[[-1, 2, 3], [-1, -1, -1], [-1, 8, 9], [-1, 11, 12]]]
    assert mel.tolist() == torch.arange(1.0, 13).view(1, 4, 3).tolist()


def test_a_stripe_that_begins_before_the_clip_covers_its_beginning() -> None:
    assert apply_masks(torch.ones(1, 4, 1), Masks((((-2, 1),),), ((),)), 0.0).flatten().tolist() == [0, 1, 1, 1]
    assert apply_masks(torch.ones(1, 4, 1), Masks((((-2, -1),),), ((),)), 0.0).flatten().tolist() == [1, 1, 1, 1]


def test_clips_of_a_batch_have_their_own_stripes_and_maps_of_a_channel_work() -> None:
    mel = torch.ones(4, 1, 500, 64)
    masked = SpecAugment(PANNS_MASKS, seeded(0))(mel)
    assert masked.shape == mel.shape
    assert len({row.numpy().tobytes() for row in masked}) == 4
    torch.testing.assert_close(masked[:, 0], SpecAugment(PANNS_MASKS, seeded(0))(mel[:, 0]))
    assert 0 < (masked == 0).float().mean() < 0.5


def test_passts_fill_is_zero_before_the_whitening() -> None:
    """Masking the finished log-mel equals masking the logarithm with 0 and whitening then."""
    mel = LogMel(PASST_MEL)(0.1 * torch.randn(2, 16_000, generator=seeded(1)))
    masks = draw_masks(PASST_MASKS, 2, mel.shape[1], 128, seeded(2))
    before = (apply_masks(mel * 5 - 4.5, masks, 0.0) + 4.5) / 5
    torch.testing.assert_close(apply_masks(mel, masks, PASST_MASKS.fill), before, rtol=0, atol=1e-6)


def test_gradients_pass_around_the_stripes() -> None:
    mel = torch.ones(1, 3, 2, requires_grad=True)
    apply_masks(mel, Masks((((1, 2),),), ((),)), 0.0).sum().backward()
    assert mel.grad is not None
    assert mel.grad.tolist() == [[[1, 1], [0, 0], [1, 1]]]


def test_masks_can_be_written_down() -> None:
    masks = draw_masks(PANNS_MASKS, 2, 100, 64, seeded(0))
    assert json.loads(json.dumps(asdict(masks))) == {
        key: [[list(span) for span in clip] for clip in value] for key, value in asdict(masks).items()
    }


def test_masks_of_another_batch() -> None:
    with pytest.raises(InputError, match="for 2 clips, not for 3"):
        apply_masks(torch.ones(3, 4, 5), draw_masks(PANNS_MASKS, 2, 4, 5, seeded(0)), 0.0)
