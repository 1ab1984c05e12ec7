import numpy as np
import pytest

from hearken.library.records import MachineCaption, PutCaptions, PutCopy, RemoveFile
from hearken.search import captions
from hearken.search.captions import MEANING_WEIGHT, WORDS_WEIGHT, CaptionCache, KnownCaptions, bonus_of
from tests.small_library import SmallLibrary, unit

X, Y, Z, W = (np.eye(4, dtype=np.float32)[axis] for axis in range(4))


@pytest.fixture
def library(tmp_path):
    made = SmallLibrary(tmp_path / "lib")
    yield made
    made.close()


def say(library, *said, digest="c1"):
    made = tuple(MachineCaption(sound_id, text, 0.0, np.asarray(vector, np.float16)) for sound_id, text, vector in said)
    library.store.apply([PutCaptions("parrot", digest, made)])


def test_places_are_those_of_the_versions():
    known = KnownCaptions(np.array([3, 5, 9]), np.zeros((3, 4), np.float16))
    assert known.places_of(np.array([5, 4, 9, 3, 100, 1])).tolist() == [1, -1, 2, 0, -1, -1]
    assert KnownCaptions(np.zeros(0, np.int64), np.zeros((0, 4), np.float16)).places_of(np.array([1])).tolist() == [-1]


def test_the_cache_reads_what_is_new_and_replaces(library, monkeypatch):
    for name in "abc":
        library.put(f"/{name}.wav", [X], content=name)
    cache = CaptionCache(library.store)
    assert len(cache.known().versions) == 0
    say(library, (3, "rain", Z), (1, "dog", X), (2, "", np.zeros(4)))
    assert cache.known().versions.tolist() == [1, 3]
    assert cache.known() is cache.known()
    say(library, (3, "water", Y), digest="c2")
    asked = []
    since = library.store.captions_since
    monkeypatch.setattr(library.store, "captions_since", lambda generation: asked.append(generation) or since(generation))
    assert cache.known().vectors.tolist() == [X.tolist(), Y.tolist()]
    assert asked == [1]
    say(library, (1, "", np.zeros(4)), digest="c2")
    assert cache.known().versions.tolist() == [3]


def test_the_bonus_by_hand(library):
    """Cosines of the captions with X: 1, .6, 0 (a copy: once more 0); their median is .3."""
    library.put("/a.wav", [X], content="a")
    library.put("/b.wav", [X], content="b")
    library.put("/c.wav", [X], content="c")
    sound = library.sound("/c.wav", [X], content="c")
    library.store.apply([PutCopy(sound.found._replace(path="/copy.wav"), sound.content_hash, sound.text)])
    library.put("/none.wav", [X], content="none")
    say(library, (1, "", unit(1, 0, 0, 0)), (2, "", unit(0.6, 0.8, 0, 0)), (3, "", unit(0, 1, 0, 0)))
    snapshot = library.cache.snapshot()
    found = bonus_of(CaptionCache(library.store).known(), snapshot, X, {2: 1.0, 3: 0.5})
    by_id = dict(zip(snapshot.file_ids.tolist(), found.tolist(), strict=True))
    meaning, words = MEANING_WEIGHT, WORDS_WEIGHT
    expected = {1: 0.7 * meaning, 2: 0.3 * meaning + words, 3: words / 2, 4: words / 2, 5: 0.0}
    assert by_id == pytest.approx(expected, abs=2e-6)


def test_sounds_that_are_gone_do_not_count_for_the_median(library):
    for name in "abcdefghi":
        library.put(f"/{name}.wav", [X], content=name)
    say(library, *((number, "", X if number <= 4 else Y) for number in range(1, 10)))
    cache = CaptionCache(library.store)
    cache.known()
    library.cache.snapshot()  # so that what goes is in it, no longer alive
    library.remove("/i.wav")
    library.store.sweep()
    snapshot = library.cache.snapshot()
    assert snapshot.alive.tolist() == [True] * 8 + [False]
    found = bonus_of(cache.known(), snapshot, X, {})[snapshot.alive]
    assert found.tolist() == pytest.approx([0.5 * MEANING_WEIGHT] * 4 + [0.0] * 4, abs=1e-6)


def test_without_captions_nothing_is_added(library):
    library.put("/a.wav", [X])
    assert bonus_of(CaptionCache(library.store).known(), library.cache.snapshot(), X, {}).tolist() == [0.0]


def test_captions_weigh_too_little_to_outdo_what_is_heard():
    """At most .03: less than the cosines of most neighbours in a ranking differ by, far less than a name's .3."""
    assert captions.WORDS_WEIGHT + 2 * captions.MEANING_WEIGHT <= 0.03


def test_removed_files_leave_the_cache_usable(library):
    library.put("/a.wav", [X])
    say(library, (1, "dog", X))
    library.store.apply([RemoveFile(1)])
    library.store.sweep()
    assert CaptionCache(library.store).known().versions.tolist() == []
