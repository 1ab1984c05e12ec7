import json
import os
from pathlib import Path

import numpy as np
import pytest

from hearken.metrics.captioning.java_files import Spice
from hearken.metrics.captioning.java_process import NotAvailableError
from hearken.metrics.captioning.java_spice import read_answer, request, spice
from hearken.metrics.captioning.score import Clip
from tests.metrics.captioning.fake_java import ANSWERS, fake_java, needs_posix

DOG = Clip(("a", "dög"), (("a", "dög"), ("dogs",)))
CAT = Clip(("a", "cat"), (("a", "dog"),))
FILES = Spice((Path("spice-1.0.jar"), Path("lib") / "a.jar"))


def answer(*items: tuple[object, object]) -> bytes:
    return json.dumps([{"image_id": number, "scores": {"All": {"f": score}}} for number, score in items]).encode()


def test_what_it_reads():
    assert request([DOG, CAT])[0] == {"image_id": 0, "test": "a dög", "refs": ["a dög", "dogs"]}
    assert [item["image_id"] for item in request([DOG, CAT])] == [0, 1]


def test_scores_are_put_in_order_by_number():
    np.testing.assert_array_equal(read_answer(answer((1, 0.25), (0, "0.5")), 2), [0.5, 0.25])


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"[",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        answer((0, 0.5)),
        answer((0, 0.5), (2, 0.5)),
        answer((0, 0.5), (1, None)),
        answer((0, float("nan")), (1, 0.5)),
    ],
)
def test_anything_but_one_score_of_each_clip_is_none(wrong):
    with pytest.raises(NotAvailableError, match="SPICE"):
        read_answer(wrong, 2)


@needs_posix
def test_the_whole_conversation(tmp_path):
    found = spice([DOG, CAT], fake_java(tmp_path, ANSWERS), FILES, limit_s=60)
    np.testing.assert_array_equal(found.per_item, [0.5, 0.25])
    assert found.value == 0.375
    assert found.name == "SPICE"


@needs_posix
def test_how_the_program_is_called(tmp_path):
    java = fake_java(tmp_path, f"import sys\nopen({str(tmp_path / 'said')!r}, 'w').write('\\n'.join(sys.argv[1:]))")
    with pytest.raises(NotAvailableError, match="no list of scores"):
        spice([DOG], java, FILES, limit_s=60, num_threads=3)
    said = (tmp_path / "said").read_text().split("\n")
    class_path = os.pathsep.join(map(str, FILES.class_path))
    assert said[-10:] == [
        "-cp", class_path, "edu.anu.spice.SpiceScorer", "in.json", "-out", "out.json", "-subset", "-silent", "-threads", "3",
    ]  # fmt: skip
