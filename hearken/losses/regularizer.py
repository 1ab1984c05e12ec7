"""The embedding regulariser of WavCaps and GLAP.

For embeddings X (B, D)::

    R(X) = mean|X| / ‖X‖    with the norm over all numbers of X

For unit vectors ‖X‖ is √B, so it is the mean absolute coordinate over √B: least where few coordinates carry a vector. With B = 128
and D = 1024 it is at most 0.0028. Source: XinhaoMei/WavCaps (a5a9649), `ASE.forward`, under
`embed_regularization`; xiaomi-research/dasheng-glap (e9b4b09, Apache-2.0) has it too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from hearken.losses.base import Pairs


def regularizer(pairs: Pairs) -> Tensor:
    """Return R(audio) + R(text) (); 0 for embeddings that are all zero."""
    return _one(pairs.audio) + _one(pairs.text)


def _one(x: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(x)
    return x.abs().mean() / length.clamp_min(torch.finfo(x.dtype).tiny)
