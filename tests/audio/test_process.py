import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from hearken.audio.process import ChildDiedError, ChildProcess, Watchdog, _module_path, _verdict

MISBEHAVING = "tests.audio.misbehaving"


def test_watchdog_bites_once_when_a_stretch_lasts_too_long():
    bites = []
    bitten = threading.Event()
    dog = Watchdog(lambda: (bites.append(1), bitten.set()))
    with dog.watching(0.05):
        assert bitten.wait(30)
        time.sleep(0.2)
    dog.end()
    assert bites == [1]
    assert dog.has_bitten


def test_watchdog_lets_short_stretches_pass_however_many():
    dog = Watchdog(lambda: None)
    for _ in range(50):
        with dog.watching(20):
            time.sleep(0.001)
    dog.end()
    assert not dog.has_bitten
    assert not dog._thread.is_alive()


def test_watchdog_does_not_charge_for_time_between_stretches():
    dog = Watchdog(lambda: None)
    with dog.watching(2.0):
        pass
    time.sleep(0.3)
    with dog.watching(2.0):
        time.sleep(0.01)
    dog.end()
    assert not dog.has_bitten


def test_watchdog_counts_a_stopped_clock_as_two_ticks_at_most(monkeypatch: pytest.MonkeyPatch):
    """After Ctrl-Z and fg, or a night's sleep of the laptop, hours have passed within one tick."""
    dog = Watchdog(lambda: None)
    dog.end()
    clock = iter(range(0, 36_000, 3_600))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(clock)))
    dog._left_s, dog._tick_s, dog._is_fresh = 30.0, 0.01, False
    with dog._state:
        dog._tick()
    assert dog._left_s == pytest.approx(30.0 - 0.02)
    assert not dog.has_bitten


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGSEGV, "crashed with SIGSEGV"),
        (-signal.SIGABRT, "crashed with SIGABRT"),
        (-signal.SIGKILL, "want of memory"),
        (3, "ended by itself with status 3"),
        (None, "sent what is no answer (odd)"),
    ],
)
def test_verdict_names_the_cause(code: int | None, words: str):
    assert words in _verdict(code, ValueError("odd"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no CPU limit by signal")
def test_verdict_names_the_cpu_limit():
    assert _verdict(-signal.SIGXCPU, OSError()) == "used up its CPU time"


def test_a_child_never_looks_for_modules_in_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", ".", *sys.path])
    assert "" not in _module_path().split(":")
    assert str(tmp_path) not in _module_path()


def test_stop_leaves_no_process_thread_or_pipe():
    threads = set(threading.enumerate())
    child = ChildProcess(MISBEHAVING, [])
    child.greet({"memory_mb": 2000, "cpu_s": 30, "open_files": 64}, 60)
    child.stop()
    child.stop()
    assert not child.is_alive()
    assert set(threading.enumerate()) == threads
    assert child._stdin.closed
    assert child._stdout.closed
    assert child._stderr.closed


def test_talking_to_a_stopped_child_is_a_named_error():
    child = ChildProcess(MISBEHAVING, [])
    child.stop()
    with pytest.raises(ChildDiedError):
        child.send({}, 5)
