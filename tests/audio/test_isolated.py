import os
import threading
from pathlib import Path

import numpy as np
import pytest

from hearken.audio import isolated
from hearken.audio.decode import decode
from hearken.audio.isolated import _waveform, decode_isolated
from hearken.errors import AudioFormatError, AudioReadError, AudioTruncatedError, WorkerDiedError
from tests.audio.making import noise, write


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "opus"])
def test_isolated_decoding_gives_the_same_bits(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, noise(200_000, 2), 48_000)
    here, there = decode(path, rate_hz=32_000), decode_isolated(path, 32_000)
    assert there.samples.tobytes() == here.samples.tobytes()
    assert (there.rate_hz, there.flags) == (here.rate_hz, here.flags)
    assert decode_isolated(path).rate_hz == 48_000


def test_options_and_flags_pass_the_border(tmp_path: Path) -> None:
    sound = noise(48_000)
    sound[5] = np.inf
    path = write(tmp_path, "float.wav", sound, 48_000)
    assert decode_isolated(path, 32_000, repair=True).flags == {"repaired"}
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(AudioTruncatedError, match="announces 1"):
        decode_isolated(path, 32_000, repair=True, strict=True)


def test_errors_pass_the_border_with_names_of_any_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(os.path.join(os.fsencode(tmp_path), b"caf\xe9\n.wav"))
    with pytest.raises(AudioReadError, match=r"caf\\udce9\\n\.wav cannot be read: No such file"):
        decode_isolated(name)
    Path(name).write_text("<html><body>404 not found</body></html>")
    with pytest.raises(AudioFormatError, match="looks like HTML"):
        decode_isolated(name)


def test_all_calls_share_one_process_also_those_of_threads(tmp_path: Path) -> None:
    path = write(tmp_path, "wav", noise(8_000), 8_000)
    decode_isolated(path)
    worker = isolated._workers[os.getpid()]
    starts, sizes = worker.num_starts, []
    threads = [threading.Thread(target=lambda: sizes.append(len(decode_isolated(path).samples))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [8_000] * 8
    assert worker.num_starts == starts


BLOCK = np.zeros(3, np.float32)


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ({}, [BLOCK]),
        ({"rate_hz": 8_000, "flags": []}, []),
        ({"rate_hz": 8_000, "flags": []}, [BLOCK.astype(np.float64)]),
        ({"rate_hz": 8_000, "flags": []}, [BLOCK[None]]),
        ({"rate_hz": 0, "flags": []}, [BLOCK]),
        ({"rate_hz": "8000", "flags": []}, [BLOCK]),
        ({"rate_hz": 8_000, "flags": ["odd"]}, [BLOCK]),
        ({"rate_hz": 8_000, "flags": [[]]}, [BLOCK]),
        ({"rate_hz": 8_000, "flags": "silent"}, [BLOCK]),
    ],
)
def test_an_answer_that_is_no_sound_is_not_believed(body: dict[str, object], blocks: list[np.ndarray]) -> None:
    with pytest.raises(WorkerDiedError, match=r"read x\.wav answered nonsense"):
        _waveform(body, blocks, "x.wav")
    assert _waveform({"rate_hz": 8_000, "flags": ["silent"]}, [BLOCK, BLOCK], "x.wav").samples.shape == (6,)
