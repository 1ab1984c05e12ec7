"""Several processes that train together, on this machine: each calls one function of a test module with its rank."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_CODE = """
import datetime, importlib, json, os, sys
import torch
from torch import distributed
torch.set_num_threads(1)
rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
meeting = "file://" + sys.argv[3]
distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=size, timeout=datetime.timedelta(seconds=120))
module, name = sys.argv[1].split(":")
result = getattr(importlib.import_module(module), name)(rank, *json.loads(sys.argv[2]))
distributed.barrier()
distributed.destroy_process_group()
print("RESULT " + json.dumps(result))
"""


def together(function: str, *arguments: Any, num: int = 2) -> list[Any]:
    """Call `module:name` with (rank, *arguments) in `num` processes that know each other; return what each returned (plain values)."""
    common = {"WORLD_SIZE": str(num), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory(prefix="hearken-ranks-") as place:  # they meet in a file: a free port may be taken by another
        command = [sys.executable, "-c", _CODE, function, json.dumps(arguments), str(Path(place, "meeting"))]
        processes = [
            subprocess.Popen(
                command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            )
            for rank in range(num)
        ]  # fmt: skip
        done = [(*process.communicate(timeout=300), process.returncode) for process in processes]
    results = []
    for out, error, code in done:
        assert code == 0, error
        results.append(json.loads(out.rsplit("RESULT ", 1)[1]))
    return results
