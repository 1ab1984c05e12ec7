import json

import pytest

from hearken.data.scenes.phrases import shipped_phrases
from hearken.data.scenes.plan import Background, Echo, Event, Plan, Settings
from hearken.data.scenes.truth import audacity_labels, captions_of, dcase_table, raven_table, scene_name, scene_record
from tests.data.scenes.small_sounds import STOCK, stock_of

MATERIAL = stock_of(*STOCK)
PLAN = Plan(
    12, 15.0, (Event(0, (1.0, 2.5), 0.5, -3.0, 0), Event(2, (5.0,), 3.0, 0.0, 1), Event(3, (6.0,), 0.2, -1.0, 1)),
    Background(5, 0.5, -12.0), Echo(0.5, -10.0),
)  # fmt: skip
RECORD = scene_record(PLAN, MATERIAL, Settings(seed=9), -2.0, shipped_phrases(), "wav")


def test_the_record_tells_all() -> None:
    assert json.loads(json.dumps(RECORD)) == RECORD
    wanted = {
        "id": "scene-000012", "file": "audio/scene-000012.wav", "duration_s": 15.0, "tags": ["dog", "bell", "step", "rain"], "split": "train",
        "origins": ["freesound:bell", "freesound:dog", "freesound:rain", "freesound:step"], "licence": "CC0", "licences": ["CC0"],
        "author": "An Author", "reverb": {"rt60_s": 0.5, "wet_db": -10.0}, "gain_db": -2.0, "rate_hz": 32_000, "seed": 9, "number": 12,
    }  # fmt: skip
    assert {name: RECORD[name] for name in wanted} == wanted


def test_the_rate_is_that_of_the_file() -> None:
    assert scene_record(PLAN, MATERIAL, Settings(), 0.0, shipped_phrases(), "opus")["rate_hz"] == 48_000
    assert scene_record(PLAN, MATERIAL, Settings(rate_hz=16_000), 0.0, shipped_phrases(), "flac")["rate_hz"] == 16_000


def test_events_have_times_levels_and_sources() -> None:
    dog, bell, step, rain = RECORD["events"]
    assert dog == {
        "label": "dog", "clause": "a dog barks", "source": "dog", "origins": ["freesound:dog"], "licence": "CC0", "author": "An Author",
        "background": False, "start_s": 1.0, "end_s": 3.0, "times": [[1.0, 1.5], [2.5, 3.0]], "repeats": 2, "level_db": -25.0,
    }  # fmt: skip
    assert (bell["start_s"], bell["end_s"], step["clause"]) == (5.0, 8.0, "a footstep on gravel can be heard")
    assert (rain["background"], rain["times"], rain["level_db"]) == (True, [[0.0, 15.0]], -34.0)


def test_captions_tell_the_truth() -> None:
    assert len(set(RECORD["captions"])) == 3
    for caption in RECORD["captions"]:
        text = caption.lower()
        assert "a dog bark" in text
        assert "twice" in text or "two times" in text
        assert "a footstep on gravel while a bell" in text.replace(" can be heard", "").replace(" as ", " while ")
        assert "rain" in text
    assert captions_of(PLAN, MATERIAL, Settings(seed=9), shipped_phrases()) == RECORD["captions"]


def test_sources_of_several_splits_and_licences() -> None:
    from dataclasses import replace

    mixed = tuple(replace(each, source=replace(each.source, split=each.source.id, licence="")) for each in MATERIAL)
    record = scene_record(PLAN, mixed, Settings(), 0.0, shipped_phrases(), "flac")
    assert (record["split"], record["licences"]) == ("", ["unknown"])


def test_labels_for_other_tools() -> None:
    assert audacity_labels(RECORD).splitlines() == [
        "0.000\t15.000\train", "1.000\t1.500\tdog", "2.500\t3.000\tdog", "5.000\t8.000\tbell", "6.000\t6.200\tstep",
    ]  # fmt: skip
    raven = raven_table(RECORD).splitlines()
    assert raven[0].split("\t")[:5] == ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)"]
    assert raven[2] == "2\tSpectrogram 1\t1\t1.000\t1.500\t0\t16000\tdog"
    assert dcase_table([RECORD]).splitlines()[:2] == ["filename\tonset\toffset\tevent_label", "scene-000012.wav\t0.000\t15.000\train"]
    assert len(dcase_table([RECORD, RECORD]).splitlines()) == 11


@pytest.mark.parametrize(("number", "name"), [(0, "scene-000000"), (1_234_567, "scene-1234567")])
def test_names(number: int, name: str) -> None:
    assert scene_name(number) == name
