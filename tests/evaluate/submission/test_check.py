from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearken.errors import SubmissionError
from hearken.evaluate.submission.check import check_submission
from hearken.evaluate.submission.lists import Lists
from hearken.evaluate.submission.matrix import Matrix
from hearken.evaluate.submission.score import score_submission
from hearken.evaluate.submission.truth import Truth

Rows = list[list[str]]
Write = Callable[..., Path]


def test_the_format_says_the_challenge(write: Write, rows: Rows, scores: Rows, truth: Truth) -> None:
    lists = check_submission(write(rows), truth=truth)
    table = check_submission(write(scores), truth=truth)
    assert (lists.challenge.name, table.challenge.name) == ("dcase2024", "dcase2025")
    assert isinstance(lists.content, Lists)
    assert isinstance(table.content, Matrix)
    assert lists.num_rows == table.num_rows == 24
    lists.refuse()
    table.refuse()


@pytest.mark.parametrize(("name", "size"), [("dcase2022", 1000), ("dcase2025", 597)])
def test_the_size_of_the_hidden_set_is_a_note_and_no_fault(
    write: Write, rows: Rows, scores: Rows, truth: Truth, name: str, size: int
) -> None:
    checked = check_submission(write(rows if name == "dcase2022" else scores), name, truth)
    assert not checked.faults.count
    assert checked.notes == (f"The evaluation set of {name} has {size} queries, this file 24 rows.",)


def test_without_a_year_lists_are_for_all_years_of_their_format(write: Write, rows: Rows, scores: Rows, truth: Truth) -> None:
    checked = check_submission(write(rows))
    assert checked.title == "dcase2022 to dcase2024 (one format)"
    assert checked.notes == ("The evaluation sets of dcase2022 to dcase2024 have 1000 queries, this file 24 rows.",)
    assert check_submission(write(rows), truth=truth).notes == ()  # the truth says how many are asked
    assert check_submission(write(scores)).title == "dcase2025"
    assert check_submission(write(rows), "dcase2023").title == "dcase2023"
    rows[1][0] = "x"
    with pytest.raises(SubmissionError, match=r"no submission for dcase2022 to dcase2024 \(one format\), it has 2 faults"):
        check_submission(write(rows), truth=truth).refuse()


def test_a_clip_that_is_a_path_is_known_by_the_name_of_its_file(write: Write, rows: Rows, scores: Rows, truth: Truth) -> None:
    paths = tuple(f"sounds/{clip}" for clip in truth.clips)
    placed = Truth("placed", truth.queries, paths, tuple((f"sounds/{clip}",) for (clip,) in truth.answers or ()))
    for content in (rows, scores):
        checked = check_submission(write(content), truth=placed)
        assert not checked.faults.count
        assert set(checked.content.clips) == set(paths)
    rows[1][1] = f"sounds/{rows[1][2]}"
    doubled = check_submission(write(rows), truth=placed).faults
    assert doubled.lines == [f"line 2, column file_name_2: '{truth.clips[1]}' stands in file_name_1 already."]
    scores[1][1] = "x"
    broken = check_submission(write(scores), truth=placed).faults
    assert broken.lines == [f"line 2, column {truth.clips[0]}: 'x' is no number."]
    answers_alone = Truth("answers", placed.queries, answers=placed.answers)
    rows[1][1] = truth.clips[0]
    assert not check_submission(write(rows), truth=answers_alone).faults.count


def test_a_table_of_scores_is_none_of_lists_and_the_other_way_about(write: Write, rows: Rows, scores: Rows) -> None:
    for content, name in ((rows, "dcase2025"), (scores, "dcase2023")):
        checked = check_submission(write(content), name)
        assert dict(checked.faults.counts) == {"header": 1}
        with pytest.raises(SubmissionError, match=f"no submission for {name}, it has one fault"):
            checked.refuse()


def test_an_empty_file_and_one_that_cannot_be_decoded(write: Write) -> None:
    assert check_submission(write(b"")).faults.lines == ["the file is empty."]
    assert check_submission(write(b"\n\n")).faults.lines == ["the file is empty."]
    assert dict(check_submission(write("é".encode("utf-16"))).faults.counts) == {"encoding": 1}
    with pytest.raises(SubmissionError, match="no challenge 'dcase1999'"):
        check_submission(write(b"a"), "dcase1999")


def test_a_lenient_look_lets_missing_and_needless_rows_pass_and_says_so(write: Write, rows: Rows, truth: Truth) -> None:
    rows[4][0] = "Nobody asked this."
    strict = check_submission(write(rows), truth=truth)
    assert dict(strict.faults.counts) == {"unknown query": 1, "missing query": 1}
    with pytest.raises(SubmissionError) as raised:
        strict.refuse()
    assert "a lenient look" in raised.value.hint
    mild = check_submission(write(rows), truth=truth, lenient=True)
    assert not mild.faults.count
    assert mild.notes == ("One query has no row; it counts 0.", "One row asks what nobody asked; it is left out.")
    rows[5][0] = "Nobody asked this either."
    mild = check_submission(write(rows), truth=truth, lenient=True)
    assert mild.notes == ("2 queries have no row; each of them counts 0.", "2 rows ask what nobody asked; they are left out.")
    rows[6][3] = "no.wav"
    assert dict(check_submission(write(rows), truth=truth, lenient=True).faults.counts) == {"unknown clip": 1}


def test_equal_captions_are_counted_in_words(write: Write, rows: Rows, truth: Truth) -> None:
    twice = Truth("twice", (*truth.queries, truth.queries[0]), truth.clips, (*(truth.answers or ()), ("bell.wav",)))
    checked = check_submission(write(rows), truth=twice)
    assert not checked.faults.count
    assert "One query has the words of an earlier one" in checked.notes[0]
    assert checked.content.of_queries[-1] == 0


def test_names_of_another_kind_of_file_are_noted(write: Write, rows: Rows) -> None:
    rows[1][1] = "rain.flac"
    assert "1 of 13 names of clips does not end in .wav." in check_submission(write(rows)).notes


def test_plain_values_for_programs(write: Write, rows: Rows, truth: Truth) -> None:
    rows[0] = [str(number) for number in range(11)]
    report = check_submission(write(rows), "dcase2023", truth).to_json()
    assert (report["valid"], report["rows"], report["clips"], report["num_faults"]) == (False, 24, 12, 1)
    assert report["faults_by_kind"] == {"header": 1}
    assert report["faults"][0]["line"] == 1


def mutated(content: bytes, seed: int, count: int) -> bytes:
    """`content` with some bytes changed, taken out, put in, doubled or moved; half of the new ones mean something in CSV."""
    random = np.random.default_rng(seed)
    found = bytearray(content)
    for _ in range(count):
        at = int(random.integers(len(found) + 1))
        end = at + int(random.integers(1, 40))
        new = (
            bytes(random.choice(np.frombuffer(b',";\n\r\t\0"\xff\xef\xbb\xbf 0a-.ne', np.uint8), 1))
            if random.random() < 0.7
            else random.bytes(2)
        )
        match int(random.integers(5)):
            case 0:
                found[at : at + 1] = new
            case 1:
                del found[at:end]
            case 2:
                found[at:at] = new
            case 3:
                found[at:at] = found[at:end]
            case _:
                part = bytes(found[at:end])
                del found[at:end]
                found[:0] = part
    return bytes(found)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), count=st.integers(1, 12), table=st.booleans(), lenient=st.booleans(), named=st.booleans())
def test_whatever_is_done_to_a_file_it_is_scored_or_refused(
    write: Write, rows: Rows, scores: Rows, truth: Truth, seed: int, count: int, table: bool, lenient: bool, named: bool
) -> None:
    whole = write(scores if table else rows)
    broken = write(mutated(whole.read_bytes(), seed, count))
    name = "auto" if not named else ("dcase2025" if table else "dcase2022")
    said, values = outcome(broken, truth, name, lenient=lenient)
    assert (said is None) != (values is None)
    assert "fault" in (said or "fault")
    assert all(line.isprintable() for line in (said or "").split("\n"))
    assert all(0.0 <= value <= 1.0 for value in values or [])


def outcome(path: Path, truth: Truth, name: str, *, lenient: bool) -> tuple[str | None, list[float] | None]:
    """What is said against a file, or its figures; whatever else is raised, is raised."""
    try:
        found = score_submission(path, truth, challenge=name, lenient=lenient)
    except SubmissionError as error:
        return error.message, None
    return None, [figure.value for figure in found.figures.values()]


def test_the_mutations_break_files_and_leave_some_whole(write: Write, rows: Rows, truth: Truth) -> None:
    whole = write(rows).read_bytes()
    broken = [check_submission(write(mutated(whole, seed, 3)), "dcase2022", truth).faults for seed in range(60)]
    assert sum(faults.count > 0 for faults in broken) >= 50
    assert len({kind for faults in broken for kind in faults.counts}) >= 8
