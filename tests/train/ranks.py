"""Several processes that train together, on this machine: each calls one function of a test module with its rank."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_CODE = """
import datetime, importlib, json, os, sys
import torch
from torch import distributed
torch.set_num_threads(1)
distributed.init_process_group("gloo", timeout=datetime.timedelta(seconds=60))
module, name = sys.argv[1].split(":")
result = getattr(importlib.import_module(module), name)(distributed.get_rank(), *json.loads(sys.argv[2]))
distributed.barrier()
distributed.destroy_process_group()
print("RESULT " + json.dumps(result))
"""


def together(function: str, *arguments: Any, num: int = 2) -> list[Any]:
    """Call `module:name` with (rank, *arguments) in `num` processes that know each other; return what each returned (plain values)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(num), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _CODE, function, json.dumps(arguments)], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(num)
    ]  # fmt: skip
    results = []
    for process in processes:
        out, error = process.communicate(timeout=180)
        assert process.returncode == 0, error
        results.append(json.loads(out.rsplit("RESULT ", 1)[1]))
    return results
