import sqlite3
from contextlib import closing

import numpy as np
import pytest

from hearken.errors import ModelNotFoundError
from hearken.library.notebook import Notebook
from hearken.library.records import MachineCaption, PutCaptions, PutFailure
from hearken.search import doctor
from hearken.search.doctor import Check, DoctorReport, examine, versions
from hearken.types import Failure
from tests.fakes import FakeEmbedder
from tests.small_library import MODEL, SmallLibrary, unit

NAMES = ["library", "database", "captions", "notebook", "cache", "vectors", "model", "sounds", "ledger"]


@pytest.fixture
def place(tmp_path):
    sound = tmp_path / "a.wav"
    sound.write_bytes(b"sound")
    library = SmallLibrary(tmp_path / "lib")
    library.put(str(sound), [unit(1, 0, 0, 0)])
    library.cache.snapshot()
    library.close()
    return tmp_path / "lib"


def good_model(record):
    return FakeEmbedder(record.name, MODEL.digest, 4)


def look(place, *, load_model=good_model, repair=False):
    report = examine(place, load_model, repair=repair)
    return report, {check.name: check for check in report.checks}


def test_a_healthy_library_passes_every_check(place):
    report, checks = look(place)
    assert report.ok
    assert list(checks) == NAMES
    assert {check.status for check in checks.values()} == {"ok"}
    assert report.path == str(place)


def test_a_warning_is_no_error():
    assert DoctorReport("", (Check("sounds", "warning"),), {}).ok
    assert not DoctorReport("", (Check("cache", "error"),), {}).ok


def test_no_library_is_an_error_with_a_hint(tmp_path):
    report, checks = look(tmp_path / "absent")
    assert not report.ok
    assert list(checks) == ["library"]
    assert "hearken index" in checks["library"].hint


def test_a_damaged_cache_is_named_and_repaired(place):
    (block,) = (place / "cache").glob("block-*")
    block.write_bytes(block.read_bytes()[:-1] + b"\x55")
    _, checks = look(place)
    assert checks["cache"].status == "error"
    assert block.name in checks["cache"].details[0]
    block.write_bytes(b"")
    report, checks = look(place, repair=True)
    assert report.ok
    assert block.name in checks["cache"].details[0]
    assert look(place)[0].ok


def test_damaged_captions_are_named_and_repaired(place):
    library = SmallLibrary(place)
    vector = unit(0, 1, 0, 0).astype(np.float16)
    library.store.apply([PutCaptions("parrot", "c1", (MachineCaption(1, "A dog barks.", 0.0, vector),))])
    library.close()
    assert look(place)[1]["captions"] == Check("captions", "ok")
    with closing(sqlite3.connect(place / "library.sqlite")) as database, database:
        database.execute("UPDATE machine_captions SET caption = 'A cat purrs.'")
    report, checks = look(place)
    assert (report.ok, checks["captions"].status, checks["database"].status) == (False, "error", "ok")
    assert checks["captions"].details == (
        "1 machine-made captions differ from their text index.", "1 machine-made captions were altered.",
    )  # fmt: skip
    assert "`hearken index DIR --captions` makes them again" in checks["captions"].hint
    report, checks = look(place, repair=True)
    assert (report.ok, checks["captions"].status) == (True, "warning")
    assert checks["captions"].details[-1] == "1 captions were dropped."
    assert look(place)[1]["captions"] == Check("captions", "ok")


def test_missing_sounds_are_a_warning(place, tmp_path):
    (tmp_path / "a.wav").unlink()
    report, checks = look(place)
    assert report.ok
    assert checks["sounds"].status == "warning"
    assert checks["sounds"].hint.index("hearken index") < checks["sounds"].hint.index("hearken forget")
    assert checks["sounds"].details[0] == "1 file of the library is not there now."


def test_ledger_lines_are_a_warning(place):
    library = SmallLibrary(place)
    library.store.apply(
        [PutFailure(Failure("/x.wav", "decode", "AudioFormatError", "No sound.")), PutFailure(Failure("/y", "scan", "Skipped", "No."))]
    )
    library.close()
    _, checks = look(place)
    assert checks["ledger"].status == "warning"
    assert checks["ledger"].details == ("1 file could not be indexed.", "/x.wav: No sound.")


def test_another_or_no_model_is_an_error(place):
    _, checks = look(place, load_model=lambda record: FakeEmbedder(record.name, "e" * 32, 4))
    assert checks["model"].status == "error"

    def absent(record):
        raise ModelNotFoundError(f"no {record.name}")

    _, checks = look(place, load_model=absent)
    assert checks["model"].details == ("no hand-made",)
    assert list(checks) == NAMES


def test_unusable_vectors_are_an_error(place, monkeypatch):
    real = doctor.SqliteStore.read_vectors

    def poisoned(self, ids):
        for item in real(self, ids):
            yield item._replace(clip=np.full_like(item.clip, np.inf))

    monkeypatch.setattr(doctor.SqliteStore, "read_vectors", poisoned)
    _, checks = look(place, repair=True)
    assert checks["vectors"].status == "error"
    assert "a.wav cannot be used" in checks["vectors"].details[0]


def test_repair_needs_the_lock(place):
    library = SmallLibrary(place)
    report, checks = look(place, repair=True)
    library.close()
    assert not report.ok
    assert "is writing to the library" in checks["library"].details[0]


def test_versions_of_everything_that_counts():
    found = versions()
    assert {"python", "platform", "sqlite", "libavcodec", *doctor.PACKAGES} <= set(found)
    assert all(found.values())
    assert found["numpy"] == np.__version__


def test_packages_that_are_absent_are_told(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package-here",))
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    assert versions()["no-such-package-here"] == "absent"
    assert versions()["ffmpeg"] == "absent"


def alter(place):
    """Change the vectors of the one file behind the seal's back."""
    with closing(sqlite3.connect(place / "library.sqlite")) as connection:
        connection.execute("UPDATE vectors SET windows = zeroblob(length(windows))")
        connection.commit()


def test_altered_vectors_are_taken_out_by_repair(place):
    alter(place)
    for _ in range(2):  # looking changes nothing
        report, checks = look(place)
        assert (report.ok, checks["database"].status, checks["vectors"].status) == (False, "error", "error")
        assert all("hearken doctor --repair" in checks[name].hint for name in ("database", "vectors"))
    report, checks = look(place, repair=True)
    assert report.ok
    assert (checks["database"].status, checks["database"].details[1][-5:]) == ("warning", "a.wav")
    assert "hearken index" in checks["database"].hint
    report, checks = look(place)
    assert {check.status for check in checks.values()} == {"ok"}


def test_what_repair_cannot_mend_is_to_be_made_anew(place):
    with closing(sqlite3.connect(place / "library.sqlite")) as connection:
        connection.execute("DROP TABLE failures")
    _, checks = look(place, repair=True)
    assert checks["database"].hint == f"Delete the files library.sqlite* in {place} and index again; your sounds are untouched."


def test_of_many_problems_three_lines_are_shown(place, monkeypatch):
    monkeypatch.setattr(doctor.SqliteStore, "check", lambda self: ["SQLite reports: a\nb", *(f"Sound {each}." for each in range(98))])
    _, checks = look(place)
    assert checks["database"].details == ("SQLite reports: a", "b", "Sound 0.", "and 97 more")
    assert str(place) in checks["database"].hint


def test_looking_changes_no_file(place):
    (block,) = (place / "cache").glob("block-*")
    block.write_bytes(block.read_bytes()[:-1] + b"\x55")
    before = {path.name: path.read_bytes() for path in (place / "cache").iterdir()}
    for _ in range(2):
        _, checks = look(place)
        assert (checks["cache"].status, checks["vectors"].status) == ("error", "ok")
    assert {path.name: path.read_bytes() for path in (place / "cache").iterdir()} == before
    for path in (place / "cache").iterdir():
        path.unlink()
    (place / "cache").rmdir()
    assert look(place)[0].ok
    assert not (place / "cache").exists()


def test_a_damaged_notebook_is_told_and_rescued_but_never_deleted(place):
    with Notebook(place) as notebook:
        notebook.create_collection("Doors")
    (place / "notebook.sqlite").write_bytes(b"no database at all" * 500)
    report, checks = look(place)
    assert not report.ok
    assert checks["notebook"].status == "error"
    assert "--repair" in checks["notebook"].hint
    assert look(place, repair=True)[1]["notebook"].status == "warning"
    assert any(b"no database at all" in each.read_bytes() for each in place.glob("notebook.sqlite.damaged*"))
    assert look(place)[1]["notebook"].status == "ok"
