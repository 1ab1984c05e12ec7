"""What a language model is told: the built-in prompts, and users' own template files.

A template is text with placeholders in braces: `{caption}`, `{keywords}` (listed with commas), `{title}`, `{description}`,
`{num}` (how many answers) and `{s}` ("s" if there are several). `{{` and `}}` are braces.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from pathlib import Path

from hearken.data.rephrase.items import Item, one_line
from hearken.data.rows import read_text
from hearken.errors import DataError, show

FIELDS = ("caption", "keywords", "title", "description", "num", "s")
_TEXTS = frozenset(FIELDS[:4])
_MAX_MB = 1


@dataclass(frozen=True)
class Prompt:
    """A template with a name, and how many answers it asks for if nobody says otherwise."""

    name: str
    template: str
    default_num: int = 5

    @property
    def per_caption(self) -> bool:
        """Say whether it is about one caption; else it is about all that is known of a clip."""
        return "caption" in _fields(self)

    def render(self, item: Item, num: int) -> str:
        """Return the text for one item; what the item's own texts hold is never read as a placeholder."""
        values = {
            "caption": one_line(item.caption),
            "keywords": ", ".join(item.keywords),
            "title": item.title,
            "description": item.description,
            "num": str(num),
            "s": "" if num == 1 else "s",
        }
        parts = string.Formatter().parse(self.template)
        text = "".join(literal + (values[field] if field else "") for literal, field, _, _ in parts)
        return text.removesuffix(" []")  # no keywords, no brackets


_RULES = (
    "Each audio caption should be one sentence with less than 20 words. Use grammatical subject-verb-object sentences. "
    "Do not include names of cities, countries, and persons. Do not include the time. Do not include recording device names. "
    "Do not write introductions or explanations. Do not use “heard” or “recorded”. Start each output sentence with its index. "
)
PROMPTS = {
    prompt.name: prompt
    for prompt in (
        # Primus et al. 2023, Table 1, to the letter. Their code says "sound events" and "heard”, “recorded" instead.
        Prompt(
            "keywords",
            "I will give a description of an audio recording and tags associated with the audio recording. Generate {num} audio caption{s} "
            "describing the sound event. " + _RULES + "'{caption}' [{keywords}]",
        ),
        # The same without keywords, as their code has as a second way; in our own words, and numbered, so that it can be checked.
        Prompt(
            "rephrase",
            "Say the following description of a sound in {num} other way{s}. Keep its meaning and add nothing. Vary the words and the "
            "length of the sentences, with less than 20 words each. Do not write introductions or explanations. "
            "Start each output sentence with its index. '{caption}'",
        ),
        # The rules are those of WavCaps (Mei et al. 2023, section III-B), in our own words.
        Prompt(
            "metadata",
            "Below is what the uploader of a sound file wrote about it. Write {num} caption{s} of the sound: what makes the sounds and how "
            "they sound, nothing else. Each caption is one plain English sentence with subject, verb and object, and less than 20 words. "
            "Leave out names of people, places, brands and works: say what kind of thing it is instead ('someone', 'a city', 'a car'). "
            "Leave out dates, times of day, lengths, file formats, the author, and recorders, microphones and software. "
            "Do not use 'heard' or 'recorded'. Do not write introductions or explanations. Start each output sentence with its index. "
            "If nothing in it says what sounds, answer only: NONE\n"
            "Title: {title}\nDescription: {description}\nTags: {keywords}",
            default_num=1,
        ),
    )
}
"""The built-in prompts by name."""


def prompt_of(name: str) -> Prompt:
    """Return the built-in prompt `name`, or the template in the file of this path.

    Raises MissingDataError where there is neither, DataError for a file that is no template.
    """
    if name in PROMPTS:
        return PROMPTS[name]
    path = Path(name)
    if not path.suffix and not path.exists():
        raise DataError(f"There is no prompt {show(name)!r}.", f"Prompts: {', '.join(PROMPTS)}; or the path of a template file.")
    prompt = Prompt(path.stem, read_text(path, max_mb=_MAX_MB).strip())
    try:
        fields = _fields(prompt)
    except ValueError as error:
        raise DataError(f"{show(path)} is no template: {show(str(error))}.", "Write {{ and }} for braces that are meant.") from error
    unknown = sorted(fields - set(FIELDS))
    if unknown:
        raise DataError(f"{show(path)} has a placeholder {show(unknown[0])!r}.", f"There are: {', '.join(FIELDS)}.")
    if not fields & _TEXTS:
        raise DataError(f"{show(path)} asks about nothing.", f"It needs one of {', '.join('{' + name + '}' for name in FIELDS[:4])}.")
    return prompt


def _fields(prompt: Prompt) -> set[str]:
    """The placeholders of a template. Raises ValueError for broken ones and for any with `!` or `:`."""
    fields = set()
    for _, field, spec, conversion in string.Formatter().parse(prompt.template):
        if field is not None:
            if spec or conversion:
                raise ValueError(f"placeholder {field!r} has an ending that is not known here")
            fields.add(field)
    return fields
