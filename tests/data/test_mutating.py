"""Damaged tables: no loader fails otherwise than it says, and the trial would notice one that does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from hearken.data.rows import fail, read_lines
from hearken.errors import DataError, MissingDataError
from tests.data.mutants import DAMAGE, damaged
from tests.data.mutating import Case, cases, fuzz

pytest.importorskip("yaml")
COUNT = 1_500
TEXT = b"".join(b"line %d of a table\n" % number for number in range(20))


def test_every_damaged_table_ends_in_a_result_or_a_named_error(tmp_path) -> None:
    outcome = fuzz(COUNT, 7, tmp_path)
    assert [(failure.case, failure.number, failure.what) for failure in outcome.failures] == []
    assert sum(outcome.results.values()) == COUNT
    assert set(outcome.results) == {"loaded", "DataError with a line", "DataError without a line"}
    assert set(outcome.by_case) == {case.name for case in cases()}


def test_undamaged_files_load(tmp_path) -> None:
    for case in cases():
        for path, content in case.files.items():
            (tmp_path / case.name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / case.name / path).write_bytes(content)
        assert case.run(tmp_path / case.name), case.name


def misbehaving(how: object) -> tuple[Case, ...]:
    """A loader of lines that does `how` at the first damaged line."""

    def run(folder: Path) -> list[str]:
        path = folder / "lines.txt"
        texts = [text for _, text in read_lines(path)]
        if "\n".join(texts) != TEXT.decode().strip():
            how(path)  # type: ignore[operator]
        return texts

    return (Case("lines", {"lines.txt": TEXT}, run),)


def unnamed(_: Path) -> None:
    raise DataError("Something is wrong.", "Correct it.")


def missing(path: Path) -> None:
    raise MissingDataError(f"{path} is not there.", "Bring it.")


def unprintable(path: Path) -> None:
    fail(path, 1, "a\tb")


@pytest.mark.parametrize(
    ("how", "what"),
    [
        (lambda path: {}["key"], "BUG: KeyError"),
        (lambda path: path.read_text("ascii") and 1 / 0, "BUG: (ZeroDivisionError|UnicodeDecodeError)"),
        (unnamed, "BUG: the file is not named"),
        (missing, "BUG: MissingDataError"),
        (unprintable, "BUG: the message cannot be printed"),
        (lambda path: fail(path, None, "this is no CSV: a quote."), "BUG: there is no line"),
        (lambda path: fail(path, 500_000, "this is wrong."), "BUG: the file has no such line"),
        (lambda path: fail(path, 1, "wrong " * 100), "BUG: the message is too long"),
    ],
)
def test_a_loader_that_misbehaves_is_found(tmp_path, how, what) -> None:
    outcome = fuzz(60, 0, tmp_path, known=misbehaving(how))
    found = outcome.failures
    assert len(found) > 20
    for failure in found:
        assert re.match(what, failure.what), failure.what
    again = fuzz(1, 0, tmp_path, first=found[-1].number, known=misbehaving(how))
    assert [(failure.number, failure.content) for failure in again.failures] == [(found[-1].number, found[-1].content)]


def test_a_loader_that_behaves_is_not_blamed(tmp_path) -> None:
    outcome = fuzz(60, 0, tmp_path, known=misbehaving(lambda path: fail(path, 3, "this line was changed.")))
    assert outcome.failures == []


def test_damage_is_a_function_of_the_seed_and_never_nothing() -> None:
    made = [damaged(TEXT, np.random.default_rng([3, number])) for number in range(400)]
    assert made == [damaged(TEXT, np.random.default_rng([3, number])) for number in range(400)]
    assert TEXT not in made
    assert len(set(made)) > 360


@pytest.mark.parametrize("kind", DAMAGE, ids=lambda kind: kind.__name__)
def test_every_kind_of_damage_takes_every_content(kind) -> None:
    for number in range(30):
        for content in (b"", b"x", TEXT, b"\xff\xfe\0"):
            data = bytearray(content)
            kind(data, np.random.default_rng(number))
            assert isinstance(data, bytearray)
