"""Train the pocket model: mn04 ears + MiniLM words, from the tag bridge to a jointly trained dual encoder.

    python recipes/train_pocket.py --shared ../shared --out build/pocket          # an hour and a half on one core
    python recipes/train_pocket.py --shared ../shared --out build/pocket --smoke  # a few real steps

Expected (dev split of `shared/audio`): see the model card. The tag bridge is the initialisation; all weights are trained
contrastively on the train split. Anchors keep what the pretrained halves know: sounds near their teachers' bridges, captions near
MiniLM, AudioCaps captions near their AudioSet tags. Weights are averaged over steps, and over runs with several seeds
(`pocket_soup.py`); the dev split picks how far to go from the initialisation. Then the text tower learns order (`pocket_order.py`).

A run that has ended is kept beside the model folder, so a recipe that was stopped goes on with the first seed that it lacks.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from pocket_data import Clip, epoch_batches, fold_of, load_clips, plain_captions
from pocket_export import export, record
from pocket_measure import Texts as Encode
from pocket_measure import measure_towers
from pocket_order import OrderSteps, teach_order
from pocket_scenes import Phrases
from pocket_soup import averaged, keep_run, take_run
from pocket_steps import AFTERWARDS, Settings, Steps, Texts
from pocket_teachers import Teachers
from pocket_texts import mined_captions, write
from pocket_texts import texts as made_texts
from pocket_towers import MINILM, Words, between, initialise, student_of
from torch import nn

from hearken.models.pocket import PocketAudio
from hearken.runtime.model import load_model

SHARES = (0.6, 0.8, 1.0)
Towers = tuple[PocketAudio, Words]
NUM_PLAIN = 12_000  # captions from everywhere that learning order draws from


def optimiser(
    audio: PocketAudio, words: Words, chosen: Settings, num_steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW with a rate for each part, linear warm-up over a tenth, cosine to zero. The audio tower's turn is not learned."""
    audio.turn.requires_grad_(False)
    features = list(audio.tagger.features.parameters())
    head = [p for p in audio.parameters() if p.requires_grad and not any(p is other for other in features)]
    groups = [
        {"params": features, "lr": chosen.rate_features},
        {"params": head, "lr": chosen.rate_head},
        {"params": list(words.parameters()), "lr": chosen.rate_text},
    ]
    adam = torch.optim.AdamW(groups, weight_decay=chosen.weight_decay)
    warm = max(1, num_steps // 10)

    def rate(step: int) -> float:
        return min((step + 1) / warm, 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / num_steps)))))

    return adam, torch.optim.lr_scheduler.LambdaLR(adam, rate)


def train(steps: Steps, max_steps: int | None, tell: Callable[[int, dict[str, float]], None]) -> Towers:
    """Train the towers of `steps` in place; return both, averaged over the steps. `tell` gets number and mean losses of each epoch.

    Batch-norm statistics and dropout stay as pretrained (eval mode): batches hold few lengths at a time, and their
    statistics would be noise.
    """
    audio, words, clips, chosen = steps.audio, steps.words, steps.clips, steps.settings
    num_steps = chosen.epochs * sum(1 for _ in epoch_batches(clips, chosen.batch, mix=0.0, seed=0, epoch=0))
    adam, schedule = optimiser(audio, words, chosen, num_steps)
    averages = [
        torch.optim.swa_utils.AveragedModel(m, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(chosen.average))
        for m in (audio, words)
    ]
    for epoch in range(chosen.epochs):
        losses: dict[str, list[float]] = {}
        for step, batches in enumerate(epoch_batches(clips, chosen.batch, mix=chosen.mix, seed=chosen.seed, epoch=epoch)):
            if step == max_steps:
                break
            parts = steps.loss(batches, np.random.default_rng([chosen.seed, epoch, step]))
            adam.zero_grad()
            torch.stack(list(parts.values())).sum().backward()
            nn.utils.clip_grad_norm_([*audio.parameters(), *words.parameters()], 1.0)
            adam.step()
            schedule.step()
            for average, model in zip(averages, (audio, words), strict=True):
                average.update_parameters(model)
            for name, part in parts.items():
                losses.setdefault(name, []).append(part.item())
        tell(epoch, {name: float(np.mean(values)) for name, values in losses.items()})
    return averages[0].module, averages[1].module


def read_texts(shared: Path, cache: Path, path: Path, own_words: float) -> tuple[Phrases, Texts]:
    """Return the ways to say each caption, and the texts that teach without sound, out of the file of `pocket_texts.py` at `path`.

    The file is made where there is none. Ways to say less ("an animal") are left out: they are no less true of others.
    """
    if not path.exists():
        print(f"texts: writing {path}", flush=True)
        write(made_texts(shared, mined_captions(shared, cache)), path)
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    others = {caption: tuple(item["text"] for item in items if item["how"] != "broader") for caption, items in found["captions"].items()}
    tagged = [(item["text"], tuple(item["tags"])) for item in found["tagged"] if item["how"] == "audiocaps"]
    return Phrases(others, own_words), Texts(tagged, plain_captions(shared))


def shares(design: str) -> tuple[float, ...]:
    """Return how far to go from the start; random weights are no start to stay near to."""
    return SHARES[-1:] if design == "passt" else SHARES


def merit(figures: dict[str, float]) -> float:
    """Return what the share is chosen by: known and unknown words alike."""
    return figures["mAP"] + figures["mAP_unseen"]


def main() -> None:
    """Parse the command line and run the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("build/pocket-cache"))
    parser.add_argument("--texts", type=Path, default=Path("build/pocket-texts.json"), help="file of pocket_texts.py; made if need be")
    parser.add_argument(
        "--without", type=int, default=-1, metavar="FOLD", help="leave out one of five folds of recordings, for calibration"
    )
    parser.add_argument("--smoke", action="store_true", help="two steps of each of two runs, and of order, into the folder OUT-smoke")
    for name, value in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    options = parser.parse_args()
    chosen = Settings(**{name: getattr(options, name) for name in asdict(Settings())})
    if options.smoke:
        chosen, options.out = replace(chosen, epochs=1, seeds=2, order_steps=2), options.out.with_name(f"{options.out.name}-smoke")
    if chosen.seeds < 1:
        raise SystemExit("--seeds must be at least 1.")
    if chosen.design == "passt" and chosen.seeds > 1:
        raise SystemExit("--design passt starts from random weights, and runs from there have no mean: give --seeds 1.")
    torch.manual_seed(chosen.seed)  # random weights, where a design starts from them
    run(options, chosen)


class Dev:
    """Measures towers on the dev split and prints what it finds; `found` keeps the figures by name."""

    def __init__(self, clips: list[Clip], known: set[str]) -> None:
        self.clips, self.known = clips, known
        self.found: dict[str, dict[str, float]] = {}

    def measure(self, audio: PocketAudio, texts: Encode, name: str, *, slope: bool = False) -> dict[str, float]:
        """Return the figures of an audio tower and of what embeds texts; `known` captions are those of the train split."""
        self.found[name] = measure_towers(audio, texts, self.clips, self.known, slope=slope)
        print(name, json.dumps(self.found[name]), flush=True)
        return self.found[name]


def run(options: argparse.Namespace, chosen: Settings) -> None:
    """Train, average, teach the mean order, and write the model folder."""
    train_clips, dev_clips = (load_clips(options.shared, split, options.cache) for split in ("train", "dev"))
    if {clip.group for clip in train_clips} & {clip.group for clip in dev_clips}:
        raise SystemExit("train and dev share recordings; refusing to train")
    bridge, words = initialise(options.shared, chosen.turn)
    first = student_of(bridge, chosen.design), words
    dev = Dev(dev_clips, {clip.caption for clip in train_clips})
    dev.measure(bridge, words.as_arrays, "bridge")
    teachers = Teachers(bridge, words, train_clips, options.shared, options.cache, chosen.teachers)
    learned = [place for place, clip in enumerate(train_clips) if fold_of(clip.group) != options.without]
    clips = [train_clips[place] for place in learned]
    phrases, alone = read_texts(options.shared, options.cache, options.texts, chosen.own_words)
    ended = []
    for seed in range(chosen.seed, chosen.seed + chosen.seeds):
        steps = Steps(*copy.deepcopy(first), clips, alone, phrases, teachers.only(learned), replace(chosen, seed=seed))
        ended.append(one_run(steps, options, digest_of(clips, options.texts)))
        dev.measure(ended[-1][0], ended[-1][1].as_arrays, f"seed {seed}")
    (audio, words), share = best_share(first, ended, dev, chosen.design)
    hears_slope = chosen.design != "mean"
    if hears_slope:
        order(audio, words, alone, phrases, sorted({clip.caption for clip in clips}), chosen)
    dev.measure(audio, words.as_arrays, "pocket", slope=hears_slope)
    ship(audio, words, options.out, dev, hears_slope=hears_slope, checked=not options.smoke)
    record(options.out, {**asdict(chosen), "share": share}, dev.found, clips)


def best_share(first: Towers, ended: Sequence[Towers], dev: Dev, design: str) -> tuple[Towers, float]:
    """Return the mean of the runs that have `ended`, as far from the `first` towers as is best on dev, and how far that is."""
    mean = averaged([audio for audio, _ in ended]), averaged([words for _, words in ended])
    merits, made = {}, {}
    for share in shares(design):
        made[share] = between(first[0], mean[0], share), between(first[1], mean[1], share)
        merits[share] = merit(dev.measure(made[share][0], made[share][1].as_arrays, f"mean of seeds, share {share}"))
    share = max(merits, key=lambda share: merits[share])
    return made[share], share


def digest_of(clips: Sequence[Clip], texts: Path) -> str:
    """Return what tells training data apart: the SHA-256 of which clips there are, what they are called, and the file of texts."""
    told = json.dumps([(clip.file, clip.caption, clip.group) for clip in clips]).encode()
    return hashlib.sha256(told + texts.read_bytes()).hexdigest()


def one_run(steps: Steps, options: argparse.Namespace, data: str) -> Towers:
    """Return both towers as the run of one seed leaves them, averaged over its steps: trained now, or as kept earlier from the same `data`."""
    chosen, towers = steps.settings, (steps.audio, steps.words)
    told = {name: value for name, value in asdict(chosen).items() if name not in AFTERWARDS}
    told |= {"data": data, "smoke": options.smoke}
    path = options.out.with_name(f"{options.out.name}-seed{chosen.seed}.safetensors")
    if take_run(towers, path, told):
        print(f"seed {chosen.seed}: as kept in {path}", flush=True)
        return towers
    started = time.monotonic()

    def tell(epoch: int, losses: dict[str, float]) -> None:
        rounded = json.dumps({name: round(value, 4) for name, value in losses.items()})
        print(f"seed {chosen.seed} epoch {epoch} {time.monotonic() - started:.0f} s {rounded}", flush=True)

    torch.manual_seed(chosen.seed)  # patchout
    towers = train(steps, 2 if options.smoke else None, tell)
    keep_run(towers, path, told)
    return towers


def order(audio: PocketAudio, words: Words, alone: Texts, phrases: Phrases, own: Sequence[str], chosen: Settings) -> None:
    """Teach the text tower order, in place, where the audio tower tells it; see `pocket_order`."""
    drawn = np.random.default_rng(chosen.seed).choice(len(alone.plain), NUM_PLAIN, replace=False)
    steps = OrderSteps(words, audio.turn, [alone.plain[place] for place in np.sort(drawn)], own, phrases, chosen)
    teach_order(words, steps, chosen)


def ship(audio: PocketAudio, words: Words, out: Path, dev: Dev, *, hears_slope: bool, checked: bool) -> None:
    """Measure the model as it is written, and put it into its folder. Where it is `checked`, raises SystemExit if 8 bits cost more than 3 %."""
    beside = out.with_name(f"{out.name}.part")
    export(audio, words.tower, beside, tokenizer=MINILM / "tokenizer.json", hears_slope=hears_slope)
    shipped = dev.measure(audio, load_model(beside).encode_text, "pocket as shipped", slope=hears_slope)
    if checked and shipped["mAP"] < 0.97 * dev.found["pocket"]["mAP"]:  # by chance up to 1.7 % in whole runs
        raise SystemExit(f"the int8 text tower costs more than 3 %: {shipped} instead of {dev.found['pocket']}")
    out.mkdir(exist_ok=True)
    for file in beside.iterdir():
        os.replace(file, out / file.name)
    beside.rmdir()


if __name__ == "__main__":
    main()
