"""Imitated sounds of weather, water, fire and animals. Each function draws one clip (T,) from a Generator."""

from __future__ import annotations

import numpy as np

from hearken.audio.synth import Sound, decay, drift, equalise, glide, hump, level, modes, noise, place, room, silence, tone

Generator = np.random.Generator


def rain(generator: Generator) -> Sound:
    """Steady rain on leaves: a bed of noise and thousands of drops."""
    bed = noise(generator, 6.0, {60: -30, 300: -14, 1_500: -4, 4_000: 0, 9_000: -3, 15_000: -10})
    drops = silence(6.0)
    for _ in range(2_400):
        pitch = generator.uniform(1_500, 9_000)
        drop = noise(generator, 0.006) * decay(0.006, 0.0012, 0.0002) + modes(0.006, [(pitch, 0.0015, 1.5)])
        place(drops, drop, generator.uniform(0, 5.99), generator.exponential(0.5))
    return level(bed, 0.55) * drift(generator, 6.0, 1.5, 0.85, 1.1) + level(drops, 0.5)


def thunder(generator: Generator) -> Sound:
    """Thunder cracks and rolls away in the rain."""
    out = silence(9.0)
    for at_s, gain in ((0.8, 1.0), (1.15, 0.6), (1.7, 0.8), (2.6, 0.55), (3.3, 0.6), (4.6, 0.35)):
        roll = noise(generator, 4.4, {20: -6, 50: 0, 120: 0, 260: -6, 700: -15, 2_000: -26, 6_000: -44})
        place(out, roll * decay(4.4, 1.1, 0.12) * drift(generator, 4.4, 0.06, 0.15, 1.3), at_s, gain)
    shower = noise(generator, 9.0, {80: -24, 400: -14, 2_000: -4, 5_000: 0, 12_000: -5})
    drops = level(np.resize(rain(generator), len(out)))
    return room(generator, out, 2.0, 0.35) + 0.09 * shower * drift(generator, 9.0, 0.5, 0.8, 1.1) + 0.05 * drops


def birdsong(generator: Generator) -> Sound:
    """A small bird that sings phrases of quick sweeps and trills."""
    out = silence(7.0)
    at_s = 0.2
    while at_s < 6.2:
        base = generator.uniform(3_000, 5_200)
        rise = generator.uniform(-1_600, 1_800)
        length_s = generator.uniform(0.05, 0.13)
        for repeat in range(int(generator.integers(2, 8))):
            pitch = glide({0.0: base, length_s * 0.5: base + rise, length_s: base + rise * 0.3})
            place(out, tone(pitch, harmonics=(1.0, 0.12, 0.04)) * hump(length_s, 0.7), at_s + repeat * length_s * 1.35)
        at_s += length_s * 1.35 * (repeat + 1) + generator.uniform(0.08, 0.45)
    air = noise(generator, 7.0, {100: -10, 1_000: -14, 6_000: -22})
    return room(generator, out, 0.9, 0.25) + level(air, 0.02)


def dog_bark(generator: Generator) -> Sound:
    """A dog barks, twice three times."""
    out = silence(6.0)
    for at_s in (0.3, 0.8, 1.3, 3.2, 3.7, 4.25):
        length_s = generator.uniform(0.22, 0.27)
        pitch = generator.uniform(0.94, 1.06) * glide({0.0: 420.0, 0.06: 720.0, 0.13: 640.0, length_s: 300.0})
        pitch = pitch * (1.0 + 0.07 * drift(generator, length_s, 0.005, -1, 1))
        voice = equalise(tone(pitch, harmonics=(1.0,) * 24), {200: -12, 600: 0, 1_100: 3, 1_600: -2, 2_600: -8, 4_000: -16, 9_000: -34})
        breath = noise(generator, length_s, {300: -14, 1_000: 0, 2_500: -4, 6_000: -14, 12_000: -30})
        shape = glide({0.0: 0.0, 0.025: 1.0, 0.11: 0.8, 0.18: 0.2, length_s: 0.0})
        place(out, np.tanh(1.6 * (level(voice) + 0.55 * breath)) * shape, at_s)
    return room(generator, out, 0.9, 0.3) + noise(generator, 6.0, {60: 0, 500: -10, 5_000: -22}) * 0.03


def wind(generator: Generator) -> Sound:
    """Gusts of wind."""
    out = silence(9.0)
    for centre, gain in ((60.0, 1.0), (150.0, 0.9), (350.0, 0.6), (700.0, 0.35), (1_400.0, 0.14), (3_000.0, 0.05)):
        band = noise(generator, 9.0, {centre / 4: -40, centre / 1.6: -4, centre: 0, centre * 1.6: -4, centre * 4: -40})
        out += gain * band * drift(generator, 9.0, 0.7, 0.2, 1.0) ** 1.5
    return out * drift(generator, 9.0, 2.2, 0.35, 1.0)


def sea_waves(generator: Generator) -> Sound:
    """Waves break on a beach and run back."""
    out = silence(10.0)
    for at_s, gain in ((0.0, 0.8), (3.1, 1.0), (6.2, 0.9)):
        swell = noise(generator, 4.2, {50: -4, 200: 0, 800: -5, 3_000: -11, 10_000: -26})
        foam = noise(generator, 4.2, {300: -30, 1_500: -8, 5_000: 0, 12_000: -6})
        place(out, swell * glide({0: 0.05, 1.3: 1.0, 2.0: 0.6, 4.2: 0.03}), at_s, gain)
        place(out, foam * glide({0: 0.02, 1.2: 0.25, 1.9: 0.5, 4.2: 0.02}), at_s, gain)
    bed = noise(generator, 10.0, {40: 0, 300: -6, 2_000: -16, 8_000: -30})
    return out + 0.1 * bed


def heartbeat(generator: Generator) -> Sound:
    """A heart beats, as through a stethoscope."""
    out = silence(7.0)
    for beat in range(8):
        for delay_s, pitch, gain in ((0.0, 48.0, 1.0), (0.3, 62.0, 0.7)):
            thud = modes(0.18, [(pitch, 0.035, 1.0), (pitch * 1.6, 0.025, 0.6), (pitch * 2.4, 0.015, 0.25)]) * decay(0.18, 0.08, 0.012)
            place(out, thud, 0.2 + beat * 0.84 + delay_s + generator.normal(0, 0.006), gain)
    return level(out) + 0.02 * noise(generator, 7.0, {30: 0, 150: -8, 500: -30, 2_000: -60})


def crickets(generator: Generator) -> Sound:
    """Many crickets chirp in the night."""
    out = silence(7.0)
    for _ in range(9):
        pitch, period, gain = generator.uniform(3_900, 5_200), generator.uniform(0.42, 0.75), generator.uniform(0.15, 1.0)
        pulse = tone(pitch, 0.019, (1.0, 0.15, 0.05)) * hump(0.019, 0.8)
        start_s = generator.uniform(0, 0.4)
        for chirp in range(int(6.5 / period)):
            for beat in range(3):
                place(out, pulse, start_s + chirp * period + beat * 0.034, gain * (0.7 + 0.15 * beat))
    night = noise(generator, 7.0, {80: -4, 500: -10, 3_000: -10, 5_000: 0, 8_000: -8, 14_000: -20})
    return room(generator, out, 0.5, 0.25) + 0.15 * night


def campfire(generator: Generator) -> Sound:
    """A fire crackles."""
    out = 0.02 * noise(generator, 7.0, {40: 0, 200: -4, 900: -14, 5_000: -26}) * drift(generator, 7.0, 0.25, 0.4, 1.2)
    for _ in range(420):
        length_s = generator.uniform(0.003, 0.02)
        snap = noise(generator, length_s, {300: -14, generator.uniform(900, 6_000): 0, 14_000: -14}) * decay(length_s, length_s / 5, 0.0002)
        place(out, snap, generator.beta(1, 1) * 6.9, 0.08 * generator.pareto(1.6) + 0.02)
    return np.tanh(out * 1.5) + 0.01 * noise(generator, 7.0, {1_000: -20, 6_000: 0})
