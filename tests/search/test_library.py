import os

import numpy as np
import pytest

import hearken
from hearken.errors import AudioReadError, InputError, LibraryNotFoundError, ModelMismatchError, ModelNotFoundError, QueryError
from hearken.library.records import ModelRecord
from hearken.library.store import open_store
from hearken.search.library import Library, default_path
from hearken.types import Hit
from tests.fakes import FakeEmbedder, near_words


class FakeModel(FakeEmbedder):
    """The fake embedder, which can also encode the sounds of queries: by the words in their names."""

    def encode_audio(self, sounds, sample_rate=None):
        names = ["dog" if isinstance(sound, np.ndarray) else os.path.basename(sound) for sound in sounds]
        return np.stack([near_words(name, name.encode(), self.dim) for name in names])


@pytest.fixture
def sounds(tmp_path):
    folder = tmp_path / "sounds"
    (folder / "pets").mkdir(parents=True)
    for index, name in enumerate(["pets/dog.wav", "pets/bird.wav", "rain.flac", "siren.wav", "take.wav"]):
        (folder / name).write_bytes(bytes([index]) * (500 + 100 * index))
    (folder / "broken.wav").write_bytes(b"x")
    return folder


@pytest.fixture
def library(tmp_path, sounds):
    with Library(tmp_path / "lib", FakeModel()) as made:
        made.index(sounds, jobs=1)
        yield made


def names(hits):
    return [os.path.basename(hit.path) for hit in hits]


def test_index_reports_and_search_finds(tmp_path, sounds):
    events = []
    with Library(tmp_path / "lib", FakeModel()) as library:
        report = library.index([sounds], jobs=1, on_event=events.append)
        assert (report.scanned, report.indexed, report.failed) == (6, 5, 1)
        assert events
        assert library.index(str(sounds)).unchanged == 5
        hits = library.search("a dog barks", k=2)
    assert isinstance(hits[0], Hit)
    assert hits[0].path == str((sounds / "pets/dog.wav").resolve())
    assert hits[0].duration_s == 5.0
    assert 0 <= hits[0].start_s < hits[0].end_s <= 5.0
    assert hits[0].score > hits[1].score


def test_the_public_name_is_this_class():
    assert hearken.Library is Library


def test_every_condition_reaches_the_search(library):
    assert names(library.search("siren", k=1)) == ["siren.wav"]
    assert names(library.search("siren", formats=["flac"])) == ["rain.flac"]
    assert names(library.search("siren", formats="flac")) == ["rain.flac"]
    assert set(names(library.search("siren", path_glob="*/pets/*"))) == {"dog.wav", "bird.wav"}
    assert names(library.search("dog", min_duration_s=8.5)) == ["take.wav"]
    assert names(library.search("siren", max_duration_s=5.5)) == ["dog.wav"]
    assert library.search("siren", rates_hz=[8_000]) == []
    assert len(library.search("siren", num_channels=[1])) == 5
    assert len(library.search("dog", moments=True, path_glob="*dog*")) >= 1


def test_not_and_names_can_be_told(library):
    plain = {hit.path: hit.score for hit in library.search("dog rain", names=False)}
    less_rain = {hit.path: hit.score for hit in library.search("dog rain", names=False, not_text="rain")}
    named = {hit.path: hit.score for hit in library.search("dog rain")}
    rain, dog = (next(path for path in plain if name in path) for name in ("rain.flac", "dog.wav"))
    assert less_rain[rain] < plain[rain] - 0.3
    assert named[dog] == pytest.approx(plain[dog] + 0.05, abs=1e-5)


def test_copies_are_folded_unless_told_otherwise(library, sounds):
    (sounds / "copy of dog.wav").write_bytes((sounds / "pets/dog.wav").read_bytes())
    library.index(sounds)
    best = library.search("dog")[0]
    assert sorted(map(os.path.basename, [best.path, *best.duplicates])) == ["copy of dog.wav", "dog.wav"]
    assert names(library.search("dog", k=2, fold=False)).count("take.wav") == 0


def test_a_file_as_query_leaves_itself_out(library, sounds):
    hits = library.similar(sounds / "pets/dog.wav", k=10)
    assert "dog.wav" not in names(hits)
    assert len(hits) == 4
    outside = sounds.parent / "dog elsewhere.wav"
    outside.write_bytes(b"d")
    assert names(library.similar(str(outside), k=1)) == ["dog.wav"]


def test_an_array_as_query(library):
    assert names(library.similar(np.zeros(100, np.float32), k=1, sample_rate=8000)) == ["dog.wav"]


def test_queries_that_make_no_sense_are_refused_before_anything_is_opened(tmp_path):
    with Library(tmp_path / "nowhere", FakeModel()) as library:
        with pytest.raises(QueryError, match="empty"):
            library.search(" ")
        with pytest.raises(QueryError, match="empty"):
            library.search("dog", not_text="")
        with pytest.raises(QueryError, match="number of hits"):
            library.search("dog", k=0)


def test_without_a_library_there_is_a_hint(tmp_path):
    with Library(tmp_path / "nowhere", FakeModel()) as library:
        for action in (
            lambda: library.search("dog"),
            library.info,
            library.failures,
            lambda: library.remove(tmp_path),
            lambda: library.similar("x.wav"),
        ):
            with pytest.raises(LibraryNotFoundError, match="There is no library at") as caught:
                action()
            assert "hearken index" in caught.value.hint
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_not_there_is_refused(library, tmp_path):
    with pytest.raises(AudioReadError):
        library.index(tmp_path / "typo")


def test_info_and_failures(library, tmp_path):
    info = library.info()
    assert (info.path, info.model) == (str(tmp_path / "lib"), ModelRecord("fake", FakeModel().digest, 16))
    assert (info.stats.num_files, info.stats.num_failed) == (5, 1)
    assert info.cache_bytes > 0
    assert [os.path.basename(failure.path) for failure in library.failures()] == ["broken.wav"]


def test_remove_forgets_a_folder(library, sounds):
    assert library.remove(sounds / "pets") == 2
    assert set(names(library.search("dog"))) == {"rain.flac", "siren.wav", "take.wav"}
    assert (sounds / "pets/dog.wav").exists()


def test_search_sees_what_another_object_indexed(library, sounds, tmp_path):
    library.search("dog")
    (sounds / "water.wav").write_bytes(b"w" * 300)
    with Library(tmp_path / "lib", FakeModel()) as other:
        other.index(sounds)
    assert names(library.search("water", k=1)) == ["water.wav"]


def test_close_can_be_called_again_and_the_next_call_opens(library):
    library.close()
    library.close()
    assert names(library.search("rain", k=1)) == ["rain.flac"]


def test_another_model_is_refused_even_with_the_same_size(library, tmp_path):
    other = FakeModel(name="other", digest="e" * 32)
    with Library(tmp_path / "lib", other) as wrong:
        for action in (lambda: wrong.search("dog"), lambda: wrong.similar("dog.wav"), lambda: wrong.index(tmp_path)):
            with pytest.raises(ModelMismatchError, match=r"fake.*other|other.*fake"):
                action()


def test_a_library_of_a_model_that_is_not_here_says_so(tmp_path):
    open_store(tmp_path / "lib", create=True, model=ModelRecord("lost", "f" * 32, 4), read_only=False).close()
    with Library(tmp_path / "lib") as library, pytest.raises(ModelNotFoundError, match="made by the model 'lost'"):
        library.search("dog")


def test_a_model_that_returns_nonsense_is_refused(library, tmp_path):
    class Broken(FakeModel):
        def encode_text(self, texts):
            return np.full((len(texts), self.dim), np.nan, np.float32)

    with Library(tmp_path / "lib", Broken()) as broken, pytest.raises(InputError, match="not finite"):
        broken.search("dog")


def test_an_embedder_can_be_given_beside_a_model(tmp_path, sounds):
    embedder = FakeEmbedder()
    with Library(tmp_path / "lib", FakeModel(), embedder=embedder) as library:
        library.index(sounds)
    assert len(embedder.embedded) == 6


def test_the_default_place(monkeypatch, tmp_path):
    monkeypatch.setenv("HEARKEN_HOME", str(tmp_path / "home"))
    assert default_path() == tmp_path / "home"
    assert Library().path == tmp_path / "home"
    monkeypatch.delenv("HEARKEN_HOME")
    assert default_path().is_absolute()
    assert default_path().name == "hearken"


def test_relative_places_are_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Library("lib").path == tmp_path / "lib"
    assert Library("~/lib").path == tmp_path / "lib"
