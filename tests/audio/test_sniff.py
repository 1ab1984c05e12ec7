import struct
from io import FileIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.audio import sniff
from tests.audio.making import noise, pcm16, wav_header, write


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\xef\xbb\xbf \r\n<HTML><body>", "HTML"),
        (b'<?xml version="1.0"?>', "XML"),
        (b'{"error": "not found"}', "JSON"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"MThd\0\0\0\6", "MIDI"),
        (b"#EXTM3U\nhttp://example.org/a.mp3", "playlist"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\0" * 1000, "all zeros"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0", "index is missing"),
        (b"Dear diary, today I went out.", "text"),
        (b"\x01\x02\x03\x04" * 10, ""),
        (b"short", ""),
        (b"", "all zeros"),
    ],
)
def test_what_a_file_looks_like(head: bytes, words: str) -> None:
    assert words in sniff.looks_like(head)
    assert bool(words) == bool(sniff.looks_like(head))


def opened(folder: Path, data: bytes) -> FileIO:
    (folder / "x").write_bytes(data)
    return FileIO(str(folder / "x"))


@pytest.mark.parametrize(("rate_hz", "num_channels"), [(8_000, 1), (0, 0), (2**31 - 1, 65_535), (2**32 - 1, 1_024)])
def test_the_claims_of_a_wav_header_are_read_as_they_stand(rate_hz: int, num_channels: int) -> None:
    assert sniff.wav_rate_and_channels(wav_header(rate_hz, num_channels, block_align=2)) == (rate_hz, num_channels)


@pytest.mark.parametrize("head", [b"", b"RIFF", b"RIFF\0\0\0\0AVI fmt ", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0", b"OggS" + bytes(60)])
def test_what_is_no_wav_claims_nothing(head: bytes) -> None:
    assert sniff.wav_rate_and_channels(head) is None


def test_big_endian_riff_is_read_too() -> None:
    head = b"RIFX\0\0\0\0WAVEfmt " + struct.pack(">IHHIIHH", 16, 1, 2, 44_100, 0, 4, 16)
    assert sniff.wav_rate_and_channels(head) == (44_100, 2)


def test_mp3_tells_its_length_by_a_header_after_any_id3_tag(tmp_path: Path) -> None:
    tag = b"ID3\4\0\0" + bytes([0, 0, 0x4E, 0x20]) + bytes(10_016)  # 10 016 = 78 * 128 + 32
    for mark in (b"Xing", b"Info", b"VBRI"):
        with opened(tmp_path, b"\xff\xfb\x90\0" + bytes(32) + mark) as file:
            assert sniff.mp3_tells_length(file)
        with opened(tmp_path, tag + b"\xff\xfb\x90\0" + bytes(32) + mark) as file:
            assert sniff.mp3_tells_length(file)
    with opened(tmp_path, tag.replace(bytes(4), b"Xing", 1) + b"\xff\xfb\x90\0" + bytes(500)) as file:
        assert not sniff.mp3_tells_length(file)
    with opened(tmp_path, b"ID3") as file:
        assert not sniff.mp3_tells_length(file)


@pytest.mark.parametrize(("total", "is_told"), [(0, False), (1, True), (2**36 - 1, True), (2**32, True)])
def test_flac_tells_its_length_in_36_bits(total: int, is_told: bool) -> None:
    head = b"fLaC\0\0\0\x22" + bytes(13) + ((0xF << 36) | total).to_bytes(5) + bytes(16)
    assert sniff.flac_tells_length(head) == is_told
    assert sniff.flac_tells_length(head[:24])
    assert sniff.flac_tells_length(b"ID3")


@pytest.mark.parametrize("kind", ["ogg", "opus", "flac.ogg"])
def test_ogg_is_whole_only_with_its_last_page(tmp_path: Path, kind: str) -> None:
    data = write(tmp_path, kind, noise(48_000), 48_000).read_bytes()
    with opened(tmp_path, data) as file:
        assert not sniff.ogg_is_cut(file)
    with opened(tmp_path, data + b"trailing rubbish") as file:
        assert not sniff.ogg_is_cut(file)
    for cut in (1, 10, 1_000, len(data) - 30, len(data) - 5, len(data)):
        with opened(tmp_path, data[: len(data) - cut]) as file:
            assert sniff.ogg_is_cut(file), cut


@pytest.mark.parametrize("kind", ["wav", "s24.wav", "extensible.wav", "rf64.wav", "adpcm.wav", "w64", "caf"])
def test_chunks_promise_bytes(tmp_path: Path, kind: str) -> None:
    data = write(tmp_path, kind, noise(10_001), 48_000).read_bytes()
    with opened(tmp_path, data) as file:
        assert not sniff.chunk_is_cut(file)
    with opened(tmp_path, data + bytes(100)) as file:
        assert not sniff.chunk_is_cut(file)
    for left in (len(data) - 100, len(data) // 2):
        with opened(tmp_path, data[:left]) as file:
            assert sniff.chunk_is_cut(file)


@pytest.mark.parametrize("size", [0xFFFF_FFFF, 0x8000_0000, 0x7FFF_F000, 0x7FFF_FFFF])
def test_placeholders_promise_nothing(tmp_path: Path, size: int) -> None:
    with opened(tmp_path, wav_header(data_bytes=size) + pcm16(noise(100))) as file:
        assert not sniff.chunk_is_cut(file)


def test_chunks_that_lead_nowhere_end(tmp_path: Path) -> None:
    with opened(tmp_path, b"RIFF\0\0\0\0WAVE" + (b"junk" + bytes(4)) * 2_000) as file:
        assert not sniff.chunk_is_cut(file)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"RF64\0\0\0\0WAVEds64", b"riff", b"caff", b"OggS", b"ID3", b"fLaC", b".snd"]),
    st.binary(max_size=200),
)
def test_arbitrary_bytes_never_raise(tmp_path_factory: pytest.TempPathFactory, magic: bytes, rest: bytes) -> None:
    data = magic + rest
    with opened(tmp_path_factory.getbasetemp(), data) as file:
        for look in (sniff.chunk_is_cut, sniff.ogg_is_cut, sniff.mp3_tells_length):
            assert look(file) in (True, False)
    assert sniff.is_header_only(data) in (True, False)
    assert sniff.flac_tells_length(data) in (True, False)
    sniff.looks_like(data)
    sniff.wav_rate_and_channels(data)


@pytest.mark.parametrize("kind", ["au", "w64"])
def test_a_header_without_samples_is_told_apart(tmp_path: Path, kind: str) -> None:
    assert sniff.is_header_only(write(tmp_path, kind, noise(0), 8_000).read_bytes())
    assert not sniff.is_header_only(write(tmp_path, kind, noise(1), 8_000).read_bytes())
