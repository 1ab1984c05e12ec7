from __future__ import annotations

from hearken.search.map_terms import TERMS


def test_names_are_short_distinct_and_have_words_to_ask_about() -> None:
    names = [name for name, _ in TERMS]
    assert len(names) > 150
    assert len(set(names)) == len(names)
    assert all(name[0].isupper() and len(name) <= 24 and text and text == text.strip() for name, text in TERMS)
    assert ("Birdsong", "birds are singing and chirping") in TERMS
