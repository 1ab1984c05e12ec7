"""The closed table of formats that `hearken convert` knows, and how a file finds its row."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hearken.convert import act, hf_clap, laion, lightning, msclap, taggers, wavcaps
from hearken.convert.plan import Format
from hearken.errors import CheckpointError, InputError, show

FORMATS: tuple[Format, ...] = (
    *laion.FORMATS, *hf_clap.FORMATS, *msclap.FORMATS, *wavcaps.FORMATS, *lightning.FORMATS, *act.FORMATS, *taggers.FORMATS,
)  # fmt: skip
_SHOWN = 5


def find_format(tensors: Mapping[str, Tensor], name: str | None = None) -> tuple[Format, str | None]:
    """Return the format of a file with these `tensors`, and the architecture that `name` asks for, if it does.

    `name` is a format, or an architecture that one of them can hold. Raises InputError for an unknown name,
    CheckpointError when no format fits.
    """
    fitting = [entry for entry in FORMATS if entry.recognise(tensors)]
    if name is None:
        if fitting:
            return fitting[0], None
        shown = ", ".join(show(key) for key in list(tensors)[:_SHOWN])
        raise CheckpointError(
            f"The file's names fit no public format that Hearken knows; they begin with {shown}.", f"Known: {', '.join(_titles())}."
        )
    for entry in FORMATS:
        if entry.name == name:
            return entry, None
    holding = [entry for entry in FORMATS if name in entry.architectures]
    if not holding:
        names = [entry.name for entry in FORMATS if entry.architectures]
        raise InputError(f"There is no format {show(name)!r}.", f"Formats: {', '.join(names)}; or the name of an audio encoder.")
    return next((entry for entry in holding if entry in fitting), holding[-1]), name


def _titles() -> list[str]:
    return [entry.title for entry in FORMATS if entry.architectures]
