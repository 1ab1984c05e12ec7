"""The synthesis kit, by numbers that can be worked out."""

from __future__ import annotations

import wave

import numpy as np
import pytest

from hearken.audio import synth


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(3)


def peak_hz(sound: synth.Sound) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * synth.RATE_HZ / len(sound))


def test_lengths() -> None:
    assert synth.num_samples(0.5) == 16_000
    assert len(synth.times(0.25)) == len(synth.silence(0.25)) == 8_000
    assert synth.times(1.0)[32] == 0.001


def test_tone_has_its_pitch_and_drops_harmonics_above_nyquist() -> None:
    assert peak_hz(synth.tone(1_000.0, 1.0)) == 1_000.0
    assert np.array_equal(synth.tone(12_000.0, 0.1, (1.0, 1.0)), synth.tone(12_000.0, 0.1, (1.0,)))


def test_tone_follows_a_glide() -> None:
    sound = synth.tone(synth.glide({0.0: 500.0, 0.5: 500.0, 0.500001: 2_000.0, 1.0: 2_000.0}))
    assert peak_hz(sound[:16_000]) == 500.0
    assert peak_hz(sound[16_000:]) == 2_000.0


def test_envelopes() -> None:
    fall = synth.decay(1.0, tau_s=0.1, attack_s=0.001)
    assert fall[0] == 0.0
    assert fall[32] == 1.0
    assert fall[32 + 3_200] == pytest.approx(np.exp(-1))
    rise = synth.hump(1.0)
    assert rise[0] == 0.0
    assert rise[16_000] == 1.0


def test_equalise_takes_decibels() -> None:
    sound = synth.tone(1_000.0, 1.0)
    assert np.std(synth.equalise(sound, {500.0: -20.0, 2_000.0: -20.0})) == pytest.approx(0.1 * np.std(sound), rel=1e-3)


def test_noise_has_level_one_and_its_colour(generator: np.random.Generator) -> None:
    sound = synth.noise(generator, 1.0, {1_000.0: 0.0, 1_100.0: -60.0})
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(1.0)
    power = np.abs(np.fft.rfft(sound)) ** 2
    assert power[:1_001].sum() > 0.95 * power.sum()


def test_level_of_silence_is_silence() -> None:
    assert not synth.level(np.zeros(4)).any()
    assert synth.level(np.array([3.0, -3.0]), 0.5).tolist() == [0.5, -0.5]
    assert synth.level(np.zeros(0)).tolist() == []


def test_drift_stays_between_its_bounds(generator: np.random.Generator) -> None:
    curve = synth.drift(generator, 2.0, 0.1, 0.25, 0.75)
    assert 0.25 <= curve.min() < 0.4
    assert 0.6 < curve.max() <= 0.75
    assert np.abs(np.diff(curve)).max() < 0.001


def test_modes_ring_and_die() -> None:
    ring = synth.modes(1.0, [(440.0, 0.1, 2.0)])
    assert peak_hz(ring) == 440.0
    assert np.abs(ring[:3_200]).max() > 1.5
    assert np.abs(ring[-3_200:]).max() < 0.001


def test_place_adds_and_cuts() -> None:
    canvas = synth.silence(0.001)
    synth.place(canvas, np.ones(4), 30 / 32_000, 0.5)
    synth.place(canvas, np.ones(4), 0.0)
    synth.place(canvas, np.ones(4), 1.0)
    assert canvas.tolist() == [1.0] * 4 + [0.0] * 26 + [0.5] * 2


def test_convolve_by_hand() -> None:
    assert synth.convolve(np.array([1.0, 0.0, 0.0, 2.0]), np.array([1.0, 0.5])) == pytest.approx([1.0, 0.5, 0.0, 2.0])


def test_room_adds_an_echo(generator: np.random.Generator) -> None:
    click = synth.silence(1.0)
    click[100] = 1.0
    assert np.abs(synth.room(generator, click, 0.5, 0.5)[200:8_000]).max() > 0.01


def test_same_generator_same_sound() -> None:
    first, second = (synth.room(np.random.default_rng(1), synth.noise(np.random.default_rng(2), 0.1)) for _ in range(2))
    assert np.array_equal(first, second)


def test_save_wav(tmp_path) -> None:
    synth.save_wav(tmp_path / "a.wav", np.array([0.0, 2.0, -1.0]), peak=0.5)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 32_000)
        assert np.frombuffer(file.readframes(9), "<i2").tolist() == [0, 16_384, -8_192]
