from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hearken.augment.noise import Noise, add_noise  # noqa: E402
from hearken.errors import AudioEmptyError, InputError  # noqa: E402
from hearken.frontend.masks import PANNS_MASKS, apply_masks, draw_masks  # noqa: E402
from hearken.models.audio_table import build_tower  # noqa: E402
from hearken.models.config import AudioConfig  # noqa: E402
from hearken.models.frame_tower import of_pieces  # noqa: E402
from hearken.models.tower import AudioTower  # noqa: E402
from hearken.train.augmentation import Augmentation  # noqa: E402
from hearken.tta.half import Halved, half, half_masks, kim  # noqa: E402
from hearken.tta.heard import Copies, Cutting, masked  # noqa: E402
from hearken.types import FloatArray  # noqa: E402

RATE_HZ = 32_000


def tower(name: str = "cnn10_tiny", segment_s: float = 0.5) -> AudioTower:
    torch.manual_seed(0)
    return build_tower(AudioConfig(name, segment_s=segment_s)).eval()


def sound(seconds: float = 1.2, seed: int = 0) -> FloatArray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def copies(
    made: AudioTower, samples: FloatArray, clip: str = "a", *, seed: int = 0, max_block: int = 8, halved: Halved | None = None
) -> Copies:
    return Copies(made, samples, clip, halved or half(kim(made)), seed=seed, max_block=max_block)


def test_draws_are_a_function_of_seed_clip_and_number() -> None:
    made = tower()
    drawn = copies(made, sound()).draw
    assert [drawn(number) for number in (5, 3, 5)] == [drawn(5), drawn(3), drawn(5)]
    assert len({drawn(number)[1] for number in range(50)}) == 50
    assert drawn(3) != copies(made, sound(), "b").draw(3)
    assert drawn(3) != copies(made, sound(), seed=1).draw(3)
    assert drawn(3) == copies(made, sound(2.0, seed=9)).draw(3)


def test_copies_differ_and_come_again() -> None:
    one, other = copies(tower(), sound()), copies(tower(), sound())
    mels = [one.make(number).mels[0] for number in range(6)]
    assert len({mel.numpy().tobytes() for mel in mels}) == 6
    torch.testing.assert_close(other.make(4).mels[0], mels[4], rtol=0, atol=0)


def test_half_of_the_probability() -> None:
    """Noise for a quarter of the copies, reverb for a quarter: 0.5 in training."""
    found = copies(tower(), sound(0.5))
    drawn = [found.draw(number)[0] for number in range(400)]
    for kind in ("DrawnNoise", "DrawnEcho"):
        assert 0.18 < np.mean([any(type(each).__name__ == kind for each in steps) for steps in drawn]) < 0.32


def test_untouched_copies_share_the_spectrogram() -> None:
    made = tower()
    never = Halved(Augmentation((("noise", Noise(0.0)),)))
    found = copies(made, sound(), halved=never)
    assert all(found.make(number) is found.clean for number in range(5))
    assert found.num_spectrograms == 3  # segments of 0.5 s in 1.2 s, once
    with_masks = copies(made, sound(), halved=Halved(never.waves, half_masks(PANNS_MASKS)))
    assert with_masks.make(0).waves is with_masks.clean.waves
    assert with_masks.num_spectrograms == 3


def test_what_a_copy_hears_step_by_step() -> None:
    made, samples = tower(), sound(0.5)
    found = copies(made, samples, halved=Halved(Augmentation((("noise", Noise(1.0)),)), half_masks(PANNS_MASKS)))
    (noise,), seed = found.draw(2)
    mel = made.front_end(torch.from_numpy(add_noise(samples, noise))[None])  # type: ignore[arg-type]
    masks = draw_masks(half_masks(PANNS_MASKS), 1, mel.shape[1], 64, torch.Generator().manual_seed(seed))
    normalised = made.encoder.normalised(mel)
    behind = apply_masks(normalised, masks, 0.0)  # where the authors have it
    assert (behind == 0).any()
    torch.testing.assert_close(made.encoder.normalised(found.make(2).mels[0]), behind, rtol=0, atol=1e-5)


def test_segments_have_stripes_of_their_own_however_they_come_in_blocks() -> None:
    mel, fill = torch.ones(5, 100, 64), torch.zeros(())
    rule = half_masks(PANNS_MASKS)
    whole = masked(mel, rule, fill, torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    parts = torch.cat([masked(part, rule, fill, generator) for part in torch.split(mel, 2)])
    torch.testing.assert_close(parts, whole, rtol=0, atol=0)
    assert len({row.numpy().tobytes() for row in whole}) == 5
    assert mel.min() == 1


def test_torchs_global_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    copies(tower_made := tower(), sound()).make(1)
    torch.set_rng_state(before)
    copies(tower_made, sound()).make(1)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("name", "seconds"), [("cnn10_tiny", 1.2), ("pocket", 0.3), ("pocket", 0.8), ("passt_tiny", 0.9)])
@pytest.mark.parametrize("max_block", [1, 2, 8])
def test_the_segments_and_weights_are_those_of_the_tower(name: str, seconds: float, max_block: int) -> None:
    made, samples = tower(name), sound(seconds)
    if name == "pocket":
        made.segments = replace(made.segments, padding="repeat")
    found = copies(made, samples, max_block=max_block)
    assert all(len(mel) <= max_block for mel in found.clean.mels)
    with torch.no_grad():
        embedded = torch.cat([made.encoder(mel) for mel in found.clean.mels])
        weights = torch.tensor(found.cutting.weights or [1.0] * len(embedded), dtype=torch.float32)[:, None]
        torch.testing.assert_close(
            (embedded * weights).sum(0) / weights.sum(), made(torch.from_numpy(samples)[None])[0], rtol=1e-5, atol=1e-6
        )


def test_pieces_make_the_slope_of_the_tower() -> None:
    torch.manual_seed(0)
    made = build_tower(AudioConfig("pocket", {"hears_slope": True}, segment_s=0.5)).eval()
    samples = sound(1.2) * np.linspace(0.01, 1, round(1.2 * RATE_HZ), dtype=np.float32)
    found = copies(made, samples)
    assert found.cutting.weights is not None
    with torch.no_grad():
        embedded = torch.cat([made.encoder(mel) for mel in found.clean.mels])
        whole = of_pieces(embedded, found.cutting.weights, hears_slope=True)
        torch.testing.assert_close(whole, made(torch.from_numpy(samples)[None])[0], rtol=1e-5, atol=1e-6)


def test_pieces_of_different_length_come_in_blocks() -> None:
    made = tower("pocket", 1.0)
    found = copies(made, sound(2.2))
    assert found.cutting.weights == (3, 3, 1)
    assert [block.shape for block in found.cutting.blocks(sound(2.2))] == [(2, 30_720), (1, 10_240)]
    assert found.clean.num_segments == 3
    whole = Cutting.of(made, 100, 8)
    assert (whole.weights, [block.shape for block in whole.blocks(sound(2.2)[:100])]) == (None, [(1, 10_240)])


def test_what_is_no_sound() -> None:
    with pytest.raises(AudioEmptyError):
        copies(tower(), sound(0.0))
    with pytest.raises(InputError, match="One sound"):
        copies(tower(), np.zeros((2, 100), np.float32))
