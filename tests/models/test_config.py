"""The configuration survives JSON, and refuses what it does not know."""

from __future__ import annotations

import json

import pytest

from hearken.errors import ModelError
from hearken.models.config import (
    AudioConfig,
    CaptionerConfig,
    DecoderConfig,
    DualConfig,
    TemperatureConfig,
    TextConfig,
    read_audio,
    read_text,
)
from hearken.text.normalize import text_policy

CONFIG = DualConfig(
    AudioConfig("cnn10", {"num_tags": 5}, "whole", 2.5),
    TextConfig("bert-small", {"model_type": "bert", "hidden_size": 8}, "mean", text_policy("wavcaps")),
    "mlp",
    512,
    TemperatureConfig("exp", 0.07),
)


def test_it_survives_json() -> None:
    assert DualConfig.from_json(json.loads(json.dumps(CONFIG.to_json()))) == CONFIG


def test_the_defaults_are_those_of_primus_2023() -> None:
    config = DualConfig(AudioConfig("passt_n"), TextConfig("roberta-large", {}))
    assert (config.projection, config.dim, config.temperature.kind, config.temperature.value) == ("linear", 1024, "fixed", 0.05)
    assert config.text.pooling == "first"


@pytest.mark.parametrize("place", ["", "audio", "text", "temperature"])
def test_an_unknown_key_is_an_error(place: str) -> None:
    mapping = CONFIG.to_json()
    (mapping[place] if place else mapping)["colour"] = 1
    with pytest.raises(ModelError, match="colour"):
        DualConfig.from_json(mapping)


def test_a_policy_is_checked_too() -> None:
    mapping = CONFIG.to_json()["text"]
    mapping["policy"]["shout"] = True
    with pytest.raises(ModelError, match="shout"):
        read_text(mapping)


@pytest.mark.parametrize("broken", [{}, {"audio": []}, {"audio": {"name": "cnn10"}, "text": {"name": "x"}}])
def test_what_is_missing_is_said(broken: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        DualConfig.from_json(broken)
    with pytest.raises(ModelError, match="name"):
        read_audio({})


def test_a_captioner_survives_json_too() -> None:
    config = CaptionerConfig(AudioConfig("pocket", {"width": 0.4}, "frames", 10.24), DecoderConfig("prefix", 64, 2, 2, 128, 0.1))
    assert CaptionerConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    plain = CaptionerConfig.from_json({"audio": {"name": "act"}})
    assert plain == CaptionerConfig(AudioConfig("act"), DecoderConfig("cross", 512))
    for place in ("", "audio", "decoder"):
        mapping = config.to_json()
        (mapping[place] if place else mapping)["colour"] = 1
        with pytest.raises(ModelError, match="colour"):
            CaptionerConfig.from_json(mapping)
    with pytest.raises(ModelError, match="must be a mapping"):
        CaptionerConfig.from_json({"audio": {"name": "act"}, "decoder": "cross"})
