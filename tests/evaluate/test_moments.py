import json

import pytest

from hearken.errors import DataError
from hearken.evaluate.moments import FoundSpan, MomentQuery, answers_jsonl, moments_jsonl, read_answers, read_moments, write_answers
from hearken.types import Span

TRUTH = '{"qid": "q1", "query": "A dog barks", "duration": 60, "vid": "yard", "relevant_windows": [[2, 4], [30.5, 31]], "extra": 1}\n'
UNTOLD = '\n{"qid": 7, "query": "Rain", "duration": 61.5, "vid": "roof"}\n'
QUERIES = [MomentQuery("q1", "A dog barks", "yard", 60.0, (Span(2, 4), Span(30.5, 31))), MomentQuery("7", "Rain", "roof", 61.5)]
FOUND = [(FoundSpan(Span(2.0, 4.123456), 0.75), FoundSpan(Span(9.0, 10.0), 0.5)), ()]


def test_truth_is_read_and_written(tmp_path):
    path = tmp_path / "truth.jsonl"
    path.write_text(TRUTH + UNTOLD, encoding="utf-8")
    assert read_moments(path) == QUERIES
    path.write_text(moments_jsonl(QUERIES), encoding="utf-8")
    assert read_moments(path) == QUERIES
    assert "relevant_windows" not in path.read_text().splitlines()[1]


def test_answers_are_as_the_public_code_has_them(tmp_path):
    first, second = map(json.loads, answers_jsonl(QUERIES, FOUND).splitlines())
    assert first == {"qid": "q1", "query": "A dog barks", "vid": "yard", "pred_relevant_windows": [[2.0, 4.1235, 0.75], [9.0, 10.0, 0.5]]}
    assert second["pred_relevant_windows"] == []
    path = tmp_path / "answers.jsonl"
    write_answers(path, QUERIES, FOUND)
    assert read_answers(path) == {"q1": (FoundSpan(Span(2.0, 4.1235), 0.75), FOUND[0][1]), "7": ()}


def test_answers_are_put_in_order(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"qid": "a", "pred_relevant_windows": [[0, 1, 0.25], [5, 6, 0.5]]}\n', encoding="utf-8")
    assert [found.score for found in read_answers(path)["a"]] == [0.5, 0.25]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "line 1: no JSON"),
        ("[1]", "line 1: no object with qid, query, vid, duration"),
        (TRUTH.replace("duration", "length"), "line 1: no object with"),
        (UNTOLD + TRUTH.replace("[2, 4]", "[4, 2]"), "line 3: no query with its spans"),
        (TRUTH.replace("[2, 4]", "4"), "line 1: no query with its spans"),
        (TRUTH.replace("60", '"long"'), "line 1: no query with its spans"),
        (TRUTH + TRUTH, "a qid twice"),
    ],
)
def test_a_file_of_truth_that_is_none_is_named_with_its_line(tmp_path, text, told):
    path = tmp_path / "truth.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"truth.jsonl.*{told}"):
        read_moments(path)


def test_answers_that_are_none_are_named(tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"qid": "a", "pred_relevant_windows": [[0, 1]]}', encoding="utf-8")
    with pytest.raises(DataError, match="line 1: no spans with their scores"):
        read_answers(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_answers(tmp_path / "absent.jsonl")
