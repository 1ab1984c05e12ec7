"""All that a run has to remember between two steps, as named tensors and plain numbers: no pickle, and no state of random generators.

What is drawn at random is a function of seed, epoch and step, so weights, optimizer, averaged weights, scaler and the place are enough to
go on bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from hearken.errors import RunError
from hearken.train.monitor import Watch
from hearken.train.optimizer import named_weights
from hearken.train.step import Learner

_OPTIMIZER, _LOSS, _AVERAGE = "optimizer.", "loss.", "average."


@dataclass(frozen=True)
class Place:
    """Where training is: the `epoch`, the updates made in it (`step_in_epoch`) and in all (`step`), how many were skipped (`skipped`,
    and the last `bad` of them in a row), and what validation said."""

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    skipped: int = 0
    bad: int = 0
    watch: Watch = field(default_factory=Watch)

    def to_json(self) -> dict[str, Any]:
        """Return the place as plain values, for a checkpoint's facts."""
        names = ("epoch", "step_in_epoch", "step", "skipped", "bad")
        return {name: getattr(self, name) for name in names} | {"watch": self.watch.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Place:
        """Return the place that `to_json` wrote. Raises RunError for anything else."""
        try:
            return cls(**{**values, "watch": Watch(**values["watch"])})
        except (KeyError, TypeError) as error:
            raise RunError(f"The checkpoint's facts are not those of a training run: {error}.", "Start the run anew.") from error


def averaged(model: nn.Module, share: float | None) -> AveragedModel | None:
    """Return the running mean of the weights that keeps `share` of itself at each step; None without one."""
    if share is None:
        return None
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(share))  # type: ignore[no-untyped-call]
    average.eval()
    return average


def to_tensors(learner: Learner, average: AveragedModel | None) -> dict[str, Tensor]:
    """Return what a checkpoint holds beside the model: the optimizer's state by the names of the weights, the loss' numbers, the mean."""
    weights = named_weights(learner.model, learner.loss)
    tensors = {f"{_LOSS}{name}": value for name, value in learner.loss.state_dict().items()}
    for name, weight in weights.items():
        for key, value in learner.optimizer.state.get(weight, {}).items():
            tensors[f"{_OPTIMIZER}{name}.{key}"] = value
    for name, value in average.state_dict().items() if average is not None else ():
        tensors[f"{_AVERAGE}{name}"] = value
    return tensors


def from_tensors(learner: Learner, average: AveragedModel | None, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `to_tensors` took. Raises RunError when the tensors are not those of this model and optimizer."""
    weights = named_weights(learner.model, learner.loss)
    try:
        learner.loss.load_state_dict(_below(tensors, _LOSS))
        if average is not None:
            average.load_state_dict(_below(tensors, _AVERAGE))
        for name, value in _below(tensors, _OPTIMIZER).items():
            owner, _, key = name.rpartition(".")
            weight = weights[owner]
            learner.optimizer.state[weight][key] = value.to(weight.device, copy=True)  # counters too: fused optimizers want them there
    except (KeyError, RuntimeError) as error:
        raise RunError(
            f"The checkpoint does not fit the recipe: {error}.", "Start the run anew, or give the recipe that it began with."
        ) from error


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
