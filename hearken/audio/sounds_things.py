"""Imitated sounds of machines, tools, music and people. Each function draws one clip (T,) from a Generator."""

from __future__ import annotations

import numpy as np

from hearken.audio.synth import Sound, convolve, decay, drift, equalise, glide, hump, level, modes, noise, place, room, silence, times, tone

Generator = np.random.Generator


def siren(generator: Generator) -> Sound:
    """An emergency siren that wails up and down in a street."""
    pitch = 950.0 + 420.0 * np.sin(2 * np.pi * times(7.0) / 3.4 - 1.2)
    wail = tone(pitch, harmonics=(1.0, 0.5, 0.55, 0.25, 0.2, 0.12, 0.08))
    street = noise(generator, 7.0, {40: 0, 200: -8, 1_000: -22, 6_000: -40})
    return room(generator, wail * drift(generator, 7.0, 1.0, 0.7, 1.0), 1.2, 0.4) + level(street, 0.12)


def church_bell(generator: Generator) -> Sound:
    """A church bell tolls once a second."""
    ratios = ((0.5, 5.3, 0.28), (1.0, 3.3, 0.6), (1.19, 2.8, 1.05), (1.51, 1.4, 0.44), (2.0, 2.0, 1.2), (2.51, 1.05, 1.0), (2.66, 0.95, 0.64),
              (3.01, 0.95, 1.2), (4.17, 0.7, 1.15), (5.43, 0.47, 1.1), (6.8, 0.35, 1.0), (8.2, 0.24, 0.85), (9.7, 0.18, 0.7))  # fmt: skip
    strike = modes(4.0, [(660.0 * ratio * beat, tau, part) for ratio, tau, part in ratios for beat in (0.9991, 1.0009)])
    place(strike, noise(generator, 0.05, {800: 0, 4_000: -3, 12_000: -12}) * decay(0.05, 0.006), 0.0, 0.4)
    out = silence(9.0)
    for stroke in range(9):
        place(out, strike, 0.1 + stroke, generator.uniform(0.7, 1.0))
    return room(generator, out, 2.6, 0.4) + 0.23 * noise(generator, 9.0, {60: 0, 500: -8, 4_000: -20})


def ticking_clock(generator: Generator) -> Sound:
    """A wall clock: tick, tock, twice a second."""
    out = silence(7.0)
    for beat in range(14):
        shift = 1.0 if beat % 2 else 0.97
        table = [(700, 0.0047, 0.74), (1_390, 0.0033, 1.0), (2_270, 0.0026, 0.9), (3_200, 0.0022, 0.7), (4_310, 0.0019, 0.5)]
        click = 0.3 * modes(0.05, [(pitch * shift, tau, part) for pitch, tau, part in table])
        click += noise(generator, 0.05, {500: -14, 2_700: 0, 12_000: -6}) * decay(0.05, 0.0011, 0.0003)
        for delay_s, gain in ((0.0, 1.0), (0.0235, 0.62)):
            place(out, click, 0.2 + 0.5 * beat + delay_s, gain * generator.uniform(0.9, 1.0))
    hush = noise(generator, 7.0, {60: 0, 300: -6, 2_000: -12, 8_000: -20})
    return room(generator, out, 0.31, 0.36) + 0.09 * hush


def footsteps(generator: Generator) -> Sound:
    """Someone walks along a corridor: heel, then the scuff of the sole."""
    out = silence(7.0)
    for step in range(13):
        at_s = 0.25 + 0.51 * step + generator.normal(0, 0.015)
        gain, tilt = generator.uniform(0.7, 1.0), generator.uniform(0.85, 1.2)
        heel = noise(generator, 0.12, {70: -12, 150 * tilt: 0, 420: -5, 1_890 * tilt: -11, 6_000: -18, 12_000: -32})
        sole = noise(generator, 0.25, {150: -11, 700: -4, 3_040 * tilt: 0, 6_000: -6, 12_000: -16})
        place(out, heel * decay(0.12, 0.015, 0.006), at_s, gain)
        place(out, sole * decay(0.25, 0.079, 0.038), at_s + 0.1325, 0.53 * gain)
    hush = noise(generator, 7.0, {50: 0, 300: -8, 2_000: -18, 8_000: -24})
    return room(generator, out, 0.56, 0.14) + 0.14 * hush


def engine_idling(generator: Generator) -> Sound:
    """A diesel engine idles."""
    firing = np.cumsum(26.0 * (1.0 + 0.015 * drift(generator, 7.0, 0.2, -1, 1))) / 32_000
    strength = np.array([1.0, 0.72, 0.9, 0.66])[np.floor(firing).astype(int) % 4]
    pulses = np.diff(np.floor(firing), prepend=0.0) * strength * drift(generator, 7.0, 0.03, 0.75, 1.1)
    pipe = modes(0.2, [(41, 0.05, 1.0), (83, 0.04, 1.0), (131, 0.03, 0.6), (222, 0.016, 0.4), (395, 0.01, 0.3), (760, 0.005, 0.2)])
    thump = level(convolve(pulses, pipe))
    knock = convolve(pulses, noise(generator, 0.05, {300: -10, 1_400: 0, 3_500: -3, 9_000: -16}) * decay(0.05, 0.006))
    hum = noise(generator, 7.0, {50: 0, 200: -3, 800: -8, 2_500: -14, 8_000: -28})
    return thump + 0.3 * level(knock) + 0.35 * hum * (0.8 + 0.2 * np.tanh(thump))


def telephone(generator: Generator) -> Sound:
    """An old telephone with a bell rings three times."""
    out = silence(7.0)
    for start_s in (0.2, 2.6, 5.0):
        for hammer in range(36):
            pitch = (1_180.0, 1_420.0)[hammer % 2]
            bell = modes(0.5, [(pitch, 0.16, 1.0), (pitch * 2.72, 0.09, 0.8), (pitch * 4.9, 0.05, 0.5), (pitch * 1.01, 0.15, 0.6)])
            place(out, bell, start_s + hammer * 0.043, generator.uniform(0.7, 1.0))
    return room(generator, out, 0.4, 0.15) + noise(generator, 7.0) * 0.001


def alarm_clock(generator: Generator) -> Sound:
    """A digital alarm clock beeps in fours."""
    beep = tone(2_050.0, 0.075, (1.0, 0.0, 0.45, 0.0, 0.25, 0.0, 0.12)) * hump(0.075, 0.15)
    out = silence(6.0)
    for group in range(6):
        for beat in range(4):
            place(out, beep, 0.1 + group * 1.0 + beat * 0.125)
    return room(generator, out, 0.25, 0.12) + noise(generator, 6.0) * 0.001


def applause(generator: Generator) -> Sound:
    """An audience claps."""
    out = silence(7.0)
    for _ in range(60):
        pitch = generator.uniform(900, 2_200)
        colour = {pitch * 0.25: -22.0, pitch * 0.7: -4.0, pitch: 0.0, pitch * 1.5: -4.0, pitch * 4: -18.0}
        period, gain, at_s = generator.uniform(0.2, 0.3), generator.uniform(0.15, 1.0) ** 2, generator.uniform(0.0, 0.4)
        while at_s < 6.9:
            clap = noise(generator, 0.03, colour) * decay(0.03, generator.uniform(0.003, 0.006), 0.0005)
            place(out, clap, at_s, gain * generator.uniform(0.6, 1.0))
            at_s += period * generator.normal(1.0, 0.05)
    return room(generator, out, 0.9, 0.35)


def typing(generator: Generator) -> Sound:
    """Someone types on a computer keyboard."""
    out = silence(6.0)
    at_s = 0.1
    while at_s < 5.7:
        for delay_s, gain in ((0.0, 1.0), (generator.uniform(0.07, 0.11), 0.4)):
            peak = generator.uniform(2_200, 4_200)
            click = noise(generator, 0.05, {150: -16, 500: -10, peak: 0, 7_000: -4, 14_000: -14})
            place(out, click * decay(0.05, 0.0045, 0.0006), at_s + delay_s, gain * generator.uniform(0.6, 1.0))
            thud = noise(generator, 0.05, {80: -6, 250: 0, 900: -10, 3_000: -26}) * decay(0.05, 0.012, 0.002)
            place(out, thud, at_s + delay_s + 0.004, 0.35 * gain)
        at_s += generator.choice([0.08, 0.11, 0.14, 0.2, 0.4], p=[0.25, 0.3, 0.25, 0.14, 0.06]) * generator.uniform(0.8, 1.2)
    return room(generator, out, 0.25, 0.2) + noise(generator, 6.0, {50: 0, 500: -12, 5_000: -24}) * 0.03


def whistle(generator: Generator) -> Sound:
    """Someone whistles a short tune."""
    out = silence(6.0)
    at_s, before = 0.2, 1_000.0
    for step, length_s in ((0, 0.35), (4, 0.35), (7, 0.35), (12, 0.9), (9, 0.35), (7, 0.35), (4, 0.4), (5, 0.35), (2, 0.35), (0, 1.1)):
        pitch = 1_050.0 * 2.0 ** (step / 12)
        curve = glide({0.0: before, 0.06: pitch, length_s: pitch}) * (1.0 + 0.008 * np.sin(2 * np.pi * 5.5 * times(length_s)))
        note = tone(curve, harmonics=(1.0, 0.05, 0.02)) + 0.05 * noise(generator, length_s, {500: -20, 1_400: 0, 6_000: -14})
        place(out, note * hump(length_s, 0.3), at_s)
        at_s, before = at_s + length_s, pitch
    return room(generator, out, 0.6, 0.2) + 0.002 * noise(generator, 6.0)


def piano(generator: Generator) -> Sound:
    """A piano plays a slow broken chord and a cadence."""
    out = silence(8.0)
    notes = [(0.1 + 0.35 * i, key) for i, key in enumerate((48, 55, 60, 64, 67, 72, 67, 64, 53, 57, 60, 65))]
    notes += [(4.5, key) for key in (43, 55, 59, 62, 67)] + [(5.6, key) for key in (36, 48, 55, 60, 64, 72)]
    for at_s, key in notes:
        pitch = 440.0 * 2.0 ** ((key - 69) / 12)
        partials = [(n * pitch * (1 + 0.0004 * n * n) ** 0.5, 2.2 / (1 + 0.35 * n) * (60 / key), 1.0 / n**1.25) for n in range(1, 16)]
        string = modes(2.4, [(hz * (1 + cents), tau, gain) for hz, tau, gain in partials for cents in (0.0, 0.0006)])
        hammer = noise(generator, 0.05, {100: 0, 800: -6, 4_000: -24}) * decay(0.05, 0.01)
        place(out, string * np.minimum(1.0, times(2.4) / 0.003), at_s, generator.uniform(0.7, 1.0))
        place(out, hammer, at_s, 0.15)
    return room(generator, out, 1.0, 0.15)


def drum_beat(generator: Generator) -> Sound:
    """A drum kit plays two bars of rock."""
    out = silence(6.0)
    kick = tone(glide({0.0: 160.0, 0.03: 75.0, 0.3: 45.0})) * decay(0.3, 0.09, 0.002)
    kick += noise(generator, 0.3, {500: -10, 3_000: -6, 8_000: -20}) * decay(0.3, 0.006) * 0.3
    skin = modes(0.25, [(185, 0.06, 1.0), (330, 0.04, 0.6)]) * 0.6
    snare = skin + noise(generator, 0.25, {200: -14, 1_000: -4, 4_000: 0, 10_000: -4}) * decay(0.25, 0.06) * 0.7
    hat = noise(generator, 0.08, {3_000: -40, 7_000: -4, 11_000: 0}) * decay(0.08, 0.022) * 0.3
    for eighth in range(24):
        at_s = 0.1 + eighth * 0.23
        place(out, hat, at_s, 1.0 if eighth % 2 == 0 else 0.6)
        if eighth % 8 in (0, 3, 4) and eighth % 4 != 2:
            place(out, kick, at_s, 1.1)
        if eighth % 4 == 2:
            place(out, snare, at_s, 0.9)
    return room(generator, out, 0.5, 0.15)


def glass_clink(generator: Generator) -> Sound:
    """Glasses are clinked and set down."""
    out = silence(5.0)
    for at_s in (0.2, 0.95, 1.25, 2.3, 2.9, 3.8):
        for base in (generator.uniform(1_900, 2_300), generator.uniform(2_500, 3_100)):
            ratios = ((1.0, 0.10, 0.5), (1.72, 0.07, 0.6), (2.32, 0.08, 1.0), (3.1, 0.05, 0.6), (4.25, 0.05, 0.7), (5.3, 0.03, 0.5))
            ring = modes(0.6, [(base * ratio, tau, gain * generator.uniform(0.5, 1.2)) for ratio, tau, gain in ratios])
            place(out, ring, at_s + generator.uniform(0, 0.008), generator.uniform(0.5, 1.0))
        place(out, noise(generator, 0.02, {1_000: -12, 5_000: 0}) * decay(0.02, 0.003, 0.0003), at_s, 1.5)
    return room(generator, out, 0.4, 0.2) + noise(generator, 5.0, {60: 0, 500: -10, 5_000: -22}) * 0.02


def helicopter(generator: Generator) -> Sound:
    """A helicopter passes over."""
    blade = np.mod(np.cumsum(13.0 + 0.4 * drift(generator, 8.0, 1.0, -1, 1)) / 32_000, 1.0)
    slap = 0.15 + np.exp(-np.square((blade - 0.5) / 0.13))
    low = noise(generator, 8.0, {25: 0, 80: 2, 200: -3, 600: -10, 2_000: -20, 8_000: -40})
    wash = noise(generator, 8.0, {80: -10, 400: 0, 1_500: -5, 4_000: -12, 10_000: -26})
    thump = convolve(
        np.diff((blade > 0.5).astype(float), prepend=0.0).clip(0),
        modes(0.3, [(26, 0.06, 1.0), (52, 0.05, 1.0), (78, 0.04, 0.8), (104, 0.03, 0.6), (170, 0.02, 0.4)]),
    )
    turbine = noise(generator, 8.0, {1_500: -40, 2_300: 0, 3_500: -40})
    near = hump(8.0, 0.5) * 0.7 + 0.3
    return near * (level(low * slap) + 0.5 * level(wash * slap**1.3) + 0.6 * level(thump) + 0.03 * turbine)


def steam(generator: Generator) -> Sound:
    """Steam escapes with a hiss, three bursts."""
    hiss = noise(generator, 6.0, {200: -34, 1_500: -16, 5_000: -3, 9_000: 0, 15_000: -3})
    return hiss * glide(
        {0: 0.0, 0.1: 1.0, 1.5: 0.8, 1.7: 0.03, 2.1: 0.03, 2.2: 1.0, 3.6: 0.8, 3.8: 0.03, 4.2: 0.03, 4.3: 1.0, 5.6: 0.7, 6.0: 0.0}
    )


def car_horn(generator: Generator) -> Sound:
    """A car hoots in traffic: two short, one long."""
    out = silence(5.0)
    for at_s, length_s in ((0.4, 0.3), (0.95, 0.3), (1.9, 1.5)):
        gains = tuple(1.0 / n**0.3 for n in range(1, 22))
        wobble = 1.0 + 0.002 * drift(generator, length_s, 0.03, -1, 1)
        voice = tone(390.0 * wobble, harmonics=gains) + tone(492.0 * wobble, harmonics=gains)
        shape = np.minimum(1.0, times(length_s) / 0.03) * np.minimum(1.0, times(length_s)[::-1] / 0.05)
        place(out, level(equalise(voice, {200: -14, 500: -4, 1_500: 0, 2_800: 0, 4_500: -12, 9_000: -30})) * shape, at_s)
    street = noise(generator, 5.0, {40: 0, 200: -4, 1_000: -12, 5_000: -28})
    return room(generator, out, 1.6, 0.4) + street * 0.12


def wind_chime(generator: Generator) -> Sound:
    """A wind chime of metal tubes."""
    out = silence(7.0)
    for at_s in np.sort(generator.uniform(0.1, 6.0, 26)):
        pitch = float(generator.choice([1_046.5, 1_174.7, 1_318.5, 1_568.0, 1_760.0, 2_093.0])) * 1.5
        tube = modes(2.0, [(pitch, 0.9, 1.0), (pitch * 2.76, 0.4, 0.6), (pitch * 5.4, 0.15, 0.35), (pitch * 1.003, 0.9, 0.6)])
        place(out, tube, float(at_s), generator.uniform(0.2, 1.0))
    return room(generator, out, 0.8, 0.15) + 0.02 * noise(generator, 7.0, {60: 0, 400: -10, 3_000: -24})
