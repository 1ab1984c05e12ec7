import sys
from pathlib import Path
from typing import Any

import pytest

from hearken.errors import MissingExtraError, SubmissionError, extra_hint
from hearken.evaluate.submission.challenges import CHALLENGES
from hearken.evaluate.submission.faults import Faults
from hearken.evaluate.submission.metadata import check_metadata, complete, metadata_text, open_questions, read_metadata, template

D24, D25 = CHALLENGES["dcase2024"], CHALLENGES["dcase2025"]


def test_the_template_has_the_three_parts_and_the_figures_of_the_year() -> None:
    assert list(template(D24)) == ["submission", "system", "results"]
    assert list(template(D24)["results"]["development_testing"]) == ["R@1", "R@5", "R@10", "mAP@10"]
    assert "mAP@16" in template(D25)["results"]["development_testing"]
    questions = open_questions(template(D24))
    assert "submission.authors.lastname" in questions
    assert "system.complexity.total_parameters" in questions


def test_what_is_given_stays_and_what_is_known_is_filled_in() -> None:
    given = {"submission": {"name": "Ours"}, "system": {"complexity": {"total_parameters": 7}, "mine": "kept"}, "extra": {"a": 1}}
    made = complete(D24, given, label="Lovelace_UoL_task8_1", figures={"R@1": 0.123456789, "mAP@10": 0.25, "medR": 3.0})
    assert made["submission"]["label"] == "Lovelace_UoL_task8_1"
    assert made["submission"]["abbreviation"] is None
    assert made["system"]["complexity"]["total_parameters"] == 7
    assert made["system"]["mine"] == "kept"
    assert made["extra"] == {"a": 1}
    assert made["results"]["development_testing"] == {"R@1": 0.123457, "mAP@10": 0.25}
    told = complete(D24, {"results": {"development_testing": {"R@1": 0.5}}}, label="A_B_task8_1", figures={"R@1": 0.1})
    assert told["results"]["development_testing"]["R@1"] == 0.5
    assert given == {"submission": {"name": "Ours"}, "system": {"complexity": {"total_parameters": 7}, "mine": "kept"}, "extra": {"a": 1}}


@pytest.mark.parametrize(
    ("label", "right"),
    [
        ("Lovelace_UoL_task8_1", True), ("Fe-Fi_CP-JKU_task8_4", True), ("Öz_Ü_TASK8_2", True),
        ("Lovelace_UoL_task6b_1", False), ("Lovelace_UoL_task8_5", False), ("Lovelace_task8_1", False), ("../x_y_task8_1", False),
        ("a/b_c_task8_1", False), ("", False), (None, False), (5, False), ("A_B_task8_1\n", False),
    ],
)  # fmt: skip
def test_labels_name_person_institute_task_and_number(label: object, right: bool) -> None:
    faults = Faults()
    check_metadata(template(D24) | {"submission": {"label": label, "authors": [{"corresponding": True}]}}, D24, faults)
    assert (faults.count == 0) == right
    if not right:
        assert faults.shown[0].column == "submission.label"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"abbreviation": "longer than ten"}, "submission.abbreviation"),
        ({"authors": []}, "submission.authors"),
        ({"authors": "Ada"}, "submission.authors"),
        ({"authors": [{"lastname": "A"}, {"lastname": "B"}]}, "submission.authors"),
        ({"authors": [{"corresponding": True}, {"corresponding": True}]}, "submission.authors"),
    ],
)
def test_faults_of_who_made_it(change: dict[str, Any], column: str) -> None:
    with pytest.raises(SubmissionError) as raised:
        complete(D24, {"submission": change}, label="A_B_task8_1")
    assert f"column {column}: " in raised.value.message


def test_results_are_shares_and_all_faults_come_at_once() -> None:
    with pytest.raises(SubmissionError) as raised:
        complete(D24, {"results": {"development_testing": {"R@1": 35.2, "R@5": "x", "R@10": True}}, "system": 5})
    lines = raised.value.message.splitlines()
    assert lines[0] == "The metadata cannot be handed in to dcase2024:"
    assert len(lines) == 6
    assert "'35.2' is no share from 0 to 1" in lines[3]


def test_a_misspelt_part_is_told() -> None:
    faults = Faults()
    check_metadata({**template(D24), "Results": {}, "unrelated": 1}, D24, faults)
    assert "no part 'Results'; 'results' differs from it in upper and lower case" in "\n".join(faults.lines)
    assert "unrelated" not in "\n".join(faults.lines)


def test_the_yaml_is_read_back_as_it_was(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    made = complete(D25, {"submission": {"name": 'A: # "b"\n'}}, label="A_B_task6_1", figures={"mAP@16": 0.4})
    text = metadata_text(made, D25)
    assert text.startswith("# Metadata of a submission to DCASE 2025, task 6 (https://dcase.community/challenge2025/")
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    assert read_metadata(path) == made


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: [", "line 2: this is no YAML"),
        (b"- a\n", "mapping"),
        (b"", "mapping"),
        (b"a: !!python/object/apply:os.system [x]", "x.yaml"),
        (b"\xff", "UTF-8"),
    ],
)
def test_yaml_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(SubmissionError, match=said):
        read_metadata(path)
    with pytest.raises(SubmissionError, match="is not there"):
        read_metadata(tmp_path / "none.yaml")


def test_without_pyyaml_reading_names_the_extra_and_writing_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = tmp_path / "x.yaml"
    path.write_text(metadata_text(complete(D24, {}, label="A_B_task8_1"), D24))
    with pytest.raises(MissingExtraError) as raised:
        read_metadata(path)
    assert raised.value.hint == extra_hint("report")
