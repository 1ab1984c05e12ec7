"""The guard: what is refused and what is not, what a run records, what is left without leaks, and what the real corpora share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.blacklists import Blacklist
from hearken.data.clip import Clip, Corpus, Query, Variation
from hearken.data.leakage import KINDS, PROOFS, LeakReport, find_leaks, refuse_leaks, without_leaks
from hearken.data.overlaps import Leak
from hearken.errors import DataError, LeakError, MissingDataError
from tests.audio.making import noise, write

NOWHERE = Path("/nowhere")
TRAINING = Corpus(
    "mine.csv",
    NOWHERE,
    (
        Clip("a", "train", "a.wav", ("A dog barks.",), origins=("freesound:1",)),
        Clip("b", "train", "b.wav", ("Rain, falling", "It rains"), origins=("freesound:2",)),
        Clip("c", "train", "c.wav", ("a DOG barks",), origins=("youtube:x",)),
        Clip("d", "train", "d.wav", ("Wind",)),
    ),
    queries=(Query("dogs", (("a", 1.0), ("c", 0.5))), Query("a dog", (("a", 1.0),))),
    variations=(Variation("a", "A dog barks.", ("Barking",)), Variation("b", "It rains", ("Rain",))),
)
HELD_OUT = Corpus(
    "clotho-evaluation",
    NOWHERE,
    (
        Clip("h", "test", "h.wav", ("A bird sings",), origins=("freesound:1",)),
        Clip("i", "test", "i.wav", ("A dog barks!",), origins=("freesound:9",)),
        Clip("j", "test", "j.wav", ("A cat",)),
    ),
)
BLACKLIST = Blacklist("wavcaps-test", "ab" * 32, frozenset({"youtube:x", "freesound:7"}))


def test_kinds_are_found_in_order_and_counted() -> None:
    report = find_leaks(TRAINING, HELD_OUT, blacklist=BLACKLIST)
    assert report.leaks == (
        Leak("origin", "a", "h", "freesound:1"),
        Leak("blacklist", "c", "", "youtube:x"),
        Leak("caption", "a", "i", "a dog barks"),
        Leak("caption", "c", "i", "a dog barks"),
    )
    assert report.counts == {"origin": 1, "blacklist": 1, "caption": 2}
    assert report.leaked_ids == {"a", "c"}
    assert report.ids(["origin"]) == {"a"}
    assert (report.num_training, report.num_held_out, report.num_nameless) == (4, 3, (1, 1))
    assert report.summary == (
        "2 of 4 clips of mine.csv are in clotho-evaluation or on the list wavcaps-test: 1 by origin and 1 by blacklist. "
        "2 share a caption with it, which alone proves nothing."
    )


def test_what_was_not_looked_for_is_not_counted() -> None:
    report = find_leaks(TRAINING, HELD_OUT, captions=False)
    assert report.counts == {"origin": 1}
    assert report.blacklist == ""
    assert report.listening is None
    assert report.to_json()["blacklist"] is None


def test_nothing_found_is_told() -> None:
    other = Corpus("other", NOWHERE, (Clip("o", "test", "o.wav", origins=("freesound:4",)),))
    report = find_leaks(HELD_OUT, other, captions=False)
    assert report.summary == "No clip of clotho-evaluation is in other, as far as origin can tell."
    assert report.caveat == "No origin is known of 1 of 3 clips of clotho-evaluation: only their sound can tell about those (fingerprints)."
    assert find_leaks(other, other).caveat == ""


def test_without_origins_nothing_is_cleared() -> None:
    nameless = Corpus("plain", NOWHERE, (Clip("p", "train", "p.wav"), Clip("q", "train", "q.wav")))
    for training, held_out in ((nameless, HELD_OUT), (HELD_OUT, nameless)):
        summary = find_leaks(training, held_out).summary
        assert "No clip" not in summary
        assert summary.endswith("cannot be told: there are no origins to compare.")
    assert find_leaks(HELD_OUT, nameless, blacklist=BLACKLIST).summary == (
        "No clip of clotho-evaluation is in plain, as far as blacklist can tell."
    )
    assert "No clip" not in find_leaks(nameless, HELD_OUT, blacklist=BLACKLIST).summary


def test_a_test_set_without_clips_is_no_test_set() -> None:
    with pytest.raises(DataError, match="dcase2025 has no clips to compare with"):
        find_leaks(TRAINING, Corpus("dcase2025", NOWHERE, (), queries=(Query("a dog", (("a", 1.0),)),)))


def test_a_corpus_is_in_itself() -> None:
    assert find_leaks(HELD_OUT, HELD_OUT).counts == {"origin": 2, "caption": 3}


def test_the_record_is_plain_and_complete() -> None:
    report = find_leaks(TRAINING, HELD_OUT, blacklist=BLACKLIST)
    record = json.loads(json.dumps(report.to_json()))
    assert record["blacklist"] == {"name": "wavcaps-test", "sha256": "ab" * 32}
    assert record["counts"] == {"origin": 1, "blacklist": 1, "caption": 2}
    assert record["clips_without_origin"] == {"training": 1, "held_out": 1}
    assert (record["training"], record["held_out"], record["leaked_training_clips"]) == ("mine.csv", "clotho-evaluation", 2)
    assert record["leaks"][0] == {
        "kind": "origin", "training": "a", "held_out": "h", "detail": "freesound:1", "offset_s": None, "strength": None,
    }  # fmt: skip
    assert len(record["leaks"]) == 4
    assert report.to_json(with_leaks=False) == {key: value for key, value in record.items() if key != "leaks"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_proof_leads_to_exclusion_and_a_caption_does_not(kind: str) -> None:
    report = LeakReport("t", "h", (Leak(kind, "b", "h", ""),), checked=KINDS)
    left = [clip.id for clip in without_leaks(TRAINING, report).clips]
    assert left == (["a", "c", "d"] if kind in PROOFS else ["a", "b", "c", "d"])
    assert (kind in PROOFS) == (kind != "caption")


def test_queries_and_variations_go_with_their_clips() -> None:
    report = find_leaks(TRAINING, HELD_OUT)
    left = without_leaks(TRAINING, report)
    assert left.queries == (Query("dogs", (("c", 0.5),)),)
    assert left.variations == (Variation("b", "It rains", ("Rain",)),)
    assert [clip.id for clip in without_leaks(TRAINING, report, kinds=["caption"]).clips] == ["b", "d"]


def test_a_leak_is_refused() -> None:
    with pytest.raises(LeakError, match=r"^1 of 4 clips of mine\.csv are in clotho-evaluation: 1 by origin\.") as raised:
        refuse_leaks(TRAINING, HELD_OUT)
    assert raised.value.message.endswith("Such as a (origin: freesound:1).")
    assert "without_leaks" in raised.value.hint


def test_many_leaks_are_told_briefly() -> None:
    clips = tuple(Clip(str(number), "", "x", origins=(f"bbc:{number}",)) for number in range(2_000))
    with pytest.raises(LeakError, match=r"2000 of 2000 .* Such as 0 \(origin: bbc:0\); .*; and 1997 more\.$"):
        refuse_leaks(Corpus("t", NOWHERE, clips), Corpus("h", NOWHERE, clips))


def test_a_clip_on_the_list_is_refused() -> None:
    with pytest.raises(LeakError, match="on the list wavcaps-test: 1 by blacklist"):
        refuse_leaks(TRAINING, Corpus("other", NOWHERE, ()), blacklist=BLACKLIST)


def test_leaks_that_are_allowed_are_reported() -> None:
    assert refuse_leaks(TRAINING, HELD_OUT, allow=True) == find_leaks(TRAINING, HELD_OUT)


def test_captions_alone_are_not_refused() -> None:
    rest = without_leaks(TRAINING, find_leaks(TRAINING, HELD_OUT))
    report = refuse_leaks(rest, HELD_OUT)
    assert report.counts == {"origin": 0, "caption": 1}
    assert report.leaked_ids == frozenset()


def lay(folder: Path, **seeds: int) -> Corpus:
    folder.mkdir()
    for name, seed in seeds.items():
        write(folder, "wav", noise(32_000, seed=seed), 8_000).rename(folder / f"{name}.wav")
    return Corpus(folder.name, folder, tuple(Clip(name, "", f"{name}.wav") for name in seeds))


def test_files_are_compared_where_they_are(tmp_path: Path) -> None:
    training, held_out = lay(tmp_path / "t", a=1, b=2), lay(tmp_path / "h", c=3, d=1)
    report = find_leaks(training, held_out)
    assert [(leak.kind, leak.training, leak.held_out) for leak in report.leaks] == [("file", "a", "d")]
    assert report.checked == ("origin", "file", "caption")


def test_sound_is_compared_where_that_is_wanted(tmp_path: Path) -> None:
    training, held_out = lay(tmp_path / "t", a=1, b=2), lay(tmp_path / "h", c=3, d=1)
    told: list[tuple[int, int | None]] = []
    report = find_leaks(
        training, held_out, fingerprints=True, store=tmp_path / "store", on_progress=lambda done, total: told.append((done, total))
    )
    assert [(leak.kind, leak.training, leak.held_out) for leak in report.leaks] == [("file", "a", "d"), ("audio", "a", "d")]
    assert report.leaks[1].strength == pytest.approx(1.0)
    assert told[-1] == (4, 4)
    assert report.to_json()["sound"]["training"] == {"num_compared": 2, "num_missing": 0, "num_plain": 0, "unreadable": []}
    with pytest.raises(LeakError, match="1 by file and 1 by audio"):
        refuse_leaks(training, held_out, fingerprints=True, store=tmp_path / "store")


def test_sound_that_is_nowhere_is_an_error() -> None:
    with pytest.raises(MissingDataError, match=r"no sound of mine\.csv"):
        find_leaks(TRAINING, HELD_OUT, fingerprints=True)


SHARED = Path(__file__).resolve().parents[3] / "shared" / "captions"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the published tables are not beside this checkout")


def link(home: Path, files: dict[str, str]) -> Path:
    for name, source in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(SHARED / source)
    return home


@real
def test_five_recordings_of_clotho_are_in_two_splits(tmp_path: Path) -> None:
    from hearken.data.load import load

    names = ("development", "validation", "evaluation")
    files = {f"clotho_captions_{name}.csv": f"clotho_v2.1/clotho_captions_{name}.csv" for name in names}
    files |= {f"{name}_audio_metadata.csv": f"clotho_v2.1/{name}_audio_metadata.csv" for name in names}
    home = link(tmp_path, files)
    train, validation, test = (load(f"clotho-{name}", folder=home) for name in names)
    found = [find_leaks(*pair) for pair in ((train, validation), (train, test), (validation, test))]
    assert [{leak.detail for leak in report.leaks if leak.kind == "origin"} for report in found] == [
        {"freesound:86163", "freesound:130603"}, {"freesound:137692"}, {"freesound:66304", "freesound:86161"},
    ]  # fmt: skip
    assert [report.counts["caption"] for report in found] == [3, 13, 1]
    assert found[1].num_nameless == (8, 5)
    with pytest.raises(LeakError, match="clotho-evaluation: 1 by origin"):
        refuse_leaks(train, test)
    assert len(without_leaks(train, found[1]).clips) == 3_838


@real
def test_soundbible_of_wavcaps_is_in_wavtext5k(tmp_path: Path) -> None:
    from hearken.data.load import load

    link(tmp_path / "w", {"json_files/SoundBible/sb_final.json": "wavcaps/SoundBible/sb_final.json"})
    link(tmp_path / "t", {"WavText5K.csv": "wavtext5k/WavText5K.csv"})
    report = find_leaks(load("wavcaps-soundbible", folder=tmp_path / "w"), load("wavtext5k", folder=tmp_path / "t"))
    assert (len(report.leaked_ids), report.num_training) == (1_225, 1_232)
