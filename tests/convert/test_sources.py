"""The table of public checkpoints: complete rows, well-formed digests, names that convert."""

from __future__ import annotations

import re

import pytest

from hearken.convert.sources import SOURCES


@pytest.mark.parametrize("name", SOURCES)
def test_row(name: str) -> None:
    source = SOURCES[name]
    assert source.title
    assert source.licence
    assert bool(source.urls) + bool(source.hub_id) + bool(source.page) == 1
    assert all(url.startswith("https://") and " " not in url for url in (*source.urls, *([source.page] if source.page else [])))
    assert bool(source.file_name) != bool(source.hub_id)
    assert source.where
    assert re.fullmatch("[0-9a-f]{64}", source.expected.sha256 or "0" * 64)
    assert re.fullmatch("[0-9a-f]{32}", source.expected.md5 or "0" * 32)


def test_the_table_holds_what_the_papers_start_from() -> None:
    assert {"cnn10", "cnn14", "resnet38", "passt_s", "passt_n", "passt_l", "passt_s20", "htsat", "mn04", "laion-630k-audioset"} <= set(
        SOURCES
    )
    assert {"msclap-2022", "msclap-2023", "wavcaps", "salsa", "dcase2025", "laion/clap-htsat-unfused", "laion/larger_clap_general"} <= set(
        SOURCES
    )
    assert len(SOURCES["salsa"].urls) == 5
    assert len({source.file_name for source in SOURCES.values() if source.file_name}) == sum(
        bool(source.file_name) for source in SOURCES.values()
    )


def test_every_file_of_panns_has_a_digest_but_one() -> None:
    """Zenodo publishes MD5s; that of MobileNetV2 was found nowhere."""
    panns = {name: source for name, source in SOURCES.items() if source.title.startswith("PANNs")}
    assert len(panns) == 10
    assert [name for name, source in panns.items() if not source.expected.md5] == ["panns_mobilenetv2"]


def test_lone_encoders_have_their_own_names() -> None:
    pytest.importorskip("torch")
    from hearken.models.audio_table import AUDIO_ENCODERS

    asked = {name: source.architecture for name, source in SOURCES.items() if source.architecture}
    assert set(asked.values()) <= set(AUDIO_ENCODERS)
    assert {name for name, architecture in asked.items() if name != architecture} == {"passt_s_swa"}
