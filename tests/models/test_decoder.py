"""The prefix decoder: who sees whom, padding, order, one table for words and logits, and that it learns. Its elder is in `test_decoder_cross.py`."""

from __future__ import annotations

import itertools

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.models.config import DecoderConfig  # noqa: E402
from hearken.models.decoder import MAX_TOKENS, Decoder, Heard, PrefixDecoder, _visible, build_decoder  # noqa: E402

SMALL = DecoderConfig("prefix", width=16, num_layers=2, num_heads=2, hidden=32, dropout=0.1)
WORDS, SIZE = 11, 6


@pytest.fixture(params=["prefix", "cross"])
def either(request: pytest.FixtureRequest) -> Decoder:
    torch.manual_seed(0)
    return lively(build_decoder(DecoderConfig(request.param, 16, 2, 2, 32, 0.1), WORDS, SIZE))


@pytest.fixture
def decoder() -> PrefixDecoder:
    torch.manual_seed(0)
    return lively(PrefixDecoder(SMALL, WORDS, SIZE))


def lively(decoder: Decoder) -> Decoder:
    """The decoder in evaluation mode, with weights that are large enough for one place to change another's answer."""
    with torch.no_grad():
        for parameter in decoder.parameters():
            if parameter.ndim > 1:
                parameter.mul_(3.0)
    return decoder.eval()


def sound(batch: int = 2, places: int = 4, seed: int = 0) -> Tensor:
    return torch.randn(batch, places, SIZE, generator=torch.Generator().manual_seed(seed))


def sentence(batch: int = 2, words: int = 5, seed: int = 0) -> Tensor:
    return torch.randint(WORDS, (batch, words), generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_no_word_sees_a_later_one(either: Decoder) -> None:
    heard, tokens = Heard(sound()), sentence()
    before = either(tokens, heard)
    assert before.shape == (2, 5, WORDS)
    for changed in range(5):
        other = tokens.clone()
        other[:, changed] = (other[:, changed] + 1) % WORDS
        moved = (either(other, heard) - before).abs().amax((0, 2))
        assert all(float(each) < 1e-5 for each in moved[:changed])
        assert float(moved[changed:].min()) > 1e-3
    assert torch.allclose(either(tokens[:, :3], heard), before[:, :3], atol=1e-5)


@torch.no_grad()
def test_every_word_hears_every_place(either: Decoder) -> None:
    values, tokens = sound(), sentence()
    before = either(tokens, Heard(values))
    for place in range(4):
        other = values.clone()
        other[0, place] += 1.0
        moved = (either(tokens, Heard(other)) - before).abs().amax(2)
        assert float(moved[0].min()) > 1e-4
        assert float(moved[1].max()) == 0.0


@torch.no_grad()
def test_padding_changes_nothing(either: Decoder) -> None:
    values, tokens = sound(), sentence()
    alone = either(tokens[:1, :3], Heard(values[:1, :2]))
    filled = values.clone()
    filled[0, 2:] = 99.0
    no_sound = torch.tensor([[False, False, True, True], [False] * 4])
    no_word = torch.tensor([[False, False, False, True, True], [False] * 5])
    both = either(tokens, Heard(filled, no_sound), no_word)
    torch.testing.assert_close(both[:1, :3], alone, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(both[1:], either(tokens[1:], Heard(values[1:])), atol=1e-5, rtol=1e-5)
    assert (either(tokens, Heard(filled))[0, :3] - alone).abs().max() > 1e-2


def test_who_sees_whom() -> None:
    """Two places and three words, worked out by hand: rows see columns."""
    seen = _visible(2, torch.zeros(1, 3, dtype=torch.int64), None, None)[0, 0]
    assert seen.int().tolist() == [[1, 1, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]
    heard = torch.tensor([[False, True]])
    seen = _visible(2, torch.zeros(1, 3, dtype=torch.int64), heard, torch.tensor([[False, False, True]]))[0, 0]
    assert seen.int().tolist() == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 0, 1, 1, 0], [1, 0, 1, 1, 1]]


def test_nothing_heard_at_all_is_still_a_number(decoder: PrefixDecoder) -> None:
    tokens, values = sentence(), sound().requires_grad_()
    heard = Heard(values, torch.tensor([[True] * 4, [False] * 4]))
    logits = decoder(tokens, heard, torch.ones(2, 5, dtype=torch.bool))
    assert torch.isfinite(logits).all()
    logits.sum().backward()
    assert torch.isfinite(values.grad).all()
    assert all(torch.isfinite(parameter.grad).all() for parameter in decoder.parameters() if parameter.grad is not None)
    assert decoder(tokens, Heard(values[:, :0])).shape == (2, 5, WORDS)


@torch.no_grad()
def test_what_came_first_matters(decoder: PrefixDecoder) -> None:
    values, tokens = sound(), sentence()
    assert (decoder(tokens, Heard(values.flip(1))) - decoder(tokens, Heard(values))).abs().max() > 1e-3
    decoder.order.zero_()
    torch.testing.assert_close(decoder(tokens, Heard(values.flip(1))), decoder(tokens, Heard(values)), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_words_and_logits_share_one_table(decoder: PrefixDecoder) -> None:
    tokens, heard = sentence(), Heard(sound())
    states = decoder.states(tokens, heard)
    torch.testing.assert_close(decoder(tokens, heard), states @ decoder.words.weight.T)
    assert not any(tuple(parameter.shape) == (WORDS, 16) for name, parameter in decoder.named_parameters() if name != "words.weight")


def test_dropout_acts_in_training_alone(decoder: PrefixDecoder) -> None:
    tokens, heard = sentence(), Heard(sound())
    assert torch.equal(decoder(tokens, heard), decoder(tokens, heard))
    decoder.train()
    assert not torch.equal(decoder(tokens, heard), decoder(tokens, heard))


@torch.no_grad()
def test_the_next_word_alone(either: Decoder) -> None:
    tokens, heard = sentence(), Heard(sound(), torch.tensor([[False, False, True, True], [False] * 4]))
    expected = functional.log_softmax(either(tokens, heard)[:, -1], dim=-1)
    torch.testing.assert_close(either.log_probabilities(tokens, heard), expected)
    torch.testing.assert_close(expected.exp().sum(1), torch.ones(2))


@torch.no_grad()
def test_rows_of_what_was_heard() -> None:
    heard = Heard(sound(), torch.tensor([[False] * 4, [True] * 4]))
    chosen = heard.rows(torch.tensor([1, 1, 0]))
    assert (len(heard), len(chosen)) == (2, 3)
    assert torch.equal(chosen.values, heard.values[[1, 1, 0]])
    assert chosen.padding is not None
    assert chosen.padding.tolist() == [[True] * 4, [True] * 4, [False] * 4]
    assert Heard(sound()).rows(torch.tensor([1])).padding is None


def test_half_precision(decoder: PrefixDecoder) -> None:
    half = decoder.to(torch.bfloat16)
    assert half(sentence(), Heard(sound().to(torch.bfloat16))).dtype == torch.bfloat16
    assert half.log_probabilities(sentence(), Heard(sound().to(torch.bfloat16))).dtype == torch.float32


def test_what_cannot_be_built_or_read(either: Decoder) -> None:
    with pytest.raises(InputError, match="no decoder 'sideways'"):
        build_decoder(DecoderConfig("sideways"), 4, 4)
    for width, heads in ((10, 4), (9, 3)):
        with pytest.raises(InputError, match="must be even and a multiple of its heads"):
            build_decoder(DecoderConfig("prefix", width, 1, heads, 8), 4, 4)
    assert either(sentence(1, MAX_TOKENS), Heard(sound(1))).shape == (1, MAX_TOKENS, WORDS)
    with pytest.raises(InputError, match=f"up to {MAX_TOKENS} tokens; there are {MAX_TOKENS + 1}"):
        either(sentence(1, MAX_TOKENS + 1), Heard(sound(1)))


def test_it_learns_eight_captions_by_heart() -> None:
    torch.manual_seed(0)
    decoder = PrefixDecoder(DecoderConfig("prefix", 32, 2, 2, 64, 0.0), WORDS, SIZE)
    captions = torch.tensor([[0, *words, 1] for words in itertools.islice(itertools.permutations(range(2, 8), 4), 0, 80, 10)])
    heard = Heard(sound(8))
    optimizer = torch.optim.AdamW(decoder.parameters(), 3e-3)
    for _ in range(150):
        loss = functional.cross_entropy(decoder(captions[:, :-1], heard).flatten(0, 1), captions[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.05
    decoder.eval()
    written = torch.zeros(8, 1, dtype=torch.int64)
    with torch.no_grad():
        for _ in range(5):
            written = torch.cat([written, decoder.log_probabilities(written, heard).argmax(1, keepdim=True)], dim=1)
    assert torch.equal(written, captions)
    assert all(parameter.grad is not None and float(parameter.grad.abs().max()) > 0.0 for parameter in decoder.parameters())
