"""How large a corpus is, as Table 1 of Deshmukh et al. (2022) tells it, and which words it uses, as Fig. 1 there.

A word is what stands between white space: that reproduces the paper's figures for Clotho (11.34 on average, 21 at most) and
AudioCaps (8.80, 52). For WavText5K's descriptions it gives 13.02 (82 at most); the paper's 12.50 is their 56 606 words divided
by all 4525 rows, 177 of which have no description (12.51).
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace

from hearken.data.clip import GROUP, Clip, Corpus
from hearken.text.normalize import text_policy
from hearken.text.stop_words import STOP_WORDS


@dataclass(frozen=True)
class Stats:
    """One row of the table. Lengths are in seconds, hours and words; None where no clip has a known length, or no caption a word.

    `num_with_duration` says how many clips the lengths are of; the last three how many have a title, a description and tags.
    """

    name: str
    source: str
    language: str
    hours: float | None
    num_clips: int
    num_captions: int
    max_duration_s: float | None
    mean_duration_s: float | None
    max_words: int | None
    mean_words: float | None
    text_source: str
    num_with_duration: int
    num_titled: int = 0
    num_described: int = 0
    num_tagged: int = 0


PUBLISHED = {
    "audiocaps": Stats("AudioCaps", "YouTube", "English", 135.01, 50_535, 55_512, 10.08, 9.84, 52, 8.80, "Human captions", 50_535),
    "clotho": Stats("Clotho", "FreeSound", "English", 37.05, 5_929, 29_645, 30.00, 22.50, 21, 11.34, "Human captions", 5_929),
    "macs": Stats("MACS", "TUT", "English", 11.88, 3_930, 17_275, 10.88, 10.88, 40, 9.24, "Human annotated", 3_930),
    "sounddescs": Stats("SoundDescs", "BBC", "English", 1_060.40, 32_979, 32_979, 4_475.38, 115.75, 65, 15.28, "Descriptions", 32_979),
    "wavtext5k": Stats(
        "WavText5K",
        "BigSoundBank SoundBible",
        "English",
        25.48,
        4_525,
        4_348,
        2_438.65,
        20.27,
        82,
        12.50,
        "Title, Descriptions",
        4_525,
        num_titled=4_525,
        num_described=4_348,
        num_tagged=2_058,
    ),
}
"""Table 1 and section 2 of Deshmukh et al. (2022), to be printed beside what the files hold."""
_SITES = {
    "freesound": "Freesound", "youtube": "YouTube", "soundbible": "SoundBible", "bigsoundbank": "BigSoundBank", "bbc": "BBC", "tau": "TAU",
}  # fmt: skip


def describe(
    clips: Sequence[Clip],
    name: str,
    *,
    durations_s: Mapping[str, float] | None = None,
    source: str = "",
    language: str = "",
    text: str = "",
) -> Stats:
    """Return the row of these clips. `durations_s` (by clip id) are measured lengths; they go before what the publisher says.

    Without a `source` it is what the clips' origins say.
    """
    known = {clip.id: clip.duration_s for clip in clips if clip.duration_s is not None} | dict(durations_s or {})
    lengths = [known[clip.id] for clip in clips if clip.id in known]
    words = [len(caption.split()) for clip in clips for caption in clip.captions]
    return Stats(
        name=name,
        source=source or _sites(clips),
        language=language,
        hours=sum(lengths) / 3600 if lengths else None,
        num_clips=len(clips),
        num_captions=len(words),
        max_duration_s=max(lengths, default=None),
        mean_duration_s=sum(lengths) / len(lengths) if lengths else None,
        max_words=max(words, default=None),
        mean_words=sum(words) / len(words) if words else None,
        text_source=text,
        num_with_duration=len(lengths),
        num_titled=sum(bool(clip.title) for clip in clips),
        num_described=sum(bool(clip.description) for clip in clips),
        num_tagged=sum(bool(clip.tags) for clip in clips),
    )


def _sites(clips: Sequence[Clip]) -> str:
    """Return where the recordings come from, as their origins say: all sites, in order of appearance; a user's groups are no site."""
    sites = dict.fromkeys(origin.partition(":")[0] for clip in clips for origin in clip.origins)
    sites.pop(GROUP, None)
    return " ".join(_SITES.get(site, site) for site in sites)


def describe_corpus(
    corpus: Corpus, *, durations_s: Mapping[str, float] | None = None, source: str = "", language: str = "", text: str = ""
) -> list[Stats]:
    """Return the row of every split of a corpus, and of all of it where there are several."""
    parts = {split: corpus.only([split]).clips for split in corpus.splits}
    rows = [
        describe(clips, f"{corpus.reference} {split}" if len(parts) > 1 else corpus.reference,
                 durations_s=durations_s, source=source, language=language, text=text)
        for split, clips in parts.items()
    ]  # fmt: skip
    if len(parts) > 1:
        rows.append(describe(corpus.clips, corpus.reference, durations_s=durations_s, source=source, language=language, text=text))
    return rows


def of_descriptions(corpus: Corpus) -> Corpus:
    """Return the corpus with the descriptions of its sounds in the place of their captions."""
    clips = (replace(clip, captions=(clip.description,) if clip.description else ()) for clip in corpus.clips)
    return replace(corpus, clips=tuple(clips))


def frequent_words(captions: Iterable[str], num_words: int) -> list[tuple[str, int]]:
    """Return the `num_words` most frequent words and their counts, without case, punctuation, numbers and stop words.

    Equally frequent words are in alphabetical order.
    """
    plain = text_policy("words")
    counts = Counter(word for caption in captions for word in plain(caption).split() if word not in STOP_WORDS and not word.isdigit())
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:num_words]


def to_csv(rows: Sequence[Stats]) -> str:
    """Return the rows as CSV with a header; an unknown value is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Stats)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if value is None else value for key, value in asdict(row).items()})
    return text.getvalue()
