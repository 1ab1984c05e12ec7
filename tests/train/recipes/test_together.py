"""Recipes whose parts are sound, but not together; and neighbours of them that are."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hearken.errors import RecipeError
from hearken.models.audio_table import AUDIO_ENCODERS, build_audio
from hearken.train.recipe import Recipe
from hearken.train.recipes import together
from hearken.train.recipes.read import from_mapping, read_recipe
from hearken.train.recipes.together import check_together
from hearken.train.recipes.values import Faults

DATA = {"train": [{"corpus": "clotho", "splits": ["development"]}]}


def said(**parts: Any) -> str:
    """The message for a recipe of these parts, "" if it is sound."""
    parts["data"] = DATA | parts.get("data", {})
    try:
        from_mapping(parts, "mine")
    except RecipeError as error:
        return error.message
    return ""


def network(**audio: Any) -> dict[str, Any]:
    return {"model": {"audio": audio}}


PAIRMIX = [{"name": "pairmix", "share": 0.25}]
ALL_FROZEN = ["audio", "text", "audio_projection", "text_projection"]


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"augment": ["noise", *PAIRMIX], "training": {"batch": 1}}, "training.batch: 1 pairs do not make"),
        ({"augment": [{"name": "pairmix", "share": 0.1}], "training": {"batch": 4}}, "augment.0.share: 0.1 of a batch of 4 is less than one pair."),
        ({"augment": ["noise", {"name": "pairmix", "share": 1.0}]}, "augment.1.share: 1 of a batch of 64 leaves no pair as it is."),
        ({"data": {"positives": "caption"}}, "data.positives: by `caption`, two captions of one clip would be wrong for each other: set training.distinct_clips."),
        ({"data": {"positives": "caption", "captions": "one", "train": [{"corpus": "clotho", "repeat": 2}]}}, "data.positives: "),
        ({"loss": "clap_two_scale"}, "loss.dim: this must be model.dim, 1024, not 512."),
        ({"loss": {"name": "clap_two_scale", "dim": 1024}, "model": {"dim": 64}}, "loss.dim: this must be model.dim, 64, not 1024."),
        ({"loss": "distillation", "teachers": ["runs/one"], "training": {"monitor": "loss"}}, "training.monitor: the loss is not known in validation"),
        ({"schedule": {"warmup_epochs": 5}, "training": {"epochs": 4}}, "schedule.warmup_epochs: the warm-up of 5 epochs is longer than training, 4."),
        ({"optimizer": {"rate": 1e-8}}, "schedule.final_rate: this must be at most optimizer.rate, 1e-08, not 1e-07."),
        ({"optimizer": {"frozen": ALL_FROZEN}}, "optimizer.frozen: nothing that encodes sound or text is left to learn."),
        ({"optimizer": {"frozen": ALL_FROZEN}, "model": {"start": "runs/one"}}, "optimizer.frozen: nothing that encodes"),
        ({"optimizer": {"frozen": ["audio", "text"]}, "model": {"projection": "none", "dim": 768}}, "optimizer.frozen: nothing that encodes"),
        ({"name": "mine", "model": {"start": "mine"}}, "model.start: a recipe cannot start from itself."),
        ({"name": "mine", "teachers": ["mine"], "loss": "distillation"}, "teachers: a recipe cannot be its own teacher."),
        ({"model": {"text": {"words": "v.bin"}}}, "model.text.words: only word2vec reads word vectors."),
        (network(segment_s=20), "model.audio.segment_s: passt_n takes 10.1 s of sound at once, not 20."),
        (network(name="passt_s20", segment_s=30), "model.audio.segment_s: passt_s20 takes 20.1 s of sound at once, not 30."),
        (network(rule="whole"), "data.max_duration_s: passt_n takes 10.1 s of sound at once, not 30."),
        ({"data": {"max_duration_s": None}} | network(rule="whole"), "data.max_duration_s: passt_n takes 10.1 s of sound at once, and clips may have any length."),
        (network(segment_s=0.1), "model.audio.segment_s: PaSST needs at least 16 spectrogram frames, and 0.1 s have 10."),
        (network(segment_s=2, options={"patchout": [2, 15]}), "model.audio.options.patchout: segments of 2 s have 8 rows and 12 columns, of which 2 and 15 cannot be left out."),
        (network(options={"patchout": [8, 0]}), "model.audio.options.patchout: segments of 10 s have 8 rows and 62 columns, of which 8 and 0"),
        (network(rule="frames"), "model.audio.rule: passt_n has no feature frames to take the mean of."),
        (network(name="cnn14", options={"front_end": "none"}), "model.audio.options: There is no front end 'none'. One of passt_mel"),
        (network(name="cnn14", options={"front_end": 3}), "model.audio.options: cnn14 cannot be built with these options: "),
        ({"model": {"projection": "none+linear"}}, "model.dim: without a projection this must be the size of passt_n, 768, not 1024."),
        ({"augment": [{"name": "spec_augment", "rule": "panns"}]}, "augment.0.rule: passt_n has no place for these masks: take `passt`."),
        ({"augment": ["noise", {"name": "spec_augment", "rule": "passt"}]} | network(name="cnn14"), "augment.1.rule: cnn14 does not read the spectrogram of the masks `passt`"),
        (network(jitter_hz=[10, 4000]), "model.audio.jitter_hz: [10, 4000] moves the filters of passt_n (0 to 15000 Hz of 16000) out of their place."),
        (network(jitter_hz=[14_500, 2000]), "model.audio.jitter_hz: [14500, 2000] moves"),
    ],
)  # fmt: skip
def test_what_cannot_be_together(parts: dict[str, Any], line: str) -> None:
    assert line in said(**parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"augment": PAIRMIX, "training": {"batch": 2}},
        {"augment": [{"name": "pairmix", "share": 0}], "training": {"batch": 2}},
        {"data": {"positives": "caption"}, "training": {"distinct_clips": True}},
        {"data": {"positives": "caption", "captions": "one"}},
        {"training": {"cache_batch": 8}},
        {"training": {"accumulate": 2}},
        {"loss": {"name": "clap_two_scale", "dim": 1024}},
        {"loss": {"name": "clap_two_scale", "dim": 512}, "model": {"start": "runs/one"}},
        {"loss": "distillation", "teachers": ["runs/one"]},
        {"training": {"monitor": "loss"}},
        {"schedule": {"warmup_epochs": 4}, "training": {"epochs": 4}},
        {"schedule": {"name": "constant", "warmup_epochs": 0}, "optimizer": {"rate": 1e-8}},
        {"optimizer": {"frozen": ALL_FROZEN[:3]}},
        {"optimizer": {"frozen": ["audio", "text", "temperature", "loss", "batch_statistics"]}},
        {"model": {"projection": "none", "dim": 768}},
        {"model": {"start": "runs/one", "text": {"words": "v.bin"}, "audio": {"segment_s": 99, "jitter_hz": [10, 9000]}}},
        network(segment_s=10.05),
        network(segment_s=2),  # the table's patchout is shorter then
        network(segment_s=2, options={"patchout": [2, 11]}),
        {"data": {"max_duration_s": 10}} | network(rule="whole"),
        network(jitter_hz=[10, 2000]),
        network(name="cnn14", rule="whole"),
        network(name="htsat", segment_s=99),  # found when it is built
        {"augment": ["spec_augment"]} | network(name="cnn14"),
        {"augment": [{"name": "spec_augment", "rule": "passt"}]},
    ],
)
def test_what_can_be_together(parts: dict[str, Any]) -> None:
    assert said(**parts) == ""


def test_parts_that_are_wrong_by_themselves_are_named_once() -> None:
    message = said(
        model={"audio": {"name": "gone", "segment_s": 99}, "dim": 0}, loss={"name": "clap_two_scale"}, schedule={"warmup_epochs": -1}
    )
    assert [line.partition(":")[0].strip() for line in message.splitlines()[1:]] == [
        "model.audio.name",
        "model.dim",
        "schedule.warmup_epochs",
    ]


def test_the_encoder_has_no_numbers_and_later_ones_have() -> None:
    faults = Faults()
    check_together(Recipe(), faults)
    assert faults.lines == []
    built = together._encoder("passt_n", '{"patchout": [2, 15]}')
    assert {weight.device.type for weight in built.parameters()} == {"meta"}
    assert {weight.device.type for weight in build_audio("passt_tiny").parameters()} == {torch.get_default_device().type}


def test_every_encoder_that_is_looked_at_can_be_built_so() -> None:
    for name, entry in AUDIO_ENCODERS.items():
        if entry.module in together._LOOKED_AT:
            assert said(**network(name=name)) == "", name


def test_recipes_that_a_setting_makes_impossible() -> None:
    with pytest.raises(RecipeError, match=r"schedule\.warmup_epochs: the warm-up of 2 epochs is longer than training, 1\."):
        read_recipe("wavcaps/cnn14-bert_pretrain", ("training.epochs=1",))
    with pytest.raises(RecipeError, match=r"augment\.3\.share: 0\.2 of a batch of 2 is less than one pair\."):
        read_recipe("kim2023/all", ("training.batch=2", "augment.3.share=0.2"))
    with pytest.raises(RecipeError, match=r"model\.audio\.options\.patchout: there is no option of cnn14"):
        read_recipe("primus2023/passt-n_bert-base-paper", ("model.audio.name=cnn14",))
