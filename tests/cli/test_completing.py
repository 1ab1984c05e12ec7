"""What Tab offers: quickly, and nothing where nothing can be read."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from hearken.cli import completing
from hearken.library.notebook import Notebook
from hearken.library.register import put_name
from tests.cli.little_library import little_library


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HEARKEN_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("HEARKEN_HOME", str(tmp_path / "lib"))
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path / "models"))


def line(**params: object) -> SimpleNamespace:
    return SimpleNamespace(params=params)


@pytest.mark.parametrize(
    ("shell", "words", "offered"),
    [
        ("complete_bash", "hearken search --saved lo", "long\\ rain\\;"),
        ("complete_bash", 'hearken search --saved "lo', "long rain;"),
        ("complete_zsh", "hearken search --saved lo", "long rain;"),
    ],
)
def test_names_of_two_words_are_one_for_bash(tmp_path, monkeypatch, shell: str, words: str, offered: str) -> None:
    with Notebook(little_library(tmp_path, monkeypatch)) as notebook:
        notebook.put_search("long rain;", {"q": "rain"})
    monkeypatch.setenv("_HEARKEN_COMPLETE", shell)
    monkeypatch.setenv("COMP_WORDS", words)
    assert completing.saved_searches(line(), "lo") == [offered]


def test_what_is_in_a_notebook(tmp_path, monkeypatch) -> None:
    library = little_library(tmp_path, monkeypatch)
    assert completing.saved_searches(line(), "") == []
    with Notebook(library) as notebook:
        notebook.put_search("Dogs", {"q": "dog"})
        notebook.put_search("Rain", {"q": "rain"})
        notebook.put_labels("00" * 16, [("Dog", 0.5), ("Door", 0.4)])
    assert completing.saved_searches(line(), "d") == ["Dogs"]
    assert completing.collections(line(), "") == ["Favourites"]
    assert completing.labels(line(library=str(library)), "do") == ["Dog", "Door"]
    put_name("field", library)
    assert completing.labels(line(library="field"), "dog") == ["Dog"]
    assert completing.library_names("F") == ["field"]
    assert completing.labels(line(library="elsewhere"), "") == []


def test_damage_offers_nothing(tmp_path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "libraries.json").write_text("{")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "notebook.sqlite").write_text("no database")
    assert completing.library_names("") == []
    assert completing.labels(line(), "") == []
    assert completing.labels(line(library="x"), "") == []


def test_models(tmp_path) -> None:
    for name in ("mine", "owner/theirs"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "config.json").write_text("{}")
    assert completing.model_names("") == ["pocket", "mine", "owner/theirs"]
    assert completing.model_names("OW") == ["owner/theirs"]


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys, types; from hearken.cli import completing\n"
        "completing.model_names(''); completing.library_names(''); completing.labels(types.SimpleNamespace(params={}), '')\n"
        "print([name for name in ('numpy', 'onnxruntime', 'av', 'rich.console') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
