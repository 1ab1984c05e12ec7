"""The tower by frames: a clip is the mean of all its frames, however it is cut, and whatever else is in the batch."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import PASST_MEL  # noqa: E402
from hearken.audio.pooling import Course, mean_and_slope  # noqa: E402
from hearken.errors import AudioEmptyError, InputError  # noqa: E402
from hearken.models.audio_table import build_audio, build_tower  # noqa: E402
from hearken.models.blend import Blend  # noqa: E402
from hearken.models.config import AudioConfig  # noqa: E402
from hearken.models.encoder import AudioEncoder  # noqa: E402
from hearken.models.frame_tower import FrameTower, of_pieces  # noqa: E402
from hearken.models.panns import Cnn6  # noqa: E402
from hearken.models.pocket import slope_of  # noqa: E402

FRAME = 10_240
RATE_HZ = 32_000


class Loud(AudioEncoder):
    """A feature frame is the mean of 32 spectrogram frames, and the share of those that it has: linear, and worked out by hand."""

    front_end, dim, segment_s, mel_per_frame = PASST_MEL, 2, 0.64, 32

    def __init__(self, *, hears_slope: bool = False) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))
        self.hears_slope, self.dim = hears_slope, 4 if hears_slope else 2

    def frames(self, mel: torch.Tensor) -> torch.Tensor:
        assert mel.shape[1] % 32 == 0, "only whole frames come"
        means = mel.unflatten(1, (-1, 32)).mean((2, 3))
        return self.scale * torch.stack([means, torch.ones_like(means)], -1)

    def forward(self, mel: torch.Tensor, wave: torch.Tensor | None = None) -> torch.Tensor:
        frames = self.frames(mel)
        return torch.cat([frames.mean(1), slope_of(frames)], 1) if self.hears_slope else frames.mean(1)


def wave(num_samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, num_samples, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def tower() -> FrameTower:
    return FrameTower(Loud()).eval()


def test_pieces_are_the_whole_frames_of_a_segment() -> None:
    assert FrameTower(Loud()).policy.chunk_num_samples == 2 * FRAME
    assert FrameTower(Loud(), segment_s=1.0).policy.chunk_num_samples == 3 * FRAME
    assert FrameTower(Loud(), segment_s=0.1).policy.chunk_num_samples == FRAME  # one at least
    tower = build_tower(AudioConfig("pocket"))
    assert isinstance(tower, FrameTower)
    assert (tower.policy.chunk_num_samples, tower.segments.hop_num_samples, tower.dim) == (327_680, FRAME, 384)
    assert build_tower(AudioConfig("pocket", {"hears_slope": True})).dim == 768


def test_frames_weigh_alike_in_all_pieces(tower: FrameTower) -> None:
    """Five frames in pieces of 2, 2 and 1: the clip is their mean, not that of the three pieces."""
    sound = wave(5 * FRAME)
    pieces = [tower.encoder.frames(tower.front_end(part))[0] for part in torch.split(sound, 2 * FRAME, 1)]
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    torch.testing.assert_close(tower(sound)[0], torch.cat(pieces).mean(0))
    of_pieces = torch.stack([piece.mean(0) for piece in pieces]).mean(0)
    assert (tower(sound)[0] - of_pieces).abs().max() > 1e-4


def test_the_last_frame_is_filled_with_zeros(tower: FrameTower) -> None:
    sound = wave(2 * FRAME + 100)
    padded = torch.nn.functional.pad(sound, (0, FRAME - 100))
    torch.testing.assert_close(tower(sound), tower(padded))


def test_others_of_the_batch_change_nothing(tower: FrameTower) -> None:
    lengths = [5 * FRAME + 7, 300, 2 * FRAME, 4 * FRAME]
    sounds = torch.cat([torch.nn.functional.pad(wave(size, size), (0, max(lengths) - size), value=9.0) for size in lengths])
    alone = torch.cat([tower(wave(size, size)) for size in lengths])
    torch.testing.assert_close(tower(sounds, lengths), alone)


def test_pieces_by_hand() -> None:
    """Frames 1, 2 | 6 have the mean 3 and, with the rises -2/3, 0, 2/3, the slope 2/3 (6 - 1) 2/3 = 20/9."""
    pieces = torch.tensor([[1.5, 0.5], [6.0, 0.0]])  # of two frames the slope is half their difference, of one it is 0
    torch.testing.assert_close(of_pieces(pieces, [2, 1], hears_slope=True), torch.tensor([3.0, 20 / 9]))
    torch.testing.assert_close(of_pieces(pieces, [2, 1], hears_slope=False), torch.tensor([3.0, 1 / 3]))
    torch.testing.assert_close(of_pieces(pieces[:1], [7], hears_slope=True), pieces[0])


@pytest.mark.parametrize("counts", [[4], [3, 3], [32, 32, 5], [1, 2, 3, 4, 1], [32] * 60 + [7]])
def test_pieces_have_the_course_of_the_whole(counts: list[int]) -> None:
    frames = np.random.default_rng(len(counts)).normal(1.0, size=(sum(counts), 3)).astype(np.float32)
    course, parts = Course(3), np.split(frames, np.cumsum(counts)[:-1])
    course.add(frames)
    pieces = torch.from_numpy(np.stack([mean_and_slope(part) for part in parts]))
    found = of_pieces(pieces.expand(2, -1, -1), counts, hears_slope=True)
    np.testing.assert_allclose(found[1].numpy(), course.value(), atol=2e-6)
    torch.testing.assert_close(found[0], found[1])
    assert np.abs(course.value()[3:]).max() > 0.005


def test_the_slope_of_a_long_clip_is_that_of_all_its_frames(tower: FrameTower) -> None:
    hearing, sound = FrameTower(Loud(hears_slope=True)).eval(), wave(5 * FRAME) * torch.linspace(0.01, 1, 5 * FRAME)
    frames = tower.tokens(sound).values
    torch.testing.assert_close(hearing(sound), torch.cat([frames.mean(1), slope_of(frames)], 1))
    assert hearing(sound).detach()[0, 2] > 0.1, "it grows louder"
    assert (hearing.dim, hearing.token_dim, tower.dim) == (4, 2, 2)
    torch.testing.assert_close(hearing.tokens(sound).values, frames)


def test_others_of_the_batch_do_not_change_the_slope() -> None:
    tower, lengths = FrameTower(Loud(hears_slope=True)).eval(), [5 * FRAME + 7, 300, 2 * FRAME, 4 * FRAME]
    sounds = torch.cat([torch.nn.functional.pad(wave(size, size), (0, max(lengths) - size), value=9.0) for size in lengths])
    torch.testing.assert_close(tower(sounds, lengths), torch.cat([tower(wave(size, size)) for size in lengths]))


def test_gradients_flow_through_pieces(tower: FrameTower) -> None:
    tower(wave(5 * FRAME)).sum().backward()
    assert tower.encoder.scale.grad is not None
    assert float(tower.encoder.scale.grad) != 0.0


@pytest.mark.parametrize("hears_slope", [False, True])
@pytest.mark.parametrize("second", [FRAME, 5 * FRAME])
def test_a_blend_is_mixed_piece_by_piece(second: int, hears_slope: bool) -> None:
    """The spectrograms are mixed, and this encoder is linear in them: so is the blend, where the shorter sound is followed by zeros."""
    tower = FrameTower(Loud(hears_slope=hears_slope)).eval()
    size = max(3 * FRAME, second)
    first, other = wave(3 * FRAME), wave(second, 1)
    both = [torch.nn.functional.pad(sound, (0, size - sound.shape[1])) for sound in (first, other)]
    expected = 0.75 * tower(both[0]) + 0.25 * tower(both[1])
    blend = Blend((1,), other, (second,), (0.75,))
    batch = torch.cat([wave(3 * FRAME, 2), first])
    mixed = tower(batch, [3 * FRAME, 3 * FRAME], blend)
    torch.testing.assert_close(mixed[1], expected[0])
    torch.testing.assert_close(mixed[0], tower(wave(3 * FRAME, 2))[0])


def test_what_is_wrong_is_said_as_by_other_towers(tower: FrameTower) -> None:
    with pytest.raises(InputError, match="axes"):
        tower(torch.zeros(30 * FRAME))
    with pytest.raises(InputError, match="none above"):
        tower(wave(5 * FRAME), [6 * FRAME])
    with pytest.raises(InputError, match="one number for each of 1 clips"):
        tower(wave(5 * FRAME), [FRAME, 5 * FRAME])
    with pytest.raises(AudioEmptyError):
        tower(torch.cat([wave(5 * FRAME), wave(5 * FRAME)]), [0, 5 * FRAME])
    with pytest.raises(InputError, match="a sound, a length and a share"):
        tower(wave(5 * FRAME), None, Blend((0, 0), wave(FRAME), (FRAME,), (0.5,)))
    with pytest.raises(InputError, match="Cnn6 has no feature frames"):
        FrameTower(Cnn6())
    assert tower(torch.zeros(0, FRAME)).shape == (0, 2)


def test_mobilenets_can_do_it_too() -> None:
    torch.manual_seed(0)
    encoder = build_audio("mn04")
    tower, sound = FrameTower(encoder, segment_s=0.64).eval(), wave(3 * FRAME)
    with torch.no_grad():
        parts = [encoder.frames(tower.front_end(part))[0] for part in torch.split(sound, 2 * FRAME, 1)]
        torch.testing.assert_close(tower(sound)[0], torch.cat(parts).mean(0))


def test_places_of_all_pieces_follow_each_other(tower: FrameTower) -> None:
    """Five frames in pieces of 2, 2 and 1; beside it a clip of one frame and a bit, and one of three."""
    lengths = [5 * FRAME, FRAME + 7, 3 * FRAME]
    sounds = torch.cat([torch.nn.functional.pad(wave(size, size), (0, lengths[0] - size), value=9.0) for size in lengths])
    heard = tower.tokens(sounds, lengths)
    assert heard.padding is not None
    assert heard.padding.tolist() == [[False] * 5, [False] * 2 + [True] * 3, [False] * 3 + [True] * 2]
    for row, size in enumerate(lengths):
        places = heard.values[row][~heard.padding[row]]
        torch.testing.assert_close(places.mean(0), tower(wave(size, size))[0])
        torch.testing.assert_close(places, tower.tokens(wave(size, size)).values[0])
    first = [tower.encoder.frames(tower.front_end(part))[0] for part in torch.split(sounds[:1], 2 * FRAME, 1)]
    torch.testing.assert_close(heard.values[0], torch.cat(first))
    assert tower.tokens(wave(FRAME)).values.shape == (1, 1, tower.token_dim)


def test_places_of_a_blend(tower: FrameTower) -> None:
    size = 5 * FRAME
    first, other = wave(3 * FRAME), wave(size, 1)
    batch = torch.cat([wave(3 * FRAME, 2), first])
    heard = tower.tokens(batch, None, Blend((1,), other, (size,), (0.75,)))
    longer = torch.nn.functional.pad(first, (0, 2 * FRAME))
    torch.testing.assert_close(heard.values[1], 0.75 * tower.tokens(longer).values[0] + 0.25 * tower.tokens(other).values[0])
    assert heard.padding is not None
    assert heard.padding.sum(1).tolist() == [2, 0]
