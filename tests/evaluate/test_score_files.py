from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearken.errors import EvaluationError, SubmissionError
from hearken.evaluate.score_files import order_of, read_scores
from tests.evaluate.asking import CLIPS, QUERIES, SCORES, small_task


def all_of(path: Path) -> np.ndarray:
    return read_scores(path, small_task()).rows(0, 5)


def test_scores_in_order_and_out_of_order(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, scores=SCORES)
    assert np.array_equal(all_of(path), SCORES)
    np.savez(path, scores=SCORES[::-1][:, [2, 0, 1]], queries=np.array(QUERIES[::-1]), clips=np.array([CLIPS[2], CLIPS[0], CLIPS[1]]))
    assert np.array_equal(all_of(path), SCORES)


def test_vectors(tmp_path: Path) -> None:
    path = tmp_path / "v.npz"
    np.savez(path, text=SCORES[::-1], audio=np.eye(3), queries=np.array(QUERIES[::-1]))
    assert np.allclose(all_of(path), SCORES)


def test_a_table_as_dcase_2025_has_it(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    lines = ["index," + ",".join(clip for clip in CLIPS[::-1])]
    lines += [f'"{text}",' + ",".join(map(str, row[::-1])) for text, row in zip(QUERIES, SCORES.tolist(), strict=True)]
    path.write_text("\n".join(lines[:1] + lines[:0:-1]) + "\n", encoding="utf-8-sig")
    assert np.allclose(all_of(path), SCORES)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    np.savez(path, scores=SCORES, clips=np.array(["a.wav", "b.wav", "x.wav"]))
    with pytest.raises(EvaluationError, match=r"lacks 1 of 3 clips: c\.wav"):
        all_of(path)
    np.savez(path, scores=SCORES.T)
    with pytest.raises(EvaluationError, match=r"of the shape \(3, 5\), and small asks for \(5, 3\)"):
        all_of(path)
    np.savez(path, text=SCORES)
    with pytest.raises(EvaluationError, match="neither `scores` nor `text` and `audio`"):
        all_of(path)
    np.savez(path, text=SCORES[:2], audio=np.eye(3))
    with pytest.raises(EvaluationError, match="of the shape"):
        all_of(path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 no zip", b"\x93NUMPY"])
def test_files_that_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.npz").write_bytes(content)
    with pytest.raises(EvaluationError, match=r"no \.npz of plain arrays"):
        all_of(tmp_path / "s.npz")


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", scores=np.array([[object()]]))
    with pytest.raises(EvaluationError, match=r"no \.npz of plain arrays"):
        all_of(tmp_path / "s.npz")


@pytest.mark.parametrize(
    "text", ["", "index,a.wav\nrain,1,2\n", "index,a.wav,b.wav,c.wav\nrain,x,1,2\n", "index,a.wav,b.wav,c.wav\nrain,1,1,2\n"]
)
def test_tables_that_do_not_fit(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(SubmissionError, match=r"m\.csv is no submission for dcase2025"):
        all_of(tmp_path / "m.csv")


def test_other_files(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no file of scores"):
        read_scores(tmp_path / "s.txt", small_task())


def test_equal_names_are_taken_in_turn() -> None:
    assert order_of(Path("f"), ["x", "y", "x"], ["x", "x", "y"], "queries") == [0, 2, 1]
    with pytest.raises(EvaluationError, match="lacks 1 of 3 queries: x"):
        order_of(Path("f"), ["x", "y", "x"], ["x", "x", "x"], "queries")


def test_blanks_at_the_ends_of_captions_mean_nothing() -> None:
    assert order_of(Path("f"), ["y ", " x"], ["x", "y"], "queries") == [1, 0]


def test_names_that_are_alike_without_their_folders_are_not_guessed_at(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("index,p/a.wav,q/a.wav,c.wav\n" + "".join(f"{text},1,2,3\n" for text in QUERIES) + "\n")
    with pytest.raises(SubmissionError, match=r"there is no column for the clip 'p/a\.mp3'"):
        read_scores(path, small_task(clips=("p/a.mp3", "q/a.mp3", "c.mp3")))
    found = read_scores(path, small_task(clips=("q/a.wav", "p/a.wav", "c.wav")))
    assert found.rows(0, 1).tolist() == [[2.0, 1.0, 3.0]]
