"""What crosses the border of the worker is checked on the safe side."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hearken.errors import AudioNonFiniteError, WorkerDiedError
from hearken.runtime.reply import make_reply, read_reply

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


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rate_hz", "x"), ("rate_hz", 1.5), ("num_channels", None), ("num_samples", "9"), ("codec", 1), ("tags", []), ("tags", {"a": 1}),
        ("duration_s", "2"), ("flags", ["odd"]), ("flags", "silent"),
    ],
)  # fmt: skip
def test_a_fact_of_the_wrong_kind_is_nonsense(key: str, value: object) -> None:
    with pytest.raises(WorkerDiedError, match="nonsense"):
        read_reply(({**FACTS, key: value}, arrays()), dim=3)


@pytest.mark.parametrize(
    "broken",
    [
        [], arrays()[:2], arrays(dim=4), arrays(windows=0), [*arrays()[:2], np.zeros((5, 2))], [np.float32(1.0), *arrays()[1:]],
        [arrays()[0].astype(np.int32), *arrays()[1:]], [arrays()[0], np.array(1.0, np.float32), arrays()[2]],
    ],
)  # fmt: skip
def test_wrong_arrays_are_refused(broken: list[np.ndarray]) -> None:
    with pytest.raises(WorkerDiedError, match="nonsense"):
        read_reply((FACTS, broken), dim=3)


def test_what_one_side_makes_the_other_reads() -> None:
    file = read_reply((FACTS, arrays()), dim=3)
    again = read_reply(make_reply(file.info, file.duration_s, file.flags, file.vectors), dim=3)
    assert (again.info, again.duration_s, again.flags, again.vectors.spans) == (file.info, file.duration_s, file.flags, file.vectors.spans)


def test_non_finite_vectors_never_reach_the_store() -> None:
    bad = arrays()
    bad[1][0, 0] = np.nan
    with pytest.raises(AudioNonFiniteError, match="not finite"):
        read_reply((FACTS, bad), dim=3)
