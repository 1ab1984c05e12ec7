from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.errors import EvaluationError, HearkenError, MissingDataError
from hearken.evaluate.captioning.evaluate import CaptionWish, DoneCaptions, carry_out, kind_of, open_all, plan
from hearken.evaluate.captioning.figures import measure
from hearken.evaluate.captioning.scores import quick
from hearken.evaluate.captioning.store import load, save
from hearken.evaluate.captioning.writers import WriterWish
from tests.evaluate.captioning.captions_made import (
    CANDIDATES,
    CLIPS,
    METRICS,
    FakeWriter,
    evaluated,
    small_task,
    write_candidates,
    write_captioned_corpus,
    write_own,
)

WISH = CaptionWish(metrics=METRICS)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    return write_captioned_corpus(tmp_path / "c")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeWriter:
    writer = FakeWriter()
    monkeypatch.setattr("hearken.evaluate.captioning.evaluate.check_writer", lambda *_: None)
    monkeypatch.setattr("hearken.evaluate.captioning.evaluate.open_writer", lambda *_: writer)
    return writer


def all_of(names: list[str], data: list[str], wish: CaptionWish = WISH, out: Path | None = None) -> list[DoneCaptions]:
    planned = plan(names, data, wish, out=out)
    opened = open_all(planned)
    return [carry_out(each, opened.get(each.references), wish) for each in planned]


def test_a_table_with_its_own_references_and_one_against_a_corpus_agree(here: Path, corpus: str) -> None:
    write_own(here / "own.csv")
    write_candidates(here / "bare.csv")
    (own,) = all_of(["own.csv"], [])
    (bare,) = all_of(["bare.csv"], [corpus])
    assert own.evaluation.figures == bare.evaluation.figures == measure("x", small_task(), CANDIDATES, metrics=METRICS).figures
    assert own.evaluation.task.digest == bare.evaluation.task.digest
    assert (own.evaluation.system, own.folder, bare.evaluation.task.record["corpora"]) == ("own.csv", None, [corpus])
    with pytest.raises(EvaluationError, match="no references"):
        all_of(["bare.csv"], [])


def test_a_corpus_takes_the_place_of_a_tables_references(here: Path, corpus: str) -> None:
    write_own(here / "own.csv")
    text = (here / "own.csv").read_text()
    (here / "own.csv").write_text(text.replace("wind", "silence"))
    assert all_of(["own.csv"], [corpus])[0].evaluation.task.references[2] == ("wind",)


def test_missing_captions_are_empty_ones_with_lenient(here: Path, corpus: str) -> None:
    path = write_candidates(here / "bare.csv")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(EvaluationError, match="no caption for 1 clip"):
        all_of(["bare.csv"], [corpus])
    (done,) = all_of(["bare.csv"], [corpus], CaptionWish(metrics=METRICS, lenient=True))
    assert done.evaluation.task.record["captions_missing"] == 1
    assert done.evaluation.figures == evaluated().figures


def test_a_captioner_writes_and_is_kept(here: Path, corpus: str, fake: FakeWriter) -> None:
    (done,) = all_of(["captioner"], [corpus])
    assert done.folder == Path("evaluations/captioner/t-captions")
    assert load(here / done.folder).evaluation.candidates == CANDIDATES
    assert (done.evaluation.facts["model"], done.evaluation.facts["corpus"], done.failures) == ("fake", corpus, ())
    beam = plan(["captioner"], [corpus], CaptionWish(writing=WriterWish(beam=5, tta="10:1x10", search="best_first")))[0]
    assert beam.place is not None
    assert (beam.place.name, beam.label) == (
        "t-tta-10-1x10-beam-5-search-best_first-captions",
        "captioner + TTA 10:1x10 + beam 5 + search best_first",
    )
    del fake


def test_clips_that_cannot_be_read_are_left_out(corpus: str, fake: FakeWriter) -> None:
    del fake.captions["b.wav"]
    (done,) = all_of(["captioner"], [corpus])
    assert (done.evaluation.task.clips, done.evaluation.task.record["clips_unreadable"]) == (("a.wav", "c.wav"), 1)
    assert [failure.path for failure in done.failures] == ["b.wav"]
    fake.captions.clear()
    with pytest.raises(EvaluationError, match=r"None of the 3 clips .* can be read. a.wav cannot be read"):
        all_of(["captioner"], [corpus])


def test_an_earlier_evaluation_is_measured_again(here: Path) -> None:
    save(here / "e", evaluated())
    (same,) = all_of(["e"], [], CaptionWish())
    assert (same.is_kept, same.folder, same.evaluation.metrics) == (True, Path("e"), METRICS)
    (other,) = all_of(["e"], [], CaptionWish(metrics=("CIDEr-D",), interval="jackknife"))
    assert (other.is_kept, load(here / "e").evaluation.interval) == (False, "bootstrap")
    (kept,) = all_of(["e"], [], CaptionWish(metrics=("CIDEr-D",), interval="jackknife"), out=here / "f")
    assert (kept.is_kept, load(here / "f").evaluation.interval) == (True, "jackknife")


def test_what_takes_long_is_not_computed_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = evaluated(metrics=("BLEU-1", "sentence similarity"))
    save(here / "e", one)
    monkeypatch.setattr("hearken.runtime.catalog.find_model", lambda _: pytest.fail("the text model is not needed"))
    found = all_of(["e"], [], CaptionWish())[0].evaluation
    assert found.figures == one.figures
    assert found.facts["scored_by"] == one.facts["scored_by"]


def test_what_was_kept_of_the_same_captions_stays(here: Path, corpus: str, fake: FakeWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    (full,) = all_of(["captioner"], [corpus], CaptionWish(metrics=("BLEU-1", "CIDEr", "sentence similarity")))
    assert full.folder is not None
    with monkeypatch.context() as patch:
        patch.setattr("hearken.runtime.catalog.find_model", lambda _: pytest.fail("the text model is not needed"))
        all_of(["captioner"], [corpus], CaptionWish(metrics=("CIDEr-D",)))
    found = load(here / full.folder).evaluation
    assert found.metrics == ("CIDEr-D", *quick()[:5], "METEOR-style", "CIDEr", "sentence similarity")
    assert {name: found.figures[name] for name in full.evaluation.figures} == full.evaluation.figures
    assert found.facts["scored_by"] == full.evaluation.facts["scored_by"]
    fake.captions["b.wav"] = "the rain falls"
    all_of(["captioner"], [corpus], CaptionWish(metrics=("CIDEr-D",)))
    assert set(load(here / full.folder).evaluation.figures) == set(quick()), "other captions: what was kept is not theirs"


def test_an_earlier_evaluation_that_is_written_keeps_all_of_it(here: Path) -> None:
    save(here / "e", evaluated(metrics=("CIDEr", "BLEU-1")))
    for out in ("e", "f"):
        (done,) = all_of(["e"], [], CaptionWish(metrics=("ROUGE-L",)), out=here / out)
        assert set(load(here / out).evaluation.figures) == {*quick(), "CIDEr"} == set(done.evaluation.figures)


def test_steps_are_told(here: Path) -> None:
    write_own(here / "own.csv")
    wish, steps = CaptionWish(metrics=("ROUGE-L", "BLEU-1", "sentence similarity")), list[str]()
    carry_out(plan(["own.csv"], [], wish)[0], None, wish, on_step=steps.append)
    assert list(dict.fromkeys(steps)) == ["ROUGE-L, BLEU-1", "sentence similarity", "intervals"]


def test_names_and_folders_of_several(here: Path) -> None:
    for folder in ("x", "y"):
        (here / folder).mkdir()
        write_own(here / folder / "t.csv")
    planned = plan(["x/t.csv", "y/t.csv"], [], WISH, out=here / "kept")
    assert [each.label for each in planned] == ["x/t.csv", "y/t.csv"]
    assert [each.place for each in planned] == [here / "kept" / "x-t.csv", here / "kept" / "y-t.csv"]
    assert [kind_of(each) for each in ("x/t.csv", "no.CSV", "runs/mine")] == ["table", "table", "captioner"]


def test_what_cannot_be_is_told_before_anything_is_read(here: Path, corpus: str, fake: FakeWriter) -> None:
    write_own(here / "own.csv")
    save(here / "e", evaluated())
    for names, data, wish, told in (
        (["own.csv", "./own.csv"], [], WISH, "named twice"),
        (["e"], [corpus], WISH, "has its own corpus"),
        (["own.csv"], [], CaptionWish(writing=WriterWish(beam=2)), "own.csv is a table: .* as --beam asks"),
        (["own.csv"], [], CaptionWish(writing=WriterWish(search="beam")), "own.csv is a table: .* as --search asks"),
        (["captioner", "e"], [corpus], CaptionWish(writing=WriterWish(tta="5:1x5")), "e is an evaluation: .* as --tta asks"),
        (["own.csv"], [], CaptionWish(lenient=True), "--lenient is for a table"),
        (["own.csv"], [], CaptionWish(metrics=("nonsense",)), "no metric"),
        (["own.csv"], [], CaptionWish(interval="nonsense"), "no interval"),
        (["captioner"], [], WISH, "no run whose recipe names a test set"),
    ):
        with pytest.raises(HearkenError, match=told):
            plan(names, data, wish)
    with pytest.raises(MissingDataError, match="not there") as caught:
        plan(["no.csv"], [], WISH)
    assert caught.value.hint == "Check the path."
    del fake


def test_references_that_no_person_wrote_are_on_record(monkeypatch: pytest.MonkeyPatch, corpus: str, fake: FakeWriter) -> None:
    class Card:
        text_source = "ChatGPT, from descriptions"

    monkeypatch.setattr("hearken.evaluate.captioning.evaluate.card_of", lambda _: Card())
    (done,) = all_of(["captioner"], [corpus])
    assert done.evaluation.task.record["references_machine_made"] == [f"{corpus}: ChatGPT, from descriptions"]
    assert json.dumps(done.evaluation.task.record)
    assert (done.evaluation.task.clips, fake.captions["a.wav"]) == (CLIPS, "a dog barks")
