"""Looking words up: orders, first meanings, and where a WordNet is found."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hearken.errors import MissingDataError
from hearken.text.wordnet import find_wordnet, from_senses, load_wordnet, usual_places
from hearken.text.wordnet_files import Sense, Synset
from tests.text.wordnets import write_jsonl, write_princeton, write_zip

REAL = Path(__file__).resolve().parents[3] / "shared" / "weights" / "wordnet" / "oewn_synsets.jsonl.gz"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "w.jsonl.gz")


def test_synonyms_come_in_a_fixed_order(here: Path) -> None:
    wordnet = load_wordnet(here)
    assert wordnet.synonyms("dog") == ("hound", "pawl")
    assert wordnet.synonyms("Dog", "n") == ("hound", "pawl")
    assert wordnet.synonyms("bark") == ("yap", "rind")
    assert wordnet.synonyms("bark", "v") == ("yap",)
    assert wordnet.synonyms("car") == ("automobile", "machine", "Ford")
    assert wordnet.synonyms("nothing") == ()
    assert len(wordnet) == 24


def test_the_first_meaning_of_both(here: Path) -> None:
    wordnet = load_wordnet(here)
    assert [synset.category for synset in wordnet.salient("dog", "n")] == ["noun.animal"]
    assert wordnet.close_synonyms("dog", "n") == ("hound",)
    assert wordnet.close_synonyms("car", "n") == ("automobile",)  # a machine is a device first, and Ford is a name
    assert wordnet.close_synonyms("car", "n", reach=2) == ("automobile", "machine")
    assert wordnet.close_synonyms("dog", "n", ["noun.artifact"]) == ()
    assert wordnet.close_synonyms("dog", "v") == ()


def test_words_far_back_are_left_out() -> None:
    synset = Synset("n", "noun.person", ("child", "kid", "youngster", "minor", "tike", "fry"))
    wordnet = from_senses((lemma, Sense(synset, rank)) for rank, lemma in enumerate(synset.lemmas))
    assert wordnet.close_synonyms("child", "n") == ("kid", "youngster", "minor", "tike")


def test_princetons_files_say_what_comes_first(tmp_path: Path) -> None:
    for path in (write_princeton(tmp_path / "dict"), write_zip(tmp_path / "wordnet.zip")):
        wordnet = load_wordnet(path)
        assert [sense.synset.category for sense in wordnet.senses("dog")] == ["noun.artifact", "noun.animal"]
        assert wordnet.close_synonyms("dog", "n") == ("pawl",)
        assert wordnet.synonyms("rain", "v") == ("rain down",)
        assert wordnet.synonyms("quick", "a") == ("rapid",)


def test_the_environment_names_one(here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEARKEN_WORDNET", str(here))
    assert find_wordnet() == here
    assert len(load_wordnet()) == 24
    monkeypatch.setenv("HEARKEN_WORDNET", str(tmp_path / "none"))
    with pytest.raises(MissingDataError, match=r"There is no WordNet at .*none"):
        load_wordnet()


def test_the_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEARKEN_WORDNET", raising=False)
    monkeypatch.setattr("hearken.text.wordnet._USUAL", ())
    monkeypatch.setattr("hearken.text.wordnet._NLTK", (str(tmp_path / "nltk_data"),))
    monkeypatch.delenv("NLTK_DATA", raising=False)
    with pytest.raises(MissingDataError, match="no WordNet on this machine") as caught:
        load_wordnet()
    assert "HEARKEN_WORDNET" in caught.value.hint
    folder = tmp_path / "nltk_data" / "corpora"
    folder.mkdir(parents=True)
    write_zip(folder / "wordnet.zip")
    assert find_wordnet() == folder / "wordnet.zip"
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "mine"))
    assert next(usual_places()) == tmp_path / "mine" / "corpora" / "wordnet"


@pytest.mark.skipif(not REAL.exists(), reason="the Open English WordNet is not beside the checkout")
def test_the_real_one() -> None:
    begin_s = time.process_time()
    wordnet = load_wordnet(REAL)
    assert time.process_time() - begin_s < 8.0
    assert len(wordnet) == 127_346
    assert wordnet.close_synonyms("car", "n")[:3] == ("auto", "automobile", "motorcar")
    assert wordnet.close_synonyms("rooster", "n", ["noun.animal"]) == ("cock",)
