"""Processes and devices: one CPU, one GPU, or many on several machines, through Lightning Fabric.

Fabric starts the processes (or finds those that torchrun, SLURM or MPI have started), chooses the device and carries messages. The
loop itself stays plain PyTorch: what goes between processes is in `gather.py`.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from datetime import timedelta
from typing import Any

from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import distributed

from hearken.errors import InputError

_PATIENCE = timedelta(hours=2)  # the first process alone validates, and the others wait for it
_LOOK_S = 2.0
_ACCELERATORS = ("auto", "cpu", "cuda", "mps")


def make_fabric(*, devices: int = 1, nodes: int = 1, accelerator: str = "auto") -> Fabric:
    """Return the processes of a run, started: `devices` on each of `nodes` machines; on a CPU a device is a process.

    With more than one device, `launch` runs the program again in further processes, which then come here as well. Raises InputError
    for numbers below 1, an unknown `accelerator`, and devices that are not there.
    """
    if devices < 1 or nodes < 1 or accelerator not in _ACCELERATORS:
        raise InputError(
            f"There is no training on {devices} devices of {nodes} machines with {accelerator!r}.", f"One of {', '.join(_ACCELERATORS)}."
        )
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    strategy: Any = DDPStrategy(timeout=_PATIENCE) if devices * nodes > 1 else "auto"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice to a user of Fabric, such as that a GPU is there and not used
        try:
            fabric = Fabric(accelerator=accelerator, devices=devices, num_nodes=nodes, strategy=strategy)
            fabric.launch()
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"Training cannot start on {devices} devices ({accelerator}) of each of {nodes} machines: {error}",
                "Try another --accelerator, such as auto or cpu, or fewer --devices.",
            ) from error
    if fabric.local_rank:
        end_with_parent()
    return fabric


def end_with_parent() -> None:
    """End this process as soon as the one that started it is no more.

    A process that waits for others finds out at once with gloo that one has died, and with NCCL after hours. That one of those that
    it has started has died, Fabric notices in the first.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, name="hearken-parent", daemon=True).start()


def part() -> None:
    """Leave the other processes, at the end of a run that all have seen through."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
