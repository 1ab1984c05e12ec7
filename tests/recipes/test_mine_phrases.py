import json
import sys
from pathlib import Path

import mine_phrases
import pytest

from hearken.data.scenes.phrases import PATH, read_phrases

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "captions"


def write(folder: Path) -> None:
    for name in ("clotho_v2.1", "audiocaps/v1", "wavcaps/SoundBible"):
        (folder / name).mkdir(parents=True)
    (folder / "clotho_v2.1" / "clotho_captions_development.csv").write_text(
        "file_name,caption_1,caption_2,caption_3,caption_4,caption_5\nx.wav,A dog barks then a bell rings,A dog barks,A dog barks,A dog barks,A dog barks\n"
    )
    (folder / "audiocaps" / "v1" / "train.csv").write_text(
        "audiocap_id,youtube_id,start_time,caption\n1,x,0,A man talking while a dog barks\n"
    )
    content = {"num_captions_per_audio": 1, "data": [{"caption": "A cat meows twice."}]}
    (folder / "wavcaps" / "SoundBible" / "sb_final.json").write_text(json.dumps(content))


def test_three_sources_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    out = tmp_path / "new" / "phrases.json"
    monkeypatch.setattr(sys, "argv", ["mine_phrases.py", str(tmp_path), "--out", str(out)])
    mine_phrases.main()
    assert capsys.readouterr().out == f"7 captions -> {out}\n"
    assert json.loads(out.read_text())["read"] == {"captions": 7}
    phrases = read_phrases(out)
    assert phrases.joints == {"then": 1, "while": 1}
    assert phrases.times == {"twice": 1}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real captions are not here")
def test_the_shipped_counts_are_those_of_the_real_captions() -> None:
    counts = mine_phrases.mine(mine_phrases.captions(SHARED))
    shipped = json.loads(PATH.read_text(encoding="utf-8"))
    assert shipped.pop("source")
    assert counts == shipped
