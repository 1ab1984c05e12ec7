"""`import hearken`: the public names, loaded on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import hearken


def test_public_names_are_what_they_say() -> None:
    from hearken.search.library import Library
    from hearken.types import Hit
    from hearken.zoo.install import load_model

    assert (hearken.load_model, hearken.Library, hearken.Hit) == (load_model, Library, Hit)
    assert issubclass(hearken.errors.StoreError, hearken.HearkenError)
    assert set(hearken.__all__) <= set(dir(hearken))
    assert all(getattr(hearken, name) is not None for name in hearken.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'hearken' has no attribute 'Libary'"):
        _ = hearken.Libary


def test_nothing_is_loaded_before_it_is_used() -> None:
    code = "import sys, hearken; before = set(sys.modules); hearken.Hit; print(sorted({'numpy', 'hearken.types'} & before), 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"
