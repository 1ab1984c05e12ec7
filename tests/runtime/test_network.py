"""One way to start a network, and its errors as sentences."""

from pathlib import Path

import pytest

from hearken.errors import ModelError
from hearken.runtime.catalog import find_model
from hearken.runtime.network import reason, refusals, start


def test_a_network_runs_on_one_thread() -> None:
    network = start((Path(find_model("pocket")) / "audio_head.onnx").read_bytes(), "audio_head.onnx")
    options = network.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert network.get_providers() == ["CPUExecutionProvider"]
    assert [each.name for each in network.get_inputs()] == ["pooled", "slope"]


@pytest.mark.parametrize("graph", [b"", b"no graph at all", "/nowhere/there-is-none.onnx"])
def test_what_is_no_network_is_refused_by_name(graph: bytes | str) -> None:
    with pytest.raises(ModelError, match=r"ONNX Runtime \S+ cannot run mine\.onnx: .+") as caught:
        start(graph, "mine.onnx")
    assert isinstance(caught.value.__cause__, refusals())


def test_the_reason_is_one_printable_line() -> None:
    assert reason(ValueError("\n bad\x1b[31m input \nand more")) == "bad\\x1b[31m input "
    assert reason(ValueError("")) == "ValueError"
