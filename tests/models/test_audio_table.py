"""The table of audio encoders: what it says is what is built."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import FRONT_ENDS  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.frontend.constants import panns_constants  # noqa: E402
from hearken.models.audio_table import AUDIO_ENCODERS, audio_entry, build_audio, build_tower, resolve  # noqa: E402
from hearken.models.config import AudioConfig  # noqa: E402

WITH_FILTERS = ("cnn", "resnet", "wavegram", "panns_", "htsat")  # their files carry the front end's filters as parameters


@pytest.mark.parametrize("name", sorted(AUDIO_ENCODERS))
def test_every_entry_builds_as_it_says(name: str) -> None:
    entry = AUDIO_ENCODERS[name]
    with torch.device("meta"):  # shapes without memory
        encoder = build_audio(name)
    filters = name.startswith(WITH_FILTERS) and entry.checkpoint
    count = sum(p.numel() for p in encoder.parameters())
    if filters:
        count += sum(tensor.numel() for tensor in panns_constants(encoder.front_end).values())
    assert count == entry.num_parameters
    assert encoder.front_end == FRONT_ENDS[entry.front_end]
    assert entry.paper
    assert entry.licence


def test_the_names_of_primus_2023_table_2() -> None:
    facts = {name: (AUDIO_ENCODERS[name].patchout, AUDIO_ENCODERS[name].segment_s) for name in AUDIO_ENCODERS}
    assert facts["cnn10"] == facts["cnn14"] == (None, 30.0)
    assert facts["passt_l"] == facts["passt_s"] == ((4, 50), 10.0)
    assert facts["passt_n"] == ((2, 15), 10.0)
    assert facts["passt_s20"] == ((4, 80), 20.0)
    assert len(AUDIO_ENCODERS) >= 25


@pytest.mark.parametrize(("segment_s", "columns"), [(2.0, 11), (5.0, 27), (10.0, 53), (15.0, 80), (None, 80)])
def test_patchout_follows_the_segment_as_in_the_authors_scripts(segment_s: float | None, columns: int) -> None:
    assert resolve(AudioConfig("passt_s20", segment_s=segment_s)).options == {"patchout": [4, columns]}


def test_what_is_given_wins_over_the_table() -> None:
    given = AudioConfig("passt_n", {"patchout": [0, 0]}, "d25", 5.0, "repeat")
    assert resolve(given) == given
    assert resolve(AudioConfig("cnn10")) == AudioConfig("cnn10", {}, "dcase2023", 30.0, "zeros")
    assert resolve(AudioConfig("htsat_laion_tiny")).padding == "repeatpad"
    assert resolve(AudioConfig("crnn_dcase2022")).rule == "whole"


def test_patchout_reaches_the_network() -> None:
    with torch.device("meta"):
        encoder = build_audio("passt_n", patchout=[2, 15])
    assert (encoder.patchout.s_patchout_f, encoder.patchout.s_patchout_t) == (2, 15)


def test_options_reach_the_constructor_and_front_ends_come_by_name() -> None:
    encoder = build_audio("cnn6", num_tags=3, front_end="panns_logmel_16k")
    assert encoder.fc_audioset.weight.shape == (3, 512)
    assert encoder.front_end.rate_hz == 16_000
    assert not encoder.training


def test_a_tower_by_name() -> None:
    tower = build_tower(AudioConfig("mn04", segment_s=2.0))
    assert (tower.dim, tower.rate_hz, tower.segments.segment_s, tower.segments.rule) == (384, 32_000, 2.0, "dcase2023")


def test_wrong_names_list_the_nearest() -> None:
    with pytest.raises(InputError, match="pasts_n") as caught:
        audio_entry("pasts_n")
    assert caught.value.hint.startswith("Nearest: passt_n")
    with pytest.raises(InputError, match="colour"):
        build_audio("mn04", colour=1)
    with pytest.raises(InputError, match="no front end"):
        build_audio("cnn6", front_end="mel")
