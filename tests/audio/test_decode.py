from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from hearken.audio.decode import check_samples, decode, open_stream
from hearken.audio.resample import resample
from hearken.errors import AudioEmptyError, AudioFormatError, AudioNonFiniteError, AudioTruncatedError, ChannelError, RateError
from hearken.limits import BLOCK_NUM_SAMPLES, MAX_CHANNELS
from tests.audio.making import KINDS, LOSSLESS, SOUNDFILE_KINDS, noise, pcm16, tone, wav_header, write

RATES_HZ = [8_000, 16_000, 22_050, 44_100, 48_000, 96_000]
READS_LIKE_SOUNDFILE = [kind for kind in LOSSLESS if kind in SOUNDFILE_KINDS]


def loudest_hz(samples: NDArray[np.float32], rate_hz: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))))) * rate_hz / len(samples)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_channels", [1, 2])
def test_a_tone_comes_back_from_every_container_without_false_alarm(tmp_path: Path, kind: str, num_channels: int) -> None:
    sound = tone(96_000, 48_000, 441.0, num_channels)
    wave = decode(write(tmp_path, kind, sound, 48_000), rate_hz=32_000, strict=True)
    assert (wave.rate_hz, wave.flags) == (32_000, frozenset())
    assert wave.duration_s == pytest.approx(2.0, abs=0.06)
    assert wave.samples.dtype == np.float32
    assert loudest_hz(wave.samples[8_000:40_000], 32_000) == pytest.approx(441.0, abs=1.0)
    assert np.sqrt(np.mean(np.square(wave.samples[8_000:40_000]))) == pytest.approx(0.5 / np.sqrt(2), rel=0.06)  # LAME itself takes 5 % off


def test_the_lists_of_kinds_are_as_long_as_they_should_be() -> None:
    assert (len(KINDS), len(LOSSLESS), len(READS_LIKE_SOUNDFILE)) == (34, 19, 14)


@pytest.mark.parametrize("kind", LOSSLESS)
@pytest.mark.parametrize(("rate_hz", "num_channels"), [(44_100, 1), (44_100, 2), (8_000, 2)])
def test_lossless_containers_agree_sample_by_sample(tmp_path: Path, kind: str, rate_hz: int, num_channels: int) -> None:
    sound = (np.round(noise(9_999, num_channels) * 2**15) / 2**15).astype(np.float32)
    wave = decode(write(tmp_path, kind, sound, rate_hz), strict=True)
    assert wave.rate_hz == rate_hz
    np.testing.assert_allclose(wave.samples, sound.mean(axis=1), atol=2**-15 + 1e-7)


@pytest.mark.parametrize("kind", READS_LIKE_SOUNDFILE)
@pytest.mark.parametrize("num_channels", [1, 2, 6])
def test_differential_libsndfile_reads_the_same_samples(tmp_path: Path, kind: str, num_channels: int) -> None:
    path = write(tmp_path, kind, noise(70_001, num_channels), 44_100)
    theirs, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    ours = decode(path)
    assert ours.rate_hz == rate_hz
    np.testing.assert_allclose(ours.samples, theirs.mean(axis=1, dtype=np.float64), atol=1e-7)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_stream_equals_resampling_the_whole(tmp_path: Path, rate_hz: int) -> None:
    path = write(tmp_path, "float.wav", noise(150_000, 2), rate_hz)
    whole = resample(decode(path).samples, rate_hz, 32_000)
    with open_stream(path, 32_000) as stream:
        blocks = list(stream)
    assert np.concatenate(blocks).tobytes() == whole.tobytes()
    assert stream.num_samples == len(whole)
    assert stream.duration_s == len(whole) / 32_000
    assert all(0 < len(block) <= BLOCK_NUM_SAMPLES * 32_000 / rate_hz + 5_000 for block in blocks)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "opus", "m4a"])
def test_the_same_file_gives_the_same_bits_every_time(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, noise(100_000, 2), 48_000)
    assert decode(path, rate_hz=32_000).samples.tobytes() == decode(path, rate_hz=32_000).samples.tobytes()


def test_downmix_is_the_mean_and_comes_before_resampling(tmp_path: Path) -> None:
    sound = np.concatenate([tone(44_100, 44_100), tone(44_100, 44_100, 1_000.0)], axis=1)
    wave = decode(write(tmp_path, "float.wav", sound, 44_100), rate_hz=32_000)
    np.testing.assert_array_equal(wave.samples, resample((sound[:, 0] + sound[:, 1]) * np.float32(0.5), 44_100, 32_000))


def test_the_samples_of_a_film_are_its_sound(tmp_path: Path) -> None:
    from tests.audio.test_probe import film

    film(tmp_path / "film.mp4", sound_s=1.0, film_s=2.0)
    assert decode(tmp_path / "film.mp4", rate_hz=32_000, strict=True).duration_s == pytest.approx(1.0, abs=0.05)


def test_over_duration_cuts_and_flags(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", noise(24_000), 8_000)
    with open_stream(path, 8_000, max_duration_s=2.5, strict=True) as stream:
        samples = np.concatenate(list(stream))
    assert len(samples) == 20_000
    assert stream.flags == {"over_duration"}
    np.testing.assert_array_equal(samples, decode(path).samples[:20_000])


def test_exactly_the_longest_duration_is_not_over_it(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", noise(24_000), 8_000)
    for limit_s in (3.0, 3.5):
        with open_stream(path, 8_000, max_duration_s=limit_s) as stream:
            assert sum(map(len, stream)) == 24_000
        assert stream.flags == frozenset()


def test_over_duration_at_the_border_of_a_block(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", noise(BLOCK_NUM_SAMPLES + 1), 8_192)
    with open_stream(path, 8_192, max_duration_s=BLOCK_NUM_SAMPLES / 8_192) as stream:
        assert sum(map(len, stream)) == BLOCK_NUM_SAMPLES
    assert stream.flags == {"over_duration"}


def test_a_truncated_file_is_flagged_or_if_strict_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "flac", noise(96_000), 48_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    wave = decode(path)
    assert wave.flags == {"truncated"}
    assert 0.8 < wave.duration_s < 1.0
    with pytest.raises(AudioTruncatedError, match=r"sound\.flac announces 2\.000 s and holds 0\.\d+ s that can be decoded"):
        decode(path, strict=True)


def test_one_missing_sample_is_no_truncation(tmp_path: Path) -> None:
    data = pcm16(noise(1_000))
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header(data_bytes=len(data) + 2) + data)
    assert decode(path, strict=True).flags == frozenset()


def test_flags_add_up(tmp_path: Path) -> None:
    left = noise(16_000)
    left[3] = np.nan
    path = write(tmp_path, "float.wav", np.concatenate([left, -left], axis=1), 8_000)
    with open_stream(path, 8_000, repair=True, max_duration_s=1.0) as stream:
        samples = np.concatenate(list(stream))
    assert stream.flags == {"repaired", "antiphase", "over_duration"}
    assert samples[3] == 0.0


def test_an_unknown_target_rate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RateError, match="The result has a sample rate of 1 Hz"):
        decode(write(tmp_path, "wav", noise(10), 8_000), rate_hz=1)


@pytest.mark.parametrize("shape", [(100,), (1, 100), (2, 100), (100, 2), (100, 1)])
def test_arrays_of_every_layout_are_taken(shape: tuple[int, ...]) -> None:
    wave = check_samples(np.full(shape, 0.5), 32_000, 32_000)
    assert wave.samples.tolist() == [0.5] * 100
    assert wave.samples.dtype == np.float32
    assert wave.rate_hz == 32_000


@pytest.mark.parametrize(
    ("dtype", "value", "wanted"), [("int16", -16384, -0.5), ("int32", 2**30, 0.5), ("uint8", 192, 0.5), ("float64", 0.25, 0.25)]
)
def test_arrays_of_integers_have_the_full_scale_of_their_type(dtype: str, value: float, wanted: float) -> None:
    assert check_samples(np.full(3, value, dtype), 8_000, 8_000).samples.tolist() == [wanted] * 3


def test_an_array_equals_the_file_it_was_read_from(tmp_path: Path) -> None:
    sound = noise(150_000, 2)
    path = write(tmp_path, "float.wav", sound, 44_100)
    assert check_samples(sound, 44_100, 32_000).samples.tobytes() == decode(path, rate_hz=32_000).samples.tobytes()


@pytest.mark.parametrize(
    ("array", "rate_hz", "error", "words"),
    [
        (np.zeros(0), 8_000, AudioEmptyError, "no samples"),
        (np.zeros((2, 0)), 8_000, AudioEmptyError, "no samples"),
        (np.array(1.0), 8_000, AudioFormatError, "0 axes"),
        (np.zeros((2, 2, 2)), 8_000, AudioFormatError, "3 axes"),
        (np.zeros(3, np.complex64), 8_000, AudioFormatError, "complex64"),
        (np.array(["a"]), 8_000, AudioFormatError, "no sound"),
        (np.zeros(3), 0, RateError, "The array has a sample rate of 0 Hz"),
        (np.zeros((MAX_CHANNELS + 1, 100)), 8_000, ChannelError, "65 channels"),
        (np.array([0.0, np.nan]), 8_000, AudioNonFiniteError, "The array holds"),
    ],
)
def test_arrays_that_are_no_sound_are_refused(array: NDArray[np.float64], rate_hz: int, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        check_samples(array, rate_hz, 32_000)


def test_flags_of_arrays() -> None:
    assert check_samples(np.zeros(10), 8_000, 8_000).flags == {"silent"}
    left = noise(100)[:, 0]
    assert check_samples(np.stack([left, -left]), 8_000, 8_000).flags == {"antiphase"}
