import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.errors import QueryError
from hearken.library.records import Filters
from hearken.limits import MAX_HITS, MAX_QUERY_CHARS
from hearken.search.query import SearchRequest, clean_text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("a dog barks", "a dog barks"),
        ("  rain\t on\n\n tin \r\n", "rain on tin"),
        ("bell\x00rings\x1b[31m", "bell rings [31m"),
        ("caf\u0065\u0301 noise", "caf\u00e9 noise"),
        ("si\u200bren \u202etxt\ufeff", "siren txt"),
        ("glass \udce9\ud800 breaks", "glass breaks"),
        ("Vogelgezwitscher, früh", "Vogelgezwitscher, früh"),
        ("雨の音", "雨の音"),
        ("🐕 barks", "🐕 barks"),
    ],
)
def test_text_is_made_safe(typed, meant):
    assert clean_text(typed) == meant


@pytest.mark.parametrize("typed", ["", " ", "\n\t", "\x00\x01", "\u200b\u200d", "\ud800\udfff", "\x7f\x85"])
def test_nothing_left_is_refused_with_a_hint(typed):
    with pytest.raises(QueryError, match="The query is empty") as caught:
        clean_text(typed)
    assert "rain on a tin roof" in caught.value.hint


def test_the_longest_query_passes_and_a_longer_one_does_not():
    assert clean_text("x" * MAX_QUERY_CHARS) == "x" * MAX_QUERY_CHARS
    with pytest.raises(QueryError, match=f"at most {MAX_QUERY_CHARS}"):
        clean_text("x" * (MAX_QUERY_CHARS + 1))


@pytest.mark.parametrize("thing", [None, 3, b"rain", ["rain"]])
def test_only_text_is_text(thing):
    with pytest.raises(QueryError, match="must be text"):
        clean_text(thing)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(), max_size=80))
def test_whatever_comes_out_is_clean_and_stays_so(typed):
    try:
        cleaned = clean_text(typed)
    except QueryError:
        return
    assert clean_text(cleaned) == cleaned
    assert cleaned.encode("utf-8")
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in cleaned)


def test_a_request_has_sensible_defaults():
    request = SearchRequest()
    assert (request.k, request.moments, request.fold, request.filters) == (10, False, True, Filters())


@pytest.mark.parametrize("k", [1, MAX_HITS])
def test_numbers_of_hits_that_pass(k):
    assert SearchRequest(k).k == k


@pytest.mark.parametrize("k", [0, -1, MAX_HITS + 1, 1.5, "3", True, None])
def test_numbers_of_hits_that_do_not(k):
    with pytest.raises(QueryError, match=f"from 1 to {MAX_HITS}"):
        SearchRequest(k)


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (Filters(min_duration_s=-1), "A duration must be"),
        (Filters(max_duration_s=float("nan")), "A duration must be"),
        (Filters(min_duration_s=float("inf")), "A duration must be"),
        (Filters(min_duration_s=3, max_duration_s=2), "No sound lasts at least 3 s and at most 2 s"),
        (Filters(path_glob=""), "The path pattern is empty"),
    ],
)
def test_filters_that_make_no_sense(filters, message):
    with pytest.raises(QueryError, match=message):
        SearchRequest(filters=filters)
