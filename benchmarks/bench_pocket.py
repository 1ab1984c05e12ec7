"""How fast *pocket* is, where its time goes, what it weighs, and how that compares with larger models, in one run.

    python benchmarks/bench_pocket.py FOLDER [--model pocket] [--hours 0.25] [--rounds 5] [--no-rivals]

FOLDER holds real recordings; they are joined to stereo FLAC files of about 30 s at 44.1 kHz. Everything has one thread, and each
figure is processor time (what is left when nobody else uses the machine), by the median over interleaved rounds, with the clock beside it.

*Indexing* is `Library.index` with one job, in a process of its own, from nothing to a searchable library; its start (Python, imports,
the model, the worker's process) is told apart by indexing one short file. *Shares* are the stages of that, measured one by one.
*Query* is from the text to ranked hits in the library just made. *Rivals* have random weights, which take as long as trained
ones: mn04_as and MiniLM in PyTorch as their authors run them and as float ONNX graphs, LAION-CLAP (HTSAT-tiny, RoBERTa) and both
versions of MS-CLAP. For them sound is 10 s from the waveform at their rate to the embedding, and decoding comes on top as for us.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator, Mapping  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import NamedTuple  # noqa: E402

import av  # noqa: E402
import numpy as np  # noqa: E402
from bench_index import make_files, write  # noqa: E402

from hearken import Library  # noqa: E402
from hearken.audio.decode import decode, open_stream  # noqa: E402
from hearken.audio.melspec import log_mel  # noqa: E402
from hearken.runtime.catalog import find_model, model_info  # noqa: E402
from hearken.runtime.model import Model, load_model  # noqa: E402

RATE_HZ = 44_100
LEAST_REAL_TIME, MOST_QUERY_MS, MOST_MB = 150, 8, 35
QUERIES = {
    "one word": "thunder",
    "five words": "a dog barks in the distance",
    "a sentence": "an old man coughs and walks slowly over gravel while a car starts and drives away",
    "64 pieces": " and then ".join(["a heavy door creaks open somewhere far away in the dark house"] * 5),
}
RIVALS = {
    "mn04_as + MiniLM, PyTorch": ("mn04", "all-minilm-l6-v2"),
    "LAION-CLAP (HTSAT-tiny, RoBERTa)": ("htsat_laion_tiny", "roberta-base"),
    "MS-CLAP 2023 (HTSAT, GPT-2)": ("htsat_msclap2023", "gpt2"),
    "MS-CLAP 2022 (CNN14, BERT)": ("cnn14_msclap2022", "bert-base"),
}


class Spent(NamedTuple):
    """Seconds of the processor and of the clock."""

    cpu_s: float
    wall_s: float


def spent(work: Callable[[], object]) -> Spent:
    """Return what `work` takes, with the processes that it waits for."""
    before, start = _cpu_s(), time.perf_counter()
    work()
    return Spent(_cpu_s() - before, time.perf_counter() - start)


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def interleaved(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Spent]:
    """Return the medians over `rounds` in which all `works` take turns, after one that warms up."""
    found: dict[str, list[Spent]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            one = spent(work)
            if number:
                found[name].append(one)
    return {name: Spent(*(statistics.median(column) for column in zip(*times, strict=True))) for name, times in found.items()}


def index(folder: str, library: str, model: str) -> None:
    """Index `folder` with one job; what the child process does."""
    with Library(library, model=model) as made:
        report = made.index([folder], jobs=1)
    if report.failed or not report.indexed:
        raise SystemExit(f"indexing went wrong: {report}")


def index_apart(folder: Path, library: Path, model: str) -> None:
    """Index `folder` into a new library in a new Python."""
    subprocess.run([sys.executable, __file__, str(folder), "--index", str(library), "--model", model], check=True)


def measure_index(folder: Path, place: Path, model: str, sound_s: float, rounds: int) -> float:
    """Print how fast indexing is; return the processor's milliseconds per second of sound, without the start."""
    short = place / "short"
    short.mkdir()
    write(short / "short.flac", np.random.default_rng(0).uniform(-0.1, 0.1, (RATE_HZ, 2)))
    number = iter(range(1_000_000))
    works = {
        "all": lambda: index_apart(folder, place / f"library-{next(number)}", model),
        "start": lambda: index_apart(short, place / f"library-{next(number)}", model),
    }
    found = interleaved(works, rounds)
    whole, start = found["all"], found["start"]
    rest_s = whole.cpu_s - start.cpu_s
    print(f"\nIndexing {sound_s:.0f} s of 44.1 kHz stereo FLAC: {whole.cpu_s:.2f} s of the processor, {whole.wall_s:.2f} s by the clock")
    print(
        f"  with its start ({start.cpu_s:.2f} s): {sound_s / whole.cpu_s:.0f} x real time per core, {sound_s / whole.wall_s:.0f} x by the clock"
    )
    print(f"  without it: {sound_s / rest_s:.0f} x real time per core (bar {LEAST_REAL_TIME} x)", flush=True)
    return rest_s / sound_s * 1e3


def measure_shares(files: list[Path], model: Model, whole_ms: float, rounds: int) -> None:
    """Print how the `whole_ms` of indexing a second of sound are shared out."""
    waves = [decode(path, rate_hz=model.rate_hz).samples for path in files]
    mels = [log_mel(model.policy.pad(chunk), model.front_end) for wave in waves for chunk in model.policy.chunks([wave])]
    sound_s = sum(map(len, waves)) / model.rate_hz
    works = {
        "ffmpeg": lambda: [decode_plain(path) for path in files],
        "decode": lambda: [decode_own(path, model.rate_hz) for path in files],
        "mel": lambda: [log_mel(model.policy.pad(chunk), model.front_end) for wave in waves for chunk in model.policy.chunks([wave])],
        "net": lambda: [model._frames.run(None, {"mel": mel[None]}) for mel in mels],
        "embed": lambda: [model.embed([wave]) for wave in waves],
    }
    ms = {name: one.cpu_s / sound_s * 1e3 for name, one in interleaved(works, rounds).items()}
    rows = {
        "decoding by FFmpeg": ms["ffmpeg"],
        "blocks, mixing, resampling": ms["decode"] - ms["ffmpeg"],
        "log-mel": ms["mel"],
        "network": ms["net"],
        "pooling and heads": ms["embed"] - ms["mel"] - ms["net"],
        "hashing, store, search cache, pipes": whole_ms - ms["decode"] - ms["embed"],
    }
    print("\n| stage | ms per second of sound | share |\n|---|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value:.3f} | {value / whole_ms:.0%} |")
    print(f"| all | {whole_ms:.3f} | |", flush=True)


def decode_plain(path: Path) -> int:
    """Let FFmpeg decode a file, and throw the sound away."""
    with av.open(str(path)) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def decode_own(path: Path, rate_hz: int) -> int:
    """Decode a file as indexing does, and throw the sound away."""
    with open_stream(path, rate_hz) as stream:
        return sum(len(block) for block in stream)


def measure_queries(library: Path, model: Model, repeats: int) -> None:
    """Print how long queries take, encoding alone and up to ranked hits."""
    print("\n| query | encoding, ms | p95 | to ranked hits, ms | p95 |\n|---|---|---|---|---|")
    with Library(library, model=str(model.folder)) as searched:
        for name, text in QUERIES.items():
            encoding = each_ms(lambda text=text: model.encode_text([text]), repeats)
            whole = each_ms(lambda text=text: searched.search(text), repeats)
            print(f"| {name} | {' | '.join(f'{np.percentile(ms, at):.2f}' for ms in (encoding, whole) for at in (50, 95))} |", flush=True)
    print(f"Bar: {MOST_QUERY_MS} ms.")


def each_ms(work: Callable[[], object], repeats: int) -> list[float]:
    """Return the processor's milliseconds for each of `repeats` calls, after three that do not count."""
    return [spent(work).cpu_s * 1e3 for _ in range(repeats + 3)][3:]


def show_files(folder: Path) -> None:
    """Print what the model's files weigh."""
    files = sorted((path for path in folder.iterdir() if path.is_file()), key=lambda path: -path.stat().st_size)
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.2f}" for path in files)
    print(f"\nFiles: {sum(path.stat().st_size for path in files) / 1e6:.1f} MB (bar {MOST_MB} MB): {sizes}", flush=True)


def measure_rivals(model: Model, size_bytes: int, rounds: int) -> None:
    """Print sound and text times of larger models beside ours."""
    wave = np.random.default_rng(0).uniform(-0.1, 0.1, 10 * model.rate_hz).astype(np.float32)
    text = QUERIES["five words"]
    ours = interleaved({"sound": lambda: model.embed([wave]), "text": lambda: model.encode_text([text])}, 4 * rounds)
    print("\n| model | million weights | MB | ms per second of sound | ms per text | sound, times ours | text, times ours |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {model.name} | | {size_bytes / 1e6:.0f} | {ours['sound'].cpu_s * 100:.2f} | {ours['text'].cpu_s * 1e3:.1f} | 1 | 1 |",
        flush=True,
    )
    for name, million, megabytes, found in rivals(text, rounds):
        sound, words = found["sound"].cpu_s * 100, found["text"].cpu_s * 1e3
        times = f"{sound / ours['sound'].cpu_s / 100:.1f} | {words / ours['text'].cpu_s / 1e3:.1f}"
        print(f"| {name} | {million:.1f} | {megabytes:.0f} | {sound:.2f} | {words:.1f} | {times} |", flush=True)


def rivals(text: str, rounds: int) -> Iterator[tuple[str, float, float, dict[str, Spent]]]:
    """Yield name, million weights, megabytes, and times of 10 s of sound and of `text`, for each larger model."""
    import torch

    from hearken.models.build import build_dual

    torch.set_num_threads(1)
    for name, (audio, words) in RIVALS.items():
        torch.manual_seed(0)
        dual = build_dual(audio=audio, text=words).eval()
        wave = torch.rand(1, 10 * dual.rate_hz) * 0.2 - 0.1
        with torch.inference_mode():
            found = interleaved({"sound": lambda: dual.encode_audio(wave), "text": lambda: dual.encode_text([text])}, rounds)  # noqa: B023
        million = sum(weight.numel() for weight in dual.parameters()) / 1e6
        yield name, million, 4 * million, found
        if audio == "mn04":
            with tempfile.TemporaryDirectory() as folder:
                exported, megabytes = publish_float(dual, Path(folder) / "model")
                sound = wave[0].numpy()
                works = {"sound": lambda: exported.embed([sound]), "text": lambda: exported.encode_text([text])}  # noqa: B023
                yield name.replace("PyTorch", "float ONNX"), million, megabytes, interleaved(works, rounds)


def publish_float(dual: object, folder: Path) -> tuple[Model, float]:
    """Return `dual` as Hearken exports it, in 32 bits, and its size in MB."""
    from hearken.export.folder import Card
    from hearken.zoo.publish import publish

    publish(dual, folder, Card("rival", "random weights", "none"))  # type: ignore[arg-type]
    return Model(folder), sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def main() -> None:
    """Run the measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--hours", type=float, default=0.25)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=200, help="searches for each figure")
    parser.add_argument("--no-rivals", action="store_true", help="leave out the larger models, which need the extra train")
    parser.add_argument("--index", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.index:
        index(str(options.folder), options.index, options.model)
        return
    info, model = model_info(find_model(options.model)), load_model(options.model)
    print(f"{info.name}, digest {info.digest[:12]}")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        folder = place / "sounds"
        folder.mkdir()
        sound_s = make_files(options.folder, folder, "flac", options.hours)
        whole_ms = measure_index(folder, place, options.model, sound_s, options.rounds)
        measure_shares(sorted(folder.iterdir())[:12], model, whole_ms, options.rounds)
        measure_queries(place / "library-0", model, options.repeats)
    show_files(Path(info.path))
    if not options.no_rivals:
        measure_rivals(model, info.size_bytes, options.rounds)


if __name__ == "__main__":
    main()
