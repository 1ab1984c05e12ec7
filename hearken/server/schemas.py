"""What the API says, as pydantic models: the OpenAPI document is made of them, so it tells exactly what comes.

Names of files and texts out of them come as `errors.show` prints them: characters that could play tricks are escapes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Schema(BaseModel):
    """A model that has no other fields than those it declares."""

    model_config = ConfigDict(extra="forbid")


class Given(Schema):
    """What is sent as JSON: taken as it is declared, or not at all; `true` is no number and `"1"` none either."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Features(Schema):
    """What this server can do besides searching."""

    map: bool
    tags: bool


class About(Schema):
    """The server."""

    name: Literal["hearken"] = "hearken"
    version: str
    libraries: list[str] = Field(description="names of the libraries, the first is shown first")
    local: bool = Field(description="whether only this machine can reach the server")
    limits: dict[str, float]
    features: Features


class ModelOut(Schema):
    """The model that made a library."""

    name: str
    digest: str
    dim: int


class Root(Schema):
    """A folder (or file) that is indexed; `present` says whether it is there now."""

    id: str
    name: str
    present: bool


class ErrorOut(Schema):
    """What is wrong, in one sentence, and the way out."""

    code: str
    message: str
    hint: str


class Job(Schema):
    """How far indexing is."""

    state: Literal["idle", "running", "stopping", "done", "failed", "stopped"]
    phase: str = ""
    num_done: int = 0
    num_total: int = 0
    audio_s: float = 0.0
    rate: float = 0.0
    num_failed: int = 0
    name: str = ""
    started: str | None = None
    error: ErrorOut | None = None
    report: dict[str, float | int | list[str]] | None = None


class LibraryOut(Schema):
    """A library: what it holds. `state` is `absent` until something was indexed, and `broken`, with the `problem`, if it cannot be read."""

    name: str
    state: Literal["ready", "absent", "broken"]
    problem: ErrorOut | None = None
    model: ModelOut | None = None
    num_files: int = 0
    num_sounds: int = 0
    num_windows: int = 0
    duration_s: float = 0.0
    num_failed: int = 0
    num_skipped: int = 0
    size_bytes: int = 0
    generation: int = 0
    roots: list[Root] = []
    formats: dict[str, int] = Field(default={}, description="files by container, most first")
    rates_hz: dict[str, int] = Field(default={}, description="files by sample rate in Hz, most first")
    channels: dict[str, int] = Field(default={}, description="files by number of channels, most first")
    num_captioned: int = Field(default=0, description="sounds with a caption made by a machine")
    indexing: Job | None = None
    examples: list[str] = []


class Libraries(Schema):
    """All libraries of the server."""

    libraries: list[LibraryOut]


class Place(Schema):
    """Another file of the library."""

    id: int
    name: str
    folder: str


class Sound(Schema):
    """One sound of a library."""

    id: int = Field(description="stays with a file when it moves")
    name: str
    folder: str = Field(description="as the parameter `folder` takes it")
    path: str = Field(description="below its root, for display")
    absolute_path: str | None = Field(description="null unless the server is local")
    duration_s: float
    rate_hz: int
    num_channels: int
    format: str = Field(description="the container, such as wav")
    caption: str | None = Field(description="made by a machine; may be wrong")
    labels: list[str]
    noted: bool
    collections: list[int]


class SoundInFull(Sound):
    """One sound of a library, with everything that is known of it."""

    size_bytes: int
    codec: str
    container: str
    tags: dict[str, str]
    flags: list[str]
    note: str
    copies: list[Place] = Field(description="other files with the same bytes")


class HitOut(Sound):
    """One answer of a search: the moment from `start_s` to `end_s` of a sound."""

    start_s: float
    end_s: float
    score: float = Field(description="cosine of query and sound, with what names and captions add")
    confidence: float | None = Field(description="how likely it is what was asked for; null where nobody knows")
    weak: bool = Field(description="likelier something else")
    duplicates: list[Place] = Field(description="copies that were folded into this hit")


class Understood(Schema):
    """How the text of a query was read."""

    text: str
    parts: list[str]
    not_text: str | None
    notes: list[str]


class Asked(Schema):
    """What was asked, for display; what was not, is null."""

    q: str | None = None
    like: int | None = None
    like_start_s: float | None = None
    like_end_s: float | None = None
    sound: str | None = Field(default=None, description="name of the sound that was sent along")
    not_: str | None = Field(default=None, alias="not")


class SearchOut(Schema):
    """Answer of a search, best first."""

    query: Asked
    understood: Understood | None
    took_ms: float
    offset: int
    limit: int
    has_more: bool
    nothing_fits: bool = Field(description="there are hits, but none seems to be what was asked for")
    hits: list[HitOut]


class Sounds(Schema):
    """A page of the sounds of a library."""

    total: int
    offset: int
    limit: int
    sounds: list[Sound]


class Folder(Schema):
    """A folder with the number of sounds in and below it."""

    path: str = Field(description="as the parameter `folder` takes it")
    name: str
    depth: int
    num_files: int


class Folders(Schema):
    """The folders of a library, by path."""

    folders: list[Folder]


class FailureOut(Schema):
    """Why a file is not in the library."""

    name: str
    folder: str
    stage: str = Field(description="what was at fault: scan (it was left alone), read, worker, decode, embed")
    error: str
    message: str
    hint: str


class Failures(Schema):
    """A page of the ledger."""

    total: int
    offset: int
    limit: int
    failures: list[FailureOut]


MAX_ID = 2**63 - 1
SoundId = Annotated[int, Field(ge=1, le=MAX_ID)]
