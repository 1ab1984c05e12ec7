"""Kill the collector, the questions to a language model and the downloader with SIGKILL at random moments, and see what comes out.

    python benchmarks/kill_data.py [--count 20] [--sounds 300] [--seed 0]

Each asks a server on this machine that fails one request in eight: timeouts, 429, 500, bodies cut off. A process is killed at random
moments and begun again, until all is done, and then anew from nothing, until there were `--count` kills of each. Then what is on
the disk must be, to the byte, what a run leaves that met neither faults nor kills; and what was on the disk must not have been asked
for again: no page or sound that was given whole (but one for each kill, which was on its way), no question whose answer was
kept, no byte of a file. Exit code 1, with the seed, when anything is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hearken.data.collect.collect import Wishes, collect
from hearken.data.collect.polite import Manners, Visitor
from hearken.data.download import download
from hearken.data.rephrase.cache import key_of, read_cache
from tests.data.collect.local_site import HOSTS, Answer, LocalSites, bank_page, bible_list, bible_page, sitemap, sound, wav
from tests.data.rephrase.standin import MODEL, StandIn
from tests.data.site import Site

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S, STALL_S = 0.4, 0.6
FAULT_RATE = 0.125
NUM_FILES, FILE_BYTES = 12, 400_000


def work_collect(folder: str, *urls: str) -> int:
    """The collecting process that gets killed."""
    visitor = Visitor(Manners(delay_s=0.0, timeout_s=TIMEOUT_S, mirrors=dict(zip(HOSTS.values(), urls, strict=True))))
    report = collect(Path(folder), Wishes(), visitor)
    return 3 if report.failed or report.left or report.troubles else 0


def work_download(folder: str, address: str) -> int:
    """The downloading process that gets killed: files one by one, the last of them in three parts."""
    urls = [f"{address}/{number}.bin" for number in range(NUM_FILES)]
    for url in urls[:-3]:
        download(url, Path(folder) / url.rpartition("/")[2], timeout_s=TIMEOUT_S)
    download(urls[-3:], Path(folder) / "whole.bin", timeout_s=TIMEOUT_S)
    return 0


class FlakySites(LocalSites):
    """Both sites of WavText5K; `given` counts what they gave whole."""

    def __init__(self, num_sounds: int) -> None:
        super().__init__()
        self.random, self.fault_rate = random.Random(0), 0.0
        self.given: Counter[tuple[str, str]] = Counter()
        self.num_faults = 0
        numbers = range(100, 100 + num_sounds // 2)
        self._put("bigsoundbank", "/sitemap_bsb.xml", sitemap(*(f"/sound-s0{number}.html" for number in numbers)))
        for page, first in enumerate(range(0, len(numbers), 20), start=1):
            links = (f"{number}-Sound.html" for number in numbers[first : first + 20])
            self._put("soundbible", f"/free-sound-effects-{page}.html", bible_list(*links))
        for number in numbers:
            content = b"" if number % 10 == 0 else wav(0.2 + 0.01 * (number % 7), pitch_hz=100.0 + number)
            self._put("bigsoundbank", f"/sound-s0{number}.html", bank_page(f"0{number}", f"Sound {number}", "It sounds."))
            self._put("bigsoundbank", f"/UPLOAD/wav/0{number}.wav", sound(content, etag='"1"'))
            self._put("soundbible", f"/{number}-Sound.html", bible_page(f"{number}", "Sound", f"Number {number}.", ("tag",)))
            if number % 10 != 1:  # a dead link
                self._put("soundbible", f"/grab.php?id={number}&type=wav", sound(wav(0.3, pitch_hz=number), etag='"2"'))

    def _put(self, site: str, path: str, answer: Answer) -> None:
        self.routes[site, path] = answer

    def _answer(self, site: str, request: http.server.BaseHTTPRequestHandler) -> None:
        usual = self.routes.get((site, request.path), Answer())
        if self.random.random() < self.fault_rate:
            self.num_faults += 1
            cut = Answer(usual.body, headers=usual.headers, cut=len(usual.body) // 2) if usual.body else Answer(b"x", cut=0)
            faults = (Answer(b"", 500), Answer(b"", 429, {"Retry-After": "0"}), Answer(b"x", stall_s=STALL_S), cut)
            self.first[site, request.path] = [self.random.choice(faults)]
        else:
            self.given[site, request.path] += request.path != "/robots.txt"
        super()._answer(site, request)


class Killer:
    """Begins processes and kills them, until there were `count` kills of each kind."""

    def __init__(self, seed: int, count: int) -> None:
        self.random, self.count = random.Random(seed), count

    def run(self, command: list[str], kill_within_s: float | None = None) -> int:
        """Start a process, kill it at a random moment if told so, and return its exit code."""
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=said)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(None if kill_within_s is None else self.random.random() * kill_within_s)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # it, and the workers that it left
            process.wait()
            said.seek(0)
            told = said.read().decode(errors="replace")
        assert process.returncode in (0, 3, -signal.SIGKILL), f"the process ended with {process.returncode}:\n{told}"
        time.sleep(0.05)  # what was under way reaches the server
        return process.returncode

    def whole(self, command: list[str]) -> float:
        """Return how long an uninterrupted run without faults takes."""
        start_s = time.monotonic()
        assert self.run(command) == 0, "a run without faults failed"
        return time.monotonic() - start_s

    def through(self, command: list[str], whole_s: float, left: int, after_each: Callable[[], None]) -> int:
        """Run to the end, through at most `left` kills, and again as long as something failed; return how many kills it was."""
        kills = 0
        while code := self.run(command, whole_s if kills < left else None):
            kills += code == -signal.SIGKILL
            after_each()
        after_each()
        return kills


def me(*arguments: str) -> list[str]:
    """The command of a process of this file."""
    return [sys.executable, __file__, *arguments]


def contents(folder: Path) -> dict[str, bytes]:
    """Return all that a user finds in a folder. Of a ledger only what was settled, sorted: failures that passed move lines."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    if "ledger.jsonl" in files:
        lines = sorted(line for line in files["ledger.jsonl"].splitlines() if b'"state": "failed"' not in line)
        assert len(lines) == len(set(lines)), "the ledger has a sound twice"
        files["ledger.jsonl"] = b"\n".join(lines)
    return {name: content for name, content in files.items() if not name.startswith(".collect")}


def compare(found: Path, wanted: dict[str, bytes]) -> None:
    """Raise AssertionError unless a folder holds what is `wanted`."""
    held = contents(found)
    other = sorted(name for name in held.keys() | wanted.keys() if held.get(name) != wanted.get(name))
    assert not other, f"{len(other)} files are not those of an uninterrupted run: {other[:5]}"


def trial_collect(killer: Killer, place: Path, num_sounds: int) -> str:
    """Kill the collector."""
    with FlakySites(num_sounds) as sites:
        urls = [sites.urls[site] for site in HOSTS]
        whole_s = killer.whole(me("--collect", str(place / "plain"), *urls))
        wanted = contents(place / "plain")
        sites.random, sites.fault_rate = killer.random, FAULT_RATE
        kills = rounds = 0
        while kills < killer.count:
            sites.given.clear()
            folder = place / f"{rounds}"
            now = killer.through(me("--collect", str(folder), *urls), whole_s, killer.count - kills, lambda: None)
            compare(folder, wanted)
            again = sum(count - 1 for count in sites.given.values())
            assert again <= now, f"{again} pages or sounds were given again after {now} kills"
            assert not list((folder / ".collect" / "sounds").iterdir()), "sounds were left behind"
            kills, rounds = kills + now, rounds + 1
        return f"{kills} kills in {rounds} rounds of {wanted['ledger.jsonl'].count(b'}')} sounds, {sites.num_faults} faults"


def trial_rephrase(killer: Killer, place: Path, num_captions: int) -> str:
    """Kill the questions to a language model."""
    table = place / "captions.csv"
    table.write_text("file,caption\n" + "".join(f"{number}.wav,The dog number {number} barks.\n" for number in range(num_captions)))
    server = StandIn()
    faults = ("status:500", "status:429:0", "truncate", "reset", f"late:{STALL_S}", 'body:{"choices": [')
    num_faults, known, begun = 0, set[str](), 0

    def fault(number: int, query: str) -> str:  # noqa: ARG001 - a fault of StandIn
        nonlocal num_faults
        wrong = killer.random.random() < FAULT_RATE
        num_faults += wrong
        return killer.random.choice(faults) if wrong else ""

    def look() -> None:
        """No question is asked whose answer was on the disk when its process began."""
        nonlocal known, begun
        asked = {key_of(MODEL, {}, [{"role": "user", "content": query}]) for query in server.seen[begun:]}
        assert not asked & known, f"{len(asked & known)} questions were asked again that had an answer"
        begun, before = len(server.seen), known
        known = {record["key"] for record in read_cache(folder / "v.answers.jsonl")}
        assert before <= known, "answers were lost"

    def command() -> list[str]:
        options = ("--endpoint", server.base, "--model", MODEL, "--timeout", str(TIMEOUT_S), "--jobs", "4", "--prompt", "rephrase")
        return [sys.executable, "-m", "hearken", "data", "rephrase", str(table), "--out", str(folder / "v.json"), *options]

    try:
        server.delay_s = 0.01
        folder = place / "plain"
        whole_s = killer.whole(command())
        wanted = (folder / "v.json").read_bytes()
        server.fault = fault
        kills = rounds = 0
        while kills < killer.count:
            folder, known, begun = place / f"{rounds}", set(), len(server.seen)
            kills += killer.through(command(), whole_s, killer.count - kills, look)
            assert (folder / "v.json").read_bytes() == wanted, "the captions are not those of an uninterrupted run"
            assert not (folder / "v.rejects.jsonl").exists(), "rejects were left behind"
            assert len(list(read_cache(folder / "v.answers.jsonl"))) == num_captions, "an answer was written twice"
            rounds += 1
    finally:
        server.close()
    return f"{kills} kills in {rounds} rounds of {num_captions} questions, {num_faults} faults"


def trial_download(killer: Killer, place: Path) -> str:
    """Kill the downloader."""
    site = Site()
    site.files = {f"{number}.bin": killer.random.randbytes(FILE_BYTES) for number in range(NUM_FILES)}
    have: dict[str, int] = {}

    def look() -> None:
        """Nothing is asked for that was on the disk when its process began."""
        nonlocal have
        for path, asked in site.seen:
            start = int(asked[6:-1]) if asked else 0
            assert start >= have.get(path, 0), f"{path} was asked for from byte {start}; {have[path]} were there"
        site.seen.clear()
        have = dict(filter(lambda pair: pair[1], ((path, size_of(folder, path)) for path in site.files)))

    try:
        site.delay_s = 0.03
        folder = place / "plain"
        whole_s = killer.whole(me("--download", str(folder), site.address))
        wanted = contents(folder)
        kills = rounds = num_faults = 0
        while kills < killer.count:
            folder, have = place / f"{rounds}", {}
            site.seen.clear()
            faults: tuple[tuple[int, dict[str, str]] | int | str, ...] = ((500, {}), (429, {"retry-after": "0"}), FILE_BYTES // 3, "stall")
            site.ills = {path: killer.random.choices(faults, k=killer.random.randrange(4)) for path in site.files}
            num_faults += sum(map(len, site.ills.values()))
            kills += killer.through(me("--download", str(folder), site.address), whole_s, killer.count - kills, look)
            compare(folder, wanted)
            rounds += 1
    finally:
        site.close()
    return f"{kills} kills in {rounds} rounds of {NUM_FILES} files, {num_faults} faults"


def size_of(folder: Path, path: str) -> int:
    """Return how much of a file of the site is on the disk: whole, or on its way."""
    number = int(path.removesuffix(".bin"))
    name = path if number < NUM_FILES - 3 else f"whole.bin.part{number - NUM_FILES + 4}"
    if (folder / name).exists() or ((folder / "whole.bin").exists() and name != path):
        return FILE_BYTES + 1
    part = folder / f"{name}.part"
    return part.stat().st_size if part.exists() else 0


def main() -> int:
    """Run the kills; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20, help="kills of each of the three")
    parser.add_argument("--sounds", type=int, default=300, help="sounds to collect, and questions to ask")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--collect", nargs=1 + len(HOSTS), help=argparse.SUPPRESS)
    parser.add_argument("--download", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        os.environ.pop(name, None)
    if options.collect:
        return work_collect(*options.collect)
    if options.download:
        return work_download(*options.download)
    seed = options.seed if options.seed is not None else time.time_ns() % 2**32
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hearken-kill-") as name:
        place = Path(name).resolve()
        for told in ("collect", "rephrase", "download"):
            (place / told).mkdir()
        killer = Killer(seed, options.count)
        try:
            print(f"collector: {trial_collect(killer, place / 'collect', options.sounds)}; nothing lost, nothing doubled", flush=True)
            print(
                f"language model: {trial_rephrase(killer, place / 'rephrase', options.sounds)}; nothing lost, nothing asked again",
                flush=True,
            )
            print(f"downloader: {trial_download(killer, place / 'download')}; nothing lost, nothing brought again", flush=True)
        except AssertionError as error:
            print(f"seed {seed}: {error}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
