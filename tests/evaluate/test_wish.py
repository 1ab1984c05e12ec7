from __future__ import annotations

from hearken.evaluate.beforehand import check_wish
from hearken.evaluate.wish import Wish


def test_who_wishes_nothing_gets_the_usual() -> None:
    check_wish(Wish())
    assert Wish().metrics == ("mAP@10", "R@1", "R@5", "R@10", "medR", "meanR")
    assert (Wish().definition, Wish().interval, Wish().seed, Wish().max_duration_s) == ("", "bootstrap", 0, None)
