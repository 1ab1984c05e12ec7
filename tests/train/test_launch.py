"""Processes and devices."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from hearken.errors import InputError
from hearken.train.launch import make_fabric
from tests.processes import ROOT, run_python


def test_one_process_on_the_cpu() -> None:
    fabric = make_fabric(accelerator="cpu")
    assert (fabric.world_size, fabric.global_rank, fabric.device.type) == (1, 0, "cpu")
    assert fabric.is_global_zero


@pytest.mark.parametrize("options", [{"devices": 0}, {"nodes": 0}, {"accelerator": "abacus"}])
def test_impossible_wishes_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError, match="no training on"):
        make_fabric(**options)  # type: ignore[arg-type]


def test_a_device_that_is_not_there_is_refused() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(InputError, match="cannot start"):
        make_fabric(accelerator="cuda")


_PARENT = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid)
"""
_CHILD = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from hearken.train.launch import end_with_parent
end_with_parent()
print("ready", flush=True)
time.sleep(120)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc; on Windows a process does not learn that its parent has gone")
def test_fault_T9_a_process_ends_with_the_one_that_started_it() -> None:
    child = int(run_python(_PARENT, _CHILD).stdout)
    until = time.monotonic() + 30
    while is_there(child) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_there(child)


def is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
