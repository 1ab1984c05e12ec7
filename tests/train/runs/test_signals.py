"""Ctrl-C and SIGTERM while training: the first is a wish, the second an end; before training has begun, the first is."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from hearken.train.runs.signals import Stop, stopping

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_is_a_wish_the_second_an_end(number: signal.Signals, capfd: pytest.CaptureFixture[str]) -> None:
    with stopping() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
        assert stop.signal == number
        assert "Stopping after this step" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.signal == signal.SIGTERM


def test_before_anybody_asks_there_is_nothing_to_wait_for() -> None:
    with stopping() as stop:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.signal == signal.SIGTERM


def test_what_an_import_makes_of_an_interruption_is_one_again() -> None:
    def load() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise ImportError("initialization failed") from error  # as modules do that are written with pybind11

    with stopping() as stop:
        with pytest.raises(KeyboardInterrupt), stop.ending():
            load()
        assert stop.signal == signal.SIGTERM


def test_other_errors_stay_what_they_are() -> None:
    with stopping(quiet=True) as stop:
        stop()
        os.kill(os.getpid(), signal.SIGTERM)  # a wish, which interrupts nothing
        with pytest.raises(ImportError, match="of its own"), stop.ending():
            raise ImportError("of its own")


def test_handlers_are_put_back(capfd: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    def fail() -> None:
        with stopping():
            assert signal.getsignal(signal.SIGTERM) != before[1]
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        fail()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    with stopping(quiet=True) as stop:
        stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
    assert capfd.readouterr().err == ""
    with stopping() as stop:
        stop()
        stop.hush()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
    assert capfd.readouterr().err == ""


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stopping() as stop:
            stop()
            os.kill(os.getpid(), signal.SIGINT)
            assert not stop()
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_gets_no_signals() -> None:
    seen: list[Stop] = []

    def work() -> None:
        with stopping() as stop:
            seen.append(stop)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not seen[0]()
