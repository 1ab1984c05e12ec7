"""Clotho: the published files, their quirks, and what is made of damaged ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.clotho import CLOTHO, clip_id, read, read_metadata
from hearken.errors import DataError, MissingDataError
from tests.data.mutants import assert_named_errors

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions" / "clotho_v2.1"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the published caption files are not here")
SPLITS = ("development", "validation", "evaluation")
HEAD = "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\r\n"
META = "file_name,keywords,sound_id,sound_link,start_end_samples,manufacturer,license\r\n"


def captions(name: str, number: int = 0) -> str:
    return f"{name}," + ",".join(f"text {number}{letter}" for letter in "abcde") + "\r\n"


def write(folder: Path, split: str, rows: str, meta: str | bytes | None = None) -> Path:
    (folder / f"clotho_captions_{split}.csv").write_bytes((HEAD + rows).encode())
    if meta is not None:
        content = meta if isinstance(meta, bytes) else (META + meta).encode("iso-8859-1")
        (folder / f"clotho_metadata_{split}.csv").write_bytes(content)
    return folder


def test_captions_and_facts(tmp_path: Path) -> None:
    rows = '" rain.wav","One, two.",b ,c,d,e\r\n' + captions("b.wav")
    meta = ' rain.wav,rain; storm;;wet,42,https://x/42,"[44100, 110250]",José,http://cc/by/\r\nb.wav,,Not found,,,Not found,\r\n'
    first, second = read(write(tmp_path, "validation", rows, meta), ["validation"])
    assert (first.id, first.audio, first.split) == (" rain.wav", "validation/ rain.wav", "validation")
    assert first.captions == ("One, two.", "b ", "c", "d", "e")
    assert first.tags == ("rain", "storm", "wet")
    assert (first.start_s, first.duration_s) == (1.0, 1.5)
    assert (first.origins, first.author, first.licence) == (("freesound:42",), "José", "http://cc/by/")
    assert (second.tags, second.origins, second.start_s, second.duration_s) == ((), (), None, None)


def test_metadata_may_be_missing_or_of_the_other_name(tmp_path: Path) -> None:
    (clip,) = read(write(tmp_path, "evaluation", captions("a.wav")), ["evaluation"])
    assert (clip.tags, clip.origins, clip.duration_s) == ((), (), None)
    (tmp_path / "evaluation_audio_metadata.csv").write_text("split,fid,file_name,keywords\nx,y,a.wav,dög\n", encoding="utf-8")
    (clip,) = read(tmp_path, ["evaluation"])
    assert clip.tags == ("dög",)


def test_lengths_of_whole_recordings_are_those_of_wavcaps(tmp_path: Path) -> None:
    meta = 'a.wav,,,,"[0, 882000]",,\r\nb.wav,,,,,,\r\nc.wav,,,,,,\r\n'
    write(tmp_path, "evaluation", captions("a.wav") + captions("b.wav") + captions("c.wav"), meta)
    (tmp_path / "wavcaps_json").mkdir()
    items = '{"wav": "Clotho/waveforms/test/a.wav", "duration": 20.00005},\n{"wav": "b.wav", "duration": "21.5"}'
    path = tmp_path / "wavcaps_json" / "test.json"
    path.write_text(f'{{"data": [{items}]}}')
    assert [clip.duration_s for clip in read(tmp_path, ["evaluation"])] == [20.0, 21.5, None]
    path.write_text(f'{{"data": [{items.replace("21.5", "long")}]}}')
    with pytest.raises(DataError, match="line 2: item 1: 'duration' should be a number"):
        list(read(tmp_path, ["evaluation"]))


def test_encodings(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "iso-8859-1"):
        (tmp_path / "m.csv").write_bytes("file_name,keywords\na.wav,café\n".encode(encoding))
        assert [row.text("keywords") for row in read_metadata(tmp_path / "m.csv")] == ["café"]
    with pytest.raises(MissingDataError):
        list(read_metadata(tmp_path / "no.csv"))


def test_the_test_split_has_semicolons_and_no_captions(tmp_path: Path) -> None:
    table = "file_name;sound_id;sound_link;start_end_samples;manufacturer;license\ntest_0001.wav;7;x;[0, 882000];me;cc\n"
    (tmp_path / "clotho_metadata_test.csv").write_text(table)
    (clip,) = read(tmp_path, ["test"])
    assert (clip.id, clip.audio, clip.captions, clip.duration_s, clip.origins) == (
        "test_0001.wav", "test/test_0001.wav", (), 20.0, ("freesound:7",)
    )  # fmt: skip


def test_ids_are_unique_within_the_corpus(tmp_path: Path) -> None:
    known = "FREEZER_DOOR_OPEN_CLOSE.wav"
    write(tmp_path, "development", captions(known) + captions("new.wav"))
    write(tmp_path, "evaluation", captions(known) + captions("new.wav"))
    assert [clip.id for clip in read(tmp_path, ["development", "evaluation"])] == [
        f"development/{known}",
        "new.wav",
        known,
        "evaluation/new.wav",
    ]
    assert [clip.id for clip in read(tmp_path, ["evaluation"])] == [known, "new.wav"]
    assert [clip.audio for clip in read(tmp_path, ["development"])] == [f"development/{known}", "development/new.wav"]
    assert clip_id("development", known) == f"development/{known}"
    assert clip_id("evaluation", known) == known


@pytest.mark.parametrize(
    ("rows", "meta", "message"),
    [
        ("a.wav,b,c,d,e,\r\n", None, "captions_validation.csv, line 2: 'caption_5' is empty"),
        ("../a.wav,b,c,d,e,f\r\n", None, "line 2: 'file_name' should be a file name"),
        (captions("a.wav") * 2, None, "line 3: 'a.wav' was there before"),
        (captions("a.wav"), "b.wav,,,,,,\r\n", "metadata_validation.csv, line 2: the captions have no such clip"),
        (captions("a.wav"), "a.wav,,,,,,\r\n" * 2, "line 3: 'a.wav' was there before"),
        (captions("a.wav"), "a.wav,,12x,,,,\r\n", "line 2: 'sound_id' should be a whole number, not '12x'"),
        (captions("a.wav"), 'a.wav,,,,"[5, 5]",,\r\n', "line 2: 'start_end_samples' should be the first sample and a later one"),
        (captions("a.wav"), 'a.wav,,,,"[5, x]",,\r\n', "line 2: 'start_end_samples'"),
        (captions("a.wav"), f'a.wav,,,,"[0, {"9" * 400}]",,\r\n', "line 2: 'start_end_samples'"),
    ],
)
def test_faults(tmp_path: Path, rows: str, meta: str | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read(write(tmp_path, "validation", rows, meta), ["validation"]))


def test_a_missing_split_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"clotho_captions_development\.csv is not there") as caught:
        load("clotho-development", folder=tmp_path)
    assert "hearken data prepare clotho" in caught.value.hint


def test_damaged_captions(tmp_path: Path) -> None:
    write(tmp_path, "validation", captions("a.wav") + 'b.wav,"One, ""two"".",c,d,e,f\r\n' + captions("ç.wav"))
    path = tmp_path / "clotho_captions_validation.csv"
    assert_named_errors(lambda: list(read(tmp_path, ["validation"])), path, seed=11, count=300)


def test_damaged_metadata(tmp_path: Path) -> None:
    meta = 'a.wav,one;two,42,https://x,"[44100, 110250]",José,by\r\nb.wav,,Not found,,,,by\r\n'
    write(tmp_path, "validation", captions("a.wav") + captions("b.wav"), meta)
    path = tmp_path / "clotho_metadata_validation.csv"
    assert_named_errors(lambda: list(read(tmp_path, ["validation"])), path, seed=12, count=300)


@real
def test_published_counts() -> None:
    clips = load("clotho", folder=SHARED).clips
    assert [sum(clip.split == split for clip in clips) for split in SPLITS] == [3839, 1045, 1045]
    assert [(split.num_clips, split.num_captions) for split in CLOTHO.card.splits[:3]] == [(3839, 19195), (1045, 5225), (1045, 5225)]
    assert all(len(clip.captions) == 5 for clip in clips)
    assert len({clip.id for clip in clips}) == len(clips) == 5929
    assert sum("/" in clip.id for clip in clips) == 4
    assert all(clip.tags and clip.licence and clip.author for clip in clips)
    assert sum(not clip.origins for clip in clips) == 19
    lengths = [clip.duration_s for clip in clips if clip.duration_s is not None]
    assert len(lengths) == 5929
    assert 15 <= min(lengths) <= max(lengths) <= 30
    assert (
        f"{sum(lengths) / 3600:.3f} {sum(lengths) / 5929:.2f} {max(lengths):.2f}" == "37.057 22.50 30.00"
    )  # Table 1 of WavText5K: 37.05 h


@real
def test_published_words_are_those_of_table_1() -> None:
    """Table 1 of WavText5K: 29 645 captions, at most 21 words, 11.34 on average."""
    words = [len(caption.split()) for clip in read(SHARED, SPLITS) for caption in clip.captions]
    assert (len(words), max(words), round(sum(words) / len(words), 2)) == (29645, 21, 11.34)


@real
def test_what_the_card_says_of_shared_recordings() -> None:
    splits: dict[str, set[str]] = {}
    for clip in read(SHARED, SPLITS):
        for origin in clip.origins:
            splits.setdefault(origin, set()).add(clip.split)
    assert {origin: tuple(sorted(found)) for origin, found in splits.items() if len(found) > 1} == {
        "freesound:137692": ("development", "evaluation"),
        "freesound:86163": ("development", "validation"),
        "freesound:130603": ("development", "validation"),
        "freesound:66304": ("evaluation", "validation"),
        "freesound:86161": ("evaluation", "validation"),
    }
    notes = " ".join(CLOTHO.card.notes)
    assert all(number in notes for number in ("137692", "86163", "130603", "66304", "86161"))


@real
def test_published_white_space_is_kept() -> None:
    clips = list(read(SHARED, SPLITS))
    assert sum(clip.id.startswith(" ") for clip in clips) == 3
    assert sum(caption != caption.strip() for clip in clips for caption in clip.captions) == 14


@real
@pytest.mark.parametrize("split", SPLITS)
def test_digests_of_the_card_are_those_of_the_files(split: str) -> None:
    here = [file for file in CLOTHO.card.files if file.splits == (split,) and (SHARED / file.path).is_file()]
    assert {file.path.split("_")[0] for file in here} == {"clotho", "wavcaps"}
    for file in here:
        content = (SHARED / file.path).read_bytes()
        assert file.md5 in (None, hashlib.md5(content).hexdigest())
        assert file.sha256 in (None, hashlib.sha256(content).hexdigest())
        assert file.md5 or file.sha256
