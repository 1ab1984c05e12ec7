from hearken.evaluate.submission.faults import Faults
from hearken.evaluate.submission.queries import DUPLICATE, MISSING, UNKNOWN, Rows


def test_rows_answer_in_any_order() -> None:
    faults = Faults()
    rows = Rows(("a", "b", "c"), faults, "caption")
    assert [rows.take(query, line) for line, query in enumerate("cab", start=2)] == [True, True, True]
    assert rows.of_queries() == [1, 2, 0]
    assert rows.taken == ("c", "a", "b")
    assert not faults.count


def test_equal_queries_share_a_row_or_have_one_each() -> None:
    one = Rows(("a", "b", "a"), Faults(), "caption")
    assert one.take("a", 2)
    assert one.take("b", 3)
    assert one.of_queries() == [0, 1, 0]
    faults = Faults()
    two = Rows(("a", "b", "a"), faults, "caption")
    assert [two.take(query, line) for line, query in enumerate("aba", start=2)] == [True] * 3
    assert two.of_queries() == [0, 1, 2]
    assert not two.take("a", 5)
    assert faults.counts == {DUPLICATE: 1}
    assert "on line 4" in faults.lines[0]


def test_missing_unknown_and_empty_are_told() -> None:
    faults = Faults()
    rows = Rows(("a dog barks", "rain"), faults, "caption")
    assert not rows.take("a dog bark", 2)
    assert not rows.take("  ", 3)
    assert rows.of_queries() == [None, None]
    assert faults.counts == {UNKNOWN: 1, "empty cell": 1, MISSING: 2}
    assert "the nearest is 'a dog barks'" in faults.lines[0]


def test_a_row_with_another_fault_is_not_missing_besides() -> None:
    faults = Faults()
    rows = Rows(("a", "b"), faults, "caption")
    rows.excuse(["a", "x"])
    rows.excuse([])
    assert rows.of_queries() == [None, None]
    assert faults.counts == {MISSING: 1}
    rows.note_if_none()
    assert faults.counts == {MISSING: 1}


def test_nothing_is_missing_in_what_was_not_read() -> None:
    faults = Faults()
    faults.add("encoding", 3, "no text.")
    assert Rows(("a",), faults, "caption").of_queries() == [None]
    assert faults.count == 1


def test_no_row_at_all_is_told_once() -> None:
    faults = Faults()
    rows = Rows(("a",), faults, "caption")
    rows.note_if_none()
    rows.of_queries()
    rows.note_if_none()
    assert faults.counts == {"no row": 1}


def test_without_a_truth_the_rows_are_the_queries() -> None:
    faults = Faults()
    rows = Rows((), faults, "caption")
    assert rows.take("a", 2)
    assert not rows.take("a", 3)
    assert rows.take("b", 4)
    assert rows.of_queries() == [0, 1]
    assert faults.counts == {DUPLICATE: 1}
