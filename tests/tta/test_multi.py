from functools import cache

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from hearken.augment.noise import Noise  # noqa: E402
from hearken.convert.pocket import load_pocket  # noqa: E402
from hearken.errors import AudioEmptyError, InputError  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.train.augmentation import Augmentation  # noqa: E402
from hearken.tta.half import Halved, for_model  # noqa: E402
from hearken.tta.heard import Copies  # noqa: E402
from hearken.tta.multi import MultiTTA  # noqa: E402
from hearken.tta.strategy import KIM, Strategy, conventional, multi  # noqa: E402
from hearken.types import FloatArray  # noqa: E402
from tests.train.small import model  # noqa: E402

RATE_HZ = 32_000
NAMES = ("cnn10", "passt", "pocket")


@cache
def made(name: str) -> DualEncoder:
    return load_pocket() if name == "pocket" else model(f"{name}_tiny")


def sound(seconds: float = 0.8, seed: int = 0) -> FloatArray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def plain(dual: DualEncoder, samples: FloatArray) -> FloatArray:
    with torch.no_grad():
        vector: FloatArray = dual.encode_audio(torch.from_numpy(samples)[None])[0].numpy()
    return vector


def naive(dual: DualEncoder, samples: FloatArray, clip: str, sizes: tuple[int, int]) -> FloatArray:
    """Section 3 for the encoder's output, copy by copy and segment by segment; then the mean with the clean vector."""
    copies = Copies(dual.audio, samples, clip, for_model(dual.audio, None), seed=0, max_block=64)
    with torch.no_grad():
        embedded = [torch.cat([dual.audio.encoder(mel) for mel in copies.make(number).mels]) for number in range(sizes[0] * sizes[1])]
        outputs = []
        for group in range(sizes[1]):
            mean = torch.stack(embedded[group * sizes[0] : (group + 1) * sizes[0]]).mean(0)
            outputs.append(functional.normalize(dual.audio_projection(mean.mean(0)), dim=-1))
        vector: FloatArray = torch.stack(outputs).mean(0).numpy()
    return (vector + plain(dual, samples)) / 2


@pytest.mark.parametrize("name", NAMES)
def test_one_input_is_no_augmentation_at_all(name: str) -> None:
    dual, samples = made(name), sound()
    for text in ("none", "conventional:1", "mid:1", "1:1x1"):
        np.testing.assert_array_equal(MultiTTA(dual, text).encode(samples, "a"), plain(dual, samples))


def test_pieces_of_a_long_sound_weigh_by_their_frames() -> None:
    dual = made("pocket")
    samples = sound(1.25 * dual.audio.policy.chunk_num_samples / RATE_HZ)
    samples[dual.audio.policy.chunk_num_samples :] *= 0.01  # the short piece is another sound, so its weight shows
    tta = MultiTTA(dual, "2:2x1")
    tta.augmentation = Halved(Augmentation(()))
    np.testing.assert_allclose(tta.encode(samples, "a"), plain(dual, samples), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_multi_with_one_layer_is_conventional_bit_by_bit(name: str) -> None:
    """And conventional is what one gets by encoding each copy by itself and averaging the vectors, again bit by bit."""
    dual, samples = made(name), sound()
    ours = MultiTTA(dual, multi(4, (1, 4)), max_batch=1).encode(samples, "a")
    np.testing.assert_array_equal(MultiTTA(dual, conventional(4), max_batch=1).encode(samples, "a"), ours)
    copies = Copies(dual.audio, samples, "a", for_model(dual.audio, None), seed=0, max_block=1)
    with torch.no_grad():
        vectors = []
        for heard in (copies.clean, *map(copies.make, range(4))):
            embedded = torch.cat([dual.audio.encoder(mel) for mel in heard.mels])
            vectors.append(functional.normalize(dual.audio_projection(embedded.mean(0, keepdim=True)), dim=-1)[0])
        clean, first, *others = vectors
        averaged = sum(others, first) / 4
    np.testing.assert_array_equal(((clean + averaged) / 2).numpy(), ours)


@pytest.mark.parametrize(
    ("name", "sizes"), [("cnn10", (2, 3)), ("cnn10", (6, 1)), ("passt", (1, 6)), ("passt", (3, 2)), ("pocket", (2, 3))]
)
def test_the_printed_equation_written_out(name: str, sizes: tuple[int, int]) -> None:
    dual, samples = made(name), sound()
    found = MultiTTA(dual, multi(6, sizes)).encode(samples, "a")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive(dual, samples, "a", sizes), rtol=0, atol=1e-6)
    assert not np.allclose(found, plain(dual, samples), atol=1e-4)


@pytest.mark.parametrize(("name", "layer"), [("cnn10", "encoder"), ("passt", "encoder.blocks.1"), ("cnn10", "encoder.conv_block2")])
def test_bounded_batches_change_nothing(name: str, layer: str) -> None:
    dual, samples = made(name), sound(1.3)
    whole = MultiTTA(dual, "6:3x2", layer=layer, max_batch=100)
    small = MultiTTA(dual, "6:3x2", layer=layer, max_batch=2)
    np.testing.assert_allclose(small.encode(samples, "a"), whole.encode(samples, "a"), rtol=0, atol=1e-6)
    assert small.cost["encoder_calls"] > whole.cost["encoder_calls"]
    assert small.cost["encoder_rows"] == whole.cost["encoder_rows"] == 7 * 3


@pytest.mark.parametrize(
    ("name", "layer", "last"), [("passt", "encoder.blocks.1", "encoder.norm"), ("cnn10", "encoder.conv_block2", "encoder")]
)
def test_where_copies_meet_matters_unless_what_lies_between_is_linear(name: str, layer: str, last: str) -> None:
    dual, samples = made(name), sound()
    at_encoder = MultiTTA(dual, "6:3x2").encode(samples, "a")
    np.testing.assert_allclose(MultiTTA(dual, "6:3x2", layer=last).encode(samples, "a"), at_encoder, rtol=0, atol=1e-6)
    assert np.abs(MultiTTA(dual, "6:3x2", layer=layer).encode(samples, "a") - at_encoder).max() > 1e-4
    of_one = MultiTTA(dual, "6:1x6", layer=layer).encode(samples, "a")
    np.testing.assert_allclose(of_one, MultiTTA(dual, "conventional:6").encode(samples, "a"), rtol=0, atol=1e-6)


def test_the_mean_with_the_clean_vector_is_not_brought_to_unit_length() -> None:
    dual, samples = made("cnn10"), sound()
    found = MultiTTA(dual, "4:2x2").encode(samples, "a")
    alone = 2 * found - plain(dual, samples)
    assert np.linalg.norm(found) < 1 - 1e-4
    assert np.linalg.norm(alone) < 1 - 1e-4
    query = np.random.default_rng(0).standard_normal(dual.dim).astype(np.float32)
    assert query @ found == pytest.approx((query @ alone + query @ plain(dual, samples)) / 2, abs=1e-6)


def test_the_same_comes_again_and_seeds_and_clips_differ() -> None:
    dual, samples = made("cnn10"), sound()
    found = MultiTTA(dual, "4:2x2").encode(samples, "a")
    torch.manual_seed(99)
    again = MultiTTA(dual, "4:2x2")
    again.encode(sound(seed=4), "z")
    np.testing.assert_array_equal(again.encode(samples, "a"), found)
    assert not np.array_equal(again.encode(samples, "b"), found)
    assert not np.array_equal(MultiTTA(dual, "4:2x2", seed=1).encode(samples, "a"), found)


@pytest.mark.parametrize("layer", ["encoder", "encoder.conv_block2"])
def test_several_strategies_at_once(layer: str) -> None:
    dual, samples = made("cnn10"), sound()
    texts = ["conventional:6", "none", "6:3x2", "mid:4"]
    tta = MultiTTA(dual, "none", layer=layer)
    found = tta.encode_all(samples, "a", texts)
    for row, text in zip(found, texts, strict=True):
        np.testing.assert_allclose(row, MultiTTA(dual, text, layer=layer).encode(samples, "a"), rtol=0, atol=1e-6)
    if layer == "encoder":
        assert tta.cost["encoder_rows"] == 7 * 2
    assert tta.encode_all(samples, "a", []).shape == (0, dual.dim)


def test_the_model_is_in_evaluation_mode() -> None:
    dual = model("cnn10_tiny")
    tta = MultiTTA(dual, "4:2x2")
    found = tta.encode(sound(), "a")
    dual.train()
    np.testing.assert_array_equal(tta.encode(sound(), "a"), found)
    assert not dual.training


def test_copies_that_nothing_happened_to_are_encoded_once() -> None:
    tta = MultiTTA(made("cnn10"), "8:4x2", Augmentation((("noise", Noise(0.2)),)), max_batch=100)
    tta.encode(sound(), "a")
    assert tta.cost["spectrograms"] < 6 * 2
    assert tta.cost["encoder_rows"] < 7 * 2


def test_cost_and_record() -> None:
    tta = MultiTTA(made("cnn10"), "4:2x2", seed=3)
    assert tta.cost["seconds_per_clip"] == 0
    for clip in "ab":
        tta.encode(sound(), clip)
    cost = tta.cost
    assert (cost["clips"], cost["inputs"], cost["encoder_rows"]) == (2, 8, 2 * 5 * 2)
    assert cost["seconds"] > 0
    assert cost["seconds_per_clip"] == cost["seconds"] / 2
    written = tta.to_json()
    assert (written["strategy"], written["tau"], written["layer"], written["seed"]) == ("4:2x2", 4, "encoder", 3)
    assert written["masks"]["time_width"] == 32


def test_every_strategy_of_the_paper_can_be_asked_for() -> None:
    dual = made("cnn10")
    assert [MultiTTA(dual, f"multi:{tau}").strategy.tau for tau in KIM] == list(KIM)


def test_what_makes_no_sense() -> None:
    dual = made("cnn10")
    with pytest.raises(InputError, match="two layers"):
        MultiTTA(dual, conventional(4, 3))
    with pytest.raises(InputError, match="two layers"):
        MultiTTA(dual, Strategy((((0,),),), 1))
    for options in ({"seed": -1}, {"max_batch": 0}):
        with pytest.raises(InputError, match="A seed is at least 0"):
            MultiTTA(dual, "none", **options)
    with pytest.raises(InputError, match="no layer"):
        MultiTTA(dual, "none", layer="decoder")
    for text in ("none", "2:1x2"):
        with pytest.raises(AudioEmptyError):
            MultiTTA(dual, text).encode(np.zeros(0, np.float32), "a")


def test_sounds_that_must_not_be_changed_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come read-only from whoever reads them, and torch warns of sharing the memory of such an array."""
    dual, samples = model("cnn10_tiny"), sound()
    samples.flags.writeable = False
    shared, from_numpy = [], torch.from_numpy
    monkeypatch.setattr(torch, "from_numpy", lambda array: (shared.append(not array.flags.writeable), from_numpy(array.copy()))[1])
    MultiTTA(dual, "2:2x1").encode(samples, "clip")
    assert shared
    assert not any(shared)
