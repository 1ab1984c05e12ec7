from __future__ import annotations

from pathlib import Path

import pytest

from hearken.caption.files import CaptionedFile, CaptionedSpan
from hearken.caption.heard import MadeCaption
from hearken.caption.kept import CaptionsFile
from hearken.errors import DataError, MissingDataError
from hearken.evaluate.captioning.table import read_table
from hearken.types import Span
from tests.evaluate.captioning.captions_made import CANDIDATES, CLIPS, REFERENCES, write_csv, write_own

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions"


def test_a_table_with_its_own_references(tmp_path: Path) -> None:
    found = read_table(write_own(tmp_path / "t.csv"))
    assert (found.clips, found.candidates, found.references, found.lines) == (CLIPS, CANDIDATES, REFERENCES, (2, 3, 4))
    assert found.names_clips
    assert read_table(tmp_path / "t.csv", with_references=False).references == ()


def test_references_as_a_list(tmp_path: Path) -> None:
    rows = [("fname", "cands", "mrefs"), ("x.flac", "a bird", "['birds sing', \"it's a bird\"]")]
    found = read_table(write_csv(tmp_path / "t.csv", rows))
    assert (found.clips, found.candidates, found.references) == (("x.flac",), ("a bird",), (("birds sing", "it's a bird"),))


def test_a_table_without_clips_and_in_the_order_of_numbers(tmp_path: Path) -> None:
    rows = [("caption_predicted", "caption_10", "caption_2", "mult_captions_predicted_1"), ("me", "ten", "two", "no reference")]
    found = read_table(write_csv(tmp_path / "t.csv", rows))
    assert (found.clips, found.names_clips, found.references) == (("",), False, (("two", "ten"),))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("file_name", "text")], "there is no caption in it"),
        ([("file_name", "text"), ("a", "b")], "no column of machine-made captions among file_name, text"),
        ([("caption_predicted", "caption_1"), ("a", "b"), ("a", " ")], "line 3: there is no reference caption"),
        ([("file_name", "caption"), ("", "b")], "line 2: 'file_name' is empty"),
        ([("cands", "mrefs"), ("a", "no list")], "line 2: 'mrefs' should be a list"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, rows: list[tuple[str, ...]], told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_table(write_csv(tmp_path / "t.csv", rows))


@pytest.mark.parametrize("form", [".csv", ".jsonl", ".json"])
def test_what_hearken_caption_writes(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"made{form}"
    file = CaptionsFile(path, "pocket-captions abc")
    spans = (CaptionedSpan(Span(0.0, 5.0), MadeCaption("a part", 0.5)), CaptionedSpan(Span(5.0, 10.0), MadeCaption("another", 0.5)))
    file.add(CaptionedFile("x/a.wav", MadeCaption("a dog barks", 0.5), 10.0, spans))
    file.add(CaptionedFile("b.wav", MadeCaption("rain", 0.25), 3.0))
    file.finish(["x/a.wav", "b.wav"])
    found = read_table(path)
    assert (found.clips, found.candidates, found.references) == (("x/a.wav", "b.wav"), ("a dog barks", "rain"), ())
    assert found.num_stretches == (2 if form == ".csv" else 0)


def test_times_in_a_table_of_somebody_else_are_no_stretches(tmp_path: Path) -> None:
    rows = [("file_name", "start_s", "end_s", "caption"), ("a.wav", "0", "10", "a dog")]
    assert read_table(write_csv(tmp_path / "t.csv", rows)).candidates == ("a dog",)


def test_columns_that_are_expected_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="among file_name, text") as caught:
        read_table(write_csv(tmp_path / "t.csv", [("file_name", "text"), ("a", "b")]))
    assert "caption_predicted" in caught.value.hint
    assert "clips (clip, file_name, " in caught.value.hint


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="not there"):
        read_table(tmp_path / "no.csv")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared files are not here")
@pytest.mark.parametrize(
    ("name", "clips", "references"),
    [
        ("conette_outputs/outputs_clotho_eval.csv", 1045, 5), ("conette_outputs/outputs_audiocaps_test.csv", 912, 5),
        ("aac_metrics_examples/example_1.csv", 464, 5), ("aac_metrics_examples/example_2.csv", 912, 5),
    ],
)  # fmt: skip
def test_published_tables(name: str, clips: int, references: int) -> None:
    found = read_table(SHARED / name)
    assert len(found.candidates) == clips
    assert {len(own) for own in found.references} == {references}
    assert found.names_clips == name.startswith("conette")
