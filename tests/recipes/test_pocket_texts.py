import json
from pathlib import Path

import pytest
from pocket_phrasings import Phrasing, key_of, phrasings, read_phrasings
from pocket_texts import alike, summary, train_captions, write

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def test_captions_that_share_a_text_are_alike() -> None:
    found = alike(
        {
            "A gun fires.": [Phrasing("bang", "written")],
            "A door slams.": [Phrasing("bang", "written")],
            "Rain.": [Phrasing("bang", "broader")],
        }
    )
    assert found == [("A door slams.", "A gun fires.")]


def test_captions_that_say_more_are_alike_but_not_what_denies() -> None:
    captions = ["A rifle is fired indoors.", "A rifle is fired.", "A rifle is fired without sound."]
    assert alike({caption: [] for caption in captions}) == [("A rifle is fired indoors.", "A rifle is fired.")]


def test_the_file_is_whole_and_counted(tmp_path: Path) -> None:
    content: dict[str, object] = {"captions": {"A dog barks.": [{"text": "woof", "how": "written"}]}, "pairs": [("a", "b")]}
    write(content, tmp_path / "new" / "texts.json")
    assert json.loads((tmp_path / "new" / "texts.json").read_text())["pairs"] == [["a", "b"]]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["texts.json"]
    assert summary(content) == "captions: 1\npairs: 1\nphrasings: 1 written"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real captions are not here")
def test_every_train_caption_has_phrasings_and_every_line_a_caption() -> None:
    captions = train_captions(SHARED)
    assert set(read_phrasings()) == {key_of(caption) for caption in captions}
    written = read_phrasings()
    assert [caption for caption in captions if not phrasings(caption, written)] == []
