"""The audio side: segments, their mean, batches of unequal clips; shown on an encoder that can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from hearken.audio.front_ends import FRONT_ENDS  # noqa: E402
from hearken.audio.length import LengthPolicy  # noqa: E402
from hearken.errors import AudioEmptyError, InputError  # noqa: E402
from hearken.models.audio_table import build_audio  # noqa: E402
from hearken.models.blend import Blend  # noqa: E402
from hearken.models.encoder import AudioEncoder  # noqa: E402
from hearken.models.mobilenet_encoder import MobileNetEncoder  # noqa: E402
from hearken.models.tower import AudioTower  # noqa: E402
from tests.golden.filling import HERE, wave, waves  # noqa: E402

RATE = 32_000
SEGMENTS = np.load(Path(HERE) / "models" / "segments.npz")


class Toy(AudioEncoder):
    """The golden segments' encoder: mean, mean magnitude, sample 1000, largest and a constant, straight from the wave."""

    def __init__(self) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s, self.needs_wave = FRONT_ENDS["passt_mel"], 5, 10.0, True
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        assert wave is not None
        self.shapes.append(tuple(wave.shape))
        rows = [wave.mean(1), wave.abs().mean(1), wave[:, min(1000, wave.shape[1] - 1)], wave.amax(1), torch.full((len(wave),), 0.25)]
        return torch.stack(rows, dim=1)


def batch(seed: int, seconds: list[float]) -> tuple[Tensor, list[int]]:
    lengths = [round(length * RATE) for length in seconds]
    rows = np.zeros((len(lengths), 30 * RATE), np.float32)
    for number, length in enumerate(lengths):
        rows[number, :length] = wave(seed + number, length)
    return torch.from_numpy(rows), lengths


@pytest.mark.parametrize(
    ("name", "seed", "seconds"),
    [("a", 4000, [12.3, 9.9, 20.0, 25.1]), ("b", 4010, [4.0, 10.0, 6.5]), ("c", 4020, [30.0, 10.00003125, 19.99, 1.0])],
)
@pytest.mark.parametrize("segment_s", [10, 30])
def test_golden_averages_of_the_authors(name: str, seed: int, seconds: list[float], segment_s: int) -> None:
    sound, lengths = batch(seed, seconds)
    golden = SEGMENTS[f"dcase2023.{name}.seg{segment_s}"]
    cut = int(SEGMENTS[f"dcase2023.{name}.seg{segment_s}.cut_samples"])
    if segment_s == 30 and cut < 30 * RATE:
        pytest.fail("the authors' cut was expected to be a whole number of segments")
    np.testing.assert_allclose(AudioTower(Toy(), segment_s=segment_s)(sound, lengths).numpy(), golden, atol=1e-6)


def test_golden_scene_embedding_of_hear21passt() -> None:
    sound = torch.from_numpy(waves(4174, 2, 384_000))
    np.testing.assert_allclose(AudioTower(Toy(), rule="hear21passt")(sound).numpy(), SEGMENTS["hear21.s12.scene"], atol=1e-6)


def test_equal_segments_of_all_clips_go_through_the_encoder_together() -> None:
    toy = Toy()
    AudioTower(toy, segment_s=1.0)(torch.zeros(2, 3 * RATE), [3 * RATE, RATE + 1])
    assert toy.shapes == [(5, RATE)]
    toy.shapes.clear()
    AudioTower(toy, rule="whole")(torch.zeros(3, RATE), [100, RATE, 100])
    assert toy.shapes == [(2, 100), (1, RATE)]


def test_the_order_of_clips_is_kept_over_lengths() -> None:
    sound = torch.stack([torch.full((RATE,), level) for level in (0.1, 0.2, 0.3)])
    out = AudioTower(Toy(), rule="whole")(sound, [100, RATE, 100])
    torch.testing.assert_close(out[:, 3], torch.tensor([0.1, 0.2, 0.3]))


def test_many_segments_need_no_more_memory_without_gradients() -> None:
    toy = Toy()
    tower = AudioTower(toy, segment_s=0.1).eval()
    sound = torch.from_numpy(wave(1, 10 * RATE))[None]
    with torch.no_grad():
        split = tower(sound)
    assert [shape[0] for shape in toy.shapes] == [64, 36]
    torch.testing.assert_close(split, tower(sound))
    assert toy.shapes[2:] == [(100, RATE // 10)]


@pytest.fixture(scope="module")
def tower() -> AudioTower:
    torch.manual_seed(0)
    return AudioTower(MobileNetEncoder(), segment_s=0.5).eval()


def test_batch_mates_and_what_follows_a_clip_change_nothing(tower: AudioTower) -> None:
    sound, lengths = torch.from_numpy(waves(7, 3, RATE)), [RATE, 20_000, 3]
    with torch.no_grad():
        alone = torch.cat([tower(sound[i : i + 1, :length]) for i, length in enumerate(lengths)])
        noisy = sound.clone()
        for row, length in zip(noisy, lengths, strict=True):
            row[length:] = float("nan")
        torch.testing.assert_close(tower(noisy, lengths), alone, atol=1e-5, rtol=0)


def test_no_gradient_reaches_what_follows_a_clip(tower: AudioTower) -> None:
    sound = torch.from_numpy(waves(8, 2, RATE)).requires_grad_()
    tower(sound, [RATE, 20_000]).square().sum().backward()
    assert sound.grad is not None
    assert (sound.grad[0] != 0).any()
    assert (sound.grad[1, :20_000] != 0).any()
    assert (sound.grad[1, 20_000:] == 0).all()


def test_state_names_are_the_encoders(tower: AudioTower) -> None:
    assert set(tower.state_dict()) == {f"encoder.{name}" for name in MobileNetEncoder().state_dict()}


def test_segments_have_the_length_that_is_asked_for() -> None:
    for segment_s in (2.0, 5.0, 10.0, 15.0):
        toy = Toy()
        AudioTower(toy, segment_s=segment_s)(torch.zeros(1, 30 * RATE))
        assert toy.shapes == [(30 / segment_s, segment_s * RATE)]
    assert AudioTower(Toy()).segments.segment_s == 10.0


def test_what_is_no_sound_is_said(tower: AudioTower) -> None:
    with pytest.raises(InputError, match="axes"):
        tower(torch.zeros(100))
    with pytest.raises(InputError, match="each of 2 clips"):
        tower(torch.zeros(2, 100), [100])
    with pytest.raises(InputError, match="above 100"):
        tower(torch.zeros(2, 100), [100, 101])
    with pytest.raises(AudioEmptyError):
        tower(torch.zeros(2, 100), [100, 0])
    with pytest.raises(InputError, match="no segment rule"):
        AudioTower(Toy(), rule="halves")
    assert tower(torch.zeros(0, 100)).shape == (0, 384)


def test_a_segment_may_not_be_longer_than_the_encoder_takes() -> None:
    toy = Toy()
    toy.max_num_frames = 1000
    AudioTower(toy, segment_s=9.99)
    with pytest.raises(InputError, match="1000 frames"):
        AudioTower(toy, segment_s=10.1)


def test_parameters_are_all_trainable(tower: AudioTower) -> None:
    assert isinstance(tower.encoder, nn.Module)
    assert all(p.requires_grad for p in tower.parameters())


class Sounds(AudioEncoder):
    """Gives back the segment itself."""

    def __init__(self) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s, self.needs_wave = FRONT_ENDS["passt_mel"], 3200, 0.1, True

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        assert wave is not None
        return wave


@pytest.mark.parametrize("padding", ["zeros", "repeat", "repeatpad"])
@pytest.mark.parametrize("num_samples", [1000, 1600, 3200, 4700])
def test_the_last_segment_is_filled_as_the_length_policy_fills_it(padding: str, num_samples: int) -> None:
    sound = wave(7, num_samples)
    policy = LengthPolicy.of_segments(RATE, 0.1, padding)
    pieces = np.stack([policy.pad(chunk) for chunk in policy.chunks([sound])])
    filled = AudioTower(Sounds(), padding=padding)(torch.from_numpy(sound)[None])
    np.testing.assert_allclose(filled[0].numpy(), pieces.mean(0), atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", ["mn04", "cnn6", "htsat"])
def test_a_network_in_another_precision_gets_its_spectrogram_so(name: str, dtype: torch.dtype) -> None:
    tower = AudioTower(build_audio(name), segment_s=0.5)
    sound = torch.from_numpy(waves(9, 1, RATE))
    with torch.inference_mode():
        expected = tower(sound)
        found = tower.to(dtype)(sound)
    assert found.dtype == dtype
    assert (found.float() - expected).norm() < 0.05 * expected.norm()


def test_a_network_beside_the_waveform_gets_that_so_too() -> None:
    with torch.device("meta"):
        shape = AudioTower(build_audio("wavegram_logmel_cnn14"), segment_s=1.0)
    seen: list[torch.dtype] = []
    shape.encoder.forward = lambda mel, wave: (seen.extend((mel.dtype, wave.dtype)), mel[:, 0])[1]  # type: ignore[method-assign]
    shape.front_end.to_empty(device="cpu")
    shape(torch.zeros(1, RATE, dtype=torch.float64))
    assert seen == [torch.float32, torch.float32]


def test_augment_changes_the_spectrogram_in_training_alone() -> None:
    tower = AudioTower(MobileNetEncoder(width=0.4), segment_s=1.0)
    seen: list[tuple[int, ...]] = []

    def blank(mel: Tensor) -> Tensor:
        seen.append(tuple(mel.shape))
        return torch.zeros_like(mel)

    sound = torch.from_numpy(np.stack([wave(1, 48_000), wave(2, 48_000)]))
    with torch.no_grad():
        plain = tower.eval()(sound)
        tower.augment = blank
        assert torch.equal(tower(sound), plain)
        assert seen == []
        blanked = tower.train()(sound)
    assert seen == [(4, 100, 128)]  # all segments of all clips at once
    assert torch.equal(blanked[0], blanked[1])


class Levels(AudioEncoder):
    """A place for each tenth of a second of the wave, its mean; the embedding is their mean."""

    front_end, dim, segment_s, needs_wave = FRONT_ENDS["passt_mel"], 1, 1.0, True

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        assert wave is not None
        self.shapes.append(tuple(wave.shape))
        return wave.unflatten(1, (-1, RATE // 10)).mean(2).unsqueeze(2)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        return self.tokens(mel, wave).mean(1)


def steps(count: int) -> Tensor:
    """A sound (T,) whose tenths of a second are 0.01, 0.02, ..."""
    return (0.01 * torch.arange(1, count + 1)).repeat_interleave(RATE // 10)


def test_places_of_all_segments_follow_each_other() -> None:
    tower = AudioTower(Levels(), segment_s=0.5)
    sound = torch.full((3, RATE), 9.0)
    lengths = [RATE // 5, RATE, RATE // 2]
    for row, length in enumerate(lengths):
        sound[row, :length] = steps(10)[:length]
    heard = tower.tokens(sound, lengths)
    assert tower.token_dim == 1
    expected = torch.zeros(3, 10)
    expected[0, :2], expected[1], expected[2, :5] = steps(2)[:: RATE // 10], steps(10)[:: RATE // 10], steps(5)[:: RATE // 10]
    torch.testing.assert_close(heard.values[..., 0], expected)
    assert heard.padding is not None
    assert heard.padding.tolist() == [[False] * 5 + [True] * 5, [False] * 10, [False] * 5 + [True] * 5]
    assert tower.tokens(sound[1:2]).padding is None
    means = torch.stack([row[~gone].mean(0) for row, gone in zip(heard.values, heard.padding, strict=True)])
    torch.testing.assert_close(means, tower(sound, lengths))


def test_places_of_windows_of_other_lengths() -> None:
    tower = AudioTower(Levels(), rule="whole")
    heard = tower.tokens(torch.stack([steps(10), steps(10)]), [RATE // 5, RATE])
    assert heard.padding is not None
    assert (~heard.padding).sum(1).tolist() == [2, 10]
    torch.testing.assert_close(heard.values[0, :2, 0], torch.tensor([0.01, 0.02]))
    empty = tower.tokens(torch.zeros(0, 5))
    assert (empty.values.shape, empty.padding) == ((0, 0, 1), None)


def test_places_of_a_blend_and_of_an_augmented_spectrogram() -> None:
    """In training mode the places' mean is still the embedding, with PairMix and a mask drawn once."""
    tower = AudioTower(MobileNetEncoder(), segment_s=0.64)
    for module in tower.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0  # or the first of two passes would change the second
    sound, other = torch.from_numpy(waves(1, 2, RATE)), torch.from_numpy(waves(7, 1, RATE // 2))
    blend = Blend((1,), other, (RATE // 2,), (0.5,))
    tower.train()
    tower.front_end.eval()  # without its jitter
    plain, tower.augment = tower.tokens(sound, None, blend).values, lambda mel: mel * (torch.arange(mel.shape[1])[:, None] > 10)
    assert tower.tokens(sound, None, None).values.sub(tower.tokens(sound, None, blend).values)[1].abs().max() > 1e-3
    masked = tower.tokens(sound, None, blend)
    torch.testing.assert_close(masked.values.mean(1), tower(sound, None, blend), atol=1e-5, rtol=1e-4)
    assert (masked.values - plain).abs().max() > 1e-3


def test_places_without_gradients_go_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.models.tower._SEGMENTS_AT_ONCE", 2)
    levels = Levels()
    with torch.no_grad():
        heard = AudioTower(levels, segment_s=0.2).eval().tokens(steps(10)[None])
    assert levels.shapes == [(2, RATE // 5), (2, RATE // 5), (1, RATE // 5)]
    torch.testing.assert_close(heard.values[0, :, 0], steps(10)[:: RATE // 10])
