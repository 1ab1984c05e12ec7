import json
import os
import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial

import numpy as np
import pytest

import hearken
from hearken.audio.sounds import synthesise
from hearken.audio.synth import save_wav
from hearken.errors import (
    AudioReadError,
    DamagedError,
    InputError,
    LibraryNotFoundError,
    ModelMismatchError,
    ModelNotFoundError,
    QueryError,
)
from hearken.library.records import CaptionerCount, ModelRecord
from hearken.library.store import open_store
from hearken.library.vectors import VectorCache
from hearken.runtime.catalog import find_model
from hearken.search.library import Library, default_path
from hearken.types import Hit
from tests.fakes import FakeCaptioner, FakeEmbedder, near_words


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


def test_captions_are_made_for_the_whole_library_and_shown(tmp_path, sounds, library):
    captioner, events = FakeCaptioner(), []
    assert library.info().stats.captioners == ()
    library.search("dog")
    with Library(tmp_path / "lib", FakeModel(), captioner=captioner) as other:
        (sounds / "water.wav").write_bytes(b"w" * 300)
        report = other.index(sounds, captions=True, on_event=events.append)
        assert (report.indexed, report.unchanged, report.captioned) == (1, 5, 6)
        assert [(event.num_done, event.num_total) for event in events if event.phase == "caption"] == [(0, 6), (6, 6)]
        (sounds / "bell.wav").write_bytes(b"b" * 300)
        assert other.index(sounds).captioned == 0
        assert other.info().stats.captioners == (CaptionerCount("parrot", "c" * 32, 6),)
        assert [hit.machine_caption for hit in other.search("bell", k=1)] == [""], "no captions were asked for"
        assert other.caption() == 1
        assert other.caption() == 0
    by_name = {os.path.basename(hit.path): hit.machine_caption for hit in library.search("dog")}
    assert (by_name["dog.wav"], by_name["bell.wav"]) == ("A dog can be heard.", "A bell can be heard.")
    assert library.similar(sounds / "pets/dog.wav", k=10)[0].machine_caption != ""


def test_captions_count_unless_told_otherwise(library, tmp_path):
    with Library(tmp_path / "lib", FakeModel(), captioner=FakeCaptioner()) as other:
        other.caption()
    with_captions = {hit.path: hit.score for hit in library.search("siren heard", names=False)}
    without = {hit.path: (hit.score, hit.machine_caption) for hit in library.search("siren heard", names=False, captions=False)}
    gains = {os.path.basename(path): with_captions[path] - score for path, (score, _) in without.items()}
    assert gains["siren.wav"] > gains["rain.flac"] >= 0.005 - 1e-6, "all hold 'heard', one 'siren'"
    assert {caption for _, caption in without.values()} == {""}


def test_a_captioner_of_another_model_is_refused_before_anything_is_made(tmp_path, sounds):
    with Library(tmp_path / "new", FakeModel(), captioner=FakeCaptioner(model_digest="d" * 32)) as library:
        with pytest.raises(ModelMismatchError, match="reads vectors of another model"):
            library.index(sounds, captions=True)
        assert not (tmp_path / "new").exists()
        library.index(sounds)
        with pytest.raises(ModelMismatchError, match="reads vectors of another model"):
            library.caption()
    with Library(tmp_path / "new", FakeModel()) as library, pytest.raises(ModelNotFoundError, match="No captioner belongs to the model"):
        library.caption()


def test_captions_need_a_library(tmp_path):
    with Library(tmp_path / "nowhere", FakeModel(), captioner=FakeCaptioner()) as library:
        with pytest.raises(LibraryNotFoundError):
            library.caption()


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


@pytest.mark.parametrize("left_behind", [(), ("lock",), ("library.sqlite",), ("lock", "library.sqlite")])
def test_a_creation_that_was_cut_short_is_completed(tmp_path, sounds, monkeypatch, left_behind):
    chosen = []
    monkeypatch.setattr("hearken.runtime.pool.FileEmbedder", lambda name: chosen.append(name) or FakeModel())
    (tmp_path / "lib").mkdir()
    for name in left_behind:
        (tmp_path / "lib" / name).touch()
    with Library(tmp_path / "lib") as library:
        assert library.index(sounds, jobs=1).indexed == 5
    assert chosen == ["pocket"]


def test_a_typing_error_makes_no_library(tmp_path, sounds):
    with Library(tmp_path / "lib", FakeModel()) as library:
        with pytest.raises(AudioReadError, match=r"There is nothing at .*typo"):
            library.index([sounds, tmp_path / "typo"])
        with pytest.raises(InputError, match="Nothing to index"):
            library.index([])
    assert not (tmp_path / "lib").exists()


def test_failed_files_are_tried_again_when_asked_for(tmp_path, sounds):
    model = FakeModel()
    with Library(tmp_path / "lib", model) as library:
        for retry_failed, tries in ((False, 1), (False, 1), (True, 2)):
            assert library.index(sounds, jobs=1, retry_failed=retry_failed).failed == 1
            assert sum(path.endswith("broken.wav") for path in model.embedded) == tries


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_a_file_that_was_indexed_through_a_link_leaves_itself_out(library, sounds, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "bell.wav").write_bytes(b"ding" * 100)
    os.symlink(tmp_path / "elsewhere" / "bell.wav", sounds / "bell link.wav")
    os.symlink(tmp_path, tmp_path / "around")
    library.index(sounds, jobs=1)
    assert "bell link.wav" in names(library.search("bell"))
    for path in (sounds / "bell link.wav", tmp_path / "around" / "sounds" / "bell link.wav"):
        assert "bell link.wav" not in names(library.similar(path))
    assert library.remove(sounds / "bell link.wav") == 1


def test_numbers_of_any_integer_type(library):
    assert len(library.search("dog", k=np.int64(3))) == 3
    assert len(library.search("siren", num_channels=[np.int32(1)], rates_hz=np.array([44_100]))) == 5
    for wrong in (True, 3.0, "3", None):
        with pytest.raises(QueryError, match="number of hits must be a whole number"):
            library.search("dog", k=wrong)
    with pytest.raises(QueryError, match="sample rate must be a whole number"):
        library.search("dog", rates_hz=[44_100.5])


def test_threads_share_one_store_and_one_model(library, monkeypatch, tmp_path):
    opened, loaded, real = [], [], open_store
    monkeypatch.setattr("hearken.search.library.open_store", lambda *args: (time.sleep(0.05), opened.append(args), real(*args))[2])
    fresh = Library(tmp_path / "lib")
    monkeypatch.setattr(fresh, "_model_for", lambda record: (time.sleep(0.05), loaded.append(record), FakeModel())[2])
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: names(fresh.search("rain", k=1)), range(8)))
    assert found == [["rain.flac"]] * 8
    assert (len(opened), len(loaded)) == (1, 1)
    fresh.close()


def test_building_the_graph_is_told(tmp_path, sounds, monkeypatch):
    monkeypatch.setattr("hearken.search.library.VectorCache", partial(VectorCache, exact_max_windows=3))
    events = []
    with Library(tmp_path / "lib", FakeModel()) as library:
        library.index(sounds, jobs=1, on_event=events.append)
        library.index(sounds, jobs=1)
    assert [event.phase for event in events[-2:]] == ["done", "graph"]
    assert events[-1].num_done == events[-1].num_total == 19
    assert list((tmp_path / "lib" / "cache").glob("graph-*.usearch"))


@pytest.fixture
def owl(tmp_path):
    """A real model in a folder of its own, unlike the built-in one."""
    folder = tmp_path / "models" / "owl"
    shutil.copytree(find_model("pocket"), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "name": "owl", "max_query_tokens": 7}))
    return folder


def test_a_folder_that_is_called_like_an_installed_model_is_not_where_it_lay(tmp_path, owl, monkeypatch):
    """Such as the weights that it was exported from, in the working directory."""
    (tmp_path / "one").mkdir()
    save_wav(tmp_path / "one" / "a.wav", synthesise("rain"))
    monkeypatch.setenv("HEARKEN_MODELS", str(owl.parent))
    (tmp_path / "here" / "owl").mkdir(parents=True)
    (tmp_path / "here" / "owl" / "config.json").write_text('{"kind": "dual"}')
    monkeypatch.chdir(tmp_path / "here")
    with Library(tmp_path / "lib", model="owl") as library:
        library.index(tmp_path / "one")
        assert (library.info().model.name, library.info().model.folder) == ("owl", "")


def test_a_model_in_a_folder_need_be_given_only_once(tmp_path, owl, monkeypatch):
    (tmp_path / "sounds").mkdir()
    for name in ("rain", "dog_bark"):
        save_wav(tmp_path / "sounds" / f"{name}.wav", synthesise(name))
    monkeypatch.chdir(owl.parent.parent)
    with Library(tmp_path / "lib", "models/owl") as library:
        assert library.index(tmp_path / "sounds", jobs=1).indexed == 2
    monkeypatch.chdir(tmp_path / "sounds")
    with Library(tmp_path / "lib") as library:
        assert (library.info().model.name, library.info().model.folder) == ("owl", str(owl))
        assert names(library.search("a dog barks", k=1, names=False)) == ["dog_bark.wav"]
        assert library.index(tmp_path / "sounds", jobs=1).unchanged == 2
        assert library.doctor().ok
    moved = owl.rename(owl.parent / "moved")
    with Library(tmp_path / "lib") as library, pytest.raises(ModelNotFoundError, match="'owl', which is not here"):
        library.search("a dog barks")
    with Library(tmp_path / "lib", moved) as library:
        assert names(library.similar(tmp_path / "sounds" / "rain.wav", k=1)) == ["dog_bark.wav"]
        library.index(tmp_path / "sounds", jobs=1)
    with Library(tmp_path / "lib", "pocket") as library, pytest.raises(ModelMismatchError, match=r"owl.*not by pocket"):
        library.search("a dog barks")
    with Library(tmp_path / "lib") as library:  # what the hint advises
        assert library.info().model.folder == str(moved)
        assert library.search("a dog barks", k=1)


def test_one_altered_row_is_repaired_by_doctor_and_index(library, sounds, tmp_path):
    library.close()
    with closing(sqlite3.connect(tmp_path / "lib" / "library.sqlite")) as connection:
        connection.execute("UPDATE vectors SET windows = zeroblob(length(windows)) WHERE sound_id = 2")
        connection.commit()
    shutil.rmtree(tmp_path / "lib" / "cache")
    for action in (lambda: library.search("dog"), lambda: library.index(sounds, jobs=1)):
        with pytest.raises(DamagedError, match="were altered") as caught:
            action()
        assert "`hearken doctor --repair`" in caught.value.hint
        assert "`hearken index`" in caught.value.hint
    library.close()
    library.doctor(repair=True)
    assert len(library.search("dog")) == 4
    report = library.index(sounds, jobs=1)
    assert (report.indexed, report.unchanged) == (1, 4)
    assert len(library.search("dog")) == 5
