"""What the tests of PANNs' networks share: golden inputs, outputs and key lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hearken.audio.front_ends import PANNS_LOGMEL_32K
from hearken.audio.melspec import log_mel
from hearken.frontend.constants import panns_constants
from hearken.models.encoder import AudioEncoder
from tests.golden import filling

GOLDEN = Path(filling.__file__).parent
ZOO_WAVE = torch.from_numpy(filling.zoo_wave(64_000, 32_000))


def mels(waves: np.ndarray) -> Tensor:
    """(B, L, F) of (B, T)."""
    return torch.from_numpy(np.stack([log_mel(samples, PANNS_LOGMEL_32K) for samples in waves]))


def outputs(folder: str, name: str) -> Any:
    return np.load(GOLDEN / folder / f"{name}.npz")


def layout(tensors: dict[str, Tensor]) -> dict[str, tuple[list[int], str]]:
    return {key: (list(tensor.shape), str(tensor.dtype).removeprefix("torch.")) for key, tensor in tensors.items()}


def assert_public_keys(network: AudioEncoder, zoo_name: str) -> None:
    """The network's names and the front end's frozen filters are the checkpoint's: name, shape and dtype."""
    shapes = json.loads((GOLDEN / "zoo" / f"panns_{zoo_name}_keys.json").read_text())
    dtypes = {key: "int64" if key.endswith("num_batches_tracked") else "float32" for key in shapes}
    assert layout(network.state_dict() | panns_constants(network.front_end)) == {key: (shapes[key], dtypes[key]) for key in shapes}


def num_parameters(network: AudioEncoder) -> int:
    """As the papers count: with the frozen filters."""
    frozen = sum(tensor.numel() for tensor in panns_constants(network.front_end).values())
    return frozen + sum(parameter.numel() for parameter in network.parameters())


@torch.inference_mode()
def assert_zoo(network: AudioEncoder, zoo_name: str, relative: float = 4e-6) -> None:
    """The filled network's embedding and tag probabilities are the authors', relative to the largest value."""
    golden = outputs("zoo", f"panns_{zoo_name}_out")
    embedding = network(mels(ZOO_WAVE.numpy()), ZOO_WAVE)
    np.testing.assert_allclose(embedding.numpy(), golden["embedding"], rtol=0, atol=relative * np.abs(golden["embedding"]).max())
    np.testing.assert_allclose(network.tag_logits(embedding).sigmoid().numpy(), golden["clipwise_output"], rtol=0, atol=1e-4)


@torch.inference_mode()
def assert_models(network: AudioEncoder, golden: Any, case: str, waves: np.ndarray) -> None:
    """All that the golden set keeps of one input: spectrogram, bn0, each block, embedding, logits, probabilities."""
    seen: dict[str, Tensor] = {}
    names = {key.split(".", 1)[1].removesuffix(".shape") for key in golden if key.startswith(f"{case}.") and key.endswith(".shape")}
    blocks = names - {"logmel", "bn0"}

    def keep(name: str) -> Any:
        return lambda _module, _inputs, output: seen.__setitem__(name, output)

    hooks = [network.get_submodule(name).register_forward_hook(keep(name)) for name in sorted(blocks)]
    mel = mels(waves)
    embedding = network(mel)
    for hook in hooks:
        hook.remove()
    logits = network.tag_logits(embedding)
    filling.assert_close(golden, f"{case}.logmel", mel.unsqueeze(1), atol=5e-4)
    filling.assert_close(golden, f"{case}.bn0", network.normalised(mel))
    assert set(seen) == blocks
    for name, maps in seen.items():
        filling.assert_close(golden, f"{case}.{name}", maps)
    for name, tensor in (("embedding", embedding), ("logits", logits), ("clipwise", logits.sigmoid())):
        filling.assert_close(golden, f"{case}.{name}", tensor)


def replaced(network: nn.Module, name: str, module: nn.Module) -> nn.Module:
    """Put `module` in place of the submodule `name`, and return what was there."""
    before = network.get_submodule(name)
    network.set_submodule(name, module)
    return before


@torch.inference_mode()
def assert_places(network: Any, num_places: int, mel: Tensor, *wave: Tensor) -> None:
    """The network's places are where it says, and its first dense layer makes the embedding of their mean plus their maximum."""
    places = network.tokens(mel, *wave)
    assert places.shape == (len(mel), num_places, network.token_dim)
    torch.testing.assert_close(network.layer(places.mean(1) + places.amax(1)), network(mel, *wave), rtol=1e-5, atol=1e-6)
    assert places.std(1).max() > 1e-4  # places differ, so that mean and maximum do
