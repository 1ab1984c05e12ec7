"""Hearken: describe a sound, find it.

The public names load on first use (PEP 562), so that `import hearken` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearken import errors as errors
    from hearken.caption.load import load_captioner as load_captioner
    from hearken.errors import HearkenError as HearkenError
    from hearken.runtime.model import Model as Model
    from hearken.search.library import Library as Library
    from hearken.types import Hit as Hit
    from hearken.zoo.install import load_model as load_model

__version__ = "0.1.0"

_HOMES = {
    "HearkenError": "hearken.errors",
    "Hit": "hearken.types",
    "Library": "hearken.search.library",
    "Model": "hearken.runtime.model",
    "load_captioner": "hearken.caption.load",
    "load_model": "hearken.zoo.install",
}
__all__ = ["HearkenError", "Hit", "Library", "Model", "__version__", "errors", "load_captioner", "load_model"]


def __getattr__(name: str) -> object:
    """Return the public `name` from the module where it lives, and keep it."""
    if name == "errors":
        return import_module("hearken.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'hearken' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
