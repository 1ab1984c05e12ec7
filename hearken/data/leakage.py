"""The guard between training and test: what a training corpus shares with a held-out one, and who refuses to train on that.

Five kinds are told apart. `origin`: both clips were cut from one recording, as their ids of Freesound, YouTube and so on say.
`blacklist`: the recording is on a published list. `file`: both files are equal byte for byte. `audio`: fingerprints find sound
of one in the other. `caption`: both have a caption that is the same but for case and punctuation. A caption alone proves
nothing, for short ones ("a dog barks") are written again and again: it is reported, and never a reason to refuse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hearken.data import overlaps
from hearken.data.blacklists import Blacklist
from hearken.data.clip import Corpus
from hearken.data.listening import Listening, same_sounds
from hearken.data.locate import locate
from hearken.data.overlaps import Leak
from hearken.errors import DataError, LeakError, show
from hearken.types import Progress

KINDS = ("origin", "blacklist", "file", "audio", "caption")
PROOFS = ("origin", "blacklist", "file", "audio")
"""The kinds that make `refuse_leaks` refuse."""

_SHOWN = 3


@dataclass(frozen=True)
class LeakReport:
    """What `training` shares with `held_out` (references of corpora), and what was looked for.

    `blacklist` and `blacklist_digest` name the list, "" if there was none. `num_nameless` counts the clips of both corpora of
    which no origin is known: nothing but sound can tell about those. `listening` is None where fingerprints were not wanted.
    """

    training: str
    held_out: str
    leaks: tuple[Leak, ...]
    blacklist: str = ""
    blacklist_digest: str = ""
    checked: tuple[str, ...] = ()
    num_training: int = 0
    num_held_out: int = 0
    num_nameless: tuple[int, int] = (0, 0)
    listening: tuple[Listening, Listening] | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many leaks there are of each kind that was looked for."""
        found = Counter(leak.kind for leak in self.leaks)
        return {kind: found[kind] for kind in self.checked}

    @property
    def leaked_ids(self) -> frozenset[str]:
        """The ids of the training clips that must not be trained on: those with a leak that is more than a caption."""
        return self.ids(PROOFS)

    def ids(self, kinds: Iterable[str] = KINDS) -> frozenset[str]:
        """Return the ids of the training clips with leaks of these kinds."""
        wanted = set(kinds)
        return frozenset(leak.training for leak in self.leaks if leak.kind in wanted)

    @property
    def summary(self) -> str:
        """A sentence or two for people, in numbers of training clips."""
        proofs = [f"{len(self.ids([kind]))} by {kind}" for kind in self.checked if kind in PROOFS and self.ids([kind])]
        here, there = show(self.training), show(self.held_out)
        if proofs:
            listed = f" or on the list {show(self.blacklist)}" if self.ids(["blacklist"]) else ""
            found = f"{len(self.leaked_ids)} of {self.num_training} clips of {here} are in {there}{listed}: {_listed(proofs)}."
        else:
            able = [kind for kind in self.checked if kind in PROOFS and self._tells(kind)]
            found = f"No clip of {here} is in {there}, as far as {_listed(able)} can tell." if able else self._unknown
        alike = len(self.ids(["caption"]))
        return f"{found} {alike} share a caption with it, which alone proves nothing." if alike else found

    @property
    def caveat(self) -> str:
        """How many clips nothing but their sound can tell about, as a sentence; "" if there is none, or sound was compared."""
        sides = ((self.training, self.num_nameless[0], self.num_training), (self.held_out, self.num_nameless[1], self.num_held_out))
        without = [f"{few} of {many} clips of {show(name)}" for name, few, many in sides if few]
        if not without or "audio" in self.checked:
            return ""
        return f"No origin is known of {_listed(without)}: only their sound can tell about those (fingerprints)."

    def _tells(self, kind: str) -> bool:
        """Whether `kind` had anything to go by: origins need some on both sides, a blacklist needs some of the training clips."""
        named = self.num_training > self.num_nameless[0]
        return {"origin": named and self.num_held_out > self.num_nameless[1], "blacklist": named}.get(kind, True)

    @property
    def _unknown(self) -> str:
        return f"Whether clips of {show(self.training)} are in {show(self.held_out)} cannot be told: there are no origins to compare."

    def to_json(self, *, with_leaks: bool = True) -> dict[str, Any]:
        """Return the report as plain values; without the leaks it is the record that a training run keeps."""
        record: dict[str, Any] = {
            "training": self.training,
            "held_out": self.held_out,
            "training_clips": self.num_training,
            "held_out_clips": self.num_held_out,
            "clips_without_origin": dict(zip(("training", "held_out"), self.num_nameless, strict=True)),
            "checked": list(self.checked),
            "counts": self.counts,
            "leaked_training_clips": len(self.leaked_ids),
            "blacklist": {"name": self.blacklist, "sha256": self.blacklist_digest} if self.blacklist else None,
            "sound": self.listening and {side: one.to_json() for side, one in zip(("training", "held_out"), self.listening, strict=True)},
        }
        return record | ({"leaks": [asdict(leak) for leak in self.leaks]} if with_leaks else {})


def find_leaks(
    training: Corpus,
    held_out: Corpus,
    *,
    captions: bool = True,
    fingerprints: bool = False,
    blacklist: Blacklist | None = None,
    on_progress: Progress | None = None,
    jobs: int = 1,
    store: Path | None = None,
) -> LeakReport:
    """Return what `training` shares with `held_out`: leaks of one kind after the other, in the order of the training clips.

    Origins are always compared, and files where both corpora have theirs on disk. `captions` compares these as well;
    `blacklist` is held against the origins of the training clips. `fingerprints` listens to all files, by `jobs` processes,
    and keeps what it made in the folder `store` (None: `print_home()`).

    Raises MissingDataError where there is no sound to listen to, DataError where `held_out` has no clips (and there is no blacklist), or files on disk are
    ambiguous or unreadable.
    """
    if not held_out.clips and blacklist is None:
        raise DataError(
            f"{show(held_out.reference)} has no clips to compare with.",
            "Where a corpus has queries alone, name the one that its clips are of, such as clotho-evaluation for dcase2025.",
        )
    leaks = list(overlaps.same_origins(training.clips, held_out.clips))
    checked = ["origin"]
    if blacklist is not None:
        leaks += overlaps.listed(training.clips, blacklist)
        checked.append("blacklist")
    files = (locate(training), locate(held_out))
    if all(files):
        leaks += overlaps.same_files(*files)
        checked.append("file")
    listening = None
    if fingerprints:
        found, listening = same_sounds((training, held_out), files, on_progress=on_progress, jobs=jobs, store=store)
        leaks += found
        checked.append("audio")
    if captions:
        leaks += overlaps.same_captions(training.clips, held_out.clips)
        checked.append("caption")
    return LeakReport(
        training=training.reference,
        held_out=held_out.reference,
        leaks=tuple(leaks),
        blacklist=blacklist.name if blacklist else "",
        blacklist_digest=blacklist.digest if blacklist else "",
        checked=tuple(checked),
        num_training=len(training.clips),
        num_held_out=len(held_out.clips),
        num_nameless=(_nameless(training), _nameless(held_out)),
        listening=listening,
    )


def without_leaks(training: Corpus, report: LeakReport, *, kinds: Iterable[str] = PROOFS) -> Corpus:
    """Return `training` without the clips that have leaks of these `kinds`; the report must be about it.

    Queries and variations go with the clips that they are about.
    """
    leaked = report.ids(kinds)
    queries = (replace(query, relevant=tuple(pair for pair in query.relevant if pair[0] not in leaked)) for query in training.queries)
    return replace(
        training,
        clips=tuple(clip for clip in training.clips if clip.id not in leaked),
        queries=tuple(query for query in queries if query.relevant),
        variations=tuple(variation for variation in training.variations if variation.clip not in leaked),
    )


def refuse_leaks(
    training: Corpus,
    held_out: Corpus,
    *,
    allow: bool = False,
    captions: bool = True,
    fingerprints: bool = False,
    blacklist: Blacklist | None = None,
    on_progress: Progress | None = None,
    jobs: int = 1,
    store: Path | None = None,
) -> LeakReport:
    """Return the report of `find_leaks`, which a training run keeps, if there is nothing to refuse or `allow` is true.

    Raises LeakError, which counts and names leaks, for every kind but equal captions; else as `find_leaks` does.
    """
    report = find_leaks(
        training, held_out, captions=captions, fingerprints=fingerprints, blacklist=blacklist, on_progress=on_progress, jobs=jobs, store=store
    )  # fmt: skip
    proofs = [leak for leak in report.leaks if leak.kind in PROOFS]
    if proofs and not allow:
        some = "; ".join(f"{show(leak.training)} ({leak.kind}: {show(leak.detail)})" for leak in proofs[:_SHOWN])
        more = f"; and {len(proofs) - _SHOWN} more" if len(proofs) > _SHOWN else ""
        raise LeakError(
            f"{report.summary} Such as {some}{more}.",
            "Train without these clips (`without_leaks`), test on something else, or allow leaks on purpose; the run records it.",
        )
    return report


def _nameless(corpus: Corpus) -> int:
    return sum(not clip.origins for clip in corpus.clips)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
