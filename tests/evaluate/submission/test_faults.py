import time
from pathlib import Path

import pytest

from hearken.errors import SubmissionError
from hearken.evaluate.submission.faults import MAX_SHOWN, Fault, Faults, brief, nearest


def test_a_fault_names_its_place() -> None:
    assert Fault("x", 5, "file_name_3", "no.").text == "line 5, column file_name_3: no."
    assert Fault("x", 5, "", "no.").text == "line 5: no."
    assert Fault("x", None, "", "no.").text == "no."
    assert Fault("x", None, "a\nb", "no.").to_json() == {"kind": "x", "line": None, "column": "a\\nb", "message": "no."}


def test_only_the_first_are_kept_in_words_and_one_of_each_kind_at_least() -> None:
    faults = Faults()
    for line in range(1000):
        faults.add("many", line, f"number {line}.")
    assert not faults.wants("many")
    assert faults.wants("rare")
    faults.add("rare", 7, "rare.")
    assert faults.count == 1001
    assert len(faults.shown) == MAX_SHOWN + 1
    assert faults.lines[-2:] == ["line 7: rare.", "... and 980 more: 980 x many"]


def test_refusing_lists_everything_and_none_is_no_error() -> None:
    Faults().refuse(Path("x.csv"), "submission")
    faults = Faults()
    faults.add("a", 1, "first.")
    faults.add("b", 2, "second.", "c")
    with pytest.raises(SubmissionError) as raised:
        faults.refuse(Path("x\n.csv"), "submission for z", "Do this.")
    assert raised.value.message == "x\\n.csv is no submission for z, it has 2 faults:\n  line 1: first.\n  line 2, column c: second."
    assert raised.value.hint == "Do this."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rain.wav ", "'rain.wav' differs from it in white space"),
        ("Rain.WAV", "'rain.wav' differs from it in upper and lower case"),
        ("Cafe\u0301.wav", "'caf\u00e9.wav' differs from it in the way accents are written"),
        ("rain", "the name is 'rain.wav'"),
        ("C:\\x\\rain.wav", "'rain.wav' is the name alone"),
        ("eval/rain", "the name is 'rain.wav'"),
        ("raim.wav", "the nearest is 'rain.wav'"),
    ],
)
def test_the_nearest_name_says_how_it_differs(name: str, said: str) -> None:
    assert nearest(name, ["dog.wav", "rain.wav", "caf\u00e9.wav"]) == f"; {said}"


def test_nothing_near_is_said_to_be_near() -> None:
    assert nearest("zzzzzzzzz", ["dog.wav", "rain.wav"]) == ""
    assert nearest("", []) == ""
    assert nearest("", ["", "a.wav"]) == "; '' differs from it in white space"  # nobody asks for it: known names are not empty


def test_among_thousands_the_nearest_is_found_quickly() -> None:
    names = [f"a dog number {number} barks at the passing cars of street {number * 7}" for number in range(20_000)]
    began = time.process_time()
    assert names[12_345] in nearest(names[12_345].replace("barks", "bark"), names)
    assert time.process_time() - began < 3.0


def test_long_and_hostile_text_is_cut_and_escaped() -> None:
    assert brief("x" * 500) == f"'{'x' * 77}...'"
    assert brief("a\x1b\u202eb") == "'a\\x1b\\u202eb'"
