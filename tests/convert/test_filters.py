"""A file's own spectrogram is held against ours, and named when it is another one."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import FRONT_ENDS  # noqa: E402
from hearken.convert.filters import FILTERS, check_filters, looks_like  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from hearken.frontend.constants import panns_constants  # noqa: E402

OURS = FRONT_ENDS["panns_logmel_32k"]


def filters(name: str) -> dict[str, torch.Tensor]:
    return {FILTERS + key: tensor for key, tensor in panns_constants(FRONT_ENDS[name]).items()}


def test_rounding_is_no_difference() -> None:
    check_filters({key: tensor * (1 + 1e-6) for key, tensor in filters("panns_logmel_32k").items()}, OURS, "X")


@pytest.mark.parametrize("other", ["panns_logmel_16k", "laion_htsat_logmel_48k"])
def test_another_front_end_is_named(other: str) -> None:
    with pytest.raises(CheckpointError, match=f"is not panns_logmel_32k, which X expects: they look like .*{other}"):
        check_filters(filters(other), OURS, "X")
    assert not looks_like(filters(other), OURS)


def test_an_unknown_front_end_is_said_to_be_one() -> None:
    with pytest.raises(CheckpointError, match="like none that Hearken knows"):
        check_filters({key: tensor * 1.01 for key, tensor in filters("panns_logmel_32k").items()}, OURS, "X")


def test_half_a_front_end_is_not_enough() -> None:
    half = filters("panns_logmel_32k")
    del half[f"{FILTERS}logmel_extractor.melW"]
    with pytest.raises(CheckpointError, match=r"1 missing: filters\.logmel_extractor\.melW"):
        check_filters(half, OURS, "X")
