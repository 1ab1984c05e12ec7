from __future__ import annotations

from hearken.evaluate.nearest import did_you_mean, nearest


def test_the_name_that_was_meant() -> None:
    assert nearest("laoin", ["plain", "laion", "laion-api"]) == "laion"
    assert nearest("LAION", ["plain", "laion"]) == "laion"
    assert nearest("pokcet", ["rocket", "pocket"]) == "pocket"
    assert nearest("zzz", ["plain", "laion"]) == ""
    assert nearest("x", []) == ""


def test_the_sentence() -> None:
    assert did_you_mean("pokcet", ["pocket"]) == "Did you mean pocket? "
    assert did_you_mean("zzz", ["pocket"]) == ""
