from pathlib import Path

import av
import numpy as np
import pytest

from hearken.audio import frame_table
from hearken.audio.frame_table import adts_frames, mpeg_frames, ogg_is_near_end, ogg_is_whole
from hearken.audio.source import open_regular
from tests.audio.making import noise, write, write_av


def packets(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [packet.pos for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("bit_rate", ["32k", "64k", "128k"])
def test_frames_of_mp3_lie_where_the_demuxer_finds_them(tmp_path: Path, rate_hz: int, bit_rate: str) -> None:
    path = tmp_path / "x.mp3"
    write_av(path, "mp3", "libmp3lame", noise(rate_hz), rate_hz, {"title": "x" * 300}, encoder={"b": bit_rate})
    truth = packets(path)
    with open_regular(path) as file:
        assert mpeg_frames(file, truth[0]).tolist() == truth
        assert mpeg_frames(file, truth[0] + 1).tolist() == []


def test_frames_of_layer_two_and_of_adts(tmp_path: Path) -> None:
    for name, container, codec, frames in (("x.mp2", "mp2", "mp2", mpeg_frames), ("x.aac", "adts", "aac", adts_frames)):
        path = tmp_path / name
        write_av(path, container, codec, noise(48_000), 48_000)
        truth = packets(path)
        with open_regular(path) as file:
            assert frames(file, truth[0]).tolist() == truth
            assert frames(file, 10**9).tolist() == []


def test_the_walk_ends_at_damage_and_at_the_end(tmp_path: Path) -> None:
    path = write(tmp_path, "mp3", noise(48_000), 48_000)
    truth, data = packets(path), bytearray(path.read_bytes())
    data[truth[10]] = 0
    path.write_bytes(data[: truth[-1] + 5])
    with open_regular(path) as file:
        assert mpeg_frames(file, truth[0]).tolist() == truth[:10]
        assert mpeg_frames(file, truth[11]).tolist() == truth[11:-1]
    for header in (b"\xff\xff\x90", b"\xff\xfb\xf0", b"\xff\xfb\x00", b"\xff\xeb\x90", b"\xff\xfb\x9c", b"\xfe\xfb\x90"):
        assert frame_table._mpeg_frame_bytes(header) == 0
    for header in (b"\xff\xf1\x50\x80\x00\x1f\xfd", b"\xff\xf1\x50\x80\x10\x1f\xfc"):
        assert frame_table._adts_frame_bytes(header) in {0, 128}


def test_missing_and_chained_pages_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "ogg", noise(8 * 48_000), 48_000)
    data = path.read_bytes()
    places = [at for at in range(len(data)) if data[at : at + 4] == b"OggS"]
    assert len(places) > 8

    def judged(content: bytes, stop: int) -> bool:
        path.write_bytes(content)
        with open_regular(path) as file:
            return ogg_is_whole(file, stop)

    assert judged(data, len(data))
    hole = data[: places[5]] + data[places[6] :]
    assert not judged(hole, len(hole))
    assert judged(hole, places[4])
    assert not judged(data + data, len(data) + 100)
    assert not judged(data[: places[5]] + b"x" + data[places[5] :], len(data))
    path.write_bytes(data)
    with open_regular(path) as file:
        assert [ogg_is_near_end(file, place) for place in places] == [False] * (len(places) - 2) + [True] * 2
        assert ogg_is_near_end(file, places[3] + 1)
        monkeypatch.setattr(frame_table, "_MAX_OGG_BYTES", 100)
        assert not ogg_is_whole(file, 101)


def test_offsets_are_numbers_that_hold_large_files(tmp_path: Path) -> None:
    path = write(tmp_path, "mp3", noise(4_800), 48_000)
    with open_regular(path) as file:
        assert mpeg_frames(file, packets(path)[0]).dtype == np.int64


@pytest.mark.parametrize(("frame_ms", "application"), [("2.5", "audio"), ("10", "voip"), ("20", "audio"), ("60", "voip"), ("120", "audio")])
def test_pages_of_opus_that_tell_other_times_are_seen(tmp_path: Path, frame_ms: str, application: str) -> None:
    path = tmp_path / "x.opus"
    options = {"frame_duration": frame_ms, "application": application}
    write_av(path, "ogg", "libopus", noise(5 * 48_000), 48_000, encoder=options, container_options={"page_duration": "500000"})
    data = bytearray(path.read_bytes())
    places = [at for at in range(len(data)) if data[at : at + 4] == b"OggS"]
    assert len(places) > 8
    with open_regular(path) as file:
        assert ogg_is_whole(file, places[-1])
    data[places[6] + 6] ^= 0x40
    path.write_bytes(data)
    with open_regular(path) as file:
        assert ogg_is_whole(file, places[6])
        assert not ogg_is_whole(file, places[7])
