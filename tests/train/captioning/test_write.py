"""A captioner that writes: what it says is what its network finds likeliest."""

from __future__ import annotations

import pytest
import torch

from hearken.caption.beam import Written
from hearken.caption.decoding import Decoding
from hearken.models.decoder import Heard
from hearken.train.captioning.write import captions, write
from tests.train.captioning.small_captioner import captioner
from tests.train.small import batch


@pytest.mark.parametrize("kind", ["cross", "prefix"])
def test_greedy_captions_are_those_of_the_network_word_by_word(kind: str) -> None:
    made = captioner(kind)
    sounds = batch(3)
    with torch.no_grad():
        heard = made.hear(sounds.wave, sounds.num_samples)
        written = write(made, heard, Decoding(beam=1, max_tokens=5))
        for row, found in enumerate(written):
            tokens = [made.vocabulary.start]
            while len(tokens) <= 5:
                scores = made(torch.tensor([tokens]), heard.rows(torch.tensor([row])))[0, -1]
                scores[[made.vocabulary.start, made.vocabulary.pad]] = -torch.inf
                tokens.append(int(scores.argmax()))
                if tokens[-1] == made.vocabulary.end:
                    break
            assert list(found.tokens) == [token for token in tokens[1:] if token != made.vocabulary.end]
    assert captions(made, heard, Decoding(beam=1, max_tokens=5)) == [made.vocabulary.decode(found.tokens) for found in written]


def test_marks_are_never_written() -> None:
    made = captioner()
    with torch.no_grad():
        made.decoder.dec_fc.bias[[made.vocabulary.start, made.vocabulary.pad]] = 1e4  # type: ignore[index]
    found = write(made, Heard(torch.zeros(2, 3, 6)), Decoding(beam=2, max_tokens=4))
    assert not {made.vocabulary.start, made.vocabulary.pad} & {token for each in found for token in each.tokens}


def test_the_search_is_that_of_the_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.caption.search.best_first_lists", lambda _step, clips, **_: [[Written((3,), -1.0)]] * clips)
    made, heard = captioner(), Heard(torch.zeros(2, 3, 6))
    assert write(made, heard, Decoding(beam=2, max_tokens=2, search="best_first")) == [Written((3,), -1.0)] * 2
    assert write(made, heard, Decoding(beam=2, max_tokens=2)) != [Written((3,), -1.0)] * 2


def test_a_wider_search_finds_what_is_likelier() -> None:
    made, sounds = captioner(), batch(4)
    with torch.no_grad():
        heard = made.hear(sounds.wave, sounds.num_samples)
    greedy, wide = (write(made, heard, Decoding(beam=beam, max_tokens=4)) for beam in (1, 5))
    assert sum(each.score for each in wide) >= sum(each.score for each in greedy)
