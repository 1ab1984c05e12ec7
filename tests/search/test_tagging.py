"""Labels by stored vectors: the right ones, none that are too weak, kept beside the library and found again."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import InputError, QueryError
from hearken.library.notebook import Notebook
from hearken.search.library import Library
from hearken.search.tagging import AUDIOSET, SOURCE, TagRequest, keep, kept, label_vectors, least_score, read_labels, tag
from tests.fakes import WORDS, FakeEmbedder, unit


class Model(FakeEmbedder):
    """A fake that can be searched with; its name has a measured least score."""

    def encode_audio(self, sounds, sample_rate=None):
        raise NotImplementedError


@pytest.fixture
def library(tmp_path):
    sounds = tmp_path / "s"
    sounds.mkdir()
    for number, name in enumerate(("dog one.wav", "rain two.wav", "thing.wav", "dog and rain.wav")):
        (sounds / name).write_bytes(bytes([65 + number]) * 400)
    (sounds / "copy of dog.wav").write_bytes(b"A" * 400)
    with Library(tmp_path / "lib", model=Model(name="pocket", dim=256)) as made:
        made.index(sounds, jobs=1)
        yield made


def test_sounds_get_their_labels(library) -> None:
    made = tag(library.parts(), TagRequest(WORDS, min_score=0.5))
    found = {tuple(path.rpartition("/")[2] for path in each.paths): [label for label, _ in each.labels] for each in made}
    assert found.pop(("copy of dog.wav", "dog one.wav")) == ["dog"]
    assert {key: sorted(labels) for key, labels in found.items()} == {
        ("dog and rain.wav",): ["dog", "rain"], ("rain two.wav",): ["rain"], ("thing.wav",): [],
    }  # fmt: skip
    scores = [score for each in made for _, score in each.labels]
    assert all(0.5 <= score <= 1 for score in scores)


def test_top_and_order(library) -> None:
    (made,) = [each for each in tag(library.parts(), TagRequest(WORDS, top=1, min_score=0.0)) if "dog and rain" in each.paths[0]]
    assert len(made.labels) == 1
    every = tag(library.parts(), TagRequest(WORDS, top=50, min_score=-1.0))[0].labels
    assert len(every) == len(WORDS)
    assert [score for _, score in every] == sorted((score for _, score in every), reverse=True)


def test_a_model_that_nobody_measured_gives_the_best_label_alone(library) -> None:
    parts = library.parts()
    encoder, calibration = parts.ready()
    assert least_score("pocket", TagRequest(WORDS)) == 0.55
    unknown = Model(name="other", dim=256)
    assert least_score(unknown.name, TagRequest(WORDS)) is None
    made = tag(parts._replace(ready=lambda: (unknown, calibration)), TagRequest(WORDS))
    assert [len(each.labels) for each in made] == [1] * len(made)
    assert encoder.name == "pocket"


def test_labels_are_kept_replaced_and_searched_by(library) -> None:
    made = tag(library.parts(), TagRequest(WORDS, min_score=0.5))
    assert keep(str(library.path), made) == 3
    assert keep(str(library.path), made) == 3, "a second time is the same"
    with Notebook(library.path) as notebook:
        assert notebook.label_counts() == {"dog": 2, "rain": 2}
        notebook.put_labels(made[0].content_hash, [("mine", 1.0)], source="me")
    hits = library.search("sound", labels=["DOG"], fold=False)
    assert sorted(hit.path.rpartition("/")[2] for hit in hits) == ["copy of dog.wav", "dog and rain.wav", "dog one.wav"]
    assert keep(str(library.path), []) == 0
    assert [label for each in kept(library.parts()) for label, _ in each.labels] == ["mine"], f"only labels of {SOURCE!r} go"


def test_label_vectors_are_the_mean_of_their_prompts() -> None:
    asked: list[str] = []

    def encode(texts):
        asked.extend(texts)
        return np.stack([unit(text.encode(), 32) * 3 for text in texts])

    made = label_vectors(["Dog", "Rain"], encode)
    mean = np.mean([unit(text.encode(), 32) for text in asked[:5]], axis=0)
    np.testing.assert_allclose(made[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert asked[5] == "rain"


def test_lists_of_labels(tmp_path) -> None:
    names = read_labels(None)
    assert (len(names), names[0], names[-1]) == (527, "Speech", "Field recording")
    assert AUDIOSET.with_name("SOURCE.md").is_file()
    assert read_labels(" Dog ,rain,dog,, door  slam") == ("Dog", "rain", "door slam")
    file = tmp_path / "mine.txt"
    file.write_text("\ufeff# mine\nDog\n\n Gunshot, gunfire \ndog\n", encoding="utf-8")
    assert read_labels(str(file)) == ("Dog", "Gunshot, gunfire")


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe\x00", b"x" * 1_100_000])
def test_lists_that_cannot_be_used(tmp_path, content) -> None:
    file = tmp_path / "mine.txt"
    file.write_bytes(content)
    with pytest.raises(InputError):
        read_labels(str(file))
    with pytest.raises(InputError, match="no label"):
        read_labels(" , ")


@pytest.mark.parametrize("request_", [TagRequest(WORDS, top=0), TagRequest(WORDS, min_score=2.0)])
def test_requests_that_make_no_sense(library, request_) -> None:
    with pytest.raises(QueryError):
        tag(library.parts(), request_)
