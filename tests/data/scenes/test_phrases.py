import json
from pathlib import Path

import numpy as np
import pytest

from hearken.data.scenes.phrases import PATH, choose, read_phrases, shipped_phrases
from hearken.errors import DataError


def test_shipped_counts() -> None:
    phrases = shipped_phrases()
    assert phrases.joints["followed by"] > phrases.joints["before"] > 100
    assert phrases.times["several times"] > phrases.times["three times"]
    assert 0.1 < phrases.comma_share("then") < 0.5
    assert phrases.comma_share("never seen") == 0.0


def test_shipped_file_holds_function_words_alone() -> None:
    value = json.loads(PATH.read_text(encoding="utf-8"))
    assert "recipes/mine_phrases.py" in value.pop("source")
    words = {word for part in value.values() for word in part}
    assert len(words) < 50
    assert not words & {"dog", "man", "rain", "car"}


def test_choose_follows_the_counts() -> None:
    generator = np.random.default_rng(0)
    drawn = [choose(generator, {"a": 90, "b": 10, "c": 1_000}, ("a", "b")) for _ in range(1_000)]
    assert 850 < drawn.count("a") < 950
    assert drawn.count("a") + drawn.count("b") == 1_000
    assert choose(generator, {}, ("only",)) == "only"


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"joints": 3}', '{"joints": {"and": "x"}, "comma": {}, "background": {}, "times": {}, "tense": {}}']
)
def test_damaged_files_are_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(DataError, match=r"p\.json does not hold mined phrases"):
        read_phrases(tmp_path / "p.json")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.json"):
        read_phrases(tmp_path / "no.json")
