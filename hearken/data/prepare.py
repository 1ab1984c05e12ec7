"""A corpus, made ready: its files fetched and checked, archives unpacked, tables read, every clip looked for, all of it told.

Nothing is dropped silently: a file that a person has to get, one that did not come, a clip without sound, a count other than
the card's, all are in the report; and one of them never keeps the rest from being done. Run again, it goes on where it stopped.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from hearken.data.archive import OWN_FOLDER
from hearken.data.bring import BY_HAND, FAILED, HERE, Brought, Memory, Way, bring, check_mirror, flat
from hearken.data.card import Card, Definition, File
from hearken.data.clip import Clip, Corpus
from hearken.data.download import TIMEOUT_S, Sleep, num_bytes_there
from hearken.data.home import data_home
from hearken.data.locate import locate
from hearken.data.report import FileState, Prepared, SplitState, keep
from hearken.data.table import definition, parse_reference
from hearken.data.unpack import done_before, unpack
from hearken.data.volumes import main_volume, volumes
from hearken.errors import DataError, HearkenError, show
from hearken.types import Progress

Bars = Callable[[str], AbstractContextManager[Progress]]
"""Makes, for what is being done, something that is told how many bytes of how many are done."""


def prepare(
    reference: str,
    *,
    folder: Path | None = None,
    splits: Iterable[str] = (),
    text_only: bool = False,
    mirror: str | None = None,
    remove_archives: bool = False,
    bars: Bars | None = None,
    timeout_s: float = TIMEOUT_S,
    sleep: Sleep = time.sleep,
) -> Prepared:
    """Bring everything of the corpus `reference` (NAME or NAME-SPLIT) that can be brought, and return what is there.

    `folder` is where it belongs, if not below `data_home()`; `splits` leaves others alone; `text_only` leaves sound alone.
    `mirror` is an address, or a folder, that holds MIRROR/NAME/FILE. With `remove_archives` archives go once they are unpacked.
    The report is kept in the folder as prepared.json.

    Raises DataError for an unknown corpus or split, a mirror that is no folder, and where another process prepares the same folder. What else goes wrong
    is in the report.
    """
    name, wanted = _wanted(reference, tuple(splits))
    check_mirror(mirror)
    known = definition(name)
    home = (folder or data_home() / name).absolute()
    with _alone(home):
        run = _Run(known, home, wanted, Way(mirror, timeout_s, sleep), Memory(home), bars or _quiet, text_only, remove_archives)
        report = run.report()
        keep(report, tuple(split.name for split in known.card.splits))
    return report


def _share_here(here: int, wanted: int, path: str) -> str:
    """Say how much of the sound is here; of tables that could not be read nobody knows how much there is."""
    share = f"{here:,} of {wanted:,} clips".replace(",", " ") if wanted else "The clips"
    return f"{share} of {path} {'are here' if wanted else 'could not be looked for'}; there is no public address."


def _wanted(reference: str, splits: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    name, named = parse_reference(reference)
    known = [split.name for split in definition(name).card.splits]
    if unknown := [split for split in splits if split not in known]:
        raise DataError(f"{name} has no split {show(unknown[0])!r}.", f"Its splits are: {', '.join(known)}.")
    if not splits:
        return name, named
    wanted = tuple(split for split in (known if reference == name else named) if split in splits)
    if not wanted:
        raise DataError(f"{show(reference)} is one split, and another was asked for: {show(', '.join(splits))}.", f"Name {name} instead.")
    return name, wanted


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    import filelock

    (home / OWN_FOLDER).mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(home / OWN_FOLDER / "lock", timeout=0):
            yield
    except filelock.Timeout as error:
        raise DataError(f"Another process is preparing {show(home)} just now.", "Wait until it is done.") from error


def _quiet(title: str) -> AbstractContextManager[Progress]:  # noqa: ARG001 - tells nobody
    return nullcontext(lambda done, total: None)  # noqa: ARG005


@dataclass(frozen=True)
class _Run:
    """One run; `home` is the corpus' folder, `splits` those that are wanted."""

    known: Definition
    home: Path
    splits: tuple[str, ...]
    way: Way
    memory: Memory
    bars: Bars
    text_only: bool
    remove_archives: bool

    @property
    def card(self) -> Card:
        return self.known.card

    def report(self) -> Prepared:
        files = [file for file in flat(self.card.files) if not file.splits or set(file.splits) & set(self.splits)]
        texts, sounds = ([file for file in files if (file.holds == "audio") is is_sound] for is_sound in (False, True))
        states = self._groups(texts, set())
        found = [self._read(split) for split in self.splits]
        if self.text_only:
            states += [FileState(file.path, file.holds, "left out", file.size_bytes) for file in sounds]
            return self._report(states, [split for split, _ in found])
        looked, notes = self._look(found)
        whole = {split.name for split in looked if split.clips and not split.missing}
        states += self._groups(sounds, whole)
        if any(state.status in ("here", "fetched", "unpacked") for state in states[-len(sounds) :] if sounds):
            looked, notes = self._look(found)
        return self._report([self._judged(state, files, looked) for state in states], looked, notes)

    def _report(self, files: list[FileState], splits: list[SplitState], notes: tuple[str, ...] = ()) -> Prepared:
        cards = [split for split in self.card.splits if split.name in self.splits]
        num_variations = [split.num_variations for split in cards]
        wanted = None if None in num_variations else sum(number or 0 for number in num_variations)
        queries, problem = self._count("queries", self.known.read_queries, sum(split.num_queries for split in cards))
        variations, other = self._count("variations", self.known.read_variations, wanted)
        notes = (*notes, *(note for note in (problem, other) if note))
        return Prepared(self.card.name, self.home, tuple(files), tuple(splits), queries, variations, self.known.clips_of or "", notes)

    def _count(
        self, what: str, read: Callable[[Path, tuple[str, ...]], Iterable[object]] | None, wanted: int | None
    ) -> tuple[int | None, str]:
        """Return how many there are (None: this corpus has none, or they cannot be read), and what is wrong with that."""
        if read is None:
            return None, ""
        try:
            count = sum(1 for _ in read(self.home, self.splits))
        except HearkenError as error:
            return None, f"{error.message} {error.hint}".strip()
        return count, "" if wanted in (None, count) else f"The files hold {count} {what}; the card says {wanted}."

    def _read(self, name: str) -> tuple[SplitState, tuple[Clip, ...]]:
        """Read the tables of one split: the others should not suffer from its faults."""
        card = next(split for split in self.card.splits if split.name == name)
        state = SplitState(name, card.num_clips, card.num_captions)
        if self.known.read is None:
            return state, ()
        try:
            clips = tuple(self.known.read(self.home, (name,)))
        except HearkenError as error:
            return replace(state, problem=error.message, hint=error.hint), ()
        return replace(state, clips=len(clips), captions=sum(len(clip.captions) for clip in clips)), clips

    def _look(self, found: list[tuple[SplitState, tuple[Clip, ...]]]) -> tuple[list[SplitState], tuple[str, ...]]:
        """Look for the sound of all clips. Ids are unique in a corpus, not in splits that were read one by one."""
        clips = [replace(clip, id=f"{number}/{clip.id}") for number, (_, several) in enumerate(found) for clip in several]
        try:
            paths = locate(Corpus(self.card.name, self.home, tuple(clips)))
        except DataError as error:
            return [split for split, _ in found], (f"{error.message} {error.hint}".strip(),)
        looked = []
        for number, (split, several) in enumerate(found):
            missing = tuple(clip.audio for clip in several if f"{number}/{clip.id}" not in paths)
            looked.append(split if split.clips is None else replace(split, found=len(several) - len(missing), missing=missing))
        return looked, ()

    def _groups(self, files: list[File], whole: set[str]) -> list[FileState]:
        """Bring files, the volumes of one archive together. `whole` are the splits that have all their sound."""
        groups: dict[str, list[File]] = {}
        for file in files:
            groups.setdefault((Path(file.path).parent / main_volume(Path(file.path).name)).as_posix(), []).append(file)
        needed = {main: self._standing(main, group, whole) for main, group in groups.items()}
        refusal = self._no_room([file for main, group in groups.items() if needed[main] is None for file in group])
        states: list[FileState] = []
        for main, group in groups.items():
            standing = needed[main]
            if standing is not None:
                states += standing
            else:
                states += self._bring(main, group, refusal)
        return states

    def _standing(self, main: str, group: list[File], whole: set[str]) -> list[FileState] | None:
        """Return the states of a group that need not be brought: unpacked before, or all of its sound is here. None if it must."""
        target = next((file.unpack_to for file in group if file.unpack_to is not None), None)
        before = done_before(self.home / main, self.home / target, self.home, None) if target is not None else None
        covered = set(group[0].splits or self.splits) & set(self.splits)
        is_whole = group[0].holds == "audio" and bool(covered) and covered <= whole
        if before is None and not is_whole:
            return None
        status = "unpacked" if before else "not needed"
        files = [(file, self.home / file.path) for file in group]
        return [
            FileState(
                file.path,
                file.holds,
                status,
                path.stat().st_size if path.is_file() else file.size_bytes,
                file.sha256 or "",
                before.num_files if before and file.path == main else None,
            )
            for file, path in files
        ]

    def _no_room(self, files: list[File]) -> str:
        """Return what to say where the disk cannot hold what is still to come; "" if it can, or nobody published sizes."""
        to_come = [file for file in files if file.urls and not (self.home / file.path).exists()]
        needed = sum(max(0, (file.size_bytes or 0) - num_bytes_there(self.home / file.path)) for file in to_come)
        free = shutil.disk_usage(self.home).free
        return f"{needed} bytes are to come, and the disk of {show(self.home)} has room for {free}." if needed > free else ""

    def _bring(self, main: str, group: list[File], refusal: str) -> list[FileState]:
        brought = []
        for file in group:
            if refusal and not (self.home / file.path).exists():
                brought.append(Brought(file, FAILED, message=refusal, hint="Make room, or give another place by --folder."))
                continue
            with self.bars(file.path) as bar:
                brought.append(bring(file, self.card, self.home, self.way, self.memory, bar))
        states = [
            FileState(one.file.path, one.file.holds, one.status, one.size_bytes, one.sha256, None, one.message, one.hint) for one in brought
        ]
        target = next((file.unpack_to for file in group if file.unpack_to is not None), None)
        if target is None or not all(one.is_here for one in brought):
            return states
        return self._unpack(main, self.home / target, states)

    def _unpack(self, main: str, folder: Path, states: list[FileState]) -> list[FileState]:
        archive = self.home / main
        identity = "+".join(state.sha256 for state in states)
        try:
            with self.bars(f"unpack {archive.name}") as bar:
                done = unpack(archive, folder, self.home, identity, on_progress=bar)
        except HearkenError as error:
            return [
                replace(state, status=FAILED, message=error.message, hint=error.hint) if state.path == main else state for state in states
            ]
        if self.remove_archives:
            for part in volumes(archive):
                part.unlink()
            states = [replace(state, status="unpacked") for state in states]
        return [replace(state, num_unpacked=done.num_files) if state.path == main else state for state in states]

    def _judged(self, state: FileState, files: list[File], splits: list[SplitState]) -> FileState:
        """Say of sound that people have to get how much of it is here: a folder with some of it is not all of it."""
        file = next(file for file in files if file.path == state.path)
        if file.holds != "audio" or file.urls or file.unpack_to is not None or state.status not in (HERE, BY_HAND):
            return state
        covered = [split for split in splits if not file.splits or split.name in file.splits]
        wanted, here = (
            sum(count or 0 for count in counts) for counts in zip(*((split.clips, split.found) for split in covered), strict=True)
        )
        if wanted and here == wanted:
            return replace(state, status=HERE, message="", hint="")
        hint = f"{file.how} Its place is {show(self.home / file.path)}.".strip()
        return replace(state, status=BY_HAND, message=_share_here(here, wanted, file.path), hint=hint)
