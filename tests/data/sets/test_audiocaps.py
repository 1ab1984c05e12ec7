"""AudioCaps in its four editions: rows become clips, and no caption is lost on the way."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hearken.data.card import Definition
from hearken.data.load import load
from hearken.data.rows import read_csv
from hearken.data.sets.audiocaps import AUDIOCAPS, AUDIOCAPS_ACT, AUDIOCAPS_FIXED, AUDIOCAPS_V2
from hearken.errors import DataError, MissingDataError
from tests.data.mutants import assert_named_errors

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions" / "audiocaps"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the published caption files are not here")
HEAD = "audiocap_id,youtube_id,start_time,caption\r\n"
FIXED_FILE = "train_v2_fixed_aac_datasets.csv"
A, B = "aaaaaaaaaaa", "-_bbbbbbbb1"


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_bytes(text.encode())
    return folder


def test_rows_of_a_clip_are_joined_wherever_they_stand(tmp_path: Path) -> None:
    rows = f'1,{A},30,"One, two"\r\n2,{B},0,x\r\n3,{A},30,three \r\n4,{A},30,three \r\n'
    first, second = load("audiocaps-val", folder=write(tmp_path, "val.csv", HEAD + rows)).clips
    assert (first.id, first.audio, first.split) == (A, f"val/Y{A}.wav", "val")
    assert first.captions == ("One, two", "three ", "three ")  # another number than five is kept, and equal ones are
    assert (first.start_s, first.duration_s, first.origins) == (30.0, 10.0, (f"youtube:{A}",))
    assert (second.id, second.start_s, second.captions) == (B, 0.0, ("x",))


def test_ids_grow_only_where_they_must(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        write(tmp_path, f"{split}.csv", HEAD + f"1,{A},30,x\r\n2,{A},40.5,y\r\n3,{B},0,{split}\r\n")
    clips = load("audiocaps", folder=tmp_path).clips
    assert [clip.id for clip in clips] == [
        A, f"{A}_40.5", B, f"{A}_30", f"val/{A}_40.5", f"{B}_0", f"test/{A}_30", f"test/{A}_40.5", f"test/{B}_0",
    ]  # fmt: skip
    assert clips[-1].audio == f"test/Y{B}.wav"


def test_editions_read_their_own_files(tmp_path: Path) -> None:
    write(tmp_path, "train_v2.csv", HEAD + f"1,{A},30,fixed\r\n")
    write(tmp_path, "train.csv", HEAD.replace("\r", "") + f"1,{A},30,second\n")
    assert [clip.captions for clip in load("audiocaps-fixed", folder=tmp_path).clips] == [("fixed",)]
    assert [clip.captions for clip in load("audiocaps-v2-train", folder=tmp_path).clips] == [("second",)]


def test_act(tmp_path: Path) -> None:
    write(tmp_path, "train.csv", f"file_name,caption\nY{A}.wav,one\nY{B}.flac,two\n")
    write(tmp_path, "test.csv", f"file_name,caption_1,caption_2,caption_3,caption_4,caption_5\nY{A}.wav,a,b,c,d,e\n")
    train = load("audiocaps-act-train", folder=tmp_path).clips
    assert [(clip.id, clip.audio, clip.captions) for clip in train] == [(A, f"train/Y{A}.wav", ("one",)), (B, f"train/Y{B}.flac", ("two",))]
    (test,) = load("audiocaps-act-test", folder=tmp_path).clips
    assert (test.captions, test.start_s, test.duration_s, test.origins) == (("a", "b", "c", "d", "e"), None, 10.0, (f"youtube:{A}",))


@pytest.mark.parametrize(
    ("reference", "text", "message"),
    [
        ("audiocaps-val", HEAD + f"1,{A},30,\r\n", "line 2: 'caption' is empty"),
        ("audiocaps-val", HEAD + f"1,{A},-1,x\r\n", "line 2: 'start_time' should be a number"),
        ("audiocaps-val", HEAD + "1,../x,0,x\r\n", "line 2: 'youtube_id' should be 11"),
        ("audiocaps-val", HEAD + f"1,{A},0,x\r\n1,{A},0,y\r\n", "line 3: '1' was there before"),
        ("audiocaps-val", "youtube_id,start_time,caption\n", "line 1: the column 'audiocap_id' is missing"),
        ("audiocaps-act-val", "file_name,caption\nx.wav,y\n", "line 2: 'file_name' should be Y"),
        ("audiocaps-act-val", f"file_name,caption\nY{A}.wav,\n", "line 2: 'caption' is empty"),
        ("audiocaps-act-val", f"file_name,caption_1\nY{A}.wav,a\n", "line 2: 'caption_2' is empty"),
        ("audiocaps-act-val", f"file_name,caption\nY{A}.wav,a\nY{A}.wav,b\n", "line 3: .* was there before"),
    ],
)
def test_faults(tmp_path: Path, reference: str, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(reference, folder=write(tmp_path, "val.csv", text))


def test_a_missing_table(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"test\.csv is not there"):
        load("audiocaps-v2-test", folder=tmp_path)


def test_damaged_tables(tmp_path: Path) -> None:
    write(tmp_path, "val.csv", HEAD + f'1,{A},30,"One, ""two"""\r\n2,{B},0,é\r\n3,{A},30,three\r\n')
    assert_named_errors(lambda: load("audiocaps-val", folder=tmp_path), tmp_path / "val.csv", seed=61, count=300)
    write(tmp_path, "test.csv", f"file_name,caption_1,caption_2,caption_3,caption_4,caption_5\nY{A}.wav,a,b,c,d,e\nY{B}.wav,f,g,h,i,j\n")
    assert_named_errors(lambda: load("audiocaps-act-test", folder=tmp_path), tmp_path / "test.csv", seed=62, count=150)


@real
def test_published_counts_of_v1() -> None:
    corpus = load("audiocaps", folder=SHARED / "v1")
    assert _counts(AUDIOCAPS) == {"train": (49838, 49838), "val": (495, 2475), "test": (975, 4875)}
    for split, (clips, captions) in _counts(AUDIOCAPS).items():
        part = corpus.only([split])
        assert (len(part.clips), part.num_captions) == (clips, captions)
        assert {len(clip.captions) for clip in part.clips} == {captions // clips}
    assert all("_" not in clip.id[11:] for clip in corpus.clips)
    assert len({clip.id for clip in corpus.clips}) == 51308
    words = [len(caption.split()) for clip in corpus.clips for caption in clip.captions]
    assert (max(words), f"{sum(words) / len(words):.2f}") == (52, "8.80")  # Table 1 of WavText5K


@real
def test_published_counts_of_the_others(tmp_path: Path) -> None:
    for split in ("val", "test"):
        corpus = load(f"audiocaps-v2-{split}", folder=SHARED / "v2")
        assert (len(corpus.clips), corpus.num_captions) == _counts(AUDIOCAPS_V2)[split]
        assert {len(clip.captions) for clip in corpus.clips} == {5}
    act = load("audiocaps-act", folder=SHARED / "act_csv")
    assert _counts(AUDIOCAPS_ACT) == {"train": (49274, 49274), "val": (494, 2470), "test": (957, 4785)}
    assert {split: (len(act.only([split]).clips), act.only([split]).num_captions) for split in act.splits} == _counts(AUDIOCAPS_ACT)
    (tmp_path / "train_v2.csv").symlink_to(SHARED / FIXED_FILE)
    fixed = load("audiocaps-fixed", folder=tmp_path)
    assert (len(fixed.clips), fixed.num_captions) == _counts(AUDIOCAPS_FIXED)["train"] == (49810, 49810)


@real
def test_what_the_card_says_of_the_second_edition() -> None:
    edited = upper = 0
    for split in ("val", "test"):
        first, second = (
            {row.text("audiocap_id"): row.text("caption") for row in read_csv(SHARED / edition / f"{split}.csv", ())}
            for edition in ("v1", "v2")
        )
        assert set(first) == set(second)
        edited += sum(first[key].lower() != second[key].lower() for key in first)
        upper += sum(caption != caption.lower() for caption in second.values())
    assert (edited, upper) == (225, 239)
    assert "225 of 7350" in AUDIOCAPS_V2.card.notes[1]
    assert "239" in AUDIOCAPS_V2.card.notes[1]


def _counts(known: Definition) -> dict[str, tuple[int, int]]:
    return {split.name: (split.num_clips, split.num_captions) for split in known.card.splits}


@real
@pytest.mark.parametrize(("known", "folder"), [(AUDIOCAPS, "v1"), (AUDIOCAPS_V2, "v2"), (AUDIOCAPS_ACT, "act_csv"), (AUDIOCAPS_FIXED, "")])
def test_digests_of_the_card_are_those_of_the_files(known: Definition, folder: str) -> None:
    checked = [file for file in known.card.files if file.sha256]
    assert checked
    for file in checked:
        path = SHARED / folder / (file.path if folder else FIXED_FILE)
        assert path.stat().st_size == file.size_bytes
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
