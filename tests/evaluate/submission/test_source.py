import zipfile
from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError, SubmissionError
from hearken.evaluate.measure import measure
from hearken.evaluate.store import save
from hearken.evaluate.submission.source import open_source
from hearken.evaluate.submission.truth import Truth
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance
from hearken.metrics.scores import TableScores, VectorScores

TABLE = np.array([[0.5, 0.1], [0.2, 0.9]], np.float32)
QUERIES, CLIPS = np.array(["q", "r"]), np.array(["a.wav", "b.wav"])


HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}"


def write_header(path: Path, header: str) -> None:
    """Write an .npz whose array is said to be what `header` says, and has nothing in it."""
    text = header.encode() + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scores.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)


def test_scores_and_vectors_of_an_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", scores=TABLE, queries=QUERIES, clips=CLIPS)
    found = open_source(tmp_path / "s.npz")
    assert isinstance(found.scores, TableScores)
    assert (found.queries, found.clips, found.figures) == (("q", "r"), ("a.wav", "b.wav"), {})
    np.savez(tmp_path / "v.NPZ", text=TABLE, audio=np.eye(2, dtype=np.float32), queries=QUERIES, clips=CLIPS)
    (tmp_path / "v.NPZ.npz").rename(tmp_path / "v.NPZ") if (tmp_path / "v.NPZ.npz").exists() else None
    found = open_source(tmp_path / "v.NPZ")
    assert isinstance(found.scores, VectorScores)
    assert np.array_equal(found.scores.rows(0, 2), TABLE)


def test_names_may_come_from_the_truth(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", scores=TABLE)
    truth = Truth("t", ("q", "r"), ("a.wav", "b.wav"))
    assert open_source(tmp_path / "s.npz", truth).clips == truth.clips
    with pytest.raises(SubmissionError, match="what its queries are"):
        open_source(tmp_path / "s.npz")
    with pytest.raises(SubmissionError, match="what its clips are"):
        open_source(tmp_path / "s.npz", Truth("t", ("q", "r")))


@pytest.mark.parametrize("name", ["clotho-evaluation", "another"])
def test_an_evaluation_in_a_folder(tmp_path: Path, name: str) -> None:
    task = Task(name, ("a.wav", "b.wav"), ("q", "r"), Relevance.from_lists([[0], [1]], 2))
    scores = TableScores(TABLE)
    save(tmp_path / "e", measure("ours", task, scores), task, scores)
    found = open_source(tmp_path / "e")
    assert (found.queries, found.clips) == (task.queries, task.clips)
    assert np.array_equal(found.scores.rows(0, 2), TABLE)
    assert bool(found.figures) == (name == "clotho-evaluation")
    assert found.figures.get("R@1", 1.0) == 1.0


@pytest.mark.parametrize(
    ("by", "failed", "absent", "told"),
    [("dcase", 0, 0, True), ("merged", 0, 0, False), ("any-of-n", 1, 0, False), ("any-of-n", 0, 1, False)],
)
def test_figures_are_handed_in_of_the_whole_split_and_of_single_captions_alone(
    tmp_path: Path, by: str, failed: int, absent: int, told: bool
) -> None:
    record = {"clips_without_sound": absent}
    task = Task("clotho-evaluation", ("a.wav", "b.wav"), ("q", "r"), Relevance.from_lists([[0], [1]], 2), record=record)
    scores = TableScores(TABLE)
    save(tmp_path / "e", measure("ours", task, scores, by=by, facts={"clips_failed": failed}), task, scores)
    assert bool(open_source(tmp_path / "e").figures) == told


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"text": TABLE}, "neither `scores` nor"),
        ({"scores": TABLE.astype(int)}, "should be floats, not int"),
        ({"scores": TABLE[0]}, "not of shape"),
        ({"text": TABLE, "audio": TABLE[:, :1]}, "one width"),
        ({"scores": TABLE, "queries": np.array([1, 2])}, "row of texts"),
        ({"scores": np.array([[object()]], object)}, "no .npz of plain arrays"),
    ],
)
def test_arrays_that_are_wrong_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    np.savez(tmp_path / "s.npz", **{"queries": QUERIES, "clips": CLIPS} | arrays)
    with pytest.raises(EvaluationError, match=said):
        open_source(tmp_path / "s.npz")


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", scores=TABLE, queries=QUERIES, clips=CLIPS)
    content = (tmp_path / "s.npz").read_bytes()
    for number, broken in enumerate((b"", b"x", content[:-30], content[:60] + b"\xff" * 40 + content[100:], b"\x93NUMPY" + content)):
        path = tmp_path / f"{number}.npz"
        path.write_bytes(broken)
        with pytest.raises(EvaluationError):
            open_source(path)
    for number, header in enumerate(("{'a':", "  x\n y", f"{{'shape': {'-' * 5000}1}}", HEADER.replace("2, 2", f"{10**15}, 1000"))):
        path = tmp_path / f"header{number}.npz"
        write_header(path, header)
        with pytest.raises(EvaluationError, match=r"no \.npz of"):
            open_source(path)
    np.save(tmp_path / "one.npy", TABLE)
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    with pytest.raises(EvaluationError, match=r"no \.npz of"):
        open_source(tmp_path / "one.npz")
    with pytest.raises(EvaluationError, match="cannot be read"):
        open_source(tmp_path / "none.npz")
    with pytest.raises(SubmissionError, match="neither the folder"):
        open_source(tmp_path / "x.csv")


def test_folders_that_are_none_name_the_evaluations_in_them(tmp_path: Path) -> None:
    def refused() -> tuple[str, str]:
        with pytest.raises(EvaluationError) as raised:
            open_source(tmp_path)
        return raised.value.message.removeprefix(f"{tmp_path} "), raised.value.hint

    assert refused() == ("is a folder, not an evaluation.", "`hearken evaluate --out DIR` makes an evaluation.")
    (tmp_path / "run.json").write_text("{}")
    assert refused()[0] == "is a run, not an evaluation."
    for number in range(10):
        (tmp_path / "evaluations" / str(number)).mkdir(parents=True)
        (tmp_path / "evaluations" / str(number) / "evaluation.json").write_text("{}")
    first = ", ".join(str(tmp_path / "evaluations" / str(number)) for number in range(8))
    assert refused()[1] == f"Name an evaluation in it: {first} and 2 more."
    (tmp_path / "zero_shot.json").write_text("{}")
    assert refused()[0] == "holds figures of zero-shot classification."
