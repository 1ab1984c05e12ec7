from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hearken.errors import LockedError, MissingExtraError
from hearken.library.index import IndexReport
from hearken.search import following
from hearken.search.following import Follower, Step

REPORT = IndexReport(1, 1, 0, 0, 0, 0, 0, 0, 1.0, 1.0)


class Log:
    """What a follower did, and a way to stop it."""

    def __init__(self) -> None:
        self.indexed: list[list[str]] = []
        self.steps: list[Step] = []
        self.stopping = False
        self.fail: list[Exception] = []

    def index(self, roots: Sequence[str]) -> IndexReport:
        if self.fail:
            raise self.fail.pop()
        self.indexed.append([os.path.basename(root) for root in roots])
        return REPORT

    def clock(self) -> float:
        if self.stopping:
            raise KeyboardInterrupt
        return time.monotonic()

    def states(self) -> list[str]:
        return [step.state for step in self.steps]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def follow(tmp_path: Path, log: Log):
    threads = []

    def start(*names: str, **options: object) -> None:
        roots = [str(tmp_path / name) for name in names]
        for root in roots:
            os.makedirs(root, exist_ok=True)
        follower = Follower(roots, log.index, log.steps.append, settle_s=0.3, clock=log.clock, **options)  # type: ignore[arg-type]

        def run() -> None:
            with pytest.raises(KeyboardInterrupt):
                follower.run()

        threads.append(threading.Thread(target=run))
        threads[-1].start()
        wait_for(lambda: bool(log.indexed))
        time.sleep(0.7)  # the system needs a moment to begin to tell

    yield start
    log.stopping = True
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_new_files_are_followed_in_their_root_alone(tmp_path: Path, log: Log, follow) -> None:
    follow("a", "b")
    assert log.indexed == [["a", "b"]]
    (tmp_path / "b" / "x.wav").write_bytes(b"1")
    wait_for(lambda: len(log.indexed) == 2)
    assert log.indexed[1] == ["b"]
    (tmp_path / "b" / "x.pdf").write_bytes(b"1")
    time.sleep(1.5)
    assert len(log.indexed) == 2


def test_where_the_system_does_not_tell_folders_are_looked_through(tmp_path: Path, log: Log, follow) -> None:
    follow("a", always_poll=True, poll_s=0.2)
    assert log.states() == ["indexed", "polling"]
    (tmp_path / "a" / "x.wav").write_bytes(b"1")
    wait_for(lambda: len(log.indexed) == 2)
    (tmp_path / "a" / "x.wav").unlink()
    wait_for(lambda: len(log.indexed) == 3)


def test_a_root_that_goes_away_and_comes_back(tmp_path: Path, log: Log, follow) -> None:
    follow("a", poll_s=0.2)
    (tmp_path / "a").rename(tmp_path / "off")
    wait_for(lambda: "away" in log.states())
    (tmp_path / "off").rename(tmp_path / "a")
    wait_for(lambda: "back" in log.states())
    count = len(log.indexed)
    wait_for(lambda: len(log.indexed) > count)
    (tmp_path / "a" / "late.wav").write_bytes(b"1")
    wait_for(lambda: len(log.indexed) > count + 1)


def test_a_locked_library_is_waited_for_and_told_once(log: Log, follow) -> None:
    log.fail = [LockedError("Another process is writing."), LockedError("Another process is writing.")]
    follow("a", poll_s=0.1)
    assert log.states() == ["waiting", "indexed"]
    assert log.steps[0].message == "Another process is writing."


def test_too_many_folders_for_the_system_are_looked_through(tmp_path: Path, log: Log, follow, monkeypatch: pytest.MonkeyPatch) -> None:
    import watchfiles

    def refuse(*paths: str, **options: object) -> None:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    follow("a", poll_s=0.2)
    assert "polling" in log.states()
    (tmp_path / "a" / "x.wav").write_bytes(b"1")
    wait_for(lambda: len(log.indexed) == 2)


def test_network_disks_are_known_by_their_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sda1 / ext4 rw 0 0\nnas:/x /mnt/my\\040nas nfs4 rw 0 0\n/dev/sdb /mnt/my\\040nas/disk ext4 rw 0 0\n")
    real = open
    monkeypatch.setattr("builtins.open", lambda path, *args, **kw: real(mounts if path == "/proc/self/mounts" else path, *args, **kw))
    monkeypatch.setattr(following.sys, "platform", "linux")
    assert following._is_network("/mnt/my nas/sounds")
    assert not following._is_network("/mnt/my nas/disk/sounds")
    assert not following._is_network("/home/me")


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "watchfiles", None)
    with pytest.raises(MissingExtraError) as caught:
        Follower(["/s"], Log().index, Log().steps.append).run()
    assert "[serve]" in caught.value.hint


def test_it_can_end_after_some_ticks(tmp_path: Path, log: Log) -> None:
    Follower([str(tmp_path)], log.index, log.steps.append, always_poll=True, poll_s=0.05).run(max_ticks=2)
    assert log.states() == ["indexed", "polling"]
