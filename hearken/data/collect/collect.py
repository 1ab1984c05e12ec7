"""The run: find the sounds of the sites, fetch what is said of them and how they sound, clean, and write the corpus.

Everything is settled sound by sound and written down before the next, so a run may end at any moment, by Ctrl-C or by a
power cut, and the next one goes on: pages that were read are not asked for again, half a download goes on where it broke
off, and what became of each sound stays in `ledger.jsonl`. What is found is kept, removed, failed or left for the next run.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hearken.data.collect import clean
from hearken.data.collect.cache import PageCache
from hearken.data.collect.entry import Entry, Record, State
from hearken.data.collect.ledger import Ledger
from hearken.data.collect.polite import VisitError, Visitor
from hearken.data.collect.publish import MANIFEST, TABLE, publish, read_public_table
from hearken.data.collect.sites import SITES, Site, text_of
from hearken.data.collect.sound import RATE_HZ, read_sound, write_flac
from hearken.data.sets.wavtext5k import caption
from hearken.errors import AudioError, DataError, DownloadError, show
from hearken.types import Progress

LEDGER = "ledger.jsonl"
PATIENCE = 10
"""A site with which so many sounds in a row failed is left alone for the rest of the run."""
_STATE = ".collect"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._ \-]+")
_MAX_NAME_CHARS = 100


@dataclass(frozen=True)
class Wishes:
    """What is to be collected, and how.

    `sites` by name; at most `limit` sounds; those of the table `from_csv` instead of those that the sites list; without
    `audio`, only what is said of the sounds. `keep_originals` keeps the sites' own files; `refresh` asks whether known pages
    have changed; `retry_removed` looks again at what was removed before.
    """

    sites: tuple[str, ...] = tuple(SITES)
    limit: int | None = None
    from_csv: Path | None = None
    audio: bool = True
    keep_originals: bool = False
    refresh: bool = False
    retry_removed: bool = False


@dataclass
class Report:
    """What a run came to. `found` is `kept` + all of `removed` + all of `failed` (by reason) + `left` for the next run.

    `troubles` are lists that could not be read, and sites that were given up: then there may be more than was found.
    `examples` has for each reason of `failed` what happened to the first sound; the ledger has it for every one.
    """

    folder: str
    found: int = 0
    kept: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    left: int = 0
    captions: int = 0
    duration_s: float = 0.0
    troubles: list[str] = field(default_factory=list)
    examples: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return vars(self) | {"removed": dict(self.removed), "failed": dict(self.failed), "files": list(self.files)}


def collect(folder: Path, wishes: Wishes, visitor: Visitor, on_progress: Progress | None = None) -> Report:
    """Collect into `folder` and return what became of it; sounds that were settled by an earlier run are not touched.

    Raises DownloadError when another process collects there, DataError for an unknown site or a bad table or ledger,
    MissingExtraError without Beautiful Soup, OSError when the disk fails.
    """
    import filelock

    if unknown := [name for name in wishes.sites if name not in SITES]:
        raise DataError(f"There is no site {show(unknown[0])!r}.", f"Sites: {', '.join(SITES)}.")
    table = _table_name(folder)
    try:
        with filelock.FileLock(folder / _STATE / "lock", timeout=0), Ledger(folder / LEDGER) as ledger:
            run = _Run(folder, wishes, visitor, ledger, on_progress or (lambda done, total: None))  # noqa: ARG005
            try:
                return run.all(table)
            finally:
                publish(folder, ledger.records(), table=table)
    except filelock.Timeout as error:
        raise DownloadError(f"Another process is collecting into {show(folder)} just now.", "Wait until it is done.") from error


def _table_name(folder: Path) -> str:
    """Return the name of the CSV to write: a table of the same name that was there before our first run is not written over."""
    mark = folder / _STATE / "table"
    if not mark.is_file():
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text("WavText5K-collected.csv" if (folder / TABLE).exists() else TABLE, encoding="utf-8")
    name = mark.read_text(encoding="utf-8").strip()
    return name if name == TABLE else "WavText5K-collected.csv"


class _Run:
    def __init__(self, folder: Path, wishes: Wishes, visitor: Visitor, ledger: Ledger, on_progress: Progress) -> None:
        self._folder, self._wishes, self._visitor, self._ledger, self._on_progress = folder, wishes, visitor, ledger, on_progress
        self._cache = PageCache(folder / _STATE / "pages", visitor, refresh=wishes.refresh)
        self._waiting_room = folder / _STATE / "sounds"
        self._report = Report(str(folder))
        self._names = {Path(record.file).stem.casefold(): record.entry.id for record in ledger.records() if record.file}

    def all(self, table: str) -> Report:
        """Settle everything that is found."""
        self._waiting_room.mkdir(parents=True, exist_ok=True)
        self._sweep()
        found = self._found()
        failures: Counter[str] = Counter()
        for done, entry in enumerate(found):
            self._on_progress(done, len(found))
            record = self._ledger.get(entry.id)
            if record is None or not self._is_settled(record):
                if failures[entry.site] >= PATIENCE:
                    self._report.left += 1
                    continue
                before, record = record, self._settle(entry)
                if record != before:
                    self._ledger.add(record)
                self._sweep_one(record)
                failures[entry.site] = failures[entry.site] + 1 if record.reason in ("refused", "broken") else 0
                if failures[entry.site] == PATIENCE:
                    self._report.troubles.append(f"{entry.site} was left alone after {PATIENCE} failures in a row: {record.detail}")
            self._count(record)
        self._on_progress(len(found), len(found))
        self._report.found = len(found)
        self._report.files = (table, MANIFEST, LEDGER)
        return self._report

    def _found(self) -> list[Entry]:
        """Return the sounds to settle, the sites in turns, so that one can rest while the other is asked."""
        wanted = [SITES[name] for name in SITES if name in self._wishes.sites]
        if self._wishes.from_csv is not None:
            entries = read_public_table(self._wishes.from_csv)
            by_site = [[entry for entry in entries if entry.site == site.name] for site in wanted]
        else:
            by_site = [self._listed(site) for site in wanted]
        turns = (entry for turn in itertools.zip_longest(*by_site) for entry in turn if entry is not None)
        return list(itertools.islice(turns, self._wishes.limit))

    def _listed(self, site: Site) -> list[Entry]:
        """Return the sounds that a site lists, by number; no more lists are read than `limit` asks for."""
        links: dict[str, str] = {}
        troubles = []
        for listing in site.listings(self._visitor, self._cache):
            links |= {link.number: link.url for link in listing.links if link.number not in links}
            troubles += [listing.trouble] if listing.trouble else []
            self._on_progress(0, None)
            if self._wishes.limit is not None and len(links) >= self._wishes.limit:
                break
        if not links and not troubles:
            troubles = [f"{site.home} lists no sounds: its pages may have changed; --from-csv needs none of them"]
        self._report.troubles += troubles
        return [Entry(f"{site.name}:{number}", links[number], site.download_link(number)) for number in sorted(links, key=int)]

    def _is_settled(self, record: Record) -> bool:
        if record.state == "kept":
            return not self._wishes.audio or (record.file != "" and (self._folder / record.file).is_file())
        return record.reason not in clean.RECHECKED and not self._wishes.retry_removed

    def _settle(self, entry: Entry) -> Record:
        """Return what becomes of a sound."""
        try:
            entry = entry if self._wishes.from_csv is not None else self._described(entry)
            if clean.is_empty(entry):
                return Record(entry, "removed", "empty_metadata", clean.REASONS["empty_metadata"])
            return self._heard(entry) if self._wishes.audio else Record(entry, "kept")
        except VisitError as error:
            return _lost(entry, clean.visit_reason(error.kind), error.text)
        except DataError as error:
            return _lost(entry, "empty_metadata", error.message)

    def _described(self, entry: Entry) -> Entry:
        """Return `entry` with what its page says. Raises VisitError."""
        site = SITES[entry.site]
        page = self._cache.page(entry.view_link)
        if not page.body:
            raise VisitError("gone", f"{show(entry.view_link)} is not there ({page.status})")
        detail = site.read_detail(text_of(page), entry.view_link)
        link = detail.download_link if site.owns(detail.download_link) else ""
        return Entry(
            entry.id, entry.view_link, link or entry.download_link, detail.title, detail.description, detail.tags,
            "", detail.licence, detail.author,
        )  # fmt: skip

    def _heard(self, entry: Entry) -> Record:
        """Fetch a sound, unless it waits from a run that was cut off, and write it. Raises VisitError."""
        original = self._original(entry)
        if not original.is_file():
            self._visitor.file(entry.download_link, original)
        with original.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        num_bytes = original.stat().st_size
        try:
            sound = read_sound(original)
        except AudioError as error:
            reason = "empty_audio" if num_bytes == 0 else clean.sound_reason(error)
            detail = error.message.replace(show(original), show(entry.download_link))
            return Record(entry, _state(reason), reason, detail, sha256=sha256, num_bytes=num_bytes)
        name = f"audio/{self._name(entry)}.flac"
        write_flac(self._folder / name, sound.samples)
        flags = tuple(sorted(sound.flags))
        return Record(entry, "kept", "", "", name, len(sound.samples) / RATE_HZ, sha256, num_bytes, flags)

    def _name(self, entry: Entry) -> str:
        """Return the name of its file, without suffix: as in the public table, or by site and number; no two alike."""
        plain = f"{entry.site}_{entry.number}"
        named = _NOT_IN_NAMES.sub("_", Path(entry.fname).stem)[:_MAX_NAME_CHARS].strip(". ") or plain
        if self._names.setdefault(named.casefold(), entry.id) != entry.id:
            named = plain
        return named

    def _original(self, entry: Entry) -> Path:
        return self._waiting_room / f"{entry.site}_{entry.number}"

    def _sweep(self) -> None:
        """Deal with the originals of sounds that were settled before a run was cut off."""
        for record in self._ledger.records():
            self._sweep_one(record)

    def _sweep_one(self, record: Record) -> None:
        """Take away what came for a settled sound, or put the original among those that are kept."""
        original = self._original(record.entry)
        if record.state == "failed" or (record.state == "kept" and not record.file):
            return
        for ending in (".part", ".part.json"):
            original.with_name(original.name + ending).unlink(missing_ok=True)
        if record.state == "kept" and self._wishes.keep_originals and original.is_file():
            suffix = _NOT_IN_NAMES.sub("", Path(record.entry.download_link.partition("?")[0]).suffix) or ".wav"
            target = self._folder / "originals" / (Path(record.file).stem + (".wav" if suffix == ".php" else suffix))
            target.parent.mkdir(exist_ok=True)
            original.replace(target)
        original.unlink(missing_ok=True)

    def _count(self, record: Record) -> None:
        report = self._report
        if record.state == "kept":
            report.kept += 1
            report.captions += bool(caption(record.entry.title, record.entry.description))
            report.duration_s += record.duration_s or 0.0
        else:
            (report.removed if record.state == "removed" else report.failed)[record.reason] += 1
            if record.state == "failed":
                report.examples.setdefault(record.reason, record.detail)


def _state(reason: str) -> State:
    return "failed" if reason in clean.PASSING else "removed"


def _lost(entry: Entry, reason: str, detail: str) -> Record:
    return Record(entry, _state(reason), reason, detail)
