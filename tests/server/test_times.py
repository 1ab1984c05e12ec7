from __future__ import annotations

import pytest

from hearken.server.times import when


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1_795_315_800.5, "2026-11-22T02:50:00Z"),
        (1e300, "1970-01-01T00:00:00Z"),
        (float("nan"), "1970-01-01T00:00:00Z"),
    ],
)
def test_moments(seconds: float, expected: str) -> None:
    assert when(seconds) == expected
