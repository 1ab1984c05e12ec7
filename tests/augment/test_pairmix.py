"""PairMix: the numbers of Kim et al. (2023), mixes worked out by hand, and joined texts."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearken.augment.pairmix import Mix, PairMix, concat, join_texts, mix_waves
from hearken.errors import InputError


def drawn(count: int, **options: object) -> list[Mix]:
    generator = np.random.default_rng(0)
    mix = PairMix(**options)  # type: ignore[arg-type]
    return [mix.draw(generator) for _ in range(count)]


def test_the_papers_setting_is_the_default() -> None:
    assert PairMix() == PairMix(share=0.25, alpha=0.1, design="pairmix", domain="log", fixed=None, joint=" ")


@pytest.mark.parametrize(
    ("share", "batch", "wanted"),
    [(0.25, 32, 8), (0.25, 64, 16), (0.125, 32, 4), (0.6, 32, 19), (0.25, 2, 1), (0.25, 1, 0), (0.0, 64, 0), (1.0, 5, 5), (0.25, 0, 0)],
)
def test_the_share_counts_generated_samples_in_the_batch(share: float, batch: int, wanted: int) -> None:
    assert PairMix(share).num_generated(batch) == wanted


def test_weights_are_of_the_beta_distribution() -> None:
    """Beta(a, a) has mean 1/2 and variance 1 / (4 (2 a + 1)); of Beta(0.1, 0.1) three quarters lie below 0.05 or above 0.95."""
    weights = np.array([mix.weight for mix in drawn(40_000)])
    assert weights.mean() == pytest.approx(0.5, abs=0.01)
    assert weights.var() == pytest.approx(1.0 / 4.8, rel=0.02)
    assert weights.min() >= 0.0
    assert weights.max() <= 1.0
    grid = (np.arange(1_000_000) + 0.5) / 1_000_000
    density = (grid * (1.0 - grid)) ** -0.9
    # the rectangles next to the poles are replaced by their integrals, x ** 0.1 / 0.1
    density[[0, -1]] = 1e6 * (1e-6**0.1) / 0.1
    outside = density[(grid < 0.05) | (grid > 0.95)].sum() / density.sum()
    assert outside == pytest.approx(0.75, abs=0.01)
    assert ((weights < 0.05) | (weights > 0.95)).mean() == pytest.approx(outside, abs=0.01)


def test_other_alphas() -> None:
    assert np.var([mix.weight for mix in drawn(20_000, alpha=1.0)]) == pytest.approx(1.0 / 12.0, rel=0.03)  # uniform
    assert {mix.weight for mix in drawn(50, fixed=0.5)} == {0.5}


def test_a_fair_coin_that_knows_nothing_of_the_weight() -> None:
    mixes = drawn(20_000)
    is_wave = np.array([mix.level == "wave" for mix in mixes])
    assert {mix.level for mix in mixes} == {"wave", "mel"}
    assert is_wave.mean() == pytest.approx(0.5, abs=0.015)
    assert abs(np.corrcoef(is_wave, [mix.weight for mix in mixes])[0, 1]) < 0.03


@pytest.mark.parametrize(("design", "level"), [("waveform", "wave"), ("spectrogram", "mel"), ("concat", "concat")])
def test_the_other_designs_have_one_level_and_the_same_weights(design: str, level: str) -> None:
    mixes = drawn(100, design=design)
    assert {mix.level for mix in mixes} == {level}
    assert [mix.weight for mix in mixes] == [mix.weight for mix in drawn(100)]


def test_a_draw_can_be_written_down() -> None:
    for mix in drawn(200):
        assert Mix(**json.loads(json.dumps(asdict(mix)))) == mix


@pytest.mark.parametrize(
    "options",
    [
        {"share": 1.5},
        {"alpha": 0.0},
        {"alpha": "0.1"},
        {"design": "mixup"},
        {"domain": "mel"},
        {"fixed": -0.5},
        {"joint": ""},
        {"joint": 3},
    ],
)
def test_options_that_make_no_sense(options: dict) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        PairMix(**options)


def test_a_mix_by_hand() -> None:
    first, second = np.array([0.8, -0.4, 0.2], np.float32), np.array([0.0, 0.4, 1.0, -0.8, 0.4], np.float32)
    mixed = mix_waves(first, second, 0.75)
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed, [0.6, -0.2, 0.4, -0.2, 0.1], atol=1e-7)
    np.testing.assert_array_equal(mix_waves(first, second, 1.0), [*first, 0.0, 0.0])
    np.testing.assert_array_equal(mix_waves(first, second, 0.0), second)
    np.testing.assert_allclose(mix_waves(second, first, 0.25), mixed, atol=1e-7)


def test_one_sound_after_the_other() -> None:
    first, second = np.array([0.8, -0.4], np.float32), np.array([0.5], np.float32)
    joined = concat(first, second)
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(joined, np.array([0.8, -0.4, 0.5], np.float32))


def test_empty_sounds() -> None:
    nothing, something = np.zeros(0, np.float32), np.ones(3, np.float32)
    assert len(mix_waves(nothing, nothing, 0.3)) == 0
    np.testing.assert_allclose(mix_waves(nothing, something, 0.25), [0.75] * 3)
    np.testing.assert_array_equal(concat(nothing, something), something)


@given(st.integers(0, 99), st.integers(1, 40), st.integers(1, 40), st.floats(0.0, 1.0))
def test_a_mix_is_never_louder_than_the_louder_sound(seed: int, size: int, other_size: int, weight: float) -> None:
    generator = np.random.default_rng(seed)
    first, second = (generator.uniform(-1, 1, length).astype(np.float32) for length in (size, other_size))
    assert np.abs(mix_waves(first, second, weight)).max() <= max(np.abs(first).max(), np.abs(second).max()) * (1 + 1e-6)


@pytest.mark.parametrize(
    ("first", "second", "joint", "wanted"),
    [
        ("A dog barks", "Rain falls", " ", "A dog barks Rain falls"),
        ("A dog barks.", "Rain falls.", " ", "A dog barks. Rain falls."),
        ("A dog barks.", "Rain falls.", " and ", "A dog barks and rain falls."),
        ("A dog barks", "A TV plays", " while ", "A dog barks while a TV plays"),
        ("A dog barks", "TV noise", " and ", "A dog barks and TV noise"),
        ("A dog barks", "I hear rain", " and ", "A dog barks and I hear rain"),
        ("A dog barks", "Rain falls", ". ", "A dog barks. Rain falls"),
        ("A dog barks.", "Rain falls.", ". ", "A dog barks. Rain falls."),
        ("", "Rain falls.", " and ", "Rain falls."),
        ("A dog barks.", " ", " and ", "A dog barks."),
        ("", "", " ", ""),
    ],
)
def test_joined_texts(first: str, second: str, joint: str, wanted: str) -> None:
    assert join_texts(first, second, joint) == wanted
    assert PairMix(joint=joint).join(first, second) == wanted
