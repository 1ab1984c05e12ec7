"""Start an ONNX network as every part of Hearken runs one: on one thread of the CPU, with the same bits each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearken.errors import ModelError, show

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_REFUSALS = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NotImplemented", "RuntimeException")


def start(graph: bytes | str, where: str) -> InferenceSession:
    """Return the network of `graph`, its bytes or the path of a large one; `where` is its name for messages.

    Raises ModelError for a graph that this ONNX Runtime cannot run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except refusals() as error:
        message = f"ONNX Runtime {onnxruntime.__version__} cannot run {where}: {reason(error)}"
        raise ModelError(message, "A newer onnxruntime may be able to.") from error


def refusals() -> tuple[type[Exception], ...]:
    """Return the errors that ONNX Runtime raises; it has no common one."""
    from onnxruntime.capi import onnxruntime_pybind11_state as states

    return tuple(getattr(states, kind) for kind in _REFUSALS)


def reason(error: Exception) -> str:
    """Return the first line of what ONNX Runtime says, printable; the kind of error where it says nothing."""
    return show(next(iter(str(error).strip().splitlines()), type(error).__name__))
