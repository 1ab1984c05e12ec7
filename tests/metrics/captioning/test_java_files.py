import sys
from pathlib import Path

import pytest

from hearken.metrics.captioning.java_files import CORE_NLP, find_java, find_meteor, find_spice, java_version, usual_folders
from hearken.metrics.captioning.java_process import NotAvailableError
from tests.metrics.captioning.fake_java import fake_java, jars, needs_posix


def test_java_is_that_of_the_path_and_else_that_of_java_home(tmp_path, monkeypatch):
    if sys.platform == "win32":
        pytest.skip("a script is no program here")
    fake_java(tmp_path / "a", "")
    fake_java(tmp_path / "b" / "bin", "")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "b"))
    monkeypatch.setenv("PATH", str(tmp_path / "a"))
    assert find_java() == str(tmp_path / "a" / "java")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_java() == str(tmp_path / "b" / "bin" / "java")
    with pytest.raises(NotAvailableError, match="There is no program jawa"):
        find_java("jawa")
    monkeypatch.delenv("JAVA_HOME")
    with pytest.raises(NotAvailableError, match=r"There is no program java\. Install Java 8 or newer"):
        find_java()


@needs_posix
@pytest.mark.parametrize(
    ("said", "version"), [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_292"', 8), ('openjdk version "9-ea"', 9)]
)
def test_the_version_of_java(tmp_path, said, version):
    assert java_version(fake_java(tmp_path, f"import sys\nprint({said!r}, file=sys.stderr)")) == version


@needs_posix
def test_a_java_without_a_version(tmp_path):
    with pytest.raises(NotAvailableError, match="does not say which version"):
        java_version(fake_java(tmp_path, ""))


def test_meteor_needs_its_paraphrases_beside_it(tmp_path):
    first, second = jars(tmp_path / "a"), jars(tmp_path / "b")
    assert find_meteor([tmp_path / "none", first, second]) == first / "meteor" / "meteor-1.5.jar"
    (first / "meteor" / "data" / "paraphrase-en.gz").unlink()
    assert find_meteor([first, second]) == second / "meteor" / "meteor-1.5.jar"
    with pytest.raises(NotAvailableError, match=r"METEOR is not here.*java-metrics.*\$HEARKEN_JAVA"):
        find_meteor([first])


def test_spice_takes_the_parser_from_wherever_it_is(tmp_path):
    package, own = jars(tmp_path / "package", core=False), tmp_path / "own"
    own.mkdir()
    (own / CORE_NLP[0]).touch()
    with pytest.raises(NotAvailableError, match=rf"not here: {CORE_NLP[1]}\. Put it into a folder"):
        find_spice([own, package])
    (own / CORE_NLP[1]).touch()
    found = find_spice([own, package])
    assert found.class_path == (
        package / "spice" / "spice-1.0.jar",
        own / CORE_NLP[0],
        own / CORE_NLP[1],
        package / "spice" / "lib" / "fst-2.47.jar",
    )
    assert not found.has_javascript
    (own / "nashorn-core-15.4.jar").touch()
    assert find_spice([own, package]).has_javascript
    with pytest.raises(NotAvailableError, match="SPICE is not here"):
        find_spice([own])


def test_the_usual_folders(tmp_path, monkeypatch):
    (tmp_path / "site" / "pycocoevalcap").mkdir(parents=True)
    (tmp_path / "site" / "pycocoevalcap" / "__init__.py").write_text("raise RuntimeError('it must not be imported')")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site")])
    monkeypatch.setenv("AAC_METRICS_CACHE_PATH", str(tmp_path / "cache"))
    monkeypatch.delenv("HEARKEN_JAVA", raising=False)
    packages = [tmp_path / "site" / "pycocoevalcap", tmp_path / "cache" / "aac-metrics"]
    assert usual_folders() == packages
    monkeypatch.setenv("HEARKEN_JAVA", str(tmp_path / "own"))
    assert usual_folders() == [tmp_path / "own", *packages]
    assert all(isinstance(folder, Path) for folder in usual_folders())
