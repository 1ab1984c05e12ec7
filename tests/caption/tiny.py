"""A captioner small enough to be worked out by hand, as a folder: 'a dog barks' where the first number heard is large, else 'rain falls'."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

WORDS = ("<sos>", "<eos>", "<pad>", "a", "dog", "barks", "rain", "falls")
MODEL_DIGEST = "d" * 64
DIM = 2
_NEXT = {"<sos>": ("a", "rain"), "a": ("dog",), "dog": ("barks",), "barks": ("<eos>",), "rain": ("falls",), "falls": ("<eos>",)}


def write_captioner(folder: Path, *, name: str = "tiny", dim: int = DIM, **changes: Any) -> Path:
    """Write the captioner to `folder` and return that; `changes` replace keys of its configuration."""
    folder.mkdir(parents=True)
    files = {"decoder.onnx": decoder(dim), "vocabulary.json": json.dumps({"kind": "words", "words": WORDS}).encode()}
    return write_folder(folder, files, name=name, dim=dim, **changes)


def write_folder(folder: Path, contents: dict[str, bytes], **changes: Any) -> Path:
    """Write a captioner's files, their `contents`, and its configuration to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for each, content in contents.items():
        (folder / each).write_bytes(content)
    config = {
        "format": 1, "kind": "captioner", "name": "tiny", "summary": "a test's", "licence": "none", "model_digest": MODEL_DIGEST, "dim": DIM,
        "max_places": 17, "decoding": {"beam": 2, "max_tokens": 6}, "files": {each: hashlib.sha256(content).hexdigest() for each, content in contents.items()},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps({**config, **changes}), encoding="utf-8")
    return folder


def decoder(dim: int = DIM) -> bytes:
    """Return a network: logits are a table by the last word, and the mean of the first number heard (where not padded) for 'a'."""
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    table = np.full((len(WORDS), len(WORDS)), -4.0, np.float32)
    for word, following in _NEXT.items():
        for each in following:
            table[WORDS.index(word), WORDS.index(each)] = 0.0
    weights = np.zeros((dim, len(WORDS)), np.float32)
    weights[0, WORDS.index("a")] = 2.0
    values = {
        "table": table,
        "weights": weights,
        "last": np.int64(-1),
        "axis_1": np.array([1], np.int64),
        "axis_2": np.array([2], np.int64),
    }
    steps = (
        ("Gather", ("tokens", "last"), "word", {"axis": 1}), ("Gather", ("table", "word"), "bigram", {"axis": 0}), ("Not", ("padding",), "there", {}),
        ("Cast", ("there",), "share", {"to": 1}), ("Unsqueeze", ("share", "axis_2"), "mask", {}), ("Mul", ("heard", "mask"), "kept", {}),
        ("ReduceSum", ("kept", "axis_1"), "total", {"keepdims": 0}), ("ReduceSum", ("share", "axis_1"), "count", {"keepdims": 1}),
        ("Div", ("total", "count"), "mean", {}), ("MatMul", ("mean", "weights"), "pull", {}), ("Add", ("bigram", "pull"), "logits", {}),
        ("LogSoftmax", ("logits",), "log_probabilities", {"axis": -1}),
    )  # fmt: skip
    graph = helper.make_graph(
        [helper.make_node(kind, list(inputs), [out], **options) for kind, inputs, out, options in steps],
        "tiny",
        [
            helper.make_tensor_value_info("heard", 1, ["B", "S", dim]),
            helper.make_tensor_value_info("padding", 9, ["B", "S"]),
            helper.make_tensor_value_info("tokens", 7, ["B", "W"]),
        ],
        [helper.make_tensor_value_info("log_probabilities", 1, ["B", len(WORDS)])],
        [numpy_helper.from_array(np.asarray(value), each) for each, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
