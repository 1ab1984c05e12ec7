import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearken.errors import SubmissionError
from hearken.evaluate.submission import write as module
from hearken.evaluate.submission.check import check_submission
from hearken.evaluate.submission.matrix import Matrix
from hearken.evaluate.submission.score import score_submission
from hearken.evaluate.submission.truth import Truth
from hearken.evaluate.submission.write import Written, write_submission
from hearken.metrics.scores import TableScores, VectorScores

LABEL = "Lovelace_UoL_task8_1"
L25 = "Lovelace_UoL_task6_1"


def random_scores(truth: Truth, kind: type = np.float32) -> TableScores:
    return TableScores(np.random.default_rng(3).standard_normal((len(truth.queries), len(truth.clips))).astype(kind))


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_lists_hold_the_ten_best_and_are_held_against_the_truth(tmp_path: Path, truth: Truth) -> None:
    scores = random_scores(truth)
    written = write_submission(tmp_path / "out", "dcase2024", scores, truth.queries, truth.clips, label=LABEL, truth=truth)
    assert written.output == tmp_path / "out" / f"{LABEL}.output.csv"
    assert (written.num_rows, written.num_clips) == (24, 12)
    rows = read(written.output)
    assert rows[0] == ["caption", *(f"file_name_{rank}" for rank in range(1, 11))]
    assert [row[0] for row in rows[1:]] == list(truth.queries)
    assert rows[5][1:] == [truth.clips[item] for item in np.argsort(-scores.table[4])[:10]]
    assert "submission.name" in written.open_questions
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{LABEL}.meta.yaml", f"{LABEL}.output.csv"]


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_tables_are_read_back_as_they_were(tmp_path: Path, truth: Truth, kind: type) -> None:
    scores = random_scores(truth, kind)
    written = write_submission(tmp_path, "dcase2025", scores, truth.queries, truth.clips, label=L25, truth=truth)
    content = check_submission(written.output, "dcase2025", truth).content
    assert isinstance(content, Matrix)
    assert np.array_equal(content.scores.astype(kind), scores.table)
    assert content.clips == truth.clips


def test_figures_of_both_formats_are_those_of_the_scores(tmp_path: Path, truth: Truth) -> None:
    scores = random_scores(truth)
    lists = write_submission(tmp_path, "dcase2022", scores, truth.queries, truth.clips, label="A_B_task6b_1")
    table = write_submission(tmp_path, "dcase2025", scores, truth.queries, truth.clips, label=L25)
    ranks = [int((scores.table[query] >= scores.table[query, query // 2]).sum()) for query in range(24)]
    expected = float(np.mean([1 / rank if rank <= 10 else 0.0 for rank in ranks]))
    for written in (lists, table):
        assert score_submission(written.output, truth).figures["t2a_mAP@10"].value == pytest.approx(expected, abs=1e-12)


def test_equal_scores_stand_in_the_order_of_the_clips(tmp_path: Path, truth: Truth) -> None:
    constant = TableScores(np.zeros((24, 12), np.float32))
    contents = []
    for _ in range(2):
        written = write_submission(tmp_path, "dcase2024", constant, truth.queries, truth.clips, label=LABEL, overwrite=True)
        contents.append((written.output.read_bytes(), written.meta.read_bytes()))
    assert contents[0] == contents[1]
    assert read(written.output)[1][1:] == list(truth.clips[:10])


def test_vectors_do_as_well_as_tables(tmp_path: Path, truth: Truth) -> None:
    random = np.random.default_rng(0)
    scores = VectorScores(random.standard_normal((24, 4)).astype(np.float32), random.standard_normal((12, 4)).astype(np.float32))
    by_table = TableScores(scores.rows(0, 24))
    written = [
        write_submission(tmp_path, "dcase2025", each, truth.queries, truth.clips, label=f"A_B_task6_{number}")
        for number, each in enumerate((scores, by_table), start=1)
    ]
    assert written[0].output.read_bytes() == written[1].output.read_bytes()


@pytest.mark.parametrize("block", [1, 5, 24, 256])
def test_the_size_of_blocks_changes_nothing(tmp_path: Path, truth: Truth, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    scores = random_scores(truth)
    jumping = Truth("t", truth.queries[::-2] + truth.queries[::2], truth.clips)
    written = write_submission(tmp_path, "dcase2025", scores, truth.queries, truth.clips, label=L25, truth=jumping)
    content = check_submission(written.output, "dcase2025", jumping).content
    assert isinstance(content, Matrix)
    assert np.array_equal(content.scores.astype(np.float32), scores.table[[*range(23, -1, -2), *range(0, 24, 2)]])


def test_more_scores_than_can_be_read_are_not_written(tmp_path: Path, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SCORES", 287)
    with pytest.raises(SubmissionError, match="24 x 12 scores are more than 287"):
        write_submission(tmp_path, "dcase2025", random_scores(truth), truth.queries, truth.clips, label=L25)
    assert not list(tmp_path.iterdir())


def test_rows_follow_the_truth_with_its_words(tmp_path: Path, truth: Truth) -> None:
    scores = random_scores(truth)
    spaced = Truth("t", tuple(f"{query}  " for query in truth.queries[::-1]), truth.clips, tuple(truth.answers or ())[::-1])
    written = write_submission(tmp_path, "dcase2024", scores, truth.queries, truth.clips, label=LABEL, truth=spaced)
    rows = read(written.output)
    assert [row[0] for row in rows[1:]] == list(spaced.queries)
    assert rows[1][1:] == [truth.clips[item] for item in np.argsort(-scores.table[23])[:10]]
    more = Truth("t", (*truth.queries, "Nobody scored this."), truth.clips)
    with pytest.raises(SubmissionError, match=r"no scores for the query 'Nobody scored this\.'"):
        write_submission(tmp_path / "x", "dcase2024", scores, truth.queries, truth.clips, label=LABEL, truth=more)
    assert not (tmp_path / "x").exists()


def test_equal_captions_have_one_row_or_as_many_as_the_truth(tmp_path: Path, truth: Truth) -> None:
    queries = (*truth.queries[:23], truth.queries[0])
    scores = random_scores(truth)
    alone = write_submission(tmp_path, "dcase2024", scores, queries, truth.clips, label="A_B_task8_1")
    assert alone.num_rows == 23
    twice = Truth("t", queries, truth.clips, truth.answers)
    asked = write_submission(tmp_path, "dcase2024", scores, queries, truth.clips, label="A_B_task8_2", truth=twice)
    assert asked.num_rows == 24
    assert read(asked.output)[24][1] == truth.clips[int(scores.table[23].argmax())]


@pytest.mark.parametrize("name", ["dcase2024", "dcase2025"])
def test_scores_that_are_not_finite_leave_nothing_behind(tmp_path: Path, truth: Truth, name: str) -> None:
    scores = random_scores(truth)
    scores.table[17, 3] = np.nan
    with pytest.raises(SubmissionError, match="finite"):
        write_submission(tmp_path, name, scores, truth.queries, truth.clips, label=LABEL if name == "dcase2024" else L25)
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path, truth: Truth) -> None:
    scores = random_scores(truth)
    out = tmp_path / "out"

    def refused(said: str, name: str = "dcase2024", queries: tuple[str, ...] = truth.queries, clips: tuple[str, ...] = truth.clips,
                label: str | None = LABEL, table: TableScores = scores) -> None:  # fmt: skip
        with pytest.raises(SubmissionError, match=said):
            write_submission(out, name, table, queries, clips, label=label)
        assert not out.exists()

    refused("for 23 queries and 12 clips", queries=truth.queries[:-1])
    refused("Two clips have one name", clips=(*truth.clips[:-1], truth.clips[0]))
    refused("10 of the clips", clips=truth.clips[:9], table=TableScores(scores.table[:, :9]))
    refused("should be NAME_INSTITUTE_task8_N", label="../../x")
    refused("submission.label: there is none", label=None)
    refused("no challenge 'dcase1'", name="dcase1")


@pytest.mark.parametrize("folders", ["/home/me/sounds/", "rain/", "C:\\sounds\\"])
@pytest.mark.parametrize("name", ["dcase2024", "dcase2025"])
def test_clips_that_are_paths_are_written_as_names_of_files(tmp_path: Path, truth: Truth, name: str, folders: str) -> None:
    paths = tuple(f"{folders}{clip}" for clip in truth.clips)
    answers = tuple((f"{folders}{clip}",) for (clip,) in truth.answers or ())
    placed = Truth("placed", truth.queries, paths, answers)
    label, scores = LABEL if name == "dcase2024" else L25, random_scores(truth)
    held = write_submission(tmp_path / "a", name, scores, truth.queries, paths, label=label, truth=placed)
    alone = write_submission(tmp_path / "b", name, scores, truth.queries, paths, label=label)
    named = write_submission(tmp_path / "c", name, scores, truth.queries, truth.clips, label=label, truth=truth)
    assert held.output.read_bytes() == alone.output.read_bytes() == named.output.read_bytes()
    value = score_submission(named.output, truth).figures["t2a_mAP@10"].value
    assert score_submission(held.output, placed).figures["t2a_mAP@10"].value == value


@pytest.mark.parametrize("name", ["dcase2024", "dcase2025"])
def test_two_paths_of_one_name_are_refused(tmp_path: Path, truth: Truth, name: str) -> None:
    clips = ("a/x.wav", "b/x.wav", *truth.clips[2:])
    with pytest.raises(SubmissionError, match=r"Two clips have one name, 'x\.wav', .*: 'a/x\.wav' and 'b/x\.wav'") as raised:
        write_submission(tmp_path / "o", name, random_scores(truth), truth.queries, clips, label=LABEL if name == "dcase2024" else L25)
    assert "rename" in raised.value.hint
    assert not (tmp_path / "o").exists()


def test_a_refusal_leaves_no_folder_and_names_no_file(tmp_path: Path, truth: Truth) -> None:
    with pytest.raises(SubmissionError, match=r"^What would be written is no submission for dcase2024, it has one fault") as raised:
        write_submission(tmp_path / "a" / "b", "dcase2024", random_scores(truth), ("", *truth.queries[1:]), truth.clips, label=LABEL)
    assert "--truth" not in raised.value.hint
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").mkdir()
    other = Truth("t", truth.queries, tuple(f"x{clip}" for clip in truth.clips))
    with pytest.raises(SubmissionError, match="no submission for dcase2024") as raised:
        write_submission(tmp_path / "a" / "b", "dcase2024", random_scores(truth), truth.queries, truth.clips, label=LABEL, truth=other)
    assert "--truth" in raised.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert not list((tmp_path / "a").iterdir())


@pytest.mark.parametrize("query", ["", "  ", "a\0b", "x" * 200_000, "half \ud83d"])
def test_queries_that_no_file_can_hold_leave_nothing_behind(tmp_path: Path, truth: Truth, query: str) -> None:
    with pytest.raises(SubmissionError):
        write_submission(tmp_path, "dcase2024", random_scores(truth), (query, *truth.queries[1:]), truth.clips, label=LABEL)
    assert not list(tmp_path.iterdir())


def test_a_file_of_other_clips_than_the_truth_is_taken_back(tmp_path: Path, truth: Truth) -> None:
    other = Truth("t", truth.queries, tuple(f"x{clip}" for clip in truth.clips))
    with pytest.raises(SubmissionError, match="there is no clip"):
        write_submission(tmp_path, "dcase2024", random_scores(truth), truth.queries, truth.clips, label=LABEL, truth=other)
    assert not list(tmp_path.iterdir())


def test_files_that_are_there_stay_unless_they_may_be_replaced(tmp_path: Path, truth: Truth) -> None:
    def again(**options: bool) -> Written:
        return write_submission(tmp_path, "dcase2024", random_scores(truth), truth.queries, truth.clips, label=LABEL, **options)

    first = again()
    first.meta.write_text("mine")
    with pytest.raises(SubmissionError, match="is there already"):
        again()
    assert first.meta.read_text() == "mine"
    again(overwrite=True)
    assert first.meta.read_text() != "mine"


def test_line_ends_of_all_kinds_within_names_come_back(tmp_path: Path, truth: Truth) -> None:
    clips = ("a\rb.wav", "c\nd.wav", 'e"f.wav', "g,h.wav", *truth.clips[4:])
    written = write_submission(tmp_path, "dcase2024", random_scores(truth), truth.queries, clips, label=LABEL)
    assert set(check_submission(written.output, "dcase2024").content.clips) == set(clips)


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "metadata_text", full)
    with pytest.raises(SubmissionError, match="cannot be written: No space left"):
        write_submission(tmp_path, "dcase2024", random_scores(truth), truth.queries, truth.clips, label=LABEL)
    assert not list(tmp_path.iterdir())


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8).filter(lambda text: text.strip())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(NAMES.filter(lambda text: "/" not in text and "\\" not in text), min_size=10, max_size=12, unique=True),
    queries=st.lists(NAMES, min_size=1, max_size=4, unique_by=str.strip),
    name=st.sampled_from(["dcase2023", "dcase2025"]), seed=st.integers(0, 99),
)  # fmt: skip
def test_whatever_names_there_are_they_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: list[str], queries: list[str], name: str, seed: int
) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)  # hundreds of files: the disk need not have them
    scores = TableScores(np.random.default_rng(seed).integers(0, 4, (len(queries), len(names))).astype(np.float32))
    truth = Truth("t", tuple(queries), tuple(names), tuple((names[0],) for _ in queries))
    label = "A_B_task6b_1" if name == "dcase2023" else "A_B_task6_1"
    written = write_submission(tmp_path, name, scores, queries, names, label=label, truth=truth, overwrite=True)
    checked = check_submission(written.output, name, truth)
    assert not checked.faults.count
    assert checked.content.queries == tuple(queries)
    assert checked.content.clips == tuple(names)
