"""The built-in prompts, to the letter where a paper printed one, and templates of users."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.clip import Clip
from hearken.data.rephrase.items import Item
from hearken.data.rephrase.prompts import PROMPTS, prompt_of
from hearken.errors import DataError, MissingDataError

CLIP = Clip("a", "all", "a.wav")
CAPTION = "A person is making noise by tapping their fingernails on a solid surface."
ITEM = Item(0, CLIP, caption=CAPTION, title="Nails", description="Tapping at night", keywords=("dull", "metal"))


def test_the_default_is_table_1_of_the_paper() -> None:
    assert PROMPTS["keywords"].render(ITEM, 5) == (
        "I will give a description of an audio recording and tags associated with the audio recording. Generate 5 audio captions describing "
        "the sound event. Each audio caption should be one sentence with less than 20 words. Use grammatical subject-verb-object sentences. "
        "Do not include names of cities, countries, and persons. Do not include the time. Do not include recording device names. Do not "
        "write introductions or explanations. Do not use “heard” or “recorded”. Start each output sentence with its index. "
        f"'{CAPTION}' [dull, metal]"
    )


def test_one_caption_and_no_keywords() -> None:
    text = PROMPTS["keywords"].render(Item(0, CLIP, caption="It\nrains."), 1)
    assert "Generate 1 audio caption describing" in text
    assert text.endswith("'It rains.'")


def test_the_others() -> None:
    assert PROMPTS["rephrase"].render(ITEM, 3).startswith("Say the following description of a sound in 3 other ways.")
    assert PROMPTS["rephrase"].render(ITEM, 3).endswith(f"'{CAPTION}'")
    metadata = PROMPTS["metadata"].render(ITEM, 1)
    assert metadata.endswith("\nTitle: Nails\nDescription: Tapping at night\nTags: dull, metal")
    assert "Write 1 caption of the sound" in metadata
    assert {name: (prompt.per_caption, prompt.default_num) for name, prompt in PROMPTS.items()} == {
        "keywords": (True, 5),
        "rephrase": (True, 5),
        "metadata": (False, 1),
    }


def test_a_template_of_a_users_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("\ufeffGive {num} line{s} {{as JSON}} on {title}: {keywords}\n", encoding="utf-8")
    prompt = prompt_of(str(path))
    assert (prompt.name, prompt.per_caption, prompt.default_num) == ("mine", False, 5)
    assert prompt.render(ITEM, 2) == "Give 2 lines {as JSON} on Nails: dull, metal"


def test_texts_are_never_read_as_placeholders() -> None:
    item = Item(0, CLIP, caption="{num} {title} {0.__class__}")
    assert PROMPTS["rephrase"].render(item, 2).endswith("'{num} {title} {0.__class__}'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{captoin}", "has a placeholder 'captoin'"),
        ("{}", "has a placeholder ''"),
        ("{caption.__class__}", "has a placeholder 'caption.__class__'"),
        ("{caption!r}", "has an ending"),
        ("{caption:>10}", "has an ending"),
        ("{caption", "is no template"),
        ("caption}", "is no template"),
        ("Say {num} things.", "asks about nothing"),
        ("", "asks about nothing"),
    ],
)
def test_templates_are_checked(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        prompt_of(str(path))
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_prompts_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no prompt 'keyword'") as caught:
        prompt_of("keyword")
    assert "keywords, rephrase, metadata" in caught.value.hint
    with pytest.raises(MissingDataError, match=r"none\.txt is not there"):
        prompt_of(str(tmp_path / "none.txt"))
