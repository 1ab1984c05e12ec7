"""Freed memory stays with the process, where the C library can be told so."""

from __future__ import annotations

import ctypes
import sys

import pytest

from hearken.train import memory
from tests.processes import run_python

SECOND_TIME = """
import resource
import numpy as np
from hearken.train.memory import keep_memory
def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(12_000_000)  # 96 MB, more than glibc keeps by itself
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
pages()
plain = pages()
kept = keep_memory()
pages()
print(kept, plain, pages())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux'")
def test_memory_of_a_freed_array_is_not_asked_for_again() -> None:
    if not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
        pytest.skip("another C library")
    done = run_python(SECOND_TIME)
    kept, plain, later = done.stdout.split()
    assert kept == "True", done.stderr
    assert int(later) < 100 < int(plain)


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: object())
    assert not memory.keep_memory()
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    assert not memory.keep_memory()
