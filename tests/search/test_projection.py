from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hearken.errors import MissingExtraError
from hearken.search import projection
from hearken.search.projection import landmarks, lay_out, num_regions, region_names

pytest.importorskip("sklearn")
KINDS, DIM = 5, 24


def sounds(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors (count, DIM) about KINDS centres, the kind of each, and the centres."""
    generator = np.random.default_rng(seed)
    centres = np.linalg.qr(generator.standard_normal((DIM, KINDS)))[0].T.astype(np.float32)
    kinds = np.arange(count) % KINDS
    clips = centres[kinds] + 0.08 * generator.standard_normal((count, DIM)).astype(np.float32)
    return clips / np.linalg.norm(clips, axis=1, keepdims=True), kinds, centres


def neighbours_of_a_kind(xy: np.ndarray, kinds: np.ndarray) -> float:
    distances = ((xy[:, None] - xy[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argsort(axis=1)[:, :5]
    return float((kinds[nearest] == kinds[:, None]).mean())


def test_what_is_alike_lies_together_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    clips, kinds, centres = sounds(150)
    made = lay_out(clips, centres)
    assert made.xy.shape == (150, 2)
    assert made.xy.min() >= 0
    assert made.xy.max() <= 1
    assert neighbours_of_a_kind(made.xy, kinds) > 0.95
    assert made.votes.sum() == 150
    names = region_names(made.votes, list("abcde"), [Counter() for _ in made.votes], np.bincount(made.regions).tolist())
    assert {name[0] for name in names} == set("abcde")


def test_the_same_sounds_give_the_same_map() -> None:
    clips, _, centres = sounds(60)
    first, second = lay_out(clips, centres), lay_out(clips, centres)
    np.testing.assert_array_equal(first.xy, second.xy)
    np.testing.assert_array_equal(first.regions, second.regions)


def test_others_are_put_beside_their_nearest_landmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "MAX_LANDMARKS", 101)
    clips, kinds, centres = sounds(600)
    assert len(landmarks(600)) == 101
    made = lay_out(clips, centres)
    assert neighbours_of_a_kind(made.xy, kinds) > 0.95
    assert len(np.unique(made.xy, axis=0)) > 550, "copies of a place would hide each other"


@pytest.mark.parametrize("count", [3, 4, 7])
def test_few_sounds_and_equal_ones_have_a_map_too(count: int) -> None:
    clips, _, centres = sounds(count)
    assert np.isfinite(lay_out(clips, centres).xy).all()
    assert np.isfinite(lay_out(np.repeat(clips[:1], count, axis=0), centres).xy).all()


def test_without_terms_nothing_is_voted_for() -> None:
    clips, _, _ = sounds(20)
    made = lay_out(clips, np.zeros((0, DIM), np.float32))
    assert made.votes.shape[1] == 0
    assert region_names(made.votes, [], [Counter() for _ in made.votes], [1] * len(made.votes)) == [""] * len(made.votes)


def test_the_number_of_regions_grows_slowly() -> None:
    assert [num_regions(count) for count in (1, 3, 100, 1_600, 10**6)] == [1, 1, 5, 20, 24]


def test_landmarks_are_spread_over_all() -> None:
    np.testing.assert_array_equal(landmarks(4), np.arange(4))
    chosen = landmarks(1_000_000)
    assert len(chosen) == projection.MAX_LANDMARKS
    assert (chosen[0], chosen[-1]) == (0, 999_999)


def test_names_are_distinct_and_tell_a_second_kind_where_it_is_near() -> None:
    votes = np.array([[10, 6, 0], [30, 2, 1], [0, 0, 9]])
    nothing = [Counter() for _ in votes]
    assert region_names(votes, ["Dogs", "Cats", "Rain"], nothing, [16, 33, 9]) == ["Dogs, cats", "Dogs", "Rain"]
    votes = np.array([[10, 3], [30, 2]])
    assert region_names(votes, ["Dogs", "Cats"], nothing[:2], [13, 32]) == ["Dogs, cats", "Dogs"]


def test_a_word_that_most_files_share_is_the_name() -> None:
    words = [Counter(kick=9, drums=10), Counter(snare=5, drums=10), Counter(drums=10)]
    assert region_names(np.array([[10], [10], [10]]), ["Percussion"], words, [10, 10, 10]) == ["Kick", "Percussion", "Percussion"]


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.manifold", None)
    with pytest.raises(MissingExtraError) as caught:
        lay_out(*(sounds(20)[place] for place in (0, 2)))
    assert "[serve]" in caught.value.hint
