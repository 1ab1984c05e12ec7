"""Words that imitate a sound: "woof" is what a dog says, and what nobody writes into a caption.

Only where a clause holds nothing else is it replaced by what makes the sound: "a dog goes woof" says that already. Words that
name sounds as well as imitate them and are frequent in captions (bang, beep, splash, whoosh) are left to the model.
"""

from __future__ import annotations

import re
from functools import cache

_TABLE = {
    "a dog barks": "woof|arf|ruff|bow wow|bowwow|yap yap|wuff|wau wau|woof arf",
    "a dog howls": "awoo|aroo|ahwoo|owoo",
    "a dog growls": "grr|gr",
    "a cat meows": "meow|miaow|miao|mew|miau|meaow|nyan|mrow",
    "a cat purrs": "purr|prr|purr purr",
    "a cow moos": "moo|muh",
    "a sheep bleats": "baa|bah|meh meh|mehh",
    "a pig oinks": "oink|oinky",
    "a horse neighs": "neigh|nay nay|neigh neigh",
    "a horse trots, hooves clop": "clip clop|clippity clop|clippety clop|clop clop",
    "a donkey brays": "hee haw|heehaw|ee aw",
    "a rooster crows": "cock a doodle doo|cockadoodledoo|cockadoodle doo|kikeriki|cock a doodle",
    "a hen clucks": "bawk|bok bok|buck buck|puck puck|bagawk|cluck cluck",
    "a duck quacks": "quack",
    "a turkey gobbles": "gobble gobble",
    "a bird chirps": "tweet tweet|cheep|chirp chirp|chirrup|peep peep",
    "a cuckoo calls": "cuckoo cuckoo",
    "an owl hoots": "hoo hoo|twit twoo|tu whit tu whoo|whoo whoo",
    "a crow caws": "caw|kraa",
    "a pigeon coos": "coo|coo coo",
    "a frog croaks": "ribbit|ribbet",
    "a bee buzzes": "bzz|bz|buzz buzz|bzzt",
    "a mouse squeaks": "eek|squeak squeak",
    "a snake hisses": "sss|hiss hiss",
    "a lion roars": "rawr|raar|rar",
    "a person snores": "zzz|zz|z z z",
    "a person laughs": "haha|hehe|hihi|ha ha|he he|hee hee|hi hi|lol|bwahaha|mwahaha|muahaha|teehee|tee hee|ho ho",
    "a person sneezes": "achoo|atchoo|hatchi|ahchoo|hatschi|atishoo|a choo|ah choo",
    "a person coughs": "cough cough|ahem|koff koff",
    "a person burps": "burp burp",
    "a baby cries": "waah|wah|waa waa|boohoo|boo hoo|bwaa",
    "a person screams": "aaah|aargh|argh|aah|eeek|aaargh|waaagh",
    "a person kisses": "mwah|muah",
    "a person slurps": "slurp slurp",
    "a person hiccups": "hic|hic hic|hick",
    "a person hushes": "shh|sh|psst|pst",
    "a person cheers": "woohoo|yay|hooray|hurray|woo hoo|yippee|hurrah",
    "a crowd boos": "boo boo",
    "a person chews": "nom|om nom|munch munch|chomp chomp|nom nom",
    "a person gulps, drinking": "glug|glug glug|gulp gulp",
    "a heart beats": "thump thump|lub dub|lubdub|ba dum|badum|bu bump|ba bump|bum bum",
    "a person knocks on a door": "rat a tat|ratatat|rat a tat tat|tok tok|toc toc|knock knock",
    "a doorbell rings": "ding dong|dingdong|bing bong|ding-dong",
    "a bell rings": "ding a ling|dingaling|clang clang|ding ding|bong bong|jingle jangle",
    "a church bell rings": "bim bam|bim bam bum|dong dong",
    "a telephone rings": "ring ring|brring|drring|tring|trring",
    "a clock ticks": "tick tock|ticktock|tic tac|tick tack|tictac|tic toc|tictoc|tick tick",
    "an engine revs": "vroom|vrum|brum|broom broom|brmm|vrm|brum brum|vroom vroom",
    "a car horn honks": "beep beep|toot toot|tut tut tut|honk honk|meep meep|parp",
    "a train passes": "choo choo|chugga chugga|chuga chuga|choochoo|clickety clack|chuff chuff|chug chug",
    "a train whistle blows": "woo woo",
    "an ambulance siren wails": "nee naw|nee nor|neenaw|wee woo|weewoo|wee oo|ni nah|tatu tata|wee woo wee woo|nino nino|nee naa",
    "a cash register rings": "ka ching|kaching|cha ching|chaching|ker ching",
    "a camera shutter clicks": "snap snap|ka chick|kachick|click click",
    "a laser gun fires": "pew|pew pew|zap zap|piu piu",
    "a gun fires": "pow|bang bang|blam|kapow|pow pow|bang bang bang",
    "a machine gun fires": "ratatatat|rat tat tat|rat tat tat tat|brrt|brrrt|ta ta ta ta|ratatatata",
    "an explosion": "kaboom|ka boom|kablam|kablooey|badaboom|boom boom",
    "a drum roll and a cymbal crash": "ba dum tss|badum tss|ba dum tish",
    "drums play": "boom chak|boots and cats|boom bap|dum dum|boom boom chak|untz|unts|untz untz",
    "a spring bounces": "boing|boing boing|sproing|doing doing",
    "water drips": "drip drop|plip plop|plink plonk|plink|drip drip|plip|drop drop",
    "something drops into water": "plop|ker plunk|kerplunk|sploosh|kersplash|ker splash|bloop|plunk",
    "water bubbles": "blub|blub blub|bloop bloop|gurgle gurgle|blubb",
    "rain patters": "pitter patter|pitterpatter|pit a pat|pitapat",
    "something falls with a thud": "ka thunk|kathunk|ker thump|thunk|flump|whump|whomp",
    "something breaks, glass shatters": "kersmash|crash bang|smash crash",
    "somebody is slapped": "thwack|slap slap|wham|biff|smack smack",
    "something passes quickly through the air": "whoosh whoosh|swish swish|fwoosh|fwip|whish|shoom|swoosh|swoosh swoosh",
    "wind blows": "whoo|hoo ooh",
    "a zipper is opened": "zip zip",
    "an electric spark crackles": "bzzt bzzt|zzzt|zzt|fzzt",
    "a computer beeps": "bleep bloop|bleep blop|boop|beep boop|bip bip|beep bop|bip|bloop bleep",
    "a balloon pops": "pop pop",
    "something sizzles": "tss|psh|fss",
    "steps on gravel": "crunch crunch",
    "footsteps": "tap tap tap|clack clack|stomp stomp|step step|tip tap|pitty pat",
    "a trumpet plays": "doot|doot doot|ta da|tada|taran tara|tantara",
    "a sad trombone plays": "wah wah wah|womp womp|wa wa wa|wah wah|womp",
    "scissors cut": "snip|snip snap|snip snip",
    "hands clap": "clap clap",
}  # fmt: skip
_GAP = re.compile(r"[\s\-'’!.…~*]+")
_DRAWN_OUT = re.compile(r"(.)\1\1")
_RUN = re.compile(r"(.)\1+")
_FILLER = re.compile(
    r"\b(?:an?|the|it|its|that|which|this|one|goes|go|going|went|says?|saying|makes?|making|sounds?|noises?|like|of|with|something|thing|some)\b"
)
_STEP = re.compile(r"(\s*(?:[,;:.]\s*)?(?:\b(?:and\s+)?then\b|\bfollowed\s+by\b|\bbefore\b|\bafter\b)\s*)", re.IGNORECASE)
_CLAUSE = re.compile(r"(\s*[,;:]\s*|\s+(?:and|or|while|as|but)\s+)", re.IGNORECASE)
_LAUGH = re.compile(r"(?:[bm]?w?u?a?(?:ha){2,}h?|(?:he){2,}h?|(?:hi){2,}|(?:ho){2,}|(?:hee){2,})")
_MAX_CHARS = 80


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in _GAP.split(text.lower()) if word)


def _once(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the shortest sequence that `words` repeat: (woof, woof) is (woof)."""
    for length in range(1, len(words)):
        if len(words) % length == 0 and words[:length] * (len(words) // length) == words:
            return words[:length]
    return words


def _short(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return `words` with repeated letters once: a drawn-out "woooof" is "wof", like "woof"."""
    return tuple(_RUN.sub(r"\1", word) for word in words)


@cache
def _phrases() -> tuple[dict[tuple[str, ...], str], dict[tuple[str, ...], str]]:
    """What each imitation stands for; and with repeated letters once, where of two phrases the earlier counts."""
    exact = {_words(word): phrase for phrase, words in _TABLE.items() for word in words.split("|")}
    short: dict[tuple[str, ...], str] = {}
    for words, phrase in exact.items():
        short.setdefault(_once(_short(words)), phrase)
    return exact, short


@cache
def _imitating() -> tuple[frozenset[str], frozenset[str]]:
    """Every word of the table, and with repeated letters once."""
    words = frozenset(word for words in _phrases()[0] for word in words)
    return words, frozenset(_short(tuple(words)))


def imitates(word: str) -> bool:
    """Is `word` (lower case) one of the table, drawn out or not, or a laugh? None of them is a typing error."""
    exact, short = _imitating()
    return word in exact or bool(_LAUGH.fullmatch(word)) or (bool(_DRAWN_OUT.search(word)) and _RUN.sub(r"\1", word) in short)


def meaning(clause: str) -> str | None:
    """Return what a clause of nothing but an imitation stands for ("Woof woof!": "a dog barks"), None for any other clause."""
    text = clause.strip(" \"'.!?…~*").lower()
    for candidate in (text, " ".join(_FILLER.sub(" ", text).split())):
        found = _meaning(_words(candidate)) if len(candidate) <= _MAX_CHARS else None
        if found:
            return found
    return None


def _meaning(words: tuple[str, ...]) -> str | None:
    exact, short = _phrases()
    if words and all(_LAUGH.fullmatch(word) for word in words):
        return exact[("haha",)]
    unit = _once(words)
    found = exact.get(words) or exact.get(unit) or (exact.get(unit * 2) if len(words) > len(unit) else None)
    drawn_out = any(_DRAWN_OUT.search(word) for word in words)
    return found or (short.get(_once(_short(words))) if drawn_out else None)


def expand(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return `text` with what only imitates replaced by what it stands for, and the pairs (imitation, meaning).

    Steps in time ("then", "followed by") are looked at one by one; in each, all that is joined by commas and "and" must imitate,
    for in "animals bleat and moo" the imitation is a verb of the rest.
    """
    told: list[tuple[str, str]] = []
    steps = [each if index % 2 else _expanded(each, told) for index, each in enumerate(_STEP.split(text))]
    return "".join(steps) if told else text, told


def _expanded(step: str, told: list[tuple[str, str]]) -> str:
    parts = _CLAUSE.split(step)
    meanings = [meaning(part) for part in parts[::2]]
    if any(each is None for each in meanings):
        return step
    told += [(part.strip(), each) for part, each in zip(parts[::2], meanings, strict=True) if each]
    parts[::2] = [each or "" for each in meanings]
    return "".join(parts)
