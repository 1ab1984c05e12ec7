"""*pocket* as weights that can be trained on: read back out of the graphs that it is shipped as.

The graphs say by their nodes what each number is for, and by names only some of it: PyTorch's exporter multiplied the batch norms
into the convolutions and turned matrices around, and what it made that way has names like `onnx::MatMul_331`. So convolutions and
linear layers of the audio side are taken in the order in which they run; matrices of the text side by the bias that is added to
their product, but for those of its projection, which may have none. Matrices in 8 bits become the float numbers that they stand for.
Models that `hearken export` made of such a model are read as well, in 8 bits or not.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from hearken.errors import DigestError, ModelError, show
from hearken.models.config import AudioConfig, DualConfig, TemperatureConfig, TextConfig
from hearken.models.dual import DualEncoder
from hearken.models.text_table import TEXT_ENCODERS
from hearken.models.weights import load_strict
from hearken.text.normalize import TextPolicy

TEXT = "all-minilm-l6-v2"
TEMPERATURE = 0.05
"""The one that `recipes/train_pocket.py` divides cosines by."""
_TEXT_PREFIX = re.compile(r"^(?:text|encoder)\.transformer\.")
_SENSE = re.compile(r"^(?:text|projection)\.sense\.(?=weight$|bias$)")
_QUANTIZED, _HALF = "_quantized", "_half"
_REINSTALL = "Install Hearken again."


def load_pocket() -> DualEncoder:
    """Return *pocket* itself, out of the package, in evaluation mode. Raises ModelError, and DigestError where a file of it is damaged."""
    folder = Path(__file__).parents[1] / "assets" / "pocket"
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        for name, wanted in config["files"].items():
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                    raise DigestError(
                        f"The model file {show(folder / name)} is damaged: its SHA-256 is not the one in config.json.", _REINSTALL
                    )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model in {show(folder)} cannot be read: {error}.", _REINSTALL) from error
    return read_pocket(folder, config)


def read_pocket(folder: Path, config: Mapping[str, Any]) -> DualEncoder:
    """Return the dual encoder of an exported model of pocket's form, in evaluation mode; `config` is that of the folder, read.

    Its sound side computes what the graphs compute. The text side's matrices are those of the graph; where that is in 8 bits, it
    rounds its activations too, which the dual encoder does not. Raises ModelError for a model of another form.
    """
    from tokenizers import Tokenizer

    hears_slope = "slope" in config.get("head_inputs", ())
    words = _Graph(folder / "text.onnx")
    tells_order = any(_SENSE.match(name) for name in words.names())
    audio = AudioConfig("pocket", {"hears_slope": True} if hears_slope else {})
    policy = TextPolicy(**config.get("text_policy", {"max_tokens": config["max_query_tokens"]}))
    text = TextConfig(TEXT, {**TEXT_ENCODERS[TEXT].architecture}, "mean_and_slope" if tells_order else "mean", policy)
    projection = f"{'turned_tags' if hears_slope else 'tags'}+{'turned' if tells_order else 'linear'}"
    dual_config = DualConfig(audio, text, projection, int(config["dim"]), TemperatureConfig("fixed", TEMPERATURE))
    dual = DualEncoder(dual_config, Tokenizer.from_file(str(folder / "tokenizer.json")))
    state = dual.state_dict()  # the temperature stays
    try:
        state |= _features(_Graph(folder / "audio_frames.onnx"), dual.audio.encoder)
        state |= _head(_Graph(folder / "audio_head.onnx"), hears_slope=hears_slope)
        state |= _text(words) | (_turned(words) if tells_order else _linear(words, dual.dim))
        load_strict(dual, state, str(folder))
    except ModelError as error:
        message = f"The model in {show(folder)} is not built like pocket, so its weights cannot be read back out of it: {error.message}"
        raise ModelError(message, "Give the folder of weights that it was exported from.") from error
    return dual.eval()


class _Graph:
    """The nodes of an ONNX file and its constant arrays, floats where they are stored in 8 or 16 bits."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(path).graph
        self.nodes = list(graph.node)
        self._arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.readers: dict[str, list[Any]] = {}
        for node in self.nodes:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)

    def names(self) -> Iterator[str]:
        """Yield the names of the arrays as they were before they were rounded to 8 or 16 bits."""
        for name in self._arrays:
            if not name.endswith(("_scale", "_zero_point")):
                yield name.removesuffix(_QUANTIZED).removesuffix(_HALF)

    def array(self, name: str) -> Tensor | None:
        """Return the array `name`, as floats; None where there is none."""
        name = name.removesuffix(_QUANTIZED)
        if name in self._arrays:
            return torch.from_numpy(np.array(self._arrays[name]))
        if name + _HALF in self._arrays:  # see `export/compact.py`
            return torch.from_numpy(self._arrays[name + _HALF].astype(np.float32))
        if name + _QUANTIZED not in self._arrays:
            return None
        scale, zero = (np.array(self._arrays.get(f"{name}_{part}", 0), np.float32) for part in ("scale", "zero_point"))
        return torch.from_numpy((self._arrays[name + _QUANTIZED].astype(np.float32) - zero) * scale)

    def of(self, *kinds: str) -> list[list[Tensor]]:
        """Return the arrays that each node of these kinds uses, in the order in which they run; nodes without any are left out."""
        used = ([self.array(name) for name in node.input] for node in self.nodes if node.op_type in kinds)
        return [found for arrays in used if (found := [array for array in arrays if array is not None])]


def _features(graph: _Graph, encoder: nn.Module) -> dict[str, Tensor]:
    """Weights of the audio encoder by name: its modules stand in the order in which they run."""
    state: dict[str, Tensor] = {}
    for kind, nodes in ((nn.Conv2d, graph.of("Conv")), (nn.Linear, graph.of("Gemm"))):
        names = [name for name, module in encoder.named_modules() if isinstance(module, kind)]
        if len(names) != len(nodes) or any(len(arrays) != 2 for arrays in nodes):
            raise ModelError(f"its audio side has {len(nodes)} layers of the kind {kind.__name__}, not {len(names)}.")
        for name, (weight, bias) in zip(names, nodes, strict=True):
            state |= {f"audio.encoder.{name}.weight": weight, f"audio.encoder.{name}.bias": bias}
    return state


def _head(graph: _Graph, *, hears_slope: bool) -> dict[str, Tensor]:
    layers, matrices = graph.of("Gemm"), graph.of("MatMul")
    if [len(arrays) for arrays in [*layers, *matrices]] != [2, 2, 1, 1] + hears_slope * [1]:
        raise ModelError("its audio head is no bridge of tags.")
    (bridge,), *others = matrices
    names = ("hidden.weight", "hidden.bias", "tags.weight", "tags.bias", "bridge", "residual.weight", "turn.weight")
    values = (*layers[0], *layers[1], bridge, *(matrix.T for (matrix,) in others))
    return {f"audio_projection.{name}": value for name, value in zip(names, values, strict=False)}


def _text(graph: _Graph) -> dict[str, Tensor]:
    """Weights of the text encoder. A matrix is named by the bias that its product meets."""
    arrays = ((name, graph.array(name)) for name in graph.names() if _TEXT_PREFIX.match(name))
    state = {_TEXT_PREFIX.sub("text.transformer.", name): array for name, array in arrays if array is not None}
    for weight, bias in _products(graph):
        if _TEXT_PREFIX.match(bias):
            state[_TEXT_PREFIX.sub("text.transformer.", bias).removesuffix("bias") + "weight"] = weight
    return state


def _linear(graph: _Graph, dim: int) -> dict[str, Tensor]:
    """The projection of a pocket that tells no order: the product outside the text encoder, with a bias or without."""
    state = {"bias": torch.zeros(dim)}
    for weight, bias in _products(graph):
        if not _TEXT_PREFIX.match(bias):
            found = graph.array(bias)
            state |= {"weight": weight} | ({} if found is None else {"bias": found})
    return {f"text_projection.{name}": array for name, array in state.items()}


def _turned(graph: _Graph) -> dict[str, Tensor]:
    """The projection of a pocket that tells order: of the products outside the text encoder the last is the turn. The sense kept its names."""
    senses = ((name, graph.array(name)) for name in graph.names() if _SENSE.match(name))
    state = {_SENSE.sub("text_projection.sense.", name): array for name, array in senses if array is not None}
    state |= {name: array.reshape(1, -1) for name, array in state.items() if name.endswith("weight")}  # whichever way it lay
    matrices = [weight for weight, bias in _products(graph) if not _TEXT_PREFIX.match(bias) and not _SENSE.match(bias)]
    if len(matrices) < 2:
        raise ModelError("its text side has a sense of order, but nothing that it turns.")
    return state | {"text_projection.content.weight": matrices[0], "text_projection.turn.weight": matrices[-1]}


def _products(graph: _Graph) -> Iterator[tuple[Tensor, str]]:
    """Yield the matrix of each product, (out, in), in the order in which they run, and the name of the bias that its product meets, or ""."""
    for node in graph.nodes:
        weight = graph.array(node.input[1]) if node.op_type in ("MatMul", "MatMulInteger", "Gemm") else None
        if weight is not None:
            turned = node.op_type == "Gemm" and any(item.name == "transB" and item.i for item in node.attribute)
            yield weight if turned else weight.T, _bias(graph, node)


def _bias(graph: _Graph, node: Any) -> str:  # noqa: ANN401 - an onnx.NodeProto, which has no types
    """The name of the array that is added to what `node` gives, "" where that is used in another way."""
    if node.op_type == "Gemm":
        return str(node.input[2]) if len(node.input) > 2 else ""
    while True:
        readers = graph.readers.get(node.output[0], [])
        if len(readers) != 1 or readers[0].op_type not in ("Cast", "Mul", "Add"):
            return ""
        node = readers[0]
        if node.op_type == "Add":
            return next((str(name) for name in node.input if graph.array(name) is not None), "")
