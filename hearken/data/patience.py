"""How long to wait for a server that is busy or broken for a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the same request may work in a while."""
FIRST_WAIT_S = 0.5
MAX_WAIT_S = 120.0
"""A server that asks for more patience than this is not waited for."""


def wait_s(num_failures: int, headers: Mapping[str, str] | None = None, *, now: datetime | None = None) -> float:
    """Return how many seconds to wait after `num_failures` (from 1) in a row: 0.5 s, doubled each time, or more if `headers` say so.

    Retry-After, in capitals or not, is a number of seconds or a date (RFC 9110, 10.2.3), compared with `now`; nonsense in it
    counts as nothing.
    """
    text = next((value for name, value in (headers or {}).items() if name.lower() == "retry-after"), "")
    asked_s = _retry_after_s(text, now or datetime.now(UTC))
    return max(FIRST_WAIT_S * 2.0 ** (num_failures - 1), asked_s)


def _retry_after_s(text: str, now: datetime) -> float:
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:12])
    try:
        then = parsedate_to_datetime(text)
        then = then.replace(tzinfo=UTC) if then.tzinfo is None else then
        return max(0.0, (then - now).total_seconds())
    except (ValueError, OverflowError):
        return 0.0
