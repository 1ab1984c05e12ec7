"""Batch norms folded into the convolutions before them: the same numbers to rounding, with less work, for inference only."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)
# How the encoders name a convolution and the batch norm right behind it; in an nn.Sequential the order tells.
_PAIRS = (("conv1", "bn1"), ("conv2", "bn2"), ("conv", "bn"), ("pre_conv0", "pre_bn0"))
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def fused(network: Network) -> Network:
    """Return a copy of `network` in evaluation mode, each convolution's batch norm folded into its weights and bias.

    Kernels are in the order (channels last) that convolves fastest. The copy's state dict is no longer that of the public
    checkpoint, and training it further would train without batch norms.
    """
    network = copy.deepcopy(network).eval()
    for parent in list(network.modules()):
        for conv, norm in list(_pairs(parent)):
            setattr(parent, conv, fuse_conv_bn_eval(parent.get_submodule(conv), parent.get_submodule(norm)))  # type: ignore[type-var, arg-type]
            setattr(parent, norm, nn.Identity())
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]  # as torch declares it


def _pairs(parent: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of the convolutions among the children of `parent` whose output goes to a batch norm and nowhere else."""
    if not isinstance(parent, nn.Sequential):
        children = dict(parent.named_children())
        yield from (pair for pair in _PAIRS if pair[0] in children and isinstance(children.get(pair[1]), _NORMS))
        return
    before = ""
    for name, child in parent.named_children():
        if isinstance(child, nn.Conv1d | nn.Conv2d):
            before = name
        elif isinstance(child, _NORMS) and before:
            yield before, name
            before = ""
        elif not isinstance(child, nn.AvgPool2d):  # a mean over cells and a factor for each channel may change places
            before = ""
