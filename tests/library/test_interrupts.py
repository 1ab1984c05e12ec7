from __future__ import annotations

import os
import signal
import threading

import pytest

from hearken.library.interrupts import set_when_interrupted


@pytest.fixture(autouse=True)
def _handler_is_put_back() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_the_flag_is_set_before_anybody_hears_of_it() -> None:
    flag, seen = threading.Event(), []

    def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            seen.append(flag.is_set())

    with pytest.raises(KeyboardInterrupt), set_when_interrupted(flag):
        work()
    assert seen == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_raises_nothing_interrupts_nothing() -> None:
    calls: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: calls.append(number))
    flag = threading.Event()
    with set_when_interrupted(flag):
        signal.raise_signal(signal.SIGINT)
    assert (calls, flag.is_set()) == ([signal.SIGINT], False)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_other_threads_and_ignored_signals_are_left_alone() -> None:
    def work() -> None:
        with set_when_interrupted(threading.Event()):
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with set_when_interrupted(threading.Event()):
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        if os.name == "posix":
            signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
