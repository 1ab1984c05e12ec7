"""What users say of a sound: its note. And the labels that `hearken tag` gave, for the filter."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field

from hearken.errors import show
from hearken.library.notebook import Annotation, Notebook, SoundKey
from hearken.library.records import FileRecord
from hearken.library.whereabouts import contents_here, marks_of
from hearken.search.library import Library
from hearken.server.filters import SoundPath
from hearken.server.problems import not_found
from hearken.server.schemas import Given, Schema
from hearken.server.state import LibraryDep

router = APIRouter(tags=["notes"])


class Note(Given):
    """A note on a sound; "" is none."""

    text: str = Field(max_length=10_000)


class LabelCount(Schema):
    """A label, and how many sounds have it."""

    label: str
    num_sounds: int


class Labels(Schema):
    """All labels, most first."""

    labels: list[LabelCount]


@router.get("/libraries/{lib}/sounds/{id}/note", summary="The note on a sound")
async def note(shelved: LibraryDep, id: SoundPath) -> Note:  # noqa: A002  the name in the address
    """Return the note on a sound."""

    def work(library: Library) -> Note:
        return Note(text=marks_of(library.parts().store, [record_of(library, id)]).get(id, Annotation()).note)

    return await shelved.run(work)


@router.put("/libraries/{lib}/sounds/{id}/note", summary="Write the note on a sound")
async def put_note(shelved: LibraryDep, id: SoundPath, given: Annotated[Note, Body()]) -> Note:  # noqa: A002
    """Write the note on a sound in place of the one that it had, and return it as it was kept; an empty one takes it away."""

    def work(library: Library) -> Note:
        record = record_of(library, id)
        with Notebook(shelved.path) as notebook:
            return Note(text=notebook.put_note(key_of(record), given.text, partial(contents_here, library.parts().store)))

    return await shelved.run(work)


@router.get("/libraries/{lib}/labels", summary="All labels")
def labels(shelved: LibraryDep) -> Labels:
    """Return the labels that sounds of the library have."""
    with Notebook(shelved.path) as notebook:
        counts = notebook.label_counts()
    return Labels(labels=[LabelCount(label=show(label), num_sounds=count) for label, count in counts.items()])


def record_of(library: Library, file_id: int) -> FileRecord:
    """Return what the library knows of a file. Raises the 404 of `problems`."""
    found = library.parts().store.files([file_id])
    if not found:
        raise not_found()
    return found[0]


def key_of(record: FileRecord) -> SoundKey:
    """Return how a notebook knows the sound of a file."""
    return SoundKey(record.content_hash, record.path)


__all__ = ["key_of", "record_of", "router"]
