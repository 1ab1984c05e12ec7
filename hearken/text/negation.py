"""What a text says must not be heard: "a dog barks without music", "rain but no thunder", "birds -traffic".

Encoders of sentences hear "music" in "without music". So what is negated is taken out of the text, to be held against sounds
instead. Only nouns and activities are: "not loud" and "does not start" say how something sounds, "without stopping" that it goes
on, and stay. A text that says "nothing but rain" wants rain.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hearken.text.stop_words import STOP_WORDS

ANY_SOUND = "a sound"
"""What is searched for where a text only says what it must not be."""


class Negated(NamedTuple):
    """A text without what it negates, and that; None where it negates nothing."""

    text: str
    unwanted: str | None


_CUES = (
    "without|w/o|with(?: absolutely)? no|(?:and|but) (?:absolutely )?no|(?:and|but) not|(?:and|but|yet) without|excluding|except(?: for)?|free of|free from|"
    "lacking|devoid of|minus|instead of|rather than|other than|absolutely no|no|not(?= an? | the )|(?:^|(?<=[,;:(–—-]))\\s*not"
)
_CUE = re.compile(rf"(?P<lead>[\s,;(]*)(?<![\w'-])(?P<cue>{_CUES})\s+(?=[a-z])", re.IGNORECASE)
_MINUS = re.compile(r"(?:^|(?<=\s))-(?P<word>[a-z][\w'-]+)", re.IGNORECASE)
_SCOPE_END = re.compile(
    r"\s*(?:[,.;:!?()]|\b(?:then|but|yet|while|whilst|before|after|followed by|and then|as|when|where|with|that|which|who|however|because|so|although|only|just|and (?:a|an|the|some|then|only))\b)",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\s*,\s*(?:(?:no|not|without)\s+)?[\w' -]{2,40}?(?:\s*,\s*[\w' -]{2,40}?)*\s*,?\s+(?:or|nor)\s+(?:no\s+)?", re.IGNORECASE
)
_NOTHING_BUT = re.compile(
    r"\b(?:nothing (?:else )?(?:but|except(?: for)?|other than)|no (?:other )?(?:sounds?|noises?) (?:but|except(?: for)?|other than))\s+",
    re.IGNORECASE,
)
_NEVER = {
    "no": frozenset(str.split("one longer more matter doubt problem way idea good ordinary less fewer later sooner way to")),
    "not": frozenset(str.split("sure only just even because enough that to very too so really quite all")),
    "without": frozenset(
        str.split(
            "stopping stop stops pause pauses pausing interruption interruptions interrupting end ends ending warning doubt success effort reason rest delay break breaks"
        )
    ),
}
_AUXILIARY = re.compile(
    r"(?:\b(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would|should|must|may|might|if|or|why|yes|says?|saying|said|shouts?|shouting|yells?|oh)|n't)[\s,\"']*$",
    re.IGNORECASE,
)
_HOW = frozenset(
    str.split(
        "loud quiet soft hard fast slow long short near close distant far high low big small large heavy light clear old new good bad many much sharp "
        "deep bright dark harsh constant steady continuous rhythmic musical human natural electronic real live too very so really quite only just even "
        "yet sure necessarily always often ever clean distorted clipped processed all"
    )
)
_FILLER = re.compile(r"^(?:(?:any|an?|the|other|sort of|kind of|sounds? of|noises? of|hint of|trace of|all)\s+)+", re.IGNORECASE)
_PLACE = re.compile(
    r"\s+(?:(?:in|at|on|from|of) (?:the |its )?(?:background|foreground|distance|it|recording|beginning|end)|at all|whatsoever|nearby|please|there|in there|"
    r"(?:can be |being |is |are |to be )?(?:heard|audible|present|playing|going on))+$",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"^[\s,;:()]*(?:(?:and|but|or|with|yet|that is|which is|there is|there are)\b[\s,;:()]*)*|(?:[\s,;:(]*\b(?:and|but|or|with|yet|has|have|there is|there are))*[\s,;:(]*$",
    re.IGNORECASE,
)
_MAX_WORDS = 8  # what is longer tells a story
_GENERAL = frozenset(
    str.split(
        "sound sounds noise noises audio recording recordings clip clips file files sample samples anything everything something thing things nothing"
    )
)


def negated(text: str) -> Negated:
    """Return `text` without what it says must not be heard, and what that is, several things joined by "or".

    Where nothing else is said, the text is `ANY_SOUND`. "No sound" is about silence, and stays.
    """
    text = _NOTHING_BUT.sub("", text)
    unwanted: list[str] = []
    rest = _MINUS.sub(lambda match: _noted(match["word"], unwanted), text) if _MINUS.search(text) else text
    place = 0
    while cue := _CUE.search(rest, place):
        scope, stop = _scope(rest, cue.end())
        if _holds(rest, cue, scope):
            unwanted.append(scope)
            rest, place = f"{rest[: cue.start()]} {rest[stop:]}", cue.start()
        else:
            place = cue.end()
    if not unwanted:
        return Negated(text, None)
    kept = " ".join(_ENDS.sub("", rest).replace("()", " ").split())
    kept = re.sub(r"\s+(?=[,.;:!?])|[,;:]+(?=\s*[,.;:!?])|(?<=\.)[,;:]", "", kept)
    return Negated(kept if _telling(kept) else ANY_SOUND, " or ".join(dict.fromkeys(unwanted)))


def _noted(word: str, unwanted: list[str]) -> str:
    unwanted.append(word)
    return ""


def _scope(text: str, start: int) -> tuple[str, int]:
    """Return what is negated from `start` on, without what only says where, and the place where it ends."""
    end = _SCOPE_END.search(text, start)
    stop = end.start() if end else len(text)
    more = _LIST.match(text, stop)  # no A, B or C
    if more:
        end = _SCOPE_END.search(text, more.end())
        stop = end.start() if end else len(text)
    scope = _PLACE.sub("", text[start:stop].strip(" ,.;:!?()\"'"))
    return _FILLER.sub("", scope), stop + text.startswith(")", stop)


def _holds(text: str, cue: re.Match[str], scope: str) -> bool:
    """Does `cue` negate a sound?"""
    words = re.findall(r"[\w']+", scope.lower())
    kind = "without" if cue["cue"].lower() in ("without", "w/o", "but without", "and without") else cue["cue"].lower().split()[-1]
    if (
        not 1 <= len(words) <= _MAX_WORDS
        or words[0] in _NEVER.get(kind, ())
        or (kind in ("no", "not") and _AUXILIARY.search(text[: cue.start("cue")]))
    ):
        return False
    if kind == "not" and all(word in _HOW or word in STOP_WORDS or word.endswith("ly") for word in words):
        return False
    return _telling(scope)


def _telling(text: str) -> bool:
    """Does `text` name a sound in particular?"""
    return any(word not in STOP_WORDS and word not in _GENERAL for word in re.findall(r"[\w']+", text.lower()))
