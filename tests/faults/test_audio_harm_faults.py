"""Fault matrix, rows A7 to A14 and F2: sound files that take too much, and things that are no sound files."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hearken.audio.decode import decode
from hearken.audio.isolated import decode_isolated
from hearken.audio.probe import probe
from hearken.audio.worker import Worker
from hearken.errors import (
    AudioEmptyError,
    AudioError,
    AudioFormatError,
    AudioReadError,
    WorkerDiedError,
)
from tests.audio.making import AV_KINDS, KINDS, noise, tone, wav_header, write, write_av
from tests.audio.mutating import fuzz

MISBEHAVING = "tests.audio.misbehaving"
RATE_HZ = 48_000


# A7, A8: long files --------------------------------------------------------------------------------------------------

MEASURE = """
import sys
from hearken.audio.decode import open_stream
with open_stream(sys.argv[1], 32_000, max_duration_s=float(sys.argv[2])) as stream:
    for _ in stream:
        pass
with open("/proc/self/status") as status:  # getrusage would tell the peak of the parent, which exec inherits
    peak_kb = next(line.split()[1] for line in status if line.startswith("VmHWM"))
print(stream.num_samples, *sorted(stream.flags), peak_kb)
"""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory in /proc")


def stream_elsewhere(path: Path, max_duration_s: float = 1e9) -> tuple[int, list[str], float]:
    """Samples at 32 kHz, flags, and peak memory in MB of a process that streams the file."""
    command = [sys.executable, "-c", MEASURE, str(path), str(max_duration_s)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout.split()
    return int(out[0]), out[1:-1], int(out[-1]) / 1_000


@linux_only
@pytest.mark.parametrize("kind", ["flac", "opus.mkv", "lame.mp3"])
def test_fault_A7_a_bomb_of_silence_is_cut_at_the_longest_duration(tmp_path: Path, kind: str) -> None:
    silence = np.zeros((1_800 * 16_000, 1), np.float32)
    if kind == "opus.mkv":  # silence gets as small at the least effort, in a third of the time
        path = tmp_path / "sound.opus.mkv"
        write_av(path, *AV_KINDS[kind], silence, 16_000, encoder={"compression_level": "0"})
    else:
        path = write(tmp_path, kind, silence, 16_000)
    num_samples, flags, peak_mb = stream_elsewhere(path, 1_200.0)
    assert num_samples == 1_200 * 32_000  # 154 MB
    assert flags == ["over_duration", "silent"]
    assert peak_mb < 110


@linux_only
def test_fault_A7_a_sparse_wav_of_a_gigabyte(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(wav_header(96_000, 2, 32, 1_000_000_000, tag=3))
    os.truncate(path, 1_000_000_044)
    num_samples, flags, peak_mb = stream_elsewhere(path)
    assert num_samples == round(1_000_000_000 / 8 / 3)
    assert flags == ["silent"]
    assert peak_mb < 110


@linux_only
def test_fault_A8_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    peaks = []
    for minutes in (2, 40):
        path = tmp_path / f"{minutes}.wav"
        path.write_bytes(wav_header(32_000, 1, 16, minutes * 60 * 64_000))
        os.truncate(path, 44 + minutes * 60 * 64_000)
        num_samples, _, peak_mb = stream_elsewhere(path)
        assert num_samples == minutes * 60 * 32_000
        peaks.append(peak_mb)
    assert abs(peaks[1] - peaks[0]) < 20


# A9: random damage ---------------------------------------------------------------------------------------------------


def test_fault_A9_mutated_files_give_sound_or_a_named_error(tmp_path: Path) -> None:
    """A sample; thousands are run by ``benchmarks/fuzz_audio.py``."""
    outcome = fuzz(10 * len(KINDS), seed=20_220_501, folder=tmp_path)
    assert sum(outcome.results.values()) == 340
    assert outcome.deaths == []
    assert sum(count for result, count in outcome.results.items() if result.startswith("decoded")) > 100
    assert len(outcome.by_kind) == 34


# A11: other things under the name of a sound -------------------------------------------------------------------------


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a.txt", "hello")
    return buffer.getvalue()


OTHER_THINGS = {
    "HTML": b"<!DOCTYPE html>\n<html><head><title>404</title></head><body>Not found</body></html>",
    "JSON": json.dumps({"error": {"code": 404, "message": "not found"}}).encode(),
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(64)),
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + bytes(100),
    "ZIP": zipped(),
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "text": b"This is not the sound you are looking for.\n" * 20,
    "zeros": bytes(50_000),
}


@pytest.mark.parametrize("words", OTHER_THINGS)
@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "ogg"])
def test_fault_A11_other_things_are_called_by_their_name(tmp_path: Path, words: str, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(OTHER_THINGS[words])
    with pytest.raises(AudioFormatError, match=rf"x\.{suffix} is no sound that can be read: it .*{words}") as caught:
        decode(path)
    assert caught.value.hint


def test_fault_A11_random_bytes_are_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    for seed in range(20):
        path.write_bytes(np.random.default_rng(seed).bytes(5_000))
        with pytest.raises(AudioError):
            decode(path)


def test_fault_A11_a_tag_of_256_megabytes_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "x.mp3"
    sound = write(tmp_path, "lame.mp3", noise(RATE_HZ), RATE_HZ).read_bytes()
    path.write_bytes(b"ID3\4\0\0\x7f\x7f\x7f\x7f" + sound)
    with Worker("hearken.audio.isolated", memory_mb=900) as worker:
        with pytest.raises((AudioFormatError, AudioEmptyError)):
            worker.request({"path": str(path), "rate_hz": 32_000, "strict": False, "repair": False})
        assert worker.num_starts == 1


def test_fault_A11_an_mp3_glued_of_two_is_read_to_its_end(tmp_path: Path) -> None:
    first = write(tmp_path, "lame.mp3", tone(44_100, 44_100, 441.0, 2), 44_100).read_bytes()
    second = write(tmp_path, "lame.mp3", tone(22_050, 22_050, 441.0), 22_050).read_bytes()
    path = tmp_path / "glued.mp3"
    path.write_bytes(first + second)
    wave = decode(path, rate_hz=32_000)
    assert wave.duration_s == pytest.approx(2.0, abs=0.15)
    late = wave.samples[40_000:60_000] * np.hanning(20_000)
    assert np.argmax(np.abs(np.fft.rfft(late))) * 1.6 == pytest.approx(441.0, abs=2.0)


# A12: extreme but legitimate sound -----------------------------------------------------------------------------------

EXTREMES = {
    "silence": np.zeros(8_000),
    "constant": np.full(8_000, 0.7),
    "full scale": np.where(np.arange(8_000) // 40 % 2, 1.0, -1.0),
    "clipped": np.clip(3.0 * np.sin(np.arange(8_000) / 9.0), -1.0, 1.0),
    "a single click": np.eye(1, 8_000, 4_000)[0],
    "loud": np.full(8_000, 999.0),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_fault_A12_extreme_sound_is_finite_and_deterministic(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "float.wav", EXTREMES[name].astype(np.float32)[:, None], 8_000)
    wave = decode(path, rate_hz=32_000)
    assert np.isfinite(wave.samples).all()
    assert np.abs(wave.samples).max() <= 1.5 * np.abs(EXTREMES[name]).max()
    assert wave.flags == ({"silent"} if name == "silence" else frozenset())
    assert decode(path, rate_hz=32_000).samples.tobytes() == wave.samples.tobytes()


# A13: a decoder that dies --------------------------------------------------------------------------------------------

DEATHS: dict[str, tuple[dict[str, object], str]] = {
    "segfault": ({}, "crashed with SIGSEGV"),
    "abort": ({}, "crashed with SIGABRT"),
    "kill": ({}, "was killed, perhaps by the system for want of memory"),
    "sleep": ({"seconds": 600}, r"hung: nothing was heard of it for 1\.5 s"),
    "sleep_holding_the_interpreter": ({}, r"hung: nothing was heard of it for 1\.5 s"),
    "allocate": ({"mb": 4_000}, "ran out of its 900 MB of memory"),
    "allocate_bit_by_bit": ({}, "ran out of its 900 MB of memory"),
    "leave": ({"status": 7}, r"ended by itself with status 7 \(its last words: so long\)"),
    "bug": ({}, "failed with KeyError"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and limits")
@pytest.mark.parametrize("deed", DEATHS)
def test_fault_A13_the_death_of_a_decoder_is_named_and_the_next_file_is_read(deed: str) -> None:
    extra, words = DEATHS[deed]
    with Worker(MISBEHAVING, stall_s=1.5 if "sleep" in deed else 60, memory_mb=900) as worker:
        for turn in range(2):
            with pytest.raises(WorkerDiedError, match=words + r".* while reading bad\.wav") as caught:
                worker.request({"do": deed, "path": "bad.wav"} | extra)
            assert caught.value.hint
            assert worker.request({"do": "echo", "path": "good.wav"})[0]["message"]["path"] == "good.wav"
            assert worker.num_starts == turn + 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
def test_fault_A13_endless_work_ends_at_the_cpu_limit() -> None:
    with Worker(MISBEHAVING, stall_s=60, cpu_s=1) as worker:
        with pytest.raises(WorkerDiedError, match=r"used up its CPU time while reading bad\.wav"):
            worker.request({"do": "spin", "path": "bad.wav"})
        assert worker.request({"do": "echo"})[0]["message"] == {"do": "echo"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_fault_A13_killing_the_decoder_while_it_waits_costs_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", noise(100), 8_000)
    before = decode_isolated(path)
    from hearken.audio import isolated

    worker = isolated._workers[os.getpid()]
    for _ in range(3):
        pid = worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert decode_isolated(path).samples.tobytes() == before.samples.tobytes()


# A14: channels that cancel -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "m4a", "opus"])
def test_fault_A14_antiphase_is_heard_through_its_first_channel(tmp_path: Path, kind: str) -> None:
    left = tone(2 * RATE_HZ, RATE_HZ, 441.0)
    wave = decode(write(tmp_path, kind, np.concatenate([left, -left], axis=1), RATE_HZ))
    assert wave.flags == {"antiphase"}
    middle = wave.samples[RATE_HZ // 2 : RATE_HZ]
    assert np.sqrt(np.mean(np.square(middle))) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize("right", [1.0, 0.0, -0.5])
def test_fault_A14_ordinary_stereo_is_mixed(tmp_path: Path, right: float) -> None:
    left = tone(RATE_HZ, RATE_HZ, 441.0)
    wave = decode(write(tmp_path, "float.wav", np.concatenate([left, right * left], axis=1), RATE_HZ))
    assert wave.flags == frozenset()
    np.testing.assert_allclose(wave.samples, left[:, 0] * (1 + right) / 2, atol=1e-6)


# F2: what is no regular file -----------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="needs Unix file types")
def test_fault_F2_pipes_devices_folders_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "zero.wav").symlink_to("/dev/zero")
    for name, words in {"pipe.wav": "a pipe", "folder.wav": "a folder", "zero.wav": "a device"}.items():
        for look in (probe, decode, decode_isolated):
            with pytest.raises(AudioReadError, match=f"{name} is {words}, not a regular file"):
                look(tmp_path / name)


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_fault_O4_refused_and_broken_files_leave_no_descriptor_open(tmp_path: Path) -> None:
    good, bad, ugly = write(tmp_path, "wav", noise(100), 8_000), tmp_path / "bad.wav", tmp_path / "ugly.flac"
    bad.write_bytes(b"<html>" * 10)
    ugly.write_bytes(write(tmp_path, "flac", noise(10_000), 8_000).read_bytes()[:9_000])
    decode(good)
    before = os.listdir("/proc/self/fd")
    for _ in range(50):
        decode(good)
        decode(ugly)
        for path in (bad, tmp_path, tmp_path / "none"):
            with pytest.raises(AudioError):
                decode(path)
    assert len(os.listdir("/proc/self/fd")) == len(before)
