"""Which clip goes where."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from hearken.data.clip import Clip, Corpus
from hearken.data.shards.plan import digest, key, make_plan, name_of
from hearken.data.shards.recipe import Recipe
from hearken.errors import DataError, InputError

CORPUS = Corpus("clotho-development", Path("/data"), tuple(Clip(f"c{number}", "development", f"{number}.wav") for number in range(10)))


def test_every_clip_has_one_place() -> None:
    plan = make_plan(CORPUS, Recipe(), shard_clips=4)
    assert [len(part) for part in plan.positions] == [4, 4, 2]
    assert sorted(chain(*plan.positions)) == list(range(10))
    assert list(chain(*plan.positions)) != list(range(10))
    assert plan == make_plan(CORPUS, Recipe(), shard_clips=4)
    assert plan.positions != make_plan(CORPUS, Recipe(), shard_clips=4, seed=1).positions
    assert list(chain(*make_plan(CORPUS, Recipe(), seed=None).positions)) == list(range(10))
    assert (plan.file(2), key(3)) == ("clotho-development-000002.tar", "00000003")
    assert plan.source.splits == ("development",)


def test_the_digest_is_of_all_facts() -> None:
    other = replace(CORPUS, clips=(replace(CORPUS.clips[0], captions=("new",)), *CORPUS.clips[1:]))
    turned = replace(CORPUS, clips=CORPUS.clips[::-1])
    assert len({digest(CORPUS), digest(other), digest(turned)}) == 3
    assert digest(CORPUS) == digest(replace(CORPUS, folder=Path("/elsewhere"), reference="x"))


def test_names() -> None:
    names = {"clotho": "clotho", "/my/sounds.v2/table.csv": "table", "wavcaps-soundbible": "wavcaps-soundbible", "hf:a/b c.d": "b-c",
             "\udce9.csv": "pack", "x" * 99: "x" * 60}  # fmt: skip
    assert {reference: name_of(reference) for reference in names} == names


def test_errors() -> None:
    with pytest.raises(DataError, match="has no clips to pack"):
        make_plan(replace(CORPUS, clips=()), Recipe())
    with pytest.raises(DataError, match="two clips of one id"):
        make_plan(replace(CORPUS, clips=CORPUS.clips * 2), Recipe())
    for options in ({"shard_clips": 0}, {"seed": -1}):
        with pytest.raises(InputError):
            make_plan(CORPUS, Recipe(), **options)
