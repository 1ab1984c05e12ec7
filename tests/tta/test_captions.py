import copy
import math
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

import hearken.tta.captions as module  # noqa: E402
from hearken.augment.noise import Noise  # noqa: E402
from hearken.caption.decoding import Decoding  # noqa: E402
from hearken.errors import AudioEmptyError, InputError  # noqa: E402
from hearken.models.captioner import Captioner  # noqa: E402
from hearken.models.config import AudioConfig, CaptionerConfig, DecoderConfig  # noqa: E402
from hearken.models.decoder import Heard as Places  # noqa: E402
from hearken.text.vocabulary import WordVocabulary  # noqa: E402
from hearken.train.augmentation import Augmentation, SpecAugmentation  # noqa: E402
from hearken.train.captioning.write import write  # noqa: E402
from hearken.tta.captions import CaptionTTA  # noqa: E402
from hearken.tta.half import Halved  # noqa: E402
from hearken.tta.heard import Copies, Heard  # noqa: E402
from hearken.tta.strategy import Strategy  # noqa: E402
from hearken.types import FloatArray  # noqa: E402

RATE_HZ = 32_000
WORDS = WordVocabulary(["<sos>", "<eos>", "<pad>", *["a", "dog", "barks", "rain", "falls", "and", "bird", "sings"]])
TOKENS = np.array([[0, 3, 4], [0, 5, 6]])
BEAM = Decoding(beam=2, max_tokens=4)


@cache
def made(kind: str = "cross", audio: str = "act_tiny") -> Captioner:
    torch.manual_seed(0)
    return Captioner(CaptionerConfig(AudioConfig(audio), DecoderConfig(kind, 32, 1, 2, 64)), WORDS).eval()


def sound(seconds: float = 0.7, seed: int = 0) -> FloatArray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def plain(captioner: Captioner, samples: FloatArray, tokens: np.ndarray = TOKENS) -> np.ndarray:
    with torch.no_grad():
        heard = captioner.hear(torch.from_numpy(samples)[None]).rows(torch.zeros(len(tokens), dtype=torch.long))
        return captioner(torch.from_numpy(tokens), heard)[:, -1].softmax(-1).numpy()


def distribution(tta: CaptionTTA, samples: FloatArray, clip: str = "a", tokens: np.ndarray = TOKENS) -> np.ndarray:
    return np.exp(tta.step(samples, clip)(tokens, np.zeros(len(tokens), np.int64)))


class _ToyEncoder(nn.Module):
    needs_wave = False

    def tokens(self, mel: Tensor) -> Tensor:
        return mel


class _Toy(nn.Module):
    """An encoder that gives its spectrogram, one number h; a decoder for which token 1 has the odds exp(h), and the words nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self.audio = SimpleNamespace(encoder=_ToyEncoder())
        self.vocabulary, self.weight = WORDS, nn.Parameter(torch.zeros(1))

    def forward(self, tokens: Tensor, heard: Places, padding: Tensor | None = None) -> Tensor:
        values = heard.values[:, :, 0].double()
        return torch.stack([torch.zeros_like(values), values], -1).expand(-1, tokens.shape[1], -1)


class _ToyCopies:
    """Copies whose numbers are 0, 2 ln 3, 0 and 0; the sound itself has ln 7."""

    num_spectrograms = 5

    def __init__(self, *_arguments: object, **_options: object) -> None:
        self.clean = self._one(math.log(7))

    def make(self, number: int) -> Heard:
        return self._one((0.0, 2 * math.log(3), 0.0, 0.0)[number])

    def _one(self, value: float) -> Heard:
        return Heard((torch.full((1, 1, 1), value, dtype=torch.float64),), (torch.zeros(1, 1),))


ROOT3 = math.sqrt(3)


@pytest.mark.parametrize(
    ("strategy", "augmented"),
    [
        ("4:2x2", (3 / 4 + 1 / 2) / 2),  # means at the encoder ln 3 and 0; at the decoder 3/4 and 1/2
        ("conventional:4", (9 / 10 + 3 / 2) / 4),
        ("mid:4", ROOT3 / (1 + ROOT3)),  # the mean at the encoder is ln 3 / 2
        (Strategy((((1,), (3, 0, 2)), ((1, 0),)), 4), (9 / 10 + 1 / 2) / 2),
        (Strategy((((2, 3), (0, 1)), ((0, 1),)), 4), (1 / 2 + 3 / 4) / 2),
    ],
)
@pytest.mark.parametrize("max_batch", [1, 3, 8])
def test_averages_by_hand(monkeypatch, strategy, augmented, max_batch) -> None:
    monkeypatch.setattr(module, "Copies", _ToyCopies)
    monkeypatch.setattr(module, "for_model", lambda *_: Halved(Augmentation(())))
    tta = CaptionTTA(_Toy(), strategy, max_batch=max_batch)  # type: ignore[arg-type]
    found = distribution(tta, sound(), tokens=np.array([[0], [0]]))
    expected = (7 / 8 + augmented) / 2
    np.testing.assert_allclose(found, [[1 - expected, expected]] * 2, atol=1e-7)


def test_probabilities_are_averaged_and_not_their_logarithms(monkeypatch) -> None:
    monkeypatch.setattr(module, "Copies", _ToyCopies)
    monkeypatch.setattr(module, "for_model", lambda *_: Halved(Augmentation(())))
    found = distribution(CaptionTTA(_Toy(), "conventional:4"), sound(), tokens=np.array([[0]]))  # type: ignore[arg-type]
    assert found[0, 1] == pytest.approx(0.7375)
    logits = (math.log(7) + 2 * math.log(3) / 4) / 2
    assert abs(1 / (1 + math.exp(-logits)) - 0.7375) > 0.01
    assert found.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("kind", ["cross", "prefix"])
def test_one_copy_is_plain_decoding(kind) -> None:
    captioner, samples = made(kind), sound()
    with torch.no_grad():
        expected = write(captioner, captioner.hear(torch.from_numpy(samples)[None]), BEAM)[0]
    for text in ("none", "conventional:1", "mid:1", "1:1x1"):
        assert CaptionTTA(captioner, text).write(samples, "a", BEAM) == expected


@pytest.mark.parametrize(
    ("kind", "audio", "seconds"), [("cross", "act_tiny", 0.7), ("prefix", "act_tiny", 12.0), ("prefix", "pocket", 0.7)]
)
def test_copies_that_are_alike_give_the_plain_distribution(kind, audio, seconds) -> None:
    captioner, samples = made(kind, audio), sound(seconds)
    for text in ("4:2x2", "mid:3", "conventional:3"):
        tta = CaptionTTA(captioner, text)
        tta.augmentation = Halved(Augmentation(()))
        np.testing.assert_allclose(distribution(tta, samples), plain(captioner, samples), atol=1e-6)


def naive(captioner: Captioner, tta: CaptionTTA, samples: FloatArray, clip: str, sizes: tuple[int, int]) -> np.ndarray:
    """Equation 2, copy by copy and group by group."""
    copies = Copies(captioner.audio, samples, clip, tta.augmentation, seed=tta.seed, max_block=64)

    def decode(places: Tensor) -> Tensor:
        heard = Places(places[None].expand(len(TOKENS), -1, -1))
        return captioner(torch.from_numpy(TOKENS), heard)[:, -1].double().softmax(-1)

    with torch.no_grad():
        places = [
            torch.cat([captioner.audio.encoder.tokens(mel).flatten(0, 1) for mel in copies.make(number).mels])
            for number in range(math.prod(sizes))
        ]
        outputs = [decode(torch.stack(places[group * sizes[0] : (group + 1) * sizes[0]]).mean(0)) for group in range(sizes[1])]
    return (torch.stack(outputs).mean(0).numpy() + plain(captioner, samples)) / 2


@pytest.mark.parametrize("sizes", [(1, 4), (4, 1), (2, 3)])
def test_it_is_what_one_gets_copy_by_copy(sizes) -> None:
    captioner, samples = made(), sound(12.0)  # two segments
    tta = CaptionTTA(captioner, Strategy.of_sizes(sizes), max_batch=5)
    found = distribution(tta, samples)
    np.testing.assert_allclose(found, naive(captioner, tta, samples, "a", sizes), atol=1e-6)
    assert np.abs(found - plain(captioner, samples)).max() > 1e-4, "the copies change nothing"


def test_seed_and_clip_draw_the_same_again_and_others_do_not() -> None:
    captioner, samples = made(), sound()

    def found(seed: int = 0, clip: str = "a", max_batch: int = 8) -> np.ndarray:
        return distribution(CaptionTTA(captioner, "4:2x2", seed=seed, max_batch=max_batch), samples, clip)

    np.testing.assert_array_equal(found(), found())
    np.testing.assert_allclose(found(), found(max_batch=1), atol=1e-6)
    assert np.abs(found() - found(seed=1)).max() > 1e-6
    assert np.abs(found() - found(clip="b")).max() > 1e-6


def test_captions_are_tokens_of_the_vocabulary_and_the_same_again() -> None:
    tta = CaptionTTA(made(), "4:2x2", Augmentation((("noise", Noise()), ("spec_augment", SpecAugmentation("panns")))))
    first, second = (tta.write(sound(), "a", BEAM) for _ in range(2))
    assert first == second
    assert len(first.tokens) <= 4
    assert set(first.tokens) <= set(range(len(WORDS)))


def test_marks_are_never_written_and_the_search_is_that_of_the_decoding() -> None:
    captioner = copy.deepcopy(made())
    with torch.no_grad():
        captioner.decoder.dec_fc.bias[[WORDS.start, WORDS.pad]] = 20.0  # type: ignore[index]
    samples, tta = sound(), CaptionTTA(captioner, "2:1x2")
    tta.augmentation = Halved(Augmentation(()))
    heard = captioner.hear(torch.from_numpy(samples)[None])
    for decoding in (BEAM, Decoding(beam=3, max_tokens=4, search="best_first")):
        written = tta.write(samples, "a", decoding)
        assert written.tokens
        assert not {WORDS.start, WORDS.pad} & set(written.tokens)
        assert written.tokens == write(captioner, heard, decoding)[0].tokens


def test_the_encoder_runs_once_and_batches_are_bounded() -> None:
    tta = CaptionTTA(made(), "6:2x3", max_batch=4)
    sizes: list[tuple[int, int]] = []
    handles = [
        made().decoder.register_forward_hook(lambda _module, inputs, _output: sizes.append(tuple(inputs[0].shape))),
        made().audio.encoder.mlp_head.register_forward_hook(lambda _module, inputs, _output: sizes.append((len(inputs[0]), 0))),
    ]
    tta.write(sound(), "a", Decoding(beam=2, max_tokens=3))
    for handle in handles:
        handle.remove()
    cost = tta.cost
    assert max(rows for rows, _ in sizes) <= 4
    assert cost["clips"] == 1
    assert cost["inputs"] == 6
    assert cost["encoder_rows"] <= 7  # the sound and six copies, less those that nothing happened to, which come once a batch
    assert cost["encoder_calls"] == sum(width == 0 for _, width in sizes)
    assert 2 <= cost["steps"] <= 4
    assert cost["decoder_rows"] == sum(rows for rows, width in sizes if width)  # each beginning for the sound and for three means
    assert cost["decoder_rows"] >= 4 * cost["steps"]
    assert cost["seconds_per_clip"] == cost["seconds"] > 0


def test_what_it_says_of_itself() -> None:
    record = CaptionTTA(made(), "multi:10", seed=3).to_json()
    assert record["strategy"] == "10:2x5"
    assert (record["tau"], record["seed"]) == (10, 3)
    assert record["masks"] == {"time_width": 32, "num_time": 2, "freq_width": 4, "num_freq": 2}


def test_what_cannot_be() -> None:
    with pytest.raises(InputError, match="two layers"):
        CaptionTTA(made(), Strategy.of_sizes((2, 2, 2)))
    with pytest.raises(InputError, match="seed"):
        CaptionTTA(made(), "4:2x2", seed=-1)
    with pytest.raises(InputError, match="batch"):
        CaptionTTA(made(), "4:2x2", max_batch=0)
    for text in ("none", "4:2x2"):
        with pytest.raises(AudioEmptyError):
            CaptionTTA(made(), text).write(np.zeros(0, np.float32), "a", BEAM)
