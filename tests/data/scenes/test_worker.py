from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from hearken.data.scenes.measure import measure
from hearken.data.scenes.plan import Settings
from hearken.data.scenes.sources import Source
from hearken.data.scenes.worker import Cook, Kitchen, Pantry, read_sound
from hearken.errors import AudioFormatError, DataError
from tests.data.scenes.small_sounds import RATE_HZ, STOCK, write_corpus


def sources(folder: Path) -> tuple[Source, ...]:
    corpus = write_corpus(folder)
    made = []
    for clip in corpus.clips:
        path = str(folder / clip.audio)
        made.append(Source(clip.id, path, clip.tags[0], clip.captions[0], measure(read_sound(path, RATE_HZ), RATE_HZ)))
    return tuple(made)


def test_measuring_by_message(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    told: list[float] = []
    body, arrays = Cook().handle({"path": str(tmp_path / "dog.wav"), "rate_hz": RATE_HZ, "whole": False}, told.append)
    assert body["onset_s"] == pytest.approx(0.5, abs=0.011)
    assert (arrays, told) == ([], [0.0])


def test_what_is_no_sound_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"no sound at all, nothing")
    with pytest.raises(AudioFormatError, match=r"x\.wav"):
        Cook().handle({"path": str(tmp_path / "x.wav"), "rate_hz": RATE_HZ, "whole": False}, lambda seconds: None)


def test_scenes_do_not_depend_on_those_before(tmp_path: Path) -> None:
    found = sources(tmp_path)
    one, other = Kitchen(Settings(seed=1), found), Kitchen(Settings(seed=1), found)
    for number in (0, 1, 2):
        other.scene(number, "flac")
    for number in (2, 0):
        record, samples = one.scene(number, "flac")
        again, same = other.scene(number, "flac")
        assert record == again
        assert np.array_equal(samples, same)
        assert len(samples) == round(record["duration_s"] * RATE_HZ)


def test_events_are_where_the_truth_says(tmp_path: Path) -> None:
    kitchen = Kitchen(Settings(seed=2, background_share=0.0, reverb_share=0.0), sources(tmp_path))
    checked = 0
    for number in range(6):
        record, samples = kitchen.scene(number, "flac")
        for event in record["events"]:
            for start_s, end_s in event["times"]:
                inside = np.square(samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]).mean()
                before = np.square(samples[round((start_s - 0.15) * RATE_HZ) : round((start_s - 0.03) * RATE_HZ)]).mean()
                overlapped = any(
                    other is not event and other["start_s"] - 0.6 < start_s < other["end_s"] + 0.6 for other in record["events"]
                )
                if not overlapped:
                    assert inside > 30 * before
                    checked += 1
    assert checked > 5


def test_the_pantry_is_bounded(tmp_path: Path) -> None:
    found = sources(tmp_path)
    pantry = Pantry(RATE_HZ, max_bytes=100_000)
    first = pantry.fetch(found[0])
    assert pantry.fetch(found[0]) is first
    pantry.fetch(found[4])  # 12 s: more than there is room for
    assert pantry.fetch(found[0]) is not first


def test_a_sound_that_shrank_is_an_error(tmp_path: Path) -> None:
    found = sources(tmp_path)
    (tmp_path / "dog.wav").write_bytes((tmp_path / "door.wav").read_bytes()[:2_000])
    with pytest.raises(DataError, match="shorter than when it was measured"):
        Pantry(RATE_HZ).fetch(found[0])


def test_no_event_is_an_error() -> None:
    with pytest.raises(DataError, match="Scene 3 got no event"):
        Kitchen(Settings(), STOCK[-2:]).plan(3)


def test_a_scene_by_message(tmp_path: Path) -> None:
    import json

    from hearken.data.scenes.sources import to_json

    listed = tmp_path / "sources.jsonl"
    listed.write_text("".join(json.dumps(to_json(each)) + "\n" for each in sources(tmp_path)))
    message = {"number": 4, "settings": asdict(Settings()), "sources": str(listed), "format": "wav"}
    body, (content,) = Cook().handle(message, lambda seconds: None)
    assert body["record"]["file"] == "audio/scene-000004.wav"
    assert content.dtype == np.uint8
    assert content[:4].tobytes() == b"RIFF"
