import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from hearken.audio import viewing
from hearken.audio.excerpt import read_span
from hearken.library.records import AddRoot, ModelRecord
from hearken.server.routes import pictures
from hearken.server.state import Shelved
from tests.audio.making import noise, write
from tests.server.serving import FakeModel, client_of
from tests.small_library import SmallLibrary, unit

RATE_HZ = 16_000
LENGTH_S = 8.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("seen")
    (made / "sounds").mkdir()
    for kind in ("wav", "aiff", "mp3"):
        write(made / "sounds", kind, noise(int(LENGTH_S * RATE_HZ), 2), RATE_HZ)
    (made / "sounds" / "sound.bad.wav").write_text("<html>")
    model = FakeModel()
    library = SmallLibrary(made / "seen.hearken", model.dim, model=ModelRecord(model.name, model.digest, model.dim))
    library.store.apply([AddRoot(str(made / "sounds"))])
    for path in sorted((made / "sounds").iterdir()):
        library.put(str(path), [unit(1, *[0] * (model.dim - 1))], duration_s=LENGTH_S)
    library.close()
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    with client_of(folder / "seen.hearken") as made:
        yield made
    assert os.getpid() not in viewing._lanes  # the server's end is theirs


@pytest.fixture(scope="module")
def ids(client: TestClient) -> dict[str, str]:
    found = client.get("/api/v1/libraries/seen/sounds").json()["sounds"]
    return {each["name"].removeprefix("sound."): f"/api/v1/libraries/seen/sounds/{each['id']}" for each in found}


@pytest.mark.parametrize("kind", ["wav", "aiff", "mp3"])
def test_a_stretch_is_a_wav_to_the_sample_and_in_ranges(client: TestClient, ids: dict[str, str], folder: Path, kind: str) -> None:
    address = f"{ids[kind]}/excerpt?start_s=5.5&end_s=6.25"
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    read, rate_hz = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    truth = read_span(folder / "sounds" / f"sound.{kind}", 5.5, 6.25).samples
    assert rate_hz == RATE_HZ
    np.testing.assert_allclose(read.T, truth, atol=0.51 / 32_768 if kind == "mp3" else 0.0)
    part = client.get(address, headers={"Range": "bytes=10001-20000"})
    assert part.status_code == 206
    assert part.content == answer.content[10_001:20_001]
    assert part.headers["content-range"] == f"bytes 10001-20000/{len(answer.content)}"
    assert client.get(address, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert client.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    head = client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


def test_a_whole_sound_plays_and_cuts_are_files(client: TestClient, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(client.get(f"{ids['aiff']}/excerpt").content) == 44 + int(LENGTH_S * RATE_HZ) * 4
    flac = client.get(f"{ids['aiff']}/excerpt?start_s=1&end_s=2&format=flac&download=true")
    assert soundfile.info(io.BytesIO(flac.content)).frames == RATE_HZ
    assert flac.headers["content-disposition"].startswith('attachment; filename="sound 1.00-2.00.flac"')
    monkeypatch.setattr("hearken.server.routes.pictures.MAX_EXCERPT_S", 2.0)
    monkeypatch.setattr(viewing, "MAX_EXCERPT_S", 2.0)
    for more in ("format=flac", "download=true"):
        answer = client.get(f"{ids['aiff']}/excerpt?{more}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "audio_limit")
    assert client.get(f"{ids['aiff']}/excerpt").status_code == 200


@pytest.mark.parametrize("width", [50, 4_000])
def test_a_waveform_is_that_of_the_sound(client: TestClient, ids: dict[str, str], folder: Path, width: int) -> None:
    answer = client.get(f"{ids['wav']}/peaks?start_s=2&end_s=6&width={width}").json()
    truth = read_span(folder / "sounds" / "sound.wav", 2.0, 6.0).samples
    assert (answer["start_s"], answer["end_s"], answer["duration_s"]) == (2.0, 6.0, LENGTH_S)
    assert len(answer["min"]) == len(answer["max"]) == width
    assert max(answer["max"]) == pytest.approx(float(truth.max()), abs=2e-4)
    assert min(answer["min"]) == pytest.approx(float(truth.min()), abs=2e-4)


def test_long_sounds_are_read_where_they_are_looked_at(client: TestClient, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_WHOLE_MAX_S", 1.0)
    monkeypatch.setattr(viewing, "overview", lambda path: pytest.fail("read as a whole"))
    assert len(client.get(f"{ids['aiff']}/peaks?start_s=2&end_s=3&width=800").json()["max"]) == 800


def test_a_picture_is_made_once(client: TestClient, ids: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"{ids['wav']}/spectrogram?width=300&height=64&theme=light"
    first = client.get(address)
    assert (first.status_code, first.headers["content-type"]) == (200, "image/png")
    assert (first.headers["x-min-hz"], float(first.headers["x-max-hz"])) == ("40", 22_050.0)  # the store says 44.1 kHz of every sound here
    assert "max-age" in first.headers["cache-control"]
    monkeypatch.setattr(viewing, "spectrogram", lambda *args: pytest.fail("made again"))
    assert client.get(address).content == first.content
    assert list((folder / "seen.hearken" / "cache" / "pictures").glob("??/*"))


def test_a_file_that_changed_is_another_sound(client: TestClient, ids: dict[str, str], folder: Path) -> None:
    address = f"{ids['aiff']}/spectrogram?width=100&height=64"
    first = client.get(address).content
    path = folder / "sounds" / "sound.aiff"
    kept = path.read_bytes()
    write(folder / "sounds", "aiff", noise(4 * RATE_HZ, 1, seed=5), RATE_HZ)
    assert client.get(address).content != first
    path.write_bytes(kept)


@pytest.mark.parametrize("what", ["excerpt", "peaks", "spectrogram"])
def test_errors_have_one_shape(client: TestClient, ids: dict[str, str], what: str) -> None:
    for query in (
        "start_s=9",
        "start_s=3&end_s=2",
        "start_s=-1",
        "start_s=nan",
        "end_s=inf",
        "end_s=0",
        "width=0&height=0&format=mp3",
        "strange=1",
    ):
        answer = client.get(f"{ids['wav']}/{what}?{query}")
        assert answer.status_code == 422, query
        assert set(answer.json()["error"]) == {"code", "message", "hint"}
    answer = client.get(f"{ids['bad.wav']}/{what}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "audio_format")
    assert "/seen" not in answer.text
    assert client.get(f"/api/v1/libraries/seen/sounds/99999/{what}").status_code == 404


def test_busy_processes_are_told_as_such(client: TestClient, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: object) -> bytes:
        raise TimeoutError("no process is free")

    monkeypatch.setattr(viewing, "spectrogram", busy)
    answer = client.get(f"{ids['wav']}/spectrogram?width=111")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0


def test_sounds_are_heard_and_seen_while_others_search(client: TestClient, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    async def queue(*_: object) -> None:
        raise AssertionError("it queues up behind searches")

    monkeypatch.setattr(Shelved, "run", queue)
    for what in ("excerpt?end_s=1", "peaks?width=8", "spectrogram?width=8&height=8"):
        assert client.get(f"{ids['wav']}/{what}").status_code == 200


def test_long_sounds_leave_threads_for_short_ones(client: TestClient, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    known = pictures.threads_for
    monkeypatch.setattr(pictures, "threads_for", lambda request, work: (asked.append(work), known(request, work))[1])
    for bound_s in (1.0, 100.0):
        monkeypatch.setattr(pictures, "_LONG_S", bound_s)
        for what in ("excerpt?end_s=1", "peaks?width=9", "spectrogram?width=9&height=9"):
            assert client.get(f"{ids['wav']}/{what}").status_code == 200
    assert asked == ["picture", "long picture", "long picture", "picture", "picture", "picture"]
