import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from hearken.augment.eda import Eda
from hearken.augment.random_eda import DrawnEdit, RandomEda, edit
from hearken.errors import InputError, MissingDataError
from hearken.text.wordnet import WordNet
from tests.text.wordnets import write_jsonl

CAPTION = "A dog barks loudly while a car is humming softly"


@pytest.fixture
def wordnet(tmp_path: Path) -> str:
    return str(write_jsonl(tmp_path / "words.jsonl"))


def test_how_often_and_which_operation() -> None:
    generator = np.random.default_rng(0)
    drawn = [RandomEda(operations=("swap", "delete")).draw(generator) for _ in range(4000)]
    counts = Counter(each.operation for each in drawn if each)
    assert sum(counts.values()) / 4000 == pytest.approx(0.5, abs=0.03)
    assert counts["swap"] / counts["delete"] == pytest.approx(1.0, abs=0.12)
    assert all(RandomEda(0.0).draw(generator) is None for _ in range(50))
    assert all(RandomEda(1.0).draw(generator) for _ in range(50))


def test_an_edit_can_be_written_down_and_made_again(wordnet: str) -> None:
    options = RandomEda(1.0, wordnet=wordnet)
    texts = set()
    for seed in range(30):
        drawn = options.draw(np.random.default_rng(seed))
        assert drawn is not None
        again = DrawnEdit(**json.loads(json.dumps(asdict(drawn))))
        changed = edit(CAPTION, drawn, options.eda())
        assert edit(CAPTION, again, options.eda()) == changed
        texts.add(changed)
    assert CAPTION not in texts
    assert len(texts) > 15


def test_the_drawn_operation_comes_first(wordnet: str) -> None:
    eda = RandomEda(wordnet=wordnet).eda()
    replaced = edit("A dog barks", DrawnEdit("replace", 1), eda)
    assert replaced in ("A hound barks", "A dog yaps")
    assert sorted(edit("dog barks", DrawnEdit("swap", 1), eda).split()) == ["barks", "dog"]
    assert len(edit(CAPTION, DrawnEdit("delete", 1), eda).split()) < len(CAPTION.split())
    assert len(edit(CAPTION, DrawnEdit("insert", 1), eda).split()) == len(CAPTION.split()) + 1


def test_where_nothing_can_be_done_the_caption_stays() -> None:
    eda = Eda(WordNet({}), operations=("replace",))
    assert edit("A dog barks", DrawnEdit("replace", 0), eda) == "A dog barks"
    assert edit("", DrawnEdit("replace", 0), eda) == ""


def test_without_wordnet_there_is_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_WORDNET", str(tmp_path / "none"))
    with pytest.raises(MissingDataError, match="There is no WordNet at") as raised:
        RandomEda().eda()
    assert "operations: [swap, delete]" in raised.value.hint
    assert edit("dog barks", DrawnEdit("swap", 0), RandomEda(operations=("swap", "delete")).eda()) == "barks dog"


@pytest.mark.parametrize(
    "options",
    [
        {"probability": 2},
        {"alpha": 0.0},
        {"alpha": 1.5},
        {"operations": ("turn",)},
        {"operations": ()},
        {"any_sense": "yes"},
        {"wordnet": 3},
    ],
)
def test_options_that_make_no_sense(options: dict) -> None:
    with pytest.raises(InputError):
        RandomEda(**options)
