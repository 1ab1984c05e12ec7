"""The text side: tokens as the policy says, pooling by hand, padding that changes nothing, every named shape."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from hearken.audio.pooling import mean_and_slope  # noqa: E402
from hearken.errors import InputError, ModelError  # noqa: E402
from hearken.models.text import TextEncoder, TextTower, make_transformer, pool  # noqa: E402
from tests.models.small import BERT, GPT2, ROBERTA, WORDS, text_config, tokenizer  # noqa: E402

LONG = "a dog barks rain falls on a tin roof"


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    torch.manual_seed(0)
    return TextEncoder(text_config(), tokenizer()).eval()


def words_of(ids: torch.Tensor) -> list[str]:
    return [WORDS[number] for number in ids.tolist()]


def test_tokens_and_mask(encoder: TextEncoder) -> None:
    ids, mask = encoder.tokenize(["a dog", "rain falls on roof"])
    assert words_of(ids[0]) == ["[CLS]", "a", "dog", "[SEP]", "[PAD]", "[PAD]"]
    assert words_of(ids[1]) == ["[CLS]", "rain", "falls", "on", "roof", "[SEP]"]
    assert mask.tolist() == [[1, 1, 1, 1, 0, 0], [1] * 6]


def test_a_long_text_keeps_its_end_token_unless_sliced_as_in_dcase2023(encoder: TextEncoder) -> None:
    assert words_of(encoder.tokenize([LONG])[0][0]) == ["[CLS]", "a", "dog", "barks", "rain", "falls", "on", "[SEP]"]
    sliced = TextEncoder(text_config(cut="slice"), tokenizer())
    assert words_of(sliced.tokenize([LONG])[0][0]) == ["[CLS]", "a", "dog", "barks", "rain", "falls", "on", "a"]


def test_the_policy_is_applied() -> None:
    encoder = TextEncoder(text_config(lower=True, remove=",!", suffix=" roof"), tokenizer())
    assert words_of(encoder.tokenize(["A DOG, barks!"])[0][0]) == ["[CLS]", "a", "dog", "barks", "roof", "[SEP]"]


def test_the_given_tokenizer_is_not_changed() -> None:
    given = tokenizer()
    given.enable_padding(length=30)
    before = given.to_str()
    assert TextEncoder(text_config(), given).tokenize(["a dog"])[0].shape == (1, 4)
    assert given.to_str() == before


@pytest.mark.parametrize(
    ("architecture", "pooling"),
    [(BERT, "first"), (BERT, "mean"), (BERT, "pooler"), (GPT2, "last"), (GPT2, "mean"), (ROBERTA, "first"), (BERT, "mean_and_slope")],
)
def test_batch_mates_change_nothing(architecture: dict[str, object], pooling: str) -> None:
    encoder = TextEncoder(text_config(pooling, architecture), tokenizer()).eval()
    with torch.no_grad():
        together = encoder.encode(["a dog", LONG, "rain"])
        alone = torch.cat([encoder.encode([text]) for text in ("a dog", LONG, "rain")])
    assert together.shape == (3, encoder.dim)
    assert encoder.dim == (32 if pooling == "mean_and_slope" else 16)
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=0)


def test_pooling_by_hand() -> None:
    states = torch.tensor([[[1.0], [2.0], [9.0]], [[4.0], [5.0], [6.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert pool(states, mask, "first").flatten().tolist() == [1.0, 4.0]
    assert pool(states, mask, "mean").flatten().tolist() == [1.5, 5.0]
    assert pool(states, mask, "last").flatten().tolist() == [2.0, 6.0]
    both = pool(states, mask, "mean_and_slope")
    assert both[0].tolist() == [1.5, 0.5], "2 / 2 (-1/2 + 2/2)"
    torch.testing.assert_close(both[1], torch.tensor([5.0, 8 / 9]))  # 2 / 3 (-4 * 2/3 + 6 * 2/3)
    torch.testing.assert_close(both[1], torch.from_numpy(mean_and_slope(states[1].numpy())))


def test_the_pooling_layer_exists_only_where_it_is_used(encoder: TextEncoder) -> None:
    assert not [name for name in encoder.state_dict() if "pooler" in name]
    with_pooler = TextEncoder(text_config("pooler"), tokenizer()).eval()
    ids, mask = with_pooler.tokenize(["a dog"])
    with torch.no_grad():
        first = with_pooler.transformer(input_ids=ids, attention_mask=mask)[0][:, 0]
        torch.testing.assert_close(with_pooler(ids, mask), torch.tanh(with_pooler.transformer.pooler.dense(first)))
    with pytest.raises(ModelError, match="no pooling layer"):
        make_transformer(text_config("pooler", GPT2))


def test_every_weight_gets_a_gradient(encoder: TextEncoder) -> None:
    encoder.encode(["a dog barks", "rain"]).square().sum().backward()
    without = [name for name, p in encoder.named_parameters() if p.grad is None]
    assert without == []
    encoder.zero_grad()


def test_no_texts_no_rows(encoder: TextEncoder) -> None:
    assert encoder.encode([]).shape == (0, 16)


def test_what_cannot_be_encoded_is_said(encoder: TextEncoder) -> None:
    with pytest.raises(InputError, match="list"):
        encoder.encode("a dog")
    with pytest.raises(ModelError, match="no tokenizer"):
        TextEncoder(text_config()).encode(["a dog"])
    bare = tokenizer()
    bare.post_processor = None  # type: ignore[assignment]
    with pytest.raises(InputError, match="single word"):
        TextEncoder(text_config(), bare).encode(["a dog", "  "])
    with pytest.raises(InputError, match="pooling"):
        TextEncoder(text_config("middle"))  # type: ignore[arg-type]
    for architecture in ({"model_type": "no_such"}, {**BERT, "num_attention_heads": 3}, {"hidden_size": 16}):
        with pytest.raises(ModelError, match="cannot be built"):
            TextEncoder(text_config(architecture=architecture))
    with pytest.raises(NotImplementedError):
        TextTower(text_config(), 4, None)(torch.zeros(1, 1), torch.zeros(1, 1))
