"""What may be asked for, and where a stretch lies."""

from __future__ import annotations

import json

import pytest

from hearken.data.shards.recipe import CODECS, KEEPS, SUFFIXES, Cut, Recipe
from hearken.errors import InputError


def test_places() -> None:
    assert Cut(10.0).place(5) == 0.0
    assert Cut(10.0, "middle").place(5) == 0.5
    drawn = [Cut(10.0, "random", 3).place(position) for position in range(2_000)]
    assert drawn == [Cut(10.0, "random", 3).place(position) for position in range(2_000)]
    assert drawn[:50] != [Cut(10.0, "random", 4).place(position) for position in range(50)]
    assert 0.0 <= min(drawn) < 0.01
    assert 0.99 < max(drawn) < 1.0
    assert abs(sum(drawn) / len(drawn) - 0.5) < 0.03
    assert drawn[0] == pytest.approx(0.30115590980900175, abs=1e-15)  # for ever, or packs that were begun could not be finished


def test_lengths_in_samples() -> None:
    assert Cut().max_num_samples(32_000) is None
    assert Cut(1.5).max_num_samples(32_000) == 48_000
    assert Cut(1e-9).max_num_samples(32_000) == 1


@pytest.mark.parametrize(
    "recipe",
    [Recipe(), Recipe(codec="opus", bitrate=24_000), Recipe(codec="mel", front_end="act_logmel", cut=Cut(30.0, "random", 2**40))],
    ids=["flac", "opus", "mel"],
)
def test_json_and_back(recipe: Recipe) -> None:
    told = json.loads(json.dumps(recipe.to_json()))
    assert Recipe.from_json(told) == recipe
    assert ("bitrate" in told, "front_end" in told) == (recipe.codec == "opus", recipe.codec == "mel")


def test_another_front_end_of_the_same_name_is_refused() -> None:
    told = Recipe(codec="mel", front_end="passt_mel").to_json()
    told["front_end"]["fmax_hz"] = 14_000.0
    with pytest.raises(InputError, match="not those of this Hearken"):
        Recipe.from_json(told)


WRONG = [
    ({"codec": "mp3"}, "There is no codec 'mp3'"),
    ({"rate_hz": 1_000}, "from 2000 to 192000 samples a second"),
    ({"codec": "opus", "bitrate": 512_000}, "Opus takes from 6000 to 256000"),
    ({"codec": "mel"}, "go together"),
    ({"front_end": "passt_mel"}, "go together"),
    ({"codec": "mel", "front_end": "no_mel"}, "There is no front end 'no_mel'"),
    ({"codec": "mel", "front_end": "passt_mel", "rate_hz": 16_000}, "passt_mel works at 32000 Hz, not 16000 Hz"),
]
WRONG_CUTS = [
    ({"max_duration_s": 0.0}, "must be positive"),
    ({"max_duration_s": float("nan")}, "must be positive"),
    ({"keep": "best"}, "'best'"),
    ({"seed": -1}, "from 0"),
]


def test_contradictions_are_errors() -> None:
    for values, message in WRONG:
        with pytest.raises(InputError, match=message):
            Recipe(**values)
    for values, message in WRONG_CUTS:
        with pytest.raises(InputError, match=message):
            Cut(**values)
    assert (len(WRONG), len(WRONG_CUTS)) == (7, 4)


def test_every_codec_has_a_suffix() -> None:
    assert set(SUFFIXES) == set(CODECS) == {"flac", "flac24", "opus", "mel"}
    assert KEEPS == ("start", "middle", "random")
