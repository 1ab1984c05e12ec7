"""MACS: small files in the published layout (the real ones are not here), with every fault on its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.load import load
from hearken.data.sets.macs import MACS, read_competence
from hearken.data.table import definition
from hearken.errors import DataError, MissingDataError

pytest.importorskip("yaml")

YAML = """\
files:
- filename: park-lisbon-1000-40000-a.wav
  annotations:
  - annotator_id: 1
    sentence: Birds sing while people talk.
    tags:
    - birds_singing
    - adults_talking
  - annotator_id: ann_2
    sentence: 'A child shouts; then: silence.'
    tags: [children_voices, birds_singing]
- filename: street_mall-vienna-7-8-b.wav
  annotations:
  - annotator_id: 3
    sentence: Steps on "gravel", nearby.
"""
META = (
    "filename\tscene_label\tidentifier\tsource_label\r\n"
    "audio/park-lisbon-1000-40000-a.wav\tpark\tlisbon-1000\ta\r\n"
    "audio/street_mall-vienna-7-8-b.wav\tstreet_mall\tvienna-7\tb\r\n"
    "audio/tram-prague-1-1-a.wav\ttram\tprague-1\ta\r\n"
)
TAU = "TAU-urban-acoustic-scenes-2019-development"


def write(folder: Path, text: str) -> Path:
    (folder / "MACS.yaml").write_text(text, encoding="utf-8")
    return folder


def test_clips_have_the_sentences_of_all_annotators(tmp_path) -> None:
    park, mall = load("macs", folder=write(tmp_path, YAML)).clips
    assert park.captions == ("Birds sing while people talk.", "A child shouts; then: silence.")
    assert park.tags == ("birds_singing", "adults_talking", "children_voices")
    assert (park.id, park.split, park.audio) == ("park-lisbon-1000-40000-a", "full", f"{TAU}/audio/park-lisbon-1000-40000-a.wav")
    assert (park.title, park.origins, park.duration_s) == ("park", ("tau:lisbon-1000",), 10.0)
    assert (mall.title, mall.origins, mall.captions, mall.tags) == ("street_mall", ("tau:vienna-7",), ('Steps on "gravel", nearby.',), ())


def test_taus_table_counts_where_it_is_there(tmp_path) -> None:
    write(tmp_path, YAML)
    meta = tmp_path / TAU / "meta.csv"
    meta.parent.mkdir()
    meta.write_text(META.replace("\tpark\t", "\tpark (city)\t"), encoding="utf-8", newline="")
    assert [clip.title for clip in load("macs", folder=tmp_path).clips] == ["park (city)", "street_mall"]
    meta.write_text(META.replace("vienna-7-8-b", "vienna-7-9-b"), encoding="utf-8", newline="")
    with pytest.raises(DataError, match=r"MACS\.yaml, line 12: file 1: TAU's meta\.csv does not know 'street_mall-vienna-7-8-b\.wav'"):
        load("macs", folder=tmp_path)
    meta.write_text("filename\tscene_label\r\n", encoding="utf-8", newline="")
    with pytest.raises(DataError, match=r"meta\.csv, line 1: the column 'identifier'"):
        load("macs", folder=tmp_path)


def test_a_name_that_says_nothing_has_no_place(tmp_path) -> None:
    (clip, _) = load("macs", folder=write(tmp_path, YAML.replace("park-lisbon-1000-40000-a.wav", "x.wav"))).clips
    assert (clip.title, clip.origins) == ("", ())


@pytest.mark.parametrize(
    ("old", "new", "line", "match"),
    [
        ("files:", "fils:", 1, "there is no list under 'files'"),
        ("filename: park-lisbon-1000-40000-a.wav", "filename: ../x.wav", 2, "file 0: 'filename' should be a file name"),
        ("filename: street_mall-vienna-7-8-b.wav", "filename: park-lisbon-1000-40000-a.wav", 12, "file 1: .*was there before"),
        ("filename: street_mall-vienna-7-8-b.wav", "name: b.wav", 12, "file 1: 'filename' is empty"),
        ("- annotator_id: 3\n    sentence: Steps", "- annotator_id: 3\n    sentences: Steps", 14, "file 1, annotation 0: 'sentence' is empty"),
        ("sentence: 'A child shouts; then: silence.'", "sentence: [a, b]", 9, "file 0, annotation 1: 'sentence' should be text"),
        ("tags: [children_voices, birds_singing]", "tags: [1, 2]", 9, "file 0, annotation 1: 'tags' should be a list"),
        ("- annotator_id: 3\n    sentence: Steps on \"gravel\", nearby.", "- nothing", 14, "file 1, annotation 0: 'sentence' is empty"),
        ("sentence: 'A child shouts; then: silence.'", "sentence: 'A child", 16, "this is no YAML"),
        ("    - adults_talking", "   - adults_talking", 8, "this is no YAML"),
        ("sentence: Birds sing while people talk.", "sentence: &a Birds\n    other: *a", 6, "aliases are not read"),
        ("sentence: Birds sing", "sentence: !!python/object/apply:os.system ['x'] #", 5, "this is no YAML"),
    ],
)  # fmt: skip
def test_faults_name_the_line(tmp_path, old, new, line, match) -> None:
    assert old in YAML
    with pytest.raises(DataError, match=rf"MACS\.yaml, line {line}: .*{match}"):
        load("macs", folder=write(tmp_path, YAML.replace(old, new)))


@pytest.mark.parametrize(
    "text", ["", "[]", "files: 3", "files:\n- 3\n", "files:\n- filename: a.wav\n  annotations: []\n", "files:\n- filename: a.wav\n"]
)
def test_other_shapes_are_refused(tmp_path, text) -> None:
    with pytest.raises(DataError, match=r"MACS\.yaml, line [12]: "):
        load("macs", folder=write(tmp_path, text))


def test_a_fault_behind_a_merge_is_named_without_a_line(tmp_path) -> None:
    with pytest.raises(DataError, match=r"MACS\.yaml: file 0: 'filename' is empty"):
        load("macs", folder=write(tmp_path, "<<: {files: [{annotations: []}]}\n"))


def test_competence(tmp_path) -> None:
    path = tmp_path / "MACS_competence.csv"
    path.write_text("annotator_id\tcompetence\n1\t0.83\nann_2\t0\n", encoding="utf-8")
    assert read_competence(path) == {"1": 0.83, "ann_2": 0.0}
    path.write_text("annotator_id\tcompetence\n1\thigh\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2: 'competence' should be a number"):
        read_competence(path)


def test_the_card_and_missing_files(tmp_path) -> None:
    assert definition("macs") is MACS
    assert [(split.num_clips, split.num_captions) for split in MACS.card.splits] == [(3_930, 17_275)]
    archives = [file for file in MACS.card.files if file.path.startswith(TAU)]
    assert len(archives) == 9
    assert all(file.md5 and len(file.md5) == 32 and file.urls and file.unpack_to == "." for file in archives)
    with pytest.raises(MissingDataError, match=r"MACS\.yaml"):
        load("macs", folder=tmp_path)
