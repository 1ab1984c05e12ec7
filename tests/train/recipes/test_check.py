"""Recipes that cannot be: each fault with its key, and sound ones without any."""

from __future__ import annotations

from typing import Any

import pytest

from hearken.errors import RecipeError
from hearken.train.recipes.read import from_mapping
from hearken.tta.strategy import strategy

SOUND: dict[str, Any] = {"data": {"train": [{"corpus": "clotho", "splits": ["development"]}], "validation": ["clotho-validation"]}}


def faults(path: str, value: object) -> str:
    """The message for the sound recipe with one value changed, "" for none."""
    mapping: dict[str, Any] = {key: dict(part) for key, part in SOUND.items()}
    node = mapping
    *keys, last = path.split(".")
    for key in keys:
        node = node.setdefault(key, {})
    node[last] = value
    try:
        from_mapping(mapping, "mine")
    except RecipeError as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("model.audio.name", "passt", "model.audio.name: there is no audio encoder 'passt'; nearest: passt_"),
        ("model.audio.weights", "pretraine", "there is no kind of weights 'pretraine'; nearest: pretrained"),
        ("model.audio.rule", "dcase2032", "there is no segment rule 'dcase2032'; nearest: dcase2023"),
        ("model.audio.padding", "zero", "there is no padding 'zero'; nearest: zeros"),
        ("model.audio.segment_s", 0, "model.audio.segment_s: this must be above 0 and at most 3600, not 0."),
        ("model.audio.options", {"patchot": 1}, "model.audio.options.patchot: there is no option of passt_n 'patchot'; nearest: patchout"),
        ("model.audio.options", {"patchout": [2]}, "this must be two whole numbers: rows of frequency and columns of time."),
        ("model.audio.jitter_hz", [-1, 2], "model.audio.jitter_hz.0: this must be at least 1, not -1."),
        ("model.text.name", "bert", "there is no text encoder 'bert'; nearest: bert-"),
        ("model.text.name", "word2vec", "model.text.words: word2vec needs a file of word vectors"),
        ("model.text.pooling", "max", "there is no pooling 'max'"),
        ("model.text.policy", "dcase2032", "there is no text policy 'dcase2032'; nearest: dcase2023"),
        ("model.text.dropout", 1.0, "model.text.dropout: this must be at least 0 and at most 0.99, not 1."),
        ("model.projection", "liner", "there is no projection 'liner'; nearest: linear"),
        ("model.dim", 0, "model.dim: this must be at least 1 and at most 65536, not 0."),
        ("model.temperature", {"value": 0}, "model.temperature.value: this must be above 0, not 0."),
        ("model.temperature", {"kind": "fix"}, "model.temperature.kind: this must be one of fixed, abs, exp, not 'fix'."),
        ("model.start", "salsa/stage9", "model.start: there is no recipe 'salsa/stage9'; nearest: salsa/stage"),
        ("teachers", ["salsa/stage9"], "teachers.0: there is no recipe 'salsa/stage9'"),
        ("teachers", ["runs/one"], "teachers: the loss 'nt_xent' learns from none."),
        ("loss", "distillation", "teachers: the loss `distillation` needs some."),
        ("loss", "nt_xnt", "loss: There is no loss 'nt_xnt'."),
        ("loss", {"name": "ranking", "margn": 1}, "The loss ranking has no option 'margn'."),
        ("augment", ["mixup"], "augment.0: There is no augmentation 'mixup'."),
        ("augment", [{"name": "pairmix", "share": 2}], "augment.0: "),
        ("augment", ["spec_augment", "spec_augment"], "augment: A recipe can have spec_augment once."),
        ("data.train", [], "data.train: there is nothing to learn from."),
        ("data.train", [{"corpus": "cloto"}], "data.train.0.corpus: there is no corpus 'cloto'; nearest: clotho"),
        ("data.train", [{"corpus": "clotho", "splits": ["dev"]}], "data.train.0.splits.0: there is no split of clotho 'dev'"),
        ("data.train", [{"corpus": "clotho", "repeat": 0}], "data.train.0.repeat: this must be at least 1 and at most 10000, not 0."),
        ("data.train", [{"corpus": "clotho", "construction": "title"}], "only wavtext5k has several ways"),
        ("data.train", [{"corpus": "wavtext5k", "construction": "titles"}], "'titles'; nearest: title"),
        ("data.test", ["clotho-dev"], "data.test.0: clotho has no split 'dev'."),
        ("data.max_duration_s", -3, "data.max_duration_s: this must be above 0 and at most 86400, not -3."),
        ("data.swap_probability", 0.3, "data.variations: captions are to be swapped, and nothing says for which."),
        ("data.swap_probability", 2, "data.swap_probability: this must be at least 0 and at most 1, not 2."),
        ("data.blacklists", ["wavcaps-al"], "data.blacklists.0: there is no blacklist 'wavcaps-al'; nearest: wavcaps-all"),
        ("data.captions", "both", "data.captions: this must be one of all, one, not 'both'."),
        ("optimizer.name", "sgd", "there is no optimizer 'sgd'; nearest: adam"),
        ("optimizer.rate", 0, "optimizer.rate: this must be above 0, not 0."),
        ("optimizer.betas", [0.9, 1.0], "optimizer.betas.1: this must be at least 0 and below 1, not 1."),
        ("optimizer.layer_decay", 1.5, "optimizer.layer_decay: this must be above 0 and at most 1, not 1.5."),
        ("optimizer.rates", {"txt": 1e-3}, "optimizer.rates.txt: there is no part of the model 'txt'; nearest: text"),
        ("optimizer.frozen", ["txt"], "optimizer.frozen.0: there is no part of the model 'txt'"),
        ("schedule.name", "cosin", "there is no schedule 'cosin'; nearest: cosine"),
        ("schedule.end_epoch", 1, "schedule.end_epoch: this must be later than the warm-up's end at 1, not 1."),
        ("schedule.factor", 0, "schedule.factor: this must be above 0 and at most 1, not 0."),
        ("training.batch", 1, "training.batch: 1 pairs do not make 1 equal parts of at least 2."),
        ("training.batch", 2_000_000, "training.batch: this must be at least 1 and at most 1048576"),
        ("training.accumulate", 3, "training.batch: 64 pairs do not make 3 equal parts of at least 2."),
        ("training.epochs", 0, "training.epochs: this must be at least 1, not 0."),
        ("training.average", 1, "training.average: this must be above 0 and below 1, not 1."),
        ("training.monitor", "mAP@10", "there is no figure of validation 'mAP@10'; nearest: "),
        ("training.seed", -1, "training.seed: this must be at least 0, not -1."),
        ("training.clip_norm", 0, "training.clip_norm: this must be above 0, not 0."),
    ],
)  # fmt: skip
def test_what_cannot_be(path: str, value: object, said: str) -> None:
    assert said in faults(path, value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model.audio.weights", "models/mine"),
        ("model.audio.options", {"patchout": [0, 15]}),
        ("model.text.name", "owner/model"),
        ("model.projection", "tags+none"),
        ("model.start", "runs/one"),
        ("model.start", "salsa/stage1"),
        ("data.train", [{"corpus": "mine.csv"}, {"corpus": "folder/of/sounds"}, {"corpus": "hf:owner/name"}, {"corpus": "wavtext5k", "construction": "title"}]),
        ("data.validation", ["audiocaps-v2-val", "mine.csv:validation"]),
        ("data.blacklists", ["wavcaps-all", "mine.csv"]),
        ("data.max_duration_s", None),
        ("augment", ["eda"]),
        ("optimizer.frozen", ["text", "batch_statistics"]),
        ("training.accumulate", 4),
        ("training.patience", 5),
    ],
)  # fmt: skip
def test_what_can_be(path: str, value: object) -> None:
    assert faults(path, value) == ""


def test_no_encoder_is_looked_at_when_all_of_it_comes_from_another_model() -> None:
    assert "no audio encoder" in faults("model", {"audio": {"name": "gone"}})
    assert faults("model", {"start": "runs/one", "audio": {"name": "gone"}}) == ""


@pytest.mark.parametrize(("path", "value"), [("schedule.name", "plateau"), ("training.patience", 5)])
def test_what_needs_validation(path: str, value: object) -> None:
    part, key = path.split(".")
    with pytest.raises(RecipeError, match=r"data\.validation: "):
        from_mapping({"data": {"train": [{"corpus": "clotho"}]}, part: {key: value}}, "mine")


COPIES = "this must say how many copies, and the sizes of groups at the encoder and at the output, such as 100:5x20"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("100:5x20", ""), ("10:2x5", ""), ("25:1x25", ""), ("25:25x1", ""),
        ("100:5x10", "groups of 5 and of 10 are for 50 copies, not for 100."),
        ("multi:100", f"{COPIES}, not 'multi:100'."), ("conventional:25", f"{COPIES}, not 'conventional:25'."),
        ("100", f"{COPIES}, not '100'."), ("100:5X20", f"{COPIES}, not '100:5X20'."), (" 4:2x2", f"{COPIES}, not ' 4:2x2'."),
        ("4:2x2x1", f"{COPIES}, not '4:2x2x1'."), ("\u0664:2x2", f"{COPIES}, not "), ("-4:2x-2", f"{COPIES}, not '-4:2x-2'."),
        ("04:2x2", "numbers have no zeros before them: 4:2x2."), ("0:0x5", "this must be at least 2 and at most 10000, not 0."),
        ("1:1x1", "this must be at least 2 and at most 10000, not 1."), ("1000000:1000x1000", "at most 10000, not 1000000."),
        (100, "this must be a word, not 100."), ("x" * 900, f"not '{'x' * 60}'."),
    ],
)  # fmt: skip
def test_strategies_of_test_time_augmentation(text: object, said: str) -> None:
    found = faults("about", {"paper": "kim2023", "rows": [{"table": "T", "row": "R", "tta": text}]})
    assert "about.rows.0.tta: " in found if said else found == ""
    assert said in found
    if not said:
        tau, sizes = str(text).split(":")
        read = strategy(str(text))
        assert (read.tau, read.sizes) == (int(tau), tuple(map(int, sizes.split("x"))))
