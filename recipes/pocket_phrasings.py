"""Other ways to say a caption of one sound, by rules: 'A dog barks.' -> 'a barking dog', 'The sound of a dog barking.', 'dog bark'.

Every phrasing is true of whatever the caption is true of, unless `how` says "broader": then it is true and says less.
The grammar is that of `hearken/data/scenes/clause.py`, which leaves alone what it does not understand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hearken.data.scenes.clause import Clause, parse_clause
from hearken.data.scenes.verbs import BASES, GERUNDS, THIRDS, gerund, is_participle, third_person
from hearken.text.inflect import article, inflect

PATH = Path(__file__).with_name("pocket_phrasings.txt")
_DETERMINERS = ("a", "an", "the", "some")
_NOT_KEYS = frozenset(
    str.split("a an the some someone something somebody is are be being by of there can heard sound sounds it its their his her")
)
_IRREGULAR = {
    "blown": "blow", "bowed": "bow", "broken": "break", "cut": "cut", "drawn": "draw", "dropped": "drop", "hit": "hit", "lit": "light",
    "played": "play", "plucked": "pluck", "shaken": "shake", "struck": "strike", "thrown": "throw", "shut": "shut", "torn": "tear",
}  # fmt: skip
_NOUNS_TOO = frozenset(
    str.split(
        "bark bleat bray buzz call chirp chuckle clang clatter click cluck coo creak croak crow cry drone gobble groan growl grunt "
        "hiss honk hoot howl hum laugh meow moan moo murmur neigh oink quack rattle ring roar rumble rustle scream screech sizzle snarl "
        "sneeze snore snort splash squawk squeak squeal thump tick wail whimper whisper whistle whoosh caw toot"
    )
)
"""Verbs whose base is the noun for the sound itself: 'the bark of a dog'."""


@dataclass(frozen=True, order=True)
class Phrasing:
    """A text that may stand for a caption, and how it was made."""

    text: str
    how: str


def key_of(caption: str) -> str:
    """Return the words of `caption` that tell what sounds, as bases: 'A dog is barking.' and 'A dog barks.' are both 'dog bark'."""
    words = "".join(each if each.isalnum() or each in "-' " else " " for each in caption.lower()).split()
    return " ".join(_base(word) for word in words if word not in _NOT_KEYS)


def _base(word: str) -> str:
    """Return the base of a verb that we know; any other word, plural nouns among them, as it is."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in BASES:
        return word
    past = _PASTS.get(word)
    return THIRDS.get(word) or GERUNDS.get(word) or past or word


_PASTS = {past: verb for verb in sorted(BASES) if (past := inflect(verb, "past"))}


def read_phrasings(path: Path = PATH) -> dict[str, tuple[str, ...]]:
    """Return key -> phrasings written by hand. A line is 'dog bark: woof | a hound barking'; '#' begins a remark.

    Raises ValueError, with the line, where a key comes twice or a line has no phrasing.
    """
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key, colon, rest = line.partition(":")
        texts = tuple(part.strip() for part in rest.split("|") if part.strip())
        if not colon or not texts or key.strip() in found:
            raise ValueError(f"{path.name}, line {number}: not 'key: phrasing | phrasing', or a second line for the key.")
        found[key.strip()] = texts
    return found


def phrasings(caption: str, written: Mapping[str, Sequence[str]], mined: Sequence[str] = ()) -> list[Phrasing]:
    """Return the phrasings of `caption`, best first, each text once (without regard to capitals and stops), none of them the caption.

    `written` are those of `read_phrasings`, `mined` what others wrote of such a sound.
    """
    clause = parse_clause(caption)
    made = [Phrasing(text, _how(text)) for text in written.get(key_of(caption), ())]
    made = [Phrasing(each.text.lstrip("~ "), each.how) for each in made]
    made += by_rules(clause)
    made += [Phrasing(text, "mined") for text in mined]
    return unique(made, [caption])


def _how(text: str) -> str:
    return "broader" if text.startswith("~") else "written"


def unique(made: Iterable[Phrasing], known: Iterable[str]) -> list[Phrasing]:
    """Return what of `made` is not the same text as one before it or one of `known`."""
    seen = {bare(text) for text in known}
    found = []
    for each in made:
        if bare(each.text) and bare(each.text) not in seen:
            seen.add(bare(each.text))
            found.append(each)
    return found


def bare(text: str) -> str:
    """Return `text` in small letters without signs, for comparison."""
    return " ".join("".join(each if each.isalnum() else " " for each in text.lower()).split())


def by_rules(clause: Clause) -> Iterator[Phrasing]:
    """Yield what grammar alone makes of a clause; nothing for one that is whole or empty."""
    if clause.is_whole or not clause.noun or clause.text.startswith(("the sound of", "there ")):
        return
    is_action = bool(clause.progressive) or " being " in clause.noun
    yield Phrasing(sentence(clause.progressive), "tense")
    yield Phrasing(clause.noun, "phrase")
    if clause.simple and is_action:
        yield Phrasing(sentence(clause.simple), "tense")
    yield Phrasing(without_determiner(clause.noun).replace(" being ", " "), "title")
    yield Phrasing(sentence(f"the sound of {clause.noun}"), "sound of")
    yield Phrasing(keywords(clause), "keywords")
    yield from _turned(clause)
    yield Phrasing(sentence(f"{clause.noun} can be heard"), "heard")
    yield from _passive(clause)


def sentence(text: str) -> str:
    """Return `text` with a capital and a stop; "" stays."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def without_determiner(text: str) -> str:
    """Return 'dog barking' for 'a dog barking'."""
    first, _, rest = text.partition(" ")
    return rest if first in _DETERMINERS else text


def keywords(clause: Clause) -> str:
    """Return 'dog bark' for 'a dog barks': the words that tell, the verb as its base."""
    return key_of(clause.simple.removesuffix("can be heard") or clause.progressive)


def _turned(clause: Clause) -> Iterator[Phrasing]:
    """Yield 'a barking dog' and 'the bark of a dog' for a subject of at most three words whose verb is the last word."""
    words = clause.noun.split()
    if len(words) not in (2, 3, 4) or words[-1] not in GERUNDS or clause.has_several_actions or " being " in clause.noun:
        return
    subject, verb = words[:-1], GERUNDS[words[-1]]
    if subject[0] in ("someone", "something", "somebody"):
        yield Phrasing(words[-1], "keywords")
        return
    things = subject[1:] if subject[0] in _DETERMINERS else subject
    if subject[0] in ("a", "an"):
        yield Phrasing(" ".join([article(words[-1]), words[-1], *things]), "turned")
    else:
        yield Phrasing(" ".join([words[-1], *things]), "turned")
    yield Phrasing(f"{words[-1]} of {' '.join(subject)}", "turned")
    if verb in _NOUNS_TOO:
        yield Phrasing(f"the {verb} of {' '.join(subject)}", "turned")
        if subject[0] in ("a", "an"):
            yield Phrasing(
                sentence(f"{' '.join(subject)} makes a {verb}" if verb[0] not in "aeiou" else f"{' '.join(subject)} makes an {verb}"),
                "turned",
            )


def _passive(clause: Clause) -> Iterator[Phrasing]:
    """Yield 'someone strikes a drum' and 'striking a drum' for 'a drum is struck'."""
    subject, being, rest = clause.noun.partition(" being ")
    words = rest.split()
    if not being or not words or not is_participle(words[0]) or clause.has_several_actions or "and" in words:
        return
    verb = _base(words[0])
    if verb not in BASES and words[0] not in _IRREGULAR:
        return
    behind = " ".join(["", *words[1:]])
    yield Phrasing(sentence(f"someone {third_person(verb)} {subject}{behind}"), "active")
    yield Phrasing(f"{gerund(verb)} {subject}{behind}", "active")
