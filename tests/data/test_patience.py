"""How long a server is waited for: by doubling, by its own word, and never by nonsense."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hearken.data.patience import MAX_WAIT_S, PASSING, wait_s

NOW = datetime(2020, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_waits_double() -> None:
    assert [wait_s(number) for number in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 4.0]
    assert sum(wait_s(number) for number in range(1, 5)) < MAX_WAIT_S


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.5),
        ("Wed, 01 Jan 2020 12:01:30 GMT", 90.0),
        ("Wed, 01 Jan 2020 12:01:30", 90.0),
        ("Wed, 01 Jan 2020 11:00:00 GMT", 0.5),
        ("9" * 5_000, 999_999_999_999.0),
        ("-5", 0.5),
        ("soon", 0.5),
        ("", 0.5),
        ("\u0663", 0.5),
    ],
)
def test_a_servers_word_counts_if_it_makes_sense(text: str, seconds: float) -> None:
    assert wait_s(1, {"Retry-After": text}, now=NOW) == seconds


def test_a_date_is_compared_with_the_clock() -> None:
    assert wait_s(1, {"Retry-After": "Wed, 01 Jan 2020 12:01:30 GMT"}) == 0.5


def test_only_what_may_pass_is_passing() -> None:
    assert {429, 500, 503} <= PASSING
    assert not PASSING & {200, 301, 400, 401, 403, 404, 410, 416, 501}


def test_the_header_counts_in_any_case() -> None:
    assert wait_s(1, {"x": "9", "retry-after": "7"}) == wait_s(1, {"RETRY-AFTER": "7"}) == 7.0
