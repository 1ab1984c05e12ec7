import sys
from pathlib import Path

import numpy as np
import pytest

from hearken.metrics.captioning.java_meteor import meteor, question
from hearken.metrics.captioning.java_process import NotAvailableError
from hearken.metrics.captioning.score import Clip
from tests.metrics.captioning.fake_java import ANSWERS, fake_java, needs_posix

DOG = Clip(("a", "dog"), (("a", "dog"), ("dogs",)))
CAT = Clip(("a", "cat"), (("a", "dog"),))


def test_the_line_of_a_clip():
    assert question(DOG) == "SCORE ||| a dog ||| dogs ||| a dog"
    assert question(Clip((), ((), ("x",)))) == "SCORE |||  ||| x ||| "


@pytest.mark.parametrize(
    "text", ["a\nEVAL ||| 1", "a\r\n||||| b", "a\u2028b\u0085c\x1d", "\0", 'say "no" \\ ⟨ü⟩ 犬 \ud800', "|||", "a || b | c"]
)
def test_no_caption_breaks_the_line(text):
    line = question(Clip((text,), ((text,), ("x",))))
    assert len(line.splitlines()) == 1
    assert line.count("|||") == 3
    assert line.startswith("SCORE ||| ")
    assert "\0" not in line


@needs_posix
def test_scores_of_each_and_of_all_are_what_the_program_says(tmp_path):
    found = meteor([DOG, CAT, DOG], fake_java(tmp_path, ANSWERS), Path("x.jar"), limit_s=60)
    np.testing.assert_array_equal(found.per_item, [1.0, 0.0, 1.0])
    assert found.value == 1.0  # not the mean: the program's own
    assert found.name == "METEOR"


@needs_posix
def test_how_the_program_is_called(tmp_path):
    java = fake_java(tmp_path, f"import sys\nopen({str(tmp_path / 'said')!r}, 'w').write('\\n'.join(sys.argv[1:]))")
    with pytest.raises(NotAvailableError):
        meteor([DOG], java, Path("x.jar"), limit_s=60)
    said = (tmp_path / "said").read_text().split("\n")
    assert said[-8:] == ["-jar", "x.jar", "-", "-", "-stdio", "-l", "en", "-norm"]
    assert {"-Duser.language=en", "-Duser.country=US", "-Dfile.encoding=UTF-8"} < set(said)


@needs_posix
@pytest.mark.parametrize(
    ("counts", "score", "why"),
    [
        ("", "", "answered '', which is no counts"),
        ("Error: specify SCORE or EVAL or SING", "", "no counts"),
        ("1.0 2.0", "", "no counts"),
        (" ".join(["nan"] * 23), "", "no counts"),
        (" ".join(["1,0"] * 23), "", "no counts"),
        (" ".join(["1.0"] * 23), "", "answered '', which is no score"),
        (" ".join(["1.0"] * 23), "NaN", "no score"),
        (" ".join(["1.0"] * 23), "0,5", "no score"),
    ],
)
def test_nonsense_is_no_score(tmp_path, counts, score, why):
    code = f"import sys\nfor line in sys.stdin: print({counts!r} if line.startswith('SCORE') else {score!r}, flush=True)"
    with pytest.raises(NotAvailableError, match=why):
        meteor([DOG], fake_java(tmp_path, code), Path("x.jar"), limit_s=60)
    assert sys.platform != "win32"
