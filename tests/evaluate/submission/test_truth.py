from pathlib import Path

import numpy as np
import pytest

from hearken.data.clip import Clip, Corpus, Query
from hearken.errors import DataError, EvaluationError, MissingDataError
from hearken.evaluate.submission.truth import Truth, file_name, truth_of
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance

SHARED = Path(__file__).resolve().parents[4] / "shared" / "captions"
CLOTHO = b"""file_name,caption_1,caption_2
 a;b.wav,"A dog, far.",Rain. \x20
c.wav,A dog barks.,"A dog, far."
"""


def save(tmp_path: Path, content: bytes, name: str = "truth.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_captions_of_clotho_are_kept_verbatim_and_apart(tmp_path: Path) -> None:
    truth = truth_of(save(tmp_path, b"\xef\xbb\xbf" + CLOTHO))
    assert truth.queries == ("A dog, far.", "Rain.  ", "A dog barks.", "A dog, far.")
    assert truth.clips == (" a;b.wav", "c.wav")
    assert truth.answers == ((" a;b.wav",), (" a;b.wav",), ("c.wav",), ("c.wav",))
    assert truth.num_equal == 1
    task = truth.to_task(truth.clips)
    assert task.relevance.to_matrix().tolist() == [[True, False], [True, False], [False, True], [False, True]]
    assert task.record == {"equal_captions": 1}


def test_ten_captions_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    header = ",".join(["file_name", *(f"caption_{number}" for number in range(1, 11))])
    truth = truth_of(save(tmp_path, f"{header}\nx.wav,{','.join(map(str, range(1, 11)))}\n".encode()))
    assert truth.queries == tuple(map(str, range(1, 11)))


def test_queries_alone_can_be_checked_and_not_scored(tmp_path: Path) -> None:
    truth = truth_of(str(save(tmp_path, b"caption\nA dog.\n Rain\n")))
    assert truth.queries == ("A dog.", " Rain")
    assert truth.clips == ()
    with pytest.raises(EvaluationError, match="Nobody knows which clips answer"):
        truth.to_task(("a.wav",))


def test_several_answers_of_2025(tmp_path: Path) -> None:
    truth = truth_of(save(tmp_path, b"query,audio_filenames\nA dog.,\"['a.wav', 'b, c.wav']\"\nRain.,['d.wav']\n"))
    assert truth.answers == (("a.wav", "b, c.wav"), ("d.wav",))
    assert truth.names() == ("a.wav", "b, c.wav", "d.wav")
    assert truth.to_task(truth.names()).relevance.counts.tolist() == [2, 1]
    with pytest.raises(EvaluationError, match=r"'a\.wav' that is none of the clips"):
        truth.to_task(("d.wav",))


def test_paths_are_known_by_the_names_of_their_files_where_one_alone_has_it() -> None:
    truth = Truth("t", ("q",), ("/a/x.wav", "b/y.wav", "c/y.wav", "d\\z.wav", "e/w.wav", "w.wav"))
    assert [truth.known_as(name) for name in ("x.wav", "z.wav", "/a/x.wav")] == ["/a/x.wav", "d\\z.wav", "/a/x.wav"]
    assert [truth.known_as(name) for name in ("y.wav", "w.wav", "v.wav", "")] == ["y.wav", "w.wav", "v.wav", ""]
    assert Truth("t", ("q",), answers=(("a/x.wav",),)).known_as("x.wav") == "a/x.wav"


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"file_name,caption_1\nx.wav,\n", DataError, "line 2: 'caption_1' is empty"),
        (b"query,audio_filenames\nx,[]\n", DataError, "line 2: 'audio_filenames' is empty"),
        (b"query,audio_filenames\nx,__import__('os')\n", DataError, "line 2"),
        (b"file_name,caption_1\nx.wav,a\nx.wav,b\n", EvaluationError, "two clips called 'x.wav'"),
        (b"caption,file_name_1\nx,a.wav\n", EvaluationError, "is a submission"),
        (b"caption\n", DataError, "there is no clip in it"),
        (b"a,b\n1,2\n", DataError, "line 2: there is no file"),
        (b"", DataError, "names of the columns"),
        (b"caption\n\xe9\n", DataError, "line 2"),
        (b"0,1,2\nx,a.wav,b.wav\n", DataError, "line 2: there is no file"),
        ("file_name,caption_\u00b2\nx.wav,a\n".encode(), EvaluationError, "no query"),
    ],
)
def test_tables_that_are_none_are_refused(tmp_path: Path, content: bytes, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        truth_of(save(tmp_path, content))


def test_a_table_that_is_missing_has_a_hint_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError) as raised:
        truth_of(tmp_path / "none.csv")
    assert raised.value.hint == "Check the path."


def test_a_task_and_a_corpus_are_truths_too() -> None:
    task = Task("t", ("a", "b"), ("q", "r"), Relevance.from_matrix(np.array([[True, False], [True, True]])))
    truth = truth_of(task)
    assert truth.answers == (("a",), ("a", "b"))
    assert truth_of(truth) is truth
    corpus = Corpus("c", Path(), (Clip("dev/x.wav", "dev", "dev/x.wav", ("A dog. ",)), Clip("y.wav", "dev", "dev/y.wav", ("Rain.",))))
    truth = truth_of(corpus)
    assert (truth.queries, truth.clips, truth.answers) == (("A dog. ", "Rain."), ("x.wav", "y.wav"), (("x.wav",), ("y.wav",)))
    assert file_name(Clip("other/x.wav", "dev", "dev/x.wav")) == "other/x.wav"


def test_queries_of_a_corpus_with_grades_and_without_answers() -> None:
    clips = (Clip("a.wav", "test", "test/a.wav"), Clip("b.wav", "test", "test/b.wav"))
    graded = truth_of(Corpus("g", Path(), clips, (Query("q", (("a.wav", 0.7), ("b.wav", 0.0))), Query("none", (("b.wav", 0.0),)))))
    assert (graded.queries, graded.answers) == (("q",), (("a.wav",),))
    secret = truth_of(Corpus("s", Path(), clips, (Query("q"), Query("r"))))
    assert (secret.queries, secret.answers, secret.clips) == (("q", "r"), None, ("a.wav", "b.wav"))
    with pytest.raises(EvaluationError, match="no query"):
        truth_of(Truth("empty", ()))


@pytest.mark.skipif(not SHARED.is_dir(), reason="published captions are not here")
def test_published_tables_and_corpora_say_the_same() -> None:
    by_file = truth_of(SHARED / "clotho_v2.1" / "clotho_captions_evaluation.csv")
    by_name = truth_of("clotho-evaluation", folder=SHARED / "clotho_v2.1")
    assert (by_file.queries, by_file.clips, by_file.answers) == (by_name.queries, by_name.clips, by_name.answers)
    several = truth_of(SHARED / "dcase2025_relevance" / "metadata_eval.csv")
    known = truth_of("dcase2025", folder=SHARED / "dcase2025_relevance")
    assert len(several.queries) == 1037
    assert sum(map(len, several.answers or ())) == 3116
    assert (several.queries, several.answers) == (known.queries, known.answers)
    development = truth_of("clotho-development", folder=SHARED / "clotho_v2.1")
    assert development.num_equal == 17
    assert "FREEZER_DOOR_OPEN_CLOSE.wav" in development.clips
