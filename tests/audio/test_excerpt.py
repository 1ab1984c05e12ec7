from pathlib import Path

import numpy as np
import pytest

from hearken.audio import excerpt
from hearken.audio.blocks import BlockReader
from hearken.audio.excerpt import check_times, finite, open_spans, read_span
from hearken.audio.mix import to_float
from hearken.audio.probe import open_sound
from hearken.errors import AudioEmptyError, AudioLimitError, AudioReadError, InputError
from tests.audio.making import AV_KINDS, KINDS, LOSSLESS, noise, tone, write, write_av

RATE_HZ = 48_000
BITS = {
    "s24.wav": "s24",
    "float.wav": "f32",
    "double.wav": "f32",
    "s24.flac": "s24",
    "wav": "s16",
    "u8.wav": "s16",
    "mp3": "s16",
    "m4a": "s16",
}


def whole(path: Path) -> np.ndarray:
    """All channels (C, T) of all of a file, decoded from the start as indexing does."""
    with open_sound(path) as sound:
        return np.concatenate([to_float(block) for block, _ in BlockReader(sound, "x")], axis=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stretch_is_what_lies_there_when_all_is_decoded(tmp_path: Path, kind: str) -> None:
    is_aac = AV_KINDS.get(kind, ("", ""))[1] == "aac"  # it fills noise up by chance
    sound = (
        tone(9 * RATE_HZ, RATE_HZ, 440.0, 2) * np.linspace(0.2, 1.0, 9 * RATE_HZ)[:, None].astype(np.float32)
        if is_aac
        else noise(9 * RATE_HZ, 2)
    )
    path = write(tmp_path, kind, sound, RATE_HZ)
    truth = whole(path)
    ends = truth.shape[1]
    for start, stop in ((0, 100), (5, 3_001), (RATE_HZ * 4 + 77, RATE_HZ * 5), (RATE_HZ * 6 - 1, RATE_HZ * 6), (ends - 700, ends + 5_000)):
        found = read_span(path, start / RATE_HZ, stop / RATE_HZ)
        assert found.samples.shape == truth[:, start:stop].shape
        assert found.samples.dtype == np.float32
        assert found.start == start
        assert found.end_s == pytest.approx(min(stop, ends) / RATE_HZ)
        np.testing.assert_allclose(found.samples, truth[:, start:stop], atol=2e-3 if is_aac else 0.0)
        if kind in BITS:
            assert found.depth == BITS[kind]


@pytest.mark.parametrize("kind", [kind for kind in LOSSLESS if kind != "u8.wav"])
def test_lossless_stretches_are_what_was_written(tmp_path: Path, kind: str) -> None:
    sound = np.round(noise(7 * RATE_HZ, 2) * 32_768) / 32_768
    path = write(tmp_path, kind, sound.astype(np.float32), RATE_HZ)
    found = read_span(path, 5.0, 5.5).samples
    np.testing.assert_allclose(found, sound[5 * RATE_HZ : 11 * RATE_HZ // 2].T, atol=1.01 / 32_768)
    assert found.shape == (2, RATE_HZ // 2)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "opus", "m4a", "webm", "aac", "aiff", "wv"])
def test_the_middle_is_reached_without_decoding_what_lies_before(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, kind, noise(30 * RATE_HZ), RATE_HZ)
    monkeypatch.setattr(excerpt.Landing, "from_start", lambda self: pytest.fail("decoded from the start"))
    assert read_span(path, 25.0, 25.1).samples.shape == (1, RATE_HZ // 10)


def test_a_bit_rate_that_changes_does_not_lead_astray(tmp_path: Path) -> None:
    parts = []
    for seed, bit_rate in enumerate(("32k", "320k", "64k", "256k")):
        path = tmp_path / f"{seed}.mp3"
        write_av(
            path, "mp3", "libmp3lame", noise(5 * 44_100, 2, seed), 44_100, encoder={"b": bit_rate}, container_options={"write_xing": "0"}
        )
        parts.append(path.read_bytes().partition(b"\xff\xfb")[2])
    path = tmp_path / "all.mp3"
    path.write_bytes(b"".join(b"\xff\xfb" + part for part in parts))
    truth = whole(path)
    for start_s in (4.9, 6.0, 11.3, 18.7):
        start = round(start_s * 44_100)
        np.testing.assert_array_equal(read_span(path, start_s, start_s + 0.5).samples, truth[:, start : start + 22_050])


def test_a_hole_in_an_ogg_file_does_not_lead_astray(tmp_path: Path) -> None:
    path = write(tmp_path, "ogg", noise(20 * RATE_HZ), RATE_HZ)
    data = path.read_bytes()
    pages = data.split(b"OggS")
    assert len(pages) > 12
    path.write_bytes(b"OggS".join([*pages[:6], *pages[8:]]))
    truth = whole(path)
    assert truth.shape[1] < 20 * RATE_HZ - 1000
    start = 12 * RATE_HZ
    np.testing.assert_array_equal(read_span(path, 12.0, 12.2).samples, truth[:, start : start + RATE_HZ // 5])


def test_junk_in_an_mp3_does_not_lead_astray(tmp_path: Path) -> None:
    path = write(tmp_path, "mp3", noise(20 * RATE_HZ), RATE_HZ)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(10_000) + data[len(data) // 2 :])
    truth = whole(path)
    for start_s in (6.0, 15.0):
        start = round(start_s * RATE_HZ)
        np.testing.assert_array_equal(read_span(path, start_s, start_s + 0.2).samples, truth[:, start : start + RATE_HZ // 5])


def test_what_is_no_number_becomes_silence(tmp_path: Path) -> None:
    sound = noise(8_000)
    sound[100:103, 0] = np.nan, np.inf, 1e30
    found = read_span(write(tmp_path, "float.wav", sound, 8_000), 0.0, 1.0).samples[0]
    assert found[100:103].tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_array_equal(found[103:], sound[103:, 0])
    same = noise(10).T
    assert finite(same) is same


def test_what_cannot_be_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "wav", noise(8_000), 8_000)
    for start_s, end_s in ((-1.0, 2.0), (1.0, 1.0), (2.0, 1.0), (0.0, float("inf")), (float("nan"), 1.0), (0.0, float("nan"))):
        with pytest.raises(InputError, match="is no stretch"):
            check_times(start_s, end_s)
    with pytest.raises(AudioEmptyError, match="ends before 2"):
        read_span(path, 2.0, 3.0)
    with pytest.raises(AudioReadError):
        read_span(tmp_path / "none.wav", 0.0, 1.0)
    monkeypatch.setattr(excerpt, "MAX_EXCERPT_SAMPLES", 4_000)
    with pytest.raises(AudioLimitError, match="too much at once; 0 s"):
        read_span(path, 0.0, 1.0)


def test_the_form_is_that_of_the_decoder_and_report_hears_of_progress(tmp_path: Path) -> None:
    path = write(tmp_path, "flac", noise(9 * RATE_HZ, 2), RATE_HZ)
    told: list[float] = []
    with open_spans(path) as reader:
        assert (reader.form.rate_hz, reader.form.num_channels, reader.form.depth) == (RATE_HZ, 2, "s16")
        blocks = list(reader.blocks(5 * RATE_HZ, 6 * RATE_HZ, told.append))
    assert blocks[0][0] == 5 * RATE_HZ
    assert sum(block.shape[1] for _, block in blocks) == RATE_HZ
    assert told == sorted(told)
    assert 4.8 < told[0] <= 5.0
