"""Sounds in the page: short, bounded, and never a reason to have no page."""

from __future__ import annotations

import base64
import io

import av
import numpy as np
import pytest

from hearken.evaluate.report import sounds as module
from hearken.evaluate.report.pictures import RATE_HZ
from hearken.evaluate.report.sounds import SECONDS, Sounds, beginning, mp3
from tests.evaluate.report.waves import write_wave


def test_the_beginning_is_short_fades_out_and_is_loud_enough() -> None:
    kept = beginning(np.full(round((SECONDS + 2) * RATE_HZ), 0.1, np.float32))
    assert len(kept) == round(SECONDS * RATE_HZ)
    assert kept[0] == pytest.approx(0.89, abs=1e-6)
    assert kept[-1] == 0.0
    short = beginning(np.full(100, -2.0, np.float32))
    assert len(short) == 100
    assert short.min() == pytest.approx(-0.89, abs=1e-6)
    assert not beginning(np.zeros(10, np.float32)).any()
    assert beginning(np.full(10, 1e-4, np.float32)).max() == pytest.approx(30e-4), "noise is not blown up to full scale"


def test_the_sound_that_was_put_in_comes_out() -> None:
    tone = (0.5 * np.sin(2 * np.pi * 1_000 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)
    data = mp3(tone)
    assert data == mp3(tone)
    assert 4_000 < len(data) < 7_000, "a second at 40 kbit/s"
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels, stream.codec_context.name.startswith("mp3")) == (RATE_HZ, 1, True)
        found = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    spectrum = np.abs(np.fft.rfft(found[4_000:20_000]))
    assert np.argmax(spectrum) * RATE_HZ / 16_000 == pytest.approx(1_000, abs=3)


def test_a_file_is_read_once_and_told_how_much_of_it_plays(tmp_path, monkeypatch) -> None:
    write_wave(tmp_path / "a.wav", SECONDS + 1)
    made, real = [], module._made
    monkeypatch.setattr(module, "_made", lambda path: made.append(path) or real(path))
    sounds = Sounds()
    first = sounds.of(str(tmp_path / "a.wav"))
    assert sounds.of(str(tmp_path / "a.wav")) == first
    assert made == [str(tmp_path / "a.wav")]
    assert (round(first.seconds), round(first.of_seconds)) == (8, 9)
    assert base64.b64decode(first.picture.removeprefix("data:image/png;base64,"))[1:4] == b"PNG"
    assert sounds.room == module.MOST_BYTES - 2 * (len(first.audio) + len(first.picture))


def test_there_is_an_end_to_the_room(tmp_path) -> None:
    write_wave(tmp_path / "a.wav")
    sounds = Sounds(room=100)
    assert sounds.of(str(tmp_path / "a.wav")).why == "left out: the page holds enough sounds"
    assert sounds.room == 100


def test_what_cannot_be_had_is_said(tmp_path) -> None:
    (tmp_path / "text.wav").write_text("no sound at all, only words")
    sounds = Sounds()
    assert "cannot be played" in sounds.of(str(tmp_path / "text.wav")).why
    assert "not here" in sounds.of(str(tmp_path / "gone\u202e.wav")).why
    assert "\u202e" not in sounds.of(str(tmp_path / "gone\u202e.wav")).why
    assert "nobody told" in sounds.of("").why
    assert Sounds(is_wanted=False).of("x") == module.Sound()
