"""Sound goes in and comes out: the same length, within the error of the codec, and the same bytes each time."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest

from hearken.audio.melspec import FRONT_ENDS, log_mel
from hearken.data.shards.codec import decode_mel, decode_sound, encode
from hearken.data.shards.recipe import Recipe
from hearken.errors import AudioEmptyError, ShardError

LENGTHS = (1, 2, 3, 100, 311, 312, 313, 959, 960, 961, 10_007)


def noise(size: int, seed: int = 0) -> np.ndarray:
    """Noise below a quarter of the rate, of about a third of full scale at most."""
    wide = np.random.default_rng(seed).standard_normal(size + 16)
    return (np.convolve(wide, np.hanning(9) / 4, "same")[:size] * 0.09).astype(np.float32)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 32_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("codec", ["flac", "opus"])
def test_length_stays(codec: str, rate_hz: int) -> None:
    recipe = Recipe(rate_hz=rate_hz, codec=codec)
    for size in LENGTHS:
        data, gain = encode(noise(size), recipe)
        samples = decode_sound(data, recipe, size, gain)
        assert (samples.shape, samples.dtype, gain) == ((size,), np.float32, 1.0)


@pytest.mark.parametrize(("codec", "bits"), [("flac", 16), ("flac24", 24)])
def test_flac_is_exact_to_half_a_step(codec: str, bits: int) -> None:
    sound, recipe = noise(20_000), Recipe(codec=codec)
    sound[:4] = [1.0, -1.0, 0.0, 0.99]
    error = np.abs(decode_sound(*(encode(sound, recipe)[:1]), recipe, 20_000, 1.0) - sound)
    assert error[0] <= 2.0 ** (1 - bits)  # +1 itself has no code: one step
    assert error[1:].max() <= 2.0**-bits * 1.01
    again = decode_sound(encode(decode_sound(encode(sound, recipe)[0], recipe, 20_000, 1.0), recipe)[0], recipe, 20_000, 1.0)
    assert np.array_equal(again, decode_sound(encode(sound, recipe)[0], recipe, 20_000, 1.0))


@pytest.mark.parametrize("rate_hz", [24_000, 32_000, 48_000])
def test_opus_comes_back_in_time_and_near(rate_hz: int) -> None:
    sound, recipe = noise(60_000), Recipe(rate_hz=rate_hz, codec="opus", bitrate=128_000)
    data, gain = encode(sound, recipe)
    samples = decode_sound(data, recipe, len(sound), gain)
    spectrum = np.fft.rfft(samples, 1 << 17) * np.conj(np.fft.rfft(sound, 1 << 17))
    assert np.argmax(np.fft.irfft(spectrum)) == 0
    assert np.sqrt(np.mean((samples - sound) ** 2) / np.mean(sound**2)) < 0.15
    assert len(data) == pytest.approx(128_000 / 8 * len(sound) / rate_hz, rel=0.1)


@pytest.mark.parametrize("codec", ["flac", "flac24", "opus"])
def test_beyond_full_scale_nothing_is_clipped(codec: str) -> None:
    recipe = Recipe(codec=codec, bitrate=128_000)
    sound = np.float32(20.0) * noise(20_000)
    peak = float(np.abs(sound).max())
    assert peak > 2.0
    data, gain = encode(sound, recipe)
    assert gain == peak
    samples = decode_sound(data, recipe, len(sound), gain)
    error = np.sqrt(np.mean((samples - sound) ** 2) / np.mean(sound**2))
    assert error < (0.15 if codec == "opus" else 1e-4)
    assert abs(np.abs(samples).max() - peak) < (0.3 * peak if codec == "opus" else peak * 2.0**-15)


def test_the_same_bytes_each_time_however_it_is_cut() -> None:
    sound = noise(600_000)
    for codec in ("flac", "flac24", "opus"):
        recipe = Recipe(codec=codec)
        told: list[float] = []
        first = encode(sound, recipe, told.append)[0]
        assert first == encode(sound, recipe)[0]
        assert len(told) == (4 if codec == "opus" else 3)
        assert told == sorted(told)
        assert b"Lavf6" not in first  # versions would change the bytes
    assert len(encode(noise(1), Recipe())[0]) < 200  # no padding for tags


def test_a_long_sound_is_not_held_several_times() -> None:
    sound = noise(3_000_000)
    tracemalloc.start()
    encode(sound, Recipe())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.8 * sound.nbytes  # as 64-bit floats at once it would be more than 4 times


def test_mel_is_what_the_front_end_gives_to_eleven_bits() -> None:
    recipe = Recipe(codec="mel", front_end="passt_mel")
    sound = noise(32_000)
    wanted = log_mel(sound, FRONT_ENDS["passt_mel"])
    data, gain = encode(sound, recipe)
    mel = decode_mel(data, *wanted.shape)
    assert (mel.dtype, mel.shape, gain) == (np.float16, (100, 128), 1.0)
    assert np.all(np.abs(mel - wanted) <= np.maximum(np.abs(wanted) * 2.0**-11, 2.0**-25))
    assert np.abs(mel - wanted).max() > 0
    assert encode(sound, recipe)[0] == data
    np.testing.assert_array_equal(np.load(io.BytesIO(data)), mel)


def test_what_is_none_is_an_error() -> None:
    flac, mel = encode(noise(5_000), Recipe())[0], encode(noise(5_000), Recipe(codec="mel", front_end="passt_mel"))[0]
    for data, size in ((b"", 1), (b"fLaC but not", 1), (flac, 4_999), (flac[:3_000], 5_000), (mel, 10)):
        with pytest.raises(ShardError):
            decode_sound(data, Recipe(), size, 1.0)
    opus = encode(noise(5_000), Recipe(codec="opus"))[0]
    for size in (4_990, 5_010):
        with pytest.raises(ShardError, match=f"5000 samples of sound instead of {size}"):
            decode_sound(opus, Recipe(codec="opus"), size, 1.0)
    for data, shape in ((b"", (16, 128)), (flac, (16, 128)), (mel, (17, 128)), (mel[:-1], (16, 128)), (mel + b"0", (16, 128))):
        with pytest.raises(ShardError):
            decode_mel(data, *shape)
    assert decode_mel(mel, 16, 128).shape == (16, 128)
    with pytest.raises(AudioEmptyError):
        encode(noise(0), Recipe())


def test_sixteen_bits_come_out_as_they_went_in() -> None:
    ramp = (np.arange(-4_000, 4_000) / 4_096).astype(np.float32)
    for codec in ("flac", "flac24"):
        assert np.array_equal(decode_sound(encode(ramp, Recipe(codec=codec))[0], Recipe(codec=codec), 8_000, 1.0), ramp)
