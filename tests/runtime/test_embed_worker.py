"""What crosses the border of the worker is checked on the safe side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hearken.errors import AudioNonFiniteError, WorkerDiedError
from hearken.runtime.embed_worker import read_reply

FACTS: dict[str, Any] = {
    "container": "wav", "codec": "pcm_s16le", "rate_hz": 8, "num_channels": 1, "num_samples": 16, "tags": {"title": "x"},
    "duration_s": 2.0, "flags": ["silent"],
}  # fmt: skip


def arrays(dim: int = 3, windows: int = 2) -> list[np.ndarray]:
    return [np.ones(dim, np.float32), np.ones((windows, dim), np.float32), np.array([[0.0, 1.0], [1.0, 2.0]])[:windows]]


def test_reply_round_trip() -> None:
    file = read_reply((FACTS, arrays()), dim=3)
    assert (file.info.codec, file.info.tags, file.duration_s, file.flags) == ("pcm_s16le", {"title": "x"}, 2.0, {"silent"})
    assert [(span.start_s, span.end_s) for span in file.vectors.spans] == [(0.0, 1.0), (1.0, 2.0)]


@pytest.mark.parametrize("missing", sorted(FACTS))
def test_missing_fact_is_nonsense(missing: str) -> None:
    facts = {key: value for key, value in FACTS.items() if key != missing}
    with pytest.raises(WorkerDiedError, match="nonsense"):
        read_reply((facts, arrays()), dim=3)


@pytest.mark.parametrize("broken", [[], arrays()[:2], arrays(dim=4), arrays(windows=0), [*arrays()[:2], np.zeros((5, 2))]])
def test_wrong_arrays_are_refused(broken: list[np.ndarray]) -> None:
    with pytest.raises(WorkerDiedError, match=r"nonsense|wrong shapes"):
        read_reply((FACTS, broken), dim=3)


def test_non_finite_vectors_never_reach_the_store() -> None:
    bad = arrays()
    bad[1][0, 0] = np.nan
    with pytest.raises(AudioNonFiniteError, match="not finite"):
        read_reply((FACTS, bad), dim=3)
