"""WavText5K: the public table as it is, and what its captions are made of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.wavtext5k import CONSTRUCTIONS, WAVTEXT5K, caption, read
from hearken.data.table import definition
from hearken.errors import DataError, MissingDataError

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions" / "wavtext5k"
HEADER = "view_link,download_link,title,description,fname,tags\n"
ROWS = (
    'https://bigsoundbank.com/detail-0007-kettle-2.html,https://bigsoundbank.com/UPLOAD/wav/0007.wav,Kettle 2,"Whistling, loud.",0007.wav,\n'
    "https://soundbible.com/218-Bell.html,https://soundbible.com/grab.php?id=218&type=wav,\"Bell\n\", Someone rings a bell,bell_1.wav,\"['bell', '', ' ring ']\"\n"
    "https://soundbible.com/219-Bow.html,https://soundbible.com/grab.php?id=219&type=wav,Bow, Arrow!,bow_2.wav,"
    '"[\'bow\', <li><i class=""icon""></i> <a href=""tags-x-y.html"">x y</a></li>, \'x y\', \'dart\']"\n'
    "https://example.org/3.html,https://example.org/3.wav,,,c 3.wav,\n"
)


def write(folder: Path, text: str = HEADER + ROWS) -> Path:
    (folder / "WavText5K.csv").write_text(text, encoding="utf-8", newline="")
    return folder


def test_rows_become_clips(tmp_path) -> None:
    kettle, bell, bow, nothing = load("wavtext5k", folder=write(tmp_path)).clips
    assert (kettle.id, kettle.audio, kettle.origins) == ("0007", "audio/0007.wav", ("bigsoundbank:0007",))
    assert (kettle.title, kettle.captions, kettle.tags, kettle.split) == ("Kettle 2", ("Kettle 2. Whistling, loud.",), (), "full")
    assert (bell.captions, bell.tags, bell.origins) == (("Bell. Someone rings a bell",), ("bell", "ring"), ("soundbible:218",))
    assert bow.tags == ("bow", "x y", "dart")
    assert (nothing.captions, nothing.origins, nothing.id) == ((), (), "c 3")


@pytest.mark.parametrize(
    ("title", "description", "expected"),
    [
        ("Rain", "It rains.", ("Rain. It rains.", "It rains.", "Rain", "Rain. It rains.")),
        ("Closed window.", "A room.", ("Closed window. A room.", "A room.", "Closed window.", "Closed window. A room.")),
        ("Who?", "Speech", ("Who? Speech", "Speech", "Who?", "Who? Speech")),
        ("Rain (1)", "", ("Rain (1)", "", "Rain (1)", "")),
        ("", "It rains.", ("It rains.", "It rains.", "", "")),
        (" Robot\r\n", " Start. ", ("Robot. Start.", "Start.", "Robot", "Robot. Start.")),
        ("", " ", ("", "", "", "")),
    ],
)
def test_what_a_caption_is_made_of(title, description, expected) -> None:
    assert tuple(caption(title, description, construction) for construction in CONSTRUCTIONS) == expected
    assert caption(title, description) == expected[0]


def test_an_unknown_construction_is_a_mistake_of_the_caller(tmp_path) -> None:
    with pytest.raises(ValueError, match="'both' is none of title_description"):
        list(read(write(tmp_path), ("full",), "both"))


@pytest.mark.parametrize(
    ("old", "new", "line", "match"),
    [
        ("fname,tags", "name,tags", 1, "the column 'fname' is missing"),
        ("0007.wav,\n", "../0007.wav,\n", 2, "'fname' should be a file name"),
        ("0007.wav,\n", ",\n", 2, "'fname' is empty"),
        ("bow_2.wav", "bell_1.wav", 5, "'bell_1.wav' was there before"),
        ("['bell', '', ' ring ']", "['bell', ring", 3, "'tags' should be a list"),
        ("['bell', '', ' ring ']", "[1, 2]", 3, "'tags' should be a list"),
        (",c 3.wav,\n", ",c 3.wav\n", 6, "there are 5 cells, not 6"),
        (",c 3.wav,\n", ',c 3.wav,"\n', 6, "this is no CSV"),
    ],
)
def test_faults_name_the_line(tmp_path, old, new, line, match) -> None:
    assert old in HEADER + ROWS
    with pytest.raises(DataError, match=rf"WavText5K\.csv, line {line}: .*{match}"):
        load("wavtext5k", folder=write(tmp_path, (HEADER + ROWS).replace(old, new)))


def test_the_card_and_a_missing_table(tmp_path) -> None:
    assert definition("wavtext5k") is WAVTEXT5K
    assert [(split.num_clips, split.num_captions) for split in WAVTEXT5K.card.splits] == [(4_525, 4_520)]
    assert "4 505" in " ".join(WAVTEXT5K.card.notes)
    with pytest.raises(MissingDataError, match=r"WavText5K\.csv"):
        load("wavtext5k", folder=tmp_path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the published table is not here")
def test_the_public_table_as_it_is() -> None:
    clips = load("wavtext5k", folder=SHARED).clips
    assert len(clips) == 4_525
    assert sum(bool(clip.title) for clip in clips) == 4_520
    assert sum(bool(clip.tags) for clip in clips) == 2_058
    counts = {name: sum(bool(clip.captions) for clip in read(SHARED, ("full",), name)) for name in CONSTRUCTIONS}
    assert counts == {"title_description": 4_520, "description": 4_348, "title": 4_520, "title_and_description": 4_348}
    assert Counter(clip.origins[0].split(":")[0] for clip in clips) == {"bigsoundbank": 2_467, "soundbible": 2_058}
    assert len({clip.origins for clip in clips}) == 4_525
    assert clips[0].captions == ("Forest. Birds singing, drive away, fly.",)
    assert not any("<" in tag or not tag for clip in clips for tag in clip.tags)
