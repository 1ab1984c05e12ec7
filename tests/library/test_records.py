from __future__ import annotations

from hearken.library.records import Filters, Found, Skipped
from hearken.types import Failure


def test_defaults_let_everything_through() -> None:
    assert Filters() == Filters(None, None, None, (), (), ())
    assert Found("/a", 1, 2, 3, 4) == ("/a", 1, 2, 3, 4, "", 0)


def test_a_skipped_path_has_a_ledger_line() -> None:
    assert Skipped("/a", "Hidden", "m", "h").failure == Failure("/a", "scan", "Hidden", "m", "h")
