import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.audio.tags import TAGS, clean_tags, clean_text
from hearken.limits import MAX_TAG_CHARS


def test_known_tags_are_kept_whatever_their_case_and_the_first_table_wins() -> None:
    tags = clean_tags({"TITLE": "Rain", "encoder": "Lavf", "Year": "1999"}, {"title": "other", "artist": "Me", "TRACK": "1"})
    assert tags == {"title": "Rain", "date": "1999", "artist": "Me"}


def test_an_empty_value_gives_way_to_one_that_is_not() -> None:
    assert clean_tags({"title": " \0 "}, {"title": "Rain"}) == {"title": "Rain"}


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("  Two\r\n words \t ", "Two words"),
        ("é 雨 🌧", "é 雨 🌧"),
        ("Gr\udcfc\udcdfe", "Grüße"),
        ("a\0b\x1b[31mc", "a b [31mc"),
        ("left\u202eright", "left right"),
        ("\udc81", "\ufffd"),
    ],
)
def test_text_becomes_printable_on_one_line(raw: str, wanted: str) -> None:
    assert clean_text(raw) == wanted


def test_long_values_are_cut() -> None:
    assert clean_text("x" * 10**6) == "x" * MAX_TAG_CHARS


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from([*TAGS, "x", "YEAR"]), st.binary(max_size=50).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
)
def test_whatever_the_bytes_the_result_can_be_printed_and_stored(raw: dict[str, str]) -> None:
    for name, value in clean_tags(raw).items():
        assert name in TAGS
        assert value
        assert value.isprintable()
        assert value.encode()
