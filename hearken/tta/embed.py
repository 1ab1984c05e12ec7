"""Copies of a sound through the audio encoder, in batches of bounded size: each for itself, or meeting at a layer inside.

Where copies meet at a layer, its output is averaged over each group before the next layer sees it, so all that follows works on the
means alone. A group may be larger than a batch: the sums are kept from one batch to the next, and a batch that completes no group
ends at that layer.

Legend: `N` segments of a copy, `M` of one block, `C` copies of a batch, `D` embedding, `L` frames, `F` mel bands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn

from hearken.errors import InputError
from hearken.models.tower import AudioTower
from hearken.tta.engine import Means, batched
from hearken.tta.heard import Heard
from hearken.tta.strategy import Partition

ENCODER = "encoder"


class _NothingYetError(Exception):
    """No group is complete: what follows has nothing to do."""


class Passes:
    """The audio encoder of `tower`, counting: `rows` segments in `calls` calls; `resumed` went on behind where copies met."""

    def __init__(self, tower: AudioTower) -> None:
        self._tower = tower
        self.rows = self.calls = self.resumed = 0

    def each(self, copies: Sequence[Heard]) -> list[Tensor]:
        """Return the embeddings (N, D) of each of `copies`, which are of one sound; one that comes twice is computed once."""
        different = list({id(copy): copy for copy in copies}.values())
        if not different:
            return []
        blocks = [self._encode([copy.mels[number] for copy in different], [copy.waves[number] for copy in different])
                  for number in range(len(different[0].mels))]  # fmt: skip
        split = [_by_copy(block, len(different)) for block in blocks]
        rows = {id(copy): torch.cat([block[place] for block in split]) for place, copy in enumerate(different)}
        return [rows[id(copy)] for copy in copies]

    def meeting(
        self, copies: Iterable[tuple[int, Heard]], module: nn.Module, partition: Partition, *, at_once: int
    ) -> Iterator[tuple[int, Tensor]]:
        """Yield number and embeddings (N, D) of each group of `partition`, averaged where `module` gives its output.

        `copies` are numbered; `at_once` go in together. Raises InputError where what follows does not work on fewer rows.
        """
        means: list[Means[Tensor]] = []
        for batch in batched(copies, at_once):
            num_blocks = len(batch[0][1].mels)
            means = means or [Means[Tensor](partition) for _ in range(num_blocks)]
            found = [self._meet(batch, number, module, means[number]) for number in range(num_blocks)]
            groups, rows = found[0][0], [_by_copy(block, len(found[0][0])) for _, block in found if block is not None]
            yield from ((group, torch.cat([block[place] for block in rows])) for place, group in enumerate(groups))

    def _meet(
        self, batch: Sequence[tuple[int, Heard]], block: int, module: nn.Module, means: Means[Tensor]
    ) -> tuple[list[int], Tensor | None]:
        """The groups that this batch completes, and their embeddings of one block (groups times M, D)."""
        groups: list[int] = []

        def hook(_module: nn.Module, _inputs: object, output: object) -> Tensor:
            complete = list(_complete(output, [number for number, _ in batch], means, rows))
            groups.extend(group for group, _ in complete)
            if not complete:
                raise _NothingYetError
            return torch.cat([mean for _, mean in complete])

        rows = sum(len(copy.mels[block]) for _, copy in batch)
        handle = module.register_forward_hook(hook)
        try:
            embedded = self._encode([copy.mels[block] for _, copy in batch], [copy.waves[block] for _, copy in batch])
        except _NothingYetError:
            return [], None
        finally:
            handle.remove()
        if len(embedded) * len(batch) != rows * len(groups):
            raise InputError("What follows this layer does not work on the means of its output.", _WAY_OUT)
        self.resumed += len(embedded)
        return groups, embedded

    def _encode(self, mels: Sequence[Tensor], waves: Sequence[Tensor]) -> Tensor:
        encoder, mel = self._tower.encoder, torch.cat(list(mels))
        self.rows += len(mel)
        self.calls += 1
        dtype = next((parameter.dtype for parameter in encoder.parameters()), torch.float32)
        wave = torch.cat(list(waves)).to(dtype) if encoder.needs_wave else None
        embedded: Tensor = encoder(mel.to(dtype)) if wave is None else encoder(mel.to(dtype), wave)
        return embedded


_WAY_OUT = "Name a block that stands in the row of the encoder's blocks, such as encoder.conv_block4 or encoder.blocks.2, or take encoder."


def find_module(tower: AudioTower, name: str) -> nn.Module | None:
    """Return the module called `name` below `tower`, None for the encoder itself.

    It is tried out on noise. Raises InputError for a name that is not there, naming those that are, and for a place where copies cannot
    meet: beside a shortcut, in a part that is called twice or never, with an output that is not one tensor with the batch first.
    """
    if name == ENCODER:
        return None
    known: dict[str, nn.Module] = dict(tower.named_modules())
    if not name.startswith(f"{ENCODER}.") or name not in known:
        children = [f"{ENCODER}.{child}" for child, _ in tower.encoder.named_children()]
        raise InputError(
            f"The sound side has no layer {name!r} to average at.", f"{ENCODER}, or one of its parts: {', '.join(children)}, ..."
        )
    _try_out(tower, known[name], name)
    return known[name]


@torch.no_grad()
def _try_out(tower: AudioTower, module: nn.Module, name: str) -> None:
    """See whether three copies that meet at `module` come out as one."""
    generator = torch.Generator().manual_seed(0)
    noise = 0.1 * torch.randn(3, 1, tower.rate_hz, generator=generator).to(next(tower.parameters()).device)
    copies = [Heard((tower.front_end(wave),), (wave,)) for wave in noise]
    try:
        found = list(Passes(tower).meeting(enumerate(copies), module, ((0, 1, 2),), at_once=3))
    except RuntimeError as error:
        raise InputError(f"Copies cannot be averaged at {name}.", _WAY_OUT) from error
    except InputError as error:
        raise InputError(f"Copies cannot be averaged at {name}: {error.message}", error.hint) from error
    if len(found) != 1 or found[0][1].shape != (1, tower.dim):
        raise InputError(f"Copies cannot be averaged at {name}: nothing passes there, or not as one.", _WAY_OUT)


def _complete(output: object, numbers: Sequence[int], means: Means[Tensor], num_rows: int) -> Iterator[tuple[int, Tensor]]:
    """Yield the groups that `output` of a layer, whose rows are those of copies `numbers`, completes, with their means (M, ...)."""
    if not isinstance(output, Tensor) or len(output) != num_rows:
        raise InputError("The output of this layer is not one tensor with the batch first.", _WAY_OUT)
    for number, rows in zip(numbers, _by_copy(output, len(numbers)), strict=True):
        if found := means.add(number, rows):
            yield found


def _by_copy(rows: Tensor, count: int) -> Tensor:
    """Rows (C times M, ...) as (C, M, ...)."""
    return rows.reshape(count, -1, *rows.shape[1:])
