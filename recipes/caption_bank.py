"""Make the captioner `pocket-captions`: a bank of real captions, compared with a sound in the space of the pocket model.

    python recipes/caption_bank.py --shared ../shared --out build/captioner    # about 15 minutes on 2 cores, most of it once: see --cache

Expected (dev split of `shared/audio`, 1678 clips with one reference each): CIDEr-D 2.88, sentence similarity 0.59, BLEU-4 0.34, 27 % word for
word (the nearest training clip: 2.66, 0.53, 0.31, 25 %). The bank holds the training captions with the vectors of their recordings, and real
captions of other sounds (`caption_texts.py`) for what the training sounds lack. All numbers are chosen on train, by folds of two kinds:
recordings left out, whose captions stay ("known"), and captions left out with all their recordings ("new"). The dev split is measured at the
end. The same inputs give the same folder, but for its card, which `caption_card.py` writes from `training.json`.

Legend: `N` clips, `C` captions, `D` embedding size, `S` places of a sound: its own vector, then those of its windows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from caption_choice import (
    Encode,
    Fold,
    Mixture,
    Settings,
    Sounds,
    bank_of,
    choose_margin,
    choose_options,
    folds_by,
    nearest,
    of_folds,
    unsure_below,
)
from caption_figures import Sentences, best_and_worst, figure, figures, is_right, items
from caption_texts import Clip, clips_of, corpus_captions, is_sentence, spread
from numpy.typing import NDArray

from hearken.audio.decode import decode
from hearken.caption.heard import MadeCaption, heard_of
from hearken.caption.patterns import Bank, Joining, caption_of, joined, write_bank
from hearken.data.scenes.phrases import shipped_phrases
from hearken.runtime.catalog import find_model, model_info
from hearken.runtime.model import Model, load_model
from hearken.runtime.pool import FileEmbedder
from hearken.types import Failure, FloatArray


class Words:
    """Vectors of texts by the model's text side; each is encoded once, and kept in `store`."""

    def __init__(self, model: Model, store: Path) -> None:
        self._model, self._store, self._known = model, store, dict[str, FloatArray]()
        if store.is_file():
            kept = np.load(store)
            self._known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Return (len(texts), D)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), 256):
            part = new[start : start + 256]
            self._known.update(zip(part, self._model.encode_text(part), strict=True))
        if new:
            np.savez(self._store, texts=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))
        return np.stack([self._known[text] for text in texts])


def hear(shared: Path, clips: Sequence[Clip], store: Path) -> Sounds:
    """Return `clips` with their places, as the runtime hears files; they are kept in `store`."""
    if not store.is_file():
        paths = [str(shared / "audio" / clip.file) for clip in clips]
        heard = {}
        for path, told in FileEmbedder().embed_files(iter(paths), jobs=2):
            if isinstance(told, Failure):
                raise SystemExit(f"{path}: {told.message}")
            heard[path] = heard_of(told.vectors)
        np.savez(store, **{clip.file: heard[path] for clip, path in zip(clips, paths, strict=True)})
    kept = np.load(store)
    return Sounds(tuple(clips), tuple(kept[clip.file] for clip in clips))


def extra_captions(shared: Path, captions: Sequence[str], words: Encode, chosen: Settings) -> list[str]:
    """Return as many real captions as any choice needs, unlike `captions` and each other, the most usual first."""
    texts = list(corpus_captions(shared, captions))
    places = spread(
        texts, words(texts), words(captions), max(chosen.extras), apart=chosen.apart, apart_known=chosen.apart_known
    )  # fmt: skip
    return [texts[place] for place in places]


def make_folds(shared: Path, train: Sounds, words: Encode, chosen: Settings) -> dict[str, list[Fold]]:
    """Return the folds of both kinds: "known" (recordings are left out) and "new" (captions are left out)."""
    found: dict[str, list[Fold]] = {}
    usual = extra_captions(shared, sorted(set(train.captions)), words, chosen)
    for kind, keys in (("known", [clip.group for clip in train.clips]), ("new", train.captions)):
        numbers = folds_by(keys, chosen.folds, chosen.seed)
        found[kind] = []
        for number in range(chosen.folds):
            rest = train.only(numbers != number)
            extra = usual if kind == "known" else extra_captions(shared, sorted(set(rest.captions)), words, chosen)
            found[kind].append(Fold(bank_of(rest, extra, words), len(extra), np.flatnonzero(numbers == number)))
    return found


def mix(model: Model, shared: Path, train: Sounds, numbers: NDArray[np.int64], chosen: Settings, store: Path) -> list[Mixture]:
    """Return mixtures of two clips of the same fold, in turn at the same time and one after the other; equally loud, ten seconds of each at most."""
    random = np.random.default_rng(chosen.seed)
    pairs = []
    while len(pairs) < chosen.mixtures:
        one = int(random.integers(len(train.clips)))
        two = int(random.choice(np.flatnonzero(numbers == numbers[one])))
        if train.clips[one].caption != train.clips[two].caption:
            pairs.append((one, two))
    if not store.is_file():
        waves = [[_level(shared / "audio" / train.clips[i].file, model.rate_hz) for i in pair] for pair in pairs]
        mixed = [np.concatenate(pair) if place % 2 else _sum(*pair) for place, pair in enumerate(waves)]
        np.savez(store, **{str(place): heard_of(model.embed([wave])) for place, wave in enumerate(mixed)})
    kept, phrases = np.load(store), shipped_phrases()
    return [
        Mixture(int(numbers[one]), kept[str(place)], joined(train.clips[one].caption, train.clips[two].caption, phrases, in_sequence=place % 2 == 1))
        for place, (one, two) in enumerate(pairs)
    ]  # fmt: skip


def measure(bank: Bank, made: Sequence[MadeCaption], train: Sounds, dev: Sounds, words: Encode, sentences: Sentences) -> dict[str, Any]:
    """Return the dev figures of the captions that were `made` (N) and of what they have to beat, and how much better they are than each, paired."""
    vectors, captions = np.stack([places[0] for places in dev.heard]), sorted(set(train.captions))
    sounds = np.stack([places[0] for places in train.heard])
    systems = {
        "most frequent caption": [Counter(train.captions).most_common(1)[0][0]] * len(dev.clips),
        "caption of the nearest training clip": [train.captions[i] for i in (vectors @ sounds.T).argmax(axis=1)],
        "nearest training caption": [captions[i] for i in (vectors @ words(captions).T).argmax(axis=1)],
        "the bank, one event": nearest(bank, dev.heard)[0],
        "pocket-captions": [each.text for each in made],
    }
    seen = np.isin(dev.captions, captions)
    found: dict[str, Any] = {name: figures(texts, dev.captions, seen, sentences) for name, texts in systems.items()}
    values = {name: items(texts, dev.captions, sentences) for name, texts in systems.items()}
    for name in list(systems)[:-1]:
        found[f"pocket-captions - {name}"] = {
            metric: figure(values["pocket-captions"][metric] - values[name][metric]) for metric in values[name]
        }
    return {"clips": len(dev.clips), "seen": int(seen.sum()), "systems": found}


def examples(made: Sequence[MadeCaption], dev: Sounds, sentences: Sentences) -> dict[str, list[dict[str, Any]]]:
    """Return what is shown on the card: every 84th clip, and the ten best and worst of a hundred that were drawn."""
    similarity = items([each.text for each in made], dev.captions, sentences)["sentence similarity"]
    good, bad = best_and_worst(similarity, dev.captions, drawn=100, count=10, seed=100)

    def rows(places: Sequence[int]) -> list[dict[str, Any]]:
        return [
            {
                "file": dev.clips[i].file, "label": dev.captions[i], "caption": made[i].text, "score": round(made[i].score, 3),
                "similarity": round(float(similarity[i]), 3),
            }
            for i in places
        ]  # fmt: skip

    return {"every 84th": rows(range(41, len(dev.clips), 84)), "good": rows(good), "bad": rows(bad)}


def write(out: Path, bank: Bank, joining: Joining, unsure: float, training: dict[str, Any]) -> None:
    """Write the captioner's folder: bank, configuration, and `training.json`."""
    out.mkdir(parents=True, exist_ok=True)
    table, vectors = write_bank(bank)
    files = {"bank.json": table, "bank.npy": vectors}
    for name, data in files.items():
        (out / name).write_bytes(data)
    config = {
        "format": 1, "kind": "captioner", "design": "patterns", "name": "pocket-captions",
        "summary": f"the nearest of {len(bank.texts)} real captions; two joined where a sound plainly holds two",
        "licence": "Apache-2.0; captions also MIT (AudioCaps, WavText5K)", "model_digest": model_info(find_model("pocket")).digest,
        "dim": bank.words.shape[1], "max_places": 17, "decoding": {}, "patterns": asdict(joining), "unsure_below": unsure,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    }  # fmt: skip
    for name, value in (("config.json", config), ("training.json", training)):
        (out / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _level(path: Path, rate_hz: int) -> FloatArray:
    """The first ten seconds of a file, with an RMS of 0.05."""
    samples = decode(path, rate_hz=rate_hz).samples[: 10 * rate_hz]
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    return np.asarray(samples * np.float32(0.05 / max(rms, 1e-4)))


def _sum(one: FloatArray, two: FloatArray) -> FloatArray:
    mixed = np.zeros(max(len(one), len(two)), np.float32)
    mixed[: len(one)] += one
    mixed[: len(two)] += two
    return mixed


def main() -> None:
    """Parse the command line and run the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("build/captioner-cache"), help="keeps vectors, which take the time")
    parser.add_argument("--seed", type=int, default=Settings().seed)
    options = parser.parse_args()
    chosen, shared, cache = Settings(seed=options.seed), options.shared, options.cache
    cache.mkdir(parents=True, exist_ok=True)
    model, sentences = load_model(), Sentences()
    words = Words(model, cache / "words.npz")
    everything = hear(shared, clips_of(shared, "train"), cache / "train.npz")
    train = everything.only(np.array([is_sentence(caption) for caption in everything.captions]))
    dev = hear(shared, clips_of(shared, "dev"), cache / "dev.npz")
    if {clip.group for clip in train.clips} & {clip.group for clip in dev.clips}:
        raise SystemExit("train and dev share recordings; refusing to measure")

    folds = make_folds(shared, train, words, chosen)
    best, table = choose_options(train, folds, chosen, sentences)
    print("share, bonus, extra:", best, flush=True)
    numbers = folds_by([clip.group for clip in train.clips], chosen.folds, chosen.seed)
    mixtures = mix(model, shared, train, numbers, chosen, cache / "mixtures.npz")
    margin, margins = choose_margin(train, folds, mixtures, best, chosen, sentences)
    told = [of_folds(train, each, best) for each in folds.values()]
    right = np.concatenate([is_right(candidates, references, sentences) for candidates, references, _ in told])
    unsure = unsure_below(np.concatenate([scores for *_, scores in told]), right)

    corpora = corpus_captions(shared, sorted(set(train.captions)))
    extra = extra_captions(shared, sorted(set(train.captions)), words, chosen)[: best[2]]
    bank = replace(bank_of(train, extra, words), examples_share=best[0], words_bonus=best[1])
    joining = Joining(margin)
    made = [caption_of(bank, places, joining) for places in dev.heard]
    sure = np.array([each.score >= unsure for each in made])
    fits = is_right([each.text for each in made], dev.captions, sentences)
    training = {
        "settings": asdict(chosen), "chosen": {"share": best[0], "bonus": best[1], "extra": best[2], "margin": margin, "unsure_below": unsure},
        "captions": {"of training sounds": len(bank.texts) - len(extra), **Counter(corpora[text] for text in extra)},
        "recordings": len(train.clips), "left out": len(everything.clips) - len(train.clips),
        "sources": dict(Counter(clip.source for clip in train.clips).most_common()),
        "licences": dict(Counter(clip.license for clip in train.clips).most_common()),
        "options on train": table, "margins on train": margins,
        "dev": measure(bank, made, train, dev, words, sentences), "examples": examples(made, dev, sentences),
        "dev, right": {"unsure": float(fits[~sure].mean()), "sure": float(fits[sure].mean()), "share unsure": float((~sure).mean())},
    }  # fmt: skip
    write(options.out, bank, joining, unsure, training)
    print(json.dumps({"chosen": training["chosen"], "captions": training["captions"], "dev": training["dev"]}, indent=1))


if __name__ == "__main__":
    main()
