"""Deterministic weights and inputs of the golden sets: two implementations with equal key names carry equal weights.

Our own code for the rules that `SOURCE.md` states: `fill` and the inputs for `models/`, `fill_zoo` and `zoo_wave` for `zoo/`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

HERE = Path(__file__).parent
# What the implementation makes itself: front-end filters, windows, index tables, masks, counters.
UNTOUCHED = re.compile(
    r"(^|\.)(spectrogram_extractor|logmel_extractor|audio_feats_extractor|mel_trans|log_trans|mel)\."
    r"|(^|\.)(relative_position_index|attn_mask|window|preemphasis_coefficient|num_batches_tracked|device_proxy)$|(^|\.)pos_encoder\.pe$"
)
ZOO_UNTOUCHED = ("spectrogram_extractor", "logmel_extractor", "relative_position_index", "attn_mask", "position_ids", "logit_scale")


def value(key: str, shape: Iterable[int]) -> np.ndarray:
    """The float32 array that the models' rule puts under `key`."""
    shape = tuple(shape)
    draw = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode()))).standard_normal(shape, dtype=np.float32)
    last, single = key.rsplit(".", 1)[-1], np.float32
    if last == "running_mean":
        return draw * single(2) - single(40) if key.endswith("bn0.running_mean") else draw * single(0.1)
    if last == "running_var":
        spread = np.abs(draw) * single(0.1) + single(1)
        return spread * single(400) if key.endswith("bn0.running_var") else spread
    if len(shape) == 1:
        return draw * single(0.02) if last.startswith("bias") or last.endswith("bias") else draw * single(0.1) + single(1)
    if "token" in last or "pos_embed" in last:
        return draw * single(0.3)
    return draw * single(_gain(key, len(shape)) / int(np.prod(shape[1:])) ** 0.5)


def _gain(key: str, num_axes: int) -> float:
    if re.search(r"(^|\.)resnet\.layer\d+\.\d+\.conv2\.weight$", key):
        return 0.3
    if num_axes == 4:
        return 2**0.5
    return 1.5 if re.search(r"(^|\.)qkv\.weight$|in_proj_weight$", key) else 1.0


def zoo_value(key: str, shape: Iterable[int]) -> np.ndarray:
    """The float32 array that the zoo's rule puts under `key`."""
    shape = tuple(shape)
    if not shape:
        return np.ones((), np.float32)
    draw = _legacy_normal(zlib.crc32(key.encode()) & 0xFFFFFFFF, shape)
    if len(shape) >= 2:
        draw *= np.float32(1.4 / np.sqrt(max(1, int(np.prod(shape[1:])))))
        return draw
    if key.endswith("running_var"):
        return 1 + np.float32(0.1) * np.abs(draw)
    return 1 + np.float32(0.1) * draw if key.endswith("weight") else np.float32(0.1) * draw


def _legacy_normal(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """What `RandomState(seed).standard_normal(shape)` is in float32, drawn piece by piece: whole, it is ten seconds of page faults."""
    source, drawn = np.random.RandomState(seed), np.empty(int(np.prod(shape)), np.float32)
    for start in range(0, drawn.size, _PIECE):
        piece = drawn[start : start + _PIECE]
        piece[:] = source.standard_normal(piece.size)
    return drawn.reshape(shape)


_PIECE = 1 << 16


def fill(module: nn.Module, rename: Callable[[str], str] = str) -> nn.Module:
    """Fill `module` by the models' rule, in place, and return it in evaluation mode; `rename` gives the public key of ours."""
    return _fill(module, value, rename, lambda key, tensor: tensor.ndim > 0 and not UNTOUCHED.search(key))


def fill_zoo(module: nn.Module, rename: Callable[[str], str] = str, untouched: tuple[str, ...] = ZOO_UNTOUCHED) -> nn.Module:
    """Fill `module` by the zoo's rule, in place, and return it in evaluation mode."""
    return _fill(module, zoo_value, rename, lambda key, _: not any(part in key for part in untouched))


@torch.no_grad()
def _fill(
    module: nn.Module,
    make: Callable[[str, Iterable[int]], np.ndarray],
    rename: Callable[[str], str],
    touched: Callable[[str, Tensor], bool],
) -> nn.Module:
    for name, tensor in module.state_dict(keep_vars=True).items():
        key = rename(name)
        if tensor.is_floating_point() and touched(key, tensor):
            tensor.copy_(torch.from_numpy(np.asarray(make(key, tensor.shape), np.float32)))
    return module.eval()


def state(keys: dict[str, list[object]], make: Callable[[str, Iterable[int]], np.ndarray] = value) -> dict[str, Tensor]:
    """A filled public state dict for a key list of `models/keys.json` (name -> shape, dtype, filled); unfilled ones are zeros."""
    made = {}
    for key, (shape, kind, filled) in keys.items():
        dtype = getattr(torch, str(kind).removeprefix("torch."))
        made[key] = torch.from_numpy(make(key, shape)) if filled else torch.zeros(tuple(shape), dtype=dtype)
    return made


def wave(seed: int, num_samples: int, rate_hz: int = 32_000) -> np.ndarray:
    """(T,) float32 on the 16-bit grid: a steady and a gliding tone, and noise of changing strength."""
    draw = np.random.Generator(np.random.PCG64(seed))
    steady, start, glide, beat = 120 + 900 * draw.random(), 300 + 3000 * draw.random(), 400 + 1500 * draw.random(), 0.7 + 3 * draw.random()
    time = np.arange(num_samples, dtype=np.float64) / rate_hz
    sound = 0.3 * np.sin(2 * np.pi * steady * time) + 0.2 * np.sin(2 * np.pi * (start * time + 0.5 * glide * time * time))
    sound += 0.12 * draw.standard_normal(num_samples) * (0.55 + 0.45 * np.sin(2 * np.pi * beat * time))
    return (np.clip(np.round(sound * 32768), -32768, 32767) / 32768).astype(np.float32)


def waves(seed: int, count: int, num_samples: int, rate_hz: int = 32_000) -> np.ndarray:
    """(B, T) of `wave`, seeds counting up."""
    return np.stack([wave(seed + number, num_samples, rate_hz) for number in range(count)])


def grid(seed: int, rows: int, columns: int, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """(rows, columns) float32 on the 1/256 grid: ripples and noise, a stand-in for a log-mel picture."""
    draw = np.random.Generator(np.random.PCG64(seed))
    down, along, phase = 15 + 10 * draw.random(), 30 + 20 * draw.random(), draw.random()
    row, column = np.arange(rows, dtype=np.float64)[:, None], np.arange(columns, dtype=np.float64)[None]
    ripples = np.sin(2 * np.pi * (row / down + column / along + phase)) * np.cos(2 * np.pi * (column / 211 - row / 97))
    picture = ripples + 0.6 * draw.standard_normal((rows, columns))
    return (np.round((mean + std * picture) * 256) / 256).astype(np.float32)


def matrix(seed: int, rows: int, columns: int) -> np.ndarray:
    """(rows, columns) float32 standard normal numbers."""
    return np.random.Generator(np.random.PCG64(seed)).standard_normal((rows, columns)).astype(np.float32)


def zoo_wave(num_samples: int, rate_hz: int, count: int = 2) -> np.ndarray:
    """(B, T) float32: a tone at 440 Hz, in the second row at half strength, under noise."""
    time = np.arange(num_samples) / rate_hz
    noise = np.random.RandomState(7).standard_normal((count, num_samples)) * 0.05
    return (noise + 0.3 * np.sin(2 * np.pi * 440 * time) * np.array([[1.0], [0.5]])[:count]).astype(np.float32)


def assert_close(golden: np.lib.npyio.NpzFile, name: str, tensor: Tensor | np.ndarray, atol: float = 1e-4) -> None:
    """Compare with the golden output `name`: all of it, or its shape, mean, spread and samples where only those are kept."""
    array = np.asarray(tensor.detach().cpu().numpy() if isinstance(tensor, Tensor) else tensor)
    if name in golden:
        np.testing.assert_allclose(array, golden[name], rtol=0, atol=atol)
        return
    assert array.shape == tuple(golden[f"{name}.shape"])
    flat = array.reshape(-1)
    samples = len(golden[f"{name}.sample"])
    index = np.arange(samples, dtype=np.int64) * flat.size // samples
    np.testing.assert_allclose(flat[index], golden[f"{name}.sample"], rtol=0, atol=atol)
    np.testing.assert_allclose(flat[:8], golden[f"{name}.first8"], rtol=0, atol=atol)
    np.testing.assert_allclose(
        [flat.mean(dtype=np.float64), flat.std(dtype=np.float64)], [golden[f"{name}.mean"], golden[f"{name}.std"]], atol=atol
    )
