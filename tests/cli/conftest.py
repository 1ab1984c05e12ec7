"""A stand-in for `hearken.Library`, explicit and small: it remembers how it was called and answers what a test set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

from hearken.cli.main import run
from hearken.library.index import IndexEvent, IndexReport
from hearken.library.records import CaptionerCount, LibraryStats, ModelRecord
from hearken.search.doctor import Check, DoctorReport
from hearken.search.library import LibraryInfo
from hearken.search.wording import Understood, understand
from hearken.types import Failure, Hit

REPORT = IndexReport(10, 4, 2, 1, 1, 3, 1, 1, 90.0, 2.0)
HOSTILE = "/s/[red]x\x1b[31m\udce9.wav"


class Result(NamedTuple):
    """What one run of the program came to."""

    code: int
    out: str
    err: str


@dataclass
class Answers:
    """What the fake library answers, and the calls that it got."""

    hits: list[Hit] = field(
        default_factory=lambda: [Hit("/s/rain.wav", 1.0, 6.0, 0.5, 62.0, ("/s/rain2.wav",)), Hit(HOSTILE, 0.0, 2.0, 0.25, 2.0)]
    )
    report: IndexReport = REPORT
    failures: list[Failure] = field(default_factory=list)
    checks: tuple[Check, ...] = (Check("library", "ok"), Check("sounds", "warning", ("2 files are not there now.",), "Connect the disk."))
    error: BaseException | None = None
    num_files: int = 10
    captioners: tuple[CaptionerCount, ...] = ()
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)
    closed: int = 0


class FakeLibrary:
    """Has the methods of `hearken.Library` that the commands use."""

    answers: Answers

    def __init__(self, path: Path | None = None, model: str | None = None) -> None:
        self._note("Library", path, model=model)
        self.path = path or Path("/default/library")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.answers.closed += 1

    def _note(self, name: str, *args: Any, **options: Any) -> None:
        self.answers.calls.append((name, args, options))
        if self.answers.error and name != "Library":
            raise self.answers.error

    def index(
        self, folders: list[str], *, jobs: int | None, retry_failed: bool, captions: bool, on_event: Callable[[IndexEvent], None]
    ) -> IndexReport:
        on_event(IndexEvent("scan", 10, 0, 0.0, 0.0, 0))
        on_event(IndexEvent("embed", 3, 10, 45.0, 30.0, 1, "/s/a.wav"))
        self._note("index", folders, jobs=jobs, retry_failed=retry_failed, captions=captions)
        return self.answers.report

    def search(self, text: str, k: int = 10, **options: Any) -> list[Hit]:
        self._note("search", text, k=k, **options)
        return self.answers.hits[:k]

    def understand(self, text: str) -> Understood:
        return understand(text)

    def similar(self, sound: Path, k: int = 10, **options: Any) -> list[Hit]:
        self._note("similar", sound, k=k, **options)
        return self.answers.hits[:k]

    def info(self) -> LibraryInfo:
        self._note("info")
        stats = LibraryStats(
            self.answers.num_files,
            9,
            40,
            5_400.0,
            len(self.answers.failures),
            0,
            1_500_000,
            {"wav": 7, "flac": 3},
            ("/s", HOSTILE),
            self.answers.captioners,
        )
        return LibraryInfo(str(self.path), ModelRecord("pocket", "0123456789abcdef" * 4, 384), stats, 2_000)

    def failures(self) -> list[Failure]:
        return self.answers.failures

    def remove(self, folder: str) -> int:
        self._note("remove", folder)
        return 0 if "unknown" in folder else 3

    def doctor(self, *, repair: bool) -> DoctorReport:
        self._note("doctor", repair=repair)
        return DoctorReport(str(self.path), self.answers.checks, {"python": "3.11.7", "av": "absent"})


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Put the fake in the place of `Library`; the result sets its answers and shows its calls."""
    FakeLibrary.answers = Answers()
    monkeypatch.setattr("hearken.search.library.Library", FakeLibrary)
    return FakeLibrary.answers


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the program with arguments, in this process."""
    monkeypatch.delenv("HEARKEN_DEBUG", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as leaving:
            run(list(arguments))
        printed = capsys.readouterr()
        code = leaving.value.code
        return Result(code if isinstance(code, int) else int(code is not None), printed.out, printed.err)

    return call
