from pathlib import Path

import av
import numpy as np
import pytest

from hearken.audio.probe import CODECS, CONTAINERS, check_channels, check_rate, open_sound, probe
from hearken.errors import AudioEmptyError, AudioFormatError, AudioReadError, ChannelError, RateError
from hearken.limits import MAX_CHANNELS, MAX_RATE_HZ, MAX_TAG_CHARS, MIN_RATE_HZ
from tests.audio.making import KINDS, OPUS_RATES_HZ, noise, pcm16, wav_header, write

CONTAINER_AND_CODEC = {
    "wav": ("wav", "pcm_s16le"), "u8.wav": ("wav", "pcm_u8"), "s24.wav": ("wav", "pcm_s24le"), "s32.wav": ("wav", "pcm_s32le"),
    "float.wav": ("wav", "pcm_f32le"), "double.wav": ("wav", "pcm_f64le"), "extensible.wav": ("wav", "pcm_s24le"), "alaw.wav": ("wav", "pcm_alaw"),
    "adpcm.wav": ("wav", "adpcm_ima_wav"), "rf64.wav": ("wav", "pcm_s16le"), "w64": ("w64", "pcm_s24le"), "aiff": ("aiff", "pcm_s16be"),
    "float.aifc": ("aiff", "pcm_f32be"), "au": ("au", "pcm_s16be"), "caf": ("caf", "pcm_s16be"), "alac.caf": ("caf", "alac"),
    "flac": ("flac", "flac"), "s24.flac": ("flac", "flac"), "ogg": ("ogg", "vorbis"), "opus": ("ogg", "opus"), "mp3": ("mp3", "mp3"),
    "m4a": ("mp4", "aac"), "alac.m4a": ("mp4", "alac"), "mp4": ("mp4", "aac"), "mov": ("mp4", "pcm_s16le"), "opus.mkv": ("matroska", "opus"),
    "flac.mkv": ("matroska", "flac"), "webm": ("matroska", "opus"), "lame.mp3": ("mp3", "mp3"), "flac.ogg": ("ogg", "flac"), "aac": ("aac", "aac"),
    "ac3": ("ac3", "ac3"), "wv": ("wv", "wavpack"), "wma": ("asf", "wmav2"),
}  # fmt: skip
TELL_NO_LENGTH = {"adpcm.wav", "aac", "ac3"}


def test_the_table_covers_every_kind() -> None:
    assert sorted(CONTAINER_AND_CODEC) == sorted(KINDS)
    assert len(KINDS) == 34


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_channels", [1, 2])
def test_facts_of_every_container(tmp_path: Path, kind: str, num_channels: int) -> None:
    rate_hz = 48_000
    assert rate_hz in OPUS_RATES_HZ
    info = probe(write(tmp_path, kind, noise(96_017, num_channels), rate_hz))
    assert (info.container, info.codec) == CONTAINER_AND_CODEC[kind]
    assert (info.rate_hz, info.num_channels) == (48_000, num_channels)
    if kind in TELL_NO_LENGTH:
        assert info.num_samples is None
        assert info.duration_s is None
    else:
        assert info.num_samples == pytest.approx(96_017, abs=2_100)


@pytest.mark.parametrize("kind", ["wav", "flac", "aiff", "caf", "w64", "mp3", "ogg", "alac.m4a", "mov", "wv"])
def test_the_length_is_exact_where_the_container_can_tell_it(tmp_path: Path, kind: str) -> None:
    assert probe(write(tmp_path, kind, noise(44_117, 2), 44_100)).num_samples == 44_117


def test_mp3_and_flac_that_do_not_know_their_length_are_not_guessed(tmp_path: Path) -> None:
    mp3 = write(tmp_path, "lame.mp3", noise(48_000), 48_000)
    data = mp3.read_bytes()
    assert b"Info" in data[:300] or b"Xing" in data[:300]
    mp3.write_bytes(data.replace(b"Info", b"\0\0\0\0", 1).replace(b"Xing", b"\0\0\0\0", 1))
    assert probe(mp3).num_samples is None
    flac = write(tmp_path, "flac", noise(48_000), 48_000)
    raw = bytearray(flac.read_bytes())
    raw[21] &= 0xF0
    raw[22:26] = bytes(4)
    flac.write_bytes(raw)
    assert probe(flac).num_samples is None


def test_the_name_of_a_file_means_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "flac", noise(100), 8_000).rename(tmp_path / "x.mp3")
    assert probe(path).container == "flac"


def film(path: Path, *, sound_s: float, film_s: float) -> None:
    """A film with pictures of `film_s` and sound of `sound_s` seconds."""
    with av.open(str(path), "w") as file:
        pictures = file.add_stream("mpeg4", rate=25)
        pictures.width = pictures.height = 64
        pictures.pix_fmt = "yuv420p"
        sound = file.add_stream("aac", rate=48_000, layout="stereo") if sound_s else None
        for number in range(round(film_s * 25)):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
            file.mux(pictures.encode(picture))
        file.mux(pictures.encode(None))
        if sound is not None:
            frame = av.AudioFrame.from_ndarray(noise(round(sound_s * 48_000), 2).T.copy(), format="fltp", layout="stereo")
            frame.sample_rate = 48_000
            file.mux(sound.encode(frame))
            file.mux(sound.encode(None))


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_the_sound_of_a_film_is_read_and_its_pictures_are_not(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film.{suffix}"
    film(path, sound_s=1.0, film_s=2.0)
    with open_sound(path) as sound:
        assert sound.info.codec == "aac"
        assert sound.info.num_samples is None or sound.info.num_samples == pytest.approx(48_000, abs=2_100)
        assert {stream.type: stream.discard.name for stream in sound.container.streams} == {"audio": "default", "video": "all"}


def test_a_film_without_sound_is_named(tmp_path: Path) -> None:
    film(tmp_path / "silent.mp4", sound_s=0.0, film_s=1.0)
    with pytest.raises(AudioFormatError, match=r"silent\.mp4 holds no sound"):
        probe(tmp_path / "silent.mp4")


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "opus", "m4a", "opus.mkv"])
def test_tags_are_read_from_every_kind(tmp_path: Path, kind: str) -> None:
    tags = {"title": "Rain ☔", "artist": "Me"}
    assert probe(write(tmp_path, kind, noise(48_000), 48_000, **tags)).tags.items() >= tags.items()


def test_tags_of_wav_come_from_info_and_bext_in_whatever_encoding(tmp_path: Path) -> None:
    data = pcm16(noise(1_000))
    bext = b"bext" + (602).to_bytes(4, "little") + b"A gate creaks".ljust(602, b"\0")
    info = b"INFOINAM" + (6).to_bytes(4, "little") + "Grüße\0".encode("latin-1")
    path = tmp_path / "x.wav"
    header = wav_header(data_bytes=len(data))
    path.write_bytes(header[:12] + bext + header[12:] + data + b"LIST" + len(info).to_bytes(4, "little") + info)
    assert probe(path).tags == {"title": "Grüße", "comment": "A gate creaks"}


def test_long_tags_are_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "flac", noise(100), 8_000, title="x" * 100_000)
    assert probe(path).tags["title"] == "x" * MAX_TAG_CHARS


def test_errors_of_the_operating_system_are_named(tmp_path: Path) -> None:
    with pytest.raises(AudioReadError, match="No such file"):
        probe(tmp_path / "none.wav")
    (tmp_path / "empty.wav").touch()
    with pytest.raises(AudioEmptyError, match=r"empty\.wav is empty"):
        probe(tmp_path / "empty.wav")


def test_playlists_and_other_formats_that_open_more_files_are_not_even_tried(tmp_path: Path) -> None:
    write(tmp_path, "wav", noise(8_000), 8_000)
    for name, text in {
        "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsound.wav\n#EXT-X-ENDLIST\n",
        "list.ffconcat": "ffconcat version 1.0\nfile sound.wav\n",
        "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    }.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(AudioFormatError):
            probe(tmp_path / name)


def test_only_known_decoders_run(tmp_path: Path) -> None:
    path = write(tmp_path, "alaw.wav", noise(8_000), 8_000)
    assert probe(path).codec == "pcm_alaw"
    path.write_bytes(path.read_bytes().replace(b"\6\0\1\0", b"\x45\0\1\0", 1))  # now it claims to be G.726
    with pytest.raises(AudioFormatError, match=r"is coded as .*, which is not read"):
        probe(path)


def test_the_closed_tables_name_things_that_exist() -> None:
    for codec in CODECS:
        assert av.Codec(codec, "r").type == "audio"
    known = {name for names in av.formats_available for name in names.split(",")}
    assert known.issuperset(CONTAINERS)


@pytest.mark.parametrize("rate_hz", [0, 1, 7, MIN_RATE_HZ - 1, MAX_RATE_HZ + 1, 2**31 - 1, 2**32 - 1])
def test_check_rate(rate_hz: int) -> None:
    with pytest.raises(RateError, match=f"It has a sample rate of {rate_hz} Hz"):
        check_rate(rate_hz, "It")
    check_rate(MIN_RATE_HZ, "It")
    check_rate(MAX_RATE_HZ, "It")


@pytest.mark.parametrize("num_channels", [0, -1, MAX_CHANNELS + 1, 65_535])
def test_check_channels(num_channels: int) -> None:
    with pytest.raises(ChannelError, match=f"It has {num_channels} channels"):
        check_channels(num_channels, "It")
    check_channels(1, "It")
    check_channels(MAX_CHANNELS, "It")
