import numpy as np
import pytest

from hearken.errors import ModelMismatchError, ModelNotFoundError, QueryError, StoreError
from hearken.library.records import PutCopy
from hearken.library.store import open_store
from hearken.search import captioning
from hearken.search.captioning import caption_sounds, ready_captioner
from tests.fakes import FakeCaptioner, FakeEmbedder, put_sound


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "library", create=True, model=FakeEmbedder(), read_only=False) as opened:
        yield opened


def fill(store, count=5):
    words = ("dog", "rain", "siren", "bell", "bird")
    store.apply([put_sound(f"/{words[number % 5]}{number}.wav", b"%d " % number * 100) for number in range(count)])


def texts(store):
    return store.captions_of(list(set(store.file_versions().values())))


def test_every_sound_gets_a_caption_once(store):
    fill(store)
    first = store.files([1])[0]
    copy = put_sound("/copy.wav").found
    store.apply([PutCopy(copy, bytes.fromhex(first.content_hash), put_sound("/copy.wav").text)])
    captioner, told = FakeCaptioner(), []
    assert caption_sounds(store, captioner, FakeEmbedder(), lambda *numbers: told.append(numbers)) == 5
    assert texts(store)[1] == "A dog can be heard."
    assert [texts(store)[number] for number in (2, 3, 4, 5)] == [f"A {word} can be heard." for word in ("rain", "siren", "bell", "bird")]
    assert (captioner.numbers, told) == ([5], [(0, 5), (5, 5)])
    caption = next(store.captions_since(0))
    np.testing.assert_array_equal(caption.vector, FakeEmbedder().encode_text(["A dog can be heard."])[0].astype(np.float16))
    assert caption_sounds(store, captioner, FakeEmbedder()) == 0
    assert captioner.numbers == [5]


def test_the_captioner_gets_the_clip_and_then_the_windows(store):
    store.apply([put_sound("/dog.wav", b"x" * 500), put_sound("/long.wav", b"y" * 10_000)])
    seen = []

    class Curious(FakeCaptioner):
        def captions(self, heard, decoding=None):
            seen.extend(heard)
            return super().captions(heard)

    caption_sounds(store, Curious(), FakeEmbedder())
    clip, windows = next(iter(store.read_vectors([1])))[1:3]
    np.testing.assert_array_equal(seen[0], np.vstack([clip, windows]).astype(np.float32))
    assert [part.shape for part in seen] == [(4, 16), (17, 16)], "50 windows are thinned out to 16"
    assert all(part.dtype == np.float32 for part in seen)


def test_silence_is_told_without_asking(store):
    sound = put_sound("/dog.wav")
    object.__setattr__(sound.embedded, "flags", frozenset({"silent"}))
    store.apply([sound, put_sound("/rain.wav", b"r" * 300)])
    captioner = FakeCaptioner()
    assert caption_sounds(store, captioner, FakeEmbedder()) == 2
    assert (texts(store), captioner.numbers) == ({1: "Silence.", 2: "A rain can be heard."}, [1])


def test_vectors_that_are_not_finite_are_passed_over(store, monkeypatch):
    fill(store, 2)
    good, bad = store.read_vectors([1, 2])
    bad = bad._replace(windows=np.full_like(bad.windows, np.inf))
    monkeypatch.setattr(store, "read_vectors", lambda file_ids: iter([good, bad][: len(list(file_ids))]))
    assert caption_sounds(store, FakeCaptioner(), FakeEmbedder()) == 1
    assert texts(store) == {1: "A dog can be heard."}


def test_work_that_is_stopped_goes_on_where_it_was(store, monkeypatch):
    monkeypatch.setattr(captioning, "NUM_SOUNDS_PER_COMMIT", 2)
    fill(store, 7)

    def stop(count):
        if len(captioner.numbers) == 2:
            raise KeyboardInterrupt

    captioner = FakeCaptioner(hook=stop)
    with pytest.raises(KeyboardInterrupt):
        caption_sounds(store, captioner, FakeEmbedder())
    assert set(texts(store)) == {1, 2, 3, 4}
    again, told = FakeCaptioner(), []
    assert caption_sounds(store, again, FakeEmbedder(), lambda *numbers: told.append(numbers)) == 3
    assert (again.numbers, told) == ([2, 1], [(0, 3), (2, 3), (3, 3)])
    assert store.check_captions() == []


def test_another_captioner_replaces_captions(store):
    fill(store, 3)
    caption_sounds(store, FakeCaptioner(), FakeEmbedder())
    assert caption_sounds(store, FakeCaptioner(name="owl", digest="e" * 32, phrase="{} again"), FakeEmbedder()) == 3
    assert texts(store) == {1: "dog again", 2: "rain again", 3: "siren again"}
    assert [(count.name, count.num_sounds) for count in store.stats().captioners] == [("owl", 3)]


def test_captions_without_a_word_the_model_knows_have_no_vector(store):
    class Deaf(FakeEmbedder):
        def encode_text(self, texts):
            raise QueryError("There is no word in the text.")

    fill(store, 1)
    assert caption_sounds(store, FakeCaptioner(phrase="..."), Deaf()) == 1
    assert not next(store.captions_since(0)).vector.any()
    assert caption_sounds(store, FakeCaptioner(digest="d" * 32, phrase=""), FakeEmbedder()) == 1
    assert texts(store) == {}


def test_a_caption_is_encoded_once_however_many_sounds_have_it(store):
    class Counting(FakeEmbedder):
        def encode_text(self, texts):
            self.embedded.extend(texts)
            return super().encode_text(texts)

    fill(store, 10)
    encoder = Counting()
    caption_sounds(store, FakeCaptioner(), encoder)
    assert len(encoder.embedded) == len(set(encoder.embedded)) == 5


def test_refusals(store):
    fill(store, 1)
    with open_store(store.folder) as reader, pytest.raises(StoreError, match="reading only"):
        caption_sounds(reader, FakeCaptioner(), FakeEmbedder())
    model = FakeEmbedder(name="pocket2")
    with pytest.raises(ModelMismatchError, match=r"parrot reads vectors of another model \(dddddddddddd\) than pocket2 \(0000") as caught:
        ready_captioner(FakeCaptioner(model_digest="d" * 32), "/lib", model)
    assert "Leave the captions out" in caught.value.hint
    with pytest.raises(ModelNotFoundError, match="no captioner 'nobody'"):
        ready_captioner("nobody", "/lib", model)
    with pytest.raises(ModelNotFoundError, match="No captioner belongs to the model"):
        ready_captioner(None, "/lib", model)


def test_a_captioner_is_made_ready_before_it_is_needed():
    captioner = FakeCaptioner()
    assert ready_captioner(captioner, "/lib", FakeEmbedder()) is captioner
    assert captioner.warmed == 1
