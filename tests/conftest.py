"""What all tests need, in each of the processes that share them out."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported that computes: see to its threads, that Ctrl-C works, and that no busy machine fails an example.

    The models of the tests are small: a second thread of PyTorch makes nothing quicker, and on a busy machine the two wait for each
    other, spinning, which made some tests take ten times as long. A shell that starts a command in the background has it ignore
    SIGINT, and so would all that the tests start.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in ("COLUMNS", "LINES"):  # which readline, imported by pytest, hands on to the processes that share the tests out
        os.environ.pop(name, None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("hearken", settings.default, deadline=None)
    settings.load_profile("hearken")
