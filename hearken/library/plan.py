"""What an indexing run has to do: the scan of today compared with what the library holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from hearken.errors import AudioReadError, show
from hearken.library.caption import read_caption
from hearken.library.presence import Presence, emptied
from hearken.library.protocol import Store
from hearken.library.records import AddRoot, Change, ClearFailure, FileText, Found, KnownFailure, KnownFile, PutFailure, Relabel, Skipped
from hearken.library.scan import nearest, scan
from hearken.library.words import folder_words, name_words

LASTING_STAGES = frozenset({"decode", "embed"})
"""Failures of these stages come from the file's bytes: as long as it is unchanged, it would fail again. A process that died
(`worker`), or a system that refused (`read`), may have had other reasons, so such files get a new chance in every run."""


@dataclass
class Plan:
    """The outcome of comparing. Each path met is counted in `unchanged`, `failed` or `skipped`, or stands in `work`.

    `gone` holds stored files that are no longer there, to be removed unless one turns out to have moved; `num_kept`
    counts those that are only out of reach, for one in the roots `absent`: not there, or empty though they held files.
    `changes` are due whatever the work brings.
    """

    roots: list[str]
    files: dict[str, KnownFile]
    failures: dict[str, KnownFailure]
    sounds: set[bytes]
    presence: Presence
    absent: tuple[str, ...] = ()
    unchanged: int = 0
    failed: int = 0
    skipped: int = 0
    num_kept: int = 0
    work: list[Found] = field(default_factory=list)
    gone: dict[str, KnownFile] = field(default_factory=dict)
    elsewhere: dict[str, KnownFile] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)

    @property
    def scanned(self) -> int:
        """How many paths the scan met."""
        return self.unchanged + self.failed + self.skipped + len(self.work)

    @cached_property
    def root_set(self) -> frozenset[str]:
        """The roots of this run, to look folders up in."""
        return frozenset(self.roots)

    def text_of(self, found: Found) -> FileText:
        """Return the words of a file: its name, its folders below the root, and its caption."""
        root = nearest(found.path, self.root_set) or os.path.dirname(found.path)
        return FileText(name_words(found.path), folder_words(found.path, root), read_caption(found.caption_path))


def make_plan(store: Store, roots: Sequence[str], *, retry_failed: bool, on_scanned: Callable[[int], None]) -> Plan:
    """Scan the normal `roots` and compare with `store`; `on_scanned` is called with the number of paths met so far.

    Raises AudioReadError for a root that neither exists nor ever did (a typing error, most likely).
    """
    with store.snapshot():
        files, failures, sounds, old_roots = store.known_files(), store.known_failures(), store.known_sounds(), store.roots()
    known_roots = frozenset(old_roots)
    check_roots([root for root in roots if root not in known_roots], files)
    met: dict[str, Found] = {}
    skipped: dict[str, Skipped] = {}
    for item in scan(roots):
        if isinstance(item, Found):
            met[item.path] = item
        else:
            skipped[item.path] = item
        on_scanned(len(met) + len(skipped))
    blocked = [path for path, item in skipped.items() if item.blocks]
    lost = emptied([*roots, *old_roots], files)
    presence = Presence([root for root in (*roots, *old_roots) if root not in lost], blocked)
    absent = tuple(root for root in roots if not os.path.lexists(root) or (root in lost and presence.is_away(root)))
    plan = Plan(list(roots), files, failures, sounds, presence, absent, skipped=len(skipped))
    for found in met.values():
        _compare(plan, found, retry_failed=retry_failed)
    _settle_missing(plan, met, old_roots)
    _settle_ledger(plan, met, skipped)
    plan.changes.extend(AddRoot(root) for root in roots if root not in known_roots and os.path.lexists(root))
    return plan


def check_roots(roots: Iterable[str], files: Iterable[str] = ()) -> None:
    """Raise AudioReadError for the first of the normal `roots` that is not there and holds none of the known `files`."""
    absent = dict.fromkeys(root for root in roots if not os.path.lexists(root))
    held = {nearest(path, absent) for path in files} if absent else set()
    for root in absent:
        if root not in held:
            raise AudioReadError(f"There is nothing at {show(root)}.", "Check the spelling.")


def _compare(plan: Plan, found: Found, *, retry_failed: bool) -> None:
    """Sort one file that was met into `plan`. The stamp decides; its content is not looked at."""
    known = plan.files.get(found.path)
    if known is None:
        line = plan.failures.get(found.path)
        lasting = line is not None and line.failure.stage in LASTING_STAGES and (line.size, line.mtime_ns) == (found.size, found.mtime_ns)
        if lasting and not retry_failed:
            plan.failed += 1
        else:
            plan.work.append(found)
        return
    if (known.size, known.mtime_ns, known.inode) != (found.size, found.mtime_ns, found.inode):
        plan.work.append(found)
        return
    plan.unchanged += 1
    if known.device != found.device:
        plan.presence.note_device(known.device, found.device)
    if known.caption_stamp != found.caption_stamp:
        plan.changes.append(Relabel(known.id, found, plan.text_of(found)))
    elif known.device != found.device:
        plan.changes.append(Relabel(known.id, found))


def _settle_missing(plan: Plan, met: dict[str, Found], old_roots: Sequence[str]) -> None:
    """Tell stored files that were not met: gone, out of reach, or not asked for in this run (`elsewhere`)."""
    single_files = set(old_roots) - set(plan.roots)
    for path, known in plan.files.items():
        if path in met:
            continue
        if nearest(path, plan.root_set) is None:
            plan.elsewhere[path] = known
        elif plan.presence.out_of_reach(path, known.device):
            plan.num_kept += 1
        elif path in single_files and os.path.isfile(path):
            continue  # named by the user once, though a scan of its folder would not take it
        else:
            plan.gone[path] = known


def _settle_ledger(plan: Plan, met: dict[str, Found], skipped: dict[str, Skipped]) -> None:
    """Bring the lines of what was skipped up to date, and strike those of paths that are no longer there."""
    for path, item in skipped.items():
        line = plan.failures.get(path)
        if line is None or line.failure != item.failure:
            plan.changes.append(PutFailure(item.failure))
    for path in plan.failures:
        root = nearest(path, plan.root_set)
        if root is not None and root not in plan.absent and path not in met and path not in skipped and not plan.presence.is_blocked(path):
            plan.changes.append(ClearFailure(path))
