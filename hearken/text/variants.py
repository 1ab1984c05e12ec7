"""One way to write what can be written in several: British words as American ones, digits as words, emoji as their names.

Captions that models learn from say "truck" and "two dogs" far more often than "lorry" and "2 dogs"; a small model takes the
rarer word for something else. Words that mean one thing here and another there (lift, tap, boot, trolley) are replaced where
their neighbours tell.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_AMERICAN = {
    "lorry": "truck", "lorries": "trucks", "petrol": "gasoline", "petrol station": "gas station", "tyre": "tire", "tyres": "tires",
    "aeroplane": "airplane", "aeroplanes": "airplanes", "motorway": "highway", "motorways": "highways", "hoover": "vacuum cleaner",
    "hoovers": "vacuums", "hoovering": "vacuuming", "dustbin": "trash can", "dustbins": "trash cans", "rubbish": "trash",
    "rubbish bin": "trash can", "bin lorry": "garbage truck", "dustcart": "garbage truck", "bin bag": "trash bag", "windscreen": "windshield",
    "windscreen wiper": "windshield wiper", "windscreen wipers": "windshield wipers", "crisps": "potato chips", "pushchair": "stroller",
    "pram": "baby stroller", "spanner": "wrench", "wellies": "rubber boots", "wellington boots": "rubber boots", "telly": "television",
    "loo": "toilet", "car park": "parking lot", "fire engine": "fire truck", "fire engines": "fire trucks", "cockerel": "rooster",
    "mobile phone": "cell phone", "mobile phones": "cell phones", "level crossing": "railroad crossing", "railway level crossing": "railroad crossing", "tumble dryer": "clothes dryer",
    "tumble drier": "clothes dryer", "shopping trolley": "shopping cart", "water tap": "water faucet", "kitchen tap": "kitchen faucet",
    "bathroom tap": "bathroom faucet", "dripping tap": "dripping faucet", "tap drips": "faucet drips",
    "tap dripping": "faucet dripping", "tap running": "faucet running", "lift door": "elevator door", "lift doors": "elevator doors",
    "lift bell": "elevator bell", "in a lift": "in an elevator", "in the lift": "in the elevator", "washing up": "washing dishes",
    "washing-up": "washing dishes", "cash till": "cash register", "mum": "mom", "mums": "moms", "pyjamas": "pajamas", "jewellery": "jewelry",
    "kerb": "curb", "plough": "plow", "ploughs": "plows", "ploughing": "plowing", "grey": "gray", "storey": "story", "sledge": "sled",
    "colour": "color", "colours": "colors", "harbour": "harbor", "harbours": "harbors", "neighbour": "neighbor", "neighbours": "neighbors",
    "neighbour's": "neighbor's", "neighbourhood": "neighborhood", "humour": "humor", "vapour": "vapor", "rumour": "rumor", "armour": "armor",
    "odour": "odor", "parlour": "parlor", "theatre": "theater", "theatres": "theaters", "centre": "center", "metre": "meter", "litre": "liter",
    "fibre": "fiber", "calibre": "caliber", "programme": "program", "cheque": "check", "draught": "draft", "moustache": "mustache",
    "travelling": "traveling", "signalling": "signaling", "whilst": "while", "amongst": "among", "aluminium": "aluminum", "organise": "organize",
    "harmonise": "harmonize", "synthesiser": "synthesizer", "vaporiser": "vaporizer", "artic lorry": "semi truck", "tipper lorry": "dump truck",
    "articulated lorry": "semi truck", "zip fastener": "zipper", "hair drier": "hair dryer", "hairdrier": "hair dryer", "drawing pin": "thumbtack",
    "sellotape": "adhesive tape", "tin opener": "can opener", "waste disposal": "garbage disposal", "hob": "stove", "gas hob": "gas stove", "cooker hood": "range hood", "tannoy": "public address system",
    "gaol": "jail", "motorcar": "car",
    "football crowd": "soccer crowd", "football match": "soccer match", "ice lolly": "popsicle",
}  # fmt: skip
_NUMBERS = str.split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
)
_TIMES = {1: "once", 2: "twice"}
_COUNT = re.compile(
    r"(?<![\w.,:/#-])(\d{1,2})(?=\s+(?!(?:k?hz|d?b|db|bpm|ms|s|secs?|seconds?|mins?|minutes?|h|hours?|k?m|mm|cm|km/h|mph|kbps|bits?|st|th|v|w|kw|cc|am|pm)\b)[a-z])",
    re.IGNORECASE,
)
_TIMES_SIGN = re.compile(r"(?<!\w)(?:[x×]\s?(\d{1,2})|(\d{1,2})\s?[x×])(?!\w)", re.IGNORECASE)
_PICTURES = {
    "🔔": "bell", "🛎": "bell", "🐶": "dog", "🐕": "dog", "🐱": "cat", "🐈": "cat", "🚗": "car", "🚙": "car", "🏎": "racing car", "🌧": "rain",
    "☔": "rain", "⛈": "thunderstorm", "🌩": "thunder", "⚡": "thunder", "🌊": "ocean waves", "💨": "wind", "🔥": "fire", "💥": "explosion",
    "🎉": "party horn", "👏": "applause", "😂": "laughter", "🤣": "laughter", "😄": "laughter", "😭": "crying", "😢": "crying", "😴": "snoring",
    "💤": "snoring", "🤧": "sneeze", "😷": "cough", "💔": "broken glass", "❤": "heartbeat", "💓": "heartbeat", "📞": "telephone ringing",
    "☎": "telephone ringing", "📱": "cell phone ringing", "⏰": "alarm clock", "🕰": "clock ticking", "⏱": "stopwatch", "🚨": "siren",
    "🚑": "ambulance siren", "🚒": "fire truck siren", "🚓": "police siren", "🎵": "music", "🎶": "music", "🔫": "gunshot", "💣": "explosion",
    "🚂": "steam train", "🚆": "train", "✈": "airplane", "🛩": "airplane", "🚁": "helicopter", "⌨": "keyboard typing", "🔨": "hammering",
    "🪚": "sawing", "🚪": "door", "🚿": "shower", "🚽": "toilet flush", "👣": "footsteps", "🥁": "drums", "🎸": "guitar", "🎹": "piano",
    "👶": "baby crying", "🗣": "speech", "🎤": "singing", "📢": "loudspeaker announcement", "🍳": "frying", "🥂": "glasses clinking",
}  # fmt: skip
_FIRST_PICTURE = 0x2300  # below are signs such as © and °
_EMPTY_NAMES = frozenset(
    str.split("face sign symbol with of the emoji white black heavy smiling grinning for and selector variation-selector-16 button")
)


@cache
def _american_pattern() -> re.Pattern[str]:
    longest_first = sorted((word for word, other in _AMERICAN.items() if word != other), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b(?! water)", re.IGNORECASE)


def american(text: str) -> str:
    """Return `text` with British words as Americans say and spell them: "a lorry's tyres" loses its tyres, not its apostrophe."""
    return _american_pattern().sub(lambda match: _like(match.group(), _AMERICAN[match.group().lower()]), text)


def _like(word: str, other: str) -> str:
    """Return `other` with a capital if `word` has one."""
    return other[0].upper() + other[1:] if word[0].isupper() else other


def numbers_as_words(text: str) -> str:
    """Return `text` with counts to twenty as words: "2 dogs" is "two dogs", "a bell x3" is "a bell three times"; not "5 kHz", "at 10:20"."""

    def times(match: re.Match[str]) -> str:
        count = int(match[1] or match[2])
        return _TIMES.get(count) or (f"{_NUMBERS[count]} times" if count < len(_NUMBERS) else match.group())

    def number(match: re.Match[str]) -> str:
        count = int(match[1])
        return _NUMBERS[count] if count < len(_NUMBERS) and not match[1].startswith("0") else match.group()

    return _COUNT.sub(number, _TIMES_SIGN.sub(times, text))


def pictures_as_words(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return `text` with emoji as words, by a table of what they sound like or else their Unicode name, and the pairs (emoji, words).

    Skin colours and marks of presentation vanish, and so does an emoji whose name holds no word of its own.
    """
    told: list[tuple[str, str]] = []
    if text.isascii():
        return text, told
    parts = []
    for char in text:
        if (unicodedata.category(char) == "Sk" and ord(char) >= 0x1F000) or 0xFE00 <= ord(char) <= 0xFE0F:
            continue
        if unicodedata.category(char) != "So" or ord(char) < _FIRST_PICTURE:
            parts.append(char)
            continue
        words = _PICTURES.get(char) or " ".join(
            word for word in unicodedata.name(char, "").lower().replace("-", " ").split() if word not in _EMPTY_NAMES
        )
        if words and (char, words) not in told:
            told.append((char, words))
        parts.append(f" {words} ")
    return (" ".join("".join(parts).split()), told) if len(parts) != len(text) or told else (text, told)
