"""Which weights learn, and how fast: the parts of a model, their learning rates, and what is frozen.

Parts of a dual encoder: `audio` and `text` (the encoders), `audio_projection`, `text_projection`, `temperature`, and `loss` (numbers of
its own); of a captioner: `audio` and `decoder`.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from hearken.errors import InputError
from hearken.train.recipe import OptimizerPart

DUAL_PARTS = ("audio", "text", "audio_projection", "text_projection", "temperature", "loss")
CAPTIONER_PARTS = ("audio", "decoder")
PARTS = tuple(dict.fromkeys(DUAL_PARTS + CAPTIONER_PARTS))
BATCH_STATISTICS = "batch_statistics"
"""What can be frozen besides the parts: the running means of batch norms, which then act as in evaluation."""
FREEZABLE = (*PARTS, BATCH_STATISTICS)
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
_LAYER = re.compile(r"\.(?:blocks|layers?|features|conv_block|h)\.?(\d+)\.")
_BELOW = re.compile(r"\.(?:bn0|patch_embed|\w*pos_embed\w*|\w*_token|embeddings?|wte|wpe)\b")
_TEMPERATURES = ("tau", "logit_scale")


def part_of(name: str) -> str:
    """Return the part that the weight `name` (of a model, or `loss.NAME`) belongs to."""
    first = name.split(".", maxsplit=1)[0]
    return "temperature" if first in _TEMPERATURES else first


def named_weights(model: nn.Module, loss: nn.Module) -> dict[str, nn.Parameter]:
    """Return all weights of model and loss by name, in a fixed order; the loss' begin with `loss.`."""
    return dict(model.named_parameters()) | {f"loss.{name}": weight for name, weight in loss.named_parameters()}


def freeze(model: nn.Module, loss: nn.Module, frozen: tuple[str, ...]) -> None:
    """Make the weights of `frozen` parts constant. Raises InputError for an unknown part, and when nothing is left to learn."""
    unknown = [part for part in frozen if part not in FREEZABLE]
    if unknown:
        raise InputError(f"There is no part {unknown[0]!r} to freeze.", f"Parts: {', '.join(FREEZABLE)}.")
    weights = named_weights(model, loss)
    for name, weight in weights.items():
        if part_of(name) in frozen:
            weight.requires_grad_(False)
    if not any(weight.requires_grad for weight in weights.values()):
        raise InputError("Everything is frozen; nothing could be learnt.", f"Frozen are {', '.join(frozen)}.")


def training_mode(model: nn.Module, loss: nn.Module, frozen: tuple[str, ...]) -> None:
    """Switch model and loss to training, but frozen parts, and with `batch_statistics` all batch norms, to evaluation."""
    loss.train("loss" not in frozen)
    model.train()
    for name, module in model.named_children():
        if part_of(name) in frozen:
            module.eval()
    for module in model.modules():
        if BATCH_STATISTICS in frozen and isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def make_optimizer(model: nn.Module, loss: nn.Module, settings: OptimizerPart) -> torch.optim.Optimizer:
    """Return the optimizer over all weights that learn, a group for each learning rate; `rate` of a group is its full rate.

    Weight decay is for all weights but the temperature's and the loss' own. Raises InputError for an unknown optimizer or part.
    """
    if settings.name not in OPTIMIZERS:
        raise InputError(f"There is no optimizer {settings.name!r}.", f"One of {', '.join(OPTIMIZERS)}.")
    unknown = [part for part in settings.rates if part not in PARTS]
    if unknown:
        raise InputError(f"There is no part {unknown[0]!r} with a learning rate of its own.", f"Parts: {', '.join(PARTS)}.")
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    shares = layer_shares([name for name, _ in model.named_parameters()], settings.layer_decay)
    for name, weight in named_weights(model, loss).items():
        if weight.requires_grad:
            part = part_of(name)
            rate = settings.rates.get(part, settings.rate) * shares.get(name, 1.0)
            decay = 0.0 if part in ("temperature", "loss") else settings.weight_decay
            groups.setdefault((rate, decay), []).append(weight)
    listed: list[dict[str, Any]] = [
        {"params": weights, "lr": rate, "rate": rate, "weight_decay": decay} for (rate, decay), weights in groups.items()
    ]
    kind: Any = OPTIMIZERS[settings.name]
    made: torch.optim.Optimizer = kind(listed, lr=settings.rate, betas=settings.betas, eps=settings.epsilon, fused=True)
    return made


def layer_shares(names: list[str], decay: float) -> dict[str, float]:
    """Return which share of its part's learning rate each encoder weight of `names` gets: `decay` once for each block below the last.

    Blocks are those that the names number (`blocks.3`, `layer.3`, `conv_block3`); embeddings and input norms count as one below the
    first, everything else as with the last. (Layer-wise learning rate decay: Howard and Ruder 2018; BEiT.)
    """
    if decay == 1.0:
        return {}
    shares: dict[str, float] = {}
    for part in ("audio", "text"):
        own = [name for name in names if part_of(name) == part]
        numbers = {name: int(found[1]) for name in own if (found := _LAYER.search(name))}
        last = max(numbers.values(), default=0)
        first = min(numbers.values(), default=0)
        for name in own:
            depth = numbers.get(name, first - 1 if _BELOW.search(name) else last)
            shares[name] = decay ** (last - depth)
    return shares


def set_rates(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Give each group `share` of its full learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * share
