"""How a real `hearken serve` bears many users at once: answers, times, memory and descriptors (Linux).

    python benchmarks/bench_server.py LIBRARY [--connections 64] [--seconds 60] [--pause 0] [--seed 0]

A server process of its own is asked through raw sockets that are kept alive: searches, waveforms, stretches, ranges of files, records and
files of the page, by so many connections at once, each asking again as soon as it has its answer (or `--pause` seconds later, as
users would). What is refused with 503, as more than 128 requests at once are, is counted apart. Every other answer is compared with the one
that the same request got when nobody else was there: what differs is wrong.

The limit beside it: the same searches by `Library.search` in one process without any server, measured in the same run, by the clock and by
processor time. The client takes its share of the same cores: on two of them, trust the processor times and the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from hearken.search.library import Library

QUERIES = (
    "a dog barks in the distance", "rain on a tin roof", "glass breaking on tiles", "an old steam train passes", "someone laughs",
    "church bells", "waves on a beach", "a baby cries", "typing on a keyboard", "thunder without rain", "footsteps, then a door", "siren",
    "birds in the morning", "a crackling fire", "wind", "an engine starts", "clapping hands", "water is poured", "a clock ticks", "cat",
)  # fmt: skip
SHARES = {"search": 8, "peaks": 3, "excerpt": 3, "media": 3, "sound": 2, "page": 1}
SEARCH_LIMIT = 20
PROGRAM = "from hearken.cli.main import run; run()"


@dataclass(frozen=True)
class Ask:
    """One request: its kind, and the bytes that are sent."""

    kind: str
    data: bytes


@dataclass
class Tally:
    """What came of a run."""

    took_ms: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    samples: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0

    @property
    def num(self) -> int:
        """How many requests were answered."""
        return sum(map(len, self.took_ms.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help="a library's folder, which is only read (waveforms go into its cache)")
    parser.add_argument("--connections", type=int, default=64, help="how many ask at once")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they ask for everything")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between an answer and the next request of a connection")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    direct(options.library, seconds=min(5.0, options.seconds))
    with serving(options.library) as (pid, port):
        asks = requests(port, options.seed)
        truth = asyncio.run(alone(port, asks))
        searches = [each for each in asks if each.kind == "search"]
        for title, some, seconds in (("searches alone", searches, min(15.0, options.seconds)), ("everything", asks, options.seconds)):
            tally = asyncio.run(load(pid, port, some, truth, options, seconds))
            report(f"{title}: {options.connections} connections, {seconds:g} s, pause {options.pause:g} s", tally)


def direct(library: Path, seconds: float) -> None:
    """Print what a search costs without a server: the limit."""
    with Library(library) as opened:
        for text in QUERIES:
            opened.search(text, k=SEARCH_LIMIT + 1)
        wall_s, cpu_s, num = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - wall_s < seconds:
            opened.search(QUERIES[num % len(QUERIES)], k=SEARCH_LIMIT + 1)
            num += 1
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    print(
        f"Library.search in one process: {num / wall_s:.0f} searches/s; {1000 * wall_s / num:.2f} ms, {1000 * cpu_s / num:.2f} ms of a processor",
        flush=True,
    )


@contextmanager
def serving(library: Path) -> Iterator[tuple[int, int]]:
    """A `hearken serve` of its own; yields its process id and port."""
    command = [sys.executable, "-c", PROGRAM, "serve", "--library", str(library), "--port", "0"]
    plain = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}  # as a user starts it
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=plain) as process:
        try:
            line = process.stderr.readline() if process.stderr else ""
            if "http://" not in line:
                sys.exit(f"The server does not start: {line}")
            yield process.pid, int(line.rstrip().rstrip("/").rsplit(":", 1)[1])
        finally:
            process.send_signal(signal.SIGTERM)
            print(f"ended with exit code {process.wait(30)}")


def requests(port: int, seed: int) -> list[Ask]:
    """All requests that are made, as many of each kind as its share."""
    dice = random.Random(seed)
    base = "/api/v1/libraries/" + ask_json(port, "/api/v1")["libraries"][0]
    known = ask_json(port, f"{base}/sounds?limit=500")["sounds"]
    sounds = dice.sample(known, min(60, len(known)))
    page = fetch(port, "/")
    assets = [part for part in page.decode().split('"') if part.startswith("/assets/")] or ["/"]
    made = []
    for kind, share in SHARES.items():
        for index in range(10 * share):
            sound = sounds[index % len(sounds)]
            place, start_s = f"{base}/sounds/{sound['id']}", dice.uniform(0, 0.8 * sound["duration_s"])
            target, header = {
                "search": (f"{base}/search?limit={SEARCH_LIMIT}&q={quote(QUERIES[index % len(QUERIES)])}", ""),
                "peaks": (f"{place}/peaks?width=800", ""),
                "excerpt": (f"{place}/excerpt?start_s={start_s:.2f}&end_s={start_s + 2:.2f}", ""),
                "media": (f"{place}/media", f"Range: bytes={dice.randrange(1000)}-{dice.randrange(50_000, 200_000)}\r\n"),
                "sound": (place, ""),
                "page": (assets[index % len(assets)], ""),
            }[kind]
            made.append(Ask(kind, head_of(port, target, header)))
    return made


def head_of(port: int, target: str, header: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n".encode()


def fetch(port: int, target: str) -> bytes:
    return asyncio.run(alone(port, [Ask("body", head_of(port, target))]))[head_of(port, target)]


def ask_json(port: int, target: str) -> Any:  # noqa: ANN401  whatever the JSON is
    return json.loads(fetch(port, target))


def kept(kind: str, body: bytes) -> bytes:
    """What of an answer must be the same each time: a search also tells how long it took."""
    if kind == "search":
        told = json.loads(body)
        return json.dumps([(hit["id"], hit["start_s"], round(hit["score"], 4)) for hit in told["hits"]]).encode()
    return body if kind == "body" else hashlib.blake2b(body, digest_size=16).digest()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> tuple[int, bytes]:
    """Send one request; return status and body."""
    writer.write(data)
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status, length = int(head.split(None, 2)[1]), head.partition("content-length:")[2].split("\r\n")[0]
    return status, await reader.readexactly(int(length or 0))


async def alone(port: int, asks: list[Ask]) -> dict[bytes, bytes]:
    """Answers of a server that has nothing else to do, by request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    truth = {}
    for each in asks:
        status, body = await exchange(reader, writer, each.data)
        if status not in {200, 206}:
            sys.exit(f"{status} for {each.data.decode()}: {body[:200]!r}")
        truth[each.data] = kept(each.kind, body)
    writer.close()
    return truth


async def load(pid: int, port: int, asks: list[Ask], truth: dict[bytes, bytes], options: argparse.Namespace, seconds: float) -> Tally:
    """Ask from all connections at once until the time is over."""
    tally, started_s, cpu_s = Tally(), time.perf_counter(), seconds_of(pid)
    ends_s = started_s + seconds

    async def user(number: int) -> None:
        dice = random.Random(1000 * options.seed + number)
        await asyncio.sleep(dice.uniform(0, options.pause))
        while time.perf_counter() < ends_s:
            with suppress_counted(tally):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
                try:
                    await talk(reader, writer, dice)
                finally:
                    writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random) -> None:
        while time.perf_counter() < ends_s:
            each = dice.choice(asks)
            sent_s = time.perf_counter()
            status, body = await exchange(reader, writer, each.data)
            tally.statuses[status] += 1
            if status == 503:  # more than 128 requests at once: the server says so, and a client tries again
                await asyncio.sleep(dice.uniform(0.5, 1.5))
                continue
            tally.took_ms.setdefault(each.kind, []).append(1000 * (time.perf_counter() - sent_s))
            if status not in {200, 206} or kept(each.kind, body) != truth[each.data]:
                tally.wrong[f"{each.kind} {status}"] += 1
            if options.pause:
                await asyncio.sleep(dice.uniform(0.5, 1.5) * options.pause)

    async def watch() -> None:
        while True:
            tally.samples.append((tally.num, memory(pid)))
            await asyncio.sleep(1.0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(user(number) for number in range(options.connections)))
    tally.wall_s, tally.cpu_s = time.perf_counter() - started_s, seconds_of(pid) - cpu_s
    watching.cancel()
    await asyncio.sleep(0.5)
    tally.samples.append((tally.num, memory(pid)))
    return tally


@contextmanager
def suppress_counted(tally: Tally) -> Iterator[None]:
    """Count a connection that broke, and go on."""
    try:
        yield
    except (OSError, EOFError, ValueError) as error:
        tally.errors[type(error).__name__] += 1


def seconds_of(pid: int) -> float:
    """Processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> dict[str, float]:
    """Memory of a process in MB: all that is there, its own (anonymous), that of mapped files; of its children together; its descriptors."""

    def status(of: int) -> dict[str, float]:
        lines = (line.split() for line in Path(f"/proc/{of}/status").read_text().splitlines())
        return {each[0].rstrip(":"): int(each[1]) / 1024 for each in lines if each[0] in {"VmRSS:", "RssAnon:", "RssFile:"}}

    told = status(pid) | {"children": 0.0, "descriptors": float(len(os.listdir(f"/proc/{pid}/fd")))}
    for task in os.listdir(f"/proc/{pid}/task"):
        with suppress(OSError):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                told["children"] += status(int(child)).get("RssAnon", 0.0)
    return told


def report(title: str, tally: Tally) -> None:
    print(f"\n{title}")
    print(
        f"  {tally.num} requests, {tally.num / tally.wall_s:.0f}/s; {1000 * tally.cpu_s / tally.num:.2f} ms of a processor each (workers not counted)"
    )
    print(f"  wrong answers: {dict(tally.wrong) or 0}; errors: {dict(tally.errors) or 0}; statuses: {dict(tally.statuses)}")
    for kind, took in [*sorted(tally.took_ms.items()), ("all", [each for some in tally.took_ms.values() for each in some])]:
        p50, p95, p99 = np.percentile(took, [50, 95, 99])
        print(f"  {kind:<8} {len(took):7}   p50 {p50:8.1f}   p95 {p95:8.1f}   p99 {p99:8.1f}   max {max(took):8.1f} ms")
    first, last = tally.samples[0][1], tally.samples[-1][1]
    for name in ("VmRSS", "RssAnon", "RssFile", "children", "descriptors"):
        most = max(each[name] for _, each in tally.samples)
        print(f"  {name:<12} {first[name]:8.1f} at the start, {last[name]:8.1f} at the end, {most:8.1f} at most")
    later = tally.samples[len(tally.samples) // 3 :]
    if len(later) > 2:
        slope = np.polyfit([num / 1000 for num, _ in later], [each["RssAnon"] for _, each in later], 1)[0]
        print(f"  RssAnon grows by {slope:.2f} MB in 1 000 requests over the last two thirds", flush=True)


if __name__ == "__main__":
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":  # is read when numpy is loaded, so start over with it
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    main()
