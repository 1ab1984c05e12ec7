"""What surrounds a description when people ask a machine: "Could you find me the sound of rain, please?" is about rain.

Also what stands where text was pasted or shouted: names of files, capitals, letters drawn out; and what is too long.
"""

from __future__ import annotations

import re

from hearken.text.stop_words import STOP_WORDS

_ASKING = re.compile(
    r"^(?:(?:please|kindly|hello|hi|hey|ok|okay)\b[\s,!.]*)*"
    r"(?:"
    r"(?:(?:can|could|would|will) you\s+(?:please\s+)?)?"
    r"(?:find|search(?: for)?|look(?: for)?|(?:show|give|get|play|fetch|bring|send)(?: (?:me|us))|locate)(?:\s+(?:me|us))?(?:\s+for)?"
    r"|i(?:'m| am|'d| would)?\s*(?:(?:want|need|wish|wanna|like|love|looking|searching|trying|try)\b\s*)+(?:(?:to\s+)?(?:find|hear|search|look|listen|get|have)\b\s*)?(?:for|to)?"
    r"|where (?:can|could|do|might|would) (?:i|we|you|one) (?:hear|find|get|listen to)"
    r"|(?:where|when|which (?:one|file|recording|clip|sound)s?|what (?:file|recording|clip|sound)s?) (?:is|are|has|have|contains?|holds?|with)(?: there)?"
    r"|(?:is|are) there(?: any(?:thing| files?| recordings?| clips?| sounds?)?)?(?: (?:with|where|of))?"
    r"|(?:do|have) (?:you|we|i) (?:have|got)"
    r"|(?:any|all)(?: (?:files?|recordings?|clips?|sounds?|samples?))(?: (?:with|where|of|that (?:have|has|contain)|containing))"
    r")\s+",
    re.IGNORECASE,
)
_SOUND_OF = re.compile(
    r"^(?:(?:all|any|some|an?|the|this|that)\s+)*(?:audio |sound )?(?:sounds?|noises?|audio|recordings?|clips?|samples?|files?|effects?|examples?)(?: effects?)?\s+"
    r"(?:of|with|where|in which|containing|for|that (?:has|have|contains?|holds?)|that (?:a|an|the)\b(?=.*\bmakes?$))\s+(?=\w)",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:[\s,]+(?:please|thanks|thank you|thx|pls|plz)|\s+(?:in (?:here|there|my (?:library|files|folder|collection|recordings))|anywhere))+[\s.!?]*$|\s*\?+$",
    re.IGNORECASE,
)
_HEARD = re.compile(r"^where (?:can|could) (?:i |we |you )?(?P<what>.+?) be heard$", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(?:wav|wave|flac|mp3|ogg|oga|opus|aiff?|m4a|aac|wma|caf|w64|webm)\b", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HASH = re.compile(r"(?<!\w)#(?=[a-z])", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?;]+(?=\s|$)|,(?=\s)")
_PIECE_LETTERS = 6
_MAX_ABBREVIATION = 4
_MIN_SHARE = 0.4


def bare_request(text: str) -> str:
    """Return what a request asks for ("I'm looking for the sound of a kettle": "a kettle"); `text` itself where nothing would be left."""
    asked = _CLOSING.sub("", text).strip()
    if heard := _HEARD.match(asked):
        asked = heard["what"]
    bare = _ASKING.sub("", asked, count=1)
    if bare != text:  # the sound of what is asked for; a plain "the sound of rain" is a caption as good as any
        bare = _SOUND_OF.sub("", bare, count=1)
    return bare if _telling(bare) else text


def tidied(text: str) -> str:
    """Return `text` without marks of file names ("DogBark_01.wav": "Dog Bark"), tags (#dog) and shouting ("DOG BARKS": "dog barks")."""
    clean = _HASH.sub("", text)
    if "_" in clean or _SUFFIX.search(clean):
        clean = _CAMEL.sub(" ", _SUFFIX.sub("", clean).replace("_", " "))
        clean = re.sub(r"\s+\d+\s*$", "", re.sub(r"(?<=[a-z])(?=\d)", " ", clean))
    elif " " not in clean and re.search(r"[a-z][A-Z][a-z]", clean):
        clean = _CAMEL.sub(" ", clean)
    clean = " ".join(clean.split()) or text
    return clean.lower() if clean.isupper() and len(clean) > _MAX_ABBREVIATION else clean


def shortened(text: str, max_pieces: int) -> str:
    """Return as much of `text` as makes about `max_pieces` word pieces: whole sentences or clauses, else whole words.

    A piece is taken to be six letters, or a mark. What comes last in a long description is the least of it.
    """
    total, stop = 0, len(text)
    for token in re.finditer(r"\w+|[^\w\s]", text):
        total += -(-len(token.group()) // _PIECE_LETTERS)
        if total > max_pieces:
            stop = token.start()
            break
    if stop == len(text):
        return text
    head = text[:stop]
    ends = [match for match in _SENTENCE_END.finditer(head) if match.end() >= _MIN_SHARE * stop]
    full = [match for match in ends if match.group() != ","]
    chosen = (full or ends)[-1:] or None
    return head[: chosen[0].start()].strip() if chosen else head.strip()


def _telling(text: str) -> bool:
    return any(word not in STOP_WORDS for word in re.findall(r"\w+", text.lower()))
