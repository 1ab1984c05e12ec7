"""PairMix inside the network: mixed log-mels against mixes by hand, for sounds of unlike length, segments, and encoders that read the wave."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from hearken.audio.front_ends import FRONT_ENDS  # noqa: E402
from hearken.errors import AudioEmptyError, InputError  # noqa: E402
from hearken.frontend.jitter import Jitter  # noqa: E402
from hearken.frontend.log_mel import LogMel  # noqa: E402
from hearken.models.blend import Blend, lengthened, partners  # noqa: E402
from hearken.models.encoder import AudioEncoder  # noqa: E402
from hearken.models.tower import AudioTower  # noqa: E402

RATE = 32_000


class Frames(AudioEncoder):
    """Gives back what it reads: the mean frame of the log-mel and, if it needs the wave, the mean and the mean power of that."""

    def __init__(self, front_end: str = "panns_logmel_32k", *, needs_wave: bool = False) -> None:
        super().__init__()
        self.front_end, self.segment_s, self.needs_wave = FRONT_ENDS[front_end], 1.0, needs_wave
        self.dim = self.front_end.num_mels + 2 * needs_wave
        self.scale = nn.Parameter(torch.ones(()))
        self.seen: list[Tensor] = []

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        self.seen.append(mel)
        parts = [mel.mean(1) * self.scale]
        if self.needs_wave:
            assert wave is not None
            parts.append(torch.stack((wave.mean(1), wave.square().mean(1)), 1))
        return torch.cat(parts, 1)


def sounds(*seconds: float, seed: int = 0) -> tuple[Tensor, tuple[int, ...]]:
    """Noise of these lengths; what follows the sound is nonsense that nothing may read."""
    lengths = tuple(round(length * RATE) for length in seconds)
    wave = torch.full((len(lengths), max(lengths)), 77.0)
    generator = torch.Generator().manual_seed(seed)
    for row, length in zip(wave, lengths, strict=True):
        row[:length] = 0.1 * torch.randn(length, generator=generator)
    return wave, lengths


def zero_padded(row: Tensor, length: int, size: int) -> Tensor:
    padded = torch.zeros(size)
    padded[:length] = row[:length]
    return padded


def by_hand(front_end: str, first: Tensor, second: Tensor, share: float, domain: str) -> Tensor:
    """The mean frame (F,) of two sounds of one length that fill whole segments of 1 s, mixed outside of the network."""
    front = LogMel(FRONT_ENDS[front_end])
    rows = []
    for start in range(0, len(first), RATE):
        one, other = first[None, start : start + RATE], second[None, start : start + RATE]
        if domain == "log":
            rows.append(share * front(one) + (1 - share) * front(other))
        else:
            rows.append(front.compress(share * front.energy(one) + (1 - share) * front.energy(other)))
    return torch.cat(rows).mean((0, 1))


@pytest.mark.parametrize("front_end", ["panns_logmel_32k", "passt_mel", "act_logmel"])
@pytest.mark.parametrize("domain", ["log", "linear"])
@pytest.mark.parametrize(("own_s", "other_s"), [(2.0, 2.0), (1.3, 2.7), (2.2, 0.4)])
def test_a_mix_is_the_mix_by_hand(front_end: str, domain: str, own_s: float, other_s: float) -> None:
    tower = AudioTower(Frames(front_end))
    wave, lengths = sounds(0.8, own_s, 1.5)
    second, second_lengths = sounds(other_s, seed=1)
    mixed = tower(wave, lengths, Blend((1,), second, second_lengths, (0.7,), domain))
    size = -(-max(lengths[1], second_lengths[0]) // RATE) * RATE
    wanted = by_hand(front_end, zero_padded(wave[1], lengths[1], size), zero_padded(second[0], second_lengths[0], size), 0.7, domain)
    torch.testing.assert_close(mixed[1], wanted, atol=1e-6 * float(wanted.abs().max()), rtol=0)
    plain = tower(wave, lengths)
    torch.testing.assert_close(mixed[[0, 2]], plain[[0, 2]], atol=1e-5, rtol=1e-6)
    assert (mixed[1] - plain[1]).abs().max() > 0.01


def test_without_a_blend_every_bit_is_as_it_was() -> None:
    tower = AudioTower(Frames(needs_wave=True)).train()
    wave, lengths = sounds(0.8, 2.3, 1.0)
    assert torch.equal(tower(wave, lengths), tower(wave, lengths, None))
    cut = [torch.nn.functional.pad(row[:length], (0, -length % RATE)).view(-1, RATE) for row, length in zip(wave, lengths, strict=True)]
    segments = torch.cat(cut)
    wanted = torch.split(tower.encoder(tower.front_end(segments), segments), [len(each) for each in cut])
    assert torch.equal(tower(wave, lengths), torch.stack([part.mean(0) for part in wanted]))


@pytest.mark.parametrize("domain", ["log", "linear"])
def test_whole_shares(domain: str) -> None:
    tower = AudioTower(Frames())
    wave, lengths = sounds(1.0, 2.0)
    second, second_lengths = sounds(1.0, 2.0, seed=1)
    mixed = tower(wave, lengths, Blend((1, 0), second[[1, 0]], second_lengths[::-1], (1.0, 0.0), domain))
    torch.testing.assert_close(mixed[1], tower(wave, lengths)[1], atol=1e-5, rtol=1e-6)
    torch.testing.assert_close(mixed[0], tower(second, second_lengths)[0], atol=1e-5, rtol=1e-6)


def test_the_linear_mix_lies_close_to_the_mix_of_waves_and_the_log_mix_far_below() -> None:
    """A sound and one that is 40 dB softer, half and half: a quarter of the louder one's power, a half of it, and 20 dB less."""
    tower = AudioTower(Frames())
    first, lengths = sounds(2.0)
    quiet = 0.01 * sounds(2.0, seed=1)[0]  # 40 dB below
    with torch.no_grad():
        alone = tower(first, lengths).mean()
        linear, log = (tower(first, lengths, Blend((0,), quiet, lengths, (0.5,), domain)).mean() - alone for domain in ("linear", "log"))
        in_waves = tower(0.5 * first + 0.5 * quiet, lengths).mean() - alone
    assert float(in_waves) == pytest.approx(-6.02, abs=0.05)
    assert float(linear) == pytest.approx(-3.01, abs=0.05)
    assert float(log) == pytest.approx(-20.0, abs=0.1)


def test_encoders_that_read_the_wave_get_it_mixed() -> None:
    tower = AudioTower(Frames(needs_wave=True))
    wave, lengths = sounds(1.0)
    second, second_lengths = sounds(2.0, seed=1)
    mixed = tower(wave, lengths, Blend((0,), second, second_lengths, (0.25,)))
    whole = 0.25 * zero_padded(wave[0], RATE, 2 * RATE) + 0.75 * second[0]
    torch.testing.assert_close(mixed[0, -2:], torch.stack((whole.mean(), whole.square().mean())), atol=1e-7, rtol=1e-5)


def test_segments_of_several_sizes() -> None:
    """The rule d25_windows keeps short sounds whole, so rows meet in groups of unlike size; a blend may move a row to another."""
    tower = AudioTower(Frames(), rule="whole")
    wave, lengths = sounds(1.0, 2.0, 3.0)
    second, second_lengths = sounds(2.0, 0.5, seed=1)
    mixed = tower(wave, lengths, Blend((0, 2), second, second_lengths, (0.5, 0.9)))
    assert sorted((len(mel), mel.shape[1]) for mel in tower.encoder.seen) == [(1, 301), (2, 201)]
    front = tower.front_end
    wanted = 0.9 * front(wave[2:]) + 0.1 * front(zero_padded(second[1], second_lengths[1], 3 * RATE)[None])
    torch.testing.assert_close(mixed[2], wanted.mean((0, 1)), atol=1e-4, rtol=1e-6)
    torch.testing.assert_close(mixed[1], front(wave[1:2, : 2 * RATE]).mean((0, 1)), atol=1e-4, rtol=1e-6)


def test_gradients_pass_through_both_sounds() -> None:
    tower = AudioTower(Frames()).train()
    wave, lengths = sounds(1.0, 2.0)
    second, second_lengths = sounds(1.0, seed=1)
    wave.requires_grad_()
    second.requires_grad_()
    tower(wave, lengths, Blend((1,), second, second_lengths, (0.5,)))[1].sum().backward()
    assert wave.grad is not None
    assert second.grad is not None
    assert wave.grad[1].abs().max() > 0
    assert second.grad[0].abs().max() > 0
    assert not wave.grad[0].any()
    assert tower.encoder.scale.grad is not None


@pytest.mark.parametrize("domain", ["log", "linear"])
def test_silence_has_finite_gradients(domain: str) -> None:
    tower = AudioTower(Frames("passt_mel")).train()
    silence = torch.zeros(1, RATE, requires_grad=True)
    tower(silence, None, Blend((0,), torch.zeros(1, RATE), (RATE,), (0.5,), domain)).sum().backward()
    assert silence.grad is not None
    assert torch.isfinite(silence.grad).all()


def test_under_autocast_the_mix_is_made_in_full_precision() -> None:
    tower = AudioTower(Frames()).train()
    wave, lengths = sounds(1.0)
    blend = Blend((0,), sounds(1.0, seed=1)[0], lengths, (0.3,))
    full = tower(wave, lengths, blend)
    with torch.autocast("cpu", torch.bfloat16):
        tower(wave, lengths, blend)
    assert tower.encoder.seen[-1].dtype == torch.float32
    assert torch.equal(tower.encoder.seen[-1].mean(1), full)
    half = AudioTower(Frames().bfloat16())
    half(wave, lengths, blend)
    assert half.encoder.seen[-1].dtype == torch.bfloat16


def test_one_draw_of_the_jitter_serves_both_sounds() -> None:
    tower = AudioTower(Frames("passt_mel")).train()
    tower.front_end.jitter = Jitter()
    wave, lengths = sounds(1.0)
    torch.manual_seed(3)
    same = tower(wave, lengths, Blend((0,), wave.clone(), lengths, (0.5,)))
    torch.manual_seed(3)
    torch.testing.assert_close(same, tower(wave, lengths), atol=1e-6, rtol=1e-6)


def test_a_part_of_a_blend() -> None:
    second, lengths = sounds(1.0, 3.0, 2.0)
    blend = Blend((5, 1, 2), second, lengths, (0.1, 0.2, 0.3), "linear")
    part = blend.part(1, 3)
    assert part is not None
    assert (part.rows, part.num_samples, part.shares, part.domain) == ((0, 1), lengths[1:], (0.2, 0.3), "linear")
    assert torch.equal(part.wave, second[1:])
    alone = blend.part(2, 6)
    assert alone is not None
    assert alone.rows == (3, 0)
    assert alone.wave.shape == (2, 2 * RATE)  # no wider than its longest sound
    assert blend.part(3, 5) is None
    moved = blend.to(torch.device("cpu"))
    assert torch.equal(moved.wave, second)
    assert (moved.rows, moved.domain) == ((5, 1, 2), "linear")


def test_partners_of_a_group() -> None:
    other = torch.ones(2, 4)
    assert partners([3, 2], [None, None], "log") is None
    found = partners([3, 2, 1], [None, (other, 0.2), (other[:1], 0.6)], "log")
    assert found is not None
    assert found.places.tolist() == [3, 4, 5]
    assert found.shares.tolist() == pytest.approx([0.2, 0.2, 0.6])
    assert found.mixed_wave(torch.zeros(6, 4))[:, 0].tolist() == pytest.approx([0, 0, 0, 0.8, 0.8, 0.4])


def test_lengthened_reads_no_more_than_the_sound() -> None:
    assert lengthened(torch.tensor([1.0, 2.0, 77.0]), 2, 4).tolist() == [1.0, 2.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("blend", "error"),
    [
        (Blend((2,), torch.ones(1, 400), (400,), (0.5,)), InputError),
        (Blend((0, 0), torch.ones(2, 400), (400, 400), (0.5, 0.5)), InputError),
        (Blend((0,), torch.ones(1, 400), (401,), (0.5,)), InputError),
        (Blend((0,), torch.ones(1, 400), (400,), (1.5,)), InputError),
        (Blend((0,), torch.ones(1, 400), (400,), (0.5, 0.5)), InputError),
        (Blend((0,), torch.ones(1, 400), (400,), (0.5,), "decibel"), InputError),
        (Blend((0,), torch.ones(1, 400), (0,), (0.5,)), AudioEmptyError),
    ],
)
def test_blends_that_make_no_sense(blend: Blend, error: type[Exception]) -> None:
    with pytest.raises(error):
        AudioTower(Frames())(torch.ones(2, 400), None, blend)
