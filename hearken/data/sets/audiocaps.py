"""AudioCaps: ten seconds each of AudioSet's videos, one caption for training and five for validation and test, in four editions.

The authors' tables have one row for each caption (`audiocap_id,youtube_id,start_time,caption`); the edition of ACT has one row
for each clip. The sound was never published: clips have to be cut from the videos, and many are gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, read_csv, unique

DURATION_S = 10.0
"""The nominal length; a few clips at the end of a video are shorter."""
_COLUMNS = ("audiocap_id", "youtube_id", "start_time", "caption")
_VIDEO = re.compile(r"[A-Za-z0-9_-]{11}")
_NAME = re.compile(r"Y([A-Za-z0-9_-]{11})\.[A-Za-z0-9]{2,4}")
_CAPTIONS = tuple(f"caption_{number}" for number in range(1, 6))


def _reader(table: str) -> Callable[[Path, Iterable[str]], Iterator[Clip]]:
    """Return the reader of an edition whose tables are called `table`, with `{split}` in it."""

    def read(folder: Path, splits: Iterable[str]) -> Iterator[Clip]:
        ids: set[str] = set()
        for split in splits:
            yield from _read_split(folder / table.format(split=split), split, ids)

    return read


def _read_split(path: Path, split: str, ids: set[str]) -> Iterator[Clip]:
    """Yield the clips of a table in order of appearance; the rows of a clip need not follow each other."""
    captions: dict[tuple[str, float], list[str]] = {}
    for row in unique(read_csv(path, _COLUMNS), "audiocap_id"):
        video, start_s = row.text("youtube_id"), row.number("start_time", minimum=0.0)
        if not _VIDEO.fullmatch(video):
            row.fail("'youtube_id' should be 11 letters, digits, '-' or '_'.")
        captions.setdefault((video, start_s), []).append(row.exact("caption"))
    for (video, start_s), texts in captions.items():
        yield Clip(
            id=_new_id(video, start_s, split, ids),
            split=split,
            audio=f"{split}/Y{video}.wav",
            captions=tuple(texts),
            start_s=start_s,
            duration_s=DURATION_S,
            origins=(f"youtube:{video}",),
        )


def _new_id(video: str, start_s: float, split: str, ids: set[str]) -> str:
    """Return the video's id; with the second it starts at, or the split too, where the shorter one is taken."""
    longer = f"{video}_{start_s:g}"
    found = next((name for name in (video, longer) if name not in ids), f"{split}/{longer}")
    ids.add(found)
    return found


def _read_act(folder: Path, splits: Iterable[str]) -> Iterator[Clip]:
    """Yield the clips of ACT's tables, `file_name` with `caption` or `caption_1` to `caption_5`."""
    for split in splits:
        for row in unique(read_csv(folder / f"{split}.csv", ("file_name",)), "file_name"):
            yield _act_clip(row, split)


def _act_clip(row: Row, split: str) -> Clip:
    name = row.file_name("file_name")
    found = _NAME.fullmatch(name)
    if not found:
        row.fail("'file_name' should be Y, the 11 characters of a YouTube id and an ending, such as Yr1nicOVtvkQ.wav.")
    return Clip(
        id=found.group(1),
        split=split,
        audio=f"{split}/{name}",
        captions=tuple(row.exact(column) for column in (("caption",) if "caption" in row.values else _CAPTIONS)),
        duration_s=DURATION_S,
        origins=(f"youtube:{found.group(1)}",),
    )


_CITATION = 'C. D. Kim, B. Kim, H. Lee and G. Kim, "AudioCaps: Generating Captions for Audios in The Wild", NAACL-HLT 2019.'
_AUTHORS = "https://raw.githubusercontent.com/cdjkim/audiocaps/d004db3ea1b01cf4fd0347dd8d27db90cadc8809/{path}"
_ACT = "https://raw.githubusercontent.com/XinhaoMei/ACT/6b04b29fe924ab3ac2373884914d4ce512dab6c1/data/csv_files/{path}"
_FIXED = "https://raw.githubusercontent.com/Labbeti/aac-datasets/631524fb86eef351c1848e42196fbe5cf62442e4/data/audiocaps/train_v2.csv"
_HOW = (
    "Put the clips here as Y<youtube id>.wav (other endings, <youtube id>.wav and <youtube id>_<start>.flac are found as well). "
    "The authors lend them: https://github.com/cdjkim/audiocaps says how to ask. Or cut 10 s from start_time of each video yourself."
)


def _text(url: str, path: str, split: str, size_bytes: int | None = None, sha256: str | None = None) -> File:
    return File(path=f"{split}.csv", urls=(url.format(path=path),), size_bytes=size_bytes, sha256=sha256, splits=(split,))


def _sounds(*splits: str) -> tuple[File, ...]:
    return tuple(File(path=split, holds="audio", how=_HOW, splits=(split,)) for split in splits)


def _card(name: str, title: str, summary: str, splits: tuple[Split, ...], files: tuple[File, ...], notes: tuple[str, ...]) -> Card:
    return Card(
        name=name,
        title=title,
        summary=summary,
        licence="MIT; academic use only, says the README",
        audio_licence="that of the YouTube videos; not public",
        homepage="https://github.com/cdjkim/audiocaps",
        citation=_CITATION,
        splits=splits,
        files=(*files, *_sounds(*(split.name for split in splits))),
        size="10 s a clip; the sound is not public",
        text_source="Human captions (crowd)",
        notes=notes,
    )


# Sizes and digests as in the repositories at the commits named above.
AUDIOCAPS = Definition(
    card=_card(
        "audiocaps",
        "AudioCaps v1",
        "10 s from AudioSet's videos; one caption in training, five in validation and test.",
        (Split("train", 49_838, 49_838), Split("val", 495, 2475), Split("test", 975, 4875)),
        (
            _text(_AUTHORS, "dataset/train.csv", "train", 3_576_723, "c0c5223db682b3bf724ce7e7ce58d5b36929f74572e8526a7211f92d2eef7c8e"),
            _text(_AUTHORS, "dataset/val.csv", "val", 171_918, "dab1c96641d5f3053ddb99dca3949450da9a75737bda53e11cc0aa8b102be0c3"),
            _text(_AUTHORS, "dataset/test.csv", "test", 402_246, "b91c4b7ded2f4f6e7db5b9c4983dc1e1dca3d556f505b61e3fd65cac7e1c638a"),
        ),
        (
            "The files hold 51 308 clips and 57 188 captions; Table 1 of WavText5K has 50 535 and 55 512, it does not say why.",
            "That table's 52 words at most and 8.80 on average are those of all 57 188 captions.",
            "Primus et al. 2023 say one caption for each of 51 308 clips, and 9.8 words: validation and test have five, and 8.80 words.",
            "Kim et al. 2023 (PairMix) say about 46K clips; their baselines use ACT's edition: audiocaps-act.",
            "WavCaps' AudioSet part holds the same videos: train on both only behind its blacklist.",
        ),
    ),
    read=_reader("{split}.csv"),
)
AUDIOCAPS_V2 = Definition(
    card=_card(
        "audiocaps-v2",
        "AudioCaps 2.0",
        "The authors' edition of 2025: nearly twice the training captions; validation and test in lower case, some of them edited.",
        (Split("train", 91_256, 91_256), Split("val", 495, 2475), Split("test", 975, 4875)),
        (
            _text(_AUTHORS, "dataset2.0/train.csv", "train"),
            _text(_AUTHORS, "dataset2.0/val.csv", "val", 169_508, "dfdd0f83c70fb818fbb86dcba42754abfb97f7774d811fff91a1c89d84d868c5"),
            _text(_AUTHORS, "dataset2.0/test.csv", "test", 397_498, "365c8a8a71c9070a8d5dba5dd44f3a781f906632a49cb82b38bebaaa8f3c5ccb"),
        ),
        (
            "The training counts are those of the authors' README, for captions; it was not read here.",
            "Validation and test have the clips of v1, with 225 of 7350 captions edited and all but 239 in lower case: not to be compared with v1.",
        ),
    ),
    read=_reader("{split}.csv"),
)
AUDIOCAPS_FIXED = Definition(
    card=_card(
        "audiocaps-fixed",
        "AudioCaps v1, training captions corrected",
        "The training part of v1 as aac-datasets corrected it: 1020 captions changed, 28 rows dropped.",
        (Split("train", 49_810, 49_810),),
        (
            File(
                path="train_v2.csv",
                urls=(_FIXED,),
                size_bytes=3_574_056,
                sha256="9d895d80dd893d2582ef771df69b84326eb7155230892ebccc51ad780c47c7fe",
            ),
        ),
        ("In spite of its file's name it is no part of AudioCaps 2.0. Validate and test on audiocaps-val and audiocaps-test.",),
    ),
    read=_reader("{split}_v2.csv"),
)
AUDIOCAPS_ACT = Definition(
    card=_card(
        "audiocaps-act",
        "AudioCaps v1, the edition of ACT",
        "What could be had of v1 in 2021, with the captions of v1; used by ACT, WavCaps and PairMix.",
        (Split("train", 49_274, 49_274), Split("val", 494, 2470), Split("test", 957, 4785)),
        (
            _text(_ACT, "train.csv", "train", 3_295_526, "5854ddc0a18d850e9b5d64d7f7da9957a2a00f028eface7fdc62912262b20095"),
            _text(_ACT, "val.csv", "val", 122_909, "8a0c9293596ed9c502c47b91e2305b82b407a7e63aeee9fbb3be73d7c9281342"),
            _text(_ACT, "test.csv", "test", 301_957, "1cbb8a14b138acac53b23dd6e626d2d83d1f579a269b17b091326607bcbd4660"),
        ),
        (
            "ACT's README counts v1's training clips as 49 837; the file holds 49 838.",
            "Test figures on its 957 clips are not those on the 975 of v1.",
            "ACT's README links the sound of exactly these clips, at Google Drive and Baidu: https://github.com/XinhaoMei/ACT.",
        ),
    ),
    read=_read_act,
)
