import pytest

from hearken.evaluate.submission.challenges import LISTS_HEADER
from hearken.evaluate.submission.faults import Faults
from hearken.evaluate.submission.headers import Header, lists_header, matrix_header

NUMBERS = [str(number) for number in range(11)]
SHORT = ["caption", *(f"fname_{rank}" for rank in range(1, 11))]


def lists(cells: list[str]) -> tuple[Header, Faults]:
    faults = Faults()
    return lists_header(cells, 1, faults), faults


def test_the_right_header_is_right() -> None:
    header, faults = lists(list(LISTS_HEADER))
    assert header == Header()
    assert not faults.count


def test_the_header_of_the_2023_script_is_known_with_its_fix() -> None:
    header, faults = lists(NUMBERS)
    assert header.readable
    assert "0,1,...,10" in faults.lines[0]
    assert "2023 baseline" in faults.lines[0]
    assert "replace the line by caption,file_name_1,...,file_name_10" in faults.lines[0]


def test_the_short_names_of_a_public_exporter_pass_with_a_note() -> None:
    header, faults = lists(SHORT)
    assert not faults.count
    assert "fname_1" in header.note


@pytest.mark.parametrize("first", ["", "Unnamed: 0"])
def test_row_numbers_of_pandas_are_known_and_skipped(first: str) -> None:
    header, faults = lists([first, *LISTS_HEADER])
    assert header.skip == 1
    assert "index=False" in faults.lines[0]
    assert faults.count == 1
    header, faults = lists([first, *NUMBERS])
    assert header.skip == 1
    assert faults.count == 2


@pytest.mark.parametrize(
    ("cells", "readable", "is_row", "said"),
    [
        (["index", *NUMBERS], False, False, "dcase2025"),
        (["A dog.", *(f"{number}.wav" for number in range(10))], True, True, "there is no header"),
        (["caption", "file_name_1"], False, False, "has 2 columns, not 11"),
        ([LISTS_HEADER[1], LISTS_HEADER[0], *LISTS_HEADER[2:]], False, False, "another order"),
        (["Caption", *LISTS_HEADER[1:]], True, False, "'Caption', not caption"),
        ([*LISTS_HEADER[:-1], "file_name_10 "], True, False, "column file_name_10"),
    ],
)
def test_other_headers_are_told(cells: list[str], readable: bool, is_row: bool, said: str) -> None:
    header, faults = lists(cells)
    assert (header.readable, header.is_row) == (readable, is_row)
    assert faults.count == 1
    assert said in faults.lines[0]


def matrix(cells: list[str], clips: tuple[str, ...] = ("a.wav", "b.wav"), queries: tuple[str, ...] = ("q",)) -> tuple[Header, Faults]:
    faults = Faults()
    return matrix_header(cells, 1, clips, queries, faults), faults


def test_columns_of_scores_may_stand_in_any_order() -> None:
    header, faults = matrix(["index", "b.wav", "a.wav"])
    assert header == Header()
    assert not faults.count
    assert not matrix(["index", "x.wav"], clips=())[1].count


@pytest.mark.parametrize(
    ("cells", "kinds", "said"),
    [
        (["", "a.wav", "b.wav"], {"header": 1}, "'', not index"),
        (["index", "a.wav", "b.wav", "a.wav"], {"duplicate clip": 1}, "column 2 and column 4"),
        (["index", "a.wav"], {"missing clip": 1}, "'b.wav'"),
        (["index", "a.wav", "b.wav", "c.wav"], {"unknown clip": 1}, "'c.wav'"),
        (["index", "a.wav", "b.wav", ""], {"empty cell": 1}, "column 4 has no name"),
        (["index", "q"], {"header": 1}, "the other way about"),
        (["index"], {"header": 1}, "one column"),
        ([""], {"header": 1}, "one column"),
        (list(LISTS_HEADER), {"header": 1}, "ranked lists"),
    ],
)
def test_wrong_columns_of_scores_are_told(cells: list[str], kinds: dict[str, int], said: str) -> None:
    _, faults = matrix(cells)
    assert faults.counts == kinds
    assert said in faults.lines[0]
