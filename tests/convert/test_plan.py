"""Which of our encoders a file is nearest to."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import FRONT_ENDS  # noqa: E402
from hearken.convert.filters import FILTERS  # noqa: E402
from hearken.convert.plan import in_table, known_name, nearest  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from hearken.frontend.constants import panns_constants  # noqa: E402
from hearken.models.audio_table import audio_entry  # noqa: E402
from tests.convert.making import audio_state  # noqa: E402

NAMES = ("cnn14", "cnn14_16k", "cnn14_dlmax", "cnn10", "cnn6")


@pytest.mark.parametrize("name", NAMES)
def test_shapes_then_filters_then_the_file_name(name: str) -> None:
    filters = {FILTERS + key: tensor for key, tensor in panns_constants(FRONT_ENDS[audio_entry(name).front_end]).items()}
    file_name = "Cnn14_DecisionLevelMax_mAP=0.385.pth" if name == "cnn14_dlmax" else "x.pth"
    assert nearest(audio_state(name) | filters, NAMES, file_name) == name


def test_a_damaged_one_is_still_nearest_to_itself() -> None:
    state = audio_state("cnn10")
    for key in list(state)[:6]:
        del state[key]
    assert nearest(state, NAMES) == "cnn10"


def test_names() -> None:
    assert known_name("cnn6", NAMES) == "cnn6"
    with pytest.raises(CheckpointError, match="cannot be the architecture 'passt_s'"):
        known_name("passt_s", NAMES)
    assert in_table(("cnn6", "no_such")) == ("cnn6",)
