from dataclasses import replace

import numpy as np
import pytest

from hearken.data.scenes.loudness import loudness_db
from hearken.data.scenes.measure import measure
from hearken.data.scenes.plan import Background, Echo, Event, Plan
from hearken.data.scenes.render import FLOOR_DB, PEAK_DB, REFERENCE_DB, background, fade, limited, pink_noise, render
from hearken.data.scenes.sources import Source
from tests.data.scenes.small_sounds import RATE_HZ, noise, silence, tone

DOG = np.concatenate([silence(0.5), tone(700, 0.4), silence(0.6)]).astype(np.float32)
RAIN = noise(20.0).astype(np.float32)


def as_source(name: str, samples: np.ndarray) -> Source:
    return Source(name, name, name, name, measure(samples, RATE_HZ))


SOURCES = (as_source("dog", DOG), as_source("rain", RAIN))
SAMPLES = {"dog": DOG, "rain": RAIN}


def fetch(source: Source) -> np.ndarray:
    found = source.measure
    return SAMPLES[source.id][round(found.start_s * RATE_HZ) : round(found.end_s * RATE_HZ)]


def plan(*events: Event, bed: Background | None = None, echo: Echo | None = None) -> Plan:
    return Plan(0, 10.0, events, bed, echo)


def event(*starts_s: float, level_db: float = 0.0) -> Event:
    return Event(0, starts_s, SOURCES[0].measure.sounding_s, level_db, 0)


def rendered(scene: Plan, seed: int = 0) -> np.ndarray:
    return render(scene, SOURCES, RATE_HZ, fetch, np.random.default_rng(seed))[0]


def test_an_event_sounds_when_and_as_loud_as_planned() -> None:
    scene = rendered(plan(event(4.0)))
    assert (scene.shape, scene.dtype) == ((320_000,), np.float32)
    found = measure(scene, RATE_HZ)
    assert found.onset_s == pytest.approx(4.0, abs=0.021)
    assert found.offset_s == pytest.approx(4.4, abs=0.031)
    part = scene[round(4.05 * RATE_HZ) : round(4.35 * RATE_HZ)]
    assert loudness_db(part, RATE_HZ) == pytest.approx(REFERENCE_DB, abs=0.5)
    quiet = rendered(plan(event(4.0, level_db=-6.0)))[round(4.05 * RATE_HZ) : round(4.35 * RATE_HZ)]
    assert loudness_db(quiet, RATE_HZ) == pytest.approx(REFERENCE_DB - 6.0, abs=0.5)


def test_a_stroke_at_the_very_beginning_or_end_of_a_file_is_left_as_it_is() -> None:
    decay = np.exp(-np.arange(round(0.3 * RATE_HZ)) / (0.008 * RATE_HZ))
    for samples in (decay * tone(700, 0.3), tone(700, 0.4)):
        drum = as_source("drum", samples.astype(np.float32))
        assert drum.measure.start_s == 0.0
        drawn = Event(0, (4.0,), drum.measure.sounding_s, 0.0, 0)
        scene, _ = render(
            plan(drawn), (drum,), RATE_HZ, lambda source, samples=samples: samples.astype(np.float32), np.random.default_rng(0)
        )
        part = scene[4 * RATE_HZ :][: round(drum.measure.sounding_s * RATE_HZ)]
        assert loudness_db(part, RATE_HZ) == pytest.approx(REFERENCE_DB, abs=0.3)


def test_repetitions_all_sound() -> None:
    scene = rendered(plan(event(1.0, 3.0, 6.0)))
    energy = [
        float(np.square(scene[round(second * RATE_HZ) : round((second + 0.4) * RATE_HZ)]).sum()) for second in (1.0, 2.0, 3.0, 6.0, 8.0)
    ]
    assert min(energy[0], energy[2], energy[3]) > 100 * max(energy[1], energy[4])


def test_background_has_its_level_and_fills_the_scene() -> None:
    scene = rendered(plan(event(4.0), bed=Background(1, 0.5, -12.0)))
    for start in (0.5, 8.0):
        assert loudness_db(scene[round(start * RATE_HZ) : round((start + 1.5) * RATE_HZ)], RATE_HZ) == pytest.approx(
            REFERENCE_DB - 12.0, abs=0.7
        )


def test_without_background_there_is_faint_noise() -> None:
    scene = rendered(plan(event(4.0)))
    assert loudness_db(scene[RATE_HZ : 3 * RATE_HZ], RATE_HZ) == pytest.approx(REFERENCE_DB + FLOOR_DB, abs=1.0)


def test_echo_follows_the_event() -> None:
    dry, wet = rendered(plan(event(4.0))), rendered(plan(event(4.0), echo=Echo(0.8, -6.0)))
    after = slice(round(4.55 * RATE_HZ), round(4.8 * RATE_HZ))
    before = slice(round(3.5 * RATE_HZ), round(3.9 * RATE_HZ))
    assert np.square(wet[after]).mean() > 10 * np.square(dry[after]).mean()
    assert np.square(wet[before]).mean() == pytest.approx(np.square(dry[before]).mean(), rel=0.5)


def test_the_same_chances_make_the_same_samples() -> None:
    scene = plan(event(1.0, 2.0), bed=Background(1, 0.2, -12.0), echo=Echo(0.3, -10.0))
    assert np.array_equal(rendered(scene), rendered(scene))
    assert not np.array_equal(rendered(scene), rendered(scene, seed=1))


def test_loud_scenes_are_turned_down_as_a_whole() -> None:
    scene, gain_db = limited(np.array([0.5, -2.0], np.float32))
    assert gain_db == pytest.approx(PEAK_DB - 6.02, abs=0.01)
    assert np.abs(scene).max() == pytest.approx(10 ** (PEAK_DB / 20))
    assert scene[0] / scene[1] == pytest.approx(-0.25)
    assert limited(np.array([0.5], np.float32))[1] == 0.0
    loud = replace(SOURCES[0], measure=replace(SOURCES[0].measure, loudness_db=-60.0))
    scene, gain_db = render(plan(event(4.0)), (loud,), RATE_HZ, fetch, np.random.default_rng(0))
    assert np.abs(scene).max() <= 10 ** (PEAK_DB / 20) + 1e-6
    assert gain_db < -20.0


def test_short_backgrounds_are_repeated_without_gaps() -> None:
    samples = noise(2.0).astype(np.float32)
    for offset in (0.0, 0.4, 1.0):
        looped = background(samples, 10 * RATE_HZ, RATE_HZ, offset)
        assert looped.shape == (10 * RATE_HZ,)
        power = np.square(looped).reshape(100, -1).mean(axis=1)
        assert power.min() > 0.7 * power.mean()
        assert power.max() < 1.4 * power.mean()


def test_long_backgrounds_are_cut() -> None:
    samples = np.arange(100, dtype=np.float32)
    assert background(samples, 50, RATE_HZ, 0.0)[0] == 0.0
    assert background(samples, 50, RATE_HZ, 1.0)[-1] == 99.0


def test_fades() -> None:
    samples = np.ones(1_000, np.float32)
    faded = fade(samples, 1_000, 0.1, 0.2)
    assert samples.min() == 1.0
    assert faded[0] < 0.001
    assert faded[-1] < 0.001
    assert (faded[100:800] == 1.0).all()
    assert fade(np.ones(3, np.float32), 1_000, 1.0, 1.0)[1] == 1.0


def test_pink_noise_falls_by_three_decibels_an_octave() -> None:
    spectrum = np.square(np.abs(np.fft.rfft(pink_noise(np.random.default_rng(0), 320_000, RATE_HZ))))
    octaves = [10 * np.log10(spectrum[10 * hz : 20 * hz].mean()) for hz in (200, 400, 800, 1_600)]
    assert np.diff(octaves) == pytest.approx([-3.0] * 3, abs=0.4)
