import errno
import os
import threading
import time

import numpy as np
import pytest

from hearken.errors import AudioFormatError, AudioLimitError, WorkerDiedError
from hearken.server import uploads
from hearken.server.uploads import Upload, decoded
from tests.server.serving import save_tone


@pytest.fixture(scope="module", autouse=True)
def ended():
    yield
    uploads.close()


def test_a_sound_is_decoded_elsewhere(tmp_path):
    path = tmp_path / "sound"
    save_tone(path)
    rate_hz, samples = decoded(Upload("a.wav", str(path)), 60)
    assert rate_hz == 48_000
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    with pytest.raises(AudioLimitError, match="longer"):
        decoded(Upload("a.wav", str(path)), 0.5)
    path.write_bytes(b"<html>")
    with pytest.raises(AudioFormatError):
        decoded(Upload("a.wav", str(path)), 60)


def test_nonsense_from_the_process_is_not_believed(monkeypatch):
    class Liar:
        def __init__(self, body, blocks):
            self.answer = body, blocks

        def request(self, message):
            return self.answer

        def close(self):
            pass

    for body, blocks in (({}, []), ({"rate_hz": -1}, [np.zeros(2, np.float32)]), ({"rate_hz": 48_000}, [np.zeros((2, 2), np.float32)])):
        monkeypatch.setitem(uploads._workers, os.getpid(), Liar(body, blocks))
        with pytest.raises(WorkerDiedError):
            decoded(Upload("a", "a"), 60)


def test_the_end_of_the_server_does_not_wait_for_a_sound(monkeypatch):
    begun, closed = threading.Event(), threading.Event()

    class Slow:
        def request(self, message):
            begun.set()
            assert closed.wait(10)
            raise WorkerDiedError("It was ended.")

        def close(self):
            closed.set()

    monkeypatch.setitem(uploads._workers, os.getpid(), Slow())

    def ask():
        with pytest.raises(WorkerDiedError):
            decoded(Upload("a", "a"), 60)

    thread = threading.Thread(target=ask)
    thread.start()
    begun.wait(10)
    begin_s = time.monotonic()
    uploads.close()
    thread.join(10)
    assert time.monotonic() - begin_s < 5


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named(client, monkeypatch, number):
    def full(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(uploads, "_write", full)
    answer = client.post("/api/v1/libraries/small/search", files={"sound": ("a.wav", b"x")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk_full")
