"""Moments in answers: ISO 8601, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def when(seconds: float) -> str:
    """Return a moment in seconds since 1970 as text; an absurd one as 1970 itself."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
